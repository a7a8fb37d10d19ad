"""The command line as a page: every command and option, as the program itself declares them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from typing import Any

from typer import Context
from typer.main import get_command

PROGRAM = "python -m harness"


def page() -> str:
    """A section for every command: its use, what it does, its arguments and options, its examples."""
    from harness.cli import app

    return "\n\n".join("\n\n".join(_command(name, command)) for name, command in commands(app).items())


def commands(app: Any) -> dict[str, Any]:
    """Typer's commands, by name."""
    found: dict[str, Any] = get_command(app).commands  # type: ignore[attr-defined]
    return {name: command for name, command in found.items() if not command.hidden}


def told(command: Any) -> list[tuple[str, str]]:
    """Every argument and option of a command: as it is written, and what it says of itself."""
    records = [parameter.get_help_record(_context(command)) for parameter in command.params]
    return [(" ".join(written.split()), " ".join(says.split())) for written, says in filter(None, records)]


def _context(command: Any) -> Context:
    return Context(command, info_name=f"{PROGRAM} {command.name}")


def _command(name: str, command: Any) -> Iterator[str]:
    yield f"## {name}"
    yield f"```text\n{' '.join(_context(command).get_usage().removeprefix('Usage: ').split())}\n```"
    yield _plain(command.help or "")
    if rows := [f"| {_code(written)} | {_plain(says)} |" for written, says in told(command)]:
        yield "\n".join(["| argument or option | what it does |", "| --- | --- |", *rows])
    if example := _epilog(command):
        yield f"```text\n{example}\n```"


def _code(written: str) -> str:
    """Code in a table, where a bar would end the cell."""
    return f"<code>{escape(written).replace('|', '&#124;')}</code>"


def _plain(text: str) -> str:
    """Text that is no markup: what the program says of itself stands as it is said."""
    return re.sub(r"([|<>*_\[\]`{}\\])", r"\\\1", " ".join(text.split()))


def _epilog(command: Any) -> str:
    """What the help ends with, examples or a list, without the marks that keep its lines apart."""
    text = command.epilog or _formatted(command)
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.rstrip() for line in text.replace("\b\n", "").strip().splitlines()))


def _formatted(command: Any) -> str:
    """The epilog of a command that makes it only when somebody asks."""
    formatter = _context(command).make_formatter()
    command.format_epilog(_context(command), formatter)
    text: str = formatter.getvalue()
    return text
