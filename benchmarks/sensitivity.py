"""The study of the harness itself into docs/verdicts.md: ``python -m benchmarks.sensitivity`` (about half an hour)."""

from __future__ import annotations

import argparse
import sys

from benchmarks import pages
from harness.cli import working
from harness.sensitivity.study import study
from reports import sensitivity as told


def main() -> None:
    """Run the study and put its tables into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sound", type=int, default=10_000, help="how many sound cases")
    parser.add_argument("--shapes", type=int, default=100, help="over how many shapes")
    given = parser.parse_args()
    command = f"python -m benchmarks.sensitivity --sound {given.sound} --shapes {given.shapes}"
    found = study(sound=given.sound, shapes=given.shapes, command=command, progress=working)
    pages.insert(pages.VERDICTS, "sensitivity", "\n".join([f"{told.line(found)}.\n", *told.body(found)]))
    print(told.line(found))
    sys.exit(0 if told.sound(found) else 1)


if __name__ == "__main__":
    main()
