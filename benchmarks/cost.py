"""What a verdict costs beside the candidate itself, into docs/verdicts.md: ``python -m benchmarks.cost``."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping

from harness.threads import SETTINGS

#: An LSTM of 6,400 parameters, and one of 262,656.
SIZES: tuple[Mapping[str, int], ...] = (
    {"T": 20, "B": 8, "D": 16, "H": 32, "K": 32},
    {"T": 64, "B": 16, "D": 256, "H": 256, "K": 256},
)
ROUNDS = 15


def main() -> None:
    """Measure in turns, one thread, everything warm; print and put into the page."""
    os.environ |= dict.fromkeys(SETTINGS, "1")
    from benchmarks import pages

    rows = [
        "| T, B, D, H | candidate, ms | truth | budget | companions | whole verdict |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for sizes in SIZES:
        own, *others = (statistics.median(times) for times in _measured(sizes))
        named = ", ".join(str(sizes[axis]) for axis in "TBDH")
        rows.append(f"| {named} | {1e3 * own:.3g} | " + " | ".join(f"{other / own:.3g} ×" for other in others) + " |")
    text = "\n".join([*rows, "", f"Medians of {ROUNDS} turns in one run. Made by\n", "    python -m benchmarks.cost"])
    pages.insert(pages.VERDICTS, "cost", text)
    print(text)


def _measured(sizes: Mapping[str, int]) -> list[list[float]]:
    import harness
    from harness import candidate, companions
    from harness.budget import budgets
    from harness.case import from_seed
    from harness.session import Session
    from harness.workers import Workers
    from references import extended
    from references.model import Model

    model = Model("lstm", "tanh", "cotangent", "sum", 2, False)
    session = Session((), Workers(()))
    shown = (*model.equations.GATES, *model.equations.STATES)
    times: list[list[float]] = [[], [], [], [], []]
    for seed in range(-1, ROUNDS):
        case = from_seed(model, sizes, seed=abs(seed))
        truth = extended.gradients(model, case.arrays)
        tasks: tuple[Callable[[], object], ...] = (
            lambda case=case: candidate.own(model, dict(case.arrays)),
            lambda case=case: extended.gradients(model, case.arrays),
            lambda case=case, truth=truth: budgets(case, truth, shown),
            lambda: [session.accompany(one) for one in companions.of(model, "float64", True)],
            lambda case=case: harness.compare(case=case, references=()),
        )
        for task, taken in zip(tasks, times, strict=True):
            started = time.perf_counter()
            task()
            if seed >= 0:  # the first turn warms up
                taken.append(time.perf_counter() - started)
    return times


if __name__ == "__main__":
    main()
