"""What the candidates of this folder are: the right ones have the gradient of their forward, the broken ones do not.

Each forward is written here once more, in the plainest way, and differentiated by complex step, without the harness.
"""

from __future__ import annotations

import difflib
import importlib.util
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

HERE = Path(__file__).parent

Params = Mapping[str, Any]


def sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def simple(xs: Any, h: Any, U: Any, W: Any, b: Any, activation: Callable[[Any], Any] = np.tanh) -> Any:
    """The states of a simple RNN, T B H."""
    hs = []
    for x in xs:
        h = activation(x @ U.T + h @ W.T + b)
        hs.append(h)
    return np.stack(hs)


def lstm(xs: Any, h: Any, c: Any, gates: Mapping[str, tuple[Any, Any, Any]]) -> tuple[Any, Any]:
    """The states of an LSTM, T B H, and the last cell state; each gate has its weights of x, of h, and its bias."""
    hs = []
    for x in xs:
        i, f, g, o = (x @ U.T + h @ W.T + b for U, W, b in (gates[gate] for gate in "ifgo"))
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        hs.append(h)
    return np.stack(hs), c


def picked(scores: Any, labels: Any) -> Any:
    """The sum of the cross-entropy over T and B."""
    chosen = np.take_along_axis(scores, labels[..., None], axis=-1)[..., 0]
    return (np.log(np.exp(scores).sum(axis=-1)) - chosen).sum()


def accumulating(p: Params, d: Params) -> Any:
    h = simple(d["x"], np.zeros(5), p["U"], p["W"], p["bh"], sigmoid)
    return ((h @ p["V"].T + p["bo"] - d["y"]) ** 2).sum()


def features_first(p: Params, d: Params) -> Any:
    h = simple(d["x"].transpose(2, 1, 0), d["h0"].T, p["U"], p["W"], p["b"][:, 0])
    error = h @ p["V"].T + p["c"][:, 0] - d["target"].transpose(2, 1, 0)
    return (error**2).sum() / 2 / d["h0"].shape[1]


def float32_buffers(p: Params, d: Params) -> Any:
    W, b = np.split(p["W"], 4), np.split(p["b"], 4)
    gates = {gate: (W[k][:, 4:], W[k][:, :4], b[k]) for k, gate in enumerate("fgio")}
    h, _ = lstm(d["x"], np.zeros((2, 4)), np.zeros((2, 4)), gates)
    return ((h - d["y"]) ** 2).sum() / 2 / len(h)


def gru(p: Params, d: Params) -> Any:
    (Uz, Ur, Un), (Wz, Wr, Wn), (bz, br, bn) = (np.split(p[name], 3) for name in "UWb")
    h, loss = d["h0"], 0.0
    for x in d["x"]:
        z, r = sigmoid(x @ Uz.T + h @ Wz.T + bz), sigmoid(x @ Ur.T + h @ Wr.T + br)
        h = h + z * (np.tanh(x @ Un.T + (h * r) @ Wn.T + bn) - h)
        loss = loss + ((h - d["target"]) ** 2).sum() / 2
    return loss


def interleaved(p: Params, d: Params) -> Any:
    W, b = p["W"].reshape(8, 5, 4), p["b"].reshape(5, 4)
    gates = {gate: (W[:3, :, k].T, W[3:, :, k].T, b[:, k]) for k, gate in enumerate("ifog")}
    h, _ = lstm(d["x"].swapaxes(0, 1), np.zeros((2, 5)), np.zeros((2, 5)), gates)
    return picked(h @ p["V"] + p["d"], d["labels"].T) / d["labels"].size


def jax_rnn(p: Params, d: Params) -> Any:
    h = simple(d["x"], d["h0"], p["U"].T, p["W"].T, p["b"])
    return picked(h @ p["V"] + p["c"], d["y"])


def packed_bias_row(p: Params, d: Params) -> Any:
    blocks = np.split(p["WLSTM"], 4, axis=1)
    gates = {gate: (block[1:5].T, block[5:].T, block[0]) for gate, block in zip("ifog", blocks, strict=True)}
    return (lstm(d["X"], d["h0"], d["c0"], gates)[0] * d["dHout"]).sum()


def peepholes(p: Params, d: Params) -> Any:
    h, c, loss = d["h0"], d["c0"], 0.0
    for x, weight in zip(d["x"], d["weight"], strict=True):
        v = np.concatenate([x, h], axis=1)
        f = sigmoid(v @ p["Wf"].T + p["pf"] * c + p["bf"])
        c = np.tanh(f * c + (1 - f) * np.tanh(v @ p["Wg"].T + p["bg"]))
        h = sigmoid(v @ p["Wo"].T + p["po"] * c + p["bo"]) * c
        loss = loss + (h * weight).sum()
    return loss


def torch_lstm(p: Params, d: Params) -> Any:
    blocks = (np.split(p[name], 4) for name in "wub")
    h, c = lstm(d["x"].swapaxes(0, 1), d["h0"], d["c0"], dict(zip("ifgo", zip(*blocks, strict=True), strict=True)))
    return (h.swapaxes(0, 1) * d["G"]).sum() + (c * d["G_c"]).sum()


def updater(p: Params, d: Params) -> Any:
    x = np.eye(6)[d["symbols"]][:, None]
    h = simple(x, d["h_before"].T, p["Wxh"], p["Whh"], p["bh"][:, 0])
    return picked(h @ p["Why"].T + p["by"][:, 0], d["following"][:, None])


FORWARDS = {forward.__name__: forward for forward in (
    accumulating, features_first, float32_buffers, gru, interleaved, jax_rnn, packed_bias_row, peepholes, torch_lstm,
    updater,
)}  # fmt: skip


def load(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{path.parent.name}_{path.stem}", path)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def derivative(forward: Callable[[Params, Params], Any], params: Params, data: Params, name: str) -> np.ndarray:
    """By complex step: Im L(v + 1e-30 i) ÷ 1e-30, entry by entry; a list over time is stacked."""
    part = params if name in params else data
    value = np.array(part[name], complex)
    found = np.empty(value.shape)
    for index in np.ndindex(value.shape):
        value[index] += 1e-30j
        changed = {**part, name: value}
        loss = forward(changed, data) if name in params else forward(params, changed)
        found[index] = loss.imag / 1e-30
        value[index] -= 1e-30j
    return found


@cache
def expected(name: str) -> tuple[float, dict[str, np.ndarray]]:
    """The loss and the gradients of the right one's arrays, of the forward above."""
    module = load(HERE / name / "right.py")
    params, data = module.example(1)
    names = module.loss_and_grads(params, data)[1]
    grads = {key: derivative(FORWARDS[name], params, data, key) for key in names}
    return float(FORWARDS[name](params, data)), grads


def answer(candidate: Path) -> tuple[Any, Any]:
    module = load(candidate)
    loss, grads = module.loss_and_grads(*module.example(1))
    return loss, grads


def error(got: Any, right: Any) -> float:
    """The largest error, as a share of the largest entry."""
    one, two = np.asarray(got), np.asarray(right)
    assert one.shape == two.shape
    return float(np.abs(one - two).max() / np.abs(two).max())


def test_the_right_one_has_the_gradient_of_its_forward(name: str, right: Path) -> None:
    loss, grads = answer(right)
    expected_loss, expected_grads = expected(name)
    rounding = 1e-6 if name == "float32_buffers" else 1e-13
    assert set(load(right).example(1)[0]) <= set(grads)
    assert error(loss, expected_loss) < rounding
    assert max(error(grads[key], expected_grads[key]) for key in grads) < rounding


def test_the_broken_one_does_not_and_where(name: str, broken: Path, wrong: set[str]) -> None:
    loss, grads = answer(broken)
    expected_loss, expected_grads = expected(name)
    assert set(grads) == set(expected_grads)
    assert error(loss, expected_loss) < 1e-6
    assert {key for key in grads if error(grads[key], expected_grads[key]) > 1e-3} == wrong
    assert all(error(grads[key], expected_grads[key]) < 1e-6 for key in set(grads) - wrong)


def test_the_cause_is_one_line_and_the_change_small(
    name: str, right: Path, broken: Path, faults: Mapping[str, Mapping[str, Any]]
) -> None:
    assert len(faults[name]["cause"].splitlines()) == 1
    texts = [path.read_text(encoding="utf-8") for path in (right, broken)]
    code = [text[text.index('"""', 3) :].splitlines() for text in texts]
    added = [line for line in difflib.ndiff(*code) if line.startswith("+ ")]
    assert 1 <= len(added) <= 2


def test_every_convention_has_both(faults: Mapping[str, Mapping[str, Any]]) -> None:
    assert {path.parent.name for path in HERE.glob("*/right.py")} == set(FORWARDS) == set(faults)
    assert all(set(fault) == {"cause", "text", "replacement", "wrong"} for fault in faults.values())
