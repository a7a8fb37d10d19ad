"""The badge of a saved run, as a picture or as the endpoint that badge services read.

It is made from a run that was saved as JSON, so that a page that only publishes badges needs no framework. Green is
for agreement that was measured; everything else has another colour.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from math import isfinite, isnan, nan
from pathlib import Path
from reprlib import repr as shortened
from sys import float_info
from typing import TYPE_CHECKING, Any, cast

from harness.run import VERDICTS

from . import numbers, refusal
from .as_json import FORMAT_VERSION

if TYPE_CHECKING:
    from harness.run import Verdict

LABEL = "gradients"
AGREE, DOUBT = "brightgreen", "yellow"
COLOURS: Mapping[Verdict, str] = {"agree": AGREE, "differ": "red", "inconclusive": DOUBT, "error": "red"}

#: What badge services paint for these names.
PAINT: Mapping[str, str] = {"brightgreen": "#4c1", "yellow": "#dfb317", "red": "#e05d44"}

AGAIN = "save one with: python -m harness compare --out run.json"


def svg(data: Mapping[str, Any]) -> str:
    """The badge as a picture; the same run always gives the same bytes."""
    return picture(LABEL, message(data), colour(data))


def picture(label: str, message: str, colour: str) -> str:
    """Any badge as a picture."""
    from anybadge import Badge  # here, as the endpoint does without

    badge = Badge(label, message, default_color=PAINT[colour])
    badge.mask_str = "handgrad"  # anybadge counts the badges of a process here
    return str(badge.badge_svg_text)


def endpoint(data: Mapping[str, Any]) -> str:
    """The JSON that a badge service reads from a URL."""
    return shield(LABEL, message(data), colour(data), failed=data["verdict"] == "error")


def shield(label: str, message: str, colour: str, failed: bool = False) -> str:
    """Any badge as the endpoint's JSON."""
    told = {"schemaVersion": 1, "label": label, "message": message, "color": colour}
    return json.dumps(told | ({"isError": True} if failed else {}), ensure_ascii=False) + "\n"


def message(data: Mapping[str, Any]) -> str:
    """How many comparisons agree, of how many, and the worst error; led by a verdict that the numbers may not show."""
    verdict = "" if data["verdict"] == "agree" else f"{data['verdict']} · "
    if not data["total"]:
        return f"{verdict}nothing compared"
    return f"{verdict}{data['agreeing']}/{data['total']} agree · {numbers.ulps(float(data['worst_ulp']))} ulp"


def colour(data: Mapping[str, Any]) -> str:
    """The verdict's colour, green only where every one of at least one comparison agrees by a measured error."""
    measured = 0 < data["agreeing"] == data["total"] and isfinite(float(data["worst_ulp"]))
    return DOUBT if data["verdict"] == "agree" and not measured else COLOURS[data["verdict"]]


def counted(runs: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """What a badge reads of several saved runs: the worst verdict, all comparisons, the worst error."""
    ulps = [float(data["worst_ulp"]) for data in runs]
    return {
        "verdict": max((data["verdict"] for data in runs), key=VERDICTS.index),
        "agreeing": sum(data["agreeing"] for data in runs),
        "total": sum(data["total"] for data in runs),
        "worst_ulp": nan if any(map(isnan, ulps)) else max(ulps),
    }


def load(path: str | Path) -> dict[str, Any]:
    """A saved run; ValueError, in one line, for a file that is none."""
    try:
        data = json.loads(Path(path).read_bytes(), parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise _not_a_run(path, "what is not JSON", ["a saved run"]) from error
    if not isinstance(data, dict) or "format_version" not in data:
        raise _not_a_run(path, "JSON without a format_version", ["a saved run"])
    for name, (fits, allowed) in CHECKS.items():
        if not fits(data.get(name)):
            raise _not_a_run(path, f"{name} {shortened(data.get(name))}", allowed)
    if data["agreeing"] > data["total"]:
        raise _not_a_run(path, f"agreeing {data['agreeing']}", [f"0 to {data['total']}, its total"])
    return data


def _not_a_run(path: str | Path, got: str, allowed: Iterable[object]) -> ValueError:
    return ValueError(f"{refusal(str(path), got, allowed)}; {AGAIN}")


def _no_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _is_count(value: object) -> bool:
    return type(value) is int and value >= 0  # True is an int, and no count


def _is_error(value: object) -> bool:
    return value in ("nan", "inf") or (type(value) in (int, float) and 0 <= cast(float, value) <= float_info.max)


#: What a badge reads of a run: what each must be, and how that is told. The rest is the schema's to check.
CHECKS: Mapping[str, tuple[Callable[[object], bool], Iterable[object]]] = {
    "format_version": (lambda value: type(value) is int and value == FORMAT_VERSION, [FORMAT_VERSION]),
    "verdict": (lambda value: isinstance(value, str) and value in COLOURS, COLOURS),
    "agreeing": (_is_count, ["a count"]),
    "total": (_is_count, ["a count"]),
    "worst_ulp": (_is_error, ["a number", "nan", "inf"]),
}
