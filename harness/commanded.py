"""Candidates in other languages: a command that is given a case, and gradients that were computed elsewhere."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from harness import companions
from harness.candidate import Outcome, seen
from harness.candidates import exchange
from harness.candidates.command import Command
from harness.candidates.exchange import Given
from harness.candidates.failure import CandidateFailed
from harness.case import Case
from harness.companions import Companion
from harness.subject import Canonical, Subject
from references.model import Model
from references.protocol import Answer


@dataclass(frozen=True)
class Commanded:
    """A program that reads a case and writes gradients, by canonical names."""

    template: str
    timeout: float
    memory: float
    any_model: bool = False
    version: str = ""

    @cached_property
    def _command(self) -> Command:
        return Command(self.template, self.timeout, self.memory)

    @property
    def name(self) -> str:
        """The program's."""
        return self._command.name

    def answer(self, case: Case, times: int = 2) -> Outcome:
        """What it writes; how it fails is an outcome."""
        try:
            return _outcome(self._command.run(case, times), case)
        except CandidateFailed as error:
            return Outcome(None, str(error), 0.0, ())

    def subject(self, case: Case) -> Subject:
        """In canonical names."""
        return Canonical(case)

    def companions(self, model: Model, dtype: str) -> tuple[Companion, ...]:
        """Those of the model."""
        return companions.of(model, dtype, False)


@dataclass(frozen=True)
class FromFile:
    """Gradients of one saved case, computed elsewhere."""

    path: Path
    any_model: bool = False
    version: str = ""

    @property
    def name(self) -> str:
        """The file's."""
        return self.path.name

    def answer(self, case: Case, times: int = 2) -> Outcome:
        """What the file holds. Raises BadInput where it holds no gradients of this case."""
        return _outcome(exchange.read(self.path, case), case)

    def subject(self, case: Case) -> Subject:
        """In canonical names."""
        return Canonical(case)

    def companions(self, model: Model, dtype: str) -> tuple[Companion, ...]:
        """None: there is nobody to ask."""
        return ()


def _outcome(given: Given, case: Case) -> Outcome:
    loss = np.empty(0) if given.loss is None else given.loss
    findings = seen(given.impure, given.notes)
    return Outcome(Answer(loss, given.grads, given.trace, case.fingerprint), "", given.seconds, tuple(findings))
