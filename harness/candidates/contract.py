"""What a candidate's file must have: a function of params and data; and what it may have beside."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from types import ModuleType
from typing import Any

import numpy as np

from harness.candidates import declared, results
from harness.candidates.answers import Description
from harness.candidates.failure import CandidateFailed
from harness.candidates.structure import as_array, encode
from harness.candidates.target import Target
from harness.errors import BadInput

_FEED = "needs def feed(codes, start, steps, left)"


def check(module: ModuleType, target: Target) -> None:
    """Raise BadInput where the module has no such function that takes params and data."""
    function = getattr(module, target.function, None)
    where = f"{target.path.name}: "
    if function is None:
        names = [
            name
            for name, one in vars(module).items()
            if inspect.isfunction(one) and one.__code__.co_filename == str(target.path) and name != "example"
        ]
        has = f"it has {', '.join(names)}; name one, as in {target.path.name}:{names[0]}" if names else "it has none"
        raise BadInput(f"{where}has no function {target.function}; {has}")
    if not callable(function):
        raise BadInput(f"{where}{target.function} is {results.what(function)}, needs a function")
    try:
        takes = inspect.signature(function, follow_wrapped=False)
    except (ValueError, TypeError):  # it has none that can be read
        return
    try:
        takes.bind({}, {})
    except TypeError:
        raise BadInput(f"{where}{target.function} takes {takes}, needs (params, data)") from None


def described(module: ModuleType, target: Target) -> Description:
    """What the file declares. Raises BadInput for a declaration that says nothing."""
    code = getattr(inspect.unwrap(getattr(module, target.function)), "__code__", None)
    return Description(
        target.name,
        str(target.path),
        target.function,
        code.co_firstlineno if code is not None and code.co_filename == str(target.path) else 0,
        declared.layout(getattr(module, "layout", None)),
        declared.model(getattr(module, "model", None)),
        declared.sign(getattr(module, "sign", None)),
        declared.scale(getattr(module, "scale", None)),
        callable(getattr(module, "example", None)),
        callable(getattr(module, "feed", None)),
    )


def example(module: ModuleType, target: Target) -> Callable[[int], Any]:
    """The function that gives an example. Raises BadInput where there is none."""
    found: Any = getattr(module, "example", None)
    if not callable(found):
        raise BadInput(
            f"{target.path.name}: has no function example; "
            "needs def example(seed): return params, data, of the right shapes"
        )
    return found  # type: ignore[no-any-return]


def feed(module: ModuleType, target: Target) -> Callable[..., Any]:
    """The function of its own training loop. Raises BadInput where there is none that takes what a loop knows."""
    found: Any = getattr(module, "feed", None)
    if not callable(found):
        raise BadInput(f"{target.path.name}: has no function feed; {_FEED}")
    try:
        inspect.signature(found, follow_wrapped=False).bind(*range(4))
    except (ValueError, TypeError):
        raise BadInput(f"{target.path.name}: feed is none of a training loop; {_FEED}, and return data") from None
    return found  # type: ignore[no-any-return]


def fed(given: Any) -> dict[str, Any]:
    """The data that a training loop hands to a window. Raises CandidateFailed where it gave something else."""
    if not isinstance(given, Mapping):
        raise CandidateFailed(f"feed returned {results.what(given)}, needs a dict: the data of a window")
    for name, value in given.items():
        if not isinstance(name, str):
            raise CandidateFailed(f"feed returned the key {name!r}, needs names")
        try:
            encode(value, {})
        except TypeError as error:
            raise CandidateFailed(f"feed: {name}: {error}") from None
    return dict(given)


def pair(given: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """The params and data that an example gave. Raises BadInput where it gave something else."""
    if not isinstance(given, tuple) or len(given) != 2:
        raise BadInput(f"example: got {results.what(given)}, needs params, data: two dicts")
    for which, one in zip(("params", "data"), given, strict=True):
        if not isinstance(one, Mapping):
            raise BadInput(f"example: got {results.what(one)} as {which}, needs a dict")
        strange = [key for key in one if not isinstance(key, str)]
        if strange:
            raise BadInput(f"example: got the key {strange[0]!r} in {which}, needs names")
        for name, value in one.items():
            arrays: dict[str, np.ndarray] = {}
            try:
                encode(value, arrays)
            except TypeError as error:
                raise BadInput(f"example: {name}: {error}") from None
            if any(array.dtype == np.float16 for array in arrays.values()):
                raise BadInput(
                    f"example: {name}: got float16, too coarse to differentiate by; needs float32 or float64"
                )
    params, data = given
    both = [name for name in params if name in data]
    if both:
        raise BadInput(f"example: got {both[0]} in params and in data, needs it in one of them")
    if not any(as_array(value) is not None for value in params.values()):
        raise BadInput("example: got no array of floats in params, needs at least one: there is nothing to grade")
    return dict(params), dict(data)
