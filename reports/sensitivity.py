"""A study of the harness itself, as Markdown, as JSON, and in one line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import NamedTuple

from harness.study import FaultSeen, Study

from . import numbers
from .as_markdown import escape, table

FORMAT_VERSION = 1
DTYPES = ("float64", "float32")
#: Tables that there are only where something is wrong.
PROBLEMS = ("Not seen", "False alarms")


class Table(NamedTuple):
    """A heading, the columns' headings, and the rows."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]


def line(study: Study) -> str:
    """What a badge says: ``1362/1362 faults seen · 0 false alarms in 30000``."""
    seen, planted = map(sum, zip(*(study.caught(dtype) for dtype in DTYPES), strict=True))
    return f"{seen}/{planted} faults seen · {study.false_alarms} false alarms in {study.comparisons}"


def sound(study: Study) -> bool:
    """Whether every fault was seen and nothing sound was called wrong."""
    return not study.false_alarms and all(
        seen == planted for dtype in DTYPES for seen, planted in [study.caught(dtype)]
    )


def tables(study: Study) -> Iterator[Table]:
    """Everything, as tables."""
    yield Table("Planted faults", ("", *DTYPES), [
        ("classes of faults seen", *(_share(*study.caught(dtype)) for dtype in DTYPES)),
        ("weak ones seen", *(_share(*study.caught(dtype, weak=True)) for dtype in DTYPES)),
        *_singles(study),
    ])  # fmt: skip
    yield Table("By which case", ("case", *DTYPES), _by_case(study))
    yield Table("By kind", ("kind", *DTYPES), _grouped(study, lambda fault: fault.kind))
    yield Table(
        "Smallest relative error that is seen",
        ("dtype", "in one", "median", "99 in 100", "worst"),
        [(one.dtype, one.part, *(f"{value:.1e}" for value in (one.median, one.most, one.worst)))
         for one in study.smallest],
    )  # fmt: skip
    yield Table(
        f"Sound gradients, {study.shapes} shapes",
        ("provider", "dtype", "judged", "false alarms", "inconclusive", "worst error ÷ budget", "arrays"),
        [(one.provider, one.dtype, str(one.agree + one.differ), str(one.differ), str(one.inconclusive),
          numbers.ratio(one.worst), str(one.arrays)) for one in study.alarms],
    )  # fmt: skip
    missed = [
        (fault.dtype, fault.id, fault.sentence, f"{fault.effect:.1e}") for fault in study.faults if not fault.seen_by
    ]
    if missed:
        yield Table(PROBLEMS[0], ("dtype", "fault", "what it does", "effect"), missed)
    examples = [(one.provider, example) for one in study.alarms for example in one.examples]
    if examples:
        yield Table(PROBLEMS[1], ("provider", "example"), examples)


def markdown(study: Study) -> str:
    """The study as a page."""
    return "\n".join([f"# {line(study)}\n", *body(study)])


def body(study: Study) -> Iterator[str]:
    """All tables, and what made them."""
    for one in tables(study):
        yield f"**{one.title}**\n"
        yield from table(one.headings, one.rows)
    yield f"{escape(made(study))} Made by\n"
    yield f"    {study.command}"


def document(study: Study) -> str:
    """The study as JSON."""
    told = {"format_version": FORMAT_VERSION, "line": line(study), "sound": sound(study), **asdict(study)}
    return json.dumps(_finite(told), indent=1, allow_nan=False) + "\n"


#: By suffix, what a study can be written as.
FORMATS: Mapping[str, Callable[[Study], str]] = {".md": markdown, ".json": document}


def _finite(value: object) -> object:
    if isinstance(value, float):
        return value if abs(value) < float("inf") else str(value)
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    return [_finite(one) for one in value] if isinstance(value, list | tuple) else value


def _share(part: int, whole: int) -> str:
    return f"{part} of {whole} ({numbers.percent(part, whole)})" if whole else "–"


def _singles(study: Study) -> list[tuple[str, ...]]:
    by_dtype = {one.dtype: one for one in study.singles}
    if not set(DTYPES) <= set(by_dtype):
        return []
    found = [by_dtype[dtype] for dtype in DTYPES]
    errors = " / ".join(f"{one.error:g}" for one in found)
    return [
        (f"one element off by {errors} of its array's largest entry, seen", *(_share(o.seen, o.trials) for o in found))
    ]


def _by_case(study: Study) -> list[tuple[str, ...]]:
    """Which case is the first to see a fault, in the order in which they judge."""
    return _grouped(study, _first, seen=False)


def _first(fault: FaultSeen) -> str:
    return "the default case" if fault.seen_by.startswith("seed ") else fault.seen_by or "none"


def _grouped(study: Study, key: Callable[[FaultSeen], str], seen: bool = True) -> list[tuple[str, ...]]:
    names = dict.fromkeys(key(fault) for fault in study.faults if not fault.weak)
    rows = []
    for name in names:
        groups = [
            [fault for fault in study.faults if key(fault) == name and fault.dtype == dtype and not fault.weak]
            for dtype in DTYPES
        ]
        counts = [(sum(bool(fault.seen_by) for fault in group), len(group)) for group in groups]
        rows.append((name, *(_share(*count) if seen else str(count[1]) for count in counts)))
    return rows


def made(study: Study) -> str:
    """What was left out, how long it took, and on what."""
    versions = ", ".join(f"{name} {version}" for name, version in study.versions.items())
    return (
        f"{study.without_effect} planted faults change no gradient and are left out. "
        f"The bank was built in {study.build_seconds:.2g} s and judged in {study.judge_seconds:.0f} s, everything took "
        f"{study.seconds:.0f} s; handgrad {study.version}, {versions} · {study.platform} · {study.created}."
    )
