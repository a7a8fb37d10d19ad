"""The backward pass of a model as single equations, each of which can be tested by itself.

Every one is the automatic derivative of one small function of the forward pass, applied to whatever adjoints it is
given: the right ones, or a candidate's own. Nothing here knows a cell by name. Which equations there are, and what
their quantities are called, is in `harness.diagnosis.adjoints`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import cached_property
from types import EllipsisType

import numpy as np

import handgrad
from harness.case import Case
from harness.diagnosis.adjoints import SEVERAL, SUMMED, Adjoint, Adjoints, named
from harness.diagnosis.small import Small
from references.equations import losses
from references.model import Model

__all__ = ["SEVERAL", "Adjoint", "Backward", "models"]

Arrays = Mapping[str, np.ndarray]
#: So many numbers are solved for at once; a matrix of more takes too much memory.
_FEW = 1500


class Backward:
    """The adjoint equations of a case's model at its arrays.

    ``tape`` holds other values for quantities of the forward pass that backward reads: a gate, or a state before the
    step. ``order`` are the steps that its loop visits, T − 1 … 0 by default; of the others every adjoint is zero.
    ``cut`` are the steps of which nothing is carried on. ``stack`` is the order in which the parts of a stacked adjoint
    are put together, "units" meaning side by side of every hidden unit. ``carried`` says which state a step takes for
    each of its states, initial ones too, where forward does not take its own; ``received``, from which state's carry
    each state's adjoint receives: by default the one that ``carried`` makes right.
    """

    def __init__(
        self,
        case: Case,
        tape: Arrays | None = None,
        order: Sequence[int] | None = None,
        cut: Collection[int] = (),
        stack: Sequence[int] | str = (),
        carried: Mapping[str, str] | None = None,
        received: Mapping[str, str] | None = None,
    ) -> None:
        self.case = case
        self.model = case.model
        self.T, self.B, self.D, self.H = (case.sizes[axis] for axis in "TBDH")
        self.order = tuple(range(self.T - 1, -1, -1)) if order is None else tuple(order)
        self.cut, self.stack = sorted(cut), stack
        self._cell = self.model.equations
        self._carries = {state: state for state in self._cell.STATES} | dict(carried or {})
        self._receives = {old: new for new, old in self._carries.items()} | dict(received or {})
        self._arrays = {name: array.astype(float) for name, array in case.arrays.items() if array.dtype.kind == "f"}
        self._adjoints = Adjoints(case)
        self.forward = self._forward()
        self.mistaken = dict(tape or {})
        self.tape = {**self.forward, **self.mistaken}
        self.equations = self._adjoints.equations  #: in the order of the backward pass
        self.by_quantity = {one.quantity: one for one in self.equations}

    @property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every quantity that backward computes, gradients included."""
        return self._adjoints.shapes

    def parts_of(self, adjoint: str) -> int:
        """How many parts an adjoint is stacked of; 0 where it is not."""
        return self._adjoints.parts_of(adjoint)

    def _forward(self) -> dict[str, np.ndarray]:
        """Every quantity of the steps, T first; a state's own name is that before the step."""
        parameters = {name: self._arrays[name] for name in self._cell.PARAMETERS}
        states = {state: self._arrays[f"{self._carries[state]}0"] for state in self._cell.STATES}
        kept: dict[str, list[np.ndarray]] = {}
        for t in range(self.T):
            now = {**states, "x": self._arrays["x"][t]}
            for small in self._adjoints.smalls:
                now[small.name] = small.value({**parameters, **now})
            for name, value in now.items():
                kept.setdefault(name, []).append(value)
            states = {state: now[f"{self._carries[state]}_next"] for state in states}
        return {name: np.stack(values) for name, values in kept.items()}

    @cached_property
    def outside(self) -> dict[str, np.ndarray]:
        """The right values of what comes from the loss: ``G``, ``G_s``, ``dz``."""
        model, arrays = self.model, self.case.arrays
        n = model.divisor(self.T, self.B)
        if model.loss == losses.COTANGENT:
            ends = {f"G_{state}": self._arrays[f"G_{state}"] / n for state in self._adjoints.given_ends}
            return {"G": self._arrays["G"] / n, **ends}
        value = handgrad.losses.LOSSES[model.loss]
        h = self.forward[self._adjoints.output]
        z = h @ self._arrays["W_hy"].T + self._arrays["b_y"] if model.readout else h
        return {"dz": np.asarray(value(z, arrays["y"])[1]) / n}

    def computed(self, values: Arrays) -> dict[str, np.ndarray]:
        """What every equation gives of these values of all quantities; they may have any axes more in front.

        Affine in ``values``: what comes from outside is the right one.
        """
        shares = {name: share(values[named(name)]) for name, share in self._shares.items()}
        result = {**self.outside, **self._of_loss(values), **self._of_ends(values)}
        for small in self._adjoints.smalls:
            result |= self._of_step(small, values, shares)
        for state in self._cell.STATES:
            given = [shares[one.name][state] for one in self._adjoints.readers(state)]
            result[f"d{state}_next"] = self._cut_off(_sum(given))
            first = values[f"d{self._receives[state]}_next"]
            last = first[..., self.order[-1], :, :] if self.order else values[f"d{state}_end"]
            result[f"d{state}0"] = last
        result |= self._of_parameters(values)
        result["dx"] = _sum([shares[one.name]["x"] for one in self._adjoints.readers("x")])
        return {name: self._visited(name, array) for name, array in result.items()}

    def _of_loss(self, values: Arrays) -> dict[str, np.ndarray]:
        """Of the readout and the loss: what each step receives, and the readout's gradients."""
        if self.model.loss == losses.COTANGENT:
            return {}
        dz = values["dz"]
        if not self.model.readout:
            return {"G": dz}
        h = self.forward[self._adjoints.output]
        dW_hy = (dz.swapaxes(-1, -2) @ h).sum(axis=-3)
        return {"G": dz @ self._arrays["W_hy"], "dW_hy": dW_hy, "db_y": dz.sum(axis=(-3, -2))}

    def _of_ends(self, values: Arrays) -> dict[str, np.ndarray]:
        given, nothing = self._adjoints.given_ends, np.zeros((self.B, self.H))
        return {f"d{state}_end": values[f"G_{state}"] if state in given else nothing for state in self._cell.STATES}

    def _of_step(self, small: Small, values: Arrays, shares: Mapping[str, Arrays]) -> dict[str, np.ndarray]:
        """The adjoint of one quantity of all steps, and its parts where it is stacked."""
        quantity, parts = named(small.name), self._adjoints.parts(small.name)
        if parts:
            found = {
                part: shares[reader.name][small.name][_block(reader, small.shape[-1], parts)]
                for part, reader in parts.items()
            }
            return found | {quantity: self._stacked([values[part] for part in parts])}
        given = [shares[one.name][small.name] for one in self._adjoints.readers(small.name)]
        if small.name.endswith("_next"):
            given.append(self._carried(values, quantity))
            given += [values["G"]] if small.name == self._adjoints.output else []
        return {quantity: _sum(given)}

    def _of_parameters(self, values: Arrays) -> dict[str, np.ndarray]:
        """Their gradients, and what these are sums of."""
        result, summed = {}, {}
        for small in self._adjoints.summing:
            quantity = named(small.name)
            result[quantity + SUMMED] = values[quantity]
            summed[small.name] = self._shares[small.name](values[quantity + SUMMED])
        for name in self._cell.PARAMETERS:
            given = [summed[one.name][name] for one in self._adjoints.readers(name)]
            result[f"d{name}"] = _sum(given).sum(axis=-1 - self._arrays[name].ndim)
        return result

    def _visited(self, name: str, array: np.ndarray) -> np.ndarray:
        """What a step that is not visited computes stays zero."""
        missed = [t for t in range(self.T) if t not in self.order]
        if missed and name not in ("G", "dz", "dx") and len(self.shapes[name]) == 3:
            array = array.copy()
            array[..., missed, :, :] = 0
        return array

    @cached_property
    def _shares(self) -> dict[str, Callable[[np.ndarray], dict[str, np.ndarray]]]:
        read = {**self.tape, **{name: self._arrays[name] for name in self._cell.PARAMETERS}}
        return {small.name: small.at(read, self.mistaken.get(small.name)) for small in self._adjoints.smalls}

    def _carried(self, values: Arrays, quantity: str) -> np.ndarray:
        """What each step receives of the adjoint of a state: what the later step was carried, or the end."""
        end = values[f"{quantity}_end"][..., np.newaxis, :, :]
        carried = values[f"d{self._receives[quantity.removeprefix('d')]}_next"]
        front = np.broadcast_shapes(end.shape[:-3], carried.shape[:-3])
        both = [np.broadcast_to(part, (*front, *part.shape[-3:])) for part in (carried, end, np.zeros_like(end))]
        return np.concatenate(both, axis=-3)[..., self._slots, :, :]

    @cached_property
    def _slots(self) -> list[int]:
        """Of each step: the one that carries something to it, T for the end, T + 1 for nothing."""
        before = dict(zip(self.order, (self.T, *self.order), strict=False))
        return [before.get(t, self.T + 1) for t in range(self.T)]

    def _cut_off(self, carried: np.ndarray) -> np.ndarray:
        if self.cut:
            carried = carried.copy()
            carried[..., self.cut, :, :] = 0
        return carried

    def _stacked(self, parts: list[np.ndarray]) -> np.ndarray:
        if isinstance(self.stack, str):
            return np.stack(parts, axis=-1).reshape(*parts[0].shape[:-1], -1)
        return np.concatenate([parts[k] for k in self.stack or range(len(parts))], axis=-1)

    @cached_property
    def linear(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], dict[str, np.ndarray]]:
        """What every equation gives as a constant and a matrix of all adjoints that are no gradients.

        Which columns are whose, and for every quantity the constant, flat, and the matrix (entries, columns) beside it.
        """
        names = [one.quantity for one in self.equations if not one.graded]
        widths = [int(np.prod(self.shapes[q])) for q in names]
        ends = np.cumsum(widths)
        n = int(ends[-1])
        columns = {q: np.arange(end - width, end) for q, width, end in zip(names, widths, ends, strict=True)}
        eye = np.eye(n)
        slopes = self.computed({q: eye[:, at].reshape(n, *self.shapes[q]) for q, at in columns.items()})
        constant = self.constants
        matrix = {}
        for one in self.equations:
            slope = np.broadcast_to(slopes[one.quantity], (n, *self.shapes[one.quantity])).reshape(n, -1).T
            matrix[one.quantity] = slope - constant[one.quantity][:, np.newaxis]
        return columns, constant, matrix

    @property
    def constants(self) -> dict[str, np.ndarray]:
        """What every equation gives where all that it reads is zero, flat."""
        nothing = {one.quantity: np.zeros(self.shapes[one.quantity]) for one in self.equations if not one.graded}
        return {q: np.broadcast_to(v, self.shapes[q]).ravel() for q, v in self.computed(nothing).items()}

    def like(self, other: Backward) -> None:
        """Take the matrices of ``other``, whose case differs in what comes from outside alone."""
        columns, _, matrix = other.linear
        self.__dict__["linear"] = (columns, self.constants, matrix)  # as cached_property keeps it

    @cached_property
    def right(self) -> dict[str, np.ndarray]:
        """The right value of every quantity, gradients included."""
        hidden = [one.quantity for one in self.equations if not one.graded]
        few = sum(int(np.prod(self.shapes[q])) for q in hidden) <= _FEW
        found = self._solved() if few else self._swept(hidden)
        graded = self.computed(found)
        return found | {one.quantity: np.asarray(graded[one.quantity]) for one in self.equations if one.graded}

    def _solved(self) -> dict[str, np.ndarray]:
        columns, constant, matrix = self.linear
        A = np.concatenate([matrix[q] for q in columns])
        values = np.linalg.solve(np.eye(len(A)) - A, np.concatenate([constant[q] for q in columns]))
        return {q: values[at].reshape(self.shapes[q]) for q, at in columns.items()}

    def _swept(self, hidden: Sequence[str]) -> dict[str, np.ndarray]:
        """Every equation again and again: it is right once all that it reads is, which goes back through time."""
        values = {q: np.zeros(self.shapes[q]) for q in hidden}
        for _ in range((self.T + 1) * len(hidden)):
            computed = self.computed(values)
            new = {q: np.broadcast_to(computed[q], self.shapes[q]) for q in hidden}
            if all(np.array_equal(new[q], values[q]) for q in hidden):
                break
            values = new
        return values


def _block(reader: Small, width: int, parts: Mapping[str, Small]) -> tuple[EllipsisType, slice]:
    """Where the reader's part lies along the last axis: parts lie side by side in the order of the equations."""
    H = width // len(parts)
    k = [small.name for small in parts.values()].index(reader.name)
    return (..., slice(k * H, (k + 1) * H))


def _sum(arrays: list[np.ndarray]) -> np.ndarray:
    total = arrays[0]
    for array in arrays[1:]:
        total = total + array
    return total


def models(model: Model) -> bool:
    """Whether the adjoint equations of a model can be told: its cell has a hand-derived text."""
    return model.cell in handgrad.cells.names()
