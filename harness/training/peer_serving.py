"""What a peer answers to an update of a training, wherever it runs.

Gradients at the hand's weights; where asked for, whether the hand's are within what a noisy sample allows, of weights
and data that are moved by one unit in their last place; and gradients of the free trajectory, which alone must be taken
one after the other.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.training.descent import Clip
from harness.training.drift import Curve, Free
from harness.training.records import Asked, Layout, Record, flattened
from harness.training.screen import Sample
from references import protocol, rounding
from references.model import Model, fingerprint
from references.protocol import Lean

#: at how many places the noise of an update may begin: a prime, so that neighbours begin far from each other
_SHIFTS = 1009
#: updates are answered together where all parameters are fewer than this
_HEAVY = 2**15

_Pair = tuple[Asked, Record]


class Serving:
    """``about`` as `harness.training.lockstep` makes it; ``params`` are the weights that both trajectories begin at."""

    def __init__(self, about: Mapping[str, Any], params: Mapping[str, np.ndarray]) -> None:
        model = Model(**about["model"])
        reference = protocol.available()[about["reference"]]
        self._layout = Layout(model, about["sizes"], tuple(about["names"]))
        self._shapes = self._layout.shapes
        # More than what is graded, where the hand does not give all. What is compiled is kept by the order of names.
        trained = tuple(sorted(params))
        self._ask = protocol.repeated(reference, model, trained, about["device"])
        self._free = Free(params, Clip(*about["clip"]), about["rate"], about["carried"]) if about["drift"] else None
        self._curve = Curve()
        self._known: set[tuple[int, ...]] = set()  #: how many sets, T and B, of what is compiled
        self._compiling = 0.0
        self._sample = Sample(self._shapes, {name: model.blocks(name) for name in self._shapes})
        self._noisy = np.empty(sum(map(math.prod, self._shapes.values())))
        small = sum(param.size for param in params.values()) < _HEAVY
        self._together = getattr(reference, "TOGETHER", 1) if small else 1
        self._factors = np.ones(0)

    def answer(self, memory: memoryview, start: int, records: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """Fill in the records, each an `Asked`, from byte ``start`` on.

        Returns the seconds that new shapes took, and the fingerprints of what was received.
        """
        received: dict[str, str] = {}
        pairs: list[_Pair] = []
        for asked in (Asked(*one) for one in records):
            record = self._layout.record(memory, start, asked.T, asked.B)
            if asked.read_back:
                received[str(asked.update)] = fingerprint(record.arrays)
            pairs.append((asked, record))
            start += self._layout.bytes(asked.T, asked.B)
        self._compiling = 0.0
        self.fill(pairs)
        return {"compiling": self._compiling, "received": received}

    def fill(self, pairs: Sequence[_Pair]) -> None:
        """Write the reference's gradients into records, and take the free trajectory as many steps further.

        Updates of one shape are answered together, which costs far less than one by one where sizes are small.
        """
        shapes: dict[tuple[int, int, bool], list[_Pair]] = {}
        for asked, record in pairs:
            shapes.setdefault((asked.T, asked.B, asked.noisy), []).append((asked, record))
        with np.errstate(all="ignore"):  # what is not finite is seen by who compares
            for alike in shapes.values():
                for first in range(0, len(alike), self._together):
                    self._beside(alike[first : first + self._together])
            for asked, record in pairs:
                self._further(asked, record)

    def _beside(self, alike: Sequence[_Pair]) -> None:
        """At the hand's weights, for updates of one shape. Always as many sets of arrays: other counts are compiled."""
        cases: list[Mapping[str, np.ndarray]] = []
        for asked, record in alike:
            cases.append(record.arrays)
            if asked.noisy:
                cases.append(self._moved(record.arrays, asked.update))
        each = len(cases) // len(alike)
        answers = self._timed(cases + [cases[-1]] * (each * self._together - len(cases)))
        for k, (asked, record) in enumerate(alike):
            flattened(answers[each * k].grads, self._shapes, record.reference)
            record.close[...] = np.nan
            if asked.noisy:
                flattened(answers[each * k + 1].grads, self._shapes, self._noisy)
                record.close[...] = self._sample.passes(record.hand, record.reference, self._noisy)

    def _further(self, asked: Asked, record: Record) -> None:
        """The free trajectory's own update."""
        record.distance[...] = np.nan
        if self._free is None:
            return
        (answer,) = self._timed([self._free.arrays(record.arrays)])
        if self._curve.wants(asked.update):
            record.distance[...] = self._free.distance(record.arrays)
            self._curve.add(asked.update, float(record.distance))
        self._free.step(answer)

    def _timed(self, cases: Sequence[Mapping[str, np.ndarray]]) -> list[Lean]:
        """The reference's answers; what a new shape takes is counted as compiling."""
        shape = len(cases), *cases[0]["x"].shape[:2]
        began = time.perf_counter()
        answers = self._ask(cases)
        if shape not in self._known:
            self._known.add(shape)
            self._compiling += time.perf_counter() - began
        return answers

    def _moved(self, arrays: Mapping[str, np.ndarray], update: int) -> dict[str, np.ndarray]:
        """Every input up or down by one unit in its last place, targets aside, as `references.rounding` moves them."""
        size = sum(array.size for array in arrays.values())
        if len(self._factors) < size + _SHIFTS:
            signs = np.random.default_rng(0).choice((-1, 1), size + _SHIFTS)
            self._factors = 1 + rounding.UNIT * np.finfo(float).eps * signs
        moved = {}
        first = update * 97 % _SHIFTS
        for name, array in arrays.items():
            last = first + array.size
            stays = name == "y" or not array.any()
            moved[name] = array if stays else array * self._factors[first:last].reshape(array.shape)
            first = last
        return moved
