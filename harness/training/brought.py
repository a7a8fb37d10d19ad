"""A candidate's own backward pass as the one that a training descends by."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np

from handgrad import Gradients
from harness.brought import EXAMPLE_SEED
from harness.candidates.process import MEMORY, TIMEOUT, Called, CandidateFailed, Process
from harness.case import Case
from harness.errors import BadInput
from harness.laid import Laid
from harness.layout.layout import Layout
from harness.run import Finding
from harness.training.hands import Own
from harness.training.own_loop import OwnLoop
from harness.training.rescaled import with_reduction
from harness.training.route import Route
from harness.training.setting import Arrays, Setting
from references.model import Model


class Brought:
    """A Python file as a `Hand`: a context manager, for its process must end.

    Raises BadInput where the file has no layout, where its model or its arrays are not the setting's, and, when called,
    where it fails in the first update; CandidateFailed where it fails later. What is not finite is no failure.

    What it is descended by is the gradient that it returns, divided by the ``sign`` and ``scale`` that it declares. Its
    own training loop, where the file has a function ``feed``, says what data it is given; the states among them are
    put into ``arrays`` of the call, so that whoever looks at the update sees the model run from there. States, gates
    and ``z`` of its trace are handgrad's, at the same weights, but for those that the candidate traces itself.
    """

    def __init__(
        self,
        target: str | Path,
        setting: Setting,
        timeout: float = TIMEOUT,
        memory: float = MEMORY,
        own_loop: bool = True,
    ) -> None:
        self._process = Process(str(target), timeout, memory)
        try:
            self._about = self._process.describe()
            self._params, self._data = self._process.example(EXAMPLE_SEED)
            self._layout = self._read()
            self._refuse_another(setting.model)
            #: the setting in the candidate's own reduction: to be judged and measured by
            self.setting = with_reduction(setting, self._layout.model.reduction)
            self._route = Route(self._layout, self._first_shapes(), tuple(setting.params))
            self._loop = (
                OwnLoop(self._process, self._layout, setting, self._data) if self._about.feeds and own_loop else None
            )
        except BaseException as error:
            self.close()
            if isinstance(error, CandidateFailed):
                raise BadInput(f"candidate {self.name}: fails: {error}") from None
            raise
        self._own = Own(self.setting.model)
        self._update = 0
        self._asked: tuple[dict[str, Any], dict[str, Any]] = {}, {}

    @property
    def name(self) -> str:
        """Its file's, and its function's where that is another than usual."""
        return self._process.target.name

    @property
    def laid(self) -> Laid:
        """The same candidate, to be asked one case at a time."""
        return Laid(self._process, self._about, self._layout, self._params, self._data)

    @property
    def loops(self) -> bool:
        """Whether it brings a training loop of its own."""
        return self._loop is not None

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What its own training loop hands to its backward pass, and should not."""
        return () if self._loop is None else self._loop.findings

    @property
    def asked(self) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
        """The author's params and data of the last update, as the candidate was given them."""
        return self._asked

    def __call__(self, arrays: dict[str, np.ndarray]) -> Gradients:
        """See `harness.training.setting.Hand`. The initial states in ``arrays`` become those that its loop feeds."""
        update = self._update
        try:
            called = self._called(update, arrays)
        except (BadInput, CandidateFailed) as error:
            if update == 0:
                raise BadInput(f"candidate {self.name}: fails in the first update: {error}") from None
            raise error if isinstance(error, CandidateFailed) else CandidateFailed(str(error)) from None
        self._update += 1
        factor = self._about.multiple(self._sizes(arrays))
        grads = self._route({name: np.asarray(grad, float) / factor for name, grad in called.grads.items()})
        with np.errstate(all="ignore"):  # what is not finite is told by who watches
            trace = self._own(arrays).trace
        return Gradients(np.float64(called.loss), grads, {name: _own(called, name, trace[name]) for name in trace})

    def close(self) -> None:
        """End its process."""
        self._process.close()

    def __enter__(self) -> Brought:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _called(self, update: int, arrays: dict[str, np.ndarray]) -> Called:
        ready = self._ready(arrays)
        params, data = self._layout.given(ready, self._params, self._data)
        if self._loop is not None:
            data, states = self._loop.data(update, ready, data)
            arrays |= {name: state for name, state in states.items() if name in arrays or state.any()}
        self._asked = params, data
        called = self._process.call(params, data, times=1)
        if missing := self._route.missing(called.grads):
            raise BadInput(f"it gives no gradient of all of {', '.join(missing)}, without which nothing descends")
        if self._loop is not None:
            self._loop.take(called)
        return called

    def _ready(self, arrays: Arrays) -> dict[str, np.ndarray]:
        """All arrays of the model; zeros for biases and states that a training leaves out."""
        shapes = self._layout.model.shapes(self._sizes(arrays))
        return {name: arrays[name] if name in arrays else np.zeros(shape) for name, shape in shapes.items()}

    def _sizes(self, arrays: Arrays) -> dict[str, int]:
        (T, B, D), H = arrays["x"].shape, arrays["W_hh"].shape[1]
        return {"T": T, "B": B, "D": D, "H": H, "K": arrays["W_hy"].shape[0] if "W_hy" in arrays else H}

    def _read(self) -> Layout:
        if self._about.layout is None:
            raise BadInput(
                f"candidate {self.name}: has no layout, by which training gives it weights and data; "
                f"'python -m harness layout {self.name}' may find one"
            )
        return Layout.read(self._about.layout, self._about.model, self._params, self._data)

    def _refuse_another(self, model: Model) -> None:
        for what in ("cell", "activation", "loss"):
            own, needed = getattr(self._layout.model, what), getattr(model, what)
            if own != needed:
                raise BadInput(f"candidate {self.name}: has {what} {own}, what is to be trained has {what} {needed}")

    def _first_shapes(self) -> dict[str, tuple[int, ...]]:
        """Of the model's arrays in the first update. BadInput: the candidate has no place for one that is trained."""
        arrays = {**self.setting.params, **self.setting.batch(0)}
        ready = self._ready(arrays)
        for name in (*self.setting.params, *(f"{state}0" for state in self.setting.carried)):
            ready[name] = np.ones(ready[name].shape)  # whatever it is at first, it will not stay zero
        reason = self._layout.fits(Case(self.setting.model, ready, self.setting.data))
        if reason:
            raise BadInput(f"candidate {self.name}: cannot be trained on {self.setting.data}: {reason}")
        return {name: array.shape for name, array in ready.items()}


def _own(called: Called, name: str, ours: np.ndarray) -> np.ndarray:
    """What the candidate traces itself, where it has the axes (T, B, …) that are needed; else ours."""
    theirs = called.trace.get(name)
    if theirs is None or theirs.shape[:1] != ours.shape[:1]:
        return ours
    sizes, needed = ([n for n in array.shape if n > 1] for array in (theirs, ours))
    return theirs.astype(float).reshape(ours.shape) if sizes == needed else ours
