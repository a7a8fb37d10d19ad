"""Which model a layout speaks of: its cell from the gates, its biases and readout from the sources, its loss."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace

from harness.errors import BadInput
from harness.layout.notation import BIASES, READOUT, Data, Notation, Weight, gates
from harness.layout.values import Form
from references import equations
from references.equations import losses
from references.model import Model

#: what `model` of a candidate's file may name
KEYS = ("cell", "activation", "loss", "reduction")


def model(lines: Sequence[tuple[Notation, Form]], named: Mapping[str, str]) -> Model:
    """The model. Raises BadInput where blocks are missing or doubled, or something must be named."""
    for key in named:
        if key not in KEYS:
            raise BadInput(f"model: got {key!r}, allowed: {', '.join(KEYS)}")
    weights = [notation for notation, _ in lines if isinstance(notation, Weight)]
    cell = _cell(weights, named.get("cell", ""))
    _complete(weights, gates()[cell])
    data = _data(lines)
    loss = named.get("loss") or _loss(data)
    chosen = {
        "cell": cell,
        "loss": loss,
        "activation": named.get("activation") or equations.cell(cell).ACTIVATIONS[0],
        "reduction": named.get("reduction", "sum"),
        "biases": _biases(weights),
        "readout": any(READOUT in block for weight in weights for block in weight.blocks),
    }
    try:
        found = Model(**chosen)  # type: ignore[arg-type]
    except ValueError as error:
        raise BadInput(f"model: {error}") from None
    _check_data(found, data)
    return found


def of_hidden(model: Model, notation: Notation) -> Notation:
    """The same; but without a readout, predictions are hidden states, so that their axis is h."""
    if not isinstance(notation, Data) or model.readout or notation.role != "y":
        return notation
    axes = tuple(axis._replace(letter="h") if axis.letter == "y" else axis for axis in notation.axes)
    return replace(notation, axes=axes)


def _cell(weights: Sequence[Weight], named: str) -> str:
    found = list(dict.fromkeys(d for weight in weights for d, _ in weight.blocks if d != READOUT))
    if named and named not in gates():
        raise BadInput(f"model: got cell {named!r}, allowed: {', '.join(gates())}")
    for cell, own in gates().items():
        if set(found) <= set(own) and found and named in ("", cell):
            return cell
    cells = ", ".join(f"{cell} has {' '.join(own)}" for cell, own in gates().items())
    wanted = f" with cell {named}" if named else ""
    raise BadInput(f"layout: got gates {' '.join(found) or 'none'}{wanted}, {cells}")


def _complete(weights: Sequence[Weight], own: Sequence[str]) -> None:
    """Every gate has x and h once; no other block is there twice."""
    count = Counter(block for weight in weights for block in weight.blocks)
    for block in ((gate, source) for gate in own for source in ("x", "h")):
        if not count[block]:
            raise BadInput(f'layout: got no array for "{", ".join(block)}", every gate needs its x and its h')
    for block, times in count.items():
        if times > 1:
            _doubled(weights, block)
    for gate in [gate for gate, source in count if source == "1"]:
        for other in ("1x", "1h"):
            if count[gate, other]:
                raise BadInput(
                    f'layout: got "{gate}, 1" and "{gate}, {other}", allowed: 1 alone; 1x and 1h where there are two'
                )
    if any(d == READOUT for d, _ in count) and not count[READOUT, "h"]:
        raise BadInput('layout: got a readout bias, but no array for "y, h"')


def _doubled(weights: Sequence[Weight], block: tuple[str, str]) -> None:
    who = " and ".join(weight.name for weight in weights for one in weight.blocks if one == block)
    two = "; two biases are 1x and 1h" if block[1] in BIASES and block[0] != READOUT else ""
    raise BadInput(f'layout: got "{", ".join(block)}" twice, in {who}, needs it once{two}')


def _biases(weights: Sequence[Weight]) -> int:
    kinds = {s for weight in weights for d, s in weight.blocks if d != READOUT and s in BIASES}
    return 2 if len(kinds) > 1 else len(kinds)


def _data(lines: Sequence[tuple[Notation, Form]]) -> dict[str, tuple[Data, Form]]:
    data: dict[str, tuple[Data, Form]] = {}
    for notation, form in lines:
        if isinstance(notation, Data):
            if notation.role in data:
                who = f"{data[notation.role][0].name} and {notation.name}"
                raise BadInput(f"layout: got {notation.role} twice, in {who}, needs it once")
            data[notation.role] = (notation, form)
    if "x" not in data:
        raise BadInput('layout: got no line for x, needs one, such as "x": "t b x"')
    return data


def _loss(data: Mapping[str, tuple[Data, Form]]) -> str:
    if any(role.startswith("G") for role in data):
        return losses.COTANGENT
    if "y" in data and data["y"][1].integer and not {"y", "h"} & set(data["y"][0].letters):
        return losses.ON_INDICES[0]
    if "y" not in data:
        raise BadInput('layout: got neither targets nor cotangents, needs a line such as "y": "t b" or "G": "t b h"')
    allowed = ", ".join(loss for loss in losses.NAMES if loss != losses.COTANGENT)
    who = data["y"][0].name
    raise BadInput(f'model: got no loss, and {who} does not tell; name it in model = {{"loss": …}}, allowed: {allowed}')


def _check_data(model: Model, data: Mapping[str, tuple[Data, Form]]) -> None:
    """That every role is one of the model's, and that its loss has what it reads."""
    for role, (notation, _) in data.items():
        if role not in model.axes:
            allowed = ", ".join(name for name in model.axes if "_" not in name or name in model.optional)
            raise BadInput(f"{notation.name}: got role {role}, {model.cell} with loss {model.loss} has {allowed}")
    if model.loss == losses.COTANGENT and not any(role.startswith("G") for role in data):
        raise BadInput('layout: got no cotangents, loss cotangent needs a line such as "G": "t b h"')
    if model.loss == losses.COTANGENT:
        return
    if "y" not in data:
        raise BadInput(f'layout: got no targets, loss {model.loss} needs a line such as "y": "t b"')
    notation, form = data["y"]
    predicted = {"y", "h"} & set(notation.letters)
    if model.readout and "h" in predicted:
        raise BadInput(f'{notation.name}: got axis h in "{notation.text}", with a readout its predictions have axis y')
    if predicted and model.loss == "first-unit-squared-error":
        raise BadInput(f'{notation.name}: got axis {predicted.pop()}, loss {model.loss} has targets "t b"')
    if model.loss in losses.ON_INDICES and not predicted and not form.integer:
        raise BadInput(f"{notation.name}: got floats, loss {model.loss} needs integer classes, or one-hot rows: axis y")
