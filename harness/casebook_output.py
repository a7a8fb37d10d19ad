"""What the casebook command found into a file, in the format that the file's suffix names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from harness.casebook import Entry, Member, showing
from harness.errors import BadInput
from harness.files import check_writable, replace_whole
from harness.run import Run
from reports import casebook_html, refusal
from reports.casebook_html import Casebook, Shown

#: By suffix.
FORMATS: Mapping[str, Callable[[Casebook], str]] = {".html": casebook_html.render}


def check(path: Path) -> None:
    """Raise BadInput now rather than after the work, where nothing could be written to ``path``."""
    suffix = path.suffix.lower()
    if suffix not in FORMATS:
        raise BadInput(refusal(str(path), f'suffix "{suffix}"', FORMATS))
    check_writable(path)


def write(told: Casebook, path: Path) -> None:
    """Write what was found; an existing file is replaced only as a whole. Raises BadInput as `check` does."""
    check(path)
    replace_whole(path, FORMATS[path.suffix.lower()](told))


def shown(entry: Entry, runs: Sequence[tuple[Member, Run]]) -> list[Shown]:
    """A system's candidates in full, as the terminal has them."""
    return [
        Shown(f"{member.path.name}: {member.about}", showing.numbers(entry, member, run), list(_ways(member, run)))
        for member, run in runs
    ]


def _ways(member: Member, run: Run) -> Iterator[tuple[str, Run]]:
    """How it was judged, and what was found; a diagnosis stands with the last of them."""
    own = showing.on_its_own_data(run)
    if member.layout is None:
        yield "By its own forward", replace(own, diagnosis=run.diagnosis)
        return
    yield "By its own forward", own
    yield "By its layout", run
