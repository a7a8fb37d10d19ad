"""The casebook as pages: each system's own story, then what is found of each of its candidates."""

from __future__ import annotations

from collections.abc import Iterator

from harness.casebook import Entry, Expected, Member, entries

FOLDER = "casebook"
SHOWN = {"agree": "✓ agree", "differ": "✗ differ", "error": "✗ error", "inconclusive": "? inconclusive"}
_NOTE = """\
Every verdict below is what `python -m harness casebook` must find, and what the project's tests hold it to: first by
the candidate's own forward pass, differentiated numerically; where there is a layout, also against the references on
identical weights.
"""


def pages() -> dict[str, str]:
    """Path of a page → its text."""
    found = {f"{FOLDER}/{name}.md": page(entry) for name, entry in entries().items()}
    return {f"{FOLDER}/index.md": overview(), **found}


def overview() -> str:
    """All systems in one table."""
    rows = []
    for name, entry in entries().items():
        verdicts = [member.own.verdict for member in entry.members]
        counted = ", ".join(f"{verdicts.count(v)} {v}" for v in dict.fromkeys(verdicts))
        rows.append(f"| [{entry.title}]({name}.md) | {len(entry.members)} | {counted} |")
    return "\n".join(
        [
            "# The casebook",
            "",
            "Published programs and questions, each rewritten as candidates that a user could have brought, with what",
            "must be found of each of them. Some are right and look wrong; some are wrong and look right.",
            "",
            "    python -m harness casebook",
            "    python -m harness casebook theano-versus-python",
            "",
            "| system | candidates | verdicts |",
            "| --- | --- | --- |",
            *rows,
            "",
            "`--diagnose` beside a name says why each candidate that differs does: [Why it differs](../diagnosis.md).",
            "",
        ]
    )


def page(entry: Entry) -> str:
    """One system: its README as it stands, then the verdicts."""
    return "\n".join([entry.story.rstrip(), "", "## Our verdict", "", _NOTE, *_table(entry), "", *_how(entry), ""])


def _table(entry: Entry) -> Iterator[str]:
    yield "| candidate | what it is | verdict | arrays that differ | findings |"
    yield "| --- | --- | --- | --- | --- |"
    for member in entry.members:
        yield from _rows(entry, member)


def _rows(entry: Entry, member: Member) -> Iterator[str]:
    name = member.path.name
    link = f"[`{name}`](../../harness/casebook/{entry.name}/{name})"
    yield f"| {link} | {member.about} | {_told(member.own)} |"
    if member.layout is not None and member.layout != member.own:
        yield f"| | by its layout: forward {member.layout.forward}s | {_told(member.layout)} |"


def _told(expected: Expected) -> str:
    differ = "all" if expected.differ and not expected.agree else " ".join(f"`{name}`" for name in expected.differ)
    return f"{SHOWN[expected.verdict]} | {differ or '–'} | {', '.join(expected.findings) or '–'}"


def _how(entry: Entry) -> Iterator[str]:
    yield "To see it in full, with the numbers and the line where the program has one:"
    yield ""
    yield f"    python -m harness casebook {entry.name} --diagnose"
