"""What handgrad itself judges: by default with companion cases, or a single case alone."""

from __future__ import annotations

from functools import cache

from benchmarks.tools import cases
from benchmarks.tools.planted import Planted
from harness import companions
from harness.candidate import Candidate, own
from harness.case import Case
from harness.companions import Companion
from harness.sensitivity import faults, judged

ALONE = "handgrad, that case alone"
DEFAULT = "handgrad"


def catches(name: str, met: Planted, dtype: str) -> bool:
    """Whether a class of faults is seen."""
    if name == DEFAULT:
        return bool(faults.seen(met.one, dtype).seen_by)
    return not _accepts(met.fault.candidate, _small(met, dtype))


def accepts(name: str, case: Case) -> bool:
    """Whether handgrad's own gradients of a sound case are accepted, with the companions of its model or without."""
    accompanied = companions.of(case.model, str(case.dtype), True) if name == DEFAULT else ()
    return all(_accepts(own, one) for one in (_known(case), *accompanied))


def _accepts(candidate: Candidate, one: Companion) -> bool:
    return judged.verdict(candidate, one).verdict not in ("differ", "error")


def _small(met: Planted, dtype: str) -> Companion:
    return _known(cases.small(met.model, dtype, cases.FAULTS_SEED)[0])


#: A case's truth and budgets, which no candidate changes.
_known = cache(companions.known)
