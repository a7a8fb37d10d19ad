"""The command ``train``: the published systems train, the hand gradient beside the automatic one."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperCommand

from harness.errors import BadInput
from harness.files import write_each

EXAMPLE = "Example: python -m harness train sequence --activation tanh --out curves.svg"


class Interrupted(Exception):
    """Somebody interrupted the training; its words say how far it had come."""


class TrainCommand(TyperCommand):
    """Help with the tasks there are, which are looked up only where somebody asks for it."""

    def format_epilog(self, ctx: Any, formatter: Any) -> None:
        """A line per task, and an example."""
        from harness.training.tasks import available

        with formatter.section("Tasks"):
            formatter.write_dl([(name, task.SUMMARY) for name, task in available().items()])
        formatter.write_paragraph()
        formatter.write_text(EXAMPLE)


def train(
    context: typer.Context,
    task: Annotated[str | None, typer.Argument(metavar="TASK", help="What to train: see below.")] = None,
    updates: Annotated[int | None, typer.Option(metavar="N", help="How many updates. Default: as published.")] = None,
    activation: Annotated[
        str | None, typer.Option(help="Another activation, beside the published one: sequence, primes.")
    ] = None,
    candidate: Annotated[
        str | None, typer.Option(metavar="FILE", help="Descend by this backward pass. Default: handgrad's own.")
    ] = None,
    data: Annotated[Path | None, typer.Option(metavar="FILE", help="What to train on: names, text.")] = None,
    hidden: Annotated[int | None, typer.Option(metavar="H", help="Hidden units. Default: as published.")] = None,
    rate: Annotated[float | None, typer.Option(metavar="R", help="The rate. Default: as published.")] = None,
    clip: Annotated[
        float | None, typer.Option(metavar="L", help="Clip each entry of the gradients to ±L; 0 for not at all.")
    ] = None,
    clip_norm: Annotated[
        float | None, typer.Option(metavar="N", help="Scale all gradients together down to this norm.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="What is drawn from. Default: as published.")] = None,
    reference: Annotated[str | None, typer.Option(help="The automatic gradient: jax, torch, … Default: jax.")] = None,
    hand_only: Annotated[bool, typer.Option("--hand-only", help="By hand alone: nothing is compared.")] = False,
    no_drift: Annotated[
        bool, typer.Option("--no-drift", help="Leave out the second trajectory, by automatic gradients.")
    ] = False,
    sample: Annotated[int, typer.Option(metavar="N", help="Sample N times from the trained model: names, text.")] = 0,
    out: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="FILE", help="By suffix: curves as .svg, .png, .csv; all as .html, .json, .md. May be repeated."
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(metavar="SECONDS", help="What one call of a candidate may take.")] = 60,
    memory: Annotated[float, typer.Option(metavar="GIB", help="What a candidate may use.")] = 4,
) -> None:
    """Train a published system: at every update the hand gradient is compared at the same weights."""
    from harness import trained_output
    from harness.training import tasks
    from reports import terminal, training, training_terminal

    allowed = ", ".join(tasks.available())
    if task is None or task not in tasks.available():
        raise BadInput(f"task: got {'none' if task is None else repr(task)}, allowed: {allowed}")
    if hand_only and reference is not None:
        raise BadInput(f"reference: got {reference} beside --hand-only, which needs none: leave one of them out")
    if sample < 0:
        raise BadInput(f"sample: got {sample}, needs 0 or more")
    for path in out or ():
        trained_output.check(path)
    from harness.training.train import train as run_training

    with _told_progress() as progress:
        trained = run_training(
            task, updates=updates, activation=activation, candidate=candidate, data=data, hidden=hidden, rate=rate,
            clip=clip, clip_norm=clip_norm, seed=seed, reference=reference, lockstep=not hand_only,
            drift=not (no_drift or hand_only), samples=sample, timeout=timeout, memory=memory, progress=progress,
            command=shlex.join(["python", "-m", "harness", *context.obj]),
        )  # fmt: skip
    problems = write_each(lambda path: trained_output.write(trained, path), out or ())
    training_terminal.print_trained(trained, terminal.stdout())
    if problems:
        raise BadInput("; ".join(map(str, problems)))
    if trained.interrupted:
        raise Interrupted(training.interruption(trained))
    raise typer.Exit(trained.exit_code)


@contextmanager
def _told_progress() -> Iterator[Callable[[str, float], None] | None]:
    """A bar, with the words of whoever works, where somebody looks."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    from reports.words import clean

    columns = (BarColumn(), TaskProgressColumn(), TimeRemainingColumn(), TextColumn("{task.description}", markup=False))
    with Progress(*columns, console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task("", total=1.0)
        yield lambda words, fraction: bars.update(bar, description=clean(words), completed=fraction)
