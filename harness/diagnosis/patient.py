"""A candidate that is asked no more once it is found to hang; somebody is told how far the questions are."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from harness.candidate import UnderTest
from harness.case import Case
from harness.diagnosis.asking import Asked
from references.model import Model

Working = Callable[[str, float], None]
#: seconds that all questions without an answer may take together; a process has its own limit for each
_PATIENCE = 10.0
#: about as many questions as equations take
_USUAL = 20


class Patient(Asked):
    """Asks, tells ``working`` so, and asks no more once unanswered questions have taken too long."""

    def __init__(self, under_test: UnderTest, model: Model, dtype: str, working: Working) -> None:
        super().__init__(under_test, model, dtype)
        self._working, self._waited = working, 0.0
        self.words = "equations"  #: what is being done

    @property
    def hangs(self) -> bool:
        """Whether it is asked no more."""
        return self._waited > _PATIENCE

    def __call__(self, case: Case) -> dict[str, np.ndarray] | None:
        """Its answer, as `Asked` gives it; None, too, once it hangs."""
        if self.hangs:
            return None
        self._working(self.words, min(self.calls / _USUAL, 0.95))
        started = time.monotonic()
        answer = super().__call__(case)
        if answer is None:
            self._waited += time.monotonic() - started
        return answer
