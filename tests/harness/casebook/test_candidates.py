"""Every candidate of the casebook, against a complex step through forward passes that are written anew.

What expectation.toml says of a candidate is what is found: which gradients are right on its own forward, which are not,
and by which shared factor they are off.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from harness.candidates.structure import as_array, copied, like

Values = dict[str, Any]
Loss = Callable[[Values, Values], Any]
Load = Callable[[str, str], ModuleType]
Drawn = Callable[[str, str, int], tuple[Values, Values]]

#: what a right gradient may be off by, and what a wrong one must be, relative to the largest entry of the array
RIGHT, WRONG = 1e-12, 1e-4
SEEDS = (1, 2)


def derivative(loss: Loss, params: Values, data: Values, name: str) -> np.ndarray:
    """dL/d(the value called ``name``) by complex step, one element after the other."""
    value = (params | data)[name]
    array = as_array(value)
    assert array is not None
    found = np.empty(array.shape)
    for index in np.ndindex(array.shape):
        moved = array.astype(complex)
        moved[index] += 1e-30j
        there = like(value, moved)
        at = (params | {name: there}, data) if name in params else (params, data | {name: there})
        found[index] = loss(*at).imag / 1e-30
    return found


def answer(module: ModuleType, params: Values, data: Values) -> tuple[float, Values]:
    """The candidate's loss, and what its gradients are by the sign that it declares."""
    loss, grads = module.loss_and_grads(copied(params), copied(data))
    return float(loss), {name: grad * getattr(module, "sign", 1) for name, grad in grads.items()}


def judged(grads: Values, truth: Values) -> tuple[set[str], set[str]]:
    """The arrays that agree and those that differ. Fails for an array that is neither."""
    with np.errstate(invalid="ignore"):
        errors = {name: np.abs(grads[name] - true).max() / np.abs(true).max() for name, true in truth.items()}
    agree = {name for name, error in errors.items() if error <= RIGHT}
    differ = {name for name, error in errors.items() if not error <= WRONG}  # NaN differs
    assert agree | differ == errors.keys(), errors
    return agree, differ


def lists(expected: Values) -> tuple[set[str], set[str]]:
    return set(expected["agree"]), set(expected["differ"])


def judge(module: ModuleType, model: Loss, params: Values, data: Values) -> tuple[set[str], set[str]]:
    """The candidate's gradients against those of ``model``, all of which it must return in the shape of their array."""
    _, grads = answer(module, params, data)
    truth = {name: derivative(model, params, data, name) for name in grads}
    assert {name: grad.shape for name, grad in grads.items()} == {name: true.shape for name, true in truth.items()}
    assert params.keys() <= grads.keys()
    return judged(grads, truth)


def test_an_expectation_says_everything(
    load: Load, forwards: ModuleType, entry: str, stem: str, expected: Values
) -> None:
    assert load(entry, stem).__doc__
    tables = [expected, *(table for table in expected.values() if isinstance(table, dict) and "verdict" in table)]
    for table in tables:
        assert table["about"]
        assert table["verdict"] in ("agree", "differ", "error")
        assert table["verdict"] == "differ" or not table["differ"]
        assert table["differ"] or table["verdict"] != "differ" or "loud" in table  # a companion sees it
        assert not set(table["agree"]) & set(table["differ"])
        assert set(table["findings"]) <= {"scaled", "non-finite", "clipped"}
    assert bool(expected["layout"]) is hasattr(load(entry, stem), "layout")
    assert isinstance(expected["layout"], dict) == ((entry, stem) in forwards.INTENDED)


def test_no_candidate_and_no_entry_is_left_out(casebook: Path, load: Load, forwards: ModuleType) -> None:
    files = [(file.parent.name, file.stem) for file in casebook.glob("*/*.py")]
    candidates = {file for file in files if hasattr(load(*file), "loss_and_grads")}
    loops = {file for file in candidates if hasattr(load(*file), "feed")}  # judged while they train, not here
    assert loops == {("nan-lstm", "loop"), ("nan-lstm", "loop_mended")}
    candidates -= loops
    assert candidates == forwards.OWN.keys()
    assert set(files) - candidates - loops == {("nan-lstm", "program"), ("gradient-check-lstm", "program")}
    entries = {entry for entry, _ in candidates}
    assert entries == {folder.parent.name for folder in casebook.glob("*/README.md")}
    assert entries == {folder.parent.name for folder in casebook.glob("*/expectation.toml")}


def test_every_candidate_has_an_expectation(forwards: ModuleType, entry: str, stem: str, expected: Values) -> None:
    assert (entry, stem) in forwards.OWN


@pytest.mark.parametrize("seed", SEEDS)
def test_its_own_forward_says_which_gradients_are_right(
    load: Load, drawn: Drawn, forwards: ModuleType, entry: str, stem: str, expected: Values, arrays: set[str], seed: int
) -> None:
    module, own = load(entry, stem), forwards.OWN[entry, stem]
    params, data = drawn(entry, stem, seed)
    assert answer(module, params, data)[0] == pytest.approx(own(params, data), rel=1e-13)
    assert judge(module, own, params, data) == lists(expected)


def test_the_guide_as_printed_subtracts_at_a_row_that_is_not_there(load: Load, drawn: Drawn) -> None:
    with pytest.raises(IndexError, match="index 1 is out of bounds for axis 0 with size 1"):
        load("nan-lstm", "guide").loss_and_grads(*drawn("nan-lstm", "guide", 1))


def test_scaled_gradients_have_one_factor(
    load: Load, drawn: Drawn, forwards: ModuleType, entry: str, stem: str, expected: Values, differing: list[str]
) -> None:
    """Those that are expected to be scaled are right but for it; of no other one are all arrays off by one factor."""
    params, data = drawn(entry, stem, 1)
    _, grads = answer(load(entry, stem), params, data)
    truth = {name: derivative(forwards.OWN[entry, stem], params, data, name) for name in grads}
    if "scaled" in expected["findings"]:
        factor = {"T": len(data.get("inputs", ())), -1: -1}[expected["factor"]]
        assert judged({name: grad / factor for name, grad in grads.items()}, truth) == (set(grads), set())
    else:
        fitted = [np.vdot(truth[name], grads[name]) / np.vdot(truth[name], truth[name]) for name in truth]
        assert np.ptp(fitted) > 1e-3


@pytest.mark.parametrize("seed", SEEDS)
def test_by_its_layout_a_candidate_is_judged_as_the_model_that_was_meant(
    load: Load, drawn: Drawn, forwards: ModuleType, entry: str, stem: str, expected: Values, layout: Values, seed: int
) -> None:
    params, data = drawn(entry, stem, seed)
    meant = forwards.INTENDED[entry, stem]
    assert layout["forward"] == "differ"
    assert abs(answer(load(entry, stem), params, data)[0] - meant(params, data)) > 1e-3
    assert judge(load(entry, stem), meant, params, data) == lists(layout)


def loudly(loud: Values, params: Values) -> Values:
    """The parameters with what ``loud`` multiplies multiplied and what it adds added."""
    factors, terms = loud.get("multiply", {}), loud.get("add", {})
    assert factors or terms
    return {name: value * factors.get(name, 1) + terms.get(name, 0) for name, value in params.items()}


@pytest.mark.filterwarnings("ignore:overflow", "ignore:invalid value", "ignore:divide by zero")
@pytest.mark.parametrize("seed", SEEDS)
def test_what_only_large_numbers_show(
    load: Load, drawn: Drawn, forwards: ModuleType, entry: str, stem: str, expected: Values, loud: Values, seed: int
) -> None:
    params, data = drawn(entry, stem, seed)
    params = loudly(loud, params)
    meant = forwards.INTENDED.get((entry, stem), forwards.OWN[entry, stem])
    loss, grads = answer(load(entry, stem), params, data)
    assert judge(load(entry, stem), meant, params, data) == lists(loud)
    assert np.isfinite(meant(params, data))
    finite = np.isfinite(loss) and all(np.isfinite(grad).all() for grad in grads.values())
    assert finite == ("non-finite" not in loud["findings"])
    assert (loss != pytest.approx(meant(params, data), rel=1e-12)) == (loud.get("forward") == "differ")


@pytest.mark.parametrize("loud", [{"add": {"by": 1000.0}}, {"multiply": {"Wy": 100.0}}])
def test_the_sound_program_is_right_on_large_numbers_too(
    load: Load, drawn: Drawn, forwards: ModuleType, loud: Values
) -> None:
    params, data = drawn("nan-lstm", "right", 1)
    agree, differ = judge(load("nan-lstm", "right"), forwards.OWN["nan-lstm", "right"], loudly(loud, params), data)
    assert not differ
    assert agree == {*params, "h0", "c0"}


def test_a_candidate_is_a_function(
    load: Load, drawn: Drawn, entry: str, stem: str, expected: Values, arrays: set[str]
) -> None:
    """Called twice on the same bytes it answers the same, and leaves its arguments as they were."""
    given, kept = drawn(entry, stem, 1), drawn(entry, stem, 1)
    first, second = (load(entry, stem).loss_and_grads(*given) for _ in range(2))
    assert first[0] == second[0]
    assert all(np.array_equal(first[1][name], second[1][name]) for name in first[1])
    for before, after in zip(kept, given, strict=True):
        for name, value in before.items():
            assert np.array_equal(np.asarray(value, object), np.asarray(after[name], object)), name


#: what stands in the walk of the gradient check's LSTM, and what should
WALK = {
    "range(t - 1, -1, -1)": "range(t, -1, -1)",
    "dc += dc * states.f[s]": "dc = dc * states.f[s]",
    "into_cell(states, 0, dh)": "into_cell(states, t, dh)",
    "np.dot(": "np.outer(",
}


@pytest.mark.parametrize("left", [*WALK, "none"])
def test_each_of_four_faults_alone_makes_the_walk_wrong(
    casebook: Path, module: Callable[[Path], ModuleType], drawn: Drawn, forwards: ModuleType, tmp_path: Path, left: str
) -> None:
    """With the other three mended; and with all four mended, one walk per output is right."""
    folder = casebook / "gradient-check-lstm"
    source = (folder / "broken.py").read_text()
    for wrong, right in WALK.items():
        assert source.count(wrong) == 1
        source = source.replace(wrong, right) if wrong != left else source
    (tmp_path / "program.py").write_text((folder / "program.py").read_text())
    (tmp_path / "walk.py").write_text(source)
    params, data = drawn("gradient-check-lstm", "broken", 1)
    own = forwards.OWN["gradient-check-lstm", "broken"]
    agree, differ = judge(module(tmp_path / "walk.py"), own, params, data)
    assert bool(differ) == (left != "none")
    assert "V" in agree
