"""Ball arithmetic: enclosures that hold the exact gradient; samples and refusals where it would take long."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from harness.case import Case, from_seed
from references import equations, extended
from references.equations import losses
from references.model import Model
from references.protocol import Unavailable

pytest.importorskip("flint", reason="python-flint is not installed")

from references import certified, patience

SMALL = {"T": 3, "B": 2, "D": 3, "H": 4, "K": 5}


def _case(
    cell: str = "lstm", loss: str = "softmax-cross-entropy", reduction: str = "sum", dtype: str = "float64"
) -> Case:
    model = Model(cell, equations.cell(cell).ACTIVATIONS[0], loss, reduction, 2, readout=loss not in losses.ON_HIDDEN)
    return from_seed(model, SMALL, dtype)


def test_every_radius_of_a_small_lstm_is_below_1e_25() -> None:
    case = _case()
    done = certified.small_enough(case.model, case.model.for_equations(case.arrays))
    for name in case.model.differentiated:
        balls = done.gradient(name)
        assert balls.shape == case.arrays[name].shape
        assert max(float(ball.rad()) for ball in balls.flat) < 1e-25


@pytest.mark.parametrize("loss", losses.NAMES)
@pytest.mark.parametrize("cell", equations.cells())
def test_the_enclosure_holds_what_other_arithmetic_finds(cell: str, loss: str) -> None:
    """Longdouble is off by at most a few of its own units; the radius is smaller than these, so it says something."""
    case = _case(cell, loss)
    exact, wide = (module.gradients(case.model, case.arrays) for module in (certified, extended))
    assert exact.proven
    for name, grad in exact.grads.items():
        largest = np.abs(grad).max()
        assert (np.abs(grad - wide.grads[name]) <= exact.radius[name] + 1e-17 * largest).all(), name
        assert (exact.radius[name] < 1e-18 * largest).all(), name
        assert exact.radius[name].min() > 0


def test_two_precisions_overlap_and_the_wider_is_inside() -> None:
    case = _case()
    ready = case.model.for_equations(case.arrays)
    coarse, fine = (certified.enclosed(case.model, ready, bits).gradient("W_hh") for bits in (64, 256))
    assert all(one.contains(two) for one, two in zip(coarse.flat, fine.flat, strict=True))
    assert not any(two.contains(one) for one, two in zip(coarse.flat, fine.flat, strict=True))


def test_a_polynomial_is_enclosed_exactly() -> None:
    """With the identity and squares everything is rational: fractions know the exact gradient."""
    model = Model("rnn", "identity", "squared-error", "sum", 1, readout=False)
    case = from_seed(model, {"T": 2, "B": 1, "D": 1, "H": 1, "K": 1})
    W, U, b, h0 = (Fraction(float(case.arrays[name].item())) for name in ("W_ih", "W_hh", "b_ih", "h0"))
    x, y = ([Fraction(float(value)) for value in case.arrays[name].ravel()] for name in ("x", "y"))
    h1 = W * x[0] + U * h0 + b
    h2 = W * x[1] + U * h1 + b
    dU = 2 * (h1 - y[0]) * h0 + 2 * (h2 - y[1]) * (h1 + U * h0)
    answer = certified.gradients(model, case.arrays)
    off = abs(Fraction(*float(answer.grads["W_hh"].item()).as_integer_ratio()) - dU)
    assert off <= Fraction(float(answer.radius["W_hh"].item())) + abs(dU) * Fraction(1, 2**53)


def test_relu_at_a_kink_is_as_everybody_has_it() -> None:
    """Exactly 0 has slope 0; a ball that cannot tell holds both slopes."""
    from flint import arb

    assert certified._step(arb(0)) == 0
    assert certified._step(arb(1e-300)) == 1
    assert certified._step(arb(-1e-300)) == 0
    unknown = certified._step(arb(0, 1e-30))
    assert unknown.contains(arb(0))
    assert unknown.contains(arb(1))


@pytest.mark.parametrize("reduction", ["sum", "mean", "mean-b", "mean-t"])
def test_what_would_take_long_is_sampled_and_says_so(monkeypatch: pytest.MonkeyPatch, reduction: str) -> None:
    case = _case(reduction=reduction)
    whole = certified.gradients(case.model, case.arrays)
    monkeypatch.setattr(certified, "_seconds", lambda model, ready: 1.5 * patience.LIMIT)
    part = certified.gradients(case.model, case.arrays)
    assert set(part.grads) == {"x", "h0", "c0"}
    assert part.note.startswith("a sample, ")
    assert "x, h0, c0 of the first 1 of 2 batch entries; all of it would take about 3 min" in part.note
    assert np.allclose(part.grads["x"][:, 0].astype(float), whole.grads["x"][:, 0].astype(float), rtol=1e-15, atol=0)
    assert np.isinf(part.radius["x"][:, 1]).all()
    assert np.isfinite(part.radius["x"][:, 0]).all()


def test_what_would_take_too_long_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    case = _case()
    monkeypatch.setattr(certified, "_seconds", lambda model, ready: 1e6)
    with pytest.raises(Unavailable, match=r"would take about 278 h, 139 h for a single batch entry"):
        certified.gradients(case.model, case.arrays)


def test_precision_grows_until_radii_are_small_or_it_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    case = _case()
    used: list[int] = []
    enclosed = certified.enclosed

    def counted(model: Model, ready: dict[str, np.ndarray], bits: int) -> object:
        used.append(bits)
        return enclosed(model, ready, bits)

    monkeypatch.setattr(certified, "enclosed", counted)
    monkeypatch.setattr(certified, "RADIUS", 1e-60)
    certified.small_enough(case.model, case.model.for_equations(case.arrays))
    assert used == [128, 256]
    monkeypatch.setattr(certified, "RADIUS", 0.0)
    monkeypatch.setattr(certified, "_MOST_BITS", 256)
    with pytest.raises(Unavailable, match="at 256 bits of precision: the case is chaotic"):
        certified.small_enough(case.model, case.model.for_equations(case.arrays))
