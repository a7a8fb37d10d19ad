"""What stands in an equation, told from values: a factor missing or double, one quantity in place of another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import chain

import numpy as np

from harness.diagnosis.patterns_rules import EQUAL

_LEAST = 4  #: entries, below which a coincidence is not unlikely enough
_ADJOINT = "d"
#: what derivatives are made of, of a quantity q
_MADE: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "{}": lambda q: q,
    "(1 − {})": lambda q: 1 - q,
    "{}²": lambda q: q * q,
    "(1 − {}²)": lambda q: 1 - q * q,
    "{} ⊙ (1 − {})": lambda q: q * (1 - q),
    "(1 + {}²)": lambda q: 1 + q * q,
    "(−{})": lambda q: -q,
    "(1 − {})²": lambda q: (1 - q) ** 2,
    "tanh({})": np.tanh,
    "σ({})": lambda q: 1 / (1 + np.exp(-q)),
    "(1 − tanh({})²)": lambda q: 1 - np.tanh(q) ** 2,
    "σ({}) ⊙ (1 − σ({}))": lambda q: np.exp(-q) / (1 + np.exp(-q)) ** 2,
    "(1 − artanh({})²)": lambda q: 1 - np.arctanh(q) ** 2,
    "a ⊙ (1 − a) with {} = σ(a)": lambda q: np.log(q / (1 - q)) * (1 - np.log(q / (1 - q))),
    "({} > 0)": lambda q: 1.0 * (q > 0),
    "(1 + {})": lambda q: 1 + q,
}

#: of these, those that are looked for at other steps
_FORMS = {form: _MADE[form] for form in ("{}", "(1 − {})", "(1 − {}²)", "{} ⊙ (1 − {})")}
#: the values of other steps; at the ends, where there is none, any
_ELSEWHERE: Mapping[str, Callable[[np.ndarray], np.ndarray]] = {
    "the step before": lambda q: np.roll(q, 1, axis=0),
    "the step after": lambda q: np.roll(q, -1, axis=0),
    "the first step": lambda q: np.broadcast_to(q[:1], q.shape),
    "the last step": lambda q: np.broadcast_to(q[-1:], q.shape),
    "the step counted from the other end": lambda q: q[::-1],
}

Quantities = Mapping[str, np.ndarray]


def instead(
    wrong: np.ndarray, right: np.ndarray, quantities: Quantities, name: str = "it", equal: float = EQUAL
) -> str:
    """How the wrong array follows from the right one and quantities of its shape: "da_g lacks the factor (1 − g²)".

    ``quantities``: of the candidate's own steps, by name; adjoints begin with d. Of the forms tried (it holds another
    quantity; a factor or term is missing, double or not its own; one in place of another; the same beside one of its
    terms) the simplest that fits every entry to ``equal`` of the largest; of arrays (T, B, ·) also one quantity of
    another step, for which the steps but the first and the last must fit. Empty where none does, where the two are
    equal, or too few entries are known.
    """
    wrong, right = np.asarray(wrong, float), np.asarray(right, float)
    fit = {one: np.asarray(q, float) for one, q in quantities.items() if np.shape(q) == wrong.shape}
    known = np.isfinite(wrong) & np.isfinite(right)
    for q in fit.values():
        known &= np.isfinite(q)
    w, r = wrong[known], right[known]
    if len(w) < _LEAST or not w.any() or _near(w - r, w, r, equal):
        return ""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        text = next(_found(w, r, {one: q[known] for one, q in fit.items()}, equal), "")
        if not text and wrong.ndim == 3 and len(wrong) > 3 and known.all():
            text = next(_of_other_steps(wrong, right, fit, equal), "")
    return text.replace("{}", name, 1)


def _of_other_steps(wrong: np.ndarray, right: np.ndarray, fit: Quantities, equal: float) -> Iterator[str]:
    """A factor or term of another step in place of its own, all steps but the first and the last compared."""
    w, r = wrong[1:-1].ravel(), right[1:-1].ravel()
    own = {one: q[1:-1].ravel() for one, q in fit.items()}
    moved = [(one, where, move(q)[1:-1].ravel()) for one, q in fit.items() for where, move in _ELSEWHERE.items()]
    beside = {"": np.zeros_like(w), **{one: q for one, q in own.items() if one.startswith(_ADJOINT)}}
    for term, rest in beside.items():
        also = f" (beside the term {term})" if term else ""
        for one, where, q in moved:
            for form, make in _FORMS.items() if not one.startswith(_ADJOINT) else [("{}", _MADE["{}"])]:
                old, new = (w - rest) * make(own[one]), (r - rest) * make(q)
                if _near(old - new, old, new, equal):
                    what = form.replace("{}", one)
                    yield "{} has " + f"{what} of {where} in place of its own{also}"
    for one, where, q in moved:
        if _near(w - r - q + own[one], w, r, equal):
            yield "{} has the term " + f"{one} of {where} in place of its own"


def _found(w: np.ndarray, r: np.ndarray, plain: Quantities, equal: float) -> Iterator[str]:
    for one, q in plain.items():
        if _near(w - q, w, q, equal):
            yield "{} holds " + one
        if _near(w + q, w, q, equal):
            yield "{} holds −" + one
    made = {
        form.replace("{}", one): make(q)
        for form, make in _MADE.items()
        for one, q in plain.items()
        if form == "{}" or not one.startswith(_ADJOINT)
    }
    made = {one: q for one, q in made.items() if q.any() and np.isfinite(q).all() and not _near(q - q[0], q, q, equal)}
    yield from _factors(w, r, made, equal)
    for one, q in plain.items():
        if _near(w - r - q, w, r, equal):
            yield "{} has a term " + one + " too many"
        if _near(w - r + q, w, r, equal):
            yield "{} lacks the term " + one
        if _near(w - r + 2 * q, w, r, equal):
            yield "{} has the term " + one + " with the opposite sign"
    yield from _exchanged(w, r, made, equal)
    yield from _terms(w, r, plain, equal)
    for one, q in plain.items():
        if one.startswith(_ADJOINT):  # the rest of the sum
            rest = (w - q, r - q, made, equal)
            beside = next(chain(_factors(*rest), _exchanged(*rest)), "")
            if beside:
                yield f"{beside} (beside the term {one})"


def _factors(w: np.ndarray, r: np.ndarray, made: Quantities, equal: float) -> Iterator[str]:
    for one, q in made.items():
        if _near(w * q - r, w * q, r, equal):
            yield "{} lacks the factor " + one
        if _near(w - r * q, w, r * q, equal):
            yield "{} has a factor " + one + " too many"


def _exchanged(w: np.ndarray, r: np.ndarray, made: Quantities, equal: float) -> Iterator[str]:
    """One factor in place of another: w ⊙ old = r ⊙ new."""
    if not made:
        return
    names, values = list(made), np.array(list(made.values()))  # quantities, entries
    old, new = values * w, values * r
    screened = np.abs(new[:, None, :_LEAST] - old[None, :, :_LEAST])  # of a few entries: nearly all fail there
    largest = np.maximum(np.abs(new).max(axis=1)[:, None], np.abs(old).max(axis=1)[None, :])
    near = (screened <= equal * largest[..., None]).all(axis=-1)
    for n, k in sorted(np.argwhere(near).tolist(), key=sum):  # the simplest forms stand first
        if n != k and _near(new[n] - old[k], new[n], old[k], equal):
            yield "{} has " + f"{names[n]} in place of {names[k]}"


def _terms(w: np.ndarray, r: np.ndarray, plain: Quantities, equal: float) -> Iterator[str]:
    """One term in place of another: w − r = new − old."""
    for old, q in plain.items():
        for new, p in plain.items():
            if old != new and _near(w - r - p + q, w, r, equal):
                yield "{} has the term " + f"{new} in place of {old}"


def _near(difference: np.ndarray, one: np.ndarray, two: np.ndarray, equal: float) -> bool:
    largest = max(np.abs(one).max(), np.abs(two).max())
    return bool(0 < largest < np.inf and (np.abs(difference) <= equal * largest).all())
