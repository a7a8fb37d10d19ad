"""Whether anything sound is accused: ``python -m benchmarks.sound [--cases N]`` (about ten minutes).

handgrad's own gradients are diagnosed as those of a candidate would be that differs: cells, activations, losses,
reductions, biases, readouts, dtypes, sizes and seeds are drawn. Some give no gradients of inputs and states, and some
have no cotangents of the final states. No equation may be called broken.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

import handgrad
from harness.candidate import InProcess, own
from harness.case import DTYPES, Case, from_seed
from harness.cli import working
from harness.diagnosis.asking import Asked
from harness.diagnosis.box import outside
from references import equations
from references.equations import losses
from references.model import REDUCTIONS, Model

Candidate = Callable[[Model, dict[str, np.ndarray]], handgrad.Gradients]


@dataclass(frozen=True)
class Drawn:
    """One kind of sound case: what is asked is made of it."""

    model: Model
    dtype: str
    sizes: Mapping[str, int]
    seed: int
    weights_only: bool  #: no gradients of x and the initial states are given
    ends: bool  #: the final states have cotangents, where the loss takes any

    @property
    def words(self) -> str:
        """For a report."""
        sizes = " ".join(f"{axis}={size}" for axis, size in self.sizes.items())
        kept = ("" if self.ends else ", no final cotangents") + (", weights alone" if self.weights_only else "")
        return f"{self.model}, {self.dtype}, {sizes}, seed {self.seed}{kept}"

    def case(self, sizes: Mapping[str, int], seed: int = 0) -> Case:
        """A case of the drawn sizes; longer where what is asked for is."""
        own = dict(self.sizes)
        if sizes["T"] > 5:  # what is to be long: more steps of one sequence, and an input for each
            own |= {"T": own["T"] + 6, "B": 1, "D": own["D"] + 6}
        case = from_seed(self.model, own, self.dtype, self.seed + seed)
        kept = {name: array for name, array in case.arrays.items() if self.ends or name not in self.model.optional}
        return replace(case, arrays=kept)


def drawn(seed: int) -> Iterator[Drawn]:
    """Sound cases without end."""
    rng = np.random.default_rng(seed)
    cells = [cell for cell in equations.cells() if cell in handgrad.cells.names()]
    while True:
        cell, loss = str(rng.choice(cells)), str(rng.choice(losses.NAMES))
        T, B = (int(rng.integers(1, most + 1)) for most in (4, 3))
        yield Drawn(
            Model(
                cell,
                str(rng.choice(equations.cell(cell).ACTIVATIONS)),
                loss,
                str(rng.choice(list(REDUCTIONS))),
                int(rng.integers(3)),
                loss not in losses.ON_HIDDEN and bool(rng.integers(2)),
            ),
            str(rng.choice(DTYPES)),
            # one-hot inputs for every step need as many; one case in five has too few
            {"T": T, "B": B, "D": T * B + int(rng.integers(1, 4)) if rng.random() < 0.8 else int(rng.integers(1, 5)),
             "H": int(rng.integers(1, 4)), "K": int(rng.integers(2, 6))},
            int(rng.integers(1_000_000)),
            bool(rng.random() < 0.3),
            bool(rng.random() < 0.7),
        )  # fmt: skip


def accused(one: Drawn, candidate: Candidate = own) -> tuple[tuple[str, ...], ...] | None:
    """The equations that the candidate is accused of; None where nothing could be asked."""

    def asked(model: Model, arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
        given = candidate(model, arrays)
        kept = {name: grad for name, grad in given.grads.items() if name not in ("x", "h0", "c0")}
        return given._replace(grads=kept) if one.weights_only else given

    ask = Asked(InProcess(asked), one.model, one.dtype)
    ask.make = one.case  # type: ignore[method-assign]
    ask.coarse = one.dtype == "float32"
    found = outside(ask)
    return None if found is None else found.units


def main(arguments: Sequence[str] | None = None) -> int:
    """Print how many of what was accused; 1 where anything was, or where a case could not be asked about."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    source, counts, wrong = drawn(given.seed), Counter[tuple[str, str]](), 0
    for one in working((next(source) for _ in range(given.cases)), given.cases, "sound cases"):
        units = accused(one)
        counts[one.model.cell, one.dtype] += 1
        if units is None or units:
            wrong += 1
            print(f"{one.words}: {'nothing could be asked' if units is None else units}", flush=True)
    for (cell, dtype), count in sorted(counts.items()):
        print(f"{cell} {dtype}: {count} sound cases")
    print(f"{given.cases} sound cases, seed {given.seed}: {wrong} accused")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
