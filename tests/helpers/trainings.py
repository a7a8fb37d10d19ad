"""Trainings made by hand: one that agrees, two side by side, one that explodes, one that differs, and a hostile one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from harness.run import CaseSummary, Finding, Judgement, Participant, Row
from harness.trained import Drift, Explosion, Figure, Lockstep, Remedy, Series, Trained, Trainee

HOSTILE = "[bold]x[/bold]<script>alert(1)</script>|`*_\x1b[31m\x07\u202e\ufffe\udcff\n| @all"


def losses(count: int, name: str = "loss") -> Series:
    """Halves every ten updates."""
    updates = np.arange(count)
    return Series(name, updates, 0.75 * 0.5 ** (updates / 10))


def lockstep(count: int, **changes: Any) -> Lockstep:
    """All agree, unless ``changes`` say otherwise."""
    agreeing = Lockstep(
        reference="jax", version="jax 0.10.2", updates=count, agreeing=count, in_full=20, worst_ratio=0.42,
        worst_at="update 40, W_hh f 3, 12", first=None, verdict="agree", reason=f"all {count} updates agree",
    )  # fmt: skip
    return replace(agreeing, **changes)


def trainee(count: int = 100, **changes: Any) -> Trainee:
    """The sequence task, as published."""
    updates = np.arange(count)
    base = Trainee(
        title="identity, as published", model="lstm · identity · squared-error · H=100", hand="handgrad 0.1.0",
        rule="SGD, rate 0.1, not clipped", asked=count, done=count,
        series=(losses(count), Series("gradient norm", updates, np.sqrt(losses(count).values))),
        figures=(Figure("loss at update 0", 0.75, 0.75, True, "1e-07 relative"),),
        told=(("predictions", "-0.5006 0.2004 0.0998 -0.4999"),),
        lockstep=lockstep(count), drift=Drift("jax", updates, 1e-16 * updates, 32.0), seconds=0.5,
    )  # fmt: skip
    return replace(base, **changes)


def trained(*trainees: Trainee, **changes: Any) -> Trained:
    """A command with these trainees."""
    base = Trained(
        command="python -m harness train sequence", created="2025-01-01T12:00:00+00:00", version="0.1.0",
        versions={"python": "3.11.9", "numpy": "2.4.6", "jax": "0.10.2"}, platform="Linux x86_64", task="sequence",
        data="four random inputs, four targets", trainees=trainees, seconds=1.25,
    )  # fmt: skip
    return replace(base, **changes)


def agreeing() -> Trained:
    """One trainee, and nothing to say against it."""
    return trained(trainee())


def together() -> Trained:
    """Two activations side by side; the second has no published figures."""
    tanh = trainee(
        title="tanh, as in the paper", figures=(), series=(Series("loss", np.arange(100), np.full(100, 0.25)),)
    )
    return trained(trainee(), tanh)


def by_hand_alone() -> Trained:
    """Nothing was compared."""
    return trained(trainee(lockstep=None, drift=None))


SATURATED = Finding("saturated gates", "87.0 % of f at update 3")

EXPLOSION = Explosion(
    update=4, kind="overflow", quantity="dc", step=57, index=(3, 12), value=float("inf"),
    equation="(3) dc = dh ⊙ o ⊙ (1 − tanh(c)²) + dc ⊙ f",
    inputs=(("dh", "1.2e+180 at [3, 12]"), ("dc", "8.1e+300 at [3, 12]")), why="a product overflows above 1.8e+308",
    cure="gradients clipped to ±5, outside the backward pass", file="published.py", line=88,
    source="  dc = dh*o*(1-tanh(c)**2) + dc*f", before=(SATURATED,),
    remedies=(
        Remedy("gradients clipped to ±5, outside the backward pass", True, 400, 1.72),
        Remedy("a tenth of the rate", False, 9, float("nan")),
    ),
)  # fmt: skip


def exploding() -> Trained:
    """The published program: it explodes, and its loop is at fault."""
    curve = Series("loss per character", np.arange(4), np.array([4.9, 32.0, 5.1e4, 8e90]))
    one = trainee(
        4, title="LSTM", hand="published.py", asked=400, series=(curve,), figures=(), told=(), explosion=EXPLOSION,
        lockstep=lockstep(
            4, agreeing=0, in_full=4, worst_ratio=1.2e13, worst_at="update 0, W_hh i 3, 12", first=0, verdict="differ",
            reason="update 0 differs: W_ih, W_hh",
        ),
        drift=Drift("jax", np.arange(4), np.array([0, 1e-3, 0.4, 2.0]), float("nan")),
        loop=(Finding("inputs", "update 0 is fed 0, 1, 2 …, and not the characters of the text"),),
    )  # fmt: skip
    return trained(one, task="text", data="a made-up text of 120 symbols")


def judged(array: str = "W_hh") -> Judgement:
    """One update in full, an array of which differs."""
    row = Row(
        array=array, reference="extended", shape=(8, 5), axes=("a", "h"), total=0.1205, total_abs=3.417,
        max_abs=0.4316, at=(3, 2), at_words="a 3, 2", candidate=-0.1187, expected=0.3129, relative=0.7412,
        ulp=6.676e15, ratio=1.9e14, ratio_at=(3, 2), verdict="differ",
    )  # fmt: skip
    case = CaseSummary(
        cell="rnn", activation="tanh", loss="half-squared-error", reduction="sum", biases=1, readout=True,
        sizes={"T": 5}, dtype="float64", source="update 17", fingerprint="3fa9c1d07b52e6f0",
    )  # fmt: skip
    return Judgement(
        case=case, candidate="handgrad", truth="extended",
        participants=(Participant("handgrad", "candidate", "judged"), Participant("extended", "truth", "judged")),
        forward=(replace(row, array="loss", verdict="agree"),), rows=(row,), parts=(), findings=(), verdict="differ",
        reason=f"{array} differs",
    )  # fmt: skip


def differing() -> Trained:
    """The update at which it begins is judged in full."""
    apart = lockstep(
        100, agreeing=83, first=17, worst_ratio=1.9e14, verdict="differ", judgement=judged(),
        reason="update 17 of 100 is the first that differs: W_hh",
    )  # fmt: skip
    return trained(trainee(lockstep=apart))


def interrupted() -> Trained:
    """After 60 of 100 updates."""
    return trained(trainee(60, asked=100), interrupted=True)


def failing() -> Trained:
    """A candidate that raises an error."""
    return trained(trainee(3, asked=100, lockstep=None, drift=None, error="update 3: it raised ValueError: no"))


def sampled() -> Trained:
    """A character model, one sample of several lines."""
    return trained(trainee(samples=("nkaeytos", "to be,\nor not\n")), task="names")


def hostile() -> Trained:
    """Every text is one that a candidate or its data could hold."""
    finding = Finding(HOSTILE, HOSTILE)
    explosion = replace(
        EXPLOSION, quantity=HOSTILE, equation=HOSTILE, inputs=((HOSTILE, HOSTILE),), why=HOSTILE, cure=HOSTILE,
        file=HOSTILE, source=HOSTILE, before=(finding,), remedies=(Remedy(HOSTILE, False, 1, float("nan")),),
    )  # fmt: skip
    one = trainee(
        title=HOSTILE, model=HOSTILE, hand=HOSTILE, rule=HOSTILE, told=((HOSTILE, HOSTILE),), loop=(finding,),
        series=(losses(100, HOSTILE),), figures=(Figure(f"{HOSTILE} at update 3", 1.0, 1.0, True, HOSTILE),),
        warnings=(finding,), explosion=explosion, samples=(HOSTILE,), error=HOSTILE,
        lockstep=lockstep(
            100, reference=HOSTILE, version=HOSTILE, worst_at=HOSTILE, reason=HOSTILE, verdict="differ", first=0,
            judgement=judged(HOSTILE),
        ),
    )  # fmt: skip
    return trained(one, replace(one, samples=()), command=HOSTILE, data=HOSTILE, platform=HOSTILE, task=HOSTILE)


#: By name: what every format must be able to write.
EVERY = {
    "agreeing": agreeing(),
    "together": together(),
    "by hand alone": by_hand_alone(),
    "exploding": exploding(),
    "differing": differing(),
    "interrupted": interrupted(),
    "failing": failing(),
    "sampled": sampled(),
    "hostile": hostile(),
    "without an update": trained(trainee(0, figures=(), lockstep=None, drift=None), interrupted=True),
    "never finite": trained(trainee(3, series=(Series("loss", np.arange(3), np.full(3, np.nan)),))),
    "without a trainee": trained(interrupted=True),
}
