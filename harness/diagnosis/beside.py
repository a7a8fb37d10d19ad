"""What judgements say beside their verdict, and a diagnosis must begin with: it may be all that is wrong."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from harness.diagnosed import Diagnosis
from harness.run import Judgement

#: in this order; what they mean for the reader stands in the finding's own text
_FIRST = ("impure", "scaled", "non-finite")


def told(found: Diagnosis, failing: Sequence[Judgement]) -> Diagnosis:
    """The same, its sentence beginning with what is scaled, impure or not finite."""
    findings = [finding for judgement in failing for finding in judgement.findings]
    first = dict.fromkeys(f"{one.name}: {one.text}" for name in _FIRST for one in findings if one.name == name)
    if not first:
        return found
    rest = "" if not found.faults and all(row.verdict == "agree" for j in failing for row in j.rows) else found.sentence
    return replace(found, sentence="; ".join(filter(None, (*list(first)[:1], rest))))
