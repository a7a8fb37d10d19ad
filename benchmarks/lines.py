"""Whether the wrong line is found, into docs/diagnosis.md: ``python -m benchmarks.lines`` (up to an hour).

The faults of `benchmarks.programs`, one at a time, and the right programs, of which nothing may be accused. Those of
the held-out programs are told apart from those that localisation was tuned on. With ``--programs`` or ``--limit`` the
page stays as it is.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks import pages, programs
from benchmarks.diagnoses import PAGE
from benchmarks.programs import Fault
from benchmarks.programs.scoring import Score, score, shares, table
from harness import brought
from harness.candidates.process import Process
from harness.cli import working
from harness.diagnosed import Place
from harness.diagnosis.lines.localise import Localised, localise
from harness.options import Options

#: that localisation may take for one candidate
SECONDS = 10.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Localise every fault, print what was not found, put the shares into the page; 1 where a right one is accused."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--programs", nargs="+", default=list(programs.names()), choices=programs.names(), metavar="P")
    parser.add_argument("--limit", type=int, help="how many faults of each program, spread evenly; by default all")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="that each may take")
    given = parser.parse_args(arguments)
    chosen = [fault for name in given.programs for fault in spread(programs.faults(name), given.limit)]
    scores = []
    for fault in working(chosen, len(chosen), "faults"):
        found, seconds = localised(fault.source, given.seconds)
        scores.append(score(fault, found.places, found.confirmed, seconds))
        print("\n".join(told(scores[-1], found)), end="", flush=True)
    accused = {name: places for name in given.programs if (places := blamed(name, given.seconds))}
    text = page(scores, accused)
    print(f"\n{text}")
    if given.limit is None and set(given.programs) == set(programs.names()) and given.seconds == SECONDS:
        pages.insert(PAGE, "lines", text)
    return 1 if accused else 0


def spread(faults: Sequence[Fault], limit: int | None) -> list[Fault]:
    """So many of them, at even distances."""
    if limit is None or limit >= len(faults):
        return list(faults)
    return [faults[k * len(faults) // limit] for k in range(limit)]


def localised(source: str, seconds: float) -> tuple[Localised, float]:
    """What is said of a candidate's source, and how long that took, its process warm."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "program.py"
        path.write_text(source, encoding="utf-8")
        with Process(str(path)) as process:
            laid = brought.bring(process, Options()).laid
            assert laid is not None, "every program has a layout"
            started = time.perf_counter()
            found = localise(laid, lambda words, fraction: None, seconds)
            return found, time.perf_counter() - started


def blamed(name: str, seconds: float) -> tuple[Place, ...]:
    """The places that a right program is accused of."""
    found, _ = localised(programs.program(name).read_text(encoding="utf-8"), seconds)
    return found.places


def told(one: Score, found: Localised) -> Iterator[str]:
    """What was said instead, where the wrong line was not confirmed."""
    if one.culprit:
        return
    words = "confirmed elsewhere" if one.confirmed else "named only" if one.named else "not found"
    yield f"{one.fault.name}: {words} in {one.seconds:.1f} s; wrong: {sorted(one.fault.lines)}"
    for place in found.places:
        yield f"    {place.certainty} {place.line} {place.variable}: holds {place.holds}, should hold {place.should}"
    yield from (f"    {note}" for note in found.notes)
    yield ""


def page(scores: Sequence[Score], accused: dict[str, tuple[Place, ...]]) -> str:
    """The block of the page: what localisation was tuned on and what it was not, each by itself."""
    tuned, held = ([one for one in scores if (one.fault.program in programs.HELD_OUT) is out] for out in (False, True))
    groups = (("Tuned on", tuned), ("Held out, in programs that nobody tuned on", held))
    blame = "; ".join(f"{name}: {', '.join(str(place.line) for place in places)}" for name, places in accused.items())
    parts = [
        *(_told(words, among) for words, among in groups if among),
        f"Right programs accused: {f'{len(accused)} ({blame})' if accused else '0'}.",
        "Where a statement is missing, what wrote its variable before and what reads it after count as its line.",
        *("\n".join((f"{words}:", "", *table(among))) for words, among in groups if among),
        "Made by\n\n    python -m benchmarks.lines",
    ]
    return "\n\n".join(parts)


def _told(words: str, scores: Sequence[Score]) -> str:
    confirmed, culprit, named = shares(scores)
    beyond = sum(one.fault.beyond for one in scores)
    among = {one.fault.program for one in scores}
    return (
        f"{words}: {len(scores)} wrong lines in {len(among)} programs, {beyond} of them such as no rule of the bank "
        f"makes. {confirmed} are localised, every output right once mended; the wrong line is among the confirmed in "
        f"{culprit} of these; the wrong line, or one that produces what it reads, is named in {named} of all."
    )


if __name__ == "__main__":
    sys.exit(main())
