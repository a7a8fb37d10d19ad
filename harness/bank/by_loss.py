"""Faults of a loss alone: its prediction activated twice or not at all, along the wrong axis, of the wrong class."""

from __future__ import annotations

from collections.abc import Iterator

from harness.bank.lines import Line
from harness.bank.rewrite import Rewrite, stated, valued
from harness.bank.site import Site
from harness.bank.trees import everywhere, form, names

#: what a loss's line reads → kind, detail, what stands in its place, sentence
_READS = {
    "p": (
        ("activated-twice", "p", "wrong.softmax(p)", "the softmax is applied to p, which is already softmax(z)"),
        ("missing-activation", "p", "z", "the softmax is missing: dz reads z in place of p = softmax(z)"),
        ("wrong-index", "over-batch", "wrong.softmax(z, 1)", "the softmax in dz is taken over the batch"),
        ("wrong-index", "over-time", "wrong.softmax(z, 0)", "the softmax in dz is taken over time"),
        ("dropped-factor", "normalisation", "np.exp(shifted)", "the softmax in dz is not divided by its sum"),
    ),
    "e_y": (
        ("wrong-index", "class-after", "np.roll(e_y, 1, axis=-1)", "dz reads the class after the target's"),
        ("wrong-index", "class-before", "np.roll(e_y, -1, axis=-1)", "dz reads the class before the target's"),
    ),
    "s": (
        ("activated-twice", "s", "wrong.logistic(s)", "in dz σ is applied to s, which is already activated"),
        ("missing-activation", "s", "z", "σ is missing: dz reads z in place of s = σ(z)"),
    ),
    "error": (("wrong-derivative", "sign", "np.sign(error)", "dz reads the sign of the error in place of the error"),),
}
_SLOPES = {"p": "p * (1 - p)", "s": "s * (1 - s)"}


def rewrites(site: Site) -> Iterator[Rewrite]:
    """The faults of a loss's own line."""
    for line in site.lines if site.loss else ():
        for name in sorted(names(line.value) & _READS.keys()):
            for kind, detail, wrong, sentence in _READS[name]:
                yield valued(line, kind, detail, everywhere(line.value, form(name), form(wrong)), sentence)
        for name in sorted(names(line.value) & _SLOPES.keys()) if "(1 - " not in line.text else ():
            sentence = f"dz has the factor {name} ⊙ (1 − {name}), the slope of the prediction, which does not belong"
            yield valued(line, "extra-factor", "slope", form("V * S", V=line.value, S=_SLOPES[name]), sentence)
        if line.target == "dz[..., 0]":
            yield from _units(line)


def _units(line: Line) -> Iterator[Rewrite]:
    """What a loss of the first unit gives to another one, or to all."""
    statement = line.text.replace(line.target, "dz[..., -1]", 1)
    yield stated(line, "wrong-index", "last-unit", statement, "dz of the first unit is given to the last")
    statement = line.statement(form("V[..., np.newaxis]", V=line.value)).replace(line.target, "dz[...]", 1)
    yield stated(line, "wrong-index", "every-unit", statement, "dz of the first unit is given to every unit")
