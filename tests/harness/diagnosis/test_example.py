"""Counterexamples suffice for pencil and paper and show the fault by themselves; sound candidates have none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import handgrad
import harness
from harness.bank.catalogue import fault
from harness.brought import bring
from harness.candidate import InProcess, own
from harness.candidates.process import Process
from harness.case import DEFAULT_SIZES, from_seed
from harness.commanded import FromFile
from harness.diagnosis import shrink
from harness.diagnosis.example import Smallest, smallest
from harness.diagnosis.example_wrong import Wrong
from harness.errors import BadInput
from harness.laid import Laid
from harness.options import Options
from references.model import Model

CASEBOOK = Path(harness.__file__).parent / "casebook"
LSTM = Model("lstm", "tanh", "cotangent", "sum", 2, readout=False)


@contextmanager
def laid(file: Path) -> Iterator[Laid]:
    with Process(str(file)) as process:
        found = bring(process, Options()).laid
        assert found is not None
        yield found


def planted(name: str) -> Smallest | None:
    one = fault(name)
    return smallest(InProcess(one.candidate), one.model, DEFAULT_SIZES)


@pytest.fixture(scope="module")
def question() -> tuple[Smallest, int]:
    """The casebook's program, whose recurrent adjoint never arrives, and how often progress was told."""
    told: list[str] = []
    with laid(CASEBOOK / "theano-versus-python" / "broken.py") as candidate:
        model, sizes = candidate.layout.model, candidate.layout.sizes
        found = smallest(candidate, model, sizes, progress=lambda words, fraction: told.append(words))
    assert found is not None
    return found, len(told)


def test_a_recurrent_adjoint_that_never_arrives(question: tuple[Smallest, int]) -> None:
    """Two steps of single numbers, and nothing but the carry to tell them apart."""
    found, told = question
    example = found.example
    assert {axis: example.sizes[axis] for axis in "TBDH"} == {"T": 2, "B": 1, "D": 1, "H": 1}
    assert set(example.arrays) == {"Wxh", "Whh", "Who", "bhh", "bho", "x", "y"}
    assert example.arrays["Whh"].any()  # without it nothing is carried
    assert example.array in ("Wxh", "Whh", "bhh")
    assert example.expected.shape == example.obtained.shape == example.arrays[example.array].shape
    assert np.abs(example.obtained - example.expected).max() > 0.05 * np.abs(example.expected).max()
    numbers = np.concatenate([array.ravel() for array in example.arrays.values()])
    assert np.isin(numbers, (0, 1, -1, 0.5, -0.5, 2, -2)).all() and np.count_nonzero(numbers) <= 5
    assert told == found.calls


def test_between_stands_what_leads_to_the_gradient(question: tuple[Smallest, int]) -> None:
    """The bias's gradient is the sum of da, which is carried: da of step 0 holds what arrives from step 1."""
    found, _ = question
    between = found.example.between
    assert list(between)[:4] == ["a", "h", "z", "loss"]
    assert list(between).index("dz") < list(between).index("dh") < list(between).index("da")
    da, W_hh = between["da"], found.case.arrays["W_hh"]
    np.testing.assert_allclose(between["dh_next"], da @ W_hh)
    slope = 1 - between["h"] ** 2
    np.testing.assert_allclose(da[0], (between["G"][0] + da[1] @ W_hh) * slope[0])


@pytest.mark.parametrize(
    ("name", "steps", "batch"),
    [
        ("lstm/4*c/dropped-factor/f", 2, 1),
        ("lstm/2*o/wrong-index/o-earlier", 2, 1),
        ("lstm/4*i/mixed-batch/mean", 1, 2),
        ("lstm/1*t/truncated/every-8", 9, 1),
        ("rnn/1*W/clipped/5", 1, 1),
        ("rnn/1*h/too-early", 2, 1),
    ],
)
def test_planted_faults(name: str, steps: int, batch: int) -> None:
    """Each at the fewest steps and batch entries that can show it, with one input and one unit."""
    found = planted(name)
    assert found is not None
    sizes = found.example.sizes
    assert sizes["T"] <= steps and sizes["B"] <= batch
    assert sizes["D"] == 1 and sizes["H"] == 1
    assert Wrong(InProcess(fault(name).candidate))(found.case) is not None


def test_one_unit_cannot_show_a_transposed_block() -> None:
    found = planted("lstm/1*h/transpose/W_hh-i")
    assert found is not None and found.example.sizes["H"] == 2


def test_a_weak_fault_keeps_a_weak_error() -> None:
    """A thousandth too much is found, though nothing of five hundredths is to be had."""
    found = planted("rnn/1*W/scale/1.001")
    assert found is not None
    np.testing.assert_allclose(found.example.obtained, 1.001 * found.example.expected)


def test_an_error_is_seen_at_a_glance_where_it_can_be() -> None:
    """The gate of the step before is off by a thousandth at numbers around a half; at others by far more."""
    found = planted("lstm/2*i/wrong-index/i-earlier")
    assert found is not None
    expected, obtained = found.example.expected, found.example.obtained
    assert np.abs(obtained - expected).max() > 0.05 * np.abs(expected).max()


def test_it_keeps_to_the_arrays_that_are_meant() -> None:
    one = fault("lstm/4*c/scale/2")
    under_test = InProcess(one.candidate)
    found = smallest(under_test, one.model, DEFAULT_SIZES, Wrong(under_test, arrays=("W_hh",)))
    assert found is not None and found.example.array == "W_hh"


def test_the_same_twice() -> None:
    one, two = planted("lstm/2*i/dropped-factor/1-i"), planted("lstm/2*i/dropped-factor/1-i")
    assert one is not None and two is not None
    assert one.case.fingerprint == two.case.fingerprint


def test_arrays_of_a_function_are_canonical_and_it_has_no_file_to_test() -> None:
    found = planted("lstm/4*i/scale/2")
    assert found is not None
    assert found.example.arrays.keys() == found.case.arrays.keys()
    assert found.example.test == ""


def test_handgrad_itself_has_none() -> None:
    assert smallest(InProcess(), LSTM, DEFAULT_SIZES) is None


@pytest.mark.parametrize(
    "file",
    [
        "nan-lstm/right.py",  # indices, columns, h stacked under x
        "binary-adder/right.py",  # steps backwards, a declared sign, targets between 0 and 1
    ],
)
def test_sound_candidates_have_none(file: str) -> None:
    with laid(CASEBOOK / file) as candidate:
        assert smallest(candidate, candidate.layout.model, candidate.layout.sizes) is None


def test_a_kink_is_no_fault() -> None:
    """With a slope of one where ReLU has none, gradients are others on the kink alone: simple numbers meet it."""

    def at_the_kink(model: Model, arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
        found = own(model, arrays)
        pre = arrays["x"] @ arrays["W_ih"].T + arrays["b_ih"] + arrays["b_hh"]
        return found._replace(grads={**found.grads, "x": found.grads["x"] + (pre == 0).any()})

    model = Model("rnn", "relu", "cotangent", "sum", 2, readout=False)
    case = from_seed(model, {"T": 1, "B": 1, "D": 1, "H": 1, "K": 1})
    zeros = {name: np.zeros_like(array) for name, array in case.arrays.items() if name != "G"}
    on_the_kink = type(case)(model, {**case.arrays, **zeros}, "zeros")
    wrong = Wrong(InProcess(at_the_kink))
    assert wrong(on_the_kink) is None
    assert smallest(InProcess(at_the_kink), model, DEFAULT_SIZES) is None


def test_forward_must_be_right_unless_it_is_meant() -> None:
    """Swapped states: no counterexample of backward, but one of forward, which shows the loss."""
    with laid(CASEBOOK / "nan-lstm" / "fault_4.py") as candidate:
        model, sizes = candidate.layout.model, candidate.layout.sizes
        found = smallest(candidate, model, sizes, Wrong(candidate, forward=True))
        assert found is not None and Wrong(candidate)(found.case) is None
    assert found.example.array == "loss" and found.example.expected.shape == ()
    assert abs(found.example.expected - found.example.obtained) > 1e-3


def test_a_candidate_that_fails_at_other_sizes_is_shown_at_its_own() -> None:
    """That it raises is no wrong gradient, however small the case."""
    one = fault("rnn/1*U/scale/2")

    def rigid(model: Model, arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
        if arrays["W_hh"].shape[1] != 4 or arrays["x"].shape[1] != 2:
            raise ValueError("shapes do not match")
        return one.candidate(model, arrays)

    found = smallest(InProcess(rigid), one.model, {"T": 5, "B": 2, "D": 3, "H": 4, "K": 4})
    assert found is not None
    assert dict(found.example.sizes) == {"T": 1, "B": 2, "D": 1, "H": 4}


def test_division_by_zero_does_not_take_the_place_of_the_fault() -> None:
    """Simple numbers make its slope 0/0; what it got wrong before were finite numbers."""
    one = fault("rnn/1*W/scale/2")

    def fragile(model: Model, arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
        found = one.candidate(model, arrays)
        with np.errstate(all="ignore"):
            odd = found.grads["h0"] * arrays["h0"] / arrays["h0"]
        return found._replace(grads={**found.grads, "h0": odd})

    found = smallest(InProcess(fragile), one.model, DEFAULT_SIZES)
    assert found is not None
    assert found.example.array == "W_ih" and np.isfinite(found.example.obtained).all()


def test_of_gradients_in_a_file_there_is_none(tmp_path: Path) -> None:
    """Nobody can be asked for other cases."""
    assert smallest(FromFile(tmp_path / "gradients.npz"), LSTM, DEFAULT_SIZES) is None


def test_time_that_is_up_ends_it() -> None:
    """What was found until then is given."""
    one = fault("lstm/4*i/scale/2")
    found = smallest(InProcess(one.candidate), one.model, DEFAULT_SIZES, seconds=1e-9)
    assert found is not None
    assert found.calls <= 6 and found.example.sizes["T"] == DEFAULT_SIZES["T"]


def test_without_hypothesis(monkeypatch: pytest.MonkeyPatch) -> None:
    assert shrink.missing() == ""
    monkeypatch.setattr(shrink.util, "find_spec", lambda name: None)
    assert "handgrad[diagnose]" in shrink.missing() and "\n" not in shrink.missing()
    with pytest.raises(BadInput, match="hypothesis not installed"):
        shrink.search(lambda pick: pick([1, 2]), lambda one: True, until=1e9)


_SEARCH = """
from harness.diagnosis.shrink import search
search(lambda pick: [pick(range(9)) for _ in range(99)], lambda one: one[3] > 2, until=float("inf"))
"""


def test_hypothesis_leaves_no_files(tmp_path: Path) -> None:
    """In a process of its own, as Hypothesis looks at loaded source once; outside of a test, where a user calls."""
    subprocess.run([sys.executable, "-c", _SEARCH], cwd=tmp_path, check=True, timeout=60)
    assert not list(tmp_path.iterdir())
