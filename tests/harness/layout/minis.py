"""Small forward passes as real people write them, one per convention, each with the layout that says so.

They compute with whatever dtype comes in, so that a complex step differentiates them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

Values = dict[str, Any]


class Mini(NamedTuple):
    """A forward pass in some author's convention."""

    loss: Callable[[Mapping[str, Any], Mapping[str, Any]], Any]
    params: Mapping[str, tuple[int, ...]]  #: shapes
    data: Callable[[np.random.Generator], Values]
    layout: dict[str, str]
    model: dict[str, str]

    def example(self, seed: int = 0) -> tuple[Values, Values]:
        """Arrays of the right shapes, weights around 0.5."""
        rng = np.random.default_rng(seed)
        params: Values = {name: rng.normal(0, 0.5, shape) for name, shape in self.params.items()}
        return params, self.data(rng)


MINIS: dict[str, Mini] = {}


def mini(
    params: Mapping[str, tuple[int, ...]],
    data: Callable[[np.random.Generator], Values],
    layout: dict[str, str],
    **model: str,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Register a forward pass under its name."""

    def register(loss: Callable[..., Any]) -> Callable[..., Any]:
        MINIS[loss.__name__] = Mini(loss, params, data, layout, model)
        return loss

    return register


T, B, D, H, K = 6, 3, 4, 5, 7


def sigmoid(a: Any) -> Any:
    return 1 / (1 + np.exp(-a))


def cross_entropy(z: Any, target: int) -> Any:
    """Of one vector of logits."""
    z = z.ravel()
    return np.log(np.exp(z - z.real.max()).sum()) + z.real.max() - z[target]


# --- LSTM -----------------------------------------------------------------------------------------------------------


@mini(
    {"Wf": (H, H + D), "Wi": (H, H + D), "Wc": (H, H + D), "Wo": (H, H + D), "Wy": (D, H),
     "bf": (H, 1), "bi": (H, 1), "bc": (H, 1), "bo": (H, 1), "by": (D, 1)},
    lambda rng: {"inputs": rng.integers(D, size=T).tolist(), "targets": rng.integers(D, size=T).tolist(),
                 "h_prev": rng.normal(0, 0.5, (H, 1)), "C_prev": rng.normal(0, 0.5, (H, 1))},
    {"Wf": "f, h+x", "Wi": "i, h+x", "Wc": "g, h+x", "Wo": "o, h+x", "Wy": "y, h",
     "bf": "f, 1", "bi": "i, 1", "bc": "g, 1", "bo": "o, 1", "by": "y, 1",
     "inputs": "x: [t]", "targets": "y: [t]", "h_prev": "h0: h 1", "C_prev": "c0: h 1"},
)  # fmt: skip
def characters(p: Any, d: Any) -> Any:
    h, c, loss = d["h_prev"], d["C_prev"], 0.0
    for character, target in zip(d["inputs"], d["targets"], strict=True):
        x = np.zeros((D, 1))
        x[character] = 1
        z = np.concatenate([h, x])
        f, i, o = (sigmoid(p["W" + k] @ z + p["b" + k]) for k in "fio")
        c = f * c + i * np.tanh(p["Wc"] @ z + p["bc"])
        h = o * np.tanh(c)
        loss = loss + cross_entropy(p["Wy"] @ h + p["by"], target)
    return loss


@mini(
    {"W_f": (D + H, H), "W_u": (D + H, H), "W_c": (D + H, H), "W_o": (D + H, H), "W_y": (H, K),
     "b_f": (1, H), "b_u": (1, H), "b_c": (1, H), "b_o": (1, H), "b_y": (1, K)},
    lambda rng: {"x": rng.normal(0, 1, (T, B, D)), "y": rng.normal(0, 1, (T, B, K))},
    {"W_f": "x+h, f", "W_u": "x+h, i", "W_c": "x+h, g", "W_o": "x+h, o", "W_y": "h, y",
     "b_f": "1, f", "b_u": "1, i", "b_c": "1, g", "b_o": "1, o", "b_y": "1, y", "x": "t b x", "y": "t b y"},
    loss="half-squared-error", reduction="mean",
)  # fmt: skip
def row_vectors(p: Any, d: Any) -> Any:
    h = c = np.zeros((B, H))
    loss = 0.0
    for x, y in zip(d["x"], d["y"], strict=True):
        z = np.hstack([x, h])
        f, u, o = (sigmoid(z @ p["W_" + k] + p["b_" + k]) for k in "fuo")
        c = f * c + u * np.tanh(z @ p["W_c"] + p["b_c"])
        h = o * np.tanh(c)
        loss = loss + 0.5 * ((h @ p["W_y"] + p["b_y"] - y) ** 2).sum()
    return loss / (T * B)


@mini(
    {"Wx": (D, 4 * H), "Wh": (H, 4 * H), "b": (4 * H,)},
    lambda rng: {"x": rng.normal(0, 1, (B, T, D)), "h0": rng.normal(0, 0.5, (B, H)), "dh": rng.normal(0, 1, (B, T, H))},
    {"Wx": "x, i+f+o+g", "Wh": "h, i+f+o+g", "b": "i+f+o+g", "x": "b t x", "h0": "b h", "dh": "G: b t h"},
)
def course(p: Any, d: Any) -> Any:
    h, c, loss = d["h0"], np.zeros((B, H)), 0.0
    for t in range(T):
        i, f, o, g = np.split(d["x"][:, t] @ p["Wx"] + h @ p["Wh"] + p["b"], 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        loss = loss + (h * d["dh"][:, t]).sum()
    return loss


@mini(
    {"W": (4 * H, D), "U": (4 * H, H), "b": (4 * H,)},
    lambda rng: {"x": rng.normal(0, 1, (T, B, D)), "h": rng.normal(0, 0.5, (B, H)), "c": rng.normal(0, 0.5, (B, H)),
                 "G": rng.normal(0, 1, (T, B, H)), "gh": rng.normal(0, 1, (B, H)), "gc": rng.normal(0, 1, (B, H))},
    {"W": "[f g i o], x", "U": "[f g i o], h", "b": "[f g i o]", "x": "t b x", "h": "h0: b h", "c": "c0: b h",
     "G": "t b h", "gh": "G_h: b h", "gc": "G_c: b h"},
)  # fmt: skip
def interleaved(p: Any, d: Any) -> Any:
    h, c, loss = d["h"], d["c"], 0.0
    for t in range(T):
        a = (d["x"][t] @ p["W"].T + h @ p["U"].T + p["b"]).reshape(B, H, 4)
        c = sigmoid(a[..., 0]) * c + sigmoid(a[..., 2]) * np.tanh(a[..., 1])
        h = sigmoid(a[..., 3]) * np.tanh(c)
        loss = loss + (h * d["G"][t]).sum()
    return loss + (h * d["gh"]).sum() + (c * d["gc"]).sum()


@mini(
    {**{f"U{k}": (H, K) for k in "ifog"}, **{f"W{k}": (H, H) for k in "ifog"}, "V": (K, H)},
    lambda rng: {"x": rng.integers(K, size=T), "y": rng.integers(K, size=T)},
    {**{f"U{k}": f"{k}, x" for k in "ifog"}, **{f"W{k}": f"{k}, h" for k in "ifog"}, "V": "y, h", "x": "t", "y": "t"},
)
def without_biases(p: Any, d: Any) -> Any:
    h = c = np.zeros(H)
    loss = 0.0
    for t in range(T):
        i, f, o, g = (p["U" + k][:, d["x"][t]] + p["W" + k] @ h for k in "ifog")
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        loss = loss + cross_entropy(p["V"] @ h, d["y"][t])
    return loss


@mini(
    {"WLSTM": (1 + D + H, 4 * H)},
    lambda rng: {"X": rng.normal(0, 1, (T, B, D)), "h0": rng.normal(0, 0.5, (B, H)), "c0": rng.normal(0, 0.5, (B, H)),
                 "dHout": rng.normal(0, 1, (T, B, H)), "dcn": rng.normal(0, 1, (B, H))},
    {"WLSTM": "1+x+h, i+f+o+g", "X": "t b x", "h0": "b h", "c0": "b h", "dHout": "G: t b h", "dcn": "G_c: b h"},
)  # fmt: skip
def packed(p: Any, d: Any) -> Any:
    h, c, loss = d["h0"], d["c0"], 0.0
    for t in range(T):
        i, f, o, g = np.split(np.hstack([np.ones((B, 1)), d["X"][t], h]) @ p["WLSTM"], 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
        loss = loss + (h * d["dHout"][t]).sum()
    return loss + (c * d["dcn"]).sum()


@mini(
    {"weight_ih": (4 * H, D), "weight_hh": (4 * H, H), "bias_ih": (4 * H,), "bias_hh": (4 * H,)},
    lambda rng: {"x": rng.normal(0, 1, (T, B, D)), "G": rng.normal(0, 1, (B, H))},
    {"weight_ih": "i+f+g+o, x", "weight_hh": "i+f+g+o, h", "bias_ih": "i+f+g+o, 1x", "bias_hh": "i+f+g+o, 1h",
     "x": "t b x", "G": "b h"},
)  # fmt: skip
def two_biases(p: Any, d: Any) -> Any:
    h = c = np.zeros((B, H))
    for x in d["x"]:
        a = x @ p["weight_ih"].T + p["bias_ih"] + h @ p["weight_hh"].T + p["bias_hh"]
        i, f, g, o = np.split(a, 4, axis=1)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    return (h * d["G"]).sum()


@mini(
    {**{f"w{k}": (H, D + H) for k in "gifo"}, **{f"b{k}": (H,) for k in "gifo"}},
    lambda rng: {"x_list": [rng.normal(0, 1, D) for _ in range(T)], "y_list": rng.normal(0, 1, T).tolist()},
    {**{f"w{k}": f"{k}, x+h" for k in "gifo"}, **{f"b{k}": k for k in "gifo"}, "x_list": "[t] x", "y_list": "y: [t]"},
    loss="first-unit-squared-error", activation="identity",
)  # fmt: skip
def without_tanh(p: Any, d: Any) -> Any:
    h = s = np.zeros(H)
    loss = 0.0
    for x, y in zip(d["x_list"], d["y_list"], strict=True):
        z = np.hstack((x, h))
        g = np.tanh(p["wg"] @ z + p["bg"])
        i, f, o = (sigmoid(p["w" + k] @ z + p["b" + k]) for k in "ifo")
        s = g * i + s * f
        h = s * o
        loss = loss + (h[0] - y) ** 2
    return loss


@mini(
    {"Wf": (H, H + D), "bf": (H, 1), "Wi": (H, H + D), "bi": (H, 1), "Wc": (H, H + D), "bc": (H, 1),
     "Wo": (H, H + D), "bo": (H, 1)},
    lambda rng: {"x": rng.normal(0, 1, (D, B, T)), "a0": rng.normal(0, 0.5, (H, B)), "da": rng.normal(0, 1, (H, B, T))},
    {**{f"W{k}": f"{k}, h+x" for k in "fio"}, **{f"b{k}": f"{k}, 1" for k in "fio"}, "Wc": "g, h+x", "bc": "g, 1",
     "x": "x b t", "a0": "h0: h b", "da": "G: h b t"},
)  # fmt: skip
def features_first(p: Any, d: Any) -> Any:
    a, c, loss = d["a0"], np.zeros((H, B)), 0.0
    for t in range(T):
        z = np.concatenate([a, d["x"][:, :, t]])
        f, i, o = (sigmoid(p["W" + k] @ z + p["b" + k]) for k in "fio")
        c = f * c + i * np.tanh(p["Wc"] @ z + p["bc"])
        a = o * np.tanh(c)
        loss = loss + (a * d["da"][:, :, t]).sum()
    return loss


@mini(
    {"W_sig": (3 * H, H + D), "b_sig": (3 * H, 1), "W_tanh": (H, H + D), "b_tanh": (H, 1), "Wy": (K, H), "by": (K, 1)},
    lambda rng: {"x": rng.normal(0, 1, (T, D)), "labels": np.eye(K)[rng.integers(K, size=T)]},
    {"W_sig": "o+i+f, h+x", "b_sig": "o+i+f, 1", "W_tanh": "g, h+x", "b_tanh": "g", "Wy": "y, h", "by": "y",
     "x": "t x", "labels": "y: t y"},
    loss="softmax-cross-entropy", reduction="mean",
)  # fmt: skip
def three_and_one(p: Any, d: Any) -> Any:
    h = c = np.zeros((H, 1))
    loss = 0.0
    for x, label in zip(d["x"], d["labels"], strict=True):
        z = np.concatenate([h, x[:, None]])
        o, i, f = np.split(sigmoid(p["W_sig"] @ z + p["b_sig"]), 3)
        c = f * c + i * np.tanh(p["W_tanh"] @ z + p["b_tanh"])
        h = o * np.tanh(c)
        loss = loss + cross_entropy(p["Wy"] @ h + p["by"], int(np.argmax(label)))
    return loss / T


@mini(
    {"Wx": (D, 4 * H), "Wh": (H, 4 * H), "b": (4 * H,)},
    lambda rng: {"x": rng.normal(0, 1, (B, D)), "prev_h": rng.normal(0, 0.5, (B, H)),
                 "prev_c": rng.normal(0, 0.5, (B, H)), "dnext_h": rng.normal(0, 1, (B, H)),
                 "dnext_c": rng.normal(0, 1, (B, H))},
    {"Wx": "x, i+f+o+g", "Wh": "h, i+f+o+g", "b": "i+f+o+g", "x": "b x", "prev_h": "h0: b h", "prev_c": "c0: b h",
     "dnext_h": "G: b h", "dnext_c": "G_c: b h"},
)  # fmt: skip
def single_step(p: Any, d: Any) -> Any:
    i, f, o, g = np.split(d["x"] @ p["Wx"] + d["prev_h"] @ p["Wh"] + p["b"], 4, axis=1)
    c = sigmoid(f) * d["prev_c"] + sigmoid(i) * np.tanh(g)
    return (sigmoid(o) * np.tanh(c) * d["dnext_h"]).sum() + (c * d["dnext_c"]).sum()


# --- RNN ------------------------------------------------------------------------------------------------------------


@mini(
    {"Wxh": (H, K), "Whh": (H, H), "Why": (K, H), "bh": (H, 1), "by": (K, 1)},
    lambda rng: {"inputs": [None, *rng.integers(K, size=T - 1).tolist()], "targets": rng.integers(K, size=T).tolist(),
                 "hprev": rng.normal(0, 0.5, (H, 1))},
    {"Wxh": "a, x", "Whh": "a, h", "Why": "y, h", "bh": "a, 1", "by": "y, 1", "inputs": "x: [t?]", "targets": "y: [t]",
     "hprev": "h0: h 1"},
)  # fmt: skip
def names_one_by_one(p: Any, d: Any) -> Any:
    h, loss = d["hprev"], 0.0
    for character, target in zip(d["inputs"], d["targets"], strict=True):
        x = np.zeros((K, 1))
        if character is not None:
            x[character] = 1
        h = np.tanh(p["Wxh"] @ x + p["Whh"] @ h + p["bh"])
        loss = loss + cross_entropy(p["Why"] @ h + p["by"], target)
    return loss


@mini(
    {"synapse_0": (2, H), "synapse_h": (H, H), "synapse_1": (H, 1)},
    lambda rng: {"X": rng.normal(0, 1, (T, 2)), "y": rng.uniform(0, 1, T)},
    {"synapse_0": "x, a", "synapse_h": "h, a", "synapse_1": "h, y", "X": "t x", "y": "t"},
    activation="sigmoid", loss="sigmoid-half-squared-error",
)  # fmt: skip
def adder(p: Any, d: Any) -> Any:
    h, loss = np.zeros((1, H)), 0.0
    for t in range(T):
        h = sigmoid(d["X"][t : t + 1] @ p["synapse_0"] + h @ p["synapse_h"])
        loss = loss + 0.5 * ((sigmoid(h @ p["synapse_1"])[0, 0] - d["y"][t]) ** 2)
    return loss


@mini(
    {"Wax": (H, D), "Waa": (H, H), "ba": (H, 1)},
    lambda rng: {"x": rng.normal(0, 1, (D, B, T)), "a0": rng.normal(0, 0.5, (H, B)), "y": rng.normal(0, 1, (B, H, T))},
    {"Wax": "a, x", "Waa": "a, h", "ba": "a, 1", "x": "x b t", "a0": "h0: h b", "y": "b h t"},
    activation="relu",
    loss="squared-error",
    reduction="mean-b",
)
def rectified(p: Any, d: Any) -> Any:
    a, loss = d["a0"], 0.0
    for t in range(T):
        a = p["Wax"] @ d["x"][:, :, t] + p["Waa"] @ a + p["ba"]
        a = np.where(a.real > 0, a, 0)
        loss = loss + ((a.T - d["y"][:, :, t]) ** 2).sum()
    return loss / B


@mini(
    {"W": (1 + H + D, H), "V": (H + 1, K)},
    lambda rng: {"x": rng.normal(0, 1, (B, T, D)), "y": rng.uniform(0, 1, (B, T, K))},
    {"W": "1+h+x, a", "V": "h+1, y", "x": "b t x", "y": "b t y"},
    activation="identity",
    loss="binary-cross-entropy",
    reduction="mean-t",
)
def linear(p: Any, d: Any) -> Any:
    h, loss = np.zeros((B, H)), 0.0
    for t in range(T):
        h = np.hstack([np.ones((B, 1)), h, d["x"][:, t]]) @ p["W"]
        s = sigmoid(np.hstack([h, np.ones((B, 1))]) @ p["V"])
        loss = loss - (d["y"][:, t] * np.log(s) + (1 - d["y"][:, t]) * np.log(1 - s)).sum()
    return loss / T


@mini(
    {"U": (D, H), "W": (H, H), "b": (H,), "c": (H,)},
    lambda rng: {"xs": [rng.normal(0, 1, (D, 1)) for _ in range(T)], "upstream": rng.normal(0, 1, (T, H))},
    {"U": "x, a", "W": "h, a", "b": "a, 1h", "c": "a, 1x", "xs": "[t] x 1", "upstream": "G: -t h"},
)
def backwards(p: Any, d: Any) -> Any:
    h, loss = np.zeros(H), 0.0
    for t, x in enumerate(d["xs"]):
        h = np.tanh(x.ravel() @ p["U"] + h @ p["W"] + p["b"] + p["c"])
        loss = loss + (h * d["upstream"][T - 1 - t]).sum()
    return loss


# --- what no layout says --------------------------------------------------------------------------------------------

NOT_OURS: dict[str, Mini] = {}


def _moved(name: str) -> None:
    NOT_OURS[name] = MINIS.pop(name)


@mini(
    {**{f"W{k}": (H, H + D) for k in "fico"}, **{f"b{k}": (H,) for k in "fico"}, **{f"p{k}": (H,) for k in "fio"}},
    lambda rng: {"x": rng.normal(0, 1, (T, D)), "G": rng.normal(0, 1, (T, H))},
    {},
)
def peepholes(p: Any, d: Any) -> Any:
    h = c = np.zeros(H)
    loss = 0.0
    for x, G in zip(d["x"], d["G"], strict=True):
        z = np.concatenate([h, x])
        f, i = (sigmoid(p["W" + k] @ z + p["b" + k] + p["p" + k] * c) for k in "fi")
        c = f * c + i * np.tanh(p["Wc"] @ z + p["bc"])
        h = sigmoid(p["Wo"] @ z + p["bo"] + p["po"] * c) * np.tanh(c)
        loss = loss + (h * G).sum()
    return loss


@mini(
    {**{f"W{k}": (H, D) for k in "zrh"}, **{f"U{k}": (H, H) for k in "zrh"}, **{f"b{k}": (H,) for k in "zrh"}},
    lambda rng: {"x": rng.normal(0, 1, (T, D)), "G": rng.normal(0, 1, (T, H))},
    {},
)
def gated(p: Any, d: Any) -> Any:
    h, loss = np.zeros(H), 0.0
    for x, G in zip(d["x"], d["G"], strict=True):
        z, r = (sigmoid(p["W" + k] @ x + p["U" + k] @ h + p["b" + k]) for k in "zr")
        h = (1 - z) * h + z * np.tanh(p["Wh"] @ x + p["Uh"] @ (r * h) + p["bh"])
        loss = loss + (h * G).sum()
    return loss


@mini(
    {"W": (4 * H, D), "U": (4 * H, H), "b": (4 * H,)},
    lambda rng: {"x": rng.normal(0, 1, (T, D)), "G": rng.normal(0, 1, (T, H))},
    {},
)
def squashed(p: Any, d: Any) -> Any:
    h = c = np.zeros(H)
    loss = 0.0
    for x, G in zip(d["x"], d["G"], strict=True):
        i, f, g, o = np.split(p["W"] @ x + p["U"] @ h + p["b"], 4)
        c = np.tanh(sigmoid(f) * c + sigmoid(i) * np.tanh(g))
        h = sigmoid(o) * c
        loss = loss + (h * G).sum()
    return loss


for _name in ("peepholes", "gated", "squashed"):
    _moved(_name)
