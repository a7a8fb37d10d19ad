"""A candidate's own Python file, brought to judgement: by its own forward, and by its layout where it has one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness import casefile, where
from harness.candidates.process import Description, Process
from harness.case import DTYPES, Case
from harness.errors import BadInput
from harness.laid import Laid
from harness.layout.layout import Layout
from harness.options import Options, range_of_seeds, shape_of
from harness.own.way import Progress, Way

#: What an example is asked for with: the harness draws other floats, and integers are kept.
EXAMPLE_SEED = 0
#: Options that say which model it is, which only a layout can connect to the candidate's arrays.
_NAMED = ("cell", "activation", "loss", "reduction")
_BY_LAYOUT = ("bias", "readout", "text")
_NEED_LAYOUT = (*_NAMED, *_BY_LAYOUT, "shape", "dtype", "case")


@dataclass(frozen=True, eq=False)
class Brought:
    """A file, what it says of itself, and its example."""

    process: Process
    about: Description
    params: Mapping[str, Any]
    data: Mapping[str, Any]
    layout: Layout | None
    named: Mapping[str, str]  #: what the file and the options say of the model

    @property
    def laid(self) -> Laid | None:
        """The candidate in its own arrays, as far as it says what they hold."""
        if self.layout is None:
            return None
        return Laid(self.process, self.about, self.layout, self.params, self.data)

    def way(self, progress: Progress) -> Way:
        """How it is judged by its own forward."""
        return Way(self.process, self.about.name, self._factor, self._axes, progress)

    def _factor(self, entries: Mapping[str, Any]) -> float:
        layout = self._at(entries)
        return self.about.multiple({} if layout is None else layout.sizes)

    def _axes(self, entries: Mapping[str, Any]) -> Mapping[str, tuple[where.Axis, ...]]:
        layout = self._at(entries)
        return {} if layout is None else {name: layout.axes(name, layout.sizes) for name in layout.graded}

    def _at(self, entries: Mapping[str, Any]) -> Layout | None:
        """The layout, for arrays of other sizes."""
        return None if self.about.layout is None else Layout.read(self.about.layout, self.named, entries, {})


def bring(process: Process, options: Options) -> Brought:
    """Read what a file says. Raises BadInput for what it lacks, and for options that need a layout it has not."""
    about = process.describe()
    params, data = process.example(EXAMPLE_SEED)
    if about.layout is None:
        mend = f"it is judged by its own forward; 'python -m harness layout {Path(about.file).name}' may find a layout"
        _refuse(options, _NEED_LAYOUT, f"but {Path(about.file).name} has no layout: {mend}")
        return Brought(process, about, params, data, None, {})
    _refuse(options, _BY_LAYOUT, f"but the layout of {Path(about.file).name} says it; leave it out")
    named = {**about.model, **{name: getattr(options, name) for name in _NAMED if getattr(options, name) is not None}}
    return Brought(process, about, params, data, Layout.read(about.layout, named, params, data), named)


def _refuse(options: Options, names: Sequence[str], why: str) -> None:
    for name in options.given():
        if name in names:
            raise BadInput(f"{name}: got {getattr(options, name)!r}, {why}")


def cases(options: Options, layout: Layout) -> tuple[Iterator[Case], int]:
    """The cases that a layout's candidate takes, made one at a time, and how many they are. Raises BadInput at once."""
    if options.case is not None:
        case = options.case if isinstance(options.case, Case) else casefile.load(Path(options.case))
        reason = layout.fits(case)
        if reason:
            raise BadInput(f"case: cannot be put to this candidate: {reason}")
        return iter([case]), 1
    asked = shape_of(options, layout.model)
    for axis in layout.fixed:
        if asked.get(axis, 1) > 1:
            raise BadInput(f"shape: got {axis}={asked[axis]}, but the layout has no axis for it: {axis} is 1")
    sizes = {**layout.sizes, **asked}
    dtype = options.dtype or "float64"
    if dtype not in DTYPES:
        raise BadInput(f"dtype: got {dtype!r}, allowed: {', '.join(DTYPES)}")
    seeds = range_of_seeds(options)
    return (layout.case(sizes, dtype, seed) for seed in seeds), len(seeds)
