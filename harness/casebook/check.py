"""What a run found of a candidate, beside what must be found."""

from __future__ import annotations

from collections.abc import Sequence

from harness.casebook import Expected, Member
from harness.own.evidence import ALONG
from harness.run import OWN_FORWARD, Judgement, Run, worst


def departures(member: Member, run: Run) -> list[str]:
    """Everything in which the run is not as expected, in words; empty where it is."""
    judged = [*run.judgements, *run.companions]
    own = [one for one in judged if one.case.cell == OWN_FORWARD]
    laid = [one for one in judged if one.case.cell != OWN_FORWARD]
    told = [f"own forward: {words}" for words in _against(member.own, own, run)]
    if member.layout is None:
        return told + (["layout: got one, expected none"] if laid else [])
    return told + [f"layout: {words}" for words in _against(member.layout, laid, run)]


def found(judged: Sequence[Judgement], run: Run) -> Expected:
    """What the judgements of one way of judging come to: arrays by the first of them, the verdict by all."""
    rows = [row for row in judged[0].rows if ALONG not in row.array] if judged else []
    arrays = list(dict.fromkeys(row.array for row in rows))
    differ = tuple(name for name in arrays if any(row.array == name and row.verdict == "differ" for row in rows))
    names = {finding.name for one in judged for finding in one.findings} | {finding.name for finding in run.findings}
    departed = any(row.verdict == "differ" for one in judged for row in one.forward)
    return Expected(
        verdict=worst([one.verdict for one in judged]) if judged else "error",
        agree=tuple(name for name in arrays if name not in differ),
        differ=differ,
        findings=tuple(sorted(names)),
        forward="differ" if departed else "agree",
    )


def _against(expected: Expected, judged: Sequence[Judgement], run: Run) -> list[str]:
    seen = found(judged, run)
    told = []
    for what in ("verdict", "forward"):
        if getattr(seen, what) != getattr(expected, what):
            told.append(f"{what} {getattr(seen, what)}, expected {getattr(expected, what)}")
    for what in ("agree", "differ"):
        got, wanted = set(getattr(seen, what)), set(getattr(expected, what))
        if got != wanted:
            told.append(f"{what}: {_difference(got, wanted)}")
    missing = set(expected.findings) - set(seen.findings)
    return [*told, *(f"no finding {name}" for name in sorted(missing))]


def _difference(got: set[str], wanted: set[str]) -> str:
    more, less = sorted(got - wanted), sorted(wanted - got)
    parts = ([f"also {', '.join(more)}"] if more else []) + ([f"not {', '.join(less)}"] if less else [])
    return "; ".join(parts)
