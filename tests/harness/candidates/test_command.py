"""Candidates in other languages: a command that reads a case and writes gradients, and how it can fail."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.candidates.command import Command
from harness.candidates.failure import CandidateFailed
from harness.case import Case, from_seed
from harness.companions import known
from harness.errors import BadInput
from references.model import Model

EXAMPLE = Path(__file__).parents[3] / "examples" / "c" / "lstm.c"
LSTM = Model("lstm", "tanh", "softmax-cross-entropy", "sum", 2, True)
SMALL = {"T": 5, "B": 3, "D": 4, "H": 6, "K": 7}
UNIX = pytest.mark.skipif(os.name != "posix", reason="signals and memory limits are Unix")

#: a program that answers rightly, by handgrad, with something planted before it writes
PROGRAM = """
import os, sys, time
from pathlib import Path
import numpy as np
import handgrad
from harness import casefile
from harness.candidates import exchange
case = casefile.load(Path(sys.argv[1]))
out = Path(sys.argv[2])
answer = handgrad.loss_and_grads(case.copies(), cell="lstm", loss=case.model.loss)
{}
exchange.write(out, answer.grads, answer.loss)
"""

Program = Callable[..., Command]


@pytest.fixture(scope="module")
def case() -> Case:
    return from_seed(LSTM, SMALL)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """A command from Python text."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[3]))

    def write(text: str = PROGRAM.format(""), timeout: float = 60.0, memory: float = 4.0) -> Command:
        (tmp_path / "program.py").write_text(text)
        return Command(f"'{sys.executable}' '{tmp_path}/program.py' {{case}} {{out}}", timeout, memory)

    return write


def fails(command: Command, case: Case, *, match: str) -> CandidateFailed:
    with pytest.raises(CandidateFailed, match=match) as raised:
        command.run(case)
    assert "\n" not in str(raised.value)
    return raised.value


def test_a_command_answers(program: Program, case: Case) -> None:
    given = program().run(case)
    truth = known(case)
    for name, grad in given.grads.items():
        assert (np.abs(grad - truth.truth.grads[name]) <= truth.budgets.grads[name]).all()
    assert given.loss is not None and given.impure == () and given.notes == () and given.seconds > 0
    assert given.grads.keys() == set(case.model.graded)


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("./no_such {case} {out}", "candidate ./no_such: there is no such program"),
        ("no-such-program {case} {out}", "candidate no-such-program: there is no such program"),
        ("plain {case} {out}", "candidate plain: there is no such program; the file in this folder is ./plain"),
        ("./plain {case} {out}", "candidate ./plain: is not executable; chmod +x makes it so"),
        ("./folder {case} {out}", "candidate ./folder: is a folder, needs a program"),
        ("ls {case}", "candidate ls {case}: got no {out}, needs both as arguments: the file with the case, and the "
         "file to write the gradients to"),
        ("ls", "candidate ls: got no {case} and no {out}, needs both as arguments: the file with the case, and the "
         "file to write the gradients to"),
        ("ls '{case} {out}", "candidate ls '{case} {out}: no closing quotation"),
    ],
)  # fmt: skip
def test_what_is_no_command(template: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "plain").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(BadInput) as raised:
        Command(template)
    assert str(raised.value) == message


@UNIX
@pytest.mark.parametrize(
    ("script", "match"),
    [
        ("exit 3", r"^its process ended with exit code 3$"),
        ("echo first >&2; echo 'cannot read x' >&2; exit 3", r"^its process ended with exit code 3: cannot read x$"),
        ("kill -SEGV $$", r"^its process ended by signal 11 \(SIGSEGV\)$"),
        ("kill -KILL $$", r"^its process ended by signal 9 \(SIGKILL\)$"),
        ("true", r"^it wrote no \{out\}$"),
        ("mkdir $2", r"^it wrote no \{out\}$"),
        (": > $2", r"^what it wrote: is damaged or no safetensors file"),
        ("cp $1 $2", r"^what it wrote: grads: got 'y', allowed: W_ih, "),
        ("head -c 100 $1 > $2", r"^what it wrote: is damaged or no safetensors file"),
    ],
)
def test_how_a_command_fails(tmp_path: Path, case: Case, script: str, match: str) -> None:
    (tmp_path / "script.sh").write_text(script)
    fails(Command(f"sh {tmp_path}/script.sh {{case}} {{out}}"), case, match=match)


@UNIX
def test_a_file_that_is_no_program(tmp_path: Path, case: Case) -> None:
    (tmp_path / "text").write_text("no program")
    (tmp_path / "text").chmod(0o755)
    fails(Command(f"{tmp_path}/text {{case}} {{out}}"), case, match="^its process ended with exit code 126: cannot be "
          "run: Exec format error$")  # fmt: skip


@UNIX
def test_an_endless_command_is_ended_with_its_children(tmp_path: Path, case: Case) -> None:
    (tmp_path / "script.sh").write_text(f"sleep 1000 & echo $! > {tmp_path}/child; echo going on; wait")
    started = time.monotonic()
    failure = fails(Command(f"sh {tmp_path}/script.sh {{case}} {{out}}", timeout=1), case,
                    match=r"^it gave no answer within 1 s$")  # fmt: skip
    assert time.monotonic() - started < 10 and failure.printed == "going on\n"
    status = Path(f"/proc/{(tmp_path / 'child').read_text().strip()}/status")
    until = time.monotonic() + 5
    while status.exists() and "Z (zombie)" not in status.read_text() and time.monotonic() < until:
        time.sleep(0.02)
    assert not status.exists() or "Z (zombie)" in status.read_text()


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other platforms do not limit data")
def test_memory_of_a_command(program: Program, case: Case) -> None:
    program(PROGRAM.format("np.ones(2**24)"), memory=0.6).run(case, times=1)
    fails(
        program(PROGRAM.format("np.ones(2**27)"), memory=0.6), case, match=r"exit code 1: .*Unable to allocate 1\.00 G"
    )


def test_megabytes_of_print(program: Program, case: Case) -> None:
    command = program(PROGRAM.format("print('x' * 20_000_000, 'the end')"))
    command.run(case, times=1)
    assert command.printed.endswith("x the end\n") and len(command.printed) <= 64 * 1024


def test_a_command_that_answers_differently(program: Program, case: Case) -> None:
    plant = "answer.grads['W_hh'][0, 0] += time.time_ns() % 10**6"
    given = program(PROGRAM.format(plant)).run(case)
    assert given.impure == ("run twice on the same file it answers differently: W_hh",)


def test_a_command_that_changes_the_case(program: Program, case: Case) -> None:
    given = program(PROGRAM.format("Path(sys.argv[1]).write_bytes(b'')")).run(case)
    assert given.impure == ("it changes the file with the case",)


def test_places_inside_an_argument(tmp_path: Path, case: Case, program: Program) -> None:
    program()
    text = (tmp_path / "program.py").read_text()
    for k in (1, 2):
        text = text.replace(f"sys.argv[{k}]", f"sys.argv[{k}].partition('=')[2]")
    (tmp_path / "program.py").write_text(text)
    command = Command(f"'{sys.executable}' {tmp_path}/program.py --in={{case}} --out={{out}}")
    assert command.run(case, times=1).loss is not None


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., str]:
    """The C example as a program, with a part of its text replaced."""
    compiler = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
    if compiler is None:
        pytest.skip("there is no C compiler")

    def compile_(old: str = "", new: str = "") -> str:
        folder = tmp_path_factory.mktemp("c")
        text = EXAMPLE.read_text()
        assert text.count(old) == 1 or not old
        (folder / "lstm.c").write_text(text.replace(old, new) if old else text)
        strict = ["-std=c11", "-O2", "-Wall", "-Wextra", "-Wpedantic", "-Werror"]
        subprocess.run([compiler, *strict, "-o", "lstm", "lstm.c", "-lm"], cwd=folder, check=True)
        return f"{folder}/lstm {{case}} {{out}}"

    return compile_


@pytest.fixture(scope="module")
def right(compiled: Callable[..., str]) -> str:
    return compiled()


def differing(command: str, case: Case) -> list[str]:
    """The arrays that the command has wrong, beyond what rounding explains."""
    given, truth = Command(command).run(case), known(case)
    assert given.loss is not None and abs(given.loss - truth.truth.loss) <= truth.budgets.loss
    assert given.impure == () and given.notes == () and given.grads.keys() == set(case.model.graded)
    return [
        name
        for name, grad in given.grads.items()
        if not (np.abs(grad - truth.truth.grads[name]) <= truth.budgets.grads[name]).all()
    ]


@pytest.mark.parametrize(
    "sizes", [SMALL, {"T": 12, "B": 4, "D": 7, "H": 16, "K": 9}, dict.fromkeys("TBDHK", 1)], ids=str
)
def test_the_example_in_c_is_right(right: str, sizes: dict[str, int]) -> None:
    assert differing(right, from_seed(LSTM, sizes)) == []


def test_a_mistake_in_the_example_is_seen(compiled: Callable[..., str], case: Case) -> None:
    broken = compiled("cb[k] = dck * f;", "cb[k] = dck;    ")
    assert sorted(differing(broken, case)) == ["W_hh", "W_ih", "b_hh", "b_ih", "c0", "h0", "x"]


@pytest.mark.parametrize(
    ("model", "dtype", "match"),
    [
        (
            Model("rnn", "tanh", "softmax-cross-entropy", "sum", 2, True),
            "float64",
            "exit code 2: cell: this program has",
        ),
        (Model("lstm", "tanh", "cotangent", "sum", 2, False), "float64", "exit code 2: loss: this program has"),
        (Model("lstm", "tanh", "softmax-cross-entropy", "mean", 2, True), "float64", "exit code 2: reduction: this"),
        (LSTM, "float32", "exit code 2: W_ih: this program reads float64 cases"),
    ],
)
def test_the_example_says_what_it_has_not(right: str, model: Model, dtype: str, match: str) -> None:
    fails(Command(right), from_seed(model, SMALL, dtype), match=match)


def test_the_compile_line_of_the_readme(tmp_path: Path, case: Case, compiled: object) -> None:
    lines = (EXAMPLE.with_name("README.md")).read_text().splitlines()
    line = next(line.strip() for line in lines if line.strip().startswith("cc "))
    shutil.copy(EXAMPLE, tmp_path)
    subprocess.run(line.split(), cwd=tmp_path, check=True)
    assert Command(f"{tmp_path}/lstm {{case}} {{out}}").run(case).loss is not None
