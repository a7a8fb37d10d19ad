"""What a candidate's weights may be, going by their shapes alone."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from itertools import combinations, islice
from typing import NamedTuple

from harness.layout.notation import gates

#: the sources that the gates of one array may share
_SOURCES = tuple(chosen for count in (1, 2, 3) for chosen in combinations(("1", "h", "x"), count))
_OF_READOUT = (("h",), ("1",), ("1", "h"))
#: structures beyond this are not looked at
_MOST = 200


class Kind(NamedTuple):
    """What one array may be."""

    gates: int  #: how many of them; 0 for the readout
    sources: tuple[str, ...]  #: in alphabetical order, not in that of the array
    axis: int  #: which of its axes holds the destinations


class Structure(NamedTuple):
    """What all arrays together may be: every gate has its x and its h."""

    cell: str
    sizes: tuple[tuple[str, int], ...]  #: D, H and, with a readout, K
    kinds: tuple[tuple[str, Kind], ...]

    def names(self, source: str, readout: bool = False) -> list[str]:
        """The arrays that hold a source, of the gates or of the readout."""
        return [name for name, kind in self.kinds if source in kind.sources and (kind.gates == 0) == readout]


def structures(shapes: Mapping[str, tuple[int, ...]], inputs: Iterable[int]) -> list[Structure]:
    """Every structure of the cells that there are; ``inputs`` are the sizes that x may have, all where it is empty.

    Those come first in which arrays of one shape are of one kind, and arrays are what their names say.
    """
    found = [
        one for cell, own in gates().items() for one in islice(with_gates(cell, len(own), shapes, inputs), 20 * _MOST)
    ]
    return sorted(found, key=lambda one: strangeness(one, shapes))[:_MOST]


def with_gates(cell: str, n: int, shapes: Mapping[str, tuple[int, ...]], inputs: Iterable[int]) -> Iterator[Structure]:
    """Every structure of a cell with ``n`` gates."""
    lengths = sorted({length for shape in shapes.values() for length in shape if length > 1})
    for H in sorted({length // k for length in lengths for k in range(1, n + 1) if length % k == 0}):
        inner = {length - more for length in lengths for more in (0, 1, H, H + 1) if length > more}
        for D in sorted(set(inputs) or inner):
            for K in (0, *sorted({1, *lengths})):
                yield from _assigned(cell, n, {"D": D, "H": H, "K": K}, shapes)


def _assigned(
    cell: str, n: int, sizes: Mapping[str, int], shapes: Mapping[str, tuple[int, ...]]
) -> Iterator[Structure]:
    """All ways to make each array one of its kinds so that every gate has x and h once, and no more than two biases."""
    possible = {name: kinds(shape, n, **sizes) for name, shape in shapes.items()}
    if not all(possible.values()):
        return
    order = sorted(shapes, key=lambda name: len(possible[name]))
    chosen: dict[str, Kind] = {}

    def count() -> Counter[tuple[bool, str]]:
        total: Counter[tuple[bool, str]] = Counter()
        for kind in chosen.values():
            for source in kind.sources:
                total[kind.gates == 0, source] += kind.gates or 1
        return total

    def extend(at: int) -> Iterator[Structure]:
        total = count()
        most = {"x": n, "h": n, "1": 2 * n}
        if any(times > (1 if readout else most[source]) for (readout, source), times in total.items()):
            return
        if at == len(order):
            whole = total[False, "x"] == n and total[False, "h"] == n
            if whole and bool(sizes["K"]) == bool(total[True, "h"]) and total[True, "1"] <= total[True, "h"]:
                known = tuple((size, value) for size, value in sizes.items() if value)
                yield Structure(cell, known, tuple((name, chosen[name]) for name in shapes))
            return
        name = order[at]
        for kind in possible[name]:
            if kind.axis and kind.gates and "x" not in kind.sources and kind._replace(axis=0) in possible[name]:
                continue  # square: it is found out later which way round it is
            alike = [other for other in order[:at] if shapes[other] == shapes[name]]
            if all(chosen[other][:2] != kind[:2] or chosen[other].axis == kind.axis for other in alike):
                chosen[name] = kind
                yield from extend(at + 1)
                del chosen[name]

    yield from extend(0)


def kinds(shape: tuple[int, ...], n: int, D: int, H: int, K: int) -> list[Kind]:
    """What an array of a shape may be, in a cell with ``n`` gates."""
    lengths = {"x": D, "h": H, "1": 1}
    found = []
    for axis in range(len(shape)) if len(shape) < 3 else ():
        other = shape[1 - axis] if len(shape) == 2 else 1
        for count in range(n + 1):
            into = K if count == 0 else count * H
            for sources in _OF_READOUT if count == 0 else _SOURCES:
                wide = len(shape) == 2 or sources == ("1",)
                if wide and into and shape[axis] == into and other == sum(lengths[source] for source in sources):
                    found.append(Kind(count, sources, axis))
    return found


def strangeness(structure: Structure, shapes: Mapping[str, tuple[int, ...]]) -> int:
    """How many arrays are something else than their names say, or than others of their shape are."""
    different = len({(shapes[name], kind) for name, kind in structure.kinds}) - len(set(shapes.values()))
    return different + sum(not _as_named(name.lower(), kind) for name, kind in structure.kinds)


def _as_named(name: str, kind: Kind) -> bool:
    if name.startswith("b"):
        return kind.sources == ("1",) and (kind.gates == 0) == (name[-1] in "yv")
    if name.endswith(("hh", "aa", "_h", "wh")):
        return kind.sources == ("h",) and kind.gates > 0
    if name.endswith(("hy", "ho", "ya", "wy", "_y", "v")):
        return kind.gates == 0
    if name.endswith(("xh", "ih", "ax", "_x", "wx")):
        return kind.sources == ("x",)
    return True
