"""Sound gradients under the rules for a candidate: nothing may be called wrong.

Shapes are drawn up to T=200, B=32, D=64, H=128, K=64, each with one cell, activation, loss and reduction in turn, and
each with as many cases as there is work to share: both dtypes, weights from 1e-3 to 3 in scale, saturated and not.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from harness.candidate import own
from harness.case import DTYPES, Case, from_seed
from harness.companions import known
from harness.judge import Evidence, judge
from harness.run import Participant
from harness.study import Alarms
from harness.subject import Canonical
from references import equations, protocol
from references.equations import losses
from references.model import REDUCTIONS, Model
from references.protocol import Answer

LARGEST: Mapping[str, int] = {"T": 200, "B": 32, "D": 64, "H": 128, "K": 64}
SCALES = (1e-3, 3.0)
#: The references that take a candidate's place, where they are installed.
PROVIDERS = ("torch", "jax")
_EXAMPLES = 5

Asked = Callable[[Case], Answer]


@dataclass
class Tally:
    """Counts of one provider at one dtype, to be added up."""

    verdicts: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    worst: float = 0.0
    arrays: int = 0
    examples: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Count another's too."""
        for verdict, count in other.verdicts.items():
            self.verdicts[verdict] += count
        self.worst = max(self.worst, other.worst)
        self.arrays += other.arrays
        self.examples += other.examples


def of_shape(number: int, first: int, count: int) -> dict[tuple[str, str], Tally]:
    """Cases ``first`` and on of one shape, by provider and dtype."""
    tallies: dict[tuple[str, str], Tally] = defaultdict(Tally)
    for k in range(first, first + count):
        one = known(sound_case(number, k))
        case = one.case
        for name, ask in providers().items():
            evidence = Evidence(
                subject=Canonical(case),
                candidate=ask(case),
                truth=one.truth,
                references={},
                budgets=one.budgets,
                participants=(Participant(name, "candidate", "judged"), Participant(one.truth_name, "truth", "judged")),
                findings=(),
                companion=True,
            )
            judgement = judge(evidence)
            tally = tallies[name, str(case.dtype)]
            tally.verdicts[judgement.verdict] += 1
            rows = (*judgement.rows, *judgement.forward)
            tally.arrays += len(rows)
            tally.worst = max([tally.worst, *(row.ratio for row in rows)])
            if judgement.verdict not in ("agree", "inconclusive") and len(tally.examples) < _EXAMPLES:
                tally.examples.append(f"{judgement.case.title} · {case.source}: {judgement.reason}")
    return dict(tallies)


def summed(parts: Sequence[Mapping[tuple[str, str], Tally]]) -> tuple[Alarms, ...]:
    """What all shapes came to."""
    total: dict[tuple[str, str], Tally] = defaultdict(Tally)
    for part in parts:
        for key, tally in part.items():
            total[key].add(tally)
    return tuple(
        Alarms(provider, dtype, tally.verdicts["agree"], tally.verdicts["differ"] + tally.verdicts["error"],
               tally.verdicts["inconclusive"], tally.worst, tally.arrays, tuple(tally.examples[:_EXAMPLES]))
        for (provider, dtype), tally in sorted(total.items())
    )  # fmt: skip


def providers() -> dict[str, Asked]:
    """Who takes the candidate's place: handgrad, and what is installed of `PROVIDERS`."""
    known = protocol.available()
    able = [known[name] for name in PROVIDERS if not protocol.missing(known[name])]
    return {"handgrad": _own} | {one.NAME: _asking(one) for one in able}


def _own(case: Case) -> Answer:
    with np.errstate(all="ignore"):  # what overflows is inconclusive, and no matter for warnings
        answer = own(case.model, case.copies())
    return Answer(np.asarray(answer.loss), answer.grads, answer.trace, "")


def _asking(reference: protocol.Reference) -> Asked:
    return lambda case: reference.gradients(case.model, case.arrays)


def sound_case(number: int, k: int) -> Case:
    """Case ``k`` of shape ``number``: always the same."""
    rng = np.random.default_rng([number, 0])
    sizes = {axis: int(np.exp(rng.uniform(0, np.log(most + 1)))) for axis, most in LARGEST.items()}
    models = _models()
    model = models[number % len(models)]
    model = replace(model, reduction=str(rng.choice(list(REDUCTIONS))), biases=int(rng.integers(3)))
    rng = np.random.default_rng([number, 1, k])
    scale = float(np.exp(rng.uniform(*np.log(SCALES))))
    case = from_seed(model, sizes, DTYPES[k % 2], seed=1000 * number + k)
    # `from_seed` draws weights around ±0.5, smaller for many columns: this makes the scale that of each weight.
    arrays = {
        name: array * array.dtype.type(scale / max(float(np.std(array)), 1e-30)) if name.startswith("W_") else array
        for name, array in case.arrays.items()
    }
    return replace(case, arrays=arrays, source=f"shape {number}, case {k}, weights around {scale:.2g}")


def _models() -> list[Model]:
    """Every cell with every loss; the activations take turns."""
    return [
        Model(cell, module.ACTIVATIONS[turn % len(module.ACTIVATIONS)], loss, "sum", 2, loss not in losses.ON_HIDDEN)
        for cell, module in ((name, equations.cell(name)) for name in equations.cells())
        for turn, loss in enumerate(losses.NAMES)
    ]
