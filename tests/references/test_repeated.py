"""The lean functions for many calls: they answer what ``gradients`` answers, of what they were asked for."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from harness.case import from_seed
from references import extended, protocol
from references.model import Model
from references.protocol import Answer, Unavailable, repeated

SIZES = {"T": 6, "B": 3, "D": 4, "H": 5, "K": 7}
MODELS = [
    Model("rnn", "tanh", "softmax-cross-entropy", "mean", 1, True),
    Model("lstm", "identity", "first-unit-squared-error", "sum", 2, False),
]


def _names(model: Model) -> tuple[str, ...]:
    return tuple(name for name in model.graded if name[0] in "Wb")


def _near(one: np.ndarray, two: np.ndarray) -> bool:
    return bool(np.abs(one - two).max() <= 1e-13 * np.abs(two).max())


@pytest.mark.parametrize("sets", [1, 3])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.cell)
@pytest.mark.parametrize("name", ["jax", "torch", "extended"])
def test_they_answer_what_gradients_answers(name: str, model: Model, sets: int) -> None:
    reference = protocol.available()[name]
    if protocol.missing(reference):
        pytest.skip(protocol.missing(reference))
    cases = [from_seed(model, SIZES, seed=seed) for seed in range(sets)]
    before = [case.copies() for case in cases]
    leans = repeated(reference, model, _names(model))([case.arrays for case in cases])
    assert len(leans) == sets
    for case, lean, arrays in zip(cases, leans, before, strict=True):
        exact = extended.gradients(model, case.arrays)
        assert isinstance(lean.loss, float)
        assert lean.loss == pytest.approx(float(exact.loss), rel=1e-13)
        assert tuple(sorted(lean.grads)) == tuple(sorted(_names(model)))
        for array, grad in lean.grads.items():
            assert grad.shape == case.arrays[array].shape
            assert _near(grad, exact.grads[array]), array
        assert lean.final.keys() == set(model.equations.STATES)
        for state, value in lean.final.items():
            assert _near(value, exact.trace[state][-1]), state
        assert all(np.array_equal(array, arrays[one]) for one, array in case.arrays.items())  # left as they were


@pytest.mark.parametrize("name", ["jax", "torch"])
def test_other_lengths_and_other_values_may_follow(name: str) -> None:
    """What was compiled or kept of one call says nothing in the next."""
    reference, model = protocol.available()[name], MODELS[0]
    if protocol.missing(reference):
        pytest.skip(protocol.missing(reference))
    ask = repeated(reference, model, ("W_hh",))
    for T, seed in ((6, 0), (6, 1), (2, 2)):
        case = from_seed(model, {**SIZES, "T": T}, seed=seed)
        exact = extended.gradients(model, case.arrays).grads["W_hh"]
        assert _near(ask([case.arrays])[0].grads["W_hh"], exact)


@pytest.mark.parametrize("T", [3, 18])
def test_many_weights_are_differentiated_together(T: int) -> None:
    """JAX writes a short loop over many of them out, and no long one."""
    reference, model = protocol.available()["jax"], MODELS[1]
    if protocol.missing(reference):
        pytest.skip(protocol.missing(reference))
    cases = [from_seed(model, {**SIZES, "T": T, "H": 96}, seed=seed) for seed in range(2)]
    for case, lean in zip(cases, repeated(reference, model, _names(model))([c.arrays for c in cases]), strict=True):
        exact = extended.gradients(model, case.arrays)
        assert all(_near(grad, exact.grads[name]) for name, grad in lean.grads.items())


@pytest.mark.parametrize("name", ["jax", "torch"])
def test_one_that_explodes_says_nothing_of_the_others(name: str) -> None:
    reference, model = protocol.available()[name], MODELS[1]
    if protocol.missing(reference):
        pytest.skip(protocol.missing(reference))
    case = from_seed(model, SIZES)
    broken = {**case.arrays, "W_hh": np.full_like(case.arrays["W_hh"], np.nan)}
    one, two = repeated(reference, model, ("W_hh",))([broken, case.arrays])
    assert np.isnan(one.grads["W_hh"]).all()
    assert _near(two.grads["W_hh"], extended.gradients(model, case.arrays).grads["W_hh"])


@pytest.mark.parametrize("name", ["jax", "torch"])
def test_a_device_that_there_is_not(name: str) -> None:
    reference = protocol.available()[name]
    if protocol.missing(reference):
        pytest.skip(protocol.missing(reference))
    if name == "torch" and reference_has_cuda():
        pytest.skip("there is one")
    with pytest.raises(Unavailable, match=f"^{name} finds no "):
        repeated(reference, MODELS[0], ("W_hh",), "no-such-device" if name == "jax" else "cuda")


def reference_has_cuda() -> bool:
    import torch

    return torch.cuda.is_available()


@pytest.mark.parametrize("lack", ["missing", "sampled"])
def test_a_sample_is_refused(lack: str) -> None:
    """Entries that a reference does not have must not be taken for zeros."""

    def gradients(model: Model, arrays: dict[str, np.ndarray], device: str) -> Answer:
        answer = extended.gradients(model, arrays)
        if lack == "missing":
            return answer._replace(grads={name: grad for name, grad in answer.grads.items() if name != "W_hh"})
        radius = np.zeros(answer.grads["W_hh"].shape)
        radius[0, 0] = np.inf
        return answer._replace(radius={"W_hh": radius})

    case = from_seed(MODELS[0], SIZES)
    ask = repeated(SimpleNamespace(NAME="some", gradients=gradients), MODELS[0], ("W_ih", "W_hh"))  # type: ignore[arg-type]
    with pytest.raises(Unavailable, match=r"^some does not have every entry of the gradient of W_hh$"):
        ask([case.arrays])
