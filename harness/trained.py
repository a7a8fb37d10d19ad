"""What a training found out, as data.

A leaf beside `harness.run` and `harness.diagnosed`: reports format it, and compute nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import Literal

import numpy as np

from harness.run import EXIT_CODES, Finding, Judgement, Verdict, worst


@dataclass(frozen=True)
class Series:
    """One curve: a value for each of the updates that have one."""

    name: str  #: "loss", "smoothed loss", "gradient norm", "saturated gates", "sum of absolute errors" …
    updates: np.ndarray  #: (n,), whole numbers from 0
    values: np.ndarray  #: (n,)


@dataclass(frozen=True)
class Figure:
    """One published figure beside what it is here."""

    name: str  #: "loss at update 9000"
    published: float
    here: float
    close: bool  #: within ``tolerance`` of what was published
    tolerance: str  #: "1e-07 relative", "the printed digits"


@dataclass(frozen=True)
class Lockstep:
    """The hand gradient beside the automatic one at the same weights, update after update: this is judged."""

    reference: str
    version: str  #: "jax 0.10.2"
    updates: int  #: how many were judged
    agreeing: int
    in_full: int  #: of those judged: by a budget of their own; the others passed `harness.training.screen`
    worst_ratio: float  #: worst error ÷ budget of the updates that were judged in full
    worst_at: str  #: where that is: "update 400, W_hh f 3, 12"
    first: int | None  #: the first update that does not agree
    verdict: Verdict
    reason: str  #: the verdict in one sentence
    judgement: Judgement | None = None  #: of that first update, in full


@dataclass(frozen=True)
class Drift:
    """Two trajectories from the same weights, each by its own gradients. Never judged: rounding alone parts them."""

    reference: str
    updates: np.ndarray  #: (n,)
    distance: np.ndarray  #: (n,) ‖θ_hand − θ_reference‖ ÷ ‖θ_hand‖, over all parameters
    growth: float  #: by what factor it grows in 1,000 updates, fitted; NaN where too little was seen


@dataclass(frozen=True)
class Remedy:
    """Something that was tried from the first update on, and whether it kept everything finite."""

    name: str  #: "gradients clipped to ±5, outside the backward pass"
    finite: bool
    updates: int  #: how many it went through
    loss: float  #: the last value of the task's own curve; NaN where it was not finite


@dataclass(frozen=True)
class Explosion:
    """The first quantity that is not finite, or that overflows, and how it came to be."""

    update: int | None  #: of a training, from 0; None for a single case
    kind: Literal["overflow", "not a number"]
    quantity: str  #: in the words of whoever computed it: "a", "dc", "W_hh", or the candidate's own "e"
    step: int | None  #: the time step, from 0; None where it has none
    index: tuple[int, ...]  #: in the array that it stands in
    value: float
    equation: str  #: what made it: "(1) a = x W_ihᵀ + h W_hhᵀ + b_ih + b_hh", or the candidate's expression
    inputs: tuple[tuple[str, str], ...]  #: what went in, by name, as text: ("y", "812.4 at [17, 0]")
    why: str  #: one sentence: "exp overflows above 709.78"
    cure: str = ""  #: one sentence: what would have prevented it at that place
    file: str = ""  #: the candidate's file, where it is its line
    line: int = 0
    source: str = ""  #: the line's text
    before: tuple[Finding, ...] = ()  #: warnings that came before it
    remedies: tuple[Remedy, ...] = ()  #: what was tried, and how far it came


@dataclass(frozen=True)
class Trainee:
    """One training: one variant of a model, by one backward pass."""

    title: str  #: "identity, as published"
    model: str  #: one line, as of a case
    hand: str  #: whose backward pass: "handgrad 0.1", "published.py"
    rule: str  #: "SGD, rate 0.01, clipped to ±5"
    asked: int  #: updates
    done: int
    series: tuple[Series, ...]
    figures: tuple[Figure, ...] = ()
    told: tuple[tuple[str, str], ...] = ()  #: what else is to be said: a label and a text: predictions, exact sums
    lockstep: Lockstep | None = None
    drift: Drift | None = None
    loop: tuple[Finding, ...] = ()  #: what the training loop hands to backward, and should not
    warnings: tuple[Finding, ...] = ()
    explosion: Explosion | None = None
    samples: tuple[str, ...] = ()
    error: str = ""  #: how a candidate failed, and ended the training
    seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """``error`` where it fails, ``differ`` where it explodes or its loop is at fault; else that of the lockstep."""
        verdicts: list[Verdict] = ["differ"] if self.explosion is not None or self.loop else []
        verdicts += ["error"] if self.error else []
        return worst(verdicts + ([self.lockstep.verdict] if self.lockstep is not None else []))

    def curve(self, name: str) -> Series | None:
        """One of its curves."""
        return next((one for one in self.series if one.name == name), None)


@dataclass(frozen=True)
class Trained:
    """Everything that one training command found out."""

    command: str  #: what repeats it
    created: str  #: ISO 8601, UTC
    version: str  #: of handgrad
    versions: Mapping[str, str]  #: of what it ran on: python, numpy, jax …
    platform: str
    task: str
    data: str  #: what it was trained on, in words
    trainees: tuple[Trainee, ...]  #: side by side
    interrupted: bool = False
    seconds: float = 0.0

    @property
    def verdict(self) -> Verdict:
        """The worst of its trainees."""
        return worst([one.verdict for one in self.trainees])

    @property
    def exit_code(self) -> int:
        """0 agree · 1 differ, error, or not finite · 3 inconclusive · 130 interrupted."""
        return 130 if self.interrupted else EXIT_CODES[self.verdict]

    def _repr_html_(self) -> str:
        """The page of this training in a frame, which is how a notebook shows it."""
        # By name and only when asked: this module is data, and knows no report.
        return str(import_module("reports.training_html").notebook(self))
