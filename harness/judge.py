"""From answers to a verdict, for one case."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from harness import findings as read_off
from harness import measure, peers, where
from harness.budget import Budgets
from harness.elements import elements
from harness.pictured import Elements
from harness.run import Finding, Judgement, Participant, Parts, Row, Verdict, worst
from harness.subject import Scales, Subject
from references.protocol import Answer


@dataclass(frozen=True)
class Evidence:
    """All that is known about one case when it is judged, in the candidate's own names."""

    subject: Subject
    candidate: Answer | None
    truth: Answer | None
    references: Mapping[str, Answer]  #: those that answered, truth left out
    budgets: Budgets | None
    participants: tuple[Participant, ...]  #: candidate, truth, references, in this order
    findings: tuple[Finding, ...]
    required: tuple[str, ...] = ()  #: references that were asked for by name
    companion: bool = False  #: judged beside other cases: zero by structure is then what it is for


def at_once(evidence: Evidence) -> Judgement | None:
    """The judgement without its numbers, where everything is plainly within the budgets of truth; None where it is not.

    NaN, missing arrays and doubt are left to `judge`.
    """
    candidate, truth, budgets = evidence.candidate, evidence.truth, evidence.budgets
    if candidate is None or truth is None or budgets is None or budgets.doubt or evidence.findings:
        return None
    graded = evidence.subject.graded
    if any(array not in candidate.grads for array in graded):
        return None
    pairs = [(candidate.loss, truth.loss, budgets.loss)]
    pairs += [(candidate.grads[array], truth.grads[array], budgets.grads[array]) for array in graded]
    for name, true in truth.trace.items():
        if name in candidate.trace and candidate.trace[name].shape == true.shape:
            pairs.append((candidate.trace[name], true, budgets.trace[name]))
    with np.errstate(invalid="ignore"):
        if not all((np.abs(got - true) <= budget).all() for got, true, budget in pairs):
            return None
    names = {participant.role: participant.name for participant in evidence.participants}
    reason = f"all {len(graded)} arrays agree with {names['truth']}, within rounding"
    return Judgement(evidence.subject.summary(), names["candidate"], names["truth"], evidence.participants,
                     (), (), (), (), "agree", reason)  # fmt: skip


def judge(evidence: Evidence) -> Judgement:
    """The verdict on one case, with every number behind it."""
    subject, truth, candidate = evidence.subject, evidence.truth, evidence.candidate
    names = {participant.role: participant.name for participant in evidence.participants}
    forward: list[Row] = []
    rows: list[Row] = []
    parts: list[Parts] = []
    entries: list[Elements] = []
    findings = list(evidence.findings)
    participants = evidence.participants
    odd = departure = ""
    if truth is not None and evidence.budgets is not None:
        scales = subject.scales(truth, evidence.budgets)
        allowed = peers.allowance(subject.dtype, truth)
        participants = _distances(evidence, truth, scales, allowed)
        if not all(part.agrees for part in participants if part.role == "reference"):
            odd = peers.contradiction(names["truth"], truth, evidence.references, scales, allowed)
        if candidate is not None:
            forward, departure = _forward(subject, candidate, truth, evidence.budgets, names["truth"], allowed)
            answers = {names["truth"]: truth, **evidence.references}
            rows, parts, entries = _gradients(candidate, answers, scales, subject)
            findings += read_off.non_finite(candidate, truth)
            if any(row.verdict == "differ" for row in rows):
                findings += read_off.scaled(subject, candidate, truth, evidence.budgets)
            findings += read_off.vacuous(rows, names["truth"])
            findings += read_off.not_returned(subject, candidate)
    doubt = "" if evidence.budgets is None else evidence.budgets.doubt
    verdict, reason = _verdict(participants, departure, rows, findings, odd, doubt, evidence)
    return Judgement(
        case=subject.summary(),
        candidate=names["candidate"],
        truth=names["truth"],
        participants=participants,
        forward=tuple(forward),
        rows=tuple(rows),
        parts=tuple(parts),
        findings=tuple(findings),
        verdict=verdict,
        reason=reason,
        elements=tuple(entries),
    )


def _forward(
    subject: Subject, candidate: Answer, truth: Answer, budgets: Budgets, name: str, allowed: float
) -> tuple[list[Row], str]:
    """Loss, gates, states and readout against truth, as far as the candidate gives them, and where forward departs."""
    if not candidate.loss.size:
        return [], ""
    loss = measure.scale(truth.loss, budgets.loss, (), subject.dtype)
    rows = [measure.row(measure.Pair("loss", name, candidate.loss, truth.loss, loss, allowed))]
    first: tuple[int, str] | None = None
    for key, true in truth.trace.items():  # in the order of the equations
        value = candidate.trace.get(key)
        if value is None or value.shape != true.shape:
            continue
        axes = where.axes(("T", "B", "K" if key == "z" else "H"), true.shape, ())
        scale = measure.scale(true, budgets.trace[key], axes, subject.dtype)
        pair = measure.Pair(key, name, value, true, scale, allowed)
        rows.append(measure.row(pair))
        if rows[-1].verdict != "differ":
            continue
        wrong = np.argwhere(pair.ratio > 1)
        if first is None or wrong[0][0] < first[0]:
            t, b, k = map(int, wrong[0])
            what = f"{subject.kind(key)} {key}, batch entry {b}, unit {k}: {value[t, b, k]:.6g} for {true[t, b, k]:.6g}"
            first = t, f"first at step {t} in {what}"
    if first is not None:
        return rows, first[1]
    return rows, "only in the loss" if rows[0].verdict == "differ" else ""


def _gradients(
    candidate: Answer, answers: Mapping[str, Answer], scales: Scales, subject: Subject
) -> tuple[list[Row], list[Parts], list[Elements]]:
    """Every graded array against every reference that answered, truth first; what rounds alike may be two off."""
    rows: list[Row] = []
    parts: list[Parts] = []
    entries: list[Elements] = []
    for array, scale in scales.items():
        if array not in candidate.grads:
            continue
        pairs = [
            measure.Pair(
                array, name, candidate.grads[array], answer.grads[array], scale, peers.allowance(subject.dtype, answer),
                answer.radius.get(array, 0.0), answer.proven,
            )
            for name, answer in answers.items()
            if array in answer.grads  # a sample has only some
        ]  # fmt: skip
        rows += [measure.row(pair) for pair in pairs]
        parts += [part for pair in pairs for part in measure.parts(pair)]
        entries += [elements(pairs)] if pairs else []
    return rows, parts, entries


def _distances(evidence: Evidence, truth: Answer, scales: Scales, allowed: float) -> tuple[Participant, ...]:
    """The participants, each with its own distance from truth."""
    answers = dict(evidence.references)
    if evidence.candidate is not None:
        answers[evidence.participants[0].name] = evidence.candidate
    ratios = {name: peers.distance(answer, truth, scales, allowed) for name, answer in answers.items()}
    return tuple(
        replace(part, ratio=ratios[part.name], agrees=ratios[part.name] <= 1) if part.name in ratios else part
        for part in evidence.participants
    )


def _verdict(
    participants: Sequence[Participant],
    departure: str,
    rows: Sequence[Row],
    findings: Sequence[Finding],
    odd: str,
    doubt: str,
    evidence: Evidence,
) -> tuple[Verdict, str]:
    """The rules, in the order in which they win."""
    failed = [p for p in participants if p.status == "error"]
    if failed:
        return "error", "; ".join(f"{p.name} failed: {p.reason}" for p in failed)
    if odd:
        return "inconclusive", odd
    truth = next(p for p in participants if p.role == "truth")
    if truth.status != "judged":
        return "inconclusive", f"no truth to judge by: {truth.name}: {truth.reason}"
    if departure:
        return "differ", f"forward departs before any gradient does: {departure}"
    names = {
        verdict: _unique(row.array for row in rows if row.verdict == verdict) for verdict in ("differ", "inconclusive")
    }
    if names["differ"]:
        right = [name for name in _unique(row.array for row in rows) if name not in names["differ"]]
        agreeing = f"; {', '.join(right)} agree{'s' if len(right) == 1 else ''}" if right else "; nothing agrees"
        return "differ", f"{', '.join(names['differ'])} differ{'s' if len(names['differ']) == 1 else ''}{agreeing}"
    impure = [finding for finding in findings if finding.name == "impure"]
    if impure:
        return "differ", f"the backward pass is no function: {impure[0].text}"
    if names["inconclusive"]:
        return "inconclusive", f"{', '.join(names['inconclusive'])} cannot be judged: {doubt}"
    if rows and all(row.vacuous for row in rows) and not evidence.companion:
        return "inconclusive", "rounding explains even a gradient of zeros: this case cannot judge"
    absent = [p for p in participants if p.status == "not run" and p.name in evidence.required]
    if absent:
        return "inconclusive", "; ".join(f"{p.name} was asked for and cannot run: {p.reason}" for p in absent)
    count = len(_unique(row.array for row in rows))
    return worst([row.verdict for row in rows]), f"all {count} arrays agree with every reference, within rounding"


def _unique(names: object) -> list[str]:
    return list(dict.fromkeys(names))  # type: ignore[call-overload]
