"""Lines of the loop that are missing, skipped at one step, or computed before what they read."""

from __future__ import annotations

from collections.abc import Iterator

from harness.bank.carried import is_carried
from harness.bank.compiled import Edit
from harness.bank.lines import Line
from harness.bank.notation import noun
from harness.bank.rewrite import Rewrite, stated
from harness.bank.site import Site
from harness.bank.trees import names


def rewrites(site: Site) -> Iterator[Rewrite]:
    """Every line of the loop without it, without it at either end, and with it first."""
    body = [line for line in site.lines if line.in_loop]
    for line in body:
        if not line.is_whole:
            yield _missing(site, line)
            yield from _skipped(line)
            yield from _first(line, body)


def _missing(site: Site, line: Line) -> Rewrite:
    stays = "every step receives what enters at the last" if is_carried(site, line) else f"{noun(line)} stays zero"
    return stated(line, "dropped-line", "", "pass", f"the line of {noun(line)} is missing: {stays}")


def _skipped(line: Line) -> Iterator[Rewrite]:
    for step, condition in (("first", "t > 0"), ("last", "t < T - 1")):
        sentence = f"the line of {noun(line)} is skipped at the {step} step"
        yield stated(line, "dropped-line", f"{step}-step", f"if {condition}: {line.text}", sentence)


def _first(line: Line, body: list[Line]) -> Iterator[Rewrite]:
    first, *_ = body
    earlier = {other.root for other in body[: body.index(line)]}
    stale = sorted(names(line.value) & earlier)
    if stale:
        read = "zero" if all(f"{name}[t]" in line.text for name in stale) else "the later step's"
        sentence = f"{noun(line)} is computed before {' and '.join(stale)} of the step: it reads {read}"
        edits = (Edit(first.number, (line.text, first.text)), Edit(line.number, ("pass",)))
        rewrite = stated(line, "too-early", "", f"{line.text}; {first.text}", sentence)
        yield rewrite._replace(line=f"{first.text}; …; {line.text}", edits=edits)
