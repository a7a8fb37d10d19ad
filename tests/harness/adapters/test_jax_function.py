from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from harness.adapters import from_jax

RNG = np.random.default_rng(0)
PARAMS = {"w": RNG.normal(size=(3, 2)), "a": RNG.normal(size=2)}
DATA = {"x": RNG.normal(size=(4, 3)), "G": RNG.normal(size=(4, 2)), "ids": np.arange(4), "name": "a text", "steps": 2}


def squash(factor: float = 1.0, forward_factor: float = 1.0) -> Any:
    """tanh(x @ w) with a backward, and a forward pass for it, that can be told to be wrong; gives None for x."""

    @jax.custom_vjp
    def function(x: Any, w: Any) -> Any:
        return jnp.tanh(x @ w)

    def fwd(x: Any, w: Any) -> Any:
        out = jnp.tanh(x @ w) * forward_factor
        return out, (x, out)

    def bwd(kept: Any, dout: Any) -> Any:
        x, out = kept
        return None, factor * (x.T @ (dout * (1 - out * out)))

    function.defvjp(fwd, bwd)
    return function


def loss_with(function: Any) -> Any:
    return lambda p, d: ((function(d["x"], p["w"]) + p["a"])[d["ids"]] * d["G"]).sum()


def test_the_gradient_is_that_of_the_hand_written_backward() -> None:
    candidate = from_jax(loss_with(squash()), without=["x", "G"])
    value, grads = candidate(PARAMS, DATA)
    out = np.tanh(DATA["x"] @ PARAMS["w"])  # type: ignore[operator]
    assert set(grads) == {"w", "a"}
    assert value == pytest.approx(np.sum((out + PARAMS["a"]) * DATA["G"]), rel=1e-13)
    np.testing.assert_allclose(grads["w"], DATA["x"].T @ (DATA["G"] * (1 - out**2)), rtol=1e-12)  # type: ignore[attr-defined]
    wrong = from_jax(loss_with(squash(factor=1.5)))(PARAMS, DATA)[1]
    np.testing.assert_allclose(wrong["w"], 1.5 * grads["w"], rtol=1e-12)
    assert not wrong["x"].any()  # None is zero to JAX, which is why `without` is there


def test_the_forward_alone_takes_complex_numbers() -> None:
    candidate = from_jax(loss_with(squash()))
    grad = candidate(PARAMS, DATA)[1]["w"]
    for index in np.ndindex(grad.shape):
        stepped = PARAMS["w"].astype(complex)
        stepped[index] += 1e-30j
        assert candidate.forward({**PARAMS, "w": stepped}, DATA).imag / 1e-30 == pytest.approx(grad[index], rel=1e-12)


def test_outputs_and_their_cotangents() -> None:
    function = squash()
    candidate = from_jax(lambda p, d: function(d["x"], p["w"]), outputs="G", without="x")
    value, grads = candidate({"w": PARAMS["w"]}, DATA)
    out = np.tanh(DATA["x"] @ PARAMS["w"])  # type: ignore[operator]
    assert set(grads) == {"w"}
    assert value == pytest.approx(np.sum(out * DATA["G"]), rel=1e-13)
    np.testing.assert_allclose(grads["w"], DATA["x"].T @ (DATA["G"] * (1 - out**2)), rtol=1e-12)  # type: ignore[attr-defined]


def test_a_forward_pass_for_differentiation_that_computes_something_else_is_an_error() -> None:
    with pytest.raises(ValueError, match="fwd that is given to defvjp must compute what the function computes"):
        from_jax(loss_with(squash(forward_factor=1.001)))(PARAMS, DATA)


def test_64_bits_inside_and_nobody_elses_setting_changed() -> None:
    seen: list[Any] = []

    def function(p: Any, d: Any) -> Any:
        seen.append(p["w"].dtype)
        return p["w"].sum()

    before = jax.config.jax_enable_x64
    value, grads = from_jax(function)(PARAMS, {})
    assert set(seen) == {np.dtype(np.float64)} and grads["w"].dtype == np.float64 and value.dtype == np.float64
    assert jax.config.jax_enable_x64 == before
    narrow = from_jax(function)({"w": PARAMS["w"].astype(np.float32)}, {})
    assert narrow[0].dtype == np.float32 and narrow[1]["w"].dtype == np.float32


def test_it_is_compiled_once_and_again_for_other_settings() -> None:
    traced: list[int] = []

    def function(p: Any, d: Any) -> Any:
        traced.append(d["steps"])
        return sum(jnp.sin(p["w"] * k).sum() for k in range(1, d["steps"] + 1))

    candidate = from_jax(function)
    one = candidate(PARAMS, {"steps": 2})[1]["w"]
    count = len(traced)
    np.testing.assert_array_equal(candidate({**PARAMS, "w": PARAMS["w"] + 1}, {"steps": 2})[1]["w"].shape, one.shape)
    assert len(traced) == count
    three = candidate(PARAMS, {"steps": 3})[1]["w"]
    assert set(traced) == {2, 3}
    np.testing.assert_allclose(three - one, 3 * np.cos(3 * PARAMS["w"]), rtol=1e-12)


def test_what_cannot_be_compiled_runs_step_by_step() -> None:
    def function(p: Any, d: Any) -> Any:
        return sum(p["w"][int(k) % 3].sum() * float(k) for k in d["ids"])  # ids as Python's numbers

    candidate = from_jax(function)
    for data in (DATA, {**DATA, "ids": np.array([2, 2, 2, 2])}):
        expected = np.zeros((3, 1))
        np.add.at(expected, data["ids"] % 3, data["ids"][:, None])  # type: ignore[operator,index]
        grads = candidate({"w": PARAMS["w"]}, data)[1]
        np.testing.assert_allclose(grads["w"], np.broadcast_to(expected, (3, 2)))


def test_lists_over_time_and_the_order_of_names() -> None:
    params = {"z": RNG.normal(size=2), "a": RNG.normal(size=2)}
    data = {"x": [RNG.normal(size=2) for _ in range(3)], "first": [None, np.ones(2)]}

    def function(p: Any, d: Any) -> Any:
        first, second = p.values()  # the author's order
        assert d["first"][0] is None
        return sum((first * x * k).sum() for k, x in enumerate(d["x"])) + 5 * second.sum()

    grads = from_jax(function)(params, data)[1]
    assert set(grads) == {"z", "a", "x"}
    np.testing.assert_array_equal(grads["a"], [5.0, 5.0])
    np.testing.assert_allclose(grads["x"], [k * params["z"] for k in range(3)])


def test_a_lost_imaginary_part_is_an_error_every_time() -> None:
    def function(p: Any, d: Any) -> Any:
        return jnp.zeros(2, np.float64).at[:].set(p["a"]).sum()

    candidate = from_jax(function)
    for _ in range(2):
        with pytest.raises(Warning):
            candidate.forward({"a": PARAMS["a"] + 1j}, {})
    assert candidate.forward(PARAMS, {}) == pytest.approx(PARAMS["a"].sum())


def test_what_is_no_loss() -> None:
    with pytest.raises(ValueError, match=r"returned shape \(3, 2\), allowed: one number"):
        from_jax(lambda p, d: p["w"])(PARAMS, DATA)


def test_gradients_can_be_written_to_and_are_ones_own() -> None:
    grads = from_jax(lambda p, d: (p["w"] ** 2).sum())(PARAMS, {})[1]
    grads["w"] += 1
    assert (PARAMS["w"] != grads["w"]).all()


class TestNotFinite:
    def test_it_passes_on(self) -> None:
        value, _ = from_jax(lambda p, d: jnp.log(-jnp.abs(p["a"])).sum())(PARAMS, {})
        assert np.isnan(value)
