"""The forward passes of the casebook's candidates, written anew: what their gradients are judged against.

Each takes params and data in the entry's own names and layout, and complex numbers wherever floats may stand, so that a
complex step differentiates it. Nothing here is written into arrays and nothing is shared with the candidates.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

Values = dict[str, Any]
Loss = Callable[[Values, Values], Any]


def sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def softmax_loss(z: Any, target: int) -> Any:
    """−ln softmax(z)[target] of one column or row of logits."""
    z = z.ravel()
    top = z.real.max()
    return top + np.log(np.exp(z - top).sum()) - z[target]


def lstm_states(
    pre: Callable[[Any, Any], Sequence[Any]],
    xs: Iterable[Any],
    h: Any,
    c: Any,
    squash: Callable[[Any], Any] = np.tanh,
    swapped: bool = False,
) -> Iterator[Any]:
    """The h of every step; ``pre`` gives the pre-activations of i, f, o, g from x and h."""
    for x in xs:
        if swapped:
            h, c = c, h
        i, f, o, g = pre(x, h)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * squash(c)
        yield h


def theano(p: Values, d: Values) -> Any:
    h, loss = np.zeros((1, len(p["Whh"]))), 0
    for x, y in zip(d["x"], d["y"], strict=True):
        h = np.tanh(x[None] @ p["Wxh"] + h @ p["Whh"] + p["bhh"])
        loss = loss + ((h @ p["Who"] + p["bho"] - y) ** 2).sum() / 2
    return loss


def nan_lstm(p: Values, d: Values, swapped: bool = False) -> Any:
    n = p["Wy"].shape[1]

    def pre(k: int, h: Any) -> Sequence[Any]:
        return [p[f"W{gate}"][k][:, None] + p[f"W{gate}"][n:].T @ h + p[f"b{gate}"] for gate in "ifoc"]

    states = lstm_states(pre, d["inputs"], d["h0"], d["c0"], swapped=swapped)
    return sum(softmax_loss(p["Wy"].T @ h + p["by"], k) for h, k in zip(states, d["targets"], strict=True))


def nan_lstm_swapped(p: Values, d: Values) -> Any:
    return nan_lstm(p, d, swapped=True)


def mean_over_steps(loss: Loss) -> Loss:
    return lambda p, d: loss(p, d) / len(d["inputs"])


def guide(p: Values, d: Values) -> Any:
    H = p["Wf"].shape[1]

    def pre(k: int, h: Any) -> Sequence[Any]:
        return [h @ p[f"W{gate}"][:H] + p[f"W{gate}"][H + k] + p[f"b{gate}"] for gate in "ifoc"]

    states = lstm_states(pre, d["X_train"], d["h"], d["c"])
    return sum(softmax_loss(h @ p["Wy"] + p["by"], k) for h, k in zip(states, d["y_train"], strict=True))


def adder(p: Values, d: Values) -> Any:
    h, loss = np.zeros(len(p["W_h"])), 0
    for x, y in zip(d["x"], d["y"], strict=True):
        h = sigmoid(p["W_0"].T @ x + p["W_h"].T @ h)
        loss = loss + ((sigmoid(p["W_1"].T @ h) - y) ** 2).sum() / 2
    return loss


def first_unit(p: Values, d: Values, squash: Callable[[Any], Any] = lambda s: s) -> Any:
    H = len(p["bg"])
    D = len(d["x"][0])

    def pre(x: Any, h: Any) -> Sequence[Any]:
        return [p[f"w{gate}"][:, :D] @ x + p[f"w{gate}"][:, D:] @ h + p[f"b{gate}"] for gate in "ifog"]

    states = lstm_states(pre, d["x"], np.zeros(H), np.zeros(H), squash)
    return sum((h[0] - y) ** 2 for h, y in zip(states, d["y"], strict=True))


def first_unit_tanh(p: Values, d: Values) -> Any:
    return first_unit(p, d, np.tanh)


def no_biases(p: Values, d: Values) -> Any:
    H = len(p["Wi"])

    def pre(k: int, h: Any) -> Sequence[Any]:
        return [p[f"U{gate}"].T[k] + h @ p[f"W{gate}"].T for gate in "ifog"]

    states = lstm_states(pre, d["x"], np.zeros(H), np.zeros(H))
    return sum(softmax_loss(p["V"] @ h, k) for h, k in zip(states, d["y"], strict=True))


def course_rnn_states(p: Values, d: Values) -> list[Any]:
    states, a = [], d["a0"]
    for x in d["x"].transpose(2, 0, 1):
        a = np.tanh(p["Waa"] @ a + p["Wax"] @ x + p["ba"])
        states.append(a)
    return states


def course_lstm_states(p: Values, d: Values) -> list[Any]:
    H = len(d["a0"])

    def pre(x: Any, h: Any) -> Sequence[Any]:
        return [p[f"W{gate}"][:, :H] @ h + p[f"W{gate}"][:, H:] @ x + p[f"b{gate}"] for gate in "ifoc"]

    return list(lstm_states(pre, d["x"].transpose(2, 0, 1), d["a0"], np.zeros(d["a0"].shape)))


def under_adjoints(states: Callable[[Values, Values], list[Any]]) -> Loss:
    return lambda p, d: sum((a * d["da"][:, :, t]).sum() for t, a in enumerate(states(p, d)))


def predicting(states: Callable[[Values, Values], list[Any]], readout: str) -> Loss:
    def loss(p: Values, d: Values) -> Any:
        logits = [p[readout] @ a + p["by"] for a in states(p, d)]
        return sum(softmax_loss(logits[t][:, m], target) for (m, t), target in np.ndenumerate(d["y"]))

    return loss


def names(p: Values, d: Values) -> Any:
    a, loss = d["a_prev"], 0
    for k, target in zip(d["X"], d["Y"], strict=True):
        x = 0 if k is None else p["Wax"][:, [k]]
        a = np.tanh(x + p["Waa"] @ a + p["b"])
        loss = loss + softmax_loss(p["Wya"] @ a + p["by"], target)
    return loss


#: what a candidate's own forward computes
OWN: dict[tuple[str, str], Loss] = {
    ("theano-versus-python", "broken"): theano,
    ("theano-versus-python", "right"): theano,
    ("nan-lstm", "right"): nan_lstm,
    ("nan-lstm", "fault_1"): nan_lstm,
    ("nan-lstm", "fault_2"): nan_lstm,
    ("nan-lstm", "fault_3"): nan_lstm,
    ("nan-lstm", "fault_4"): nan_lstm_swapped,
    ("nan-lstm", "fault_7"): nan_lstm,
    ("nan-lstm", "fault_8"): mean_over_steps(nan_lstm),
    ("nan-lstm", "fault_9"): nan_lstm,
    ("nan-lstm", "published"): mean_over_steps(nan_lstm_swapped),
    ("nan-lstm", "published_fix"): mean_over_steps(nan_lstm_swapped),
    ("nan-lstm", "guide"): guide,
    ("nan-lstm", "guide_row_0"): guide,
    ("nan-lstm", "guide_squared"): guide,
    ("binary-adder", "right"): adder,
    ("binary-adder", "sign_undeclared"): adder,
    ("lstm-without-tanh", "right"): first_unit,
    ("lstm-without-tanh", "with_tanh"): first_unit_tanh,
    ("gradient-check-lstm", "broken"): no_biases,
    ("gradient-check-lstm", "fixed"): no_biases,
    ("gradient-check-lstm", "quadratic_mended"): no_biases,
    ("building-blocks", "rnn"): under_adjoints(course_rnn_states),
    ("building-blocks", "rnn_softmax"): predicting(course_rnn_states, "Wya"),
    ("building-blocks", "lstm"): under_adjoints(course_lstm_states),
    ("building-blocks", "lstm_softmax"): predicting(course_lstm_states, "Wy"),
    ("building-blocks", "names"): names,
}
#: what the model of a candidate's layout computes, where that is something else
INTENDED: dict[tuple[str, str], Loss] = {
    ("nan-lstm", "fault_4"): nan_lstm,
    ("nan-lstm", "published"): mean_over_steps(nan_lstm),
    ("nan-lstm", "published_fix"): mean_over_steps(nan_lstm),
}
