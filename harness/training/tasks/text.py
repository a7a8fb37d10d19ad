"""Text (casebook: nan-lstm): a character LSTM reads a text window by window, 100 cells, 100 characters, rate 0.1.

Any UTF-8 file; without one, a text of 120 symbols is made up, as the published program needs at least 100. States are
carried from window to window. Gradients are clipped to ±5, outside the backward pass: the published program did not,
and without it even the right gradient sends the loss up now and then.
"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from handgrad import Gradients
from harness.errors import BadInput
from harness.text import contents
from harness.trained import Figure, Series
from harness.training.meters import curve
from harness.training.options import Options, given
from harness.training.setting import Setting, Stream
from references.model import Model

NAME = "text"
SUMMARY = "a character LSTM reads any UTF-8 file, window by window"
ENTRY = "nan-lstm"

WINDOW = 100
SYMBOLS = 120
LAST = 50  # windows, of which the mean loss per character is told


def settings(options: Options) -> list[Setting]:
    """H = 100, windows of 100, rate 0.1, 400 windows."""
    options.refuse(NAME, "activation")
    if options.data is None:
        text, name = made_up(), f"a made-up text of {SYMBOLS} symbols"
    else:
        text = contents("text", options.data)
        name = options.data.name
    if len(text) <= WINDOW:
        raise BadInput(f"text {name}: has {len(text)} symbols, a window of {WINDOW} needs {WINDOW + 1}")
    alphabet, codes = np.unique(list(text), return_inverse=True)
    n, d = len(alphabet), given(options.hidden, 100)
    stream = Stream(codes, WINDOW)
    return [
        Setting(
            title="LSTM",
            data=f"{name}: {len(text)} characters, {n} symbols, windows of {WINDOW}",
            model=Model("lstm", "tanh", "softmax-cross-entropy", "sum", 1, True),
            params=initial(given(options.seed, 0), n, d),
            rate=given(options.rate, 0.1),
            updates=400,
            batch=lambda update: _batch(stream, update, n),
            meter=lambda: _PerCharacter(WINDOW),
            clip=options.clipping(5.0),
            carried=("h", "c"),
            alphabet=[str(symbol) for symbol in alphabet],
            stream=stream,
        )
    ]


def initial(seed: int, n: int, d: int) -> dict[str, np.ndarray]:
    """randn(n+d, d) ÷ √((n+d)/2) for each gate, rows of x first, randn(d, n) ÷ √(d/2), and biases of randn."""
    rng = np.random.RandomState(seed)
    gates = {gate: rng.randn(n + d, d) / math.sqrt((n + d) / 2) for gate in "ifoc"}
    W_hy = rng.randn(d, n) / math.sqrt(d / 2)
    biases = {gate: rng.randn(d) for gate in "ifoc"}
    stacked = np.concatenate([gates[gate].T for gate in "ifco"])  # A n+d
    return {
        "W_ih": np.ascontiguousarray(stacked[:, :n]),
        "W_hh": np.ascontiguousarray(stacked[:, n:]),
        "b_ih": np.concatenate([biases[gate] for gate in "ifco"]),
        "W_hy": np.ascontiguousarray(W_hy.T),
        "b_y": rng.randn(n),
    }


def made_up(length: int = 20_000, seed: int = 0) -> str:
    """A text in which each of `SYMBOLS` symbols is followed by one of five, so that there is something to learn."""
    rng = np.random.default_rng(seed)
    alphabet = [chr(code) for code in (*range(32, 127), *range(0x3B1, 0x3B1 + SYMBOLS - 95))]
    after = np.array([rng.choice(SYMBOLS, 5, replace=False) for _ in alphabet])
    after[:, 0] = (np.arange(SYMBOLS) + 1) % SYMBOLS  # every symbol comes up
    code, found = 0, []
    for choice in rng.choice(5, length, p=(0.4, 0.3, 0.15, 0.1, 0.05)):
        found.append(alphabet[code])
        code = int(after[code, choice])
    return "".join(found)


def _batch(stream: Stream, update: int, n: int) -> dict[str, np.ndarray]:
    codes = stream.window(update)
    return {"x": np.eye(n)[codes[:-1], np.newaxis], "y": codes[1:, np.newaxis]}


class _PerCharacter:
    """The mean loss per character of each window."""

    def __init__(self, window: int) -> None:
        self._window = window
        self._values: list[float] = []

    def note(self, update: int, answer: Gradients, data: Mapping[str, np.ndarray]) -> None:
        self._values.append(float(answer.loss) / self._window)

    def series(self) -> list[Series]:
        return [curve("loss per character", self._values)]

    def figures(self) -> list[Figure]:
        return []

    def told(self) -> list[tuple[str, str]]:
        last = self._values[-LAST:]
        return [("mean", f"{np.mean(last):.4f} per character over the last {len(last)} windows")] if last else []
