"""A baseline: the error in ulp of every comparison, kept in a file, so that what grows is seen within budget too.

The file is JSON, sorted, with a line per test, case, array and reference, so that a diff of it is read like a table.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.errors import BadInput
from harness.files import check_writable, replace_whole
from harness.run import Row, Run
from harness.version import VERSION, versions

#: 1: tests → case → "ARRAY against REFERENCE" → ulp, null for nothing to measure; versions beside. Another layout of
#: the file is another number, and a file of another number is refused, never guessed at.
FORMAT_VERSION = 1
#: Below half an ulp a result is correctly rounded, which is the best there is: from there on growth is counted.
FLOOR = 0.5
_DIGITS = 3  #: significant ones that are kept
_RECORDED = ("numpy", "torch", "jax")

#: of one test: case → "ARRAY against REFERENCE" → error in ulp; None where there is nothing to measure
Errors = dict[str, dict[str, float | None]]


@dataclass(frozen=True)
class Baseline:
    """What was recorded, and with which versions."""

    tests: Mapping[str, Errors] = field(default_factory=dict)
    versions: Mapping[str, str] = field(default_factory=dict)  #: python, handgrad, numpy, torch, jax: those installed

    @staticmethod
    def read(path: Path) -> Baseline:
        """Raises BadInput for a file that is not there, not one of ours, or of another format."""
        try:
            told = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise BadInput(f"baseline {path}: there is no such file; --gradients-update makes it") from None
        except OSError as error:
            raise BadInput(f"baseline {path}: cannot be read: {error.strerror}") from None
        except (ValueError, RecursionError) as error:
            raise BadInput(f"baseline {path}: is no JSON: {error}; move it away, or name another file") from None
        if not isinstance(told, dict) or "format_version" not in told:
            raise BadInput(f"baseline {path}: is no baseline: lacks format_version; move it away, or name another file")
        if told["format_version"] != FORMAT_VERSION:
            got = f"got format_version {told['format_version']!r}, allowed: {FORMAT_VERSION}"
            raise BadInput(f"baseline {path}: {got}; make it anew with --gradients-update under another name")
        if reason := _misshapen(told):
            raise BadInput(f"baseline {path}: {reason}; move it away, or name another file")
        return Baseline(told["tests"], told["versions"])

    def write(self, path: Path) -> None:
        """Write it, the old file being replaced as a whole. Raises BadInput where it cannot be written."""
        told = {"format_version": FORMAT_VERSION, "versions": _sorted(self.versions), "tests": _sorted(self.tests)}
        replace_whole(path, json.dumps(told, indent=2, allow_nan=False) + "\n")

    def changed(self) -> str:
        """Which versions are others than when it was recorded: "numpy 2.3.0 → 2.4.6"; empty where none is."""
        now = recorded_versions()
        names = sorted({*self.versions, *now})
        pairs = [(name, self.versions.get(name, "none"), now.get(name, "none")) for name in names]
        return ", ".join(f"{name} {old} → {new}" for name, old, new in pairs if old != new)


def check(path: Path, update: bool) -> Baseline:
    """The baseline in the file; with ``update`` an empty one where there is no file.

    Raises BadInput as reading does, and now rather than after the work where it could not be written.
    """
    if update:
        check_writable(path)
    return Baseline.read(path) if path.exists() or not update else Baseline()


def recorded_versions() -> dict[str, str]:
    """The versions that a baseline stands on."""
    return {**versions(_RECORDED), "handgrad": VERSION}


def errors(run: Run) -> Errors:
    """The error in ulp of every comparison of a run, with three digits. The worst, where a case comes twice."""
    found: Errors = {}
    for judgement in run.judgements:
        case = judgement.case
        name = " ".join(part for part in (case.cell, case.source, case.dtype, case.fingerprint) if part)
        entries = found.setdefault(name, {})
        for row in judgement.rows:
            ulp, old = _ulp(row), entries.get(_entry(row))
            entries[_entry(row)] = ulp if old is None else max(old, ulp or 0.0)
    return found


def complaints(old: Errors, new: Errors, factor: float) -> list[str]:
    """A line for each comparison whose error grew beyond the factor, that appeared, or that vanished."""
    return [
        told
        for case in sorted({*old, *new})
        for entry in sorted({*old.get(case, {}), *new.get(case, {})})
        for told in _complaint(f"{entry}, {case}", entry, old.get(case, {}), new.get(case, {}), factor)
    ]


def _complaint(
    name: str, entry: str, old: Mapping[str, float | None], new: Mapping[str, float | None], factor: float
) -> Iterable[str]:
    if entry not in old:
        yield f"{name}: appeared: the baseline has it not"
    elif entry not in new:
        yield f"{name}: vanished: the baseline has it"
    else:
        allowed = factor * max(old[entry] or 0.0, FLOOR)
        if (now := new[entry] or 0.0) > allowed:
            was = "nothing to measure" if old[entry] is None else f"{old[entry]:g} ulp"
            yield f"{name}: {now:g} ulp, was {was}, allowed: {allowed:g}"


def _ulp(row: Row) -> float | None:
    """None for what has nothing to judge, where an ulp is one of rounding itself."""
    return None if row.vacuous or not math.isfinite(row.ulp) else float(f"{row.ulp:.{_DIGITS}g}")


def _sorted(table: Mapping[str, Any]) -> dict[str, Any]:
    """The table by name, and so those within it."""
    return {name: _sorted(one) if isinstance(one, Mapping) else one for name, one in sorted(table.items())}


def _entry(row: Row) -> str:
    return f"{row.array} against {row.reference}"


def _misshapen(told: Mapping[str, Any]) -> str:
    """What is wrong with the file's contents; empty where nothing is."""
    for key in ("versions", "tests"):
        if not isinstance(told.get(key), dict):
            return f"{key}: got {type(told.get(key)).__name__}, needs an object"
    for name, version in told["versions"].items():
        if not isinstance(version, str):
            return f"versions: {name}: got {version!r}, needs a text"
    for test, cases in told["tests"].items():
        if not isinstance(cases, dict):
            return f"{test}: got {type(cases).__name__}, needs an object of cases"
        for case, entries in cases.items():
            if not isinstance(entries, dict):
                return f"{test}: {case}: got {type(entries).__name__}, needs an object of errors"
            for entry, ulp in entries.items():
                number = isinstance(ulp, int | float) and not isinstance(ulp, bool) and 0 <= ulp < math.inf
                if ulp is not None and not number:
                    return f"{test}: {case}: {entry}: got {ulp!r}, needs an error in ulp, 0 or more, or null"
    return ""
