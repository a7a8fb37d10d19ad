"""The right quantities of a case in every stacking that a candidate's layout may lead to, by name.

Axes are named here, not ordered: `harness.diagnosis.lines.forms` finds the order and the shape of each in the
candidate's code. Gates are stacked in the orders that lines of the layout have, sources likewise.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np

from harness.case import Case
from harness.diagnosis.quantities import Quantity, captured
from harness.layout.layout import Layout
from harness.layout.notation import Part, Weight, names

#: quantities of one family for every gate, or by source; their stackings are quantities too
_TO = {"x": ("x", "dx"), "h": ("h_prev", "dh_next")}

_LINEAR = ("d", "[d", "gradient", "share", "sum of shares", "injected", "G")


class Entry(NamedTuple):
    """A right value under one name. ``axes`` are names of axes, T first where it depends on time."""

    name: str
    axes: tuple[str, ...]
    array: np.ndarray
    end: np.ndarray | None = None  #: what stands in the place of step T, behind the last; zero where None

    @property
    def linear(self) -> bool:
        """Whether it is an adjoint, and with it a multiple of what the loss is divided by."""
        return "× " in self.name or self.name.startswith(_LINEAR)


def entries(case: Case, layout: Layout, factor: float) -> list[Entry]:
    """All of them, the plain ones first.

    ``factor`` is what gradients are declared to be a multiple by: whatever is an adjoint is there without and with it,
    and with the divisor of the reduction undone.
    """
    found = captured(case)
    n = case.model.divisor(case.sizes["T"], case.sizes["B"])
    plain = list(_plain(case, found))
    plain += list(_stacked(case, layout, found))
    plain += list(_weights(case, layout, found))
    scales = {"": 1.0}
    for text, scale in (("n × ", float(n)), ("declared × ", factor), ("declared × n × ", factor * n)):
        if scale not in scales.values():
            scales[text] = scale
    every = [_times(text, scale, one) for text, scale in scales.items() for one in plain if not text or one.linear]
    return [*every, *_constants(case)]


def _times(text: str, scale: float, entry: Entry) -> Entry:
    end = None if entry.end is None else entry.end * scale
    return entry._replace(name=text + entry.name, array=entry.array * scale, end=end)


def _constants(case: Case) -> Iterator[Entry]:
    yield Entry("one", ("H",), np.ones(case.sizes["H"]))


def _plain(case: Case, found: Mapping[str, Quantity]) -> Iterator[Entry]:
    single = len(case.model.equations.GATES) == 1
    for name, quantity in found.items():
        if quantity.array.ndim == 0 or (not single and "A" in quantity.axes):
            continue
        axes = tuple(_axis(name, axis, k, single) for k, axis in enumerate(quantity.axes))
        yield Entry(name, axes, np.asarray(quantity.array, float), _end(name, found))
    for state in case.model.equations.STATES:
        first = case.arrays[f"{state}0"][None]
        yield Entry(f"{state}0 and {state}", ("T+1", "B", "H"), np.concatenate([first, found[state].array]))


def _axis(name: str, axis: str, k: int, single: bool) -> str:
    """The axes of a square weight have names of their own, so that it can be told from its transpose."""
    if "W_hh" in name and not name.startswith("da") and axis in "AH":
        return f"H{k}"
    return "H" if axis == "A" and single else axis


def _end(name: str, found: Mapping[str, Quantity]) -> np.ndarray | None:
    if name in ("dh_next", "dc_next"):
        final = found.get(f"G_{name[1]} ÷ n") or found.get(f"G_{name[1]}")
        return None if final is None else np.asarray(final.array)
    return None


def _stacked(case: Case, layout: Layout, found: Mapping[str, Quantity]) -> Iterator[Entry]:
    """Families of gates one after the other, or interleaved; inputs and states one after the other."""
    gates = case.model.equations.GATES
    if len(gates) > 1:
        families = dict.fromkeys(quantity.family for quantity in found.values() if quantity.family)
        for order in _orders(layout):
            for family in families:
                parts = {q.gate: q for q in found.values() if q.family == family}
                if len(parts) == len(gates):
                    yield from _in_order(family, order, {gate: part.array for gate, part in parts.items()}, "TB")
            for weight, source in (("W_ih", "D"), ("W_hh", "H'")):
                blocks = dict(zip(gates, np.split(case.arrays[weight].astype(float), len(gates)), strict=True))
                yield from _in_order(f"{weight}_{{}}", order, blocks, (), source)
                yield from (Entry(f"{weight}_{gate}", ("H", source), block) for gate, block in blocks.items())
                shares = np.split(found[f"d{weight} of one step"].array, len(gates), axis=1)
                by_gate = dict(zip(gates, shares, strict=True))
                yield from _sums(f"d{weight}_{{}}", order, by_gate, source)
            blocks = dict(zip(gates, np.split(found["db_ih of one step"].array, len(gates), axis=1), strict=True))
            yield from _sums("db_{}", order, blocks, "")
    da_to = {f"da_{gate} to {to}": q for q in found.values() for gate in gates for to in "xh"
             if q.family == f"da_{{}} to {to}" and q.gate == gate}  # fmt: skip
    for sources in _sources(layout):
        inner = [source for source in sources if source in _TO]
        if len(inner) < 2:
            continue
        label = "+".join(sources)
        kept = {"input": 0, "adjoint": 1}
        for k in kept.values():
            both = [found[_TO[source][k]].array for source in inner]
            text = _list([_TO[source][k] for source in inner])
            yield Entry(text, ("T", "B", "+".join(inner)), np.concatenate(both, -1))
            if len(sources) > len(inner):
                T, B = case.sizes["T"], case.sizes["B"]
                one = (np.ones if k == 0 else np.zeros)((T, B, 1))
                whole = [one if source not in _TO else found[_TO[source][k]].array for source in sources]
                text = _list([_TO[source][k] if source in _TO else "1" for source in sources])
                yield Entry(text, ("T", "B", label), np.concatenate(whole, -1))
        for gate in gates if len(gates) > 1 else ():
            both = [da_to[f"da_{gate} to {source}"].array for source in inner]
            yield Entry(f"da_{gate} to " + _list(inner), ("T", "B", "+".join(inner)), np.concatenate(both, -1))
        if len(gates) > 1:
            yield from _partial(gates, inner, da_to)


def _partial(gates: tuple[str, ...], inner: list[str], da_to: Mapping[str, Quantity]) -> Iterator[Entry]:
    """Sums over some of the gates of what they send to [x; h]."""
    for number in range(3, 2 ** len(gates) - 1):
        some = [gate for k, gate in enumerate(gates) if number >> k & 1]
        if len(some) > 1:
            both = [np.asarray(sum(da_to[f"da_{gate} to {source}"].array for gate in some)) for source in inner]
            text = ", ".join(f"da_{gate}" for gate in some) + " to " + _list(inner)
            yield Entry(text, ("T", "B", "+".join(inner)), np.concatenate(both, -1))


def _list(parts: list[str]) -> str:
    return "[" + "; ".join(parts) + "]"


def _in_order(
    family: str, order: tuple[Part, ...], parts: Mapping[str, np.ndarray], first: Any, last: str = ""
) -> Iterator[Entry]:
    """Stacks of a family along H in an order, of all gates and of neighbours; also with an axis of gates."""
    lead = tuple("TB") if first else ()
    at = len(lead)
    rest = (last,) if last else ()
    for some in _runs(order):
        own = names(some)
        if len(own) < 2:
            continue
        label = "+".join(" ".join(part) for part in some)
        text = _list([family.format(gate) for gate in own])
        if all(len(part) == 1 for part in some):
            stack = np.stack([parts[gate] for gate in own], axis=at)  # … gates H …
            shape = (*stack.shape[:at], -1, *stack.shape[at + 2 :])
            yield Entry(text, (*lead, label, *rest), stack.reshape(shape))
            yield Entry(text, (*lead, f"#{label}", "H", *rest), stack)
        elif len(some) == 1:
            stack = np.stack([parts[gate] for gate in own], axis=at + 1)  # … H gates …
            shape = (*stack.shape[:at], -1, *stack.shape[at + 2 :])
            yield Entry(text, (*lead, f"[{label}]", *rest), stack.reshape(shape))
            yield Entry(text, (*lead, "H", f"#{label}", *rest), stack)


def _sums(family: str, order: tuple[Part, ...], parts: Mapping[str, np.ndarray], source: str) -> Iterator[Entry]:
    """Shares of the steps in a gradient whose gates are stacked, and what they have added up to."""
    rest = (source,) if source else ()
    for some in _runs(order):
        if any(len(part) > 1 for part in some) and len(some) > 1:
            continue
        own = names(some)
        axis = 1 if all(len(part) == 1 for part in some) else 2
        stack = np.stack([parts[gate] for gate in own], axis=axis)
        shares = stack.reshape(len(stack), -1, *stack.shape[3:])
        text = _list([family.format(gate) for gate in own]) if len(own) > 1 else family.format(own[0])
        yield from _over_time(text, ("+".join(" ".join(part) for part in some) if len(own) > 1 else "H", *rest), shares)


def _over_time(name: str, axes: tuple[str, ...], shares: np.ndarray) -> Iterator[Entry]:
    """The shares of all steps (T, …), their sum, and their sums so far in a loop from the last step or the first."""
    yield Entry(f"share of the step in {name}", ("T", *axes), shares)
    yield Entry(f"gradient {name}", axes, shares.sum(axis=0))
    yield Entry(f"sum of shares in {name} from this step on", ("T", *axes), shares[::-1].cumsum(axis=0)[::-1])
    yield Entry(f"sum of shares in {name} up to this step", ("T", *axes), shares.cumsum(axis=0))


def _runs(order: tuple[Part, ...]) -> Iterator[tuple[Part, ...]]:
    """All of an order first, then its neighbours."""
    for length in range(len(order), 0, -1):
        for start in range(len(order) - length + 1):
            yield order[start : start + length]


def _orders(layout: Layout) -> list[tuple[Part, ...]]:
    gates = layout.model.equations.GATES
    found = dict.fromkeys(
        line.notation.axes[line.notation.destinations] for line in layout.lines if isinstance(line.notation, Weight)
    )
    whole = [order for order in found if set(names(order)) == set(gates)]
    return whole or [tuple((gate,) for gate in gates)]


def _sources(layout: Layout) -> list[tuple[str, ...]]:
    lines = [line.notation for line in layout.lines if isinstance(line.notation, Weight)]
    return list(dict.fromkeys(one.sources for one in lines if "y" not in names(one.axes[one.destinations])))


def _weights(case: Case, layout: Layout, found: Mapping[str, Quantity]) -> Iterator[Entry]:
    """The author's own parameters, and the gradients of them."""
    T = case.sizes["T"]
    steps = {}
    for name in case.model.differentiated:
        if f"d{name} of one step" in found:
            steps[name] = found[f"d{name} of one step"].array
    canonical = {name: np.zeros(array.shape) for name, array in case.arrays.items() if array.dtype.kind == "f"}
    for line in layout.lines:
        if not isinstance(line.notation, Weight):
            continue
        own = layout.pick(line.name, {**canonical, **{k: case.arrays[k].astype(float) for k in canonical}})
        axes = tuple("1" if size == 1 else f"{line.name}.{k}" for k, size in enumerate(own.shape))
        yield Entry(line.name, axes, own)
        shares = np.stack([
            layout.pick(line.name, {**canonical, **{name: share[t] for name, share in steps.items()}})
            for t in range(T)
        ])  # fmt: skip
        yield from _over_time(f"d{line.name}", axes, shares)
