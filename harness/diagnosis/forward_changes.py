"""Every small change of a model's forward equations that is tried; they know no cell by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from harness.case import from_seed
from harness.diagnosis.forward_outside import of_inputs, of_loss, of_stacking, of_states
from harness.diagnosis.forward_run import Change, Numbers, computed, parameters, run
from harness.diagnosis.texts import tag_of
from references.equations import reads
from references.model import Model

_ACTIVATIONS = {"tanh": "tanh", "sigmoid": "σ", "relu": "ReLU", "identity": "no activation"}
_SIZES = {"T": 2, "B": 3, "D": 5, "H": 4, "K": 7}
_FUNCTIONS = ("ops", "phi")


def changes(model: Model) -> tuple[Change, ...]:
    """All of them, the likeliest families first."""
    _, trace = run(model, from_seed(model, _SIZES).arrays)
    widths = {name: array.shape[-1] for name, array in trace.items()}
    own = computed(model).items()
    families = (
        *(_activations(model, name, equation) for name, equation in own),
        of_stacking(model),
        of_states(model),
        *(_missing(model, name, equation) for name, equation in own),
        *(_exchanged(model, name, equation, widths) for name, equation in own),
        *(_wrapped(name, equation) for name, equation in own),
        of_inputs(model),
        of_loss(model),
    )
    return tuple(change for family in families for change in family)


def shown(name: str) -> str:
    """A quantity of a step as equations write it: "h_next" is h_t, "h" h_{t-1}."""
    return f"{name.removesuffix('_next')}_t" if name.endswith("_next") else name


def _read(model: Model, reader: str, name: str) -> str:
    """What an equation reads; states are of the step before, but the readout's."""
    if name in model.equations.STATES:
        return f"{name}_t" if reader == "z" else f"{name}_{{t-1}}"
    return shown(name)


def _activations(model: Model, name: str, equation: Callable[..., Any]) -> Iterator[Change]:
    """Another activation in an equation that has one, none, or the same one twice."""
    tag, q = tag_of(equation), shown(name)
    for argument in reads(equation):
        if argument not in _FUNCTIONS:
            continue
        own = model.activation if argument == "phi" else _called(equation)
        others = [other for other in ("identity", *_ACTIVATIONS) if other != own]
        for other in dict.fromkeys((*others, *([f"{own} {own}"] if own != "identity" else []))):
            if other == "identity":
                sentence = f"{q} lacks its {_ACTIVATIONS[own]}"
            elif " " in other:
                sentence = f"{q} has its {_ACTIVATIONS[own]} twice"
            else:
                sentence = f"{q} has {_ACTIVATIONS[other]} in place of {_ACTIVATIONS[own]}"
            yield Change(tag, sentence, name, _given(argument, _function(argument, other)))


def _function(argument: str, name: str) -> Any:
    numbers = Numbers(only=name)
    return numbers if argument == "ops" else getattr(numbers, name.split()[0])


def _called(equation: Callable[..., Any]) -> str:
    """The function that an equation calls."""
    spy = Numbers()
    arguments = {name: spy if name in _FUNCTIONS else np.ones((1, 4)) for name in reads(equation)}
    equation(**arguments)
    return spy.called[0] if spy.called else "identity"


def _missing(model: Model, name: str, equation: Callable[..., Any]) -> Iterator[Change]:
    """A bias, a term or a factor that is missing, and a term of the other sign."""
    tag, q = tag_of(equation), shown(name)
    own = [one for one in reads(equation) if one not in _FUNCTIONS]
    for one in own:
        if one in model.absent:
            continue
        bias = one.startswith("b_")
        what = f"the bias {one}" if bias else f"the term of {_read(model, name, one)}"
        yield Change(tag, f"{q} lacks {what}", name, _made(one, np.zeros_like))
        if not bias and one not in parameters(model):
            if not set(own) & set(parameters(model)):
                yield Change(tag, f"{q} lacks the factor {_read(model, name, one)}", name, _made(one, np.ones_like))
            yield Change(tag, f"{q} reads −{_read(model, name, one)}", name, _made(one, np.negative))
    biases = [one for one in own if one.startswith("b_") and one not in model.absent]
    if len(biases) > 1:
        none = dict.fromkeys(biases, 0.0)
        yield Change(tag, f"{q} lacks both biases", name, lambda read, known: {**read, **none})


def _exchanged(model: Model, name: str, equation: Callable[..., Any], widths: Mapping[str, int]) -> Iterator[Change]:
    """Another quantity of the step, computed before or carried, in place of one that an equation reads."""
    tag, q = tag_of(equation), shown(name)
    states = model.equations.STATES
    width = {**{state: widths[state] for state in states}, "x": _SIZES["D"]}
    for earlier in computed(model):
        if earlier == name:
            break
        width[earlier] = widths[earlier.removesuffix("_next")]
    for one in reads(equation):
        of = f"{one}_next" if name == "z" and one in states else one  # the readout's h is the one after the step
        if of not in width:
            continue
        for other in width:
            if other != of and width[other] == width[of] and not (name == "z" and other == one and other not in states):
                text = _read(model, "", other) if other in states else shown(other)
                yield Change(tag, f"{q} reads {text} in place of {_read(model, name, one)}", name, _taken(one, other))
                if other not in states:
                    complement = f"{q} reads 1 − {text} in place of {_read(model, name, one)}"
                    yield Change(tag, complement, name, _taken(one, other, complement=True))


def _wrapped(name: str, equation: Callable[..., Any]) -> Iterator[Change]:
    """An activation where an equation has none."""
    if not set(reads(equation)) & set(_FUNCTIONS):
        for other in ("tanh", "sigmoid", "relu"):
            function = getattr(Numbers(), other)
            yield Change(tag_of(equation), f"{shown(name)} has a {_ACTIVATIONS[other]} too many", f"{name}=", function)


def _given(argument: str, value: Any) -> Callable[..., Any]:
    return lambda read, known: {**read, argument: value}


def _made(argument: str, make: Callable[[Any], Any]) -> Callable[..., Any]:
    return lambda read, known: {**read, argument: make(read[argument])}


def _taken(argument: str, other: str, complement: bool = False) -> Callable[..., Any]:
    return lambda read, known: {**read, argument: 1 - known[other] if complement else known[other]}
