"""Changes of the forward pass around the equations: how weights are stacked, what is carried, inputs and loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import permutations

import numpy as np

from harness.diagnosis.forward_run import ARRAYS, LOSS, PREDICTIONS, STATES, Arrays, Change, Numbers
from harness.diagnosis.texts import tag_of
from references.equations import losses, reads
from references.model import Model


def of_stacking(model: Model) -> Iterator[Change]:
    """Gates in another order, in all weights or in one array; h and x the other way round; W_hh transposed."""
    gates, cell = model.equations.GATES, model.equations
    tag = tag_of(cell.EQUATIONS[0])
    stacked = [name for name in cell.PARAMETERS if model.axes[name][0] == "A" and name not in model.absent]
    for order in permutations(range(len(gates))):
        if order == tuple(range(len(gates))):
            continue
        names = ", ".join(gates[k] for k in order)
        sentence = f"the gates {', '.join(gates)} are taken from the blocks of {names}"
        yield Change(tag, sentence, ARRAYS, _each(stacked, _reordered(order)))
        for name in stacked:
            yield Change(tag, f"in {name} {sentence}", ARRAYS, _each([name], _reordered(order)))
    if {"W_ih", "W_hh"} <= set(cell.PARAMETERS):
        yield Change(tag, "the columns of x and h are taken in the order h, x in place of x, h", ARRAYS, _h_first)
        yield Change(tag, "the columns of h and x are taken in the order x, h in place of h, x", ARRAYS, _x_first)
        transposed = _each(["W_hh"], lambda array: np.concatenate([w.T for w in np.split(array, len(gates))]))
        yield Change(tag, f"W_hh is transposed{', each gate by itself' if len(gates) > 1 else ''}", ARRAYS, transposed)


def of_states(model: Model) -> Iterator[Change]:
    """States exchanged, not carried, or not those that are given."""
    states, cell = model.equations.STATES, model.equations
    tags = {state: next(tag_of(one) for one in cell.EQUATIONS if state in reads(one)) for state in states}
    for order in permutations(states):
        if order != states:
            tag, both = tags[states[0]], " and ".join(states)
            pairs = dict(zip(states, order, strict=True))
            yield Change(tag, f"the states {both} are exchanged at every step", STATES, _exchanged(pairs))
            yield Change(tag, f"the initial states of {both} are exchanged", ARRAYS, _initial(pairs))
    for state in states:
        yield Change(tags[state], f"{state} starts from zero, not from {state}0", ARRAYS, _each([f"{state}0"], _zero))
        yield Change(tags[state], f"{state} is not carried: every step starts from {state}0", STATES, _restarted(state))
        for other in states:
            if other != state:
                own = _initial({state: other})
                yield Change(tags[state], f"{state} starts from {other}0, not from {state}0", ARRAYS, own)
    if len(states) > 1:
        initial = [f"{state}0" for state in states]
        yield Change(tags[states[0]], "the states start from zero, not from those given", ARRAYS, _each(initial, _zero))


def of_inputs(model: Model) -> Iterator[Change]:
    """Inputs and targets of other steps."""
    tag = tag_of(model.equations.EQUATIONS[0])
    yield Change(tag, "x is read in reversed time", ARRAYS, _each(["x"], _backwards))
    yield Change(tag, "x is read of the step before", ARRAYS, _each(["x"], lambda x: np.roll(x, 1, axis=0)))
    yield Change(tag, "x is read of the step after", ARRAYS, _each(["x"], lambda x: np.roll(x, -1, axis=0)))
    what = "G" if model.loss == losses.COTANGENT else "y"
    yield Change("7", f"{what} is read in reversed time", ARRAYS, _each([what], _backwards))
    for name in model.optional:
        yield Change("7", f"L lacks the term of {name}", ARRAYS, _each([name], _zero))


def of_loss(model: Model) -> Iterator[Change]:
    """Another loss of the same targets, a divisor that does not belong, an activation before it, some steps alone."""
    for text, factor in (("twice", lambda T, B: 2), ("half", lambda T, B: 0.5), ("minus", lambda T, B: -1)):
        yield Change("7", f"L is {text} what it should be", LOSS, _times(factor))
    for text, divisor in (("T", lambda T, B: T), ("B", lambda T, B: B), ("T·B", lambda T, B: T * B)):
        yield Change("7", f"L is divided by {text}, where it should not be", LOSS, _times(_one_over(divisor)))
        yield Change("7", f"L is not divided by {text}", LOSS, _times(divisor))
    for name in ("tanh", "sigmoid"):
        yield Change("7", f"L reads {name}(z) in place of z", PREDICTIONS, getattr(Numbers(), name))
    if model.loss == losses.COTANGENT:
        return
    for other in losses.LOSSES:
        same = (other in losses.ON_HIDDEN) == (model.loss in losses.ON_HIDDEN)
        if other != model.loss and same:
            yield Change("7", f"L is {other} in place of {model.loss}", LOSS, _other(model, other))
    last = _of_steps(model, slice(-1, None))
    yield Change("7", "L has the last step's share alone", LOSS, last)


def _each(names: Sequence[str], make: Callable[[np.ndarray], np.ndarray]) -> Callable[[Arrays], Arrays]:
    return lambda arrays: {name: make(array) if name in names else array for name, array in arrays.items()}


def _zero(array: np.ndarray) -> np.ndarray:
    return np.zeros_like(array)


def _backwards(array: np.ndarray) -> np.ndarray:
    return array[::-1]


def _reordered(order: Sequence[int]) -> Callable[[np.ndarray], np.ndarray]:
    return lambda array: np.concatenate([np.split(array, len(order))[k] for k in order])


def _h_first(arrays: Arrays) -> Arrays:
    W, H = np.hstack((arrays["W_ih"], arrays["W_hh"])), arrays["W_hh"].shape[1]
    return {**arrays, "W_hh": W[:, :H], "W_ih": W[:, H:]}


def _x_first(arrays: Arrays) -> Arrays:
    W, D = np.hstack((arrays["W_hh"], arrays["W_ih"])), arrays["W_ih"].shape[1]
    return {**arrays, "W_ih": W[:, :D], "W_hh": W[:, D:]}


def _exchanged(pairs: dict[str, str]) -> Callable[[Arrays, Arrays], Arrays]:
    return lambda states, initial: {state: states[pairs.get(state, state)] for state in states}


def _initial(pairs: dict[str, str]) -> Callable[[Arrays], Arrays]:
    return lambda arrays: {**arrays, **{f"{state}0": arrays[f"{other}0"] for state, other in pairs.items()}}


def _restarted(state: str) -> Callable[[Arrays, Arrays], Arrays]:
    return lambda states, initial: {**states, state: initial[state]}


def _one_over(divisor: Callable[[int, int], int]) -> Callable[[int, int], float]:
    return lambda T, B: 1 / divisor(T, B)


def _times(factor: Callable[[int, int], float]) -> Callable[..., float]:
    return lambda loss, z, y, T, B: factor(T, B) * loss


def _other(model: Model, name: str) -> Callable[..., float]:
    return lambda loss, z, y, T, B: losses.LOSSES[name](Numbers(), z, y) / model.divisor(T, B)  # type: ignore[arg-type]


def _of_steps(model: Model, steps: slice) -> Callable[..., float]:
    def some(loss: float, z: np.ndarray, y: np.ndarray, T: int, B: int) -> float:
        return losses.LOSSES[model.loss](Numbers(), z[steps], y[steps]) / model.divisor(T, B)  # type: ignore[arg-type, no-any-return]

    return some
