"""The search for a layout: from shapes to guesses, and from a guess to one with another line, each time by the loss.

Zero weights are zero in every layout, so arrays can be switched off and be found one after the other. First those that
hold the input's weights, together with the readout, the inputs and the targets: they alone bring h to life. Then every
other array is switched on, and is what makes the equations' loss the candidate's again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations, product
from typing import Any

import numpy as np

from handgrad import cells
from harness.layout import forwards, options
from harness.layout.guess import Guess, compared, in_words
from harness.layout.kinds import Structure, strangeness, structures
from harness.layout.notation import Data
from harness.layout.probe import SEEN, Probe

Tick = Callable[[str, float], None]

#: guesses that are followed; more of them fit only where the loss hardly depends on anything
_MOST = 24


class OutOfTime(Exception):
    """The time that the search may take is over."""


@dataclass
class Near:
    """The guess that came nearest, of those that do not fit."""

    distance: float = np.inf
    words: str = ""


class Search:
    """One search; what it saw on its way is kept for those who want to know why nothing was found."""

    def __init__(
        self, probe: Probe, params: Mapping[str, Any], data: Mapping[str, Any], tick: Tick, seconds: float
    ) -> None:
        self.probe, self.params, self.data = probe, params, data
        self.tick, self.until = tick, time.monotonic() + seconds
        self.tolerance = 1e-9
        self.guesses = 0
        self.near = Near()
        self.shapes = {name: np.shape(value) for name, value in params.items() if name in probe.floats}
        indices = any(name not in probe.floats for name in data)
        #: the sizes that x may have; any, where there are none
        self.inputs = () if indices else {length for name in data for length in self._lengths(name)}
        self.structures = structures(self.shapes, self.inputs)
        self.reached: list[Guess] = []  #: guesses to which nothing more can be added
        self._fraction = 0.0

    # --- from shapes to guesses ---------------------------------------------------------------------------------

    def run(self, any_factor: bool) -> bool:
        """Follow the likeliest structures that fit; whether anything was ``reached``."""
        last = None
        for at, structure in enumerate(self.structures):
            strange = strangeness(structure, self.shapes)
            if last != strange and any(not guess.unexplained for guess in self.reached):
                break
            last = strange
            self._told(f"{structure.cell} with {_said(structure)}", at / len(self.structures))
            D = dict(structure.sizes)["D"]
            x = [(name, text) for name, value in self.data.items() for text in options.inputs(name, value, D)]
            first = [guess for one in x for guess in self._beginnings(structure, one, any_factor)]
            for guess in first[:_MOST]:
                self.reached += self._completed(guess)
        return bool(self.reached)

    def _told(self, words: str, fraction: float) -> None:
        self._fraction = max(self._fraction, 0.9 * fraction)
        self.tick(words, self._fraction)

    def _lengths(self, name: str) -> tuple[int, ...]:
        value = self.data[name]
        return (*np.shape(value[-1] if isinstance(value, list | tuple) and value else value), 1)

    def _beginnings(self, structure: Structure, x: tuple[str, str], any_factor: bool) -> Iterator[Guess]:
        sizes = dict(structure.sizes)
        draws = self.probe.draws
        ready = [forwards.inputs(*x, draws[draw][x[0]], sizes["D"]) for draw in SEEN]
        T, B, _ = ready[0].shape
        mains = [
            line
            for name, value in self.data.items()
            if name != x[0]
            for line in options.mains(structure, name, value, T, B)
        ]
        if not mains:
            return
        activations = cells.get(structure.cell).ACTIVATIONS
        names = [*structure.names("x"), *structure.names("h", True), *structure.names("1", True)]
        alive = {line.name: [self.probe.loss([*names, x[0], line.name], draw) for draw in SEEN] for line in mains}
        for lines, activation in product(options.arrangements(structure, self.shapes), activations):
            self._check_time()
            own = self._compared(structure, activation, lines, ready, 0, mains)
            others: list[list[dict[str, float]]] = []
            for at, line in enumerate(mains):
                for loss, value in own[at].items():
                    self.guesses += 1
                    theirs = alive[line.name]
                    factor = theirs[0] / value if value else np.nan
                    usual = any_factor or in_words(factor, {**sizes, "T": T, "B": B}, max(self.tolerance, 1e-7))
                    if not np.isfinite(factor) or not factor or not usual:
                        continue
                    others = others or [
                        self._compared(structure, activation, lines, ready, draw, mains) for draw in SEEN[1:]
                    ]
                    distance = max(
                        abs(one / (factor * other[at][loss]) - 1) if other[at][loss] else np.inf
                        for one, other in zip(theirs[1:], others, strict=True)
                    )
                    self._compare(distance, f"{structure.cell} with {_said(structure)}, loss {loss}", lines)
                    if distance < self.tolerance:
                        known = (*lines.items(), x, (line.name, line.text))
                        yield Guess(structure, T, B, activation, loss, factor, known)

    def _compared(
        self, structure: Structure, activation: str, lines: Mapping[str, str], inputs: Sequence[np.ndarray],
        draw: int, mains: Sequence[Data],
    ) -> list[dict[str, float]]:  # fmt: skip
        """The losses of every line of targets or cotangents, while the weights have these lines alone."""
        values, sizes = self.probe.draws[draw], dict(structure.sizes)
        W = forwards.weights(structure.cell, sizes, "K" in sizes, lines, values)
        with np.errstate(all="ignore"):
            reached = forwards.states(structure.cell, activation, W, inputs[draw], {})
            z = reached.h @ W["W_hy"].T + W["b_y"] if "K" in sizes else reached.h
            return [compared(line, values[line.name], reached, z) for line in mains]

    # --- from a guess to one with another line ------------------------------------------------------------------

    def _completed(self, guess: Guess) -> list[Guess]:
        """The guess with a line for every array that the loss depends on, in all ways that fit."""
        done: list[Guess] = []
        open_: list[Guess] = [guess]
        while open_ and len(done) < _MOST:
            one = open_.pop(0)
            self._told(f"{len(one.lines)} of {len(self.params) + len(self.data)} arrays known", self._fraction)
            more = self._with_another(one)
            if more is None:
                done.append(one)
            open_ += (more or [])[:_MOST]
        return done

    def _with_another(self, guess: Guess) -> list[Guess] | None:
        """The guess with one more line, or two where neither matters alone; None where nothing more matters."""
        left = self.left(guess)
        on = [name for name, _ in guess.lines]
        for name in left:
            if self.probe.matters(name, on):
                fits = [
                    guess.having((name, text)) for text in self.options(guess, name) if self._fits(guess, (name, text))
                ]
                return fits or [replace(guess, unexplained=(*guess.unexplained, name))]
        for one, two in combinations(left, 2):
            if self.probe.matters(one, [*on, two]):
                pairs = (
                    ((one, first), (two, second))
                    for first in self.options(guess, one)
                    for second in self.options(guess.having((one, first)), two)
                )
                fits = [guess.having(*pair) for pair in pairs if self._fits(guess, *pair)]
                return fits or [replace(guess, unexplained=(*guess.unexplained, one, two))]
        return None

    def left(self, guess: Guess) -> list[str]:
        """The arrays of floats without a line."""
        there = {*guess.known, *guess.unexplained}
        return [name for name in (*self.params, *self.data) if name in self.probe.floats and name not in there]

    def _fits(self, guess: Guess, *lines: tuple[str, str]) -> bool:
        self._check_time()
        whole = guess.having(*lines)
        on = [name for name, _ in whole.lines]
        self.guesses += 1
        farthest = 0.0
        for draw in SEEN:
            values = self.probe.draws[draw]
            wanted = self.probe.loss(on, draw)
            distance = abs(whole.value(values) / wanted - 1) if wanted else np.inf
            farthest = max(farthest, distance)
            if not distance < self.tolerance:
                self._compare(farthest, "", dict(lines))
                return False
        return True

    def options(self, guess: Guess, name: str) -> Iterator[str]:
        """Every line that an array may have beside those of the guess."""
        kind = dict(guess.structure.kinds).get(name)
        if kind is not None:
            yield from options.weights(guess, name, kind, self.shapes[name])
        elif name in self.data:
            yield from options.states(guess, name, self.data[name])

    # --- what is seen on the way --------------------------------------------------------------------------------

    def _compare(self, distance: float, words: str, lines: Mapping[str, str]) -> None:
        if self.tolerance <= distance < self.near.distance:
            said = ", ".join(f'{name} "{text}"' for name, text in lines.items())
            self.near = Near(distance, f"{words}: {said}" if words else said)

    def _check_time(self) -> None:
        if time.monotonic() > self.until:
            raise OutOfTime


def _said(structure: Structure) -> str:
    return ", ".join(f"{size}={value}" for size, value in structure.sizes)
