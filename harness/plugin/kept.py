"""The baseline within a session of pytest: what tests are compared with, and what they leave for the next session."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from harness import baseline
from harness.baseline import Baseline, Errors
from harness.errors import BadInput
from harness.settings import Settings

#: of comparisons that are worse, as many are told
LINES = 10


class Kept:
    """One baseline, or none."""

    def __init__(self, path: Path | None, factor: float, update: bool) -> None:
        self.path, self.update = path, update
        self._factor = factor
        self._old = baseline.check(path, update) if path is not None else Baseline()
        #: test, the entries that it speaks for (None: all), and its errors, by case and entry
        self.recorded: list[tuple[str, list[str] | None, Errors]] = []
        self._gone: set[str] = set()

    @staticmethod
    def asked(config: pytest.Config, settings: Settings) -> Kept:
        """What options and settings ask for; options win. Raises BadInput for what cannot be."""
        given, update = config.getoption("--gradients-baseline"), config.getoption("--gradients-update")
        path = Path(given) if given else settings.baseline
        if path is not None:
            path = Path(os.path.relpath(path))  # as it is told
        if update and path is None:
            raise BadInput(
                "--gradients-update: got no baseline, needs --gradients-baseline FILE, or baseline in [tool.handgrad]"
            )
        return Kept(path, _factor(config.getoption("--gradients-factor"), settings.factor), update)

    def entries(self, test: str) -> list[str]:
        """The entries of a test in the baseline: "ARRAY against REFERENCE", sorted; of all its cases."""
        return sorted({entry for case in self._old.tests.get(test, {}).values() for entry in case})

    def complaint(self, test: str, new: Errors, entries: Sequence[str] | None = None) -> str:
        """What is worse than it was; empty where nothing is, and where there is no baseline.

        ``new`` is judged in ``entries`` alone, where they are given. With an update it is recorded instead: a test that
        was not selected, or that fails, leaves what stands there.
        """
        if self.path is None:
            return ""
        chosen = _only(new, entries)
        if self.update:
            self.recorded.append((test, None if entries is None else [*entries], chosen))
            return ""
        lines = baseline.complaints(_only(self._old.tests.get(test, {}), entries), chosen, self._factor)
        if not lines:
            return ""
        more = [f"and {len(lines) - LINES} more"] if lines[LINES:] else []
        since = self._old.changed()
        versions = f"versions since then: {since}" if since else "no version has changed since then"
        mend = f"if that is meant, write it anew: --gradients-update --gradients-baseline {self.path}"
        rule = f"factor {self._factor:g}, counted from {baseline.FLOOR:g} ulp on"
        return "\n".join((f"worse than the baseline {self.path} ({rule}):", *lines[:LINES], *more, versions, mend))

    def see(self, config: pytest.Config, items: Sequence[pytest.Item]) -> None:
        """Which tests of the baseline are no more: their file is gone, or was collected in full without them."""
        whole = not any("::" in argument for argument in config.args) and not config.getoption("lf", False)
        names = {item.nodeid for item in items}
        files = {name.partition("::")[0] for name in names} if whole else set()
        for test in self._old.tests:
            file, marks, _ = test.partition("::")
            if marks and test not in names and (file in files or not (config.rootpath / file).exists()):
                self._gone.add(test)

    def sent(self) -> Any:
        """What a worker found, as JSON has it."""
        return [self.recorded, sorted(self._gone)]

    def receive(self, told: Any) -> None:
        """What another process sent."""
        recorded, gone = told
        self.recorded += [(test, entries, errors) for test, entries, errors in recorded]
        self._gone |= {*gone}

    def write(self) -> str:
        """Write the baseline: what ran anew, the rest as it was; and a line that says so. Raises BadInput."""
        assert self.path is not None
        tests = {test: cases for test, cases in self._old.tests.items() if test not in self._gone}
        for test, entries, errors in self.recorded:
            tests[test] = _merged(tests.get(test, {}), entries, errors)
        Baseline(tests, baseline.recorded_versions()).write(self.path)
        left = sorted(set(tests) - {test for test, *_ in self.recorded})
        since = self._old.changed() if self._old.tests else ""
        mixed = f"; left as they were, from other versions ({since}): {', '.join(left)}" if left and since else ""
        return f"wrote the baseline {self.path}{mixed}"

    def told(self) -> Iterator[str]:
        """What is to be said of a baseline that was only read."""
        if self.path is None or self.update:
            return
        if since := self._old.changed():
            yield f"since the baseline {self.path}: {since}"
        if self._gone:
            yield f"in the baseline, but no test any more: {', '.join(sorted(self._gone))}; --gradients-update drops it"


def _only(errors: Errors, entries: Sequence[str] | None) -> Errors:
    """The part of the errors that has these entries."""
    if entries is None:
        return errors
    return {
        case: chosen
        for case, found in errors.items()
        if (chosen := {entry: ulp for entry, ulp in found.items() if entry in entries})
    }


def _merged(old: Errors, entries: Sequence[str] | None, new: Errors) -> Errors:
    """The old errors without those spoken for, and the new ones."""
    kept: Errors = {}
    for case, found in old.items() if entries is not None else ():
        kept[case] = {entry: ulp for entry, ulp in found.items() if entry not in (entries or ())}
    for case, found in new.items():
        kept.setdefault(case, {}).update(found)
    return {case: found for case, found in kept.items() if found}


def _factor(given: str | None, settings: float) -> float:
    if given is None:
        return settings
    try:
        factor = float(given)
    except ValueError:
        factor = 0.0
    if not 1 <= factor < float("inf"):
        raise BadInput(f"--gradients-factor: got {given}, needs a number, 1 or more")
    return factor
