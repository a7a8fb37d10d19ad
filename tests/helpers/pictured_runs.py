"""A run with pictures, made by hand: what its maps and charts must show is known entry by entry."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.diagnosed import Diagnosis, Equation, Example, Fault, Map, Place
from harness.pictured import Adjoint, Adjoints, Axis, Elements
from harness.run import CaseSummary, Judgement, Participant, Row, Run

REFERENCES = ("extended", "torch")
HOSTILE_NAMES = (
    "<img src=x onerror=alert(1)>", "</script><script>alert(2)</script>", "</title><svg onload=alert(3)>",
    "\x1b[31m\u202e\x07red\u2028'\"&lt;b&gt; {{ 7 * 7 }}",
)  # fmt: skip


def gates(name: str, size: int, names: str = "ifgo") -> Axis:
    """An axis of gates, each ``size`` long."""
    labels = tuple(f"{gate} {k}" for gate in names for k in range(size))
    return Axis(name, "row", labels, tuple((g, tuple(range(n * size, n * size + size))) for n, g in enumerate(names)))


def axis(name: str, kind: str, size: int) -> Axis:
    """An axis of one thing."""
    return Axis(name, kind, tuple(map(str, range(size))))


def elements(
    array: str, axes: tuple[Axis, ...], planted: Mapping[tuple[int, ...], float], block: int = 1, **changes: Any
) -> Elements:
    """An array whose entries agree to rounding, but for the candidate's planted values."""
    shape = tuple(len(one.labels) for one in axes)
    expected = np.random.default_rng(len(array)).normal(size=shape)
    candidate = expected * (1 + 2.0**-52)
    for at, value in planted.items():
        candidate[at] = value
    budget = np.full(shape, 4e-15)
    sides = {"extended": expected, "torch": np.where(np.abs(expected) > 0.1, expected * (1 - 2.0**-52), expected)}
    sides |= changes.pop("expected", {})
    deltas = {name: candidate - side for name, side in sides.items()}
    told = {
        "shape": tuple(size * block for size in shape), "block": (block,) * len(shape),
        "at": np.arange(candidate.size).reshape(shape),
        "ratio": {name: np.nan_to_num(np.abs(delta) / budget, nan=np.inf) for name, delta in deltas.items()},
        **changes,
    }  # fmt: skip
    return Elements(
        array=array, axes=axes, candidate=candidate, budget=budget, expected=sides, delta=deltas,
        ulp={name: np.abs(delta) / np.spacing(1.0) for name, delta in deltas.items()}, **told,
    )  # fmt: skip


PLANTED = (4, 2)  #: of W_hh: row 1 of gate f, column 2
W_HH = (gates("A", 3), axis("H", "column", 3))
X = (axis("T", "step", 5), axis("B", "batch", 2), axis("D", "column", 3))


def row(one: Elements, reference: str) -> Row:
    """Its numbers against one reference."""
    delta, ratio = one.delta[reference], one.ratio[reference]
    at = tuple(int(k) for k in np.unravel_index(int(np.argmax(ratio)), ratio.shape))
    words = ", ".join(axis.labels[k] for axis, k in zip(one.axes, at, strict=True))
    worst = float(ratio[at])
    return Row(
        one.array, reference, one.shape, tuple(axis.name for axis in one.axes), float(delta.sum()),
        float(np.abs(delta).sum()), float(np.abs(delta).max()), at, words, float(one.candidate[at]),
        float(one.expected[reference][at]), float(np.abs(delta).max()), float(one.ulp[reference].max()), worst, at,
        "differ" if worst > 1 else "agree",
    )  # fmt: skip


def adjoints() -> Adjoints:
    """``da`` of four gates, of which f is wrong before step 3; ``dh`` zero at one step and unknown at another."""
    budget = np.full((4, 5), 1e-14)
    error = np.full((4, 5), 2e-16)
    error[1, :3] = [0.5, 0.01, 1e-5]
    dh = Adjoint("dh", ("",), np.array([[1e-16, 0.0, np.nan, 3e-16, np.inf]]), np.full((1, 5), 1e-14))
    return Adjoints("lstm T=5", "trace", (Adjoint("da", tuple("ifgo"), error, budget), dh), ("dc was not seen",))


def diagnosis() -> Diagnosis:
    """Gate f is twice what it should be."""
    two = np.array([[0.5, -1.0]])
    return Diagnosis(
        "(4*f) df = dc ⊙ c_{t-1} is broken: df is twice what it should be",
        (
            Place("confirmed", "my_lstm.py", 41, "df", "  df = 2 * dc * c_prev", "every step", "2 df", "df of step t"),
            Place("suspect", "my_lstm.py", 44, "da_f", "  da_f = df * f  # " + "long " * 40, "", "", "da_f"),
        ),
        True,
        (
            Equation("4*i", "di = dc ⊙ g", "di", "holds", ("4*i",), 2.2e-16),
            Equation("4*f", "df = dc ⊙ c_{t-1}", "df", "broken", ("4*f",), 1.0, "at every step"),
            Equation("1*0", "dh_0 = dh_next", "dh_0", "untested"),
        ),
        (Fault(("4*f",), "df is twice what it should be", "it computes df = 2 dc ⊙ c_{t-1}", "constant ratio 2"),),
        Map("da", tuple("ifgo"), np.array([[1e-2, 1e-3, 1e-7, 0, 2.2e-16]] * 3 + [[np.nan, np.inf, 1, 1e-12, 0]])),
        Example(
            {"T": 1, "B": 1, "D": 1, "H": 2}, {"W_ih": two}, "W_ih", two, 2 * two, {"h": two},
            "def test_gradient():\n    assert 1 == 2  # <b>\n",
        ),
        "mend my_lstm.py, line 41", "declared trace", 3, 0.5, ("nothing of h0 was seen",),
    )  # fmt: skip


def pictured_run(candidate: str = "my_lstm.py", **changes: Any) -> Run:
    """W_hh differs at one entry, x at a NaN, b_ih agrees."""
    told = (
        elements("W_hh", W_HH, {PLANTED: 0.75}), elements("b_ih", W_HH[:1], {}), elements("x", X, {(3, 1, 2): np.nan}),
    )  # fmt: skip
    case = CaseSummary(
        "lstm", "tanh", "half-squared-error", "sum", 2, True, {"T": 5, "B": 2, "D": 3, "H": 3, "K": 2}, "float64",
        "seed 0", "3fa9c1d07b52e6f0",
    )  # fmt: skip
    judged = Judgement(
        case, candidate, "extended",
        (
            Participant(candidate, "candidate", "judged", version="numpy 2.4"),
            Participant("extended", "truth", "judged"),
            Participant("torch", "reference", "judged", ratio=0.2),
        ),
        (), tuple(row(one, name) for one in told for name in REFERENCES), (), (), "differ", f"{candidate} differs",
        told,
    )  # fmt: skip
    settled: dict[str, Any] = {"command": "python -m harness compare --candidate my_lstm.py", "judgements": (judged,)}
    settled["adjoints"] = adjoints()
    return Run(
        created="2025-01-01T12:00:00+00:00", version="0.1.0", versions={"python": "3.11"}, platform="Linux x86_64",
        **(settled | changes),
    )  # fmt: skip
