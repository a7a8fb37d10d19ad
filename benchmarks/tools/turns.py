"""One process per entry, taking turns, one thread each: the time of a judgement with everything loaded."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context

from benchmarks.tools import ours, torch_gradcheck
from benchmarks.tools.cases import SIZES
from benchmarks.tools.forward import loss_in_torch, loss_step_by_step
from benchmarks.tools.results import Entry, Speed
from benchmarks.tools.subject import subject
from benchmarks.tools.tools import TOOLS
from harness.candidate import own
from harness.case import from_seed
from references.model import Model

#: The slow check of somebody whose forward is in PyTorch.
IN_TORCH = {
    "torch gradcheck, forward by torch.nn.LSTM": loss_in_torch,
    "torch gradcheck, forward step by step in PyTorch": loss_step_by_step,
}
#: Seconds that a judgement may take.
LIMIT = 300.0


@dataclass(frozen=True)
class Timed:
    """What is judged: the sound candidate on the case of a seed."""

    model: Model
    sizes: Mapping[str, int]
    seed: int = 0


@dataclass(frozen=True)
class Turn:
    """An entry, and what it judges how often, each time on a case of its own; before that, a small one unmeasured."""

    entry: Entry
    timed: Timed
    repeats: int


def turns(contenders: Sequence[Turn]) -> list[Speed]:
    """Everybody's median."""
    context = get_context("spawn")
    pools = [ProcessPoolExecutor(1, context) for _ in contenders]
    pairs = list(zip(pools, contenders, strict=True))
    try:
        first = [_one(pool, one.entry, replace(one.timed, sizes=SIZES))[0] for pool, one in pairs]
        taken: list[list[tuple[float, bool]]] = [[] for _ in contenders]
        for turn in range(max(one.repeats for one in contenders)):
            for (pool, one), results in zip(pairs, taken, strict=True):
                if turn < one.repeats:
                    results.append(_one(pool, one.entry, replace(one.timed, seed=1 + turn)))
    finally:
        for pool in pools:
            pool.shutdown(cancel_futures=True)
    return [
        Speed(
            entry=one.entry,
            seconds=statistics.median(seconds for seconds, _ in results),
            repeats=len(results),
            accepted=sum(accepted for _, accepted in results),
            first=before,
        )
        for one, results, before in zip(contenders, taken, first, strict=True)
    ]


def _one(pool: ProcessPoolExecutor, entry: Entry, timed: Timed) -> tuple[float, bool]:
    return pool.submit(judge_once, entry, timed).result(timeout=LIMIT)


def judge_once(entry: Entry, timed: Timed) -> tuple[float, bool]:
    """Seconds of one judgement, making the case left out, and whether the sound candidate is accepted."""
    case = from_seed(timed.model, timed.sizes, "float64", timed.seed)
    started = time.perf_counter()
    if entry.tool in IN_TORCH:
        accepted = torch_gradcheck.slow(subject(own, case, IN_TORCH[entry.tool](case)), entry.settings["float64"])
    elif entry.tool in TOOLS:
        accepted = TOOLS[entry.tool].accepts(subject(own, case), entry.settings["float64"])
    else:
        import harness

        accepted = harness.compare(case=case, references=(), alone=entry.tool == ours.ALONE).verdict == "agree"
    return time.perf_counter() - started, accepted
