"""What all comparisons of one pytest session share: settings, the runs, the baseline, and what is said at the end."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from harness import inside, output
from harness.errors import BadInput
from harness.plugin.carried import packed, unpacked
from harness.plugin.kept import Kept
from harness.run import Run, joined
from harness.settings import Settings

#: of the rows, as many are told at the end
WORST = 5


class Comparing:
    """A plug-in of its own, registered where something is compared. Raises BadInput for settings that cannot be."""

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self.settings = Settings.read(Path(inside.project))
        report = config.getoption("--gradients-report")
        self._report = Path(report) if report else None
        if self._report is not None:
            output.check(self._report)
        self.kept = Kept.asked(config, self.settings)
        self._runs: dict[str, Run] = {}  # by the name of a marked test, or "gradients CELL"
        self._said: list[str] = []

    def take_part(self) -> None:
        """Add an item per cell, reference and array where there are cells. Raises BadInput for a cell there is not."""
        if asked := self._config.getoption("--gradients"):
            from harness.plugin.cells import Cells

            cells = list(dict.fromkeys(name.strip() for name in asked.split(",")))
            self._config.pluginmanager.register(Cells(cells, self), "gradients of cells")

    def collected(self, items: Sequence[pytest.Item], marked: Sequence[pytest.Item]) -> None:
        """Keep the names of marked tests, and see which tests of the baseline are no more."""
        from harness.plugin.marked import keep_name

        for item in marked:
            keep_name(item)
        self.kept.see(self._config, items)

    def add(self, name: str, run: Run) -> Run:
        """A run has been made."""
        self._runs[name] = run
        return run

    def receive(self, told: str) -> None:
        """Take what a worker sent: its runs, and what is to be written to the baseline."""
        sent = json.loads(told)
        for name, run in sent["runs"]:
            self._runs.setdefault(name, unpacked(run))
        self.kept.receive(sent["kept"])

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Send everything from a worker; elsewhere write what was asked for."""
        sending: dict[str, Any] | None = getattr(self._config, "workeroutput", None)
        if sending is not None:
            runs = [(name, packed(run)) for name, run in self._runs.items()]
            sending["gradients"] = json.dumps({"runs": runs, "kept": self.kept.sent()})
        elif not self._config.getoption("collectonly"):
            for write in (self._write_report, self._write_baseline):
                try:
                    write(session)
                except BadInput as error:
                    self._fail(session, str(error))

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """The worst errors, and what was written."""
        from reports.terminal import row_text

        rows = [(name.removeprefix("gradients "), row) for name, run in self._runs.items() for row in run.rows]
        if rows:
            terminalreporter.section("gradients: worst errors")
            for name, row in sorted(rows, key=lambda pair: -pair[1].ratio)[:WORST]:
                terminalreporter.write_line(f"{name} · {row_text(row)}")
        for line in (*self._said, *(self.kept.told() if self._runs else ())):
            terminalreporter.write_line(f"gradients: {line}")

    def _write_report(self, session: pytest.Session) -> None:
        if self._report is None:
            return
        if not self._runs:
            self._fail(session, f"--gradients-report: nothing was compared, so {self._report} was not written")
            return
        runs = [self._runs[name] for name in sorted(self._runs)]
        cells = [name.removeprefix("gradients ") for name in self._runs if name.startswith("gradients ")]
        command = f"pytest --gradients {','.join(sorted(cells))}" if len(cells) == len(runs) else "pytest"
        output.write(joined(runs, command), self._report)
        self._said.append(f"wrote {self._report}")

    def _write_baseline(self, session: pytest.Session) -> None:
        if self.kept.update and not self.kept.recorded:
            self._fail(session, f"--gradients-update: nothing agreed, so {self.kept.path} was not written")
        elif self.kept.update:
            self._said.append(self.kept.write())

    def _fail(self, session: pytest.Session, told: str) -> None:
        """Say what was asked for and not done; a session that went well so far ends as wrong usage does."""
        self._said.append(told)
        if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
