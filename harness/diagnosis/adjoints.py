"""Which adjoint equations a model's backward pass has: what each computes, what it reads, and its number.

Quantities, T first: ``dq`` (T, B, ·) for every quantity q of a step; ``ds_next`` (T, B, H), of which row t is what
leaves step t towards the step before, for every state s; ``ds_end`` (B, H), what the last step is carried; ``G``
(T, B, H) and ``G_s`` (B, H), what comes from outside; ``dq_summed``, of which the gradients of parameters are sums;
``dz`` (T, B, K). The gradients are ``dW_ih`` … ``dx``, ``dh0``.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from harness.case import Case
from harness.diagnosis.small import Small
from harness.diagnosis.texts import equations
from references.equations import losses, reads

#: between the tags of equations that are broken together
SEVERAL = " and "
#: what ends the name of an adjoint as parameters receive it
SUMMED = "_summed"


@dataclass(frozen=True)
class Adjoint:
    """One adjoint equation."""

    quantity: str  #: what it computes
    tags: tuple[str, ...]  #: its number; several where handgrad computes it in several lines
    reads: tuple[str, ...]  #: the adjoints that it reads
    graded: str = ""  #: the array whose gradient it is; empty for what only leads there


class Adjoints:
    """Those of a case's model, by the equations of its forward pass.

    Raises LookupError for a quantity of which the hand-derived text of the cell has no equation.
    """

    def __init__(self, case: Case) -> None:
        self.model = case.model
        self.cell = case.model.equations
        self.sizes = {axis: case.sizes[axis] for axis in "TBHK"}
        self._shapes = {name: array.shape for name, array in case.arrays.items()}
        self.smalls = self._recorded()
        self._reading = {q: [small for small in self.smalls if q in small.arguments] for q in self._read()}
        self._stacks = {small.name: self._stacked(small) for small in self.smalls}
        #: those of whose adjoint parameters receive sums
        self.summing = [small for small in self.smalls if set(small.arguments) & set(self.cell.PARAMETERS)]
        #: the states for which the case has cotangents of their final values
        self.given_ends = tuple(state for state in self.cell.STATES if f"G_{state}" in self._shapes)
        self.equations = tuple(self._all())

    def _recorded(self) -> list[Small]:
        shapes: dict[str, tuple[int, ...]] = {name: self._shapes[name] for name in self.cell.PARAMETERS}
        shapes["x"] = self._shapes["x"][1:]
        shapes |= {state: self._shapes[f"{state}0"] for state in self.cell.STATES}
        made = []
        for equation in self.cell.EQUATIONS:
            names = [name for name in reads(equation) if name not in ("ops", "phi")]
            one = Small(equation, self.model.activation, {name: shapes[name] for name in names})
            shapes[one.name] = one.shape
            made.append(one)
        return made

    def _read(self) -> set[str]:
        names = {name for small in self.smalls for name in (small.name, *small.arguments)}
        return names | {*self.cell.PARAMETERS, *self.cell.STATES, "x"}

    def _stacked(self, small: Small) -> dict[str, Small]:
        readers = self.readers(small.name)
        stacked = len(readers) > 1 and all(reader.shape[-1] < small.shape[-1] for reader in readers)
        return {f"d{small.name}_{reader.name}": reader for reader in readers} if stacked else {}

    def readers(self, quantity: str) -> list[Small]:
        """The equations of a step that read a quantity, in the order of the forward pass."""
        return self._reading[quantity]

    def parts(self, quantity: str) -> dict[str, Small]:
        """The parts that a stacked quantity's adjoint is put together from, by name; empty where it is not stacked."""
        return self._stacks[quantity]

    def parts_of(self, adjoint: str) -> int:
        """How many parts an adjoint is stacked of; 0 where it is not."""
        whole = adjoint.removesuffix(SUMMED)
        return next((len(self.parts(one.name)) for one in self.smalls if named(one.name) == whole), 0)

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every quantity that backward computes, gradients included."""
        T, B, H, K = self.sizes.values()
        found: dict[str, tuple[int, ...]] = {"G": (T, B, H)}
        if self.model.loss == losses.COTANGENT:
            found |= {f"G_{state}": (B, H) for state in self.given_ends}
        else:
            found["dz"] = (T, B, K)
        for state in self.cell.STATES:
            found |= {f"d{state}_end": (B, H), f"d{state}_next": (T, B, H)}
        for small in self.smalls:
            found |= dict.fromkeys(self.parts(small.name), (T, B, H))
            found[named(small.name)] = (T, *small.shape)
            if small in self.summing:
                found[named(small.name) + SUMMED] = (T, *small.shape)
        return found | {f"d{name}": self._shapes[name] for name in self.model.differentiated}

    def _all(self) -> Iterator[Adjoint]:
        """In the order of the backward pass."""
        yield from self._from_loss()
        texts = equations(self.model.cell)
        for state in self.cell.STATES:
            ends = (f"G_{state}",) if state in self.given_ends else ()
            yield Adjoint(f"d{state}_end", (_tag(texts, f"d{state}_next", f"G_{state}"),), ends)
        for small in reversed(self.smalls):
            yield from self._of_step(small, texts)
        for state in self.cell.STATES:
            yield Adjoint(f"d{state}_next", (_tag(texts, f"d{state}_next"),), self._adjoints_of_readers(state))
        yield from self._gradients(texts)

    def _from_loss(self) -> Iterator[Adjoint]:
        if self.model.loss == losses.COTANGENT:
            yield Adjoint("G", ("7*G",), ())
            for state in self.given_ends:
                yield Adjoint(f"G_{state}", ("7*F",), ())
            return
        yield Adjoint("dz", ("7*", "7*n"), ())
        yield Adjoint("G", ("6*h",) if self.model.readout else ("7*",), ("dz",))
        if self.model.readout:
            yield Adjoint("dW_hy", ("6*W",), ("dz",), "W_hy")
            yield Adjoint("db_y", ("6*b",), ("dz",), "b_y")

    def _of_step(self, small: Small, texts: Mapping[str, str]) -> Iterator[Adjoint]:
        quantity, parts = named(small.name), self.parts(small.name)
        for part, reader in parts.items():
            yield Adjoint(part, (_tag(texts, part),), (named(reader.name),))
        read = tuple(parts) or self._adjoints_of_readers(small.name)
        if small.name.endswith("_next"):
            read = (*read, f"{quantity}_next", f"{quantity}_end")
            read = (*read, "G") if small.name == self.output else read
        yield Adjoint(quantity, (_tag(texts, quantity),), read)

    def _gradients(self, texts: Mapping[str, str]) -> Iterator[Adjoint]:
        yield Adjoint("dx", (_tag(texts, "dx"),), self._adjoints_of_readers("x"), "x")
        for small in self.summing:
            sums = [_tag(texts, f"d{name}") for name in self.cell.PARAMETERS if name in small.arguments]
            quantity = named(small.name)
            yield Adjoint(quantity + SUMMED, (SEVERAL.join(dict.fromkeys(sums)),), (quantity,))
        for name in self.cell.PARAMETERS:
            read = tuple(adjoint + SUMMED for adjoint in self._adjoints_of_readers(name))
            yield Adjoint(f"d{name}", (_tag(texts, f"d{name}"),), read, name)
        for state in self.cell.STATES:
            yield Adjoint(f"d{state}0", (_tag(texts, f"d{state}_0"),), (f"d{state}_next",), f"{state}0")

    @property
    def output(self) -> str:
        """The quantity of a step that loss and readout read."""
        return f"{self.cell.STATES[0]}_next"

    def _adjoints_of_readers(self, quantity: str) -> tuple[str, ...]:
        return tuple(named(small.name) for small in self.readers(quantity))


def named(quantity: str) -> str:
    """The adjoint of a quantity of a step: "dh" of "h_next"."""
    return f"d{quantity.removesuffix('_next')}"


def _tag(texts: Mapping[str, str], left: str, right: str = "") -> str:
    """The number of the equation that has ``left`` on its left side, and ``right`` on its right one where given."""
    pattern = re.compile(rf"(?:^|[\s=,]){re.escape(left)} = ?{re.escape(right)}")
    found = [tag for tag, text in texts.items() if pattern.search(text)]
    chosen = [tag for tag in found if right or not texts[tag].startswith(f"{left} = G_") or "+" in texts[tag]]
    if not chosen:
        raise LookupError(f"{left}: got no equation for it, the cell's docstring has {', '.join(texts)}")
    return chosen[0]
