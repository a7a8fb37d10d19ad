"""Complex step: exact to rounding in longdouble, right in both tails, refused where it would take long."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from harness.case import Case, from_seed
from references import complex_step, equations, extended, patience, perturbed
from references.equations import losses
from references.model import Model
from references.protocol import Answer, Unavailable

SIZES = {"T": 6, "B": 3, "D": 4, "H": 5, "K": 7}
CELLS = [(cell, activation) for cell in equations.cells() for activation in equations.cell(cell).ACTIVATIONS]
EPS = np.finfo(np.longdouble).eps
#: Relative to the largest entry of an array, where a longdouble has 64 bits; 90 units in its last place elsewhere.
EXACT = max(1e-17, 90 * EPS)


def _case(cell: str, activation: str = "tanh", loss: str = "softmax-cross-entropy", dtype: str = "float64") -> Case:
    return from_seed(Model(cell, activation, loss, "mean", 2, readout=loss not in losses.ON_HIDDEN), SIZES, dtype)


def _gradients(case: Case) -> Answer:
    return complex_step.gradients(case.model, case.arrays)


def _worst(answer: Answer, other: Answer) -> float:
    """The largest difference, relative to the largest entry of its array."""
    return max(
        float(np.max(np.abs(grad - other.grads[name])) / np.max(np.abs(other.grads[name])))
        for name, grad in answer.grads.items()
    )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("loss", losses.NAMES)
@pytest.mark.parametrize(("cell", "activation"), CELLS)
def test_it_has_the_gradient_of_reverse_mode_to_rounding(cell: str, activation: str, loss: str, dtype: str) -> None:
    case = _case(cell, activation, loss, dtype)
    truth, answer = extended.gradients(case.model, case.arrays), _gradients(case)
    assert _worst(answer, truth) < EXACT
    assert abs(answer.loss - truth.loss) < EXACT * max(1, abs(truth.loss))
    assert {name: value.shape for name, value in answer.trace.items()} == {
        name: value.shape for name, value in truth.trace.items()
    }
    assert all(np.abs(value - truth.trace[name]).max() < 40 * EXACT for name, value in answer.trace.items())


@pytest.mark.parametrize("name", Model("lstm", "tanh", "softmax-cross-entropy", "sum", 2, True).differentiated)
def test_a_gradient_that_is_off_in_the_last_bits_of_double_is_told_apart(name: str) -> None:
    case = _case("lstm")
    answer = _gradients(case)
    wrong = {**answer.grads, name: answer.grads[name] * (1 + np.longdouble(10 * EXACT))}
    assert _worst(answer._replace(grads=wrong), extended.gradients(case.model, case.arrays)) > 5 * EXACT


def test_a_lost_imaginary_part_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a function that takes a real part on the way would do, and why the functions here are tested one by one."""
    case = _case("lstm")
    truth = extended.gradients(case.model, case.arrays)
    monkeypatch.setattr(complex_step.ComplexOps, "tanh", lambda self, a: np.tanh(a.real))
    assert _worst(_gradients(case), truth) > 0.1


FUNCTIONS = {
    "tanh": lambda a: 1 / np.cosh(a) ** 2,
    "sigmoid": lambda a: 1 / (2 + np.exp(a) + np.exp(-a)),
    "softplus": lambda a: 1 / (1 + np.exp(-a)),
    "relu": lambda a: np.where(a > 0, 1.0, 0.0),
    "identity": np.ones_like,
}
POINTS = np.array([-1e4, -700, -50, -20, -1.5, -1e-9, 0, 1e-9, 0.3, 20, 50, 700, 1e4], np.longdouble)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_functions_slope_is_right_in_both_tails(name: str) -> None:
    """To relative precision, where the slope is 1e-4000, too."""
    with np.errstate(over="ignore", under="ignore"):
        slope = getattr(complex_step.ComplexOps(), name)(POINTS + 1j * complex_step.STEP).imag / complex_step.STEP
        true = FUNCTIONS[name](POINTS)
    representable = true > np.finfo(np.longdouble).tiny / complex_step.STEP
    assert np.isfinite(slope).all()
    assert (np.abs(slope - true) <= 20 * EPS * true)[representable].all()
    assert (slope == 0)[true == 0].all()


def test_logsumexp_has_softmax_as_its_slope_whatever_the_size() -> None:
    a = np.array([[-1e4, 3, 3.5, -2], [1e4, 1e4, -1e4, 0], [0, 0, 0, 0]], np.longdouble)
    with np.errstate(under="ignore"):
        true = np.exp(a - a.max(axis=1, keepdims=True))
        true /= true.sum(axis=1, keepdims=True)
        for k in range(4):
            moved = a + 1j * complex_step.STEP * (np.arange(4) == k)
            found = complex_step.ComplexOps().logsumexp(moved)
            assert found.shape == (3, 1)
            assert np.allclose(found.imag[:, 0] / complex_step.STEP, true[:, k], rtol=20 * float(EPS), atol=0)


def test_the_step_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is subtracted, so there is none that is too small; a larger one shows only where h² does."""
    case = _case("lstm")
    answer = _gradients(case)
    monkeypatch.setattr(complex_step, "STEP", 2.0**-300)
    assert _worst(_gradients(case), answer) < EXACT
    monkeypatch.setattr(complex_step, "STEP", 2.0**-10)
    assert _worst(_gradients(case), answer) > 1e-9


def test_a_derivative_that_has_all_but_vanished_keeps_its_precision() -> None:
    """Six steps back, each through weights of 1e-14."""
    case = _case("rnn", loss="half-squared-error")
    case = replace(case, arrays=case.copies() | {"W_hh": case.arrays["W_hh"] * 1e-14})
    late = case.copies() | {"y": case.arrays["y"] * (np.arange(6) == 5)[:, np.newaxis, np.newaxis]}
    model = replace(case.model, loss="cotangent", readout=False)
    arrays = {name: array for name, array in late.items() if name in model.axes}
    arrays |= {"G": np.zeros((6, 3, 5)), "G_h": np.ones((3, 5))}
    true = extended.gradients(model, arrays).grads["h0"]
    found = complex_step.gradients(model, arrays).grads["h0"]
    assert 0 < np.abs(true).max() < 1e-80
    assert (np.abs(found - true) < 1e3 * EPS * np.abs(true).max()).all()


@pytest.mark.parametrize("memory", [1, 20_000, 10**9])
def test_chunks_of_any_size_give_the_same(memory: int, monkeypatch: pytest.MonkeyPatch) -> None:
    case = _case("lstm")
    answer = _gradients(case)
    monkeypatch.setattr(perturbed, "MEMORY", memory)
    assert _worst(_gradients(case), answer) < 20 * EPS


LONG = r"would take {} 3 h for 364 elements, and begins nothing beyond 2 min: choose a smaller shape, or leave it out$"


def _slow(monkeypatch: pytest.MonkeyPatch, *durations: float) -> None:
    """A clock by which the case as it is, and then its first chunk, take so many seconds."""
    times = iter([moment for duration in durations for moment in (0.0, duration)])
    monkeypatch.setattr(perturbed, "time", SimpleNamespace(perf_counter=lambda: next(times)))


def test_what_would_take_too_long_is_refused_after_the_first_chunk(monkeypatch: pytest.MonkeyPatch) -> None:
    """What has batch entries is moved in all of them at once: 6·4 + 2·5 + 262 times, 100 of which come first."""
    case = _case("lstm")
    _slow(monkeypatch, 0.0, 3 * 3600 / 296 * 100)
    with pytest.raises(Unavailable, match="it " + LONG.format("about")):
        _gradients(case)


def test_what_is_out_of_the_question_is_refused_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    case = _case("lstm")
    _slow(monkeypatch, 3 * 3600 / 296 * 8)
    with pytest.raises(Unavailable, match="it " + LONG.format("at least")):
        _gradients(case)


@pytest.mark.parametrize(
    ("seconds", "words"), [(110, "110 s"), (121, "2 min"), (600, "10 min"), (7200, "2 h"), (90_000, "25 h")]
)
def test_durations_are_in_words(seconds: float, words: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "LIMIT", 5)
    with pytest.raises(Unavailable, match=rf"about {words} for 1,000 elements, and begins nothing beyond 5 s"):
        patience.refuse_beyond_limit(seconds, 1000)
    monkeypatch.setattr(patience, "LIMIT", seconds)
    patience.refuse_beyond_limit(seconds, 1000)  # at the limit it begins
