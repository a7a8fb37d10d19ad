"""The command line. Bad input is one line on standard error and exit code 2, never a traceback."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from harness import saved_cli, threads, train_cli, watch_cli
from harness.errors import BadInput
from harness.files import write_each
from harness.version import VERSION

if TYPE_CHECKING:
    from harness.case import Case
    from harness.run import Run

#: What typer raises for wrong usage; it has its own copy of click, which it exports in part.
UsageProblem: type[Exception] = next(kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException")

INTERRUPTED = 130  # also what Typer makes of a KeyboardInterrupt
EXAMPLE = """\
Examples:

\b
python -m harness compare --cell lstm --shape T=20,H=8 --dtype float32 --out report.md
python -m harness compare --candidate my_cell.py

A complete my_cell.py, of which more is in docs/bring-your-own.md:

\b
import numpy as np

\b
def loss_and_grads(params, data):
    W, x, y = params["W"], data["x"], data["y"]
    h = np.tanh(W @ x)
    da = (h - y) * (1 - h**2)
    return 0.5 * np.sum((h - y) ** 2), {"W": np.outer(da, x)}

\b
def example(seed):
    rng = np.random.default_rng(seed)
    return {"W": rng.normal(size=(4, 3))}, {"x": rng.normal(size=3), "y": rng.normal(size=4)}
"""
LAYOUT_EXAMPLE = "Example: python -m harness layout my_lstm.py"
CASEBOOK_EXAMPLE = "Example: python -m harness casebook theano-versus-python"

#: Files by whose suffix a run is drawn, adjoints step by step among the rest.
_PICTURES = (".html", ".svg", ".png")

app = typer.Typer(
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    help="Is this hand-written backward pass right, and if not, where is it wrong?",
)


@app.callback(invoke_without_command=True)
def _root(
    context: typer.Context, version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False
) -> None:
    if version:
        typer.echo(f"handgrad {VERSION}")
    elif context.invoked_subcommand is None:
        typer.echo(context.get_help())


@app.command(epilog=EXAMPLE)
def compare(
    context: typer.Context,
    candidate: Annotated[
        str | None,
        typer.Option(
            metavar="FILE[:NAME]|COMMAND",
            help="What is under test: a Python file, or a command with {case} and {out}. Default: handgrad's own.",
        ),
    ] = None,
    gradients: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Gradients computed elsewhere from the --case.")
    ] = None,
    cell: Annotated[str | None, typer.Option(help="The cell: see 'cells'. Default: lstm.")] = None,
    activation: Annotated[str | None, typer.Option(help="The cell's activation: see 'cells'. Default: tanh.")] = None,
    loss: Annotated[str | None, typer.Option(help="The loss. Default: softmax-cross-entropy.")] = None,
    reduction: Annotated[str | None, typer.Option(help="sum, mean, mean-b or mean-t. Default: sum.")] = None,
    bias: Annotated[str | None, typer.Option(help="Biases: none, one or two. Default: two.")] = None,
    readout: Annotated[
        bool | None, typer.Option("--readout/--no-readout", help="A linear readout. Default: where the loss takes one.")
    ] = None,
    shape: Annotated[str | None, typer.Option(help="Sizes. Default: T=12,B=4,D=7,H=16,K=9.")] = None,
    dtype: Annotated[str | None, typer.Option(help="float32 or float64. Default: float64.")] = None,
    seed: Annotated[int | None, typer.Option(help="What the case is drawn from. Default: 0.")] = None,
    seeds: Annotated[int | None, typer.Option(metavar="N", help="N cases, from the seed on.")] = None,
    references: Annotated[
        str | None,
        typer.Option(help="Which references, separated by commas; truth always runs. Default: all there are."),
    ] = None,
    truth: Annotated[
        str | None, typer.Option(help="What errors are measured against. Default: the best that can be had.")
    ] = None,
    alone: Annotated[
        bool, typer.Option("--alone", help="Judge the given case alone, without its small companions.")
    ] = False,
    text: Annotated[Path | None, typer.Option(metavar="FILE", help="A case from a text: next characters.")] = None,
    case: Annotated[Path | None, typer.Option(metavar="FILE", help="A saved case.")] = None,
    save_case: Annotated[Path | None, typer.Option(metavar="FILE", help="Save the case.")] = None,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="Write the run, by suffix: .html, .md, .csv, .json, .svg, .png. May be repeated."
        ),
    ] = None,
    diagnose: Annotated[
        bool, typer.Option("--diagnose", help="Where it differs: which equation, which line, a counterexample.")
    ] = False,
    write_test: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the counterexample as a pytest file; diagnoses.")
    ] = None,
    device: Annotated[str, typer.Option(help="Where torch and JAX run: cpu or cuda.")] = "cpu",
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="What one call of a candidate may take.")] = 60,
    memory: Annotated[float, typer.Option(metavar="GIB", help="What a candidate may use.")] = 4,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Show every reference's row.")] = False,
) -> None:
    """Compare hand-derived gradients with automatic ones on identical weights."""
    from harness import output
    from harness.comparison import compare as run_compare
    from reports import terminal

    for path in out or ():
        output.check(path)
    with _told_progress() as told:
        run = run_compare(
        candidate=candidate, gradients=gradients, timeout=timeout, memory=memory, working=told,
        cell=cell, activation=activation, loss=loss, reduction=reduction, bias=bias, readout=readout, shape=shape,
        dtype=dtype, seed=seed, seeds=seeds, references=references, truth=truth, alone=alone, text=text, case=case,
        save_case=save_case, device=device, progress=_progress if candidate is None else None,
        diagnose=diagnose, write_test=write_test, adjoints=any(path.suffix.lower() in _PICTURES for path in out or ()),
        command=shlex.join(["python", "-m", "harness", *context.obj]),
        )  # fmt: skip
    problems = write_each(lambda path: output.write(run, path), out or ())
    console = terminal.stdout()
    terminal.print_run(run, console, verbose=verbose)
    if problems:
        raise BadInput("; ".join(map(str, problems)))
    asked = diagnose or write_test is not None
    if run.verdict == "differ" and not asked and gradients is None and console.file.isatty():
        terminal.print_offer(f"{run.command} --diagnose", console)
    if asked and (lacking := _lacking(run, write_test)):
        _tell(lacking)
    raise typer.Exit(run.exit_code)


def _lacking(run: Run, test: Path | None) -> str:
    """What was asked for and is not there, in words: that nothing differs is no lack but of a test."""
    from harness.diagnosing import counterexample

    unwritten = "" if test is None or counterexample(run.diagnosis) else f"{test} was not written"
    if run.diagnosis is not None:
        return unwritten and f"{unwritten}: no counterexample that stands by itself was found"
    if run.verdict == "agree":
        return unwritten and f"{unwritten}: the verdict is agree"
    why = (
        "no diagnosis could be made" if run.verdict == "differ" else f"no diagnosis where the verdict is {run.verdict}"
    )
    return "; ".join(part for part in (why, unwritten) if part)


@app.command()
def cells() -> None:
    """The cells there are, with their gates, states and activations, and the losses."""
    from references import equations
    from references.equations import losses

    for name in equations.cells():
        cell = equations.cell(name)
        summary = (cell.__doc__ or "").splitlines()[0]
        typer.echo(f"{name}: {summary}")
        typer.echo(f"  gates {', '.join(cell.GATES)} · states {', '.join(cell.STATES)}")
        typer.echo(f"  activations {', '.join(cell.ACTIVATIONS)}")
    typer.echo(f"losses: {', '.join(losses.NAMES)}")


@app.command()
def references() -> None:
    """The references there are, and which are installed."""
    from references import protocol

    for name, reference in protocol.available().items():
        missing = protocol.missing(reference)
        state = f"not installed: {missing}" if missing else protocol.version(reference)
        typer.echo(f"{name}: {reference.SUMMARY} ({state})")


@app.command()
def sensitivity(
    context: typer.Context,
    sound: Annotated[int, typer.Option(metavar="N", help="How many sound cases to look for false alarms in.")] = 200,
    shapes: Annotated[int, typer.Option(metavar="N", help="How many shapes to spread them over.")] = 20,
    jobs: Annotated[int | None, typer.Option(metavar="N", help="Processes. Default: one per core.")] = None,
    out: Annotated[list[Path] | None, typer.Option(metavar="FILE", help="Write the study: .html, .json, .md.")] = None,
    badge: Annotated[Path | None, typer.Option(metavar="FILE", help="Its line as a badge: .svg, or .json.")] = None,
) -> None:
    """Turn the harness on itself: planted faults, the smallest errors that are seen, false alarms."""
    from harness.files import check_writable, replace_whole
    from harness.sensitivity.study import study
    from reports import badge as badges
    from reports import refusal, sensitivity_html, terminal
    from reports import sensitivity as told

    makers = {".svg": badges.picture, ".json": badges.shield}
    formats = {".html": sensitivity_html.render, **told.FORMATS}
    targets = [(path, sorted(formats)) for path in out or ()] + ([(badge, list(makers))] if badge else [])
    for path, allowed in targets:
        if path.suffix.lower() not in allowed:
            raise BadInput(refusal(str(path), f'suffix "{path.suffix}"', allowed))
        check_writable(path)
    for name, count, least in (("sound", sound, 0), ("shapes", shapes, 1), ("jobs", jobs, 1)):
        if count is not None and count < least:
            raise BadInput(f"{name}: got {count}, needs {least} or more")
    found = study(
        sound=sound, shapes=min(shapes, max(sound, 1)), jobs=jobs, progress=working,
        command=shlex.join(["python", "-m", "harness", *context.obj]),
    )  # fmt: skip
    for path in out or ():
        replace_whole(path, formats[path.suffix.lower()](found))
    right = told.sound(found)
    if badge is not None:
        colour = badges.AGREE if right else badges.COLOURS["differ"]
        replace_whole(badge, makers[badge.suffix.lower()]("gradient check", told.line(found), colour))
    terminal.print_tables(told.line(found), told.tables(found), terminal.stdout())
    raise typer.Exit(0 if right else 1)


@app.command(epilog=LAYOUT_EXAMPLE)
def layout(
    candidate: Annotated[str, typer.Argument(metavar="FILE[:NAME]", help="A candidate: see docs/bring-your-own.md.")],
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="What one call of the candidate may take.")] = 60,
    memory: Annotated[float, typer.Option(metavar="GIB", help="What the candidate may use.")] = 4,
) -> None:
    """Find a candidate's layout: the lines to paste into its file, and what else fits."""
    from harness.layout.finding import find

    with _told_progress() as told:
        code, lines = find(candidate, timeout, memory, told)
    for line in lines:
        typer.echo(line)
    raise typer.Exit(code)


@app.command(epilog=CASEBOOK_EXAMPLE)
def casebook(
    context: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="One system, in full. Default: all of them.")
    ] = None,
    diagnose: Annotated[
        bool, typer.Option("--diagnose", help="With a NAME: why each candidate that differs does.")
    ] = False,
    out: Annotated[
        list[Path] | None, typer.Option(metavar="FILE", help="Write what is found: .html. May be repeated.")
    ] = None,
) -> None:
    """Judge the published systems: what is expected beside what is found, exit 1 on any departure."""
    from harness import casebook_output
    from harness.casebook import entries, entry, showing
    from reports import terminal
    from reports.casebook_html import Casebook

    console = terminal.stdout()
    page = Casebook("", shlex.join(["python", "-m", "harness", *context.obj]), (), ())
    for path in out or ():
        casebook_output.check(path)
    if diagnose and name is None:
        raise BadInput(f"diagnose: needs the NAME of a system: {', '.join(entries())}")
    if name is not None:
        chosen = entry(name)
        if chosen.missing:
            raise BadInput(f"casebook {name}: {chosen.missing}")
        typer.echo(chosen.story)
        with _told_progress() as told:
            runs = showing.in_full(chosen, told, diagnose)
        page = replace(page, story=chosen.story, shown=casebook_output.shown(chosen, runs))
        for member, run in runs:
            terminal.print_tables(f"{member.path.name}: {member.about}", showing.numbers(chosen, member, run), console)
            terminal.print_run(showing.on_its_own_data(run), console)
            if member.layout is not None:
                typer.echo()
                terminal.print_run(replace(run, diagnosis=None), console)
            if run.diagnosis is not None:
                typer.echo()
                terminal.print_diagnosis(run.diagnosis, console)
            typer.echo()
    tables, departures = showing.overview(entries().values() if name is None else [chosen], working)
    title = "all is as expected" if not departures else f"{len(departures)} departures from what is expected"
    terminal.print_tables(title, tables, console)
    for departure in departures:
        typer.echo(departure)
    for path in out or ():
        casebook_output.write(replace(page, title=title, overview=tables, departures=departures), path)
    raise typer.Exit(1 if departures else 0)


app.command(cls=train_cli.TrainCommand)(train_cli.train)
app.command(epilog=watch_cli.EXAMPLE)(watch_cli.watch)


app.command()(saved_cli.badge)
app.command()(saved_cli.annotate)


def _progress(cases: Iterable[Case], count: int) -> Iterable[Case]:
    """Show cases passing by, or that there is work going on, where somebody looks."""
    if not sys.stderr.isatty():
        return cases
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    if count > 1:
        return track(cases, "Comparing", total=count, console=console, transient=True)

    def shown() -> Iterator[Case]:
        with console.status("Comparing"):
            yield from cases

    return shown()


@contextmanager
def _told_progress() -> Iterator[Callable[[str, float], None]]:
    """What shows, where somebody looks, how far a piece of work has come."""
    if not sys.stderr.isatty():
        yield lambda words, fraction: None
        return
    from rich.console import Console

    with Console(stderr=True).status("") as status:
        yield lambda words, fraction: status.update(f"{words}: {fraction:.0%}")


def working(tasks: Iterable[Any], count: int, words: str) -> Iterable[Any]:
    """Show tasks passing by where somebody looks."""
    if not sys.stderr.isatty():
        return tasks
    from rich.console import Console
    from rich.progress import track

    return track(tasks, words.capitalize(), total=count, console=Console(stderr=True), transient=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line: 0 agree · 1 differ or error · 2 bad input or usage · 3 inconclusive · 130 interrupted."""
    if arguments is None:  # a process of our own, whose cores the workers share: see harness.workers
        for name in threads.SETTINGS:
            os.environ.setdefault(name, "1")
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        code = int(app(args=given, obj=tuple(given), prog_name="handgrad", standalone_mode=False) or 0)
    except BadInput as error:
        return _say(str(error))
    except UsageProblem as error:
        problem = error.format_message().rstrip(".")  # type: ignore[attr-defined]
        return _say(f"{problem}; see 'python -m harness --help'")
    except train_cli.Interrupted as interruption:
        _tell(str(interruption))
        return INTERRUPTED
    except (KeyboardInterrupt, typer.Abort):
        code = INTERRUPTED
    if code == INTERRUPTED:
        print("handgrad: interrupted", file=sys.stderr)
    return code


def _say(message: str) -> int:
    _tell(message)
    return 2


def _tell(message: str) -> None:
    """One line on standard error."""
    print(f"handgrad: {' '.join(message.split())}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
