"""What a peer answers to an update of a training, wherever it runs.

Gradients at the hand's weights; where asked for, those at weights and data that are moved by one unit in their last
place; and those of the free trajectory: all in one call of the reference.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from harness.training.descent import Clip
from harness.training.drift import Curve, Free
from harness.training.records import Asked, Layout, Record, flattened
from references import protocol, rounding
from references.model import Model, fingerprint

#: at how many places the noise of an update may begin: a prime, so that neighbours begin far from each other
_SHIFTS = 1009


class Serving:
    """``about`` as `asked_for` makes it; ``params`` are the weights that both trajectories begin at."""

    def __init__(self, about: Mapping[str, Any], params: Mapping[str, np.ndarray]) -> None:
        model = Model(**about["model"])
        reference = protocol.available()[about["reference"]]
        self._layout = Layout(model, about["sizes"], tuple(about["names"]))
        self._shapes = self._layout.shapes
        trained = tuple(params)  # more than what is graded, where the hand does not give all
        self._ask = protocol.repeated(reference, model, trained, about["device"])
        self._free = Free(params, Clip(*about["clip"]), about["rate"], about["carried"]) if about["drift"] else None
        self._curve = Curve()
        self._known: set[tuple[int, int, bool]] = set()  #: T, B and whether noisy, of what is compiled
        self._factors = np.ones(0)

    def answer(self, memory: memoryview, start: int, records: Sequence[Sequence[Any]]) -> dict[str, Any]:
        """Fill in the records, each an `Asked`, from byte ``start`` on.

        Returns the seconds that new shapes took, and the fingerprints of what was received.
        """
        seconds, received = 0.0, {}
        for asked in (Asked(*one) for one in records):
            record = self._layout.record(memory, start, asked.T, asked.B)
            if asked.read_back:
                received[str(asked.update)] = fingerprint(record.arrays)
            began = time.perf_counter()
            self.fill(asked, record)
            shape = asked.T, asked.B, asked.noisy
            if shape not in self._known:
                self._known.add(shape)
                seconds += time.perf_counter() - began
            start += self._layout.bytes(asked.T, asked.B)
        return {"compiling": seconds, "received": received}

    def fill(self, asked: Asked, record: Record) -> None:
        """Write the reference's gradients into a record, and take the free trajectory a step further."""
        with np.errstate(all="ignore"):  # what is not finite is seen by who compares
            cases: list[Mapping[str, np.ndarray]] = [record.arrays]
            if asked.noisy:
                cases.append(self._moved(record.arrays, asked.update))
            if self._free is not None:
                cases.append(self._free.arrays(record.arrays))
            answers = self._ask(cases)
            flattened(answers[0].grads, self._shapes, record.reference)
            if asked.noisy:
                flattened(answers[1].grads, self._shapes, record.noisy)
            record.distance[...] = np.nan
            if self._free is None:
                return
            if self._curve.wants(asked.update):
                record.distance[...] = self._free.distance(record.arrays)
                self._curve.add(asked.update, float(record.distance))
            self._free.step(answers[-1])

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
