"""From a point to evidence: the derivative of the candidate's own forward is the truth, and its budgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from harness import measure, where
from harness.budget import FACTOR, Budgets
from harness.candidate import seen
from harness.candidates.structure import as_array
from harness.judge import Evidence
from harness.own.point import Point, largest_of
from harness.run import OWN_FORWARD, CaseSummary, Finding, Participant
from harness.subject import Scales
from references.model import fingerprint
from references.protocol import Answer

#: What stands behind an array's name where all its elements were moved at once.
ALONG = "along direction"


@dataclass(frozen=True)
class Own:
    """A candidate at one point, in its own names."""

    point: Point
    axes: Mapping[str, tuple[where.Axis, ...]]  #: where a layout knows them
    counts: Mapping[str, int]

    @property
    def dtype(self) -> np.dtype[Any]:
        """float64, in which gradients come back, or float32 where they do."""
        return np.dtype(np.float32 if all(g.dtype == np.float32 for g in self.point.called.grads.values()) else float)

    @property
    def graded(self) -> tuple[str, ...]:
        """Every array whose gradient came back, and where it has too many elements, the directions."""
        directions = [
            f"{name} {ALONG} {k + 1}" for name, all_ in self.point.derived.directions.items() for k in range(len(all_))
        ]
        return (*self.point.called.grads, *directions)

    def summary(self) -> CaseSummary:
        """What there is to say without a cell."""
        arrays = _arrays(self.point)
        return CaseSummary(
            cell=OWN_FORWARD, activation="", loss="", reduction="", biases=None, readout=None, sizes={},
            dtype=str(self.dtype), source=self.point.source, fingerprint=fingerprint(arrays),
            shapes={name: array.shape for name, array in arrays.items()},
        )  # fmt: skip

    def kind(self, quantity: str) -> str:
        """Nothing is known of quantities."""
        return "quantity"

    def named(self, answer: Answer) -> Answer:
        """The names are its own."""
        return answer

    def allowed(self, budgets: Budgets) -> Budgets:
        """The names are its own."""
        return budgets

    def scales(self, truth: Answer, budgets: Budgets) -> Scales:
        """By the array's own rows."""
        return {
            name: measure.scale(true, budgets.grads[name], self.axes.get(name) or where.plain(true.shape), self.dtype)
            for name, true in truth.grads.items()
        }


def evidence(
    point: Point,
    name: str,
    factor: float,
    axes: Mapping[str, tuple[where.Axis, ...]],
    counts: Mapping[str, int],
    ordinary: Point | None = None,
) -> Evidence:
    """What is known at a point. ``factor`` is what the candidate declares its gradient to be a multiple by.

    Beside an ``ordinary`` point, what cancels in saturated units may be all that is left of an array. Where roundings
    inside could not be drawn to show it, half the digits that the array has there are allowed.
    """
    truth, budgets = _truth(point, factor)
    if ordinary is not None and not point.inside:
        budgets = budgets._replace(
            grads={along: budget + _half_of_the_digits(ordinary, along) for along, budget in budgets.grads.items()}
        )
    candidate = _candidate(point)
    budgets = _undecided(candidate, truth, budgets, point.coarse)
    return Evidence(
        subject=Own(point, axes, counts),
        candidate=candidate,
        truth=truth,
        references={},
        budgets=budgets,
        participants=(
            Participant(name, "candidate", "judged", seconds=point.called.seconds),
            Participant(OWN_FORWARD, "truth", "judged", note=_served(point)),
        ),
        findings=_findings(point),
    )


def _half_of_the_digits(ordinary: Point, name: str) -> float:
    grad = ordinary.called.grads.get(name.partition(f" {ALONG}")[0], np.zeros(0))
    return float(np.sqrt(np.finfo(float).eps) * max(np.abs(grad).max(initial=0.0), np.finfo(float).tiny))


def _candidate(point: Point) -> Answer:
    """What came back, and what it says along the directions."""
    grads = {name: np.asarray(grad) for name, grad in point.called.grads.items()}
    for name, k, direction in _directions(point):
        grads[f"{name} {ALONG} {k + 1}"] = np.asarray(np.sum(grads[name] * direction.vector))
    return Answer(np.empty(0), grads, {}, "")  # there is nothing to compare a loss with


def _truth(point: Point, factor: float) -> tuple[Answer, Budgets]:
    values = {name: factor * np.nan_to_num(point.derived.values[name]) for name in point.called.grads}
    radius = {
        name: np.nan_to_num(abs(factor) * r, nan=np.inf, posinf=np.inf) for name, r in point.derived.radius.items()
    }
    budgets = _budgets(point, values)
    for name, k, direction in _directions(point):
        along = f"{name} {ALONG} {k + 1}"
        values[along] = np.asarray(factor * direction.value)
        radius[along] = np.asarray(abs(factor) * direction.radius)
        budgets[along] = np.asarray(np.sum(np.abs(direction.vector) * budgets[name]))
    loss = np.asarray(point.called.loss, float)
    return Answer(loss, values, {}, "", radius), Budgets(np.zeros(()), budgets, {}, "")


def _directions(point: Point) -> list[tuple[str, int, Any]]:
    return [(name, k, one) for name, all_ in point.derived.directions.items() for k, one in enumerate(all_)]


def _budgets(point: Point, values: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """`FACTOR` times an array's largest change, a rounding of its largest entry, √N roundings of the largest of all.

    The last is for arrays that are nothing but the rest of larger numbers, or zero by structure.
    """
    half = np.finfo(np.float32 if point.coarse else float).eps / 2
    numbers = sum(value.size for value in values.values())
    largest = largest_of(values.values())
    return {
        name: np.full(
            value.shape,
            FACTOR * (point.spread[name].max() + half * np.abs(value).max() + half * np.sqrt(numbers) * largest)
            + np.finfo(float).tiny,
        )
        for name, value in values.items()
    }


def _undecided(candidate: Answer, truth: Answer, budgets: Budgets, coarse: bool) -> Budgets:
    """Infinite budgets where nothing can be said: where more than half of the digits is allowed, and not exceeded.

    An array that is zero by structure has no digits, and counts by the largest of all.
    """
    half = float(np.sqrt(np.finfo(np.float32 if coarse else float).eps))
    largest = largest_of(truth.grads.values())
    alongs = {name.partition(f" {ALONG}")[0] for name in budgets.grads if ALONG in name}
    grads, vague = {}, []
    for name, budget in budgets.grads.items():
        true, radius = truth.grads[name], truth.radius[name]
        allowed = budget + radius
        zero = bool((np.abs(true) <= allowed).all())
        enough = half * (largest if zero else float(np.abs(true).max()))
        with np.errstate(invalid="ignore"):
            within = ~(np.abs(candidate.grads[name] - true) > allowed)
        unseen = np.isinf(radius) & (name not in alongs)
        lost = within & ((allowed > enough) & np.isfinite(radius) | unseen)
        grads[name] = np.where(lost, np.inf, budget)
        vague += [name] if lost.any() else []
    doubt = f"its own forward tells {', '.join(vague)} to less than half of the digits" if vague else ""
    return budgets._replace(grads=grads, doubt=doubt)


def _served(point: Point) -> str:
    """How each array was differentiated, and why not by complex step."""
    by: dict[str, list[str]] = {}
    for name, method in point.derived.method.items():
        by.setdefault(method, []).append(name)
    told = [f"{method} for {'every array' if len(by) == 1 else ', '.join(names)}" for method, names in by.items()]
    if point.derived.share < 1:
        told.append(f"{point.derived.share:.0%} of the elements one by one, all of them along random directions")
    return "; ".join((*told, *point.derived.notes))


def _findings(point: Point) -> tuple[Finding, ...]:
    """What was seen while the candidate ran."""
    found = seen(point.called.impure, point.called.notes)
    returned = point.called.grads
    wide = all(array.dtype == float for array in _arrays(point).values())
    if point.coarse and wide and not any(finding.name == "low precision" for finding in found):
        found.append(Finding("low precision", "float32 is inside, where float64 went in"))
    absent = tuple(
        name for name, value in point.entries.items() if as_array(value) is not None and name not in returned
    )
    if absent:
        found.append(Finding("not graded", f"the candidate returns no gradient of {', '.join(absent)}", absent))
    return tuple(found)


def _arrays(point: Point) -> dict[str, np.ndarray]:
    """The floats that went in, by name."""
    arrays = {name: as_array(value) for name, value in point.entries.items()}
    return {name: array for name, array in arrays.items() if array is not None}
