"""What a variable's name says that it holds: evidence where values alone leave two lines open, and nothing more."""

from __future__ import annotations

import re
from typing import NamedTuple

#: what people call a gate, a state or a sum before its activation
_LETTERS = {
    "h": ("h", "hidden", "hid", "hs", "ht", "state"),
    "c": ("c", "cell", "cs", "ct", "mem", "memory", "cellstate"),
    "i": ("i", "input", "ig", "in", "inp", "is", "write"),
    "f": ("f", "forget", "fg", "fs", "keep"),
    "o": ("o", "output", "og", "out", "os", "expose"),
    "g": ("g", "cand", "candidate", "cbar", "ctilde", "cbars", "gs", "block", "update", "u"),
    "a": ("a", "raw", "pre", "preact", "net", "logit", "act", "activation", "activations"),
    "x": ("x", "xs", "xt", "inputs"),
    "z": ("z", "y", "scores", "logits", "prediction", "pred"),
}
_OF = {name: letter for letter, names in _LETTERS.items() for name in names}
_ADJOINT = ("d", "delta", "grad", "gradient", "err", "error", "diff", "dl", "bar")
_BEFORE = ("prev", "before", "old", "last", "previous", "tm1")
_AFTER = ("next", "carry", "carried", "later", "future", "after")


class Said(NamedTuple):
    """What a name says."""

    adjoint: bool
    letters: frozenset[str]
    time: str  #: "before", "after", or nothing


def said(name: str) -> Said:
    """Of a variable as it stands in the source, or of a quantity."""
    keys = re.findall(r"\[['\"]([^'\"]*)['\"]\]", name)
    plain = re.sub(r"\[[^\]]*\]", "", name)
    plain = plain.rpartition(".")[2] if "." in plain and " " not in plain else plain
    words = [word for part in (plain, *keys) for word in _words(part)]
    adjoint = any(word in _ADJOINT for word in words)
    letters, time = set(), ""
    for word in words:
        for suffix, text in ((_BEFORE, "before"), (_AFTER, "after")):
            for end in suffix:
                if word == end or (len(word) > len(end) and word.endswith(end)):
                    time, word = text, word[: -len(end)]
        if word in _OF:
            letters.add(_OF[word])
        elif word[:1] == "d" and word[1:] in _OF:
            adjoint = True
            letters.add(_OF[word[1:]])
        elif word[:1] == "d" and all(letter in _OF for letter in word[1:]) and len(word) == 3:
            adjoint = True
            letters |= {_OF[letter] for letter in word[1:]}
    return Said(adjoint, frozenset(letters), time)


def _words(text: str) -> list[str]:
    split = re.sub(r"(?<=[a-z])(?=[A-Z])", "_", text)
    return [word for word in re.split(r"[^A-Za-z]+", split.lower()) if word]


def likeness(variable: str, quantity: str) -> int:
    """How well a variable's name fits a quantity; 0 where it says nothing, or the quantity has no plain name."""
    plain = quantity.removeprefix("injected ").removesuffix(" without what is carried")
    if any(mark in plain for mark in " ()⊙×"):
        return 0
    one, other = said(variable), said(plain)
    if not one.letters or one.letters != other.letters or one.adjoint != other.adjoint:
        return 0
    carried = one.adjoint and bool(one.time) == bool(other.time)  # what leaves a step is the one before's, or is next
    return (3 if carried or one.time == other.time else 1) - (plain != quantity)
