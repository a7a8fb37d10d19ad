"""The casebook's files as modules, their examples with every float drawn anew, and their expectations."""

from __future__ import annotations

import importlib.util
import sys
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import harness
from harness.candidates.structure import as_array, like

CASEBOOK = Path(harness.__file__).parent / "casebook"
Values = dict[str, Any]
#: what a test may ask for beside: the part of an expectation, empty for those that lack it
PARTS: dict[str, Callable[[Values], Any]] = {
    "all": lambda expected: True,
    "arrays": lambda expected: {*expected["agree"], *expected["differ"]},  # none where nothing is judged
    "differing": lambda expected: expected["differ"],
    "layout": lambda expected: expected["layout"] if isinstance(expected["layout"], dict) else {},
    "loud": lambda expected: expected.get("loud", {}),
}


@cache
def _module(path: Path) -> ModuleType:
    """The file as a module of its own; what lies beside it can be imported by it, and is forgotten afterwards."""
    known = set(sys.modules)
    sys.path.insert(0, str(path.parent))
    try:
        spec = importlib.util.spec_from_file_location(f"{path.parent.name} {path.stem}", path)
        assert spec is not None and spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        sys.path.remove(str(path.parent))
        for name in set(sys.modules) - known:
            if Path(getattr(sys.modules[name], "__file__", None) or "/").parent == path.parent:
                del sys.modules[name]
    return module


def _load(entry: str, stem: str) -> ModuleType:
    return _module(CASEBOOK / entry / f"{stem}.py")


def _drawn(entry: str, stem: str, seed: int) -> tuple[Values, Values]:
    """The example's values: floats normal with deviation ½, but data of zeros and ones, which are kept."""
    params, data = _load(entry, stem).example(seed)
    rng = np.random.default_rng(seed)

    def redrawn(value: Any, keep: bool) -> Any:
        array = as_array(value)
        if array is None or (keep and array.any() and np.isin(array, (0, 1)).all()):
            return value
        return like(value, rng.normal(size=array.shape) / 2)

    return (
        {name: redrawn(value, keep=False) for name, value in params.items()},
        {name: redrawn(value, keep=True) for name, value in data.items()},
    )


def _expectations() -> list[tuple[str, str, Values]]:
    """Entry, stem, and its table of expectation.toml."""
    files = sorted(CASEBOOK.glob("*/expectation.toml"))
    return [
        (file.parent.name, stem, table)
        for file in files
        for stem, table in tomllib.loads(file.read_text()).items()
        if stem not in ("needs", "question")  # which are of the entry, and of no candidate
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Tests that ask for entry, stem and expected run once per candidate, or once per candidate that has a ``PART``."""
    asked = set(metafunc.fixturenames)
    if not {"entry", "stem", "expected"} <= asked:
        return
    rows = [(*one, PARTS[part](one[2])) for one in _expectations() for part in PARTS.keys() & asked or {"all"}]
    rows = [row for row in rows if row[3]]
    arguments = ["entry", "stem", "expected", *(PARTS.keys() & asked)]
    metafunc.parametrize(arguments, [row[: len(arguments)] for row in rows], ids=[f"{e}/{s}" for e, s, *_ in rows])


@pytest.fixture(scope="session")
def casebook() -> Path:
    return CASEBOOK


@pytest.fixture(scope="session")
def load() -> Callable[[str, str], ModuleType]:
    return _load


@pytest.fixture(scope="session")
def module() -> Callable[[Path], ModuleType]:
    return _module


@pytest.fixture(scope="session")
def drawn() -> Callable[[str, str, int], tuple[Values, Values]]:
    return _drawn


@pytest.fixture(scope="session")
def forwards() -> ModuleType:
    return _module(Path(__file__).with_name("forwards.py"))
