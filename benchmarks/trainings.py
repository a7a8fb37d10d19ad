"""What trainings come to, into the pages that tell of them: ``python -m benchmarks.trainings``.

The figures of each system go into its README in the casebook, C2's story into docs/training.md, and the picture of the
README into docs/. Names are those of the published list where it lies beside the project; else that table stays.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from benchmarks import pages
from harness import casebook
from harness.trained import Figure, Trained
from harness.training import tasks
from harness.training.train import train
from reports import curves, training_terminal

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "training.md"
PICTURE = ROOT / "docs" / "primes.svg"
DINOSAURS = ROOT.parent / "shared" / "data" / "dinos.txt"
#: how the line begins that tells of the machine: a page has none
_MACHINE = "ran on"
#: task → what departs from the published set-up
FIGURES: Mapping[str, Mapping[str, Any]] = {
    "adder": {},
    "sequence": {},
    "primes": {},
    "names": {"data": DINOSAURS, "updates": 12_001},
    "text": {"data": DINOSAURS},
}


def main(names: Sequence[str]) -> None:
    """Generate what is named, by default all."""
    for task, options in FIGURES.items():
        if task not in (names or FIGURES) or not all(
            path.exists() for path in options.values() if isinstance(path, Path)
        ):
            continue
        done = train(task, lockstep=False, **options)
        pages.insert(casebook.entry(tasks.get(task).ENTRY).folder / "README.md", task, table(done))
    if "C2" in names or not names:
        pages.insert(PAGE, "C2", f"```text\n{story()}\n```")
    if "picture" in names or not names:
        PICTURE.write_text(
            curves.svg(train("primes", activation="tanh", command="python -m harness train primes --activation tanh"))
        )


def table(done: Trained) -> str:
    """Published figures beside what they are here; nothing that depends on the machine."""
    figures = [figure for one in done.trainees for figure in one.figures]
    told = [f"{label}: {text}" for one in done.trainees for label, text in one.told]
    return "\n".join([*_rows(figures), *([""] if figures and told else []), *told])


def _rows(figures: Sequence[Figure]) -> list[str]:
    if not figures:
        return []
    head = ["| | published | here |", "| --- | --- | --- |"]
    return [*head, *(f"| {one.name} | {one.published:.12g} | {one.here:.12g} |" for one in figures)]


def story() -> str:
    """C2 as it was published, from its first window to its first infinity, as a log gets to read it."""
    path = casebook.entry("nan-lstm").folder / "loop.py"
    done = train("text", candidate=path, command="python -m harness train text --candidate CASEBOOK/nan-lstm/loop.py")
    (one,) = done.trainees
    lines = training_terminal.plain(replace(done, trainees=(replace(one, seconds=0.0),), seconds=0.0)).splitlines()
    lines = [line.rstrip() for line in lines]
    return "\n".join(lines[: next(n for n, line in enumerate(lines) if line.startswith(_MACHINE))]).strip()


if __name__ == "__main__":
    main(sys.argv[1:])
