"""Every command that a page shows is run: by the test that is named here, or by this one, in a folder with its files.

Nothing has to be listed: what a page shows and no other test runs is run here. Slow ones carry the marker.
"""

from __future__ import annotations

import importlib.util
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Any

import documented
import pytest
from documented import PAGES, ROOT, Command

from docs.made import commands as made
from harness import threads
from harness.cli import app, main

#: command → the test that runs it, or what it stands for at full length
ELSEWHERE = {
    "harness compare --candidate my_traced.py": (
        "tests/test_diagnosis_page.py::test_its_traced_candidate_is_judged_as_it_says"
    ),
    "harness sensitivity": "tests/harness/test_sensitivity.py::test_the_command",
    "harness train adder": "tests/test_training_page.py::test_the_figures_of_a_system_are_reached_again",
    "harness train primes": "tests/test_training_page.py::test_the_figures_of_a_system_are_reached_again",
    "harness compare --candidate my_wrong_rnn.py --diagnose --out report.html": (
        "tests/test_documented_commands.py::test_the_way_that_the_first_page_shows_leads_to_the_line"
    ),
    "harness watch my_lstm.py": "tests/harness/watching/test_command.py::test_ctrl_c_while_it_waits",
    "pytest --gradients lstm,rnn --junitxml gradients.xml": "tests/test_ci_page.py::test_the_pytest_line_writes_junit",
    "pytest -m slow": "tests/test_documented_commands.py::test_a_slow_command",
}
#: page → the test that runs all its indented commands, and where it keeps them
BY_PAGE = {
    "README.md": ("tests/test_readme.py", "test_its_commands_work"),
    "docs/bring-your-own.md": ("tests/test_bring_your_own.py", "test_its_files_are_judged_as_it_says"),
    "docs/pytest.md": ("tests/harness/test_pytest_plugin_page.py", "test_every_command_ends_as_it_says"),
}
#: a command that takes longer hangs
LIMIT = 300  # s
#: they take longer than about fifteen seconds on a busy machine
SLOW = {
    "harness casebook theano-versus-python --diagnose",
    "harness compare --candidate my_lstm.py --diagnose",
    "harness compare --candidate my_lstm.py --write-test test_my_lstm.py",
    "harness compare --candidate my_wrong_rnn.py --diagnose",
    "harness compare --candidate my_wrong_rnn.py --write-test test_my_wrong_rnn.py",
    "harness train sequence",
    "harness train primes --updates 300 --activation tanh --out curves.svg",
    "harness train names --updates 200 --sample 5",
    "harness train adder --updates 50 --candidate CASEBOOK/binary-adder/right.py",
    "harness train text --updates 5",
    "harness train text --candidate CASEBOOK/nan-lstm/loop.py",
    "harness train text --candidate harness/casebook/nan-lstm/loop.py",
    "harness train text --candidate harness/casebook/nan-lstm/loop_mended.py --clip 5",
    "pytest --gradients lstm,rnn --gradients-report gradients.md",
}
#: files that pages speak of without showing them; my_lstm.py and the published loop are wrong
WRONG = ("my_lstm.py", "nan-lstm/loop.py")
CASEBOOK = ROOT / "harness" / "casebook"
COMPILED = ("./lstm", "./my_lstm")


@pytest.fixture(autouse=True)
def _few_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the command line sets them for itself: see harness.workers."""
    for name in threads.SETTINGS:
        monkeypatch.setenv(name, "1")


def module(path: str) -> Any:
    spec = importlib.util.spec_from_file_location(f"page_{Path(path).stem}", ROOT / path)
    assert spec is not None and spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def run_by_page() -> set[str]:
    """The commands that the tests of single pages run."""
    readme, bring, plug_in = (module(path) for path, _ in BY_PAGE.values())
    found = [*readme.commands(), *(shlex.split(command) for command, _ in bring.COMMANDS)]
    pytests = {" ".join(("pytest", *shlex.split(command))) for command, *_ in plug_in.COMMANDS}
    return {" ".join(("harness", *arguments)) for arguments in found} | pytests


def left(pages: Sequence[str] = PAGES) -> list[Command]:
    """What is run here: each once, with the page that shows it first; make's targets and ways to write are no runs."""
    elsewhere = run_by_page() | set(ELSEWHERE)
    shown = [command for page in pages for command in documented.commands(page)]
    once = {command.text: command for command in reversed(shown)}
    chosen = [c for c in reversed(once.values()) if c.text not in elsewhere and c.program != "make" and not c.usage]
    return sorted(chosen, key=lambda command: pages.index(command.page))


def prepared(folder: Path) -> None:
    """The files that pages show, and those that they speak of."""
    for page in PAGES:
        for name, text in documented.files((ROOT / page).read_text(encoding="utf-8")).items():
            if not name.startswith("test_"):  # those of the page on pytest fail, as it says
                (folder / name).write_text(text, encoding="utf-8")
    for name, source in (("my_lstm.py", "fault_3.py"), ("program.py", "program.py")):
        shutil.copy(CASEBOOK / "nan-lstm" / source, folder / name)


def run(command: Command, folder: Path) -> subprocess.CompletedProcess[str]:
    """A command in a folder that holds what it needs."""
    words = [re.sub(r"^(CASEBOOK|harness/casebook)/", f"{CASEBOOK}/", word) for word in command.arguments]
    program = next((name for name in COMPILED if any(word.startswith(f"{name} ") for word in words)), "")
    if program or "gradients.safetensors" in words:
        compiled(folder / (program or COMPILED[1]))
    if "gradients.safetensors" in words:
        subprocess.run([COMPILED[1], "case.safetensors", "gradients.safetensors"], cwd=folder, check=True)
    start = [sys.executable, "-m", command.program, *words]
    return subprocess.run(start, cwd=folder, capture_output=True, text=True, timeout=LIMIT)


def compiled(binary: Path) -> None:
    """The example in C, by the name that a page gives it."""
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("needs a C compiler")
    source = ROOT / "examples" / "c" / "lstm.c"
    subprocess.run([compiler, "-std=c11", "-O2", "-o", binary, source, "-lm"], check=True)


def expected(command: Command) -> int:
    """What the page says, or what must come of a program that is known to be wrong."""
    if command.verdict:
        return {"agree": 0, "differ": 1}[command.verdict]
    return int(any(word.endswith(WRONG) for word in command.arguments))


QUICK = [command for command in left() if command.text not in SLOW]


@pytest.mark.parametrize("page", dict.fromkeys(command.page for command in QUICK))
def test_the_commands_of_a_page_work(page: str, tmp_path: Path) -> None:
    prepared(tmp_path)
    for command in QUICK:  # in the order of the page: one reads what another wrote
        if command.page == page:
            done = run(command, tmp_path)
            assert done.returncode == expected(command), (command.text, done.stdout[-2000:], done.stderr)


@pytest.mark.slow
@pytest.mark.parametrize("text", sorted(SLOW))
def test_a_slow_command(text: str, tmp_path: Path) -> None:
    command = next(command for command in left() if command.text == text)
    prepared(tmp_path)
    done = run(command, tmp_path)
    assert done.returncode == expected(command), (done.stdout[-2000:], done.stderr)


def test_what_is_named_here_is_there() -> None:
    shown = {command.text for page in PAGES for command in documented.commands(page)}
    assert set(ELSEWHERE) <= shown
    assert SLOW <= {command.text for command in left()}
    for node in (*ELSEWHERE.values(), *("::".join(pair) for pair in BY_PAGE.values())):
        path, _, name = node.partition("::")
        assert f"def {name}(" in (ROOT / path).read_text(encoding="utf-8"), node
    assert len(run_by_page() & shown) > 25


def unknown(command: Command) -> list[str]:
    """What of a command there is not: a target of make, a command of ours, an option of it."""
    if command.program == "make":
        targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
        return [word for word in command.arguments if word not in targets]
    if command.program != "harness":
        return []
    found = made.commands(app)
    name = command.arguments[0]
    if name not in found:
        return [] if name.startswith("--") else [name]
    options = {option for p in found[name].params for option in (*p.opts, *p.secondary_opts)}
    return [word for word in command.arguments[1:] if word.startswith("-") and word not in {*options, "--help"}]


def test_every_target_command_and_option_is_a_real_one() -> None:
    shown = [command for page in PAGES for command in documented.commands(page)]
    assert sum(command.program == "make" for command in shown) >= 5
    assert [(command.page, command.text) for command in shown if unknown(command)] == []


PLANTED = """\
Run `make nonsense` or `python -m harness compare --cell nonesuch`, or

    python -m harness comparison --cell lstm
    make test  # there is one

```bash
$ python -m harness compare --no-such-option
```

```python
make = "python -m harness nothing"
```
"""


def test_what_nobody_runs_is_found_wherever_it_stands(tmp_path: Path) -> None:
    found = documented.commands("planted.md", PLANTED)
    assert [command.text for command in found] == [
        "harness compare --no-such-option", "harness comparison --cell lstm", "make test", "make nonsense",
        "harness compare --cell nonesuch",
    ]  # fmt: skip
    assert [unknown(command) for command in found] == [["--no-such-option"], ["comparison"], [], ["nonsense"], []]
    assert run(found[-1], tmp_path).returncode == 2 != expected(found[-1])


def test_a_page_that_is_new_is_run_here(tmp_path: Path) -> None:
    page = tmp_path / "new.md"
    page.write_text(PLANTED, encoding="utf-8")
    assert [command.text for command in left([*PAGES, str(page)]) if command.page == str(page)] == [
        "harness compare --no-such-option", "harness comparison --cell lstm", "harness compare --cell nonesuch",
    ]  # fmt: skip


def test_the_way_that_the_first_page_shows_leads_to_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    page = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    block = re.search(r"<!-- shown by the command above -->\n```text\n(.*?)```", page, re.DOTALL)
    assert block is not None
    prepared(tmp_path)
    monkeypatch.chdir(tmp_path)
    compared = ["compare", "--candidate", "my_wrong_rnn.py"]
    assert main([*compared, "--diagnose", "--out", "report.html"]) == 1
    told = " ".join(capsys.readouterr().out.split())
    for part in block[1].split("\n\n"):
        assert " ".join(part.split()) in told
    wrong = "(h[t + 1] - y[t]) * (1 - h[t + 1] ** 2) + dh"
    assert page.count(wrong) == 2
    report = Path("report.html").read_text("utf-8")
    assert "my_wrong_rnn.py" in report and escape(wrong) in report
    candidate = Path("my_wrong_rnn.py")
    mended = candidate.read_text("utf-8").replace(wrong, "(h[t + 1] - y[t] + dh) * (1 - h[t + 1] ** 2)")
    candidate.write_text(mended, encoding="utf-8")
    assert main([*compared, "--references", "extended"]) == 0
