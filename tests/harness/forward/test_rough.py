"""Roundings drawn anew: what a candidate computes moves by units in its last place, and nothing else of it changes."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from harness.forward.private import load
from harness.forward.rough import Mover

EPS = np.finfo(float).eps


def loaded(folder: Path, source: str) -> tuple[ModuleType, Mover]:
    path = folder / "code.py"
    path.write_text(source)
    mover = Mover()
    module = load(path, mover=mover)
    mover.begin(EPS, 1)
    return module, mover


@pytest.mark.parametrize(
    "body",
    [
        "x + y", "x - y", "x * y", "x / y", "x ** 2", "x @ y", "np.tanh(x)", "np.dot(x, y)", "dot(x, y)", "x.dot(y)",
        "x.sum()", "float(x[0]) * 0.3", "np.float64(0.1) * 0.3", "(x.astype(np.float32) * y.astype(np.float32))",
    ],
)  # fmt: skip
def test_results_are_moved_by_a_unit_in_the_last_place(tmp_path: Path, body: str) -> None:
    module, mover = loaded(tmp_path, f"import numpy as np\nfrom numpy import dot\ndef f(x, y):\n    return {body}\n")
    x, y = np.random.default_rng(0).normal(size=(2, 50))
    right = eval(body, {"np": np, "dot": np.dot, "x": x, "y": y})
    got = [module.f(x.copy(), y.copy()) for _ in range(20)]
    unit = float(np.finfo(np.asarray(right).dtype).eps)
    distance = np.max([np.abs(one - right) / np.abs(right) for one in got])
    assert 0 < distance <= 2 * unit
    assert {np.asarray(one).dtype for one in got} == {np.asarray(right).dtype}
    assert mover.moved


@pytest.mark.parametrize(
    "body",
    [
        "2 * 3", "len(x) // 2 + 1", "x[np.arange(4) * 2]", "(np.arange(6.0) * 2)[-1]", "'%d' % 3 + 'a'",
        "[1] * 3 + [2]", "6.0 / 2", "np.add(x, x, out=np.empty_like(x))", "x.reshape(5, 10)", "-x", "x > 0",
    ],
)  # fmt: skip
def test_whole_numbers_text_and_views_are_not(tmp_path: Path, body: str) -> None:
    module, mover = loaded(tmp_path, f"import numpy as np\ndef f(x):\n    return {body}\n")
    x = np.random.default_rng(0).normal(size=50)
    got, right = module.f(x.copy()), eval(body, {"np": np, "x": x})
    assert np.array_equal(got, right)
    assert not mover.moved


def test_buffers_stay_buffers(tmp_path: Path) -> None:
    body = "    total = np.zeros(3)\n    view = total[:2]\n    view += x * 0.5\n    return total\n"
    module, _ = loaded(tmp_path, f"import numpy as np\ndef f(x):\n{body}")
    got = module.f(np.array([0.1, 0.3]))
    assert got == pytest.approx([0.05, 0.15, 0.0])


def test_a_line_is_still_its_authors(tmp_path: Path) -> None:
    module, _ = loaded(tmp_path, "import numpy as np\n\ndef f(x):\n    y = x * 2.5\n    return y @ x[:2]\n")
    with pytest.raises(ValueError, match="matmul") as raised:
        module.f(np.ones(3))
    assert raised.traceback[-1].lineno + 1 == 5
    assert raised.traceback[-1].path == tmp_path / "code.py"


def test_the_same_seed_gives_the_same_and_another_does_not(tmp_path: Path) -> None:
    module, mover = loaded(tmp_path, "def f(x):\n    return x * 0.3 + 0.1\n")
    x = np.random.default_rng(0).normal(size=50)
    drawn = []
    for seed in (1, 2, 1):
        mover.begin(EPS, seed)
        drawn.append(module.f(x).tolist())
    assert drawn[0] == drawn[2] != drawn[1]


def test_cancellation_shows(tmp_path: Path) -> None:
    """1 − h² of a saturated unit is the rest of a rounding, and moves by as much as it has."""
    module, mover = loaded(tmp_path, "import numpy as np\ndef f(a):\n    h = np.tanh(a)\n    return 1 - h ** 2\n")
    slopes = []
    for seed in range(20):
        mover.begin(EPS, seed)
        slopes.append(float(module.f(np.float64(17.5))))
    true = 4 * np.exp(-35.0)
    assert abs(slopes[0] - true) <= 3 * np.ptp(slopes)
    assert np.ptp(slopes) > 0.1 * true
