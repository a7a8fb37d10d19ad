"""``python -m benchmarks.tools``: takes about ten minutes on two cores."""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks import pages
from harness.cli import working
from harness.threads import SETTINGS


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, write."""
    options = _parser().parse_args(argv)
    os.environ |= dict.fromkeys(SETTINGS, "1")  # every process has one thread; before NumPy is loaded
    from benchmarks.tools.benchmark import benchmark
    from benchmarks.tools.table import markdown

    given = sys.argv[1:] if argv is None else argv
    command = shlex.join(["python", "-m", "benchmarks.tools", *given])
    text = markdown(benchmark(faults=options.faults, jobs=options.jobs, command=command, progress=working))
    print(text, end="")
    if options.out is not None:
        options.out.write_text(text, encoding="utf-8")
    if options.page:
        pages.insert(pages.VERDICTS, "tools", text)
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks.tools", description=__doc__)
    parser.add_argument(
        "--faults", type=_positive, metavar="N", help="N classes of faults, and N weak ones: default all"
    )
    parser.add_argument("--jobs", type=_positive, metavar="N", help="so many processes: default one per core")
    parser.add_argument("--out", type=Path, metavar="FILE", help="write the tables there as well")
    parser.add_argument("--page", action="store_true", help="put the tables into docs/verdicts.md")
    return parser


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"got {text}, needs a whole number, 1 or more")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
