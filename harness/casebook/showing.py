"""The casebook as tables: what is expected beside what was found, and one system's own numbers beside ours."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

from harness.casebook import Entry, Expected, Member
from harness.casebook.check import departures
from harness.comparison import compare
from harness.run import OWN_FORWARD, Judgement, Run

#: tasks, how many they are, and words → the same tasks, shown passing by
Working = Callable[[Iterable[Any], int, str], Iterable[Any]]
Table = tuple[str, list[str], list[list[str]]]

HEADINGS = ["candidate", "expected", "found", "as expected", "about"]


def judged(members: Iterable[Member]) -> Iterator[Run]:
    """Every candidate's run, by its own forward and by its layout against truth; two at a time, as most of it waits."""

    def run(member: Member) -> Run:
        return compare(candidate=member.path, references=(), command=_command(member))

    with ThreadPoolExecutor(2) as pool:
        yield from pool.map(run, members)


def in_full(entry: Entry, progress: Callable[[str, float], None], diagnose: bool = False) -> list[tuple[Member, Run]]:
    """Every candidate's run, with all references that there are; with a diagnosis of those that differ, if asked to."""
    asked = " --diagnose" if diagnose else ""
    return [
        (
            member,
            compare(candidate=member.path, working=progress, diagnose=diagnose, command=_command(member) + asked),
        )
        for member in entry.members
    ]


def _command(member: Member) -> str:
    return f"python -m harness compare --candidate {member.path}"


def overview(entries: Iterable[Entry], working: Working) -> tuple[list[Table], list[str]]:
    """A table per system, and every departure from what is expected, in words."""
    chosen = list(entries)
    members = [member for entry in chosen if not entry.missing for member in entry.members]
    runs = iter(working(judged(members), len(members), "casebook"))
    tables, told = [], []
    for entry in chosen:
        rows = []
        for member in entry.members:
            if entry.missing:
                rows.append([member.path.name, _said(member), f"not run: {entry.missing}", "–", member.about])
                continue
            run = next(runs)
            wrong = departures(member, run)
            told += [f"{entry.name}/{member.path.name}: {words}" for words in wrong]
            rows.append([member.path.name, _said(member), _found(run), "✗ no" if wrong else "✓ yes", member.about])
        tables.append((f"{entry.name}: {entry.title}", HEADINGS, rows))
    return tables, told


def on_its_own_data(run: Run) -> Run:
    """The part of a run that is by the candidate's own forward; a diagnosis is of the whole."""
    return replace(run, judgements=(_own(run),), companions=(), findings=(), diagnosis=None)


def _own(run: Run) -> Judgement:
    own = (one for one in (*run.judgements, *run.companions) if one.case.cell == OWN_FORWARD)
    return next(own, run.judgements[0])  # of a candidate that fails there is none


def _said(member: Member) -> str:
    return _words(member.own) + ("" if member.layout in (None, member.own) else f"; layout: {_words(member.layout)}")


def _words(expected: Expected | None) -> str:
    if expected is None:
        return ""
    findings = f" ({', '.join(expected.findings)})" if expected.findings else ""
    departs = "forward departs" if expected.forward == "differ" else expected.verdict
    return departs + findings


def _found(run: Run) -> str:
    names = {finding.name for one in (*run.judgements, *run.companions) for finding in one.findings}
    names |= {finding.name for finding in run.findings}
    worth = sorted(names - {"blind", "not graded", "not run", "vacuous"})
    return run.verdict + (f" ({', '.join(worth)})" if worth else "")


def numbers(entry: Entry, member: Member, run: Run) -> list[Table]:
    """The question's own numbers, and what they are here, under both signs; of the candidate that it is about only."""
    given = entry.question.get("numbers", {}) if entry.question.get("candidate") == member.path.stem else {}
    if not given:
        return []
    own = _own(run)
    here = {row.array: row for row in own.rows}
    rows = []
    for name, value in given.items():
        array, _, part = name.partition(" row ")
        if part:
            [found] = [p for p in own.parts if p.array == array and p.kind == "row"][:1]
            k = int(part)
            total, total_abs, largest = (float(getattr(found, what)[k]) for what in ("total", "total_abs", "max_abs"))
        else:
            total, total_abs, largest = here[array].total, here[array].total_abs, here[array].max_abs
        signed = [value, -total, total]
        rows.append([name, *(f"{one:+.4g}" for one in signed), f"{total_abs:.4g}", f"{largest:.4g}"])
    return [(entry.question["title"], ["array", *entry.question["headings"], "Σ|Δ|", "max|Δ|"], rows)]
