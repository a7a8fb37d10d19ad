"""The training loop's own faults: what it hands to a window that is not of the text, and what must not enter one.

A backward pass cannot know of them: it is right for what it was given. Only who knows the text, and what the window
before has left, sees that the loop gave something else.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from harness.candidates.structure import as_array
from harness.errors import BadInput
from harness.run import Finding

NAME = "loop"
#: the roles of what is read from the text
TEXT = ("x", "y")


@dataclass(frozen=True)
class Window:
    """What a candidate's loop handed to one window, beside what it should have. All by the author's names."""

    update: int
    fed: Mapping[str, Any]
    right: Mapping[str, Any]  #: of the text, and of the states that the window before has ended with
    roles: Mapping[str, str]  #: name → "x", "y", "h0", "c0", for what the layout speaks of
    left: Mapping[str, np.ndarray] = field(default_factory=dict)  #: words → what the window before has left
    ended: Mapping[str, np.ndarray] = field(default_factory=dict)  #: role → the state it ended with; empty: not known
    alphabet: Sequence[str] = ()  #: a symbol per index


def check(window: Window, symbols: int) -> None:
    """Raise BadInput for an input or target that is no index of ``symbols``. For what the layout gives as indices."""
    for name, role in window.roles.items():
        codes = _codes(window.fed[name]) if role in TEXT and _codes(window.right[name]) is not None else None
        if codes is None:
            continue
        wrong = np.flatnonzero((codes < 0) | (codes >= symbols))
        if len(wrong):
            at = int(wrong[0])
            guess = "; position numbers instead of characters?" if _numbers(codes) else ""
            raise BadInput(
                f"{name}: got {_plain(codes[at])} at position {at} of window {window.update}, the text has {symbols} "
                f"symbols: allowed 0 to {symbols - 1}{guess}"
            )


def departures(window: Window) -> list[Finding]:
    """Everything that the loop hands to a window and should not; nothing of a sound loop."""
    found = []
    for name, role in window.roles.items():
        text = _unlike_text(window, name) if role in TEXT else _unlike_state(window, name, role)
        found += [Finding(NAME, text, (name,))] if text else []
    return found + list(_entering(window))


def _unlike_text(window: Window, name: str) -> str:
    """How inputs or targets depart from the text; empty where they do not."""
    given, right = _entries(window.fed[name]), _entries(window.right[name])
    if given.shape != right.shape:
        return f"{name}: window {window.update} is fed shape {given.shape}, that of the text is {right.shape}"
    unequal = np.argwhere(given != right)
    if not len(unequal):
        return ""
    at = tuple(int(k) for k in unequal[0])
    got, needed = _symbol(window, name, given[at]), _symbol(window, name, right[at])
    position = ", ".join(map(str, at))
    told = f"{name}: window {window.update} is fed {got} at position {position}, where the text has {needed}"
    codes, text = _codes(window.fed[name]), _codes(window.right[name])
    recognised = "" if codes is None or text is None else _recognised(codes, text)
    return f"{told}; {recognised}" if recognised else told


def _recognised(codes: np.ndarray, right: np.ndarray) -> str:
    """What was fed instead of the characters, in words; empty where that is not seen."""
    if _numbers(codes):
        return "they are 0, 1, 2 …: position numbers instead of characters"
    if len(codes) > 2 and np.array_equal(np.diff(codes), np.ones(len(codes) - 1)):
        return f"they are {_plain(codes[0])}, {_plain(codes[1])}, {_plain(codes[2])} …: position numbers in the text"
    for way, mine, theirs in (("after", codes[:-1], right[1:]), ("before", codes[1:], right[:-1])):
        if len(mine) and np.array_equal(mine, theirs):
            return f"each is the character {way} the right one"
    return ""


def _unlike_state(window: Window, name: str, role: str) -> str:
    """Why a state is none that a window may start from: neither what the one before ended with nor zero."""
    given = as_array(window.fed[name])
    if role not in window.ended or given is None or not given.any():
        return ""
    values = {state: ended for state, ended in window.ended.items() if _same(given, ended)}
    if role in values:
        return ""
    told = f"{name}: window {window.update} starts neither from zero nor from the {role[0]} that window "
    told += f"{window.update - 1} ended with"
    return told + "".join(f", but from its {state[0]}" for state in list(values)[:1])


def _entering(window: Window) -> Iterator[Finding]:
    """Arrays of floats that are no input, target or state, and not zero: adjoints of another window."""
    for name, value in window.fed.items():
        array = as_array(value)
        if name in window.roles or array is None or not array.ndim or not array.any():
            continue
        same = [words for words, left in window.left.items() if _same(array, left)]
        text = f"{name}: enters window {window.update} and is not zero: "
        if same:
            text += f"it is {same[0]} that window {window.update - 1} left; "
            text += "adjoints flow back in time, and those that enter a window at its last step start at zero"
        else:
            text += "it is no input, target or state; adjoints that enter a window at its last step start at zero"
        if same or name not in window.right:  # what the example has beside is the author's own affair
            yield Finding(NAME, text, (name,))


def _entries(value: Any) -> np.ndarray:
    """All entries, −1 for the None that a list may begin with; none of a list whose entries have unequal shapes."""
    try:
        if isinstance(value, list | tuple):
            return np.asarray([np.full_like(value[-1], -1) if one is None else one for one in value])
        return np.asarray(value)
    except ValueError:
        return np.empty(0)


def _codes(value: Any) -> np.ndarray | None:
    """A value's indices in order of time; None where it is no array, or list, of whole numbers."""
    ones = [one for one in value if one is not None] if isinstance(value, list | tuple) else value
    try:
        array = np.asarray(ones)
    except ValueError:  # a list of arrays of unequal shapes
        return None
    return array.reshape(-1) if array.dtype.kind in "iu" else None


def _numbers(codes: np.ndarray) -> bool:
    return len(codes) > 2 and np.array_equal(codes, np.arange(len(codes)))


def _same(one: np.ndarray, other: np.ndarray) -> bool:
    """Bit for bit, whatever axes of size 1 there are."""
    return one.size == other.size and np.array_equal(one.reshape(-1), other.reshape(-1), equal_nan=True)


def _symbol(window: Window, name: str, value: Any) -> str:
    """An index with its symbol."""
    code = _plain(value)
    known = isinstance(code, int) and 0 <= code < len(window.alphabet) and _codes(window.right[name]) is not None
    return f"{code} ({window.alphabet[code]!r})" if known else f"{code:g}" if isinstance(code, float) else str(code)


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
