"""The command ``watch``: a candidate judged anew on every save, told as ``compare`` tells it."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness.errors import BadInput

if TYPE_CHECKING:
    from harness.run import Run

EXAMPLE = "Example: python -m harness watch my_lstm.py"


def watch(
    candidate: Annotated[str, typer.Argument(metavar="FILE[:NAME]", help="A candidate: see docs/bring-your-own.md.")],
    cell: Annotated[str | None, typer.Option(help="The cell, where the file does not say it.")] = None,
    activation: Annotated[str | None, typer.Option(help="Its activation, likewise.")] = None,
    loss: Annotated[str | None, typer.Option(help="The loss, likewise.")] = None,
    reduction: Annotated[str | None, typer.Option(help="sum, mean, mean-b or mean-t, likewise.")] = None,
    shape: Annotated[str | None, typer.Option(help="Sizes, as in T=20,H=8. Default: the example's.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float32 or float64. Default: float64.")] = None,
    seed: Annotated[int | None, typer.Option(help="What the case is drawn from. Default: 0.")] = None,
    seeds: Annotated[int | None, typer.Option(metavar="N", help="N cases, from the seed on.")] = None,
    references: Annotated[
        str | None, typer.Option(help="Which references, separated by commas. Default: all there are.")
    ] = None,
    truth: Annotated[
        str | None, typer.Option(help="What errors are measured against. Default: the best that can be had.")
    ] = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="Judge the given case alone, without its small companions.")
    ] = False,
    case: Annotated[Path | None, typer.Option(metavar="FILE", help="A saved case.")] = None,
    device: Annotated[str, typer.Option(help="Where torch and JAX run: cpu or cuda.")] = "cpu",
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="What one call of the candidate may take.")] = 60,
    memory: Annotated[float, typer.Option(metavar="GIB", help="What the candidate may use.")] = 4,
    no_diagnose: Annotated[bool, typer.Option("--no-diagnose", help="The table alone where it differs.")] = False,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every reference's row.")] = False,
) -> None:
    """Judge a candidate's file on every save: the verdict at once, the diagnosis behind it. Ctrl-C ends it."""
    from harness.watching import saves

    saves.check()
    options: dict[str, Any] = {
        "cell": cell, "activation": activation, "loss": loss, "reduction": reduction, "shape": shape, "dtype": dtype,
        "seed": seed, "seeds": seeds, "references": references, "truth": truth, "alone": alone, "case": case,
        "device": device, "timeout": timeout, "memory": memory,
    }  # fmt: skip
    check(options)
    from harness.watching.rounds import watch as run_watch

    command = repeated(candidate, options)
    run_watch(candidate, Shown(candidate, verbose, not no_diagnose), **options, diagnose=not no_diagnose,
              command=command)  # fmt: skip


def check(options: Mapping[str, Any]) -> None:
    """Raise BadInput at once for what no save of the file can mend."""
    from harness.case import DTYPES
    from harness.comparison import DEVICES
    from harness.options import Options, range_of_seeds
    from references import protocol

    allowed = {"dtype": DTYPES, "device": DEVICES, "truth": tuple(protocol.available())}
    for name, values in allowed.items():
        if options[name] is not None and options[name] not in values:
            raise BadInput(f"{name}: got {options[name]!r}, allowed: {', '.join(values)}")
    range_of_seeds(Options(seed=options["seed"], seeds=options["seeds"]))


def repeated(candidate: str, options: Mapping[str, Any]) -> str:
    """The command that judges the same once."""
    usual = {"device": "cpu", "timeout": 60, "memory": 4, "alone": False}
    words = ["python", "-m", "harness", "compare", "--candidate", candidate]
    for name, value in options.items():
        if value is not None and value != usual.get(name):
            words += [f"--{name}"] if value is True else [f"--{name}", f"{value:g}" if name in usual else str(value)]
    return shlex.join(words)


class Shown:
    """What happens, on standard output: line by line, each there at once, whoever reads it."""

    def __init__(self, candidate: str, verbose: bool, diagnose: bool) -> None:
        from reports import terminal

        self._candidate, self._verbose, self._diagnose = candidate, verbose, diagnose
        self._console = terminal.stdout()
        self._run: Run | None = None  #: as it was shown in this round

    def began(self, changes: Sequence[str]) -> None:
        """A line that parts the rounds: when, and what was saved."""
        from reports.drawing import width

        self._run = None
        what = ", ".join(changes) if changes else f"watching {self._candidate} and the modules beside it"
        title = f"——— {datetime.now():%H:%M:%S} · {what} "
        self._line("")
        self._line(title + "—" * max(3, width(self._console) - len(title)), "bold cyan")

    def stands(self, run: Run, seconds: float) -> None:
        """The table as soon as it is there; the diagnosis behind it."""
        first = self._run is None
        self._show(run)
        if first:
            follows = (
                "the diagnosis follows" if run.verdict == "differ" and self._diagnose else "its own forward is next"
            )
            self._line(f"{run.verdict} after {seconds:.2f} s; {follows}", "dim")

    def done(self, run: Run, seconds: float) -> None:
        """What came since the table, and that the round is over."""
        self._show(run)
        self._line(f"{run.verdict}, the last word after {seconds:.2f} s; waiting for a save", "dim")

    def refused(self, why: str) -> None:
        """Why the file cannot be worked with as it is."""
        self._line(f"✗ {why}", "bold red")
        self._line("waiting for a save", "dim")

    def interrupted(self) -> None:
        """That this round has no last word."""
        self._line("interrupted by a save", "dim")

    def _show(self, run: Run) -> None:
        """The run, or of one that is shown already what is new."""
        from reports import terminal

        before, self._run = self._run, run
        table = replace(run, diagnosis=None)
        if before is None:
            terminal.print_run(table, self._console, self._verbose)
        elif table.verdict != before.verdict:
            self._line("")
            terminal.print_run(table, self._console, self._verbose)
        else:
            for finding in run.findings:
                if finding not in before.findings:
                    self._line(f"{finding.name}: {finding.text}", "yellow")
        if run.diagnosis is not None and (before is None or before.diagnosis is None):
            self._line("")
            terminal.print_diagnosis(run.diagnosis, self._console)
            self._line("")
        self._console.file.flush()

    def _line(self, told: str, style: str = "") -> None:
        from reports.drawing import put, text, unbroken

        put(self._console, unbroken(text(self._console, told, style)))
        self._console.file.flush()
