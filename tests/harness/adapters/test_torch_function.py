from __future__ import annotations

import subprocess
import sys
import warnings
from typing import Any

import numpy as np
import pytest
import torch

from harness.adapters import from_torch


class Squash(torch.autograd.Function):
    """tanh(x @ w), and a backward that is told what to get wrong."""

    factor = 1.0

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, w: torch.Tensor) -> torch.Tensor:
        out = torch.tanh(x @ w)
        ctx.save_for_backward(x, out)
        return out

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> Any:
        x, out = ctx.saved_tensors
        da = grads[0] * (1 - out * out)
        return None, Squash.factor * (x.t() @ da)


RNG = np.random.default_rng(0)
PARAMS = {"w": RNG.normal(size=(3, 2)), "unused": RNG.normal(size=2)}
DATA = {"x": RNG.normal(size=(4, 3)), "G": RNG.normal(size=(4, 2)), "ids": np.arange(4), "name": "a text", "steps": 2}


def loss(p: dict[str, Any], d: dict[str, Any]) -> Any:
    return (Squash.apply(d["x"], p["w"])[d["ids"]] * d["G"]).sum()  # type: ignore[no-untyped-call]


def by_complex_step(forward: Any, params: dict[str, Any], data: dict[str, Any], name: str) -> np.ndarray:
    grad = np.empty(params[name].shape)
    for index in np.ndindex(grad.shape):
        stepped = params[name].astype(complex)
        stepped[index] += 1e-30j
        grad[index] = forward({**params, name: stepped}, data).imag / 1e-30
    return grad


def test_importing_it_imports_no_framework() -> None:
    code = "import sys, harness.adapters; print([m for m in ('torch', 'jax') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_gradient_is_that_of_the_hand_written_backward(monkeypatch: pytest.MonkeyPatch) -> None:
    candidate = from_torch(loss)
    value, grads = candidate(PARAMS, DATA)
    da = DATA["G"] * (1 - np.tanh(DATA["x"] @ PARAMS["w"]) ** 2)  # type: ignore[operator]
    assert value == pytest.approx(np.sum(np.tanh(DATA["x"] @ PARAMS["w"]) * DATA["G"]), rel=1e-14)  # type: ignore[operator]
    np.testing.assert_allclose(grads["w"], DATA["x"].T @ da, rtol=1e-13)  # type: ignore[attr-defined]
    np.testing.assert_allclose(grads["w"], by_complex_step(candidate.forward, PARAMS, DATA, "w"), rtol=1e-13)
    monkeypatch.setattr(Squash, "factor", 1.5)
    np.testing.assert_allclose(candidate(PARAMS, DATA)[1]["w"], 1.5 * grads["w"], rtol=1e-14)


def test_what_backward_gives_none_for_is_left_out() -> None:
    assert set(from_torch(loss)(PARAMS, DATA)[1]) == {"w", "G"}  # x: None; unused is not used; ids are integers
    assert set(from_torch(loss, without="G")(PARAMS, DATA)[1]) == {"w"}


def test_outputs_and_their_cotangents() -> None:
    def outputs(p: dict[str, Any], d: dict[str, Any]) -> Any:
        out = Squash.apply(d["x"], p["w"])  # type: ignore[no-untyped-call]
        return out, out.sum(0)

    extra = {**DATA, "H": RNG.normal(size=2)}
    candidate = from_torch(outputs, outputs=("G", "H"))
    value, grads = candidate(PARAMS, extra)
    out = np.tanh(DATA["x"] @ PARAMS["w"])  # type: ignore[operator]
    da = (DATA["G"] + extra["H"]) * (1 - out**2)
    assert set(grads) == {"w"}
    assert value == pytest.approx(np.sum(out * (DATA["G"] + extra["H"])), rel=1e-13)
    np.testing.assert_allclose(grads["w"], DATA["x"].T @ da, rtol=1e-13)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("function", "outputs", "message"),
    [
        (lambda p, d: p["w"], None, r"returned shape \(3, 2\), allowed: one number"),
        (lambda p, d: 1.0, None, r"returned a float, allowed: one number"),
        (lambda p, d: (p["w"], p["w"]), None, r"returned 2 values, allowed: one number"),
        (lambda p, d: (p["w"], p["w"]), "G", r"returned 2 values, outputs names 1 cotangents"),
        (lambda p, d: p["w"], "G", r"G: got shape \(4, 2\), its output has \(3, 2\)"),
        (lambda p, d: p["w"], "dh", r"outputs: got 'dh', allowed: names of data: x, G, ids, name, steps"),
        (lambda p, d: p["w"].detach().sum(), None, r"carries no graph"),
    ],
)
def test_what_cannot_be_a_loss(function: Any, outputs: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        from_torch(function, outputs)(PARAMS, DATA)


def test_a_list_over_time_comes_back_as_one() -> None:
    params = {"w": PARAMS["w"], "steps": [RNG.normal(size=3) for _ in range(3)]}

    def function(p: dict[str, Any], d: dict[str, Any]) -> Any:
        return sum((Squash.apply(x[None], p["w"].detach()) * x.sum()).sum() for x in p["steps"][:2])  # type: ignore[no-untyped-call]

    grads = from_torch(function)(params, {})[1]
    assert set(grads) == {"steps"}
    assert isinstance(grads["steps"], list) and [grad.shape for grad in grads["steps"]] == [(3,)] * 3
    assert grads["steps"][0].any() and not grads["steps"][2].any()  # the last one is not used


def test_numbers_text_and_none_stay_as_they_are() -> None:
    seen: dict[str, Any] = {}

    def function(p: dict[str, Any], d: dict[str, Any]) -> Any:
        seen.update({**d, **p})
        return (p["w"] * p["rate"]).sum()

    grads = from_torch(function)({**PARAMS, "rate": 0.5}, {**DATA, "first": None, "pair": (np.ones(2), 1)})[1]
    assert set(grads) == {"w"}
    assert (seen["rate"], seen["steps"], seen["name"], seen["first"]) == (0.5, 2, "a text", None)
    assert seen["ids"].dtype == torch.int64
    assert isinstance(seen["pair"], tuple) and seen["pair"][1] == 1


def test_what_the_function_changes_is_seen_in_its_arguments() -> None:
    def function(p: dict[str, Any], d: dict[str, Any]) -> Any:
        d["x"].detach().mul_(2)
        return p["w"].sum()

    data = {"x": np.ones((4, 3))}
    from_torch(function)(PARAMS, data)
    assert (data["x"] == 2).all()


def test_gradients_of_the_users_own_modules_are_left_alone() -> None:
    weight = torch.nn.Parameter(torch.ones(2, dtype=torch.float64))
    grads = from_torch(lambda p, d: (p["w"] @ weight).sum())(PARAMS, {})[1]
    np.testing.assert_array_equal(grads["w"], np.ones((3, 2)))
    assert weight.grad is None


def test_read_only_and_strided_arrays_are_taken() -> None:
    w = np.asfortranarray(PARAMS["w"])[::-1]
    w.setflags(write=False)
    assert from_torch(lambda p, d: (p["w"] * torch.arange(3)[:, None]).sum())({"w": w}, {})[0] == pytest.approx(
        float((w * np.arange(3)[:, None]).sum()), rel=1e-14
    )
    still = PARAMS["w"].copy()
    still.setflags(write=False)
    np.testing.assert_array_equal(from_torch(lambda p, d: p["w"].sum())({"w": still}, {})[1]["w"], 1.0)
    assert from_torch(lambda p, d: p["s"] * 2)({"s": np.array(3.0)}, {})[1]["s"].shape == ()


def test_gradients_share_no_memory() -> None:
    grads = from_torch(lambda p, d: ((p["w"] + p["v"]) * d["G"]).sum())(
        {"w": np.ones(2), "v": np.ones(2)}, {"G": RNG.normal(size=2)}
    )[1]
    assert not np.shares_memory(grads["w"], grads["v"])


class TestForwardAlone:
    def test_it_runs_no_backward(self) -> None:
        class NoBackward(torch.autograd.Function):
            @staticmethod
            def forward(ctx: Any, w: torch.Tensor) -> torch.Tensor:
                return w.sum()

        candidate = from_torch(lambda p, d: NoBackward.apply(p["w"]))  # type: ignore[no-untyped-call]
        assert candidate.forward(PARAMS, DATA) == pytest.approx(PARAMS["w"].sum(), rel=1e-14)
        with pytest.raises(NotImplementedError):
            candidate(PARAMS, DATA)

    def test_a_lost_imaginary_part_is_an_error_every_time(self) -> None:
        def function(p: dict[str, Any], d: dict[str, Any]) -> Any:
            buffer = torch.zeros(3, 2, dtype=torch.float64)
            buffer[:] = p["w"]
            return buffer.sum()

        candidate = from_torch(function)
        for _ in range(2):
            with pytest.raises(UserWarning, match="discards the imaginary part"):
                candidate.forward({"w": PARAMS["w"] + 1j}, {})
        assert not torch.is_warn_always_enabled()
        assert candidate.forward(PARAMS, {}) == candidate(PARAMS, {})[0]

    def test_what_torch_does_not_have_for_complex_numbers_is_an_error(self) -> None:
        candidate = from_torch(lambda p, d: torch.relu(p["w"]).sum())
        with pytest.raises((RuntimeError, NotImplementedError)):
            candidate.forward({"w": PARAMS["w"] + 1j}, {})

    def test_one_complex_array_makes_all_floats_complex(self) -> None:
        candidate = from_torch(lambda p, d: (d["x"] @ p["w"]).sum() + d["ids"].sum() * 0)
        assert candidate.forward({"w": PARAMS["w"] + 1j}, DATA).imag == pytest.approx(DATA["x"].sum() * 2)  # type: ignore[attr-defined]

    def test_it_is_given_arrays_of_a_subclass(self) -> None:
        class Array(np.ndarray):
            pass

        got = from_torch(loss).forward({"w": PARAMS["w"].view(Array)}, DATA)
        assert got == from_torch(loss)(PARAMS, DATA)[0]


def test_no_warning_and_no_setting_is_left() -> None:
    before = torch.get_default_dtype()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        from_torch(loss)(PARAMS, DATA)
    assert torch.get_default_dtype() == before
    assert torch.is_grad_enabled()


def test_float32_stays_float32() -> None:
    params = {name: array.astype(np.float32) for name, array in PARAMS.items()}
    value, grads = from_torch(lambda p, d: (p["w"] ** 2).sum())(params, {})
    assert value.dtype == np.float32 and grads["w"].dtype == np.float32
