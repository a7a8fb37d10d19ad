"""A planted fault in plain words: what is wrong, what is computed instead, and what to use."""

from __future__ import annotations

import ast
import re

from handgrad import cells
from harness import diagnosed
from harness.bank.fault import TAPE, Fault
from harness.bank.lines import Line
from harness.bank.notation import noun, symbols
from harness.bank.site import Site
from harness.bank.sites import sites
from harness.diagnosis.texts import equations

#: NumPy's spelling, and the field's
_SPELLED = (
    (r"\b(\w+)\[t\]", r"\1"),
    (r"np\.square\(([\w{}−+\d]+)\)", r"\1²"),
    (r"np\.square\(((?:[^()]|\([^()]*\))*)\)", r"(\1)²"),
    (r"np\.arctanh\(", "artanh("),
    (r"np\.log\(", "ln("),
    (r"np\.(tanh|sin|exp)\(", r"\1("),
    (r"wrong\.logistic\(", "σ("),
    (r"\((tanh|artanh|σ)\((\w+)\)\)²", r"\1(\2)²"),
    (r"(\d) ⊙ ", r"\1 "),
    (r"(np\.)?zeros_like\(.*\)$", "0"),
)
#: what is left in a text that no equation would have
_CODE = re.compile(r"np\.|wrong\.|\[|[a-z]\.|[<>=]=|[<>]|//|\b(if|for)\b")
#: what moves entries about: `symbols` passes over it
_MOVED = re.compile(r"reshape|transpose|flip|roll|min\(|max\(")


def in_words(fault: Fault) -> str:
    """What is wrong and what to use, in one sentence: "di reads f in place of g; use di = dc ⊙ g"."""
    use = right(fault)
    return f"{fault.sentence}; use {use}" if use else fault.sentence


def told(fault: Fault, tags: tuple[str, ...] = ()) -> diagnosed.Fault:
    """The fault as a diagnosis tells it. ``tags``: of the unit that it stands for, where it is of several equations."""
    use, got = right(fault), computed(fault)
    instead = "; ".join(filter(None, (f"it computes {got}" if got else "", f"use {use}" if use else "")))
    return diagnosed.Fault(tags or (fault.equation,), fault.sentence, instead, known=fault.id)


def right(fault: Fault) -> str:
    """The equation as it should be; empty for the tape, which has none."""
    if fault.equation == TAPE:
        return ""
    site, line = _place(fault)
    if line is not None and site is not None and fault.equation.startswith("7*") and not line.is_whole:
        return _spelled(f"{noun(line)} = {symbols(site, line.value)}")  # of this loss; the docstring says ∂loss/∂z
    return equations(fault.cell or cells.names()[0]).get(fault.equation, "")


def computed(fault: Fault) -> str:
    """What stands in the equation's place, in its notation; empty where that is no equation."""
    site, line = _place(fault)
    if site is None or line is None:
        return ""
    try:
        statement = ast.parse(fault.source).body
    except SyntaxError:  # the head of a loop
        return ""
    match statement:
        case [ast.Assign([target], value)] if not isinstance(target, ast.Tuple):
            text, own = (_spelled(f"{noun(line)} = {symbols(site, one)}") for one in (value, line.value))
            if text in (own, f"{noun(line)} = {noun(line)}") or _CODE.search(text) or _MOVED.search(fault.source):
                return ""
            return text.replace(" = ", " = Σ ", 1) if "Σ" in right(fault) and "Σ" not in text else text
        case _:
            return ""


def _place(fault: Fault) -> tuple[Site | None, Line | None]:
    for site in sites():
        if site.function == fault.function:
            lines = (line for line in site.lines if line.tag == fault.equation and line.text == fault.line)
            return site, next((line for line in lines if line.quantity in (fault.quantity, "")), None)
    return None, None


def _spelled(text: str) -> str:
    for pattern, spelling in _SPELLED:
        text = re.sub(pattern, spelling, text)
    for code, sign in ((" * ", " ⊙ "), (" - ", " − "), (" / ", " ÷ "), (" @ ", " ")):
        text = text.replace(code, sign)
    return text
