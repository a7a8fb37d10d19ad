"""What the README shows is what the program does: its commands are run, its report is regenerated."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path

import faults
import pytest

import harness
from harness.version import VERSION
from reports import terminal

ROOT = Path(__file__).parent.parent
WRITES = ("--out", "--save-case")
#: what takes longest, and is run by tests of its own as well: all of the casebook, and what PyTensor compiles
LONG = (["casebook"], ["compare", "--cell", "rnn", "--references", "theano,complex-step,central-difference,jax-jvp"])
README = (ROOT / "README.md").read_text(encoding="utf-8")


def model_question() -> str:
    """Casebook C1 as the README shows it: the verdict, the table and where it differs."""
    run = harness.compare(case=faults.model_question(), candidate=faults.no_flow_through_time, references="extended")
    lines = [line.rstrip() for line in terminal.plain(run).splitlines()]
    return "\n".join(lines[: next(n for n, line in enumerate(lines) if line.startswith("finding"))])


def test_the_report_it_shows_is_the_report_it_gives() -> None:
    """To regenerate it: UPDATE_README=1. The numbers of agreeing rows are rounding, which is the machine's."""
    block = re.search(r"<!-- generated[^\n]*-->\n```text\n(.*?)```", README, re.DOTALL)
    assert block is not None
    shown = model_question()
    if os.environ.get("UPDATE_README"):
        text = README[: block.start(1)] + shown + "\n" + README[block.end(1) :]
        (ROOT / "README.md").write_text(text, encoding="utf-8")
        pytest.skip("README.md was rewritten")

    def without_rounding(text: str) -> list[list[str]]:
        rows = [line.split() for line in text.splitlines()]
        return [row[:1] if "agree" in row[-2:] else [word for word in row if "e+" not in word] for row in rows if row]

    assert without_rounding(block[1]) == without_rounding(shown)


def test_the_answer_it_shows_is_how_the_page_on_diagnosis_begins() -> None:
    page = (ROOT / "docs" / "diagnosis.md").read_text(encoding="utf-8")
    told = re.search(r"<!-- begin C1 -->\n```text\n(.*?)```", page, re.DOTALL)
    shown = re.search(r"<!-- The beginning[^\n]*-->\n```text\n(.*?)```", README, re.DOTALL)
    assert told is not None and shown is not None
    assert len(shown[1]) > 200 and told[1].startswith(shown[1])


def commands() -> list[list[str]]:
    return [shlex.split(line) for line in re.findall(r"^    python -m harness (.*)$", README, re.MULTILINE)]


def reads(arguments: list[str]) -> bool:
    """Whether a command reads what another one writes."""
    written = {after for other in commands() for word, after in pairwise(other) if word in WRITES}
    return any(after in written and word not in WRITES for word, after in pairwise(arguments))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """With the files that the commands read."""
    (tmp_path / "README.md").write_text(README, encoding="utf-8")
    page = (ROOT / "docs" / "bring-your-own.md").read_text(encoding="utf-8")
    (first,) = re.findall(r"```python\n(# my_rnn\.py\n.*?)```", page, re.DOTALL)
    (tmp_path / "my_rnn.py").write_text(first, encoding="utf-8")
    return tmp_path


def check(chosen: list[list[str]], folder: Path, at_once: int = 1) -> None:
    def run(arguments: list[str]) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "harness", *arguments]
        return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=300)

    with ThreadPoolExecutor(at_once) as pool:
        for arguments, done in zip(chosen, pool.map(run, chosen), strict=True):
            assert done.returncode == 0, (arguments, done.stdout, done.stderr)


def test_its_commands_work(folder: Path) -> None:
    assert len(commands()) > 5
    chosen = [arguments for arguments in commands() if arguments not in LONG]
    check([arguments for arguments in chosen if not reads(arguments)], folder, at_once=2)
    check([arguments for arguments in chosen if reads(arguments)], folder)


@pytest.mark.slow
@pytest.mark.parametrize("arguments", LONG, ids=" ".join)
def test_its_long_commands_work(arguments: list[str], folder: Path) -> None:
    assert arguments in commands()
    check([arguments], folder)


def test_its_python_works() -> None:
    blocks = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
    assert len(blocks) == 2
    for code in blocks:
        exec(compile(code, "README.md", "exec"), {})


def test_every_option_is_a_real_one() -> None:
    from typer.main import get_command

    from harness.cli import app

    known = {option for command in get_command(app).commands.values() for p in command.params for option in p.opts}  # type: ignore[attr-defined]
    plug_in = {"--gradients", "--gradients-report", "--gradients-baseline"}
    pip = {"--constraint", "--editable"}
    assert set(re.findall(r"(?<!\S)--[a-z][a-z-]+", README)) <= known | plug_in | pip


def test_the_changelog_has_this_version() -> None:
    assert f"## [{VERSION}]" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
