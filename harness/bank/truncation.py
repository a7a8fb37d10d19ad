"""What is carried through time, cut off after some steps."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from harness.bank.carried import is_carried
from harness.bank.compiled import Edit
from harness.bank.lines import Line
from harness.bank.notation import noun
from harness.bank.reading import tree_of
from harness.bank.rewrite import Rewrite, restated, valued
from harness.bank.site import Site
from harness.bank.statements import loop
from harness.bank.trees import form

#: after how many steps; the weak ones are longer than a case has by default, and show in longer cases only
_STEPS, _WEAK = (2, 4, 8), (16, 20)
#: what is kept of a carried V, by what is said of it
_KEPT = {
    "after": ("V * (T - t < {k})", "cut off after {k} steps"),
    "every": ("V * (t % {k} > 0 or t == 0)", "cut off every {k} steps"),
}


def rewrites(site: Site) -> Iterator[Rewrite]:
    """Each carried adjoint cut, all of them, the loop cut short, and one pass per step's cotangent."""
    for steps in (*_STEPS, *_WEAK):
        for rewrite in (*_carried(site, steps), *_loop(site, steps), *_windows(site, steps)):
            yield rewrite._replace(weak=steps in _WEAK)


def _carried(site: Site, steps: int) -> Iterator[Rewrite]:
    lines = [line for line in site.lines if is_carried(site, line)]
    for how, (kept, words) in _KEPT.items():
        said, kept = words.format(k=steps), kept.format(k=steps)
        cuts = [
            valued(line, "truncated", f"{how}-{steps}", form(kept, V=line.value), f"{noun(line)} is {said}")
            for line in lines
        ]
        yield from cuts
        if len(cuts) > 1:
            yield _all(site, lines, cuts, said)


def _all(site: Site, lines: list[Line], cuts: list[Rewrite], said: str) -> Rewrite:
    head = loop(site.function)
    return cuts[0]._replace(
        equation=head.tag if head else lines[0].tag,
        quantity="",
        sentence=f"{' and '.join(map(noun, lines))} are {said}",
        line="; ".join(cut.line for cut in cuts),
        source="; ".join(cut.source for cut in cuts),
        edits=tuple(edit for cut in cuts for edit in cut.edits),
        value=None,
    )


def _loop(site: Site, steps: int) -> Iterator[Rewrite]:
    head = loop(site.function)
    if head is not None:
        text = f"for t in range(T - 1, max(T - 1 - {steps}, -1), -1): pass"
        yield restated(head, "truncated", f"loop-{steps}", text, f"the loop runs over the last {steps} steps alone")


def _windows(site: Site, steps: int) -> Iterator[Rewrite]:
    """The model's call of a cell's backward, once per step's cotangent and through a window of steps."""
    for statement in ast.walk(tree_of(site.function)):
        if isinstance(statement, ast.Assign) and ast.unparse(statement.value).startswith("module.backward("):
            line = ast.unparse(statement)
            source = f"{line.replace('module.backward(', 'wrong.windowed(module.backward, ')[:-1]}, {steps})"
            sentence = f"the cotangent of each step is carried through {steps} steps at most, its own included"
            edits = (Edit(statement.lineno, (source,)),)
            yield Rewrite("1*t", "", "truncated", f"window-{steps}", sentence, line, source, edits)
