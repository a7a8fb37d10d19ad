"""Block notation, read: what the axes of one of the author's arrays hold.

    weight  = axis ["," axis]                one holds destinations, the other sources; a vector has destinations alone
    axis    = part {"+" part}                blocks one after the other
    part    = NAME | "[" NAME NAME … "]"     in brackets, the gates of every unit side by side
    data    = [ROLE ":"] letter {letter}     which of the model's arrays it is, and its axes
    letter  = ["-"] NAME | "[" ["-"] NAME ["?"] "]"    "-" reversed; in brackets, a Python list; "?" with None first

Destinations are the gates and ``y``, the readout; sources are ``x``, ``h``, ``1`` (the bias) and, where there are two
of them, ``1x`` and ``1h``. Letters are ``t b x h y`` and ``1``, an axis of size 1. Without a role, the author's own
name is one (``x``, ``y``, ``h0`` …), or the letter x or y is. Positions in messages count from 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple, NoReturn

from harness.errors import BadInput
from references import equations

READOUT = "y"
SOURCES = ("x", "h", "1", "1x", "1h")
BIASES = ("1", "1x", "1h")
ONE = "1"
#: the place of an entry that is none of the model's
NOBODY = -1
LETTERS = ("t", "b", "x", "h", "y", ONE)
_OF_READOUT = ("h", "1")  #: sources that the readout may have
_LISTED = ("t", "b")

#: the names of one part of an axis: one block, or several gates interleaved per unit
Part = tuple[str, ...]


@dataclass(frozen=True)
class Weight:
    """A weight or bias: one or two axes of blocks."""

    name: str
    text: str
    axes: tuple[tuple[Part, ...], ...]

    @property
    def destinations(self) -> int:
        """Which axis holds the destinations."""
        return 0 if self.axes[0][0][0] not in SOURCES else 1

    @property
    def sources(self) -> tuple[str, ...]:
        """What its columns are multiplied with; the bias alone for a vector."""
        return names(self.axes[1 - self.destinations]) if len(self.axes) == 2 else (ONE,)

    @property
    def blocks(self) -> tuple[tuple[str, str], ...]:
        """Every destination with every source."""
        return tuple((d, s) for d in names(self.axes[self.destinations]) for s in self.sources)


class Letter(NamedTuple):
    """One axis of data."""

    letter: str
    listed: bool = False  #: a Python list
    reverse: bool = False
    first_none: bool = False  #: a list that begins with None: zeros


@dataclass(frozen=True)
class Data:
    """Inputs, targets, states or cotangents: which of the model's arrays, and the letters of its axes."""

    name: str
    text: str
    role: str
    axes: tuple[Letter, ...]

    @property
    def letters(self) -> tuple[str, ...]:
        """The letters alone."""
        return tuple(axis.letter for axis in self.axes)


Notation = Weight | Data


def names(axis: Iterable[Part]) -> tuple[str, ...]:
    """The names of an axis, in their order of first appearance."""
    return tuple(name for part in axis for name in part)


@cache
def gates() -> dict[str, tuple[str, ...]]:
    """The gates of every cell."""
    return {cell: equations.cell(cell).GATES for cell in equations.cells()}


@cache
def destinations() -> tuple[str, ...]:
    """What a weight may lead to."""
    return (*dict.fromkeys(gate for own in gates().values() for gate in own), READOUT)


@cache
def roles() -> dict[str, str]:
    """The model's arrays that are no weights, and the letters that each may have."""
    states = dict.fromkeys(state for cell in equations.cells() for state in equations.cell(cell).STATES)
    given = {f"{state}0": "bh" for state in states}
    return {"x": "tbx", "y": "tbyh", **given, "G": "tbh", **{f"G_{state}": "bh" for state in states}}


class _Token(NamedTuple):
    text: str
    position: int


def parse(name: str, text: str) -> Notation:
    """What a line of the layout says. Raises BadInput with the position of what is wrong, and what is allowed there."""
    if not isinstance(text, str):
        raise BadInput(f'layout of {name}: got {text!r}, needs text, such as "f, h+x" or "t b x"')
    reader = _Reader(name, text)
    marks = [token.text for token in reader.tokens]
    known = (*destinations(), *SOURCES, *LETTERS)
    if ":" in marks or ("," not in marks and (name in roles() or not _is_vector(marks))):
        if name not in roles() and ":" not in marks and marks and marks[0].isalnum() and marks[0] not in known:
            reader.fail(dict.fromkeys((*known, "a role before a colon")))
        return _data(reader)
    return _weight(reader)


def _is_vector(marks: Sequence[str]) -> bool:
    """Whether a text without comma, role and telling name is a weight's: destinations alone, a bias."""
    first = next((mark for mark in marks if mark[0].isalnum()), "")
    return "+" in marks or (first in destinations() and (first != READOUT or len(marks) == 1))


class _Reader:
    """The tokens of a line, taken one after the other."""

    def __init__(self, name: str, text: str) -> None:
        self.name, self.text = name, text
        self.tokens = [_Token(match[0], match.start() + 1) for match in re.finditer(r"\w+|[^\w\s]", text)]
        self._next = 0

    def peek(self, ahead: int = 0) -> str:
        """A token's text; empty behind the last."""
        at = self._next + ahead
        return self.tokens[at].text if at < len(self.tokens) else ""

    def take(self, allowed: Iterable[str]) -> _Token:
        """The next token, which must be one of these."""
        allowed = tuple(allowed)
        if self.peek() not in allowed:
            self.fail(allowed)
        self._next += 1
        return self.tokens[self._next - 1]

    def fail(self, allowed: Iterable[str], token: _Token | None = None, but: str = "") -> NoReturn:
        """What is wrong with the next token, or with another one."""
        if token is None and self._next < len(self.tokens):
            token = self.tokens[self._next]
        got = f'"{token.text}" at position {token.position}' if token else f"its end at position {len(self.text) + 1}"
        raise BadInput(f'layout of {self.name}: "{self.text}": got {got}{but}, allowed: {", ".join(allowed)}')

    def end(self, allowed: Iterable[str]) -> None:
        """Nothing more may come."""
        if self.peek():
            self.fail((*allowed, "the end"))


def _weight(reader: _Reader) -> Weight:
    first = _axis(reader, (*destinations(), *SOURCES))
    into = first[0][0].text in destinations()
    if not reader.peek() and into:
        return _checked(reader, [first])
    if reader.peek() != ",":
        reader.fail(("+", "a comma", "the end") if into else ("+", "a comma"))
    reader.take(",")
    second = _axis(reader, SOURCES if into else destinations())
    reader.end(("+",))
    return _checked(reader, [first, second])


def _axis(reader: _Reader, allowed: tuple[str, ...]) -> list[list[_Token]]:
    """One axis; its first name decides whether it holds destinations or sources."""
    parts = [_part(reader, allowed, ())]
    side = destinations() if parts[0][0].text in destinations() else SOURCES
    while reader.peek() == "+":
        reader.take("+")
        parts.append(_part(reader, side, [token.text for part in parts for token in part]))
    return parts


def _part(reader: _Reader, allowed: tuple[str, ...], before: Sequence[str]) -> list[_Token]:
    left = [one for one in allowed if one not in before]
    interleaved = [one for one in left if one in destinations() and one != READOUT]
    if reader.peek() != "[" or not interleaved:
        return [reader.take(left)]
    reader.take("[")
    tokens = [reader.take(interleaved)]
    while reader.peek() != "]":
        others = [one for one in interleaved if one not in {token.text for token in tokens}]
        if reader.peek() not in others:
            reader.fail((*others, "]"))
        tokens.append(reader.take(others))
    reader.take("]")
    return tokens


def _checked(reader: _Reader, axes: Sequence[Sequence[Sequence[_Token]]]) -> Weight:
    weight = Weight(
        reader.name, reader.text, tuple(tuple(tuple(token.text for token in part) for part in axis) for axis in axes)
    )
    if READOUT in names(weight.axes[weight.destinations]):
        for token in (token for axis in axes for part in axis for token in part):
            if token.text in SOURCES and token.text not in _OF_READOUT:
                reader.fail(_OF_READOUT, token, " beside y, the readout")
    return weight


def _data(reader: _Reader) -> Data:
    role = reader.name if reader.name in roles() else ""
    if reader.peek(1) == ":" or reader.peek() == ":":
        role = reader.take(roles()).text
        reader.take(":")
    allowed = (*roles()[role], ONE) if role else LETTERS
    axes = tuple(_letters(reader, allowed))
    if not axes:
        reader.fail(allowed)
    letters = [axis.letter for axis in axes]
    role = role or next((letter for letter in ("x", "y") if letter in letters), "")
    if not role:
        raise BadInput(
            f'layout of {reader.name}: "{reader.text}": got no role, allowed: {", ".join(roles())}; '
            f'write it before a colon, such as "h0: {reader.text}"'
        )
    strange = [letter for letter in letters if letter not in (*roles()[role], ONE)]
    if strange:
        token = next(token for token in reader.tokens if token.text == strange[0])
        reader.fail((*roles()[role], ONE), token, f" for {role}")
    if role not in ("x", "y") and "h" not in letters:
        reader.fail(("h",))
    return Data(reader.name, reader.text, role, axes)


def _letters(reader: _Reader, allowed: Sequence[str]) -> Iterator[Letter]:
    seen: list[str] = []
    plain = False
    while reader.peek():
        left = [letter for letter in allowed if letter not in seen]
        listed = reader.peek() == "["
        if listed and plain:
            reader.fail(left, but=" behind an axis of the array: lists come first")
        if listed:
            reader.take("[")
        reverse = reader.peek() == "-"
        if reverse:
            reader.take("-")
        if listed or reverse:
            left = [letter for letter in (_LISTED if listed and not reverse else ("t",)) if letter in left]
        letter = reader.take(left if listed or reverse else (*left, "[", "-")).text
        first_none = listed and reader.peek() == "?"
        if first_none:
            if letter != "t" or reverse:
                reader.fail(("]",))
            reader.take("?")
        if listed:
            reader.take("]")
        plain = plain or not listed
        seen += [letter] if letter != ONE else []
        yield Letter(letter, listed, reverse, first_none)
