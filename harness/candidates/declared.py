"""What a candidate's file says beside its function: ``layout``, ``model``, ``sign``, ``scale``."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from numbers import Real
from typing import Any

from harness.errors import BadInput

#: what ``model`` may name
MODEL_KEYS = ("cell", "activation", "loss", "reduction")
_SIZES = "TBDHK"
_FACTOR = rf"(?:\d+(?:\.\d+)?|[{_SIZES}])"
_PRODUCT = rf"{_FACTOR}(?:\*{_FACTOR})*"
_LONGEST = 60
_EXAMPLES = "a number, or text over the sizes T, B, D, H, K, as in '1/T' or '1/(T*B)'"


def layout(value: Any) -> dict[str, str] | None:
    """Block notation by array; None where there is none."""
    if value is None:
        return None
    if not isinstance(value, Mapping):
        raise BadInput(f"layout: got a {type(value).__name__}, needs a dict: a line of text for each array")
    for name, line in value.items():
        if not isinstance(name, str) or not isinstance(line, str):
            raise BadInput(f"layout of {name}: got {line!r}, needs text, as in 'f, h+x'")
    return dict(value)


def model(value: Any) -> dict[str, str]:
    """What is named of the model; whether there is such a cell or loss is for others to say."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise BadInput(f"model: got a {type(value).__name__}, needs a dict with some of {', '.join(MODEL_KEYS)}")
    for key, name in value.items():
        if key not in MODEL_KEYS:
            raise BadInput(f"model: got {key!r}, allowed: {', '.join(MODEL_KEYS)}")
        if not isinstance(name, str):
            raise BadInput(f"model: got {name!r} for {key}, needs text")
    return dict(value)


def sign(value: Any) -> float:
    """With which sign the gradient comes."""
    if value is None:
        return 1.0
    if isinstance(value, bool) or not isinstance(value, Real) or value not in (1, -1):
        raise BadInput(f"sign: got {value!r}, allowed: 1 and -1")
    return float(value)


def scale(value: Any) -> float | str:
    """Which multiple of the loss's derivative the gradient is."""
    if value is None:
        return 1.0
    if isinstance(value, str):
        factor(value, dict.fromkeys(_SIZES, 1))
        return value
    try:
        number = 0.0 if isinstance(value, bool) or not isinstance(value, Real) else float(value)
    except OverflowError:  # an integer that no float holds
        number = math.inf
    if not math.isfinite(number) or number == 0:
        raise BadInput(f"scale: got {_said(value)}, allowed: {_EXAMPLES}")
    return number


def factor(scale: float | str, sizes: Mapping[str, int]) -> float:
    """The number that a `scale` is, where T, B, D, H and K are as in ``sizes``.

    Raises BadInput for text that is no product or quotient of them, and for a size that is not known.
    """
    if not isinstance(scale, str):
        return scale
    text = scale.replace(" ", "")
    above, slash, below = text.partition("/")
    bracketed = re.fullmatch(rf"\(({_PRODUCT})\)", below)
    below = bracketed[1] if bracketed else below
    if not re.fullmatch(_PRODUCT, above) or (slash and not re.fullmatch(_PRODUCT if bracketed else _FACTOR, below)):
        raise BadInput(f"scale: got {scale!r}, allowed: {_EXAMPLES}")
    over = _product(scale, below, sizes) if slash else 1.0
    value = _product(scale, above, sizes) / over if over else 0.0
    if value == 0 or not math.isfinite(value):
        raise BadInput(f"scale: got {_said(scale)}, needs a finite number other than zero")
    return value


def _product(scale: str, text: str, sizes: Mapping[str, int]) -> float:
    value = 1.0
    for part in text.split("*"):
        if part in _SIZES and part not in sizes:
            raise BadInput(f"scale: got {scale!r}, but {part} is not known: without a layout give it as a number")
        value *= sizes[part] if part in _SIZES else float(part)
    return value


def _said(value: object) -> str:
    """A value as it stands in the file, if that is short."""
    try:
        text = repr(value)
    except ValueError:  # an integer of thousands of digits
        text = "an integer"
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
