"""Candidates as a user writes them: a right one, into which each test plants what it is about."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from harness.candidates.process import Process
from harness.candidates.served import Served
from harness.candidates.surroundings import Voice
from harness.candidates.target import Target

#: a right candidate: half the squared length of tanh(Wx + b); PLANT is run in every call, TOP when it is imported
RIGHT = """
import numpy as np
{top}

def loss_and_grads(params, data):
    {plant}
    h = np.tanh(params["W"] @ data["x"] + params["b"])  # H T
    da = h * (1 - h * h)                                # H T
    return 0.5 * np.sum(h * h), {{"W": da @ data["x"].T, "b": da.sum(axis=1, keepdims=True)}}


def example(seed):
    rng = np.random.default_rng(seed)
    return {{"W": rng.normal(size=(5, 3)), "b": rng.normal(size=(5, 1))}}, {{"x": rng.normal(size=(3, 4))}}
"""

Plant = Callable[..., Process]


def right(plant: str = "pass", top: str = "") -> str:
    """The right candidate's text with something planted."""
    indented = textwrap.indent(textwrap.dedent(plant).strip(), "    ").lstrip()
    return RIGHT.format(plant=indented, top=textwrap.dedent(top).strip())


@pytest.fixture
def written(tmp_path: Path) -> Iterator[Callable[..., Process]]:
    """Start a candidate from its text."""
    processes: list[Process] = []

    def write(text: str, timeout: float = 60.0, memory: float = 4.0, target: str = "") -> Process:
        (tmp_path / "my.py").write_text(textwrap.dedent(text))
        processes.append(Process(f"{tmp_path / 'my.py'}{target}", timeout, memory))
        return processes[-1]

    yield write
    for process in processes:
        process.close()


@pytest.fixture
def planted(written: Callable[..., Process]) -> Plant:
    """Start the right candidate with something planted in it."""

    def plant(plant: str = "pass", top: str = "", **limits: float) -> Process:
        return written(right(plant, top), **limits)

    return plant


@pytest.fixture
def served(tmp_path: Path) -> Callable[[str], Served]:
    """What a worker holds of a candidate, in this process: for what does no harm, as it spares the start."""

    class Silent(Voice):
        def __init__(self) -> None:
            pass

        def mend(self) -> bool:
            return False

    def hold(text: str) -> Served:
        (tmp_path / "my.py").write_text(text)
        return Served(Target.read(str(tmp_path / "my.py")), 4.0, Silent(), lambda doing, share: None)

    return hold
