"""The pytest plug-in: ``pytest --gradients lstm,rnn`` adds an item per cell, reference and array.

Unused it adds two options and imports nothing of ours but this file.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from harness.run import Row, Run


def pytest_addoption(parser: pytest.Parser) -> None:
    """The two options."""
    group = parser.getgroup("handgrad", "gradients against automatic differentiation")
    group.addoption("--gradients", metavar="CELLS", help="compare the gradients of these cells, e.g. lstm,rnn")
    group.addoption("--gradients-report", metavar="FILE", help="write the run, by suffix: .md, .csv or .json")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse now what would fail after the work, and take part only where asked to."""
    asked = config.getoption("--gradients")
    report = config.getoption("--gradients-report")
    if report and not asked:
        raise pytest.UsageError(
            "--gradients-report: got no --gradients, needs the cells to compare, e.g. --gradients lstm"
        )
    if asked:
        from harness.errors import BadInput

        try:
            config.pluginmanager.register(_Gradients(asked.split(","), Path(report) if report else None), "gradients")
        except BadInput as error:
            raise pytest.UsageError(str(error)) from None


class _Gradients:
    """The items, the runs behind them, and what is said of them at the end."""

    def __init__(self, cells: list[str], report: Path | None) -> None:
        from harness import output
        from harness.options import Options, model

        self._models = {cell: model(Options(cell=cell)) for cell in dict.fromkeys(name.strip() for name in cells)}
        self._report = report
        self._runs: dict[str, Run] = {}
        if report is not None:
            output.check(report)

    @pytest.hookimpl(tryfirst=True)  # before -k, -m and --lf choose
    def pytest_collection_modifyitems(self, session: pytest.Session, items: list[pytest.Item]) -> None:
        """Add the items after the ones that were collected."""
        collector = _Collector.from_parent(session, name="gradients", nodeid="gradients", gradients=self)
        items.extend(collector.collect())

    def names(self) -> Iterator[tuple[str, str, str]]:
        """Cell, reference and array of every comparison, known without running any."""
        from harness.comparison import choose
        from references import protocol

        for cell, model in self._models.items():
            for reference in choose(None):
                if not protocol.missing(reference) and not reference.unsupported(model):
                    yield from ((cell, reference.NAME, array) for array in model.graded)

    def run(self, cell: str) -> Run:
        """The one run behind all items of a cell, made when the first of them runs."""
        if cell not in self._runs:
            from harness.comparison import compare

            self._runs[cell] = compare(cell=cell, command=f"pytest --gradients {cell}")
        return self._runs[cell]

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The five worst errors, and the report."""
        from reports.terminal import row_text

        rows = [(cell, row) for cell, run in self._runs.items() for row in run.rows]
        if rows:
            terminalreporter.section("gradients: worst errors")
            for cell, row in sorted(rows, key=lambda pair: -pair[1].ratio)[:5]:
                terminalreporter.write_line(f"{cell} · {row_text(row)}")
        if self._report is not None and self._runs:
            from harness import output
            from harness.run import joined

            run = joined(list(self._runs.values()), f"pytest --gradients {','.join(self._runs)}")
            output.write(run, self._report)
            terminalreporter.write_line(f"gradients: wrote {self._report}")


class _Collector(pytest.Collector):
    def __init__(self, *, gradients: _Gradients, **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self._gradients = gradients

    def collect(self) -> Iterator[pytest.Item]:
        for cell, reference, array in self._gradients.names():
            yield _Item.from_parent(
                self, name=f"{cell}-{reference}-{array}", gradients=self._gradients, what=(cell, reference, array)
            )


class _Item(pytest.Item):
    def __init__(self, *, gradients: _Gradients, what: tuple[str, str, str], **kwargs: object) -> None:
        super().__init__(**kwargs)  # type: ignore[arg-type]
        self._gradients, self._what = gradients, what

    def runtest(self) -> None:
        cell, reference, array = self._what
        run = self._gradients.run(cell)
        judgement = run.judgements[0]
        row = next((row for row in judgement.rows if (row.array, row.reference) == (array, reference)), None)
        if row is None or (judgement.verdict != "agree" and all(row.verdict == "agree" for row in judgement.rows)):
            raise _Differs(f"{judgement.verdict}: {judgement.reason}", None)
        if row.verdict != "agree":
            raise _Differs(judgement.reason, row)
        for companion in run.companions:  # which say something where the default case itself agrees
            if judgement.verdict == "agree" != companion.verdict:
                reason = f"companion case {companion.case.source}: {companion.reason}"
                raise _Differs(f"{companion.verdict}: {reason}", None)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: object = None) -> str:
        if not isinstance(excinfo.value, _Differs):
            return str(super().repr_failure(excinfo))
        from reports.terminal import row_text

        error = excinfo.value
        if error.row is None:
            return error.reason
        return "\n".join((row_text(error.row), *(f"  {words}" for words in error.row.words), f"  {error.reason}"))

    def reportinfo(self) -> tuple[Path, None, str]:
        return self.path, None, f"gradients {self.name}"


class _Differs(Exception):
    def __init__(self, reason: str, row: Row | None) -> None:
        super().__init__(reason)
        self.reason, self.row = reason, row
