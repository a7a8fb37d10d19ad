"""The candidates of this folder: each convention's right one, and the broken one made out of it."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

HERE = Path(__file__).parent
NAMES = sorted(path.parent.name for path in HERE.glob("*/right.py"))


@pytest.fixture(scope="session")
def faults() -> Mapping[str, Mapping[str, Any]]:
    """What breaks each convention: its cause, the text, its replacement, and the arrays that become wrong."""
    return tomllib.loads((HERE / "broken.toml").read_text(encoding="utf-8"))


@pytest.fixture(params=NAMES)
def name(request: pytest.FixtureRequest) -> str:
    """Every convention in turn, unless a test says which."""
    return str(request.param)


@pytest.fixture
def right(name: str) -> Path:
    return HERE / name / "right.py"


@pytest.fixture
def broken(name: str, right: Path, faults: Mapping[str, Mapping[str, Any]], tmp_path: Path) -> Path:
    """A copy of the right one in which one text, found once, is replaced."""
    source = right.read_text(encoding="utf-8")
    text, replacement = faults[name]["text"], faults[name]["replacement"]
    assert source.count(text) == 1, (
        f"{name}: got {source.count(text)} of {text!r} in right.py, allowed: 1; edit broken.toml"
    )
    copy = tmp_path / "broken.py"
    copy.write_text(source.replace(text, replacement), encoding="utf-8")
    return copy


@pytest.fixture
def wrong(name: str, faults: Mapping[str, Mapping[str, Any]]) -> set[str]:
    """Exactly the arrays whose gradient is wrong in the broken one."""
    return set(faults[name]["wrong"])
