"""From a guess to an answer: lines for what the loss does not depend on, two biases told apart, the model's names."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import handgrad
from harness.case import Case
from harness.errors import BadInput
from harness.layout.forwards import MULTIPLES
from harness.layout.guess import Guess, in_words, named
from harness.layout.layout import Layout
from harness.layout.notation import destinations
from harness.layout.probe import DRAWS
from harness.layout.search import Search
from references.model import REDUCTIONS


@dataclass(frozen=True)
class Found:
    """A layout that fits."""

    lines: dict[str, str]
    model: dict[str, str]
    factor: str = ""  #: what the candidate's loss is in terms of the model's, where no reduction says it: "1 ÷ K"

    @property
    def text(self) -> str:
        """The lines to paste into the candidate's file."""
        lines = "".join(f'    "{name}": "{text}",\n' for name, text in self.lines.items())
        model = ", ".join(f'"{key}": "{value}"' for key, value in self.model.items())
        return f"layout = {{\n{lines}}}\nmodel = {{{model}}}"


@dataclass(frozen=True)
class Answer:
    """A guess made whole."""

    guess: Guess
    found: tuple[Found, ...]  #: several where losses or reductions are the same at these sizes
    certain: tuple[str, ...]  #: what no loss can tell, whatever the values
    open: tuple[str, ...]  #: what this loss cannot tell, and another could


def answer(search: Search, guess: Guess) -> Answer:
    """The guess made whole."""
    certain: list[str] = []
    undecided: list[str] = []
    for name in search.left(guess):
        options = list(search.options(guess, name)) if name in search.params else []
        if not options:
            certain.append(f"{name}: the loss does not depend on it")
            continue
        like = [text for text in options if _into(text) in {_into(other) for _, other in guess.lines}]
        guess = guess.having((name, (like or options)[0]))
        if len(options) > 1:
            undecided.append(f"{name}: {len(options)} lines would do, as the loss does not depend on it here")
    lines = _with_sides(guess)
    if lines != guess.known:
        both = ", ".join(name for name, text in lines.items() if text != guess.known[name] or "1h" in text)
        certain.append(f"{both}: which biases are 1x and which 1h, no loss can tell")
    order = [name for name in (*search.params, *search.data) if name in lines]
    ready = {name: lines[name] for name in order}
    models, factor = _models(guess, max(search.tolerance, 1e-7))
    if factor:
        certain.append(f"the candidate's loss is {factor} times this model's, which no reduction says")
    if len(models) > 1:
        same = " and ".join(f"{model['loss']} with reduction {model['reduction']}" for model in models)
        undecided.append(f"{same} are the same with T={guess.T}, B={guess.B}")
    return Answer(guess, tuple(Found(ready, model, factor) for model in models), tuple(certain), tuple(undecided))


def _into(text: str) -> str:
    """The destinations of a line of a weight, as they are written."""
    return next((side for side in text.split(", ") if set(re.findall(r"\w+", side)) <= set(destinations())), "")


def _with_sides(guess: Guess) -> dict[str, str]:
    """The lines; where gates have two biases, 1x and 1h are the sides that their names speak of, if they do."""
    lines = guess.known
    second = [name for name, text in lines.items() if re.search(r"\b1h\b", text)]
    if not second:
        return lines
    biases = [line for line in guess.weights() if "1" in line.sources and ("y", "1") not in line.blocks]
    first = [line.name for line in biases if line.name not in second]
    swapped = any(_side(name) == "x" for name in second) or any(_side(name) == "h" for name in first)
    for name in (*first, *second):
        kind = "1h" if (name in second) != swapped else "1x"
        bare = re.sub(r"\b1h?\b", kind, lines[name])
        lines[name] = bare if kind in bare else f"{bare}, {kind}"
    return lines


def _side(name: str) -> str:
    """Which side a bias is on, going by its name."""
    name = name.lower()
    return "x" if re.search(r"ih$|xh$|_i$|_in|_x|x$", name) else "h" if re.search(r"hh|_h|rec|h$", name) else ""


def _models(guess: Guess, tolerance: float) -> tuple[list[dict[str, str]], str]:
    """Every model that the guess's loss and factor may be; where no reduction says the factor, the sum and the rest."""
    base = {"cell": guess.structure.cell}
    pairs = named(guess.loss, guess.factor, guess.sizes, tolerance)
    rest = "" if pairs else in_words(guess.factor, guess.sizes, tolerance) or f"{guess.factor:.12g}"
    return [
        {**base, "loss": loss, "reduction": reduction, "activation": guess.activation}
        for loss, reduction in pairs or [(guess.loss, "sum")]
    ], rest


def wrong(search: Search, one: Answer) -> str:
    """Why an answer is none after all: on values that the search has not seen, or with a case of its own layout."""
    values, probe, found = search.probe.draws[DRAWS - 1], search.probe, one.found[0]
    said = ", ".join(f'{name} "{text}"' for name, text in found.lines.items())
    if not _near(one.guess.value(values), probe.loss(probe.floats, DRAWS - 1), search.tolerance):
        return f"on other values this does not fit: {said}"
    try:
        layout = Layout.read(found.lines, found.model, search.params, search.data)
    except BadInput as error:
        return f"{error}, though the loss fits: {said}"
    theirs, ours = _both(search, layout, layout.case(seed=1))
    if math.isfinite(theirs) and not _near(theirs, ours * _rest(one.guess, found), search.tolerance):
        return f"on a case of its own this does not fit: {said}"
    return ""


def settled(search: Search, one: Answer) -> Answer:
    """The same, without models that other sizes tell apart, if the candidate takes other sizes."""
    if len(one.found) == 1:
        return one
    left = []
    for found in one.found:
        layout = Layout.read(found.lines, found.model, search.params, search.data)
        case = layout.case({axis: layout.sizes[axis] + 1 for axis in "TB"}, seed=1)
        theirs, ours = _both(search, layout, case)
        if _near(theirs, ours, search.tolerance):
            left.append(found)
    return replace(one, found=tuple(left), open=one.open[:-1]) if len(left) == 1 else one


def _both(search: Search, layout: Layout, case: Case) -> tuple[float, float]:
    """The candidate's loss of a case, and the equations'."""
    params, data = layout.given(case.arrays, search.params, search.data)
    model = case.model
    ours = handgrad.loss_and_grads(
        case.arrays, cell=model.cell, activation=model.activation, loss=model.loss, reduction=model.reduction
    ).loss
    return search.probe.ask({**params, **data}), float(ours)


def _rest(guess: Guess, found: Found) -> float:
    """What is left of the guess's factor beside the model's own."""
    loss, reduction = found.model["loss"], found.model["reduction"]
    _, by = MULTIPLES.get(loss, ("", 1.0))
    return guess.factor / by * REDUCTIONS[reduction](guess.T, guess.B)


def _near(one: float, two: float, tolerance: float) -> bool:
    return abs(one - two) <= tolerance * max(abs(one), abs(two))


def differences(one: Found, other: Found) -> str:
    """What another layout has instead, in words."""
    lines = [
        f'{name} "{text}" instead of "{one.lines.get(name, "no line")}"'
        for name, text in other.lines.items()
        if one.lines.get(name) != text
    ]
    lines += [f"no line for {name}" for name in one.lines if name not in other.lines]
    model = [
        f"{key} {value} instead of {one.model[key]}" for key, value in other.model.items() if one.model[key] != value
    ]
    return "; ".join([*lines, *model])


def distinct(answers: Sequence[Answer]) -> list[Answer]:
    """Answers that differ."""
    seen: list[Answer] = []
    for one in answers:
        if not any(other.found == one.found for other in seen):
            seen.append(one)
    return seen
