"""Runs made by hand: one that agrees, the question of 2014, and what a hostile candidate could put into them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.diagnosed import Diagnosis, Equation, Example, Fault, Map, Place
from harness.run import CaseSummary, Finding, Judgement, Participant, Parts, Row, Run

HOSTILE = "[bold]x[/bold]<script>alert(1)</script>|`*_\x1b[31m\x07\u202e\n| @all"


def row(array: str = "W_hh", reference: str = "extended", **changes: Any) -> Row:
    """A row that agrees, unless ``changes`` say otherwise."""
    agreeing = Row(
        array=array, reference=reference, shape=(8, 5), axes=("a", "h"), total=-4.6e-16, total_abs=3.1e-15,
        max_abs=4.4e-16, at=(3, 2), at_words="a 3, 2", candidate=0.25, expected=0.25, relative=2.2e-16, ulp=2.1,
        ratio=0.31, ratio_at=(3, 2), verdict="agree",
    )  # fmt: skip
    return replace(agreeing, **changes)


def differing(array: str, reference: str, total: float, total_abs: float, at: tuple[int, ...], *said: str) -> Row:
    """A row that no rounding explains."""
    return row(
        array, reference, total=total, total_abs=total_abs, max_abs=0.4316, at=at, at_words=", ".join(map(str, at)),
        candidate=-0.1187, expected=0.3129, relative=0.7412, ulp=6.676e15, ratio=1.9e14, verdict="differ",
        words=said,
    )  # fmt: skip


def participants(*references: str, candidate: str = "theano_question.py") -> tuple[Participant, ...]:
    """A candidate, and references that all judged, the first of which is the truth."""
    first = Participant(candidate, "candidate", "judged", version="numpy 2.4.6", fingerprint="5f0c", seconds=0.01)
    others = (Participant(name, "reference", "judged", version=f"{name} 1.0", ratio=0.4) for name in references[1:])
    return (first, Participant(references[0], "truth", "judged", version="numpy 2.4"), *others)


CASE = CaseSummary(
    cell="rnn", activation="tanh", loss="half-squared-error", reduction="sum", biases=1, readout=True,
    sizes={"T": 5, "B": 1, "D": 5, "H": 8, "K": 5}, dtype="float64", source="seed 0", fingerprint="3fa9c1d07b52e6f0",
)  # fmt: skip


def judgement(rows: Sequence[Row], **changes: Any) -> Judgement:
    """A judgement of these rows, with their worst verdict."""
    references = tuple(dict.fromkeys(one.reference for one in rows)) or ("extended",)
    base = Judgement(
        case=CASE, candidate="theano_question.py", truth=references[0], participants=participants(*references),
        forward=(row("loss", references[0]), row("h", references[0])), rows=tuple(rows), parts=(), findings=(),
        verdict="differ" if any(one.verdict == "differ" for one in rows) else "agree", reason="",
    )  # fmt: skip
    return replace(base, **changes)


def run(*judgements: Judgement, **changes: Any) -> Run:
    """A run of these judgements."""
    base = Run(
        command="python -m harness compare theano_question.py --seed 0", created="2025-01-01T12:00:00+00:00",
        version="0.1.0", versions={"python": "3.11.9", "numpy": "2.4.6", "torch": "2.13.0"},
        platform="Linux x86_64", judgements=judgements, seconds=1.25,
    )  # fmt: skip
    return replace(base, **changes)


REFERENCES = ("extended", "torch", "jax", "torch-nn")


def agreeing_run() -> Run:
    """Three arrays, four references, and nothing to say."""
    rows = [row(array, reference) for array in ("W_ih", "W_hh", "b_ih") for reference in REFERENCES]
    return run(judgement(rows, reason="all 3 gradients agree with 4 references."))


def c1_run() -> Run:
    """The question of 2014: identical outputs, different gradients, and one row of Wxh that is right."""
    rows = []
    for name in REFERENCES:
        rows += [row("Who", name, at_words="3, 2"), row("bho", name, at=(0, 4), at_words="0, 4", total=1.1e-16)]
        rows.append(differing("Whh", name, 0.1205, 3.4172, (2, 6), "every row differs"))
        rows.append(differing("Wxh", name, -0.3326, 5.0214, (0, 3), "rows 0–3 differ, row 4 agrees"))
        rows.append(differing("bhh", name, -0.0871, 1.9033, (0, 3)))
    parts = Parts(
        "Wxh", "extended", "row", tuple("01234"), np.array([0.1, -0.2, 0.3, -0.5326, 4.3e-18]),
        np.array([1.0, 2.0, 1.0, 1.0214, 2e-17]), np.array([0.4316, 0.3, 0.2, 0.1, 1e-17]),
        np.array([1.9e14, 1e14, 1e14, 1e13, 0.2]), np.array([True, True, True, True, False]),
    )  # fmt: skip
    harmless = replace(parts, array="Who", differs=np.zeros(5, bool))
    return run(judgement(
        rows, parts=(parts, harmless), reason="the recurrent adjoint never arrives: dh[t] lacks da[t+1] Whhᵀ.",
        participants=(*participants(*REFERENCES), Participant("tensorflow", "reference", "not run", "not installed")),
        findings=(Finding("blind", "h0 = 0: a fault in what reaches h0 could not be seen.", ("h0",)),),
    ))  # fmt: skip


def equation(tag: str, quantity: str, text: str, **changes: Any) -> Equation:
    """An equation that holds, unless ``changes`` say otherwise."""
    return replace(Equation(tag, f"{quantity} = {text}", quantity, "holds", (tag,), 2.2e-16), **changes)


def c1_diagnosis() -> Diagnosis:
    """Why the question of 2014 differs."""
    place = Place(
        "confirmed", "theano_question.py", 63, "da[t]", "        dh[t] += da[t] @ Whh.T", "t = 3 … 0",
        "da of step t, which is still zero", "da of step t + 1",
    )  # fmt: skip
    arrays = {
        "x": np.array([[1.0], [0.0]]), "Wxh": np.array([[1.0]]), "Whh": np.array([[1.0]]), "bhh": np.array([[0.5]]),
        "Who": np.array([[1.0]]), "bho": np.array([[0.0]]), "y": np.array([[0.0], [0.0]]),
    }  # fmt: skip
    a_0, Whh = 1.5, 1.0
    h_0 = np.tanh(a_0)
    a_1 = Whh * h_0 + 0.5
    h_1 = np.tanh(a_1)
    da_1 = h_1 * (1 - h_1**2)
    dh_0 = h_0 + Whh * da_1
    between = {
        "a": np.array([[a_0], [a_1]]), "h": np.array([[h_0], [h_1]]), "loss": np.array(0.5 * (h_0**2 + h_1**2)),
        "dh": np.array([[dh_0], [h_1]]), "da": np.array([[dh_0 * (1 - h_0**2)], [da_1]]),
    }  # fmt: skip
    example = Example(
        {"T": 2, "B": 1, "D": 1, "H": 1, "K": 1}, arrays, "Wxh", np.array([[dh_0 * (1 - h_0**2)]]),
        np.array([[h_0 * (1 - h_0**2)]]), between, "def test_gradients():\n    assert False\n",
    )  # fmt: skip
    return Diagnosis(
        sentence="the recurrent adjoint never arrives: dh reads da of its own step, which is still zero.",
        places=(
            place,
            Place("suspect", "theano_question.py", 64, "da[t]", "        da[t] = dh[t] * slope[t]", "t = 3 … 0",
                  "no right quantity", "da of step t"),
        ),
        localised=True,
        equations=(
            equation("1", "a", "x_t W_ihᵀ + h_{t-1} W_hhᵀ + b_ih + b_hh"), equation("2", "h_t", "φ(a)"),
            equation("2*H", "dh_next", "G_h    at T", status="untested", residual=float("nan")),
            equation("1*t", "t", "T … 1"),
            equation("2*h", "dh", "G_t + dh_next", status="alternative", unit=("2*h", "1*h"), residual=0.9312,
                     where="steps 0–3"),
            equation("2*a", "da", "dh ⊙ φ'(a)"),
            equation("1*h", "dh_next", "da W_hh", status="broken", residual=1.0, where="steps 0–3, gate a"),
            equation("1*W", "dW_ih", "Σ daᵀ x_t"), equation("1*U", "dW_hh", "Σ daᵀ h_{t-1}"),
            equation("1*b", "db_ih", "Σ da"),
        ),
        faults=(
            Fault(("1*h",), "dh reads da of its own step", "da[t] W_hh, which is zero; use da[t + 1] W_hh",
                  "exactly zero", "rnn/1*h/zero"),
            Fault(("2*h",), "dh lacks what the later step carries"),
        ),
        map=Map("da", ("a",), np.array([[0.93, 0.41, 3e-2, 5e-5, 2.2e-16]])),
        example=example,
        step="in line 63 read da[t + 1] instead of da[t], and compare again.",
        method="black box", calls=41, seconds=0.83,
        notes=("the cotangent of the final state is not an argument of this candidate: 2*H was not seen.",),
    )  # fmt: skip


def diagnosed_run() -> Run:
    """The question of 2014, and why."""
    return replace(c1_run(), diagnosis=c1_diagnosis())


def hostile_diagnosis() -> Diagnosis:
    """The same texts in every place of a diagnosis that can hold any."""
    array = np.array([np.nan, np.inf])
    return Diagnosis(
        HOSTILE, (Place("input", HOSTILE, 1, HOSTILE, HOSTILE, HOSTILE, HOSTILE, HOSTILE),), False,
        (Equation(HOSTILE, HOSTILE, HOSTILE, "broken", (HOSTILE, "1*"), np.inf, HOSTILE),),
        (Fault((HOSTILE,), HOSTILE, HOSTILE, HOSTILE, HOSTILE),),
        Map(HOSTILE, (HOSTILE, "i"), np.array([[np.nan, np.inf], [0.0, 1.0]])),
        Example({HOSTILE: 1}, {HOSTILE: array}, HOSTILE, array, -array, {HOSTILE: array}, HOSTILE),
        HOSTILE, HOSTILE, 1, 0.01, (HOSTILE,),
    )  # fmt: skip


def hostile_run() -> Run:
    """Markup, HTML, escape codes and line breaks wherever a candidate or its author can put text."""
    return run(
        judgement(
            [differing(HOSTILE, HOSTILE, 1.0, 2.0, (0, 0), HOSTILE)], reason=HOSTILE, candidate=HOSTILE,
            case=replace(CASE, source=HOSTILE), findings=(Finding(HOSTILE, HOSTILE, (HOSTILE,)),),
            forward=(differing(HOSTILE, HOSTILE, 1.0, 2.0, (0, 0), HOSTILE),),
            participants=(
                Participant(HOSTILE, "candidate", "error", HOSTILE), Participant(HOSTILE, "truth", "judged"),
                Participant(HOSTILE, "reference", "not run", HOSTILE),
            ),
        ),
        command=HOSTILE, platform=HOSTILE, versions={HOSTILE: HOSTILE}, findings=(Finding(HOSTILE, HOSTILE),),
        diagnosis=hostile_diagnosis(),
    )  # fmt: skip


def not_a_number_run() -> Run:
    """A candidate that returned NaN and infinities."""
    nan, inf = float("nan"), float("inf")
    broken = row(total=nan, total_abs=nan, max_abs=nan, candidate=nan, relative=nan, ulp=nan, ratio=nan,
                 verdict="differ")  # fmt: skip
    infinite = row("b_ih", total=-inf, total_abs=inf, max_abs=inf, candidate=-inf, relative=inf, ulp=inf, ratio=inf,
                   verdict="differ")  # fmt: skip
    return run(judgement([broken, infinite], reason="W_hh is not a number."))


def several_run() -> Run:
    """Four seeds, the third of which differs."""
    ones = [*agreeing_run().judgements * 2, *c1_run().judgements, *agreeing_run().judgements]
    return run(*(replace(one, case=replace(CASE, source=f"seed {seed}")) for seed, one in enumerate(ones)))


def inconclusive_run() -> Run:
    """Every counted row agrees, and yet the references contradict each other."""
    torn = (*participants("extended", "torch"), Participant("jax", "reference", "judged", ratio=3.4, agrees=False))
    return run(judgement([row(), row(reference="torch")], verdict="inconclusive", participants=torn,
                         reason="jax contradicts extended and torch."))  # fmt: skip


def failed_run() -> Run:
    """A candidate that crashed: nothing was compared."""
    crashed = (
        Participant("theano_question.py", "candidate", "error", "ValueError: shapes (5,8) and (5,) not aligned"),
    )
    return run(judgement([], verdict="error", participants=crashed, forward=(), reason="the candidate failed."))


def empty_run() -> Run:
    """A command that judged nothing."""
    return run()


RUNS = (
    agreeing_run, c1_run, hostile_run, not_a_number_run, several_run, inconclusive_run, failed_run, empty_run,
    diagnosed_run,
)  # fmt: skip


@pytest.fixture(params=RUNS, ids=lambda make: make.__name__)
def any_run(request: pytest.FixtureRequest) -> Run:
    """Each of the runs above in turn."""
    made: Run = request.param()
    return made


@pytest.fixture(autouse=True)
def _own_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether there is colour is each test's to say, not the environment's."""
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE", "COLUMNS", "LINES"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def a_row() -> Row:
    """A row that agrees."""
    return row()


@pytest.fixture
def of_rows() -> Callable[..., Run]:
    """Makes a run of one judgement from its rows and, by name, what else differs from the usual judgement."""
    return lambda *rows, **changes: run(judgement(rows, **changes))


agreeing = pytest.fixture(agreeing_run, name="agreeing")
c1 = pytest.fixture(c1_run, name="c1")
diagnosed = pytest.fixture(diagnosed_run, name="diagnosed")
hostile = pytest.fixture(hostile_run, name="hostile")
not_a_number = pytest.fixture(not_a_number_run, name="not_a_number")
several = pytest.fixture(several_run, name="several")
inconclusive = pytest.fixture(inconclusive_run, name="inconclusive")
failed = pytest.fixture(failed_run, name="failed")
empty = pytest.fixture(empty_run, name="empty")
