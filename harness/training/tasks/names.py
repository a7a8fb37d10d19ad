"""Names (casebook: building-blocks): a character RNN learns to make up names, one name per update.

Input is the zero vector, then the characters; target is the characters, then a newline. Weights are 0.01 · randn from
seed 1 in the order W_ih, W_hh, W_hy; the order of the names is shuffled once, from seed 0.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from handgrad import Gradients
from harness.errors import BadInput
from harness.text import contents
from harness.trained import Figure, Series
from harness.training.meters import curve, figure
from harness.training.options import Options, given
from harness.training.setting import Setting
from references.model import Model

NAME = "names"
SUMMARY = "a character RNN makes up names: any file with a name per line"
ENTRY = "building-blocks"

LIST = Path(__file__).parents[1] / "data" / "names.txt"
PUBLISHED_NAMES = 1536  # and 27 symbols: of a list of dinosaurs, which the figures are about
PUBLISHED_CHARACTERS = 19_909
PUBLISHED = {0: 23.087336, 2000: 27.884160, 4000: 25.901815, 6000: 24.608779, 8000: 24.070350, 10_000: 23.844446,
             12_000: 23.291971}  # fmt: skip


def settings(options: Options) -> list[Setting]:
    """H = 50, rate 0.01, clipped to ±5, 35,000 updates; the hidden state is carried from name to name."""
    options.refuse(NAME, "activation")
    path = given(options.data, LIST)
    text, names = read(path)
    alphabet = sorted(set(text) | {"\n"})
    V, H = len(alphabet), given(options.hidden, 50)
    rng = np.random.RandomState(given(options.seed, 1))
    params = {name: rng.randn(*shape) * 0.01 for name, shape in (("W_ih", (H, V)), ("W_hh", (H, H)), ("W_hy", (V, H)))}
    params |= {"b_ih": np.zeros(H), "b_y": np.zeros(V)}
    shuffled = list(names)
    np.random.RandomState(0).shuffle(shuffled)
    batches = [_batch([alphabet.index(symbol) for symbol in name], alphabet.index("\n"), V) for name in shuffled]
    same = options.as_published and (len(names), len(text)) == (PUBLISHED_NAMES, PUBLISHED_CHARACTERS)
    return [
        Setting(
            title="tanh RNN",
            data=f"names of {path.name}: {len(names)}, {V} symbols",
            model=Model("rnn", "tanh", "softmax-cross-entropy", "sum", 1, True),
            params=params,
            rate=given(options.rate, 0.01),
            updates=35_000,
            batch=lambda update: dict(batches[update % len(batches)]),
            meter=lambda: _Smoothed(math.log(V) * 7, PUBLISHED if same else {}),
            clip=options.clipping(5.0),
            carried=("h",),
            alphabet=alphabet,
            stop=alphabet.index("\n"),
        )
    ]


def read(path: Path) -> tuple[str, list[str]]:
    """The lower-cased text of a file, and its names. Raises BadInput for a blank line, and as `contents` does."""
    text = contents("names", path).lower()
    lines = text.removesuffix("\n").split("\n")
    blank = [number for number, line in enumerate(lines, 1) if not line.strip()]
    if blank:
        raise BadInput(f"names {path}: line {blank[0]} is blank, needs a name on every line")
    return text, [line.strip() for line in lines]


def _batch(codes: list[int], newline: int, V: int) -> dict[str, np.ndarray]:
    x = np.zeros((len(codes) + 1, 1, V))
    x[np.arange(1, len(x)), 0, codes] = 1
    return {"x": x, "y": np.array([*codes, newline])[:, np.newaxis]}


class _Smoothed:
    """0.999 s + 0.001 loss, from ln(V) · 7 on."""

    def __init__(self, start: float, published: Mapping[int, float]) -> None:
        self._value, self._published = start, published
        self._values: list[float] = []

    def note(self, update: int, answer: Gradients, data: Mapping[str, np.ndarray]) -> None:
        self._value = 0.999 * self._value + 0.001 * float(answer.loss)
        self._values.append(self._value)

    def series(self) -> list[Series]:
        return [curve("smoothed loss", self._values)]

    def figures(self) -> list[Figure]:
        return [
            figure(f"smoothed loss at update {update}", value, self._values[update], 1e-6, False)
            for update, value in self._published.items()
            if update < len(self._values)
        ]

    def told(self) -> list[tuple[str, str]]:
        return []
