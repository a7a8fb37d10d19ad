"""From what the user asks for to the cases that are judged."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from harness.case import DEFAULT_SIZES, DTYPES, Case, from_seed
from harness.errors import BadInput
from references import equations
from references.equations import losses
from references.model import Model


@dataclass(frozen=True)
class Options:
    """What a case is made from; None is "not given", which has the defaults of `Options.model` and `cases`."""

    cell: str | None = None
    activation: str | None = None
    loss: str | None = None
    reduction: str | None = None
    bias: int | str | None = None
    readout: bool | None = None
    shape: Mapping[str, int] | str | None = None
    dtype: str | None = None
    seed: int | None = None
    seeds: int | None = None
    text: str | Path | None = None
    case: str | Path | Case | None = None

    def given(self) -> list[str]:
        """The names of what was given."""
        return [field.name for field in fields(self) if getattr(self, field.name) is not None]


_BIASES = {"none": 0, "one": 1, "two": 2, "0": 0, "1": 1, "2": 2}


def model(options: Options) -> Model:
    """The model that the options name. Raises BadInput for a name or combination that there is not."""
    cell = options.cell or "lstm"
    if cell not in equations.cells():
        raise BadInput(f"cell: got {cell!r}, allowed: {', '.join(equations.cells())}")
    loss = options.loss or "softmax-cross-entropy"
    bias = str(2 if options.bias is None else options.bias)
    if bias not in _BIASES:
        raise BadInput(f"bias: got {bias!r}, allowed: none, one, two")
    try:
        return Model(
            cell=cell,
            activation=options.activation or equations.cell(cell).ACTIVATIONS[0],
            loss=loss,
            reduction=options.reduction or "sum",
            biases=_BIASES[bias],
            readout=loss not in losses.ON_HIDDEN if options.readout is None else options.readout,
        )
    except ValueError as error:
        raise BadInput(str(error)) from None


def sizes(options: Options, model: Model) -> dict[str, int]:
    """The sizes that the options name, over the defaults. Raises BadInput for a key or value that cannot be."""
    return {**DEFAULT_SIZES, **shape_of(options, model)}


def shape_of(options: Options, model: Model) -> dict[str, int]:
    """The sizes that the options name. Raises BadInput for a key or value that cannot be."""
    given = options.shape or {}
    pairs = _split(given) if isinstance(given, str) else dict(given)
    for key, size in pairs.items():
        if key not in DEFAULT_SIZES:
            raise BadInput(f"shape: got key {key!r}, allowed: {', '.join(DEFAULT_SIZES)}, as in T=12,B=4")
        if isinstance(size, bool) or not isinstance(size, int) or size < 1:
            raise BadInput(f"shape: got {key}={size}, needs a whole number, 1 or more")
    if "K" in pairs and not model.readout:
        raise BadInput(f"shape: got K={pairs['K']}, but there is no readout, so K is H; leave it out")
    if options.text is not None and {"D", "K"} & set(pairs):
        raise BadInput("shape: got D or K, but with a text both are the size of its alphabet; leave them out")
    return pairs


def range_of_seeds(options: Options) -> range:
    """The seeds of the cases. Raises BadInput for a number that is too small."""
    first = 0 if options.seed is None else options.seed
    count = 1 if options.seeds is None else options.seeds
    if first < 0:
        raise BadInput(f"seed: got {first}, needs 0 or more")
    if count < 1:
        raise BadInput(f"seeds: got {count}, needs 1 or more")
    return range(first, first + count)


def _split(text: str) -> dict[str, int]:
    pairs = {}
    for item in text.split(","):
        key, equals, size = item.strip().partition("=")
        if not equals:
            raise BadInput(f"shape: got {item.strip()!r}, needs KEY=SIZE, as in T=12,B=4,D=7,H=16,K=9")
        if not size.strip().lstrip("-").isdecimal():
            raise BadInput(f"shape: got {item.strip()}, needs a whole number, 1 or more")
        pairs[key.strip()] = int(size)
    return pairs


def cases(options: Options) -> tuple[Iterator[Case], int]:
    """The cases, made one at a time when they are asked for, and how many they are. Raises BadInput at once."""
    if options.case is not None:
        others = [name for name in options.given() if name != "case"]
        if others:
            raise BadInput(f"case: got {', '.join(others)} too, but a saved case has its own; leave them out")
        if isinstance(options.case, Case):
            return iter([options.case]), 1
        from harness import casefile

        return iter([casefile.load(Path(options.case))]), 1
    chosen = model(options)
    shape = sizes(options, chosen)
    dtype = options.dtype or "float64"
    if dtype not in DTYPES:
        raise BadInput(f"dtype: got {dtype!r}, allowed: {', '.join(DTYPES)}")
    seeds = range_of_seeds(options)
    if options.text is None:
        return (from_seed(chosen, shape, dtype, seed) for seed in seeds), len(seeds)
    from harness import text

    path = Path(options.text)
    windows = text.Windows.read(path, chosen, shape)
    return (windows.case(dtype, seed) for seed in seeds), len(seeds)
