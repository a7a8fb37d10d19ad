"""One way to ask a reference, by its name: what is not installed is skipped, here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from harness.case import Case
from references import protocol
from references.protocol import Answer

Ask = Callable[[str, Case], Answer]


@pytest.fixture
def ask() -> Ask:
    """Ask a reference for its answer to a case."""

    def answer(name: str, case: Case) -> Answer:
        reference = protocol.available()[name]
        if protocol.missing(reference):
            pytest.skip(protocol.missing(reference))
        assert not reference.unsupported(case.model)
        return reference.gradients(case.model, case.copies())

    return answer
