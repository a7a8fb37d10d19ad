"""What can be told of a candidate without a layout: patterns of each array, and what a layout would add."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from harness.brought import Brought
from harness.diagnosed import Diagnosis, Fault
from harness.diagnosis import shrink
from harness.diagnosis.example_own import smallest_own
from harness.diagnosis.patterns import pattern
from harness.own import draw
from harness.run import Judgement

_SECONDS, _EXAMPLE = 5.0, 20.0
#: what differs by less is rounding, or the derivative's own error
_EQUAL = 1e-6


def diagnose(brought: Brought, failing: Sequence[Judgement], working: Callable[[str, float], None]) -> Diagnosis:
    """The patterns of the arrays that are wrong against the candidate's own forward."""
    wrong = dict.fromkeys(row.array for one in failing for row in one.rows if row.verdict == "differ")
    params, data = draw.redrawn(brought.params, brought.data, 0)
    entries = {**params, **data}
    names = [name for name in entries if name in wrong]
    working("own forward", 0.0)
    called = brought.process.call(params, data, times=1)
    derived = brought.process.derive(params, data, names, seconds=_SECONDS)
    scale = brought.way(working).factor(entries)
    faults = []
    for name in names:
        right = derived.values.get(name)
        if right is None or name not in called.grads or np.isnan(right).any():
            continue
        axes = tuple(f"axis {k}" for k in range(right.ndim))
        text = pattern(called.grads[name], right * scale, axes, equal=_EQUAL)
        faults.append(Fault((name,), "the gradient is wrong", pattern=text))
    missing = shrink.missing()
    example = None
    if not missing and names:
        example = smallest_own(brought.process, params, data, names, scale, seconds=_EXAMPLE, progress=working)
    file = Path(brought.about.file).name
    return Diagnosis(
        sentence=f"by its own forward the gradient{'s' * (len(wrong) > 1)} of {', '.join(wrong)} "
        f"{'are' if len(wrong) > 1 else 'is'} wrong; without a layout no equation can be named",
        faults=tuple(faults),
        example=example,
        step=f"try 'python -m harness layout {file}': with a layout the broken equation and the line can be found",
        method="own forward alone",
        notes=((missing,) if missing else ()),
    )
