"""What a wrong parameter gradient multiplies in place of the right pair: rows of another step, entry or quantity."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

import numpy as np

from harness.diagnosis.patterns_rules import EQUAL, same

#: what may be wrong with the rows (T, B, ·) that a sum over steps and batch entries takes, and how it is said
_MOVED: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "{}": lambda q: q,
    "{} of the step before": lambda q: np.concatenate((q[:1], q[:-1])),
    "{} of the step before, zero at the first": lambda q: np.concatenate((np.zeros_like(q[:1]), q[:-1])),
    "{} of the step before, the last at the first": lambda q: np.roll(q, 1, axis=0),
    "{} of the step after": lambda q: np.concatenate((q[1:], q[-1:])),
    "{} of the step after, zero at the last": lambda q: np.concatenate((q[1:], np.zeros_like(q[:1]))),
    "{} of the step after, the first at the last": lambda q: np.roll(q, -1, axis=0),
    "{} in reversed time": lambda q: q[::-1],
    "{} of the first step": lambda q: np.broadcast_to(q[:1], q.shape),
    "{} of the last step": lambda q: np.broadcast_to(q[-1:], q.shape),
    "{} with the batch in reversed order": lambda q: q[:, ::-1],
    "{} of the batch entry before": lambda q: np.roll(q, 1, axis=1),
    "{} of the batch entry after": lambda q: np.roll(q, -1, axis=1),
    "{} averaged over the batch": lambda q: np.broadcast_to(q.mean(axis=1, keepdims=True), q.shape),
    "the rows of {} with batch entries before steps": lambda q: q.swapaxes(0, 1).reshape(q.shape),
}


def paired(
    wrong: np.ndarray,
    left: tuple[str, np.ndarray],
    right: tuple[str, np.ndarray],
    quantities: Mapping[str, np.ndarray] | None = None,
    gates: tuple[str, ...] = (),
    equal: float = EQUAL,
) -> str:
    """What stands in place of a factor of the sum Σ leftᵀ right over steps and batch: "h_t in place of h_{t-1}".

    ``left`` and ``right``: name and array (T, B, ·) of both, right being ones (T, B, 1) for a bias; ``quantities``:
    others that may be read, by name; ``gates``: those stacked in left, of which one alone may be wrong ("dc in place of
    da_g"). Empty where the product is right, and where none fits every entry to ``equal`` of the largest.
    """
    wrong, others = np.asarray(wrong, float), dict(quantities or {})
    text = _of_pair(wrong, left, right, others, equal)
    if text or len(gates) < 2 or left[1].shape[-1] % len(gates):
        return text
    texts = []
    parts = zip(gates, np.split(wrong, len(gates)), np.split(left[1], len(gates), axis=-1), strict=True)
    for gate, own, rows in parts:
        if not same(own, _product(rows, right[1]), equal):
            texts.append(_of_pair(own, (f"{left[0]}_{gate}", rows), right, others, equal))
    return "; ".join(dict.fromkeys(texts)) if all(texts) else ""


def _of_pair(
    wrong: np.ndarray,
    left: tuple[str, np.ndarray],
    right: tuple[str, np.ndarray],
    others: Mapping[str, np.ndarray],
    equal: float,
) -> str:
    if same(wrong, _product(left[1], right[1]), equal):
        return ""
    for text, rows in _candidates(right, others):
        if same(wrong, _product(left[1], rows), equal):
            return f"{text} in place of {right[0]}"
    for text, rows in _candidates(left, others):
        if same(wrong, _product(rows, right[1]), equal):
            return f"{text} in place of {left[0]}"
    return ""


def _candidates(own: tuple[str, np.ndarray], others: Mapping[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
    for form, move in _MOVED.items():
        yield form.replace("{}", own[0]), move(own[1])
    for form, move in _MOVED.items():
        for name, array in others.items():
            if np.shape(array) == own[1].shape and name != own[0]:
                yield form.replace("{}", name), move(np.asarray(array, float))


def _product(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    product: np.ndarray = np.einsum("tba,tbd->ad", left, right)
    return product
