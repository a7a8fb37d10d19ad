"""A candidate's own training loop: asked what it hands to each window, and watched for what it should not hand."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np

from harness.candidates.process import Called, Process
from harness.errors import BadInput
from harness.layout.layout import Layout
from harness.run import Finding
from harness.training import feeding
from harness.training.route import Route
from harness.training.setting import Arrays, Setting, Stream


class OwnLoop:
    """The ``feed`` of a candidate's file, on the text of a setting; ``data`` are the names that its example has.

    Raises BadInput where the setting has no text.
    """

    def __init__(self, process: Process, layout: Layout, setting: Setting, data: Collection[str]) -> None:
        if setting.stream is None:
            raise BadInput(
                f"candidate {process.target.name}: has a training loop of its own (feed), which reads a text, but the "
                "task has none; leave feed out"
            )
        self._process, self._layout, self._setting = process, layout, setting
        self._stream: Stream = setting.stream
        self._roles = {line.name: line.role for line in layout.lines if line.role and line.name in data}
        self._states = {name: role for name, role in self._roles.items() if role not in feeding.TEXT}
        self._left: Called | None = None
        self._first: dict[tuple[str, ...], Finding] = {}  #: by what they are about
        self._times: dict[tuple[str, ...], int] = {}
        self._windows = 0

    @property
    def findings(self) -> tuple[Finding, ...]:
        """What the loop hands over and should not: the first time that it does, and how often."""
        return tuple(
            Finding(one.name, f"{one.text} (in {self._times[about]} of {self._windows} windows)", one.arrays)
            for about, one in self._first.items()
        )

    def data(
        self, update: int, ready: Arrays, right: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
        """What it hands to a window, and in that the model's initial states.

        ``ready`` are the model's arrays, with the states that the window before has ended with; ``right`` are the data
        made of them. What the loop leaves out is taken from there. Raises BadInput for an index beyond the alphabet,
        and CandidateFailed where it fails.
        """
        stream = self._stream
        own = self._process.feed(stream.codes, stream.start(update), stream.steps, self._left)
        fed = {**right, **own}
        window = self._window(update, fed, right)
        feeding.check(window, ready["x"].shape[-1])
        self._windows += 1
        for finding in feeding.departures(window):
            about = finding.arrays
            self._first.setdefault(about, finding)
            self._times[about] = self._times.get(about, 0) + 1
        return fed, self._fed_states(ready, fed, right)

    def take(self, answer: Called) -> None:
        """The candidate's answer to the window, which its loop is shown at the next."""
        self._left = answer

    def _window(self, update: int, fed: Mapping[str, Any], right: Mapping[str, Any]) -> feeding.Window:
        left, ended = {}, {}
        if self._left is not None:
            grads, trace = self._left.grads, self._left.trace
            left = {f"the gradient of {name}": grads[name] for name in self._states if name in grads}
            adjoints = {f"the {name}": value for name, value in trace.items() if name.startswith("d") and value.size}
            left |= adjoints
            left |= {f"{words} of the first step": value[0] for words, value in adjoints.items() if value.ndim > 1}
            states = {role: trace[role[:-1]] for role in self._states.values() if role[:-1] in trace}
            ended = {role: state[-1] for role, state in states.items() if state.ndim and len(state)}
        return feeding.Window(update, fed, right, self._roles, left, ended, self._setting.alphabet)

    def _fed_states(self, ready: Arrays, fed: Mapping[str, Any], right: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """The model's initial states, as they were fed."""
        given = {name: _floats(name, fed[name], np.shape(right[name])) for name in self._states}
        shapes = {name: array.shape for name, array in ready.items()}
        return Route(self._layout, shapes, tuple(self._states.values()))(given) if given else {}


def _floats(name: str, value: Any, needed: tuple[int, ...]) -> np.ndarray:
    """A state as it was fed. Raises BadInput for what is no array of floats, or is of another size."""
    try:
        array = np.asarray([] if value is None else value, float)
    except (TypeError, ValueError):
        array = np.empty(0)
    if array.size != np.prod(needed):
        got = f"shape {array.shape}" if array.size else f"a {type(value).__name__}"
        raise BadInput(f"{name}: feed gave {got}, needs floats of shape {needed}")
    return array
