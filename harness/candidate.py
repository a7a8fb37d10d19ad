"""Running the candidate: twice, on fresh copies of the same bytes, since a backward pass must be a function."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import numpy as np

import handgrad
from harness import companions
from harness.candidates import purity
from harness.candidates.answers import Note
from harness.case import Case
from harness.companions import Companion
from harness.run import Finding
from harness.subject import Canonical, Subject
from harness.version import VERSION
from references.model import Model, fingerprint
from references.protocol import Answer

#: A candidate: model and arrays in, gradients out. Arrays that it does not return are not graded.
Candidate = Callable[[Model, dict[str, np.ndarray]], handgrad.Gradients]


class Outcome(NamedTuple):
    """What the candidate gave, or how it failed."""

    answer: Answer | None
    error: str  #: empty where there is an answer
    seconds: float
    findings: tuple[Finding, ...]
    coarse: bool = False  #: float32 inside, where float64 went in: to be judged by the budgets of float32


class UnderTest(Protocol):
    """The candidate of a judgement, wherever it runs."""

    @property
    def name(self) -> str:
        """What reports call it."""

    @property
    def version(self) -> str:
        """Name and version, of our own."""

    @property
    def any_model(self) -> bool:
        """Whether it takes every model, and not only that of the given cases."""

    def answer(self, case: Case, times: int = 2) -> Outcome:
        """Its answer to a case, called so many times; whatever it does is an outcome."""

    def subject(self, case: Case) -> Subject:
        """The case in its own names."""

    def companions(self, model: Model, dtype: str) -> tuple[Companion, ...]:
        """Small cases that it can take beside those of a model."""


@dataclass(frozen=True)
class InProcess:
    """A function of this process; handgrad's own by default."""

    function: Candidate | None = None

    @property
    def name(self) -> str:
        """The function's."""
        return handgrad.__name__ if self.function is None else getattr(self.function, "__name__", "candidate")

    @property
    def version(self) -> str:
        """Of handgrad's own."""
        return f"{self.name} {VERSION}" if self.function is None else ""

    @property
    def any_model(self) -> bool:
        """Only handgrad's own does."""
        return self.function is None

    def answer(self, case: Case, times: int = 2) -> Outcome:
        """As `run` does."""
        return run(self.function or own, case, times)

    def subject(self, case: Case) -> Subject:
        """In canonical names."""
        return Canonical(case)

    def companions(self, model: Model, dtype: str) -> tuple[Companion, ...]:
        """Those of the model, and for handgrad's own also of cotangents."""
        return companions.of(model, dtype, self.any_model)


def own(model: Model, arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
    """The default candidate: handgrad's own hand-derived NumPy."""
    return handgrad.loss_and_grads(
        arrays, cell=model.cell, activation=model.activation, loss=model.loss, reduction=model.reduction
    )


def run(candidate: Candidate, case: Case, times: int = 2) -> Outcome:
    """Call the candidate and see whether it answers, leaves its arguments alone and, called twice, answers the same."""
    first = case.copies()
    started = time.perf_counter()
    try:
        one = candidate(case.model, first)
        seconds = time.perf_counter() - started
        kept = _frozen(one)
        again = _frozen(candidate(case.model, case.copies())) if times > 1 else kept
    except Exception as error:  # whatever a candidate raises is its result
        return Outcome(None, f"{type(error).__name__}: {error}", time.perf_counter() - started, ())
    wrong = _shapes(case, kept)
    if wrong:
        return Outcome(None, wrong, seconds, ())
    impure = [*_changed(case, first), *_unequal(kept, again)]
    findings = [Finding("impure", text) for text in impure]
    return Outcome(kept._replace(fingerprint=fingerprint(case.arrays)), "", seconds, (*findings, *_narrow(case, kept)))


def _frozen(answer: handgrad.Gradients) -> Answer:
    """Copies, so that a second call cannot change what the first one gave."""

    def copies(arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        return {name: np.array(array) for name, array in arrays.items()}

    return Answer(np.array(answer.loss), copies(answer.grads), copies(answer.trace), "")


def _shapes(case: Case, answer: Answer) -> str:
    for name, grad in answer.grads.items():
        if name not in case.model.differentiated:
            return f"{name}: got a gradient for it, allowed: {', '.join(case.model.differentiated)}"
        if grad.shape != case.arrays[name].shape:
            return f"{name}: got a gradient of shape {grad.shape}, {name} has {case.arrays[name].shape}"
        if grad.dtype.kind != "f":
            return f"{name}: got a gradient of dtype {grad.dtype}, needs a float one"
    if answer.loss.shape != ():
        return f"loss: got shape {answer.loss.shape}, needs a single number"
    return "" if answer.grads else "grads: got none, needs at least one array's gradient"


def _changed(case: Case, after: Mapping[str, np.ndarray]) -> list[str]:
    names = [name for name, array in case.arrays.items() if array.tobytes() != after[name].tobytes()]
    return [f"it changes its arguments: {', '.join(names)}"] if names else []


def _unequal(one: Answer, two: Answer) -> list[str]:
    names = purity.differing(*({"loss": answer.loss, **answer.grads} for answer in (one, two)))
    return [f"called twice on the same bytes it answers differently: {', '.join(names)}"] if names else []


def seen(impure: Sequence[str], notes: Sequence[Note]) -> list[Finding]:
    """What was noted while a candidate from outside ran, as findings."""
    return [*(Finding("impure", text) for text in impure), *(Finding(*note) for note in notes)]


def _narrow(case: Case, answer: Answer) -> list[Finding]:
    narrow = [name for name, grad in answer.grads.items() if np.finfo(grad.dtype).nmant < np.finfo(case.dtype).nmant]
    if not narrow:
        return []
    dtype = answer.grads[narrow[0]].dtype
    return [Finding("low precision", f"{dtype} comes back where {case.dtype} went in", tuple(narrow))]
