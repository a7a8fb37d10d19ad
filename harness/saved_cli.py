"""The commands on saved runs, which need no framework: ``badge`` and ``annotate``."""

from __future__ import annotations

import os
from itertools import zip_longest
from pathlib import Path
from typing import Annotated, Any

import typer

from harness.errors import BadInput


def badge(
    runs: Annotated[
        list[Path],
        typer.Argument(metavar="RUN.json", help="Runs saved by compare --out RUN.json; several are counted as one."),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The badge: .svg, or .json for the endpoint.")],
) -> None:
    """Make the badge of saved runs."""
    from harness.files import replace_whole
    from reports import badge as badges
    from reports import refusal

    makers = {".svg": badges.svg, ".json": badges.endpoint}
    suffix = out.suffix.lower()
    if suffix not in makers:
        raise BadInput(refusal(str(out), f'suffix "{suffix}"', makers))
    replace_whole(out, makers[suffix](badges.counted([_saved(path) for path in runs])))


def annotate(
    runs: Annotated[list[Path], typer.Argument(metavar="RUN.json", help="Runs saved by compare --out RUN.json.")],
    root: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="The repository. Default: $GITHUB_WORKSPACE, or this folder.")
    ] = None,
) -> None:
    """Print an annotation per wrong array, at its line, as GitHub Actions reads them: see docs/ci.md."""
    from reports.annotations import lines

    folder = root or Path(os.environ.get("GITHUB_WORKSPACE") or ".")
    told = []
    for path, data in [(path, _saved(path)) for path in runs]:
        try:
            told.append(lines(data, folder))
        except ValueError as error:
            raise BadInput(f"{path}: {error}") from None
    for turn in zip_longest(*told):  # only the first ten are shown: the worst of each run comes before the others
        for line in filter(None, turn):
            typer.echo(line)


def _saved(path: Path) -> dict[str, Any]:
    """A saved run. Raises BadInput where the file is none."""
    from reports import badge as badges

    try:
        return badges.load(path)
    except OSError as error:
        raise BadInput(f"{path}: cannot be read: {error.strerror}") from None
    except ValueError as error:
        raise BadInput(str(error)) from None
