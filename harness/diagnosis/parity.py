"""What equations say of gradients whose adjoints nobody sees: relations that hold unless an equation is broken.

The adjoint equations are linear in the adjoints. A black box shows gradients only, and what lies between can be
anything that the equations allow; eliminated, it leaves relations among the gradients, each with the equations that it
is made of. A set of equations explains what is seen if, with these equations lifted, some adjoints obey all others:
consistency-based diagnosis (Reiter, "A Theory of Diagnosis from First Principles", 1987) by parity relations.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from functools import cached_property

import numpy as np

from harness.diagnosis.backward import Backward

#: Singular values below this share of the largest are rounding.
_RANK = 1e-9


class Parity:
    """The relations of a case's equations.

    ``seen`` says which entries of each gradient the candidate gives; ``traced`` are the adjoints that it shows too.
    """

    def __init__(self, backward: Backward, seen: Mapping[str, np.ndarray], traced: Sequence[str] = ()) -> None:
        self.backward = backward
        self.seen = seen
        self.rows, hidden, A, self._constant = self._matrix()
        shown = np.concatenate([hidden[q] for q in traced] or [np.arange(0)]).astype(int)
        self._shown, self._traced = A[:, shown], tuple(traced)
        self._hidden, self._at = hidden, np.delete(np.arange(A.shape[1]), shown)
        self._matrix_of_hidden = A = A[:, self._at]
        U, S, _ = np.linalg.svd(A)
        self._relations: np.ndarray = U[:, _rank(S) :].T  # relations × rows
        self._columns = {q: self._relations[:, rows] for q, rows in self.rows.items()}

    def _matrix(self) -> tuple[dict[str, np.ndarray], dict[str, np.ndarray], np.ndarray, np.ndarray]:
        """Whose rows and columns are which, the equations as a matrix, and their constants.

        Columns are the numbers of all adjoints that are no gradient.
        """
        columns, constants, matrices = self.backward.linear
        n = sum(at.size for at in columns.values())
        rows: dict[str, np.ndarray] = {}
        blocks, known, row = [], [], 0
        for one in self.backward.equations:
            block, constant = matrices[one.quantity], constants[one.quantity]
            if one.graded:
                keep = self.seen[one.graded].ravel()
                block, constant = block[keep], constant[keep]
            else:
                block = block - np.eye(n)[columns[one.quantity]]
            blocks.append(block)
            known.append(constant)
            rows[one.quantity] = np.arange(row, row + len(block))
            row += len(block)
        return rows, columns, np.concatenate(blocks), np.concatenate(known)

    def at(self, backward: Backward) -> Parity:
        """The relations of another case, which differs from this one in what comes from outside alone."""
        _ = self.gram  # what is the same for both is computed once
        other = copy(self)
        other.backward = backward
        backward.like(self.backward)
        constants = backward.linear[1]
        other._constant = np.concatenate(
            [
                constants[one.quantity][self.seen[one.graded].ravel()] if one.graded else constants[one.quantity]
                for one in backward.equations
            ]
        )
        return other

    @cached_property
    def tags(self) -> dict[str, tuple[str, ...]]:
        """The quantities of every equation that the relations can see, by its tag."""
        found: dict[str, tuple[str, ...]] = {}
        for one in self.backward.equations:
            if np.abs(self._columns[one.quantity]).max(initial=0.0) > _RANK:
                found[one.tags[0]] = (*found.get(one.tags[0], ()), one.quantity)
        return found

    def violated(self, grads: Mapping[str, np.ndarray], trace: Mapping[str, np.ndarray] | None = None) -> np.ndarray:
        """By how much every relation is violated, relative to the largest number in it."""
        by_how_much: np.ndarray = self._relations @ self._known(grads, trace)[0]
        return by_how_much

    def _known(
        self, grads: Mapping[str, np.ndarray], trace: Mapping[str, np.ndarray] | None
    ) -> tuple[np.ndarray, float]:
        """What is known of every equation, relative to the largest number, and that number."""
        y = -self._constant
        largest = float(np.abs(y).max(initial=0.0))
        if self._traced:
            shown = np.concatenate([(trace or {})[q].ravel() for q in self._traced])
            y = y - self._shown @ shown
            largest = max(largest, float(np.abs(shown).max(initial=0.0)))  # of a right trace nothing is left of y
        for one in self.backward.equations:
            if one.graded:
                y[self.rows[one.quantity]] += grads[one.graded][self.seen[one.graded]]
        scale = max(largest, float(np.abs(y).max(initial=0.0))) or 1.0
        return y / scale, scale

    def columns(self, quantity: str) -> np.ndarray:
        """What lifting the equation of a quantity can explain: a column for every number that it leaves free."""
        return self._columns[quantity]

    @cached_property
    def _decomposed(self) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """The singular value decomposition of what lifting each equation can explain, without what is zero."""
        found = {}
        for tag, quantities in self.tags.items():
            U, S, V = np.linalg.svd(np.concatenate([self._columns[q] for q in quantities], axis=1), full_matrices=False)
            found[tag] = U[:, S > _RANK], S[S > _RANK], V[S > _RANK]
        return found

    def lifted(self, tag: str, explained: np.ndarray) -> dict[str, np.ndarray]:
        """The numbers of each of an equation's quantities, the smallest, that explain so much along its basis."""
        _, S, V = self._decomposed[tag]
        numbers = V.T @ (explained / S)
        ends = np.cumsum([self._columns[q].shape[1] for q in self.tags[tag]])
        return dict(zip(self.tags[tag], np.split(numbers, ends[:-1]), strict=True))

    def only(self, tag: str) -> np.ndarray:
        """The directions that nothing but this equation can explain, as columns.

        The relations are orthonormal, so the columns of all equations together have the unit matrix for their square:
        where one equation has a singular value of 1, the others have nothing.
        """
        if tag not in self._decomposed:
            return self._relations[:, :0]
        U, S, _ = self._decomposed[tag]
        directions: np.ndarray = U[:, S > 1 - _RANK]
        return directions

    @cached_property
    def bases(self) -> np.ndarray:
        """The bases of all equations side by side; `places` says which columns are whose."""
        return np.concatenate([U for U, *_ in self._decomposed.values()] or [self._relations[:, :0]], axis=1)

    @cached_property
    def gram(self) -> np.ndarray:
        """The inner products of all those columns."""
        products: np.ndarray = self.bases.T @ self.bases
        return products

    @cached_property
    def _places(self) -> dict[str, np.ndarray]:
        ends = np.cumsum([S.size for _, S, _ in self._decomposed.values()])
        starts = [0, *ends[:-1]]
        return {tag: np.arange(*at) for tag, *at in zip(self._decomposed, starts, ends, strict=True)}

    def places(self, tag: str) -> np.ndarray:
        """Which columns of `bases` are those of an equation; none where the relations do not see it."""
        return self._places.get(tag, np.arange(0))

    def same(self, one: str, other: str) -> bool:
        """Whether two equations, lifted, can explain the same, so that nothing tells them apart."""
        a, b = self.places(one), self.places(other)
        both = self.gram[np.ix_(a, b)]
        return a.size == b.size and bool(np.allclose(both @ both.T, np.eye(a.size), atol=1e-7))

    def adjoints(
        self, grads: Mapping[str, np.ndarray], trace: Mapping[str, np.ndarray], lifted: Sequence[str]
    ) -> dict[str, np.ndarray]:
        """The candidate's own adjoints, with these quantities' equations lifted; NaN where nothing tells them."""
        known, scale = self._known(grads, trace)
        out = [q for q in lifted if q in self.rows]
        keep = np.setdiff1d(np.arange(len(known)), np.concatenate([self.rows[q] for q in out] or [np.arange(0)]))
        A = self._matrix_of_hidden[keep.astype(int)]
        U, S, V = np.linalg.svd(A)
        rank = _rank(S)
        # equations say 0 = −y + A u with y the known part, so A u = −(−y)
        solution = V[:rank].T @ ((U[:, :rank].T @ known[keep.astype(int)]) / S[:rank]) * scale
        solution[np.abs(V[rank:]).max(axis=0, initial=0.0) > _RANK] = np.nan
        values = np.full(len(solution) + self._shown.shape[1], np.nan)
        values[self._at] = solution
        shapes = self.backward.shapes
        return {q: values[at].reshape(shapes[q]) for q, at in self._hidden.items()} | {
            q: np.asarray(trace[q], float) for q in self._traced
        }


def _rank(singular: np.ndarray) -> int:
    """How many singular values, the largest first, are no rounding."""
    return int(np.count_nonzero(singular > _RANK * singular[0])) if singular.size else 0
