"""A candidate with a layout: cases in its own arrays, and references' answers in its own names."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness import companions, measure
from harness.budget import Budgets
from harness.candidate import Outcome, seen
from harness.candidates.process import CandidateFailed, Description, Process
from harness.case import Case
from harness.companions import Companion
from harness.layout.layout import Layout
from harness.own.point import jumps, single
from harness.run import Finding
from harness.subject import Canonical, Scales, Subject
from references.model import Model
from references.protocol import Answer


@dataclass(frozen=True, eq=False)
class Laid:
    """A Python candidate whose arrays a layout describes."""

    process: Process
    about: Description
    layout: Layout
    params: Mapping[str, Any]  #: of its example, for what has no line in the layout
    data: Mapping[str, Any]
    any_model: bool = False
    version: str = ""
    _seen: list[bool] = field(default_factory=list)  #: of each given case: whether float32 is inside

    @property
    def name(self) -> str:
        """Its file's, and its function's where that is another than usual."""
        return self.process.target.name

    def answer(self, case: Case, times: int = 2) -> Outcome:
        """Its answer to a case in its own arrays."""
        reason = self.layout.fits(case)
        if reason:
            return Outcome(None, reason, 0.0, ())
        params, data = self.layout.given(case.arrays, self.params, self.data)
        try:
            called = self.process.call(params, data, times)
            if times > 1 and case.dtype == float:
                self._seen.append(single(called.grads) or jumps(self.process, params, data, called))
        except CandidateFailed as error:
            return Outcome(None, str(error), 0.0, ())
        grads = {name: grad for name, grad in called.grads.items() if name in self.layout.graded}
        if not grads:
            return Outcome(None, f"grads: got none of {', '.join(self.layout.graded)}", called.seconds, ())
        findings = seen(called.impure, called.notes)
        lined = {line.name for line in self.layout.lines}
        unknown = tuple(name for name in called.grads if name not in lined)
        if unknown:
            findings.append(Finding("not graded", f"the layout has no line for {', '.join(unknown)}", unknown))
        beside = tuple(name for name in called.grads if name in lined and name not in grads)
        if beside:  # of targets and cotangents
            text = f"the references give no gradient of {', '.join(beside)}"
            findings.append(Finding("not graded", text, beside))
        if self._coarse and not any(finding.name == "low precision" for finding in findings):
            findings.append(Finding("low precision", "float32 is inside, where float64 went in"))
        answer = Answer(called.loss, grads, {}, case.fingerprint)
        return Outcome(answer, "", called.seconds, tuple(findings), self._coarse)

    @property
    def _coarse(self) -> bool:
        return any(self._seen)

    def subject(self, case: Case) -> Subject:
        """The case in its own names."""
        return _Named(case, self.layout, self.about.multiple(case.sizes))

    def companions(self, model: Model, dtype: str) -> tuple[Companion, ...]:
        """Those whose cases the layout can express."""
        return companions.drawn_by(model, lambda model, sizes: self.layout.case(sizes, dtype), self._coarse)


@dataclass(frozen=True)
class _Named(Canonical):
    """A case in the names and shapes of a layout. Gradients are ``factor`` times those of the loss."""

    layout: Layout
    factor: float

    @property
    def graded(self) -> tuple[str, ...]:
        """The arrays that the layout describes."""
        return self.layout.graded

    def named(self, answer: Answer) -> Answer:
        """Every gradient entry by entry at the author's place, times what it is declared to be a multiple by.

        An array of which the answer, a sample, has nothing is left out.
        """
        grads = self._picked(answer.grads, np.nan)
        radii = self._picked(answer.radius, 0.0)
        known = [name for name, grad in grads.items() if not np.isnan(grad).all()]
        exact = np.frexp(abs(self.factor))[0] == 0.5  # a power of two, which rounds nothing
        return answer._replace(
            grads={name: np.nan_to_num(grads[name], posinf=np.inf, neginf=-np.inf) * self.factor for name in known},
            radius={name: np.where(np.isnan(grads[name]), np.inf, abs(self.factor) * radii[name]) for name in known},
            proven=answer.proven and bool(exact),
        )

    def allowed(self, budgets: Budgets) -> Budgets:
        """Every budget at the author's place."""
        picked = self._picked(budgets.grads, 0.0)
        return budgets._replace(
            grads={name: abs(self.factor) * np.nan_to_num(b, posinf=np.inf) for name, b in picked.items()}
        )

    def _picked(self, arrays: Mapping[str, np.ndarray], missing: float) -> dict[str, np.ndarray]:
        """Canonical arrays in the author's; ``missing`` in the place of those that there are none of."""
        dtype = next((array.dtype for array in arrays.values()), np.dtype(float))
        whole = {name: np.full(self.case.arrays[name].shape, missing, dtype) for name in self.case.model.differentiated}
        whole |= arrays
        return {name: self.layout.pick(name, whole) for name in self.graded}

    def scales(self, truth: Answer, budgets: Budgets) -> Scales:
        """By the rows and gates of the author's arrays."""
        return {
            name: measure.scale(
                truth.grads[name], budgets.grads[name], self.layout.axes(name, self.case.sizes), self.dtype
            )
            for name in self.graded
        }
