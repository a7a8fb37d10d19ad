"""The equations as text, by their tags: read from the docstrings of handgrad's cells and model, and of references."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from inspect import getdoc

from handgrad import cells, model
from references import equations as references

#: "(4*i)  di = dc ⊙ g", up to the next number behind two blanks or the end of the line
_NUMBERED = re.compile(r"\((\d(?:\*\w?)?)\)\s+(.*?)(?=\s{2,}\(\d|$)", re.MULTILINE)
#: what one line says for several gates: "da_k = … for k = i, f, o"
_FOR_EACH = re.compile(r"^(.*?),? for k = ([\w, ]+)$")
_ADJOINT = "*"


@cache
def equations(cell: str) -> dict[str, str]:
    """The adjoint equations that a model with the cell may have, in the order of the backward pass.

    By tag as handgrad's source has it: {"7*": "dz = ∂loss/∂z", …, "2*i": "da_i = di ⊙ i ⊙ (1 − i)", …}. Those of loss
    and readout come first. Raises ValueError for a cell that there is not.
    """
    found = {tag: text for tag, text in _all(cell).items() if _ADJOINT in tag}
    own = _tags(_text(cells.get(cell)))
    outside = sorted((tag for tag in found if tag not in own), key=lambda tag: -int(tag[0]))
    return {tag: found[tag] for tag in (*outside, *(tag for tag in found if tag in own))}


@cache
def forward_equations(cell: str) -> dict[str, str]:
    """The forward equations in the order of computation: {"1": "a = x W_ihᵀ + …", "2i": "i = σ(a_i)", …, "7": …}.

    Those of the cell are as the references number them, one function each; readout and loss come last.
    """
    found = {tag_of(equation): _stated(equation)[1] for equation in references.cell(cell).EQUATIONS}
    return found | {tag: text for tag, text in _tags(_text(model)).items() if _ADJOINT not in tag}


def tag_of(equation: Callable[..., object]) -> str:
    """The number of one of the references' equations: "2i"."""
    return _stated(equation)[0]


def _stated(equation: Callable[..., object]) -> tuple[str, str]:
    """Number and text from the first line of its docstring: "(2i) i = σ(a_i)."."""
    tag, _, text = _text(equation).splitlines()[0].partition(") ")
    return tag.removeprefix("("), text.removesuffix(".")


def _all(cell: str) -> dict[str, str]:
    return _tags(_text(model)) | _tags(_text(cells.get(cell)))


def _text(documented: object) -> str:
    return getdoc(documented) or ""


def _tags(doc: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for tag, text in _NUMBERED.findall(doc):
        text = re.sub(r"\s{2,}", ", ", text.strip()).rstrip(":")
        several = _FOR_EACH.match(text)
        if several is None:
            found.setdefault(tag, text)  # a loss's own (7) stands before that of the cotangents
            continue
        for gate in several[2].split(", "):
            found[tag.replace("k", gate)] = re.sub(r"(?<![A-Za-z])(d?)k(?![A-Za-z])", rf"\g<1>{gate}", several[1])
    return found
