"""Sizes that are written into a candidate's code are kept, as long as they are small."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import programs
from harness import brought
from harness.candidates.process import Process
from harness.diagnosis import sizing
from harness.diagnosis.asking import Asked
from harness.diagnosis.box import outside
from harness.options import Options

HEAD = "def loss_and_grads(params, data):\n"
FEATURES = "    assert params['U'].shape == (4, 5) and params['V'].shape == (3, 5)\n"
STEPS = "    assert len(data['x']) == 6\n"
WRONG = ("grad_s * (1 - s * s)", "grad_s * (1 + s * s)")
#: in one unit, as nothing tells them apart
BROKEN = {"2*h", "2*a"}


def _asked(path: Path, text: str, *changes: tuple[str, str]) -> tuple[set[str] | None, tuple[str, ...], int]:
    """Which equations are broken, which axes were kept, and the number of calls."""
    for old, new in changes:
        assert text.count(old) == 1
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")
    with Process(str(path)) as process:
        laid = brought.bring(process, Options()).laid
        assert laid is not None
        assert outside(Asked(laid, laid.layout.model)) is None  # it takes none of the usual sizes
        ask = Asked(laid, laid.layout.model)
        found = sizing.asked(ask)
        return None if found is None else set(found.broken), ask.kept, ask.calls


@pytest.fixture
def text() -> str:
    return programs.program("rnn_per_step").read_text(encoding="utf-8")


def test_features_are_kept(tmp_path: Path, text: str) -> None:
    broken, kept, calls = _asked(tmp_path / "program.py", text, WRONG, (HEAD, HEAD + FEATURES))
    assert broken is not None
    assert broken & BROKEN
    assert "T" not in kept
    assert calls < 100


def test_all_sizes_are_kept(tmp_path: Path, text: str) -> None:
    broken, kept, _ = _asked(tmp_path / "program.py", text, WRONG, (HEAD, HEAD + FEATURES + STEPS))
    assert broken is not None
    assert broken & BROKEN
    assert "T" in kept


def test_what_is_right_in_its_own_sizes_is_not_accused(tmp_path: Path, text: str) -> None:
    broken, _, _ = _asked(tmp_path / "program.py", text, (HEAD, HEAD + FEATURES + STEPS))
    assert broken == set()


def test_large_sizes_are_not_asked_about(tmp_path: Path, text: str) -> None:
    """Eliminating so many adjoints would take minutes, and more memory than there is."""
    large = ("T=6, n_in=4, n_hidden=5", "T=50, n_in=4, n_hidden=64")
    only = "    assert params['U'].shape == (4, 64) and len(data['x']) == 50\n"
    broken, _, calls = _asked(tmp_path / "program.py", text, WRONG, large, (HEAD, HEAD + only))
    assert broken is None
    assert calls < 20
