"""What the readable reports say, and in which order: the terminal and Markdown differ in how they draw it only.

Nothing here is safe to print as it is: names, reasons and findings hold whatever a candidate wrote. Each report passes
every text through ``clean`` and then escapes it in its own way.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from math import isnan
from unicodedata import category

from harness.run import OWN_FORWARD, VERDICTS, Judgement, Participant, Row, Run, Verdict

from . import numbers

BREAKS = re.compile(r"\r\n|[\t\n\v\f\r\x85\u2028\u2029]")

#: A mark beside the word, so that the answer also stands where there is no colour.
MARKS: Mapping[Verdict, str] = {"agree": "✓", "differ": "✗", "inconclusive": "?", "error": "!"}

#: The columns of a table of rows; a line break where a heading would make its column wider than its numbers.
HEADINGS = ("array", "Σ Δ", "Σ|Δ|", "max|Δ|", "at", "relative", "ulp", "error ÷\nbudget", "verdict", "against")

SUMMARY_HEADINGS = ("verdict", "case", "agree", "worst ulp", "fingerprint")
NUMERIC = frozenset(HEADINGS + SUMMARY_HEADINGS) - {"array", "at", "verdict", "against", "case", "fingerprint"}

LEGEND = "Δ = candidate − reference. Rounding explains an error ÷ budget of up to 1."


def clean(text: str) -> str:
    """The text without control and direction characters: nothing that moves a cursor or hides what is read."""
    return "".join(filter(_visible, BREAKS.sub(" ", text)))


def _visible(character: str) -> bool:
    return category(character) not in {"Cc", "Cf", "Cs"}


def marked(verdict: Verdict) -> str:
    """``✓ agree``, ``✗ differ``, ``? inconclusive``, ``! error``."""
    return f"{MARKS[verdict]} {verdict}"


def headline(judgement: Judgement) -> str:
    """The verdict and its reason, in one sentence."""
    return f"{marked(judgement.verdict)}: {judgement.reason}" if judgement.reason else marked(judgement.verdict)


def cells(row: Row) -> tuple[str, ...]:
    """A row's texts, one per heading."""
    vacuous = row.vacuous and row.verdict == "agree"  # a ✓ would claim a comparison where there was nothing to compare
    return (
        row.array, numbers.signed(row.total), numbers.amount(row.total_abs), numbers.amount(row.max_abs), row.at_words,
        numbers.amount(row.relative), numbers.ulps(row.ulp), numbers.ratio(row.ratio),
        "– vacuous" if vacuous else marked(row.verdict), row.reference,
    )  # fmt: skip


def agreement(run: Run) -> str:
    """How many comparisons agree, and the worst error."""
    if not run.rows:
        return "no gradient was compared"
    total = len(run.rows)
    counted = f"{run.agreeing} of {total} comparisons agree ({numbers.percent(run.agreeing, total)})"
    return f"{counted}, worst error {numbers.ulps(run.worst_ulp)} ulp"


def forward(judgement: Judgement) -> str:
    """Whether the candidate computes the same function, before anything about its gradients."""
    if judgement.case.cell == OWN_FORWARD:
        return "forward is its own: whether it is the intended one, a layout lets others judge"
    if not judgement.forward:
        return "forward was not compared"
    if other := [row.array for row in judgement.forward if row.verdict != "agree"]:
        return f"forward does not agree: {', '.join(other)}"
    return f"forward agrees: {', '.join(row.array for row in judgement.forward)}"


def told(run: Run) -> Run:
    """The run as readers need it: where the given cases agree and a companion does not, it stands as one of them."""
    failing = tuple(companion for companion in run.companions if companion.verdict != "agree")
    agreed = all(judgement.verdict == "agree" for judgement in run.judgements)
    return replace(run, judgements=(*run.judgements, *failing)) if agreed else run


def alone(run: Run, judgement: Judgement) -> Run:
    """A run of this judgement only, which counts its own comparisons."""
    return replace(run, judgements=(judgement,))


def worst_judgements(run: Run) -> tuple[Judgement, ...]:
    """The one judgement to show of several: the worst verdict, and of these the worst error ÷ budget; none of none."""
    return tuple(sorted(run.judgements, key=lambda judgement: judgement.rank, reverse=True)[:1])


def summary(run: Run) -> list[tuple[str, ...]]:
    """A line per judgement, one text per heading."""
    return [_summary(alone(run, judgement), judgement) for judgement in run.judgements]


def _summary(run: Run, judgement: Judgement) -> tuple[str, ...]:
    worst = numbers.ulps(run.worst_ulp) if run.rows else "–"
    counted = f"{run.agreeing}/{len(run.rows)}"
    return marked(judgement.verdict), case_name(judgement), counted, worst, judgement.case.fingerprint[:12]


def case_name(judgement: Judgement) -> str:
    """Which of several cases this is, in few words."""
    return f"{judgement.case.cell} · {judgement.case.dtype} · {judgement.case.source}"


def of_several(run: Run, shown: int) -> str:
    """One line above the summary of several judgements: how many there are, and which are shown in full."""
    if not run.judgements:
        return "? nothing was judged"
    counts = [(verdict, sum(j.verdict == verdict for j in run.judgements)) for verdict in reversed(VERDICTS)]
    told = ", ".join(f"{count} {verdict}" for verdict, count in counts if count)
    which = "each is shown in full below" if shown == len(run.judgements) else "the worst is shown in full below"
    return f"{marked(run.verdict)}: {len(run.judgements)} cases ({told}); {which}"


def details(run: Run, judgement: Judgement) -> Iterator[tuple[str, str]]:
    """Everything below the tables but the command: a label and its text each."""
    yield from (("forward", _where(row)) for row in judgement.forward if row.verdict != "agree")
    yield from (("where", _where(row)) for row in judgement.worst_rows() if row.verdict != "agree")
    yield from (("finding", f"{finding.name}: {finding.text}") for finding in (*judgement.findings, *run.findings))
    yield "judged by", _judges(judgement)
    if not isnan(judgement.proven_ulp):
        yield "proven", _proven(judgement)
    yield from (("note", f"{p.name}: {p.note}") for p in judgement.participants if p.note)
    if run.companions:
        yield "beside", _beside(run)
    yield from (("not run", f"{p.name}: {p.reason}") for p in judgement.participants if p.status == "not run")
    yield from (("error", _failure(p)) for p in judgement.participants if p.status == "error")
    yield "candidate", judgement.candidate
    marks = (
        judgement.case.title,
        judgement.case.source,
        judgement.case.fingerprint and f"fingerprint {judgement.case.fingerprint}",
    )
    yield "case", " · ".join(mark for mark in marks if mark)
    yield "ran on", _ran_on(run)


def _where(row: Row) -> str:
    got, expected = numbers.pair(row.candidate, row.expected)
    place = f"worst at {row.at_words}: " if row.at_words else ""  # a loss has no index
    worst = f"{place}{got}, {row.reference} has {expected}"
    return f"{MARKS[row.verdict]} {row.array}: {'; '.join((*row.words, worst))}"


def _judges(judgement: Judgement) -> str:
    named = {participant.name: participant for participant in judgement.participants}
    return ", ".join(_judge(named[name]) for name in judgement.references) or "no reference"


def _proven(judgement: Judgement) -> str:
    within = f"within {numbers.ulps(judgement.proven_ulp)} ulp of the exact gradient"
    return f"{within}, except {', '.join(judgement.unproven)}" if judgement.unproven else within


def _beside(run: Run) -> str:
    sources = {verdict: [c.case.source for c in run.companions if c.verdict == verdict] for verdict in VERDICTS}
    told = [f"{verdict}: {', '.join(names)}" for verdict, names in sources.items() if names]
    return f"{len(run.companions)} small companion cases{' ' if len(told) == 1 else ': '}{'; '.join(told)}"


def _judge(participant: Participant) -> str:
    remarks = ["truth"] if participant.role == "truth" else []
    if not participant.agrees:
        remarks.append(f"contradicts truth: error ÷ budget {numbers.ratio(participant.ratio)}")
    return f"{participant.name} ({', '.join(remarks)})" if remarks else participant.name


def _failure(participant: Participant) -> str:
    return f"{participant.name} ({participant.role}): {participant.reason}"


def _ran_on(run: Run) -> str:
    return f"{_list([('handgrad', run.version), *run.versions.items()])} · {run.platform} · {run.created}"


def _list(versions: Iterable[tuple[str, str]]) -> str:
    return ", ".join(f"{name} {version}" for name, version in versions)
