"""What can be seen of a module's state, and what of it changed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from harness.candidates import state
from harness.forward.private import load

TEXT = """
import random
import numpy as np
from types import SimpleNamespace

class Cell:
    shared = [1.0]
    def __init__(self):
        self.dW = np.zeros((2, 3))
        self.inner = {"h": [np.zeros(2), np.zeros(2)]}
    def tick(self, cache={}):
        cache["n"] = 1

def count(n=[0]):
    n[0] += 1

def closed():
    held = np.zeros(2)
    def inner():
        held[0] += 1
    return inner

cell, space, generator, legacy = Cell(), SimpleNamespace(n=1), np.random.default_rng(0), np.random.RandomState(0)
plain, words, flag, many, step = random.Random(0), "text", None, {}, closed()
column, scalar, empty = np.zeros((4, 2))[:, 0], np.array(1.0), np.zeros((0, 3))
matrix = np.zeros((2, 2)).view(np.matrix)
loop = []
loop.append(loop)
"""


@pytest.fixture
def module(tmp_path: Path) -> ModuleType:
    (tmp_path / "my.py").write_text(TEXT)
    return load(tmp_path / "my.py")


def bump(array: np.ndarray) -> None:
    array += 1


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda m: bump(m.cell.dW), "cell.dW"),
        (lambda m: bump(m.cell.inner["h"][1]), "cell.inner"),
        (lambda m: m.Cell.shared.append(2.0), "Cell.shared"),
        (lambda m: m.cell.tick(), "Cell.tick"),
        (lambda m: m.count(), "count"),
        (lambda m: m.step(), "step:held"),
        (lambda m: setattr(m.space, "n", 2), "space.n"),
        (lambda m: m.generator.normal(), "generator"),
        (lambda m: m.legacy.normal(), "legacy"),
        (lambda m: m.plain.random(), "plain"),
        (lambda m: setattr(m, "words", "other"), "words"),
        (lambda m: setattr(m, "flag", True), "flag"),
        (lambda m: m.many.update(a=1), "many"),
        (lambda m: bump(m.column), "column"),
        (lambda m: bump(m.scalar), "scalar"),
        (lambda m: bump(m.matrix), "matrix"),
        (lambda m: setattr(m, "empty", np.zeros((0, 4))), "empty"),
        (lambda m: setattr(m, "new", 1), "new"),
    ],
)
def test_a_change_is_seen(module: ModuleType, change: Callable[[ModuleType], object], path: str) -> None:
    before = state.snapshot(module)
    assert state.changed(before, state.snapshot(module)) == []
    change(module)
    assert state.changed(before, state.snapshot(module)) == [path]


def test_changed_arrays_are_those_that_were_there(module: ModuleType) -> None:
    before = state.snapshot(module)
    bump(module.cell.dW)
    bump(module.cell.inner["h"][0])
    module.fresh = np.ones(3)
    module.scalar = None
    assert set(state.changed_arrays(before, state.snapshot(module))) >= {"cell.dW", "cell.inner['h'][0]"}
    assert "fresh" not in state.changed_arrays(before, state.snapshot(module))


def test_shapes(module: ModuleType) -> None:
    shapes = state.arrays(module)
    assert shapes["cell.dW"] == (2, 3) and shapes["scalar"] == () and shapes["empty"] == (0, 3)
