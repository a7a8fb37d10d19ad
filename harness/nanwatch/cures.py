"""Why an expression of a candidate is not finite, and what would have prevented it at that place: one sentence each."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from harness.nanwatch.words import limit, number

SMALLER = "a smaller rate, or gradients clipped outside the backward pass before every update, keeps numbers smaller"
_SOFTMAX = "the softmax needs its largest entry subtracted before exp: that does not change it"
_LOGISTIC = "take 1/(1 + exp(−a)) where a ≥ 0 and exp(a)/(1 + exp(a)) elsewhere: neither exp can overflow"


class Made(NamedTuple):
    """An entry that is not finite: what gave it, and what went in there."""

    operation: str  #: "exp", "divide", "matmul" …
    text: str  #: of the expression
    statement: str  #: the text of its line
    around: str  #: that of the function around it
    target: str  #: what it is assigned to; empty for a part of an expression
    value: float
    operands: Sequence[tuple[str, float]]  #: by its text: each operand's entry, or its largest one
    dtype: np.dtype[np.floating]


def explained(made: Made) -> tuple[str, str]:
    """Why, and the cure."""
    rules = {
        "exp": _exp, "expm1": _exp, "exp2": _exp, "log": _log, "log1p": _log, "log2": _log, "log10": _log,
        "divide": _divide, "true_divide": _divide, "reciprocal": _divide, "power": _power, "square": _power,
        "sqrt": _root, "add": _add, "subtract": _add, "multiply": _multiply, "negative": _multiply,
    }  # fmt: skip
    return rules.get(made.operation, _summed)(made)


def _exp(made: Made) -> tuple[str, str]:
    name, value = made.operands[0] if made.operands else (made.text, np.nan)
    most = float(np.log(np.finfo(made.dtype).max))
    why = f"exp overflows above {most:.2f}, and {name} is {number(value)}"
    return why, _for_exp(made)


def _for_exp(made: Made) -> str:
    """By what becomes of it: in the statement itself, else where its variable is used, else anywhere around."""
    variable = re.escape(made.target) if made.target.isidentifier() else ""
    exp = r"[\w.]*exp\([^;\n]*\)"
    for text, one in ((made.statement, exp), (made.around, rf"\b{variable}\b"), (made.around, exp)):
        text = text.replace(" ", "")
        if one == r"\b\b" or not re.search(one, text):
            continue
        if re.search(rf"log\w*\((1(\.0)?\+{one}|{one}\+1)", text):
            return "take ln(1 + exp(a)) as logaddexp(0, a), which does not overflow"
        if re.search(rf"1(\.0)?\+{one}|{one}\+1", text):
            return _LOGISTIC
        if re.search(rf"/[\w.]*sum\({one}|/{one}\.sum\(|{one}/", text):
            return _SOFTMAX
    return f"hold back what exp is taken of; {_SOFTMAX}"


def _log(made: Made) -> tuple[str, str]:
    name, value = made.operands[0] if made.operands else (made.text, np.nan)
    value = value + 1 if made.operation == "log1p" else value
    from_logits = (
        "compute the log of a softmax from the logits, z_y − logsumexp(z), "
        "and that of a logistic function as −ln(1 + exp(−a)): neither meets a zero"
    )
    if value < 0:
        return f"log of a negative number: {name} is {number(value)}", "what is no probability has no log: look at it"
    return f"log of 0: {name} is {number(value)}, a probability too small for {made.dtype}", from_logits


def _divide(made: Made) -> tuple[str, str]:
    above, below = (made.operands[0], made.operands[-1]) if len(made.operands) > 1 else (("1", 1.0), made.operands[-1])
    exp = "exp(" in made.around
    if np.isinf(above[1]) and np.isinf(below[1]):
        return f"∞/∞: {above[0]} and {below[0]} both are infinite", _SOFTMAX if exp else SMALLER
    if below[1] == 0:
        what = "0/0" if above[1] == 0 else "a division by 0"
        why = f"{what}: {above[0]} is {number(above[1])}, {below[0]} is {number(below[1])}"
        if exp and "sum" in made.around:
            return why, f"{_SOFTMAX}, and its sum is then at least 1"
        return why, f"add a small number to {below[0]}, or leave out what it is 0 for"
    return f"the quotient is beyond {limit(made.dtype)}: {_listed(made)}", "divide by a number that cannot be as small"


def _power(made: Made) -> tuple[str, str]:
    if np.isnan(made.value):
        return (
            f"a negative number to a power that is not whole: {_listed(made)}",
            "take the power of its absolute value",
        )
    if made.operands and made.operands[0][1] == 0:
        return f"0 to a negative power: {_listed(made)}", "add a small number to it first"
    return f"the power is beyond {limit(made.dtype)}: {_listed(made)}", SMALLER


def _root(made: Made) -> tuple[str, str]:
    return f"the root of a negative number: {_listed(made)}", "hold it at 0 from below before the root"


def _add(made: Made) -> tuple[str, str]:
    infinite = [value for _, value in made.operands if np.isinf(value)]
    if len(infinite) > 1:
        return f"∞ − ∞ is not a number: {_listed(made)}", "leave out what is infinite before it meets another infinity"
    return f"the {'sum' if made.operation == 'add' else 'difference'} is beyond {limit(made.dtype)}: {_listed(made)}", (
        SMALLER
    )


def _multiply(made: Made) -> tuple[str, str]:
    if np.isnan(made.value):
        return f"0 · ∞ is not a number: {_listed(made)}", "leave out what is infinite instead of multiplying it by 0"
    return f"the product is beyond {limit(made.dtype)}: {_listed(made)}", SMALLER


def _summed(made: Made) -> tuple[str, str]:
    """Sums of products, and functions that are not known."""
    kind = {"matmul": "products", "dot": "products", "einsum": "products", "outer": "products", "sum": "terms"}
    if made.operation not in kind:
        finite = "what goes in is finite" if all(np.isfinite(value) for _, value in made.operands) else _listed(made)
        return f"{made.text} is {number(made.value)}, and {finite}", "look at what that function takes"
    of = f"a sum of {kind[made.operation]}"
    if np.isnan(made.value):
        return f"{of} that are beyond {limit(made.dtype)} with both signs: ∞ − ∞ is not a number", SMALLER
    return f"{of} goes beyond {limit(made.dtype)}", SMALLER


def _listed(made: Made) -> str:
    return ", ".join(f"{name} is {number(value)}" for name, value in made.operands)
