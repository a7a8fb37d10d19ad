"""What can be told of gradients from a file: there is nobody to ask, so that only what was judged is said again."""

from __future__ import annotations

from collections.abc import Sequence

from harness.diagnosed import Diagnosis, Fault
from harness.run import Judgement, Row

_PLAINLY = 1e-6


def diagnose(failing: Sequence[Judgement]) -> Diagnosis:
    """Which arrays are wrong and where, and by how much where they are most wrong."""
    rows = [row for judgement in failing for row in judgement.worst_rows() if row.verdict == "differ"]
    arrays = ", ".join(dict.fromkeys(row.array for row in rows))
    return Diagnosis(
        f"gradients from a file cannot be asked again: the gradient{'s' * (len(rows) > 1)} of {arrays} "
        f"{'are' if len(rows) > 1 else 'is'} wrong, and no equation can be named",
        faults=tuple(Fault((row.array,), _said(row), pattern=_pattern(row)) for row in rows),
        step="bring the program that computed them, as a file or a command: its equations can be tested one by one",
        method="a file of gradients",
    )


def _said(row: Row) -> str:
    return f"{'; '.join(row.words)}" if row.words else f"the gradient is wrong, most at {row.at_words}"


def _pattern(row: Row) -> str:
    """What the worst entry is of the right one, where it is plainly something."""
    if row.candidate == 0:
        return f"zero at {row.at_words}, where it is wrong most"
    ratio = row.candidate / row.expected if row.expected else 0.0
    for times in (-1, 2, -2, 0.5):
        if abs(ratio - times) < _PLAINLY * abs(times):
            return f"{times:g} times what it should be at {row.at_words}, where it is wrong most".replace("-", "−")
    return ""
