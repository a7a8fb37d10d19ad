"""What the equations ask of an array namespace: the contract between equations and differentiators."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

#: an array of any namespace
Array = Any
#: state name → array
States = Mapping[str, Array]
#: states before a step and its x → states after it, and what to keep of it
Step = Callable[[States, Array], tuple[States, Mapping[str, Array]]]


class Ops(Protocol):
    """The functions needed beside + − × and @. All are elementwise unless they say otherwise.

    None may overflow, warn or give NaN for arguments up to ±10⁴.
    """

    def sigmoid(self, a: Array) -> Array:
        """1 / (1 + e⁻ᵃ)."""

    def tanh(self, a: Array) -> Array:
        """The hyperbolic tangent."""

    def relu(self, a: Array) -> Array:
        """max(a, 0), with derivative 0 at 0."""

    def identity(self, a: Array) -> Array:
        """The argument."""

    def softplus(self, a: Array) -> Array:
        """ln(1 + eᵃ)."""

    def logsumexp(self, a: Array) -> Array:
        """Ln Σ eᵃ over the last axis, which stays with size 1."""

    def sum(self, a: Array) -> Array:
        """The sum of all entries."""

    def parameter(self, name: str, array: Array) -> Array:
        """A parameter as one step reads it; the array itself, except where each step's use is to be told apart."""

    def scan(self, step: Step, states: States, xs: Array) -> tuple[States, Mapping[str, Array]]:
        """Take ``step`` along the first axis of ``xs``: the last states, and what was kept, stacked, T first."""


def loop(
    stack: Callable[[Sequence[Array]], Array], step: Step, states: States, xs: Array
) -> tuple[States, Mapping[str, Array]]:
    """`Ops.scan` as a plain loop, for namespaces without one of their own."""
    kept: list[Mapping[str, Array]] = []
    for t in range(xs.shape[0]):
        states, keep = step(states, xs[t])
        kept.append(keep)
    return states, {name: stack([keep[name] for keep in kept]) for name in kept[0]}
