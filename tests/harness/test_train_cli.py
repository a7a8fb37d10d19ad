"""The command ``train`` as a user meets it; what trains is replaced wherever only the command is in question."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import trainings

from harness import cli, trained_output
from harness.errors import BadInput
from harness.trained import Trained

OUTPUTS = ("curves.svg", "curves.png", "curves.csv", "all.json", "summary.md", "page.html")

Calls = list[tuple[tuple[Any, ...], dict[str, Any]]]


def run(*arguments: str | Path) -> int:
    return cli.main(["train", *(str(argument) for argument in arguments)])


def pretend(monkeypatch: pytest.MonkeyPatch, found: Trained) -> Calls:
    """Training finds this, at once; what it was asked for is kept."""
    calls: Calls = []

    def train(*given: Any, **options: Any) -> Trained:
        calls.append((given, options))
        return found

    monkeypatch.setattr("harness.training.train.train", train)
    return calls


def never(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training must not begin."""

    def train(*given: Any, **options: Any) -> Trained:
        raise AssertionError("it trains")

    monkeypatch.setattr("harness.training.train.train", train)


@pytest.mark.parametrize(
    ("name", "code"),
    [("agreeing", 0), ("together", 0), ("by hand alone", 0), ("exploding", 1), ("differing", 1), ("failing", 1)],
)
def test_the_exit_code_is_the_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str, code: int
) -> None:
    pretend(monkeypatch, trainings.EVERY[name])
    assert run("sequence") == code
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.startswith(("✓ agree", "–") if code == 0 else ("✗ differ", "! error"))


def test_inconclusive_is_exit_3(monkeypatch: pytest.MonkeyPatch) -> None:
    lost = trainings.lockstep(9, verdict="inconclusive", reason="jax contradicts itself")
    pretend(monkeypatch, trainings.trained(trainings.trainee(lockstep=lost)))
    assert run("sequence") == 3


def test_what_is_asked_for_arrives(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    calls = pretend(monkeypatch, trainings.agreeing())
    assert run(
        "names", "--updates", "7", "--activation", "tanh", "--candidate", "mine.py", "--data", tmp_path, "--hidden",
        "5", "--rate", "0.5", "--clip", "4", "--clip-norm", "3", "--seed", "2", "--reference", "torch", "--no-drift",
        "--sample", "6", "--timeout", "9", "--memory", "1",
    ) == 0  # fmt: skip
    run("sequence", "--hand-only")
    run("adder")
    (given, asked), (_, alone), (_, plain) = calls
    assert given == ("names",)
    progress = asked.pop("progress")
    assert progress is None  # nobody looks
    assert asked.pop("command").startswith("python -m harness train names --updates 7 --activation tanh")
    assert asked == {
        "updates": 7, "activation": "tanh", "candidate": "mine.py", "data": tmp_path, "hidden": 5, "rate": 0.5,
        "clip": 4.0, "clip_norm": 3.0, "seed": 2, "reference": "torch", "lockstep": True, "drift": False, "samples": 6,
        "timeout": 9.0, "memory": 1.0,
    }  # fmt: skip
    assert (alone["lockstep"], alone["drift"]) == (False, False)
    assert (plain["lockstep"], plain["drift"], plain["samples"], plain["updates"]) == (True, True, 0, None)


def test_every_output(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pretend(monkeypatch, trainings.exploding())
    assert run("text", *(part for name in OUTPUTS for part in ("--out", tmp_path / name))) == 1
    assert ElementTree.parse(tmp_path / "curves.svg").getroot().tag.endswith("svg")
    assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG")
    assert "LSTM,loss per character,3,8e+90" in (tmp_path / "curves.csv").read_text()
    assert json.loads((tmp_path / "all.json").read_text())["verdict"] == "differ"
    assert (tmp_path / "summary.md").read_text().startswith("## ✗ differ")


def test_hostile_names_can_be_written(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    pretend(monkeypatch, trainings.hostile())
    assert run("text", *(part for name in OUTPUTS for part in ("--out", tmp_path / name))) == 1
    for name in OUTPUTS:
        if not name.endswith("png"):
            assert (tmp_path / name).read_text("utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "task: got none, allowed: adder, names, primes, sequence, text"),
        (["prime"], "task: got 'prime', allowed: adder, names, primes, sequence, text"),
        (["adder", "--out", "x.pdf"], 'x.pdf: got suffix ".pdf", allowed: .csv, .html, .json, .md, .png, .svg'),
        (["adder", "--out", "none/x.svg"], "none/x.svg: cannot be written: there is no folder none"),
        (["adder", "--out", "x.csv", "--out", "folder.json"], "folder.json: is a folder, needs a file to write to"),
        (["adder", "--hand-only", "--reference", "jax"], "reference: got jax beside --hand-only, which needs none"),
        (["adder", "--sample", "-1"], "sample: got -1, needs 0 or more"),
        (["adder", "--updates", "many"], "Invalid value for '--updates': Input should be a valid integer"),
        (["adder", "names"], "Got unexpected extra argument"),
    ],
)
def test_bad_input_is_one_line_before_any_work(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    arguments: list[str],
    message: str,
) -> None:
    never(monkeypatch)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.json").mkdir()
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"handgrad: {message}")
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""
    assert [path.name for path in tmp_path.iterdir()] == ["folder.json"]


def test_what_training_refuses_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def refuse(*_: Any, **__: Any) -> Trained:
        raise BadInput("names x.txt: is empty")

    monkeypatch.setattr("harness.training.train.train", refuse)
    assert run("names", "--data", "x.txt") == 2
    assert capsys.readouterr().err == "handgrad: names x.txt: is empty\n"


@pytest.mark.parametrize(("name", "refused"), [("x.svg", True), ("x.png", True), ("x.csv", False), ("x.json", False)])
def test_a_picture_without_its_extra_is_refused_before_any_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, refused: bool
) -> None:
    calls = pretend(monkeypatch, trainings.agreeing())
    monkeypatch.setattr("reports.vega.find_spec", lambda module: None if module == "altair" else object())
    assert run("adder", "--out", tmp_path / name) == (2 if refused else 0)
    assert len(calls) == (not refused)
    message = "handgrad: curves: altair not installed: pip install 'handgrad[curves]'\n"
    assert capsys.readouterr().err == (message if refused else "")


def test_an_interrupt_keeps_what_was_measured_and_says_so_in_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pretend(monkeypatch, trainings.interrupted())
    assert run("sequence", *(part for name in OUTPUTS for part in ("--out", tmp_path / name))) == 130
    captured = capsys.readouterr()
    assert captured.err == "handgrad: interrupted after update 60 of 100: what was measured is kept\n"
    assert "60 of 100" in captured.out
    assert all((tmp_path / name).stat().st_size for name in OUTPUTS)
    assert json.loads((tmp_path / "all.json").read_text())["interrupted"] is True


def test_an_interrupt_elsewhere_is_exit_130_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted(*_: Any, **__: Any) -> Trained:
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.training.train.train", interrupted)
    assert run("sequence") == 130
    assert capsys.readouterr().err == "handgrad: interrupted\n"


def test_a_file_that_cannot_be_written_loses_neither_the_others_nor_the_report(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    pretend(monkeypatch, trainings.agreeing())
    write = trained_output.replace_whole

    def full(path: Path, content: str | bytes) -> None:
        if path.suffix == ".md":
            raise BadInput(f"{path.name}: cannot be written: No space left on device")
        write(path, content)

    monkeypatch.setattr(trained_output, "replace_whole", full)
    assert run("sequence", "--out", tmp_path / "a.md", "--out", tmp_path / "a.csv") == 2
    captured = capsys.readouterr()
    assert captured.err == "handgrad: a.md: cannot be written: No space left on device\n"
    assert captured.out.startswith("✓ agree")
    assert (tmp_path / "a.csv").exists()


def test_a_picture_that_cannot_be_drawn_loses_nothing_else(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    def fail(trained: Trained) -> str:
        raise ValueError("no such font\nat line 7")

    pretend(monkeypatch, trainings.agreeing())
    monkeypatch.setattr(trained_output, "FORMATS", {**trained_output.FORMATS, ".svg": fail})
    assert run("sequence", "--out", tmp_path / "a.svg", "--out", tmp_path / "a.csv") == 2
    captured = capsys.readouterr()
    assert captured.err == f"handgrad: {tmp_path / 'a.svg'}: cannot be drawn: no such font\n"
    assert captured.out.startswith("✓ agree")
    assert (tmp_path / "a.csv").exists()


def test_an_existing_output_is_replaced_as_a_whole_and_survives_bad_input(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "x.csv").write_text("kept")
    pretend(monkeypatch, trainings.agreeing())
    assert run("prime", "--out", tmp_path / "x.csv") == 2
    assert (tmp_path / "x.csv").read_text() == "kept"
    assert run("adder", "--out", tmp_path / "x.csv") == 0
    assert (tmp_path / "x.csv").read_text().startswith("trainee,")


def test_help_lists_every_task_with_its_summary_and_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    from harness.training.tasks import available

    assert run("--help") == 0
    told = " ".join(capsys.readouterr().out.split())
    for name, task in available().items():
        assert f" {name} {' '.join(task.SUMMARY.split())}" in told
    (example,) = re.findall(r"Example: python -m harness (train .*\.svg)$", told)
    assert example == "train sequence --activation tanh --out curves.svg"


def test_the_example_of_the_help_is_accepted(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    calls = pretend(monkeypatch, trainings.together())
    assert run("--help") == 0
    example = capsys.readouterr().out.split("python -m harness train ")[-1].split()
    assert run(*example) == 0
    assert calls[0][1]["activation"] == "tanh"
    assert (tmp_path / "curves.svg").exists()


def test_a_bar_where_somebody_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """The words of whoever trains stand beside it, without markup or control characters."""

    class Tty(io.StringIO):
        def isatty(self) -> bool:
            return True

    looked_at = Tty()
    monkeypatch.setattr(sys, "stderr", looked_at)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")

    def train(*_: Any, progress: Callable[[str, float], None] | None, **__: Any) -> Trained:
        assert progress is not None
        progress("[bold]LSTM[/bold]\x07\u202e: loss 0.123, agrees so far", 0.5)
        return trainings.agreeing()

    monkeypatch.setattr("harness.training.train.train", train)
    assert run("sequence") == 0
    shown = looked_at.getvalue()
    assert "[bold]LSTM[/bold]: loss 0.123, agrees so far" in shown
    assert "50%" in shown
    assert not {"\x07", "\u202e"} & set(shown)


def test_importing_the_command_line_is_cheap(tmp_path: Path) -> None:
    heavy = "{'torch', 'jax', 'numpy', 'pandas', 'rich', 'altair', 'vl_convert'}"
    asked = f"import sys, harness.cli; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", asked], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.stdout, done.stderr) == ("[]\n", "")
