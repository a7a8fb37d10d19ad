"""What a wrong array is of the right one: a constant multiple, its transpose, other gates' blocks, nothing at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from harness.diagnosis.patterns_rules import EQUAL, RULES, Two, stacked_blocks


def pattern(
    wrong: np.ndarray,
    right: np.ndarray,
    axes: tuple[str, ...],
    gates: tuple[str, ...] = (),
    sizes: Mapping[str, int] | None = None,
    equal: float = EQUAL,
) -> str:
    """What the wrong array is of the right one, in words, the simplest that fits: "constant ratio 2", "transposed".

    ``axes``: ("T", "B", "H"), ("A", "D"), …; ``gates``: those stacked along axis A. ``sizes``: of T and B, by which a
    sum may have been divided. NaN in the wrong array is what the candidate does not give. Empty where the two are
    equal, and where nothing fits every entry to ``equal`` of the largest.
    """
    two = Two(np.asarray(wrong, float), np.asarray(right, float), axes, gates, sizes or {}, equal)
    if two.wrong.shape != two.right.shape or np.isnan(two.wrong).all() or two.is_(two.right):
        return ""
    return _whole(two) or _of_steps(two) or _of_gates(two) or _stale(two)


def _whole(two: Two) -> str:
    return next((text for rule in RULES if (text := rule(two))), "")


def _of_gates(two: Two) -> str:
    """The same pattern in every gate that is wrong."""
    blocks = dict(zip(two.gates, stacked_blocks(two), strict=False))
    wrong = {gate: own for gate, own in blocks.items() if not own.is_(own.right)}
    texts = {_whole(own) or _of_steps(own) for own in wrong.values()}
    if len(texts) != 1 or texts == {""}:
        return ""
    alone = f"gate {', '.join(wrong)}" if len(wrong) == 1 else f"gates {', '.join(wrong)}"
    return f"{texts.pop()}, {'every gate' if len(wrong) == len(blocks) else f'{alone} alone'}"


def _of_steps(two: Two) -> str:
    """One pattern of all steps that are wrong, others being right."""
    at = two.axis("T")
    if at is None:
        return ""
    T, steps = two.right.shape[at], _wrong_steps(two)
    if not 0 < len(steps) < T:
        return ""
    text = _whole(two.part(at, steps))
    return f"{text} {at_steps(steps, T)}" if text else ""


def _stale(two: Two) -> str:
    """Steps that hold what the later step holds: they were not written."""
    steps = _wrong_steps(two)
    at = two.axis("T")
    if at is None or not steps or steps[-1] == two.right.shape[at] - 1 or len(steps) > 1:
        return ""
    here, later = two.part(at, steps), two.part(at, [t + 1 for t in steps])
    text = at_steps(steps, two.right.shape[at]).removesuffix(" alone")
    return f"not written {text}: left over from the step after" if here.is_(later.wrong) else ""


def _wrong_steps(two: Two) -> list[int]:
    at = two.axis("T")
    if at is None:
        return []
    parts = [(t, two.part(at, [t])) for t in range(two.right.shape[at])]
    return [t for t, own in parts if not own.is_(own.right) and not np.isnan(own.wrong).all()]


def at_steps(steps: Sequence[int], T: int) -> str:
    """Some of T steps, counted from 0 here and from 1 in words: "at the last step", "at steps 2 and 4"."""
    known = {
        (T - 1,): "at the last step alone",
        (0,): "at the first step alone",
        tuple(range(T - 1)): "at all steps but the last",
        tuple(range(1, T)): "at all steps but the first",
        tuple(range(T)): "at every step",
    }
    if tuple(steps) in known:
        return known[tuple(steps)]
    if len(steps) == 1:
        return f"at step {steps[0] + 1} alone"
    if list(steps) == list(range(steps[0], steps[-1] + 1)):
        return f"at steps {steps[0] + 1} to {steps[-1] + 1}"
    return f"at steps {', '.join(str(t + 1) for t in steps)}"
