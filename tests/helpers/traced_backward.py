"""Backward passes written out by hand, that show every adjoint and in which any one equation can be broken.

They follow the docstrings of handgrad's cells line by line, and share no code with what is tested with them.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

import handgrad
from harness.candidate import own
from harness.case import Case
from references.model import Model

Arrays = dict[str, np.ndarray]
#: the name of a quantity and its right value in, what the candidate computes out
Say = Callable[[str, np.ndarray], np.ndarray]


def sound(name: str, value: np.ndarray) -> np.ndarray:
    """Every equation as it should be."""
    return value


def noisy(*broken: str, seed: int = 0) -> Say:
    """These quantities come with a random error of their own size in every entry, and all others as they should be."""
    rng = np.random.default_rng(seed)

    def say(name: str, value: np.ndarray) -> np.ndarray:
        return value + rng.normal(1, 1, value.shape) if name in broken else value

    return say


def traced(case: Case, say: Say = sound) -> tuple[Arrays, Arrays]:
    """Gradients, and the trace of every adjoint, of a case with loss cotangent."""
    arrays, model = case.arrays, case.model
    T, B, D = arrays["x"].shape
    H = arrays["W_hh"].shape[1]
    n = model.divisor(T, B)
    kept: dict[str, list[np.ndarray]] = {}

    def keep(name: str, value: np.ndarray) -> np.ndarray:
        value = say(name, value)
        kept.setdefault(name, []).append(value)
        return value

    trace = {"G": say("G", arrays["G"] / n)}
    for state in model.equations.STATES:
        end = np.zeros((B, H))
        if f"G_{state}" in arrays:
            end = trace[f"G_{state}"] = say(f"G_{state}", arrays[f"G_{state}"] / n)
        trace[f"d{state}_end"] = say(f"d{state}_end", end)
    tape = own(model, case.copies()).trace
    before = {s: np.concatenate([arrays[f"{s}0"][np.newaxis], tape[s][:-1]]) for s in model.equations.STATES}
    step = _lstm if model.cell == "lstm" else _rnn
    carried = {state: trace[f"d{state}_end"] for state in model.equations.STATES}
    for t in reversed(range(T)):
        now = {name: values[t] for name, values in tape.items()}
        earlier = {state: values[t] for state, values in before.items()}
        carried = step(model.activation, now, earlier, trace["G"][t], carried, arrays["W_hh"], keep)
    trace |= {name: np.stack(values[::-1]) for name, values in kept.items()}
    trace["da_summed"] = say("da_summed", trace["da"])
    da, summed = trace["da"], trace["da_summed"].reshape(T * B, -1)
    grads = {
        "x": say("dx", da @ arrays["W_ih"]),
        "W_ih": say("dW_ih", summed.T @ arrays["x"].reshape(T * B, D)),
        "W_hh": say("dW_hh", summed.T @ before["h"].reshape(T * B, H)),
        "b_ih": say("db_ih", summed.sum(axis=0)),
        "b_hh": say("db_hh", summed.sum(axis=0)),
    }
    return grads | {f"{state}0": say(f"d{state}0", carried[state]) for state in carried}, trace


def _rnn(phi: str, now: Arrays, before: Arrays, G: np.ndarray, carried: Arrays, W_hh: np.ndarray, keep: Say) -> Arrays:
    dh = keep("dh", G + carried["h"])
    da = keep("da", dh * SLOPES[phi](now["h"]))
    return {"h": keep("dh_next", da @ W_hh)}


def _lstm(phi: str, now: Arrays, before: Arrays, G: np.ndarray, carried: Arrays, W_hh: np.ndarray, keep: Say) -> Arrays:
    i, f, g, o, c = (now[name] for name in "ifgoc")
    p = np.tanh(c) if phi == "tanh" else c
    dh = keep("dh", G + carried["h"])
    do = keep("do", dh * p)
    dc = keep("dc", dh * o * SLOPES[phi](p) + carried["c"])
    di, df, dg = keep("di", dc * g), keep("df", dc * before["c"]), keep("dg", dc * i)
    parts = [
        keep("da_i", di * i * (1 - i)),
        keep("da_f", df * f * (1 - f)),
        keep("da_g", dg * (1 - g**2)),
        keep("da_o", do * o * (1 - o)),
    ]
    da = keep("da", np.concatenate(parts, axis=1))
    return {"h": keep("dh_next", da @ W_hh), "c": keep("dc_next", dc * f)}


#: of the activated value
SLOPES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "tanh": lambda p: 1 - p**2,
    "sigmoid": lambda p: p * (1 - p),
    "relu": lambda p: (p > 0) * 1.0,
    "identity": np.ones_like,
}


def candidate(say: Say = sound, *shown: str) -> Callable[[Model, Arrays], handgrad.Gradients]:
    """The same as a candidate; of its trace only what is named is shown."""

    def loss_and_grads(model: Model, arrays: Arrays) -> handgrad.Gradients:
        grads, trace = traced(Case(model, arrays, "given"), say)
        return handgrad.Gradients(own(model, arrays).loss, grads, {name: trace[name] for name in shown})

    return loss_and_grads
