"""The run: everything that one command found out, as data.

A leaf: it imports nothing of ours but the data of a diagnosis and of pictures, and reports import little else of the
harness. Numbers are computed before they get here; a report only formats them. Δ is always candidate − reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from typing import TYPE_CHECKING, Literal

import numpy as np

from harness.diagnosed import Diagnosis
from harness.pictured import Adjoints, Elements

if TYPE_CHECKING:
    import pandas as pd

#: The cell, and the reference, of a judgement by the candidate's own forward, differentiated.
OWN_FORWARD = "own forward"
Verdict = Literal["agree", "differ", "inconclusive", "error"]
#: From best to worst: of several cases or references the worst wins.
VERDICTS: tuple[Verdict, ...] = ("agree", "inconclusive", "differ", "error")
EXIT_CODES: Mapping[Verdict, int] = {"agree": 0, "differ": 1, "error": 1, "inconclusive": 3}


def worst(verdicts: Iterator[Verdict] | list[Verdict]) -> Verdict:
    """The verdict that wins among several; ``agree`` where there is none."""
    return max(verdicts, key=VERDICTS.index, default="agree")


@dataclass(frozen=True)
class Row:
    """One array of the candidate against one reference."""

    array: str
    reference: str
    shape: tuple[int, ...]
    axes: tuple[str, ...]
    total: float  #: Σ Δ; can cancel, which is why it never stands alone
    total_abs: float  #: Σ |Δ|
    max_abs: float  #: max |Δ|
    at: tuple[int, ...]  #: the index of max |Δ|
    at_words: str  #: the same index in the array's own words: "f 3, 12" is row 3 of gate f, column 12
    candidate: float  #: the candidate's value there
    expected: float  #: the reference's value there
    relative: float  #: worst |Δ| ÷ largest |true entry| of its row
    ulp: float  #: worst |Δ| ÷ spacing, at the candidate's dtype, of the largest true entry of its row
    ratio: float  #: worst error ÷ budget; above 1 rounding does not explain it
    ratio_at: tuple[int, ...]  #: the index of the worst ratio
    verdict: Verdict
    words: tuple[str, ...] = ()  #: which gates, rows, columns and steps differ, and which agree
    vacuous: bool = False  #: nothing to judge here: zero by structure, or nothing but rounding
    proven_ulp: float = float("nan")  #: the exact gradient is within this many ulp: proven; NaN where nothing is

    @property
    def rank(self) -> tuple[int, float]:
        """How bad it is, to be ordered by: the verdict, then error ÷ budget, of which NaN is the worst."""
        return VERDICTS.index(self.verdict), np.inf if np.isnan(self.ratio) else self.ratio


@dataclass(frozen=True)
class Parts:
    """One array against one reference, split along one kind of part: each field of numbers has a value per part."""

    array: str
    reference: str
    kind: Literal["gate", "source", "row", "column", "step", "batch", "entry"]
    labels: tuple[str, ...]
    total: np.ndarray
    total_abs: np.ndarray
    max_abs: np.ndarray
    ratio: np.ndarray
    differs: np.ndarray


@dataclass(frozen=True)
class Finding:
    """What is worth saying beside a verdict. ``name`` is one of design's words: ``blind``, ``scaled``, ``impure`` …"""

    name: str
    text: str
    arrays: tuple[str, ...] = ()


@dataclass(frozen=True)
class Participant:
    """A provider's part in a judgement."""

    name: str
    role: Literal["candidate", "truth", "reference"]
    status: Literal["judged", "not run", "error"]
    reason: str = ""  #: why it did not run, or how it failed
    note: str = ""  #: what is to be said of its answer: that it is a sample, say
    version: str = ""  #: what computed it: "torch 2.13.0"
    fingerprint: str = ""  #: of the bytes it received
    seconds: float = 0.0
    ratio: float = 0.0  #: its own worst error ÷ budget, against truth
    agrees: bool = True  #: within the budget of truth


@dataclass(frozen=True)
class CaseSummary:
    """What identifies a case. ``source`` says where it came from: "seed 0", "text FILE", "file FILE".

    Where a candidate's own forward was differentiated, ``cell`` says so, and there is nothing to say of a model.
    """

    cell: str
    activation: str
    loss: str
    reduction: str
    biases: int | None
    readout: bool | None
    sizes: Mapping[str, int]
    dtype: str
    source: str
    fingerprint: str
    shapes: Mapping[str, tuple[int, ...]] = field(
        default_factory=dict
    )  #: of the candidate's own arrays, without a cell

    @property
    def title(self) -> str:
        """One line: ``lstm · tanh · softmax-cross-entropy · sum · 2 biases · float64 · T=12 B=4 D=7 H=16 K=9``."""
        biases = {None: "", 0: "no bias", 1: "1 bias", 2: "2 biases"}[self.biases]
        readout = {None: "", True: "linear readout", False: "no readout"}[self.readout]
        sizes = " ".join(f"{axis}={size}" for axis, size in self.sizes.items())
        shapes = " ".join(f"{name} {'×'.join(map(str, shape)) or 'a number'}" for name, shape in self.shapes.items())
        told = (self.cell, self.activation, readout, self.loss, self.reduction, biases, self.dtype, sizes, shapes)
        return " · ".join(part for part in told if part)


@dataclass(frozen=True)
class Judgement:
    """One case judged."""

    case: CaseSummary
    candidate: str
    truth: str
    participants: tuple[Participant, ...]
    forward: tuple[Row, ...]  #: loss, states and outputs against truth
    rows: tuple[Row, ...]  #: gradients, each array against each reference that judged
    parts: tuple[Parts, ...]
    findings: tuple[Finding, ...]
    verdict: Verdict
    reason: str  #: the verdict in one sentence
    elements: tuple[Elements, ...] = ()  #: entry by entry; of several judgements the worst keeps them

    @property
    def rank(self) -> tuple[int, float]:
        """How bad it is, to be ordered by: the verdict, then the worst error ÷ budget of its rows."""
        return VERDICTS.index(self.verdict), max((row.rank[1] for row in self.rows), default=0.0)

    @property
    def references(self) -> tuple[str, ...]:
        """The names of all references that judged, truth first."""
        judged = [p for p in self.participants if p.role != "candidate" and p.status == "judged"]
        return tuple(p.name for p in sorted(judged, key=lambda p: p.role != "truth"))

    @property
    def proven_ulp(self) -> float:
        """Within how many ulp of the exact gradient all of it is that was proven; NaN where nothing was."""
        proven = [row.proven_ulp for row in self.rows if not np.isnan(row.proven_ulp)]
        return max(proven, default=float("nan"))

    @property
    def unproven(self) -> tuple[str, ...]:
        """The arrays of which nothing was proven."""
        proven = {row.array for row in self.rows if not np.isnan(row.proven_ulp)}
        return tuple(dict.fromkeys(row.array for row in self.rows if row.array not in proven))

    def worst_rows(self) -> tuple[Row, ...]:
        """One row per array: against the reference with the worst error ÷ budget, NaN counting as worst."""
        rows: dict[str, Row] = {}
        for row in self.rows:
            if row.array not in rows or row.rank > rows[row.array].rank:
                rows[row.array] = row
        return tuple(rows.values())


def joined(runs: Sequence[Run], command: str) -> Run:
    """Several runs as one: the judgements of all, on the machine and at the time of the first."""
    first = runs[0]
    return replace(
        first,
        command=command,
        versions={name: version for run in runs for name, version in run.versions.items()},
        judgements=tuple(judgement for run in runs for judgement in run.judgements),
        companions=tuple(judgement for run in runs for judgement in run.companions),
        companion_seconds=sum(run.companion_seconds for run in runs),
        findings=tuple(dict.fromkeys(finding for run in runs for finding in run.findings)),
        seconds=sum(run.seconds for run in runs),
        diagnosis=next((run.diagnosis for run in runs if run.diagnosis is not None), None),
    )


@dataclass(frozen=True)
class Source:
    """Where a candidate's function stands."""

    file: str
    line: int  #: of its ``def``, from 1
    function: str


@dataclass(frozen=True)
class Run:
    """Everything that one command found out."""

    command: str  #: what repeats it
    created: str  #: ISO 8601, UTC
    version: str  #: of handgrad
    versions: Mapping[str, str]  #: of what it ran on: python, numpy, torch …
    platform: str
    judgements: tuple[Judgement, ...]
    seconds: float = 0.0
    findings: tuple[Finding, ...] = ()  #: about the judgement as a whole: blind classes that none of its cases can see
    companions: tuple[Judgement, ...] = ()  #: small cases beside the given ones, which see what those cannot
    companion_seconds: float = 0.0  #: what they took
    diagnosis: Diagnosis | None = None  #: why it is ``differ``, where that was asked for and could be found out
    adjoints: Adjoints | None = None  #: step by step, where that was asked for and could be seen
    source: Source | None = None  #: of a candidate that is a Python file

    @property
    def verdict(self) -> Verdict:
        """The worst verdict of all judgements, companions included."""
        return worst([judgement.verdict for judgement in (*self.judgements, *self.companions)])

    @property
    def exit_code(self) -> int:
        """0 agree · 1 differ or error · 3 inconclusive."""
        return EXIT_CODES[self.verdict]

    def _repr_html_(self) -> str:
        """How a notebook shows it: the HTML report, in a frame of its own."""
        # By name: the run is a leaf, which knows no report; only a notebook that asks for one brings it in.
        shown: str = import_module("reports.as_html").notebook(self)
        return shown

    @property
    def rows(self) -> tuple[Row, ...]:
        """The gradient rows of all judgements."""
        return tuple(row for judgement in self.judgements for row in judgement.rows)

    @property
    def agreeing(self) -> int:
        """How many comparisons (array × reference × case) agree."""
        return sum(row.verdict == "agree" for row in self.rows)

    @property
    def worst_ulp(self) -> float:
        """The worst error in ulp over all comparisons; NaN where one is NaN, and where nothing was compared."""
        return float(np.max([row.ulp for row in self.rows])) if self.rows else float("nan")

    @property
    def frame(self) -> pd.DataFrame:
        """A tidy frame: a row per case, array and reference."""
        import pandas as pd

        fields = ("array", "reference", "shape", "total", "total_abs", "max_abs", "at", "at_words", "candidate",
                  "expected", "relative", "ulp", "ratio", "verdict", "vacuous")  # fmt: skip
        return pd.DataFrame(
            [_labels(n, judgement) | {name: getattr(row, name) for name in fields}
             for n, judgement in enumerate(self.judgements) for row in judgement.rows],
            columns=["case", "cell", "dtype", "source", *fields],
        )  # fmt: skip

    @property
    def parts(self) -> pd.DataFrame:
        """The finer tidy frame: a row per case, array, reference and gate, row, column, time step or batch entry."""
        import pandas as pd

        numbers = ("total", "total_abs", "max_abs", "ratio", "differs")
        frames = [
            pd.DataFrame(_labels(n, judgement)
                         | {"array": part.array, "reference": part.reference, "kind": part.kind, "part": part.labels}
                         | {name: getattr(part, name) for name in numbers})
            for n, judgement in enumerate(self.judgements) for part in judgement.parts
        ]  # fmt: skip
        columns = ["case", "cell", "dtype", "source", "array", "reference", "kind", "part", *numbers]
        return pd.concat(frames, ignore_index=True) if frames else pd.DataFrame(columns=columns)


def _labels(number: int, judgement: Judgement) -> dict[str, object]:
    case = judgement.case
    return {"case": number, "cell": case.cell, "dtype": case.dtype, "source": case.source}
