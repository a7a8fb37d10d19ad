"""Small source texts, written to a file and differentiated as a candidate's file is."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from own_forward import Differentiate, loss_of

from harness.candidates.structure import as_array
from harness.forward.derive import Derived, derive
from harness.forward.private import load


@pytest.fixture
def differentiate(tmp_path: Path) -> Differentiate:
    """``differentiate(source, params, data)`` of a text that defines ``loss_and_grads``, or only ``loss``."""

    def run(
        source: str,
        params: Mapping[str, Any],
        data: Mapping[str, Any] | None = None,
        names: list[str] | None = None,
        **settings: Any,
    ) -> Derived:
        file = tmp_path / "candidate.py"
        file.write_text(textwrap.dedent(source))
        data = data or {}
        names = names or [key for key, value in {**params, **data}.items() if as_array(value) is not None]
        return derive(loss_of(load(file)), lambda: loss_of(load(file, patched=True)), params, data, names, **settings)

    return run
