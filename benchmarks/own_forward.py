"""Verdicts by a candidate's own forward, into docs/verdicts.md: ``python -m benchmarks.own_forward``.

The planted faults of the bank, each as a candidate's file that nobody describes, and the sound candidates of the
casebook and the tests at numbers drawn anew, ordinary and large.
"""

from __future__ import annotations

import argparse
import random
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import harness
from benchmarks import pages
from harness import brought, casebook
from harness.bank.classes import classes
from harness.candidates.process import Process
from harness.cli import working
from harness.judge import judge
from harness.options import Options
from harness.own import draw
from harness.run import Judgement

ROOT = Path(__file__).resolve().parent.parent
#: by how much weights are multiplied
SCALES = (1.0, 4.0, 16.0)
FAULTED = """
from harness.bank.catalogue import fault
from harness.case import from_seed
from references.model import Model

faulted = fault({id!r})
model_ = {model!r}


def loss_and_grads(params, data):
    got = faulted.candidate(model_, {{**params, **data}})
    return got.loss, got.grads


def example(seed):
    arrays = from_seed(model_, {{"T": 6, "B": 3, "D": 4, "H": 5, "K": 7}}).copies()
    weights = [name for name in arrays if name[:2] in ("W_", "b_")]
    return {{name: arrays[name] for name in weights}}, {{n: a for n, a in arrays.items() if n not in weights}}
"""


def main() -> None:
    """Judge both kinds, and put what came of it into the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--faults", type=int, default=100, help="how many classes of fault")
    parser.add_argument("--seeds", type=int, default=6, help="how many times each sound candidate's numbers are drawn")
    given = parser.parse_args()
    seen, missed = faults(given.faults)
    verdicts, worst, count = sound(given.seeds)
    total = seen + len(missed)
    unseen = f"; not {', '.join(f'`{name}`' for name in missed)}" if missed else ""
    sizes = ", ".join(f"× {scale:g}" for scale in SCALES)
    lines = [
        f"Of {total} classes of planted faults, each a file without a layout, six steps long, {seen} differ{unseen}.",
        f"{count} sound candidates, {given.seeds} draws each, at weights {sizes}: {verdicts['agree']} agree, "
        f"{verdicts['inconclusive']} inconclusive, {verdicts['differ']} differ; worst error ÷ budget {worst:.2g}.",
        f"\nMade by\n\n    python -m benchmarks.own_forward --faults {given.faults} --seeds {given.seeds}",
    ]
    pages.insert(pages.VERDICTS, "own-forward", "\n".join(lines))
    print("\n".join(lines))


def faults(count: int) -> tuple[int, list[str]]:
    """How many classes of fault are seen, and the ids of those that are not."""
    chosen = random.Random(0).sample(classes(), count)
    missed = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "faulted.py"
        for one in working(chosen, count, "faults"):
            path.write_text(FAULTED.format(id=one.representative, model=one.models[0]), encoding="utf-8")
            if harness.compare(candidate=path).verdict != "differ":
                missed.append(one.representative)
    return count - len(missed), missed


def sound(seeds: int) -> tuple[Counter[str], float, int]:
    """The verdicts on sound candidates, the worst error ÷ budget, and how many candidates they are."""
    files = sound_files()
    judgements = [one for path in working(files, len(files), "sound candidates") for one in judged(path, seeds)]
    ratios = [row.ratio for one in judgements for row in one.rows if row.verdict == "agree"]
    return Counter(one.verdict for one in judgements), max(ratios), len(files)


def sound_files() -> list[Path]:
    """The casebook's right ones, and the right one of each convention."""
    right = [member.path for entry in casebook.entries().values() for member in entry.members if not _wrong(member)]
    return [*right, *sorted((ROOT / "tests" / "conventions").glob("*/right.py"))]


def _wrong(member: casebook.Member) -> bool:
    return member.own.verdict != "agree"


def judged(path: Path, seeds: int) -> Iterator[Judgement]:
    """A sound candidate at every size and draw."""
    with Process(str(path)) as process:
        given = brought.bring(process, Options())
        way = given.way(lambda words, fraction: None)
        for seed in range(seeds):
            params, data = draw.redrawn(given.params, given.data, seed)
            ordinary = way.point(params, data, f"seed {seed}", 1.0)
            yield judge(way.evidence(ordinary))
            for scale in SCALES[1:]:
                there = way.point(draw.multiplied(params, scale), data, f"weights × {scale:g}", 1.0)
                yield judge(way.evidence(there, ordinary))


if __name__ == "__main__":
    main()
