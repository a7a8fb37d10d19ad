"""What is said of three published systems, into docs/diagnosis.md: ``python -m benchmarks.diagnoses``.

Where times stand in a diagnosis they are left out, as a page has no machine. A test generates the same text again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import harness
from benchmarks import pages
from harness import casebook
from harness.diagnosis import diagnose
from reports import terminal

_PATIENCE = 300.0  # seconds
PAGE = Path(__file__).resolve().parent.parent / "docs" / "diagnosis.md"
#: the block's name in the page → the system of the casebook, and its candidate
SHOWN: Mapping[str, tuple[str, str]] = {
    "C1": ("theano-versus-python", "broken"),
    "C2": ("nan-lstm", "fault_3"),
    "C5": ("gradient-check-lstm", "broken"),
}


def main() -> None:
    """Diagnose them, and put what is said into the page."""
    for name in SHOWN:
        text = told(name)
        pages.insert(PAGE, name, f"```text\n{text}\n```")
        print(f"{text}\n")


def told(name: str) -> str:
    """What a log gets to read of one of them. Raises ValueError where it is not diagnosed.

    Lines are sought for as long as it takes: what a page says must not depend on how fast the machine is.
    """
    entry, stem = SHOWN[name]
    diagnose.LINES = _PATIENCE
    run = harness.compare(candidate=casebook.entry(entry).folder / f"{stem}.py", references=(), diagnose=True)
    if run.diagnosis is None:
        raise ValueError(f"{entry}/{stem}.py: got {run.verdict} and no diagnosis, needs one")
    lines = terminal.plain_diagnosis(replace(run.diagnosis, seconds=0.0)).splitlines()
    return "\n".join(line.rstrip() for line in lines).strip()


if __name__ == "__main__":
    main()
