"""What a candidate returned, checked and brought into one form: each thing that can be wrong has its own message."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np

from harness.candidates.answers import Note
from harness.candidates.failure import CandidateFailed
from harness.candidates.structure import as_array

#: how gradients are named beside the plain name of the array
_FORMS = ("d{}", "d_{}", "grad{}", "grad_{}", "{}_grad", "{}_diff")


class Answer(NamedTuple):
    """A candidate's answer, in arrays that nobody else holds."""

    loss: np.ndarray
    grads: dict[str, np.ndarray]
    trace: dict[str, np.ndarray]
    notes: tuple[Note, ...]

    @property
    def named(self) -> dict[str, np.ndarray]:
        """Loss and gradients."""
        return {"loss": self.loss, **self.grads}


def normalised(returned: Any, params: Mapping[str, Any], data: Mapping[str, Any]) -> Answer:
    """The answer in a candidate's return value. Raises CandidateFailed where it is none."""
    if not isinstance(returned, tuple) or len(returned) not in (2, 3):
        raise CandidateFailed(f"it returned {what(returned)}, needs loss, grads or loss, grads, trace")
    given, notes = gradients(returned[1], {**params, **data}, params)
    trace, more = _trace(returned[2]) if len(returned) == 3 else ({}, [])
    return Answer(loss(returned[0]), given, trace, (*notes, *more))


def loss(value: Any) -> np.ndarray:
    """The loss as one float. Raises CandidateFailed for what is no single number."""
    if value is None:
        raise CandidateFailed("loss: got None, needs a number")
    array = _converted("loss", value)
    if array.dtype.kind == "c":
        raise CandidateFailed("loss: got a complex number, needs a real one")
    if array.dtype.kind not in "fiu":
        raise CandidateFailed(f"loss: got {what(value)}, needs a number")
    if array.size != 1:
        raise CandidateFailed(f"loss: got shape {array.shape}, needs a single number: sum it")
    single = array.reshape(())
    return np.array(single if single.dtype.kind == "f" else single.astype(float))


def gradients(
    grads: Any, values: Mapping[str, Any], params: Collection[str]
) -> tuple[dict[str, np.ndarray], list[Note]]:
    """Gradients by the names of ``values`` and in their shapes, and what is to be said of them.

    One of them at least must be of ``params``.
    """
    if not isinstance(grads, Mapping):
        raise CandidateFailed(f"grads: got {what(grads)}, needs a dict: a gradient for each name")
    if not grads:
        raise CandidateFailed("grads: got none, needs at least one array's gradient")
    taken: dict[str, np.ndarray] = {}
    notes: list[Note] = []
    narrow: dict[str, list[str]] = {}
    for key, name in _names(grads, values).items():
        if grads[key] is None:
            raise CandidateFailed(f"{name}: got None for its gradient, needs an array; leave out what is not computed")
        wanted = as_array(values[name])
        if wanted is None:
            raise CandidateFailed(f"{name}: got a gradient, but {name} is {what(values[name])}; leave it out")
        grad = _floats(name, grads[key])
        if isinstance(grads[key], np.matrix):
            notes.append(("np.matrix", f"{name} came back as an np.matrix, taken as an array", (name,)))
        if grad.shape != wanted.shape:
            if _squeezed(grad.shape) != _squeezed(wanted.shape):
                raise CandidateFailed(_shape(name, grad.shape, wanted.shape))
            notes.append(("shape", f"{name} came back as {grad.shape}, taken as {wanted.shape}", (name,)))
        if np.finfo(grad.dtype).nmant < np.finfo(wanted.dtype).nmant:
            narrow.setdefault(f"{grad.dtype} comes back where {wanted.dtype} went in", []).append(name)
        taken[name] = np.array(grad, order="C").reshape(wanted.shape)
    if not any(name in params for name in taken):
        raise CandidateFailed(f"grads: got {', '.join(taken)}, none of a parameter: {', '.join(params)}")
    notes += [("low precision", text, tuple(names)) for text, names in narrow.items()]
    return taken, notes


def what(value: Any) -> str:
    """A value in words, for a message: ``None``, ``a list of 3``, ``an array of int64 of shape (2, 3)``."""
    if value is None:
        return "None"
    if isinstance(value, np.ndarray):
        return f"an array of {value.dtype} of shape {value.shape}"
    if isinstance(value, list | tuple | Mapping):
        return f"a {type(value).__name__} of {len(value)}"
    kind = type(value).__name__
    return f"{'an' if kind[0] in 'aeiou' else 'a'} {kind}"


def _names(grads: Mapping[Any, Any], values: Mapping[str, Any]) -> dict[str, str]:
    """Which array each key of ``grads`` means: its plain name, or a usual form where nothing else can be meant."""
    meant: dict[str, str] = {}
    for key in grads:
        if not isinstance(key, str):
            raise CandidateFailed(f"grads: got the key {key!r}, needs the name of an array")
        names = [key] if key in values else [name for name in values if key in _forms(name)]
        if not names:
            raise CandidateFailed(f"grads: got {key!r}, allowed: {', '.join(values)}, or dNAME for each")
        if len(names) > 1:
            raise CandidateFailed(f"grads: got {key!r}, which may mean {' or '.join(names)}; use the plain names")
        if names[0] in meant.values():
            other = next(one for one, name in meant.items() if name == names[0])
            raise CandidateFailed(f"grads: got both {other!r} and {key!r}, needs one gradient of {names[0]}")
        meant[key] = names[0]
    return meant


def _forms(name: str) -> Iterable[str]:
    return (form.format(name) for form in _FORMS)


def _floats(name: str, value: Any) -> np.ndarray:
    """A gradient as an array of floats; a list over time stacked."""
    if isinstance(value, list | tuple):
        empty = [t for t, one in enumerate(value) if one is None]
        if empty:
            raise CandidateFailed(f"{name}: got None at step {empty[0]} of its gradient, needs an array at every step")
        shapes = list(dict.fromkeys(np.shape(one) for one in value if isinstance(one, np.ndarray)))
        if len(shapes) > 1:
            raise CandidateFailed(
                f"{name}: got a gradient as a list of arrays of shapes {shapes[0]} and {shapes[1]}, needs equal ones"
            )
    array = _converted(f"{name}: its gradient", value)
    if array.dtype.kind == "O":
        raise CandidateFailed(f"{name}: got a gradient of dtype object ({what(value)}), needs floats")
    if array.dtype.kind == "c":
        raise CandidateFailed(f"{name}: got a gradient of dtype {array.dtype}, needs real floats")
    if array.dtype.kind in "iub":
        raise CandidateFailed(
            f"{name}: got a gradient of dtype {array.dtype}, needs floats: an integer buffer drops all decimals"
        )
    if array.dtype.kind != "f":
        raise CandidateFailed(f"{name}: got a gradient of dtype {array.dtype}, needs floats")
    return array


def _converted(which: str, value: Any) -> np.ndarray:
    try:
        return np.asarray(value)
    except Exception as error:  # what cannot be an array says so in its own way: lists of lists, a tensor with history
        words = " ".join(str(error).split())
        raise CandidateFailed(f"{which}: got {what(value)}, which is no array: {words}") from None


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _shape(name: str, got: tuple[int, ...], needed: tuple[int, ...]) -> str:
    message = f"{name}: got a gradient of shape {got}, {name} has {needed}"
    sizes = _squeezed(needed)
    if len(sizes) == 1 and got == (sizes[0], sizes[0]):
        column = needed if len(needed) == 2 else (sizes[0], 1)
        return (
            f"{message}: a {column} and a {sizes} were broadcast against each other somewhere; "
            "keep one of the two shapes throughout"
        )
    if len(got) == 2 and got[::-1] == needed:
        return f"{message}: this is its transpose"
    rest = list(_squeezed(got))
    for size in sizes:
        if size in rest:
            rest.remove(size)
        else:
            return message
    return f"{message}: not summed over an axis of {rest[0]}" if len(rest) == 1 else message


def _trace(trace: Any) -> tuple[dict[str, np.ndarray], list[Note]]:
    """The arrays of floats in a trace; what else is in it is left aside, and said."""
    if not isinstance(trace, Mapping):
        return {}, [("trace", f"got {what(trace)} as trace, needs a dict of arrays; left aside", ())]
    arrays = {str(name): array for name, value in trace.items() if (array := as_array(value)) is not None}
    aside = tuple(str(name) for name in trace if str(name) not in arrays)
    notes: list[Note] = (
        [("trace", f"left aside, as they are no arrays of floats: {', '.join(aside)}", ())] if aside else []
    )
    return {name: np.array(array, order="C") for name, array in arrays.items() if array.dtype.kind == "f"}, notes
