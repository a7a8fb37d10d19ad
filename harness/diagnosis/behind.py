"""The backward pass of a candidate whose forward pass exchanges states or gates, tested against that forward pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import numpy as np

from harness.case import Case
from harness.diagnosed import Fault
from harness.diagnosis.asking import Asked
from harness.diagnosis.backward import Backward
from harness.diagnosis.box import Answered, Outside, backward, explained, parity, tolerance_of
from harness.diagnosis.forward import Forward
from harness.diagnosis.forward_run import ARRAYS, STATES, Change
from harness.diagnosis.probes import probes
from harness.diagnosis.search import Seen, explain
from harness.diagnosis.structures import Structure
from harness.diagnosis.values import Values
from harness.diagnosis.wording import Named, by_values, named
from references.model import Model

#: equations, beside the carries, that are looked for
_MOST = 3


def behind(ask: Asked, forward: Forward) -> Named | None:
    """The broken equations of backward, as it must be for this forward pass; None where that cannot be told."""
    if len(forward.changes) != 1:
        return None
    change = forward.changes[0]
    if (pairs := _states(change, ask.model)) is not None:
        return _of_states(ask, pairs)
    if (order := _gates(change, ask.model)) is not None:
        answered = _answered(ask, lambda case: _stacked(case, order, ask.model), list(np.argsort(order)))
        return named(ask, explained(ask.model, answered, tolerance_of(ask)), planted=False) if answered else None
    return None


def _states(change: Change, model: Model) -> dict[str, str] | None:
    """From which state each one is taken, where a change exchanges them at every step."""
    if change.at != STATES:
        return None
    states, initial = ({state: object() for state in model.equations.STATES} for _ in range(2))
    taken = change.act(states, initial)
    pairs = {state: old for state, new in taken.items() for old, own in states.items() if own is new}
    return pairs if sorted(pairs.values()) == sorted(states) else None


def _gates(change: Change, model: Model) -> list[int] | None:
    """Of which gate's block each gate is taken, where a change exchanges them in all weights alike."""
    gates, cell = model.equations.GATES, model.equations
    stacked = [name for name in cell.PARAMETERS if model.axes[name][0] == "A" and name not in model.absent]
    if change.at != ARRAYS or len(gates) < 2:
        return None
    others = {name: np.zeros((1, 1)) for name in ("x", "W_ih", "W_hh")}
    numbered = {name: np.arange(len(gates), dtype=float) for name in stacked}
    wide = {name: array[:, np.newaxis] if name.startswith("W_") else array for name, array in numbered.items()}
    try:
        taken = change.act({**others, **wide})
    except KeyError:  # it acts on other arrays
        return None
    orders = {tuple(np.asarray(taken[name]).ravel().astype(int)) for name in stacked}
    order = list(orders.pop()) if len(orders) == 1 else []
    return order if sorted(order) == list(range(len(gates))) and order != sorted(order) else None


def _stacked(case: Case, order: Sequence[int], model: Model) -> Case:
    return replace(case, arrays=_reordered(case.arrays, order, model))


def _reordered(arrays: Mapping[str, np.ndarray], order: Sequence[int], model: Model) -> dict[str, np.ndarray]:
    """Arrays whose gates' blocks stand in this order."""

    def moved(name: str, array: np.ndarray) -> np.ndarray:
        if model.axes.get(name, ("",))[0] != "A":
            return array
        blocks = np.split(array, len(order))
        return np.concatenate([blocks[k] for k in order])

    return {name: moved(name, array) for name, array in arrays.items()}


def _answered(ask: Asked, given: Callable[[Case], Case], back: Sequence[int] = ()) -> tuple[Answered, ...]:
    """Probes, and what the candidate says when it is given something else."""
    found = []
    for probe in probes(ask.model, ask.make):
        if probe.entries_only:
            continue
        grads = ask(given(probe.case))
        if grads is not None and not any(np.isinf(grad).any() for grad in grads.values()):
            found.append(Answered(probe, _reordered(grads, back, ask.model) if len(back) else grads, {}))
    return tuple(found)


def _of_states(ask: Asked, pairs: Mapping[str, str]) -> Named | None:
    """With states exchanged, what is carried must be exchanged too."""
    answered = _answered(ask, lambda case: case)
    if not answered:
        return None
    words = ", ".join(f"{one} for {other}" for one, other in pairs.items())
    own = {state: state for state in pairs}
    right = Structure((), f"forward takes {words}", lambda case: Backward(case, carried=pairs))
    kept = Structure((), f"{right.sentence}, and backward does not", lambda c: Backward(c, carried=pairs, received=own))
    best: tuple[float, Structure, tuple[tuple[str, ...], ...]] | None = None
    for structure, cost in ((right, 0.0), (kept, 1.0)):
        seen = [_seen(one, structure, tolerance_of(ask)) for one in answered]
        if all(one.sound for one in seen):
            best = (cost, structure, ())
            break
        found = explain(seen, most=_MOST, below=np.inf if best is None else best[0] - cost)
        if found is not None:
            best = (found.cost + cost, structure, found.units)
    if best is None:
        return None
    _, structure, broken = best
    visible = frozenset(tag for one in answered for tag in parity(one, structure).tags)
    outside = Outside(broken, structure, answered, visible, True)
    first = [_carry(state, pairs, answered[0]) for state in pairs if pairs[state] != state] if structure is kept else []
    units = tuple(fault.tags for fault in first)
    values = Values(outside)
    faults = (*first, *by_values(outside, values, ask.model))
    structure = replace(structure, tags=tuple(tag for unit in units for tag in unit))
    whole = Outside((*units, *broken), structure, answered, visible, True)
    return Named(whole, values, faults)


def _carry(state: str, pairs: Mapping[str, str], one: Answered) -> Fault:
    tag = backward(one.probe.case).by_quantity[f"d{state}"].tags[0]
    right = next(new for new, old in pairs.items() if old == state)
    both = "each receives the other's carry" if len(pairs) == 2 else f"d{state} receives another state's carry"
    return Fault((tag,), both, f"it computes d{state} with d{state}_next; use d{right}_next: forward exchanges them")


def _seen(one: Answered, structure: Structure, tolerance: float) -> Seen:
    made = parity(one, structure)
    return Seen(made, made.violated(one.grads, one.trace), tolerance)
