"""From a save to a verdict, into results_watching.md: ``python -m benchmarks.watching``. Takes about five minutes.

The command ``watch`` runs on a copy of the casebook's LSTM with a layout, at the default sizes and with all default
references. Its file is saved again and again; what is measured is from before the save until the line of the verdict
is read from the command's output. Whole comparisons of the same file, each a process of its own, stand beside.
"""

from __future__ import annotations

import argparse
import itertools
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

SAVES, COMPARISONS = 30, 5
#: seconds between a verdict and the next save: somebody reads, and the next process starts
PAUSE = 1.0
CANDIDATE = "lstm_softmax.py"
FILES = Path(__file__).resolve().parent.parent / "harness" / "casebook" / "building-blocks"
OPTIONS = ("--shape", "T=12,B=4,D=7,H=16,K=9")
RESULTS = Path(__file__).with_name("results_watching.md")
#: a fault of one line: the cell's adjoint on its way back loses the forget gate
RIGHT, WRONG = "dc * ft, dconcat[n_a:]", "dc, dconcat[n_a:]"


class Save(NamedTuple):
    """One save; all in seconds."""

    verdict: str
    noticed: float  #: from before the save until the line that a round begins is read
    judged: float  #: by the command's own account: from there until the verdict is known
    whole: float  #: from before the save until the verdict is read

    @property
    def shown(self) -> float:
        """The table written and read."""
        return self.whole - self.noticed - self.judged


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, write; with fewer saves or comparisons than in full, print alone."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.watching", description=__doc__)
    parser.add_argument("--saves", type=int, default=SAVES)
    parser.add_argument("--comparisons", type=int, default=COMPARISONS)
    given = parser.parse_args(argv)
    if given.saves < 1 or given.comparisons < 1:
        parser.error("saves and comparisons: need 1 or more")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for file in (CANDIDATE, "lstm.py"):
            shutil.copy(FILES / file, folder)
        subprocess.run(_compare(), cwd=folder, check=True, stdout=subprocess.DEVNULL)  # fills the compilation cache
        cold = [_compared(folder) for _ in range(given.comparisons)]
        with _watching(folder) as until:
            first = until(r"agree after ([\d.]+) s")
            saves = list(_saves(folder, until, given.saves))
            last = _last_word(folder, until)
    page = table(cold, float(first[1]), saves, last)
    print(page)
    if (given.saves, given.comparisons) == (SAVES, COMPARISONS):
        RESULTS.write_text(page, encoding="utf-8")
    return 0


def _compare() -> list[str]:
    return [sys.executable, "-m", "harness", "compare", "--candidate", CANDIDATE, *OPTIONS]


def _compared(folder: Path) -> float:
    started = time.perf_counter()
    subprocess.run(_compare(), cwd=folder, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - started


Until = Callable[[str], re.Match[str]]


@contextmanager
def _watching(folder: Path) -> Iterator[Until]:
    """The command; what is given reads its output up to a line of a pattern."""
    process = subprocess.Popen(
        [sys.executable, "-m", "harness", "watch", CANDIDATE, *OPTIONS],
        cwd=folder, stdout=subprocess.PIPE, text=True, encoding="utf-8", env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    )  # fmt: skip
    assert process.stdout is not None
    output = process.stdout

    def until(pattern: str) -> re.Match[str]:
        for line in output:
            if found := re.search(pattern, line):
                return found
        raise SystemExit(f"benchmarks: watch ended before {pattern!r}")

    try:
        yield until
    finally:
        process.kill()
        process.communicate()


def _saves(folder: Path, until: Until, count: int) -> Iterator[Save]:
    """Right and wrong in turn, the fault in the module beside the file."""
    text = (folder / "lstm.py").read_text(encoding="utf-8")
    if text.count(RIGHT) != 1:
        raise SystemExit(f"benchmarks: {RIGHT!r} is not in the candidate any more")
    kinds = itertools.cycle((("differ", text.replace(RIGHT, WRONG)), ("agree", text)))
    for (verdict, saved), _ in zip(kinds, range(count), strict=False):
        time.sleep(PAUSE)
        started = time.perf_counter()
        (folder / "lstm.py").write_text(saved, encoding="utf-8")
        until("lstm.py saved")
        noticed = time.perf_counter() - started
        found = until(r"(\w+) after ([\d.]+) s;")
        whole = time.perf_counter() - started
        if found[1] != verdict:
            raise SystemExit(f"benchmarks: got {found[1]}, needs {verdict}")
        print(".", end="", file=sys.stderr, flush=True)
        yield Save(verdict, noticed, float(found[2]), whole)
    print(file=sys.stderr)


def _last_word(folder: Path, until: Until) -> dict[str, float]:
    """By the command's own account, from the beginning of a round until nothing more is to come."""
    shutil.copy(FILES / "lstm.py", folder)
    agree = until(r"agree, the last word after ([\d.]+) s")
    text = (folder / "lstm.py").read_text(encoding="utf-8")
    (folder / "lstm.py").write_text(text.replace(RIGHT, WRONG), encoding="utf-8")
    until("lstm.py saved")
    started = time.perf_counter()
    until("^diagnosis: ")
    diagnosed = time.perf_counter() - started
    differ = until(r"differ, the last word after ([\d.]+) s")
    return {"agree": float(agree[1]), "diagnosed": diagnosed, "differ": float(differ[1])}


def table(cold: Sequence[float], first: float, saves: Sequence[Save], last: dict[str, float]) -> str:
    """The page."""
    compared = statistics.median(cold)
    whole = statistics.median(save.whole for save in saves)
    lines = [
        "# From a save to a verdict",
        "",
        f"Made by `python -m benchmarks.watching` on {platform.machine()} with {os.cpu_count()} cores.",
        "",
        f"`python -m harness watch {CANDIDATE} {' '.join(OPTIONS)}`, a copy of the casebook's LSTM with all default",
        f"references, compilation cache warm; {len(saves)} saves of the module beside it, right and wrong in turn,",
        f"{PAUSE:g} s after the verdict before. Seconds; the library waits 0.05 s for the end of a save.",
        "",
        "| from save to verdict | median | worst |",
        "| --- | ---: | ---: |",
    ]
    rows = {
        "noticed, and the round begun": [save.noticed for save in saves],
        "judged by the references": [save.judged for save in saves],
        "table written and read": [save.shown for save in saves],
        "**whole**": [save.whole for save in saves],
        "whole, of those that agree": [save.whole for save in saves if save.verdict == "agree"],
        "whole, of those that differ": [save.whole for save in saves if save.verdict == "differ"],
    }
    lines += [
        f"| {name} | {statistics.median(values):.2f} | {max(values):.2f} |" for name, values in rows.items() if values
    ]
    return "\n".join([
        *lines,
        "",
        f"A whole `compare` of the same file, a process of its own, takes {compared:.1f} s (median of {len(cold)}):",
        f"**{compared / whole:.0f} times** as long as from save to verdict. It includes the candidate's own forward,",
        f"which `watch` asks behind the verdict: its last word comes after {last['agree']:.1f} s where all agrees.",
        f"Where it differs, the diagnosis is there after {last['diagnosed']:.1f} s, and the last word after",
        f"{last['differ']:.1f} s.",
        f"The first verdict, while the references load, takes {first:.1f} s.",
        "",
    ])  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
