"""Instrumented code computes what it computed, every value can be seen by line and way, and replaced."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from harness.diagnosis.lines.watch import Changes, Event, Watch
from harness.forward.private import load, unload

SOURCE = '''\
"""Every kind of place."""

import numpy as np
from beside import slope


class Layer:
    def __init__(self, W):
        self.W = W
        self.total = np.zeros_like(W)

    def backward(self, d):
        self.total += np.outer(d, d)
        return self.W.T @ d


def run(W, x):
    layer = Layer(W)
    out = np.zeros((2, 3))
    carried = x
    for t in reversed(range(2)):
        carried = layer.backward(carried * slope(x)) if t else carried
        out[t] = carried
    np.multiply(out, 2.0, out=out)
    kept = {"a": [slope(row) for row in out]}
    first, second = out[0], -out[1]
    return kept["a"][0] + first, second, layer.total
'''
BESIDE = """\
def slope(v):
    return 1 - v * v
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "program.py").write_text(SOURCE, encoding="utf-8")
    (tmp_path / "beside.py").write_text(BESIDE, encoding="utf-8")
    return tmp_path


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture
def module(folder: Path, watch: Watch) -> Iterator[ModuleType]:
    loaded = load(folder / "program.py", watch=watch)
    yield loaded
    unload(loaded)


W, X = np.arange(9.0).reshape(3, 3) / 9, np.array([0.1, -0.2, 0.3])


def _run(module: ModuleType, watch: Watch, changes: Changes, recording: bool = False) -> list[np.ndarray]:
    watch.begin(changes, recording)
    return list(module.run(W, X))


def _events(watch: Watch, text: str, kind: str = "value") -> list[Event]:
    numbers = {k for k, site in enumerate(watch.sites) if site.text == text and site.kind == kind}
    return [event for event in watch.events if event.site in numbers]


def test_nothing_changes_by_being_watched(folder: Path, module: ModuleType, watch: Watch) -> None:
    plain = load(folder / "program.py")
    expected = plain.run(W, X)
    for recording in (True, False):
        for got, right in zip(_run(module, watch, {}, recording), expected, strict=True):
            np.testing.assert_array_equal(got, right)
    unload(plain)


def test_a_value_is_seen_at_its_line_and_by_its_way(module: ModuleType, watch: Watch) -> None:
    _run(module, watch, {}, True)
    found = _events(watch, "1 - v * v")
    assert {watch.sites[event.site].line for event in found} == {2}
    assert [event.path[-1][1] for event in found] == [22, 25, 25]  # called for t = 1, then once per row
    assert [event.visit for event in found] == [0, 0, 1]
    np.testing.assert_allclose(found[0].value, 1 - X * X)


def test_a_site_knows_what_it_is_assigned_to_and_what_it_reads(module: ModuleType, watch: Watch) -> None:
    product = next(site for site in watch.sites if site.text == "self.W.T @ d")
    assert (product.variable, product.assigned) == ("backward", True)
    assert [watch.sites[leaf].text for leaf in product.leaves] == ["self.W.T", "d"]
    negative = next(site for site in watch.sites if site.text == "-out[1]")
    assert negative.variable == "second"
    assert next(site for site in watch.sites if site.variable == "out[t]").loop == 21


def test_a_value_is_replaced_at_one_visit_of_one_way(module: ModuleType, watch: Watch) -> None:
    before = _run(module, watch, {}, True)
    second = _events(watch, "1 - v * v")[1]
    after = _run(module, watch, {second.site: {second.path: {0: lambda value: 0 * value}}})
    np.testing.assert_allclose(after[0], before[0] - second.value)
    np.testing.assert_array_equal(after[1], before[1])


@pytest.mark.parametrize("text", ["self.total += np.outer(d, d)", "np.multiply(out, 2.0, out=out)"])
def test_what_was_written_into_is_replaced_in_place(module: ModuleType, watch: Watch, text: str) -> None:
    """Whoever else holds the array sees it."""
    _run(module, watch, {}, True)
    event = _events(watch, text, "result")[-1]
    _, second, total = _run(module, watch, {event.site: {event.path: {event.visit: lambda v: np.full_like(v, 7)}}})
    assert (total == 7).all() if "total" in text else (second == -7).all()


def test_what_is_no_array_of_floats_passes(folder: Path, watch: Watch) -> None:
    (folder / "other.py").write_text(
        "import numpy as np\n\n\ndef run(n):\n    some = [k for k in range(n)]\n"
        "    return f'{n:d}', {'k': np.arange(n)[some]}, lambda v: v + 1\n",
        encoding="utf-8",
    )
    module = load(folder / "other.py", watch=watch)
    watch.begin({}, True)
    text, kept, function = module.run(3)
    assert (text, list(kept["k"]), function(1)) == ("3", [0, 1, 2], 2)
    assert watch.events == []
    unload(module)


AWKWARD = """\
import enum

import numpy as np


class Kind(enum.Enum):
    TANH = 1


def activated(kind, a):
    match kind:
        case np.ndarray(ndim=1):
            return a + kind
        case Kind.TANH:
            return np.tanh(a)
        case -1 | None:
            return -a
        case {"slope": 2}:
            return 2 * a
        case _:
            return a


def run(W, x):
    asked = []

    def buffers():
        asked.append(1)
        return sums[len(asked) % 2]

    sums, order, stack = [np.zeros(3), np.ones(3)], iter(range(9)), [x * k for k in range(4)]
    for kind in (Kind.TANH, -1, {"slope": 2}, x, "no"):
        out = activated(kind, W @ x)
        buffers()[:] += out
        sums[next(order) % 2] += out
    taken = []

    def use(array):
        taken.append(stack.pop() * array)

    while stack:
        use(stack[-1])
    spare = [np.zeros(3), np.zeros(3)]
    both = np.add(x, out, out=spare[next(order) % 2])
    return *sums, *spare, *taken, both, len(asked), next(order)
"""


def test_nothing_is_done_twice_and_patterns_stay(tmp_path: Path, watch: Watch) -> None:
    (tmp_path / "program.py").write_text(AWKWARD, encoding="utf-8")
    plain, instrumented = load(tmp_path / "program.py"), load(tmp_path / "program.py", watch=watch)
    given = np.arange(9.0).reshape(3, 3) / 9, np.arange(3.0)
    right = plain.run(*given)
    watch.begin({}, True)
    ours = instrumented.run(*given)
    assert watch.events
    assert all(np.array_equal(one, other) for one, other in zip(ours, right, strict=True))
    for module in (plain, instrumented):
        unload(module)
