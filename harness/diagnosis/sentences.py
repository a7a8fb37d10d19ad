"""The finding in one sentence: what is said of several equations alike is said once."""

from __future__ import annotations

import re
from collections.abc import Sequence

from harness.diagnosed import Fault
from harness.diagnosis.texts import equations
from references.model import Model

#: of more equations than these, numbers alone are told
_IN_FULL = 2
_APART = "which cannot be told apart"


def sentence(model: Model, faults: Sequence[Fault]) -> str:
    """Which equation is broken, and how: (3*) da_g = … is broken (or (4*g), which cannot be told apart): in da_g …

    Of several equations each is told so.
    """
    groups = _grouped(faults, model.equations.GATES)
    count = sum(len(own) for own, _ in groups)
    if not count:
        return "no equation shows to be broken"
    full = count <= _IN_FULL
    parts = [f"{_named(own, model, full)}{_instead_of(own)}: {text}" for own, text in groups]
    if count > 1:
        return f"{count} equations are broken: {'; '.join(parts)}"
    own, text = groups[0]
    return f"{_named(own, model, full)} is broken{_instead_of(own)}: {text}"


def _named(faults: Sequence[Fault], model: Model, full: bool) -> str:
    texts = equations(model.cell)
    tags = [fault.tags[0] for fault in faults]
    return _listed([f"({tag}) {texts[tag]}" if full and tag in texts else _numbered(tag) for tag in tags], "and")


def _instead_of(faults: Sequence[Fault]) -> str:
    """The equations that the first ones cannot be told from."""
    others = [_listed([_numbered(tag) for tag in fault.tags[1:]], "or") for fault in faults]
    if not any(others):
        return ""
    return f" (or {_listed([other for other in others if other], 'and')}, {_APART})"


def _numbered(tag: str) -> str:
    return f"({tag})" if tag[:1].isdigit() else tag


def _listed(texts: Sequence[str], last: str) -> str:
    return f" {last} ".join(filter(None, (", ".join(texts[:-1]), *texts[-1:])))


def _grouped(faults: Sequence[Fault], gates: Sequence[str]) -> list[tuple[list[Fault], str]]:
    """Those of equal words together, in their order; words of several gates are equal but for the gate's name."""
    groups: dict[str, list[Fault]] = {}
    for fault in faults:
        if fault.tags and fault.sentence:
            groups.setdefault(_any_gate(fault, gates), []).append(fault)
    told = []
    for text, own in groups.items():
        letters = [fault.tags[0][-1] for fault in own]
        if len(own) == 1 or text == own[0].sentence:
            told.append((own, own[0].sentence))
        else:
            told.append((own, f"{text}, for k = {', '.join(letters)}"))
    return told


def _any_gate(fault: Fault, gates: Sequence[str]) -> str:
    """The words with k in place of the equation's own gate."""
    gate = fault.tags[0][-1]
    if len(gates) < 2 or gate not in gates:
        return fault.sentence
    return re.sub(rf"(?<![A-Za-z])(d?){gate}(?![A-Za-z])", r"\1k", fault.sentence)
