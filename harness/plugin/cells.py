"""``--gradients lstm,rnn``: an item per cell, reference and array."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import pytest

from harness import baseline, comparison
from harness.errors import BadInput
from harness.failure import diagnosis_lines, row_lines
from harness.options import Options, model
from harness.plugin.comparing import Comparing
from harness.run import Judgement, Row, Run
from references import protocol


class What(NamedTuple):
    """What one item compares."""

    cell: str
    reference: str
    array: str

    @property
    def entry(self) -> str:
        """Its name in a baseline."""
        return f"{self.array} against {self.reference}"


class Cells:
    """The items, and the one run behind all items of a cell. Raises BadInput for a cell or setting there is not."""

    def __init__(self, cells: Sequence[str], comparing: Comparing) -> None:
        self.comparing = comparing
        self._models = {cell: model(Options(cell=cell)) for cell in cells}
        self._chosen = comparison.choose(comparing.settings.compared.get("references"))
        self._runs: dict[str, Run] = {}

    @pytest.hookimpl(tryfirst=True)  # before -k, -m and --lf choose
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add the items after the ones that were collected."""
        for cell in self._models:  # a file each, to pytest-xdist too: with loadfile and loadscope a worker has it whole
            collector = _Collector.from_parent(session, name=cell, nodeid=f"gradients/{cell}", cells=self)
            items.extend(collector.collect())

    def items(self, cell: str) -> Iterator[What]:
        """Every comparison of a cell, known without running any; and what only the baseline knows."""
        known = list(dict.fromkeys(self._known(cell)))
        yield from known
        if not self.comparing.kept.update:
            entries = {what.entry for what in known}
            for entry in self.comparing.kept.entries(f"gradients {cell}"):
                array, _, reference = entry.partition(" against ")
                if entry not in entries:
                    yield What(cell, reference, array)

    def run(self, cell: str) -> Run:
        """The one run behind all items of a cell, made when the first of them runs."""
        if cell not in self._runs:
            given = {"cell": cell, "command": f"pytest --gradients {cell}"}
            try:
                run = comparison.compare(**self.comparing.settings.arguments(given))
            except BadInput as error:
                raise BadInput(self.comparing.settings.blame(error, given)) from None
            self._runs[cell] = self.comparing.add(f"gradients {cell}", run)
        return self._runs[cell]

    def complaint(self, what: What) -> str:
        """What an item fails with; empty where it passes."""
        run = self.run(what.cell)
        known = {one.entry for one in self._known(what.cell)}
        told = _complaint(run, what, known)
        if told:
            return "\n".join((told, *diagnosis_lines(run)))
        return self._worse(run, what) or _missing(run, what)

    def _worse(self, run: Run, what: What) -> str:
        """Than the baseline. An update drops what no item stands for, too."""
        test, kept = f"gradients {what.cell}", self.comparing.kept
        known = {one.entry for one in self._known(what.cell)}
        gone = [entry for entry in kept.entries(test) if entry not in known] if kept.update else []
        return kept.complaint(test, baseline.errors(run), [what.entry, *gone])

    def _known(self, cell: str) -> Iterator[What]:
        graded = self._models[cell].graded
        truth = self.comparing.settings.compared.get("truth")
        for reference in self._chosen:
            if not protocol.missing(reference) and not reference.unsupported(self._models[cell]):
                yield from (What(cell, reference.NAME, array) for array in graded)
        if truth in protocol.available():
            yield from (What(cell, str(truth), array) for array in graded)


class _Collector(pytest.Collector):
    def __init__(self, *, cells: Cells, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self._cells = cells

    def collect(self) -> Iterator[pytest.Item]:
        for what in self._cells.items(self.name):
            yield _Item.from_parent(self, name="-".join(what), cells=self._cells, what=what)


class _Item(pytest.Item):
    def __init__(self, *, cells: Cells, what: What, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self._cells, self._what = cells, what
        self.add_marker(pytest.mark.xdist_group(f"gradients {what.cell}"))

    def runtest(self) -> None:
        try:
            told = self._cells.complaint(self._what)
        except BadInput as error:
            told = str(error)
        if told:
            pytest.fail(told, pytrace=False)

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"gradients {self.name}"


def _complaint(run: Run, what: What, known: Collection[str]) -> str:
    """Why the comparison does not pass; empty where it does.

    What differs and is the row of no item, such as the loss or a row of truth that nobody named, fails every item.
    """
    for judgement in run.judgements:
        row = _row(judgement, what)
        if row is not None and row.verdict != "agree":
            return "\n".join((*row_lines(row), f"  {judgement.reason}"))
        told = any(row.verdict != "agree" and f"{row.array} against {row.reference}" in known for row in judgement.rows)
        if judgement.verdict != "agree" and (row is None or not told):
            return f"{judgement.verdict}: {judgement.reason}"
    for companion in run.companions:  # which say something where the given cases themselves agree
        if companion.verdict != "agree" and all(judgement.verdict == "agree" for judgement in run.judgements):
            return f"{companion.verdict}: companion case {companion.case.source}: {companion.reason}"
    return ""


def _missing(run: Run, what: What) -> str:
    """That nothing was compared, and why, where no judgement has the row; empty where one has."""
    if any(_row(judgement, what) for judgement in run.judgements):
        return ""
    reasons = [
        one.reason for judgement in run.judgements for one in judgement.participants if one.name == what.reference
    ]
    return f"{what.entry}: was not compared: {next(filter(None, reasons), 'no such comparison came about')}"


def _row(judgement: Judgement, what: What) -> Row | None:
    return next((row for row in judgement.rows if (row.array, row.reference) == (what.array, what.reference)), None)
