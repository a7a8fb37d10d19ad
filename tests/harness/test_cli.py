"""The command line as a user meets it. Most run in this process; comparisons use truth alone where that is enough."""

from __future__ import annotations

import json
import os
import pickle
import re
import shlex
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from harness import cli
from harness.version import VERSION

ALONE = ["--references", "extended"]


def run(*arguments: str | Path) -> int:
    return cli.main([str(argument) for argument in arguments])


def test_the_main_job(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """All default references; nothing installed is left out."""
    assert run("compare", "--cell", "lstm", "--out", tmp_path / "run.json") == 0
    shown = capsys.readouterr().out
    assert "judged by  extended (truth), jax, torch, torch-nn" in shown
    assert "repeat     python -m harness compare --cell lstm" in shown
    for array in ("W_ih", "W_hh", "b_ih", "b_hh", "W_hy", "b_y", "x", "h0", "c0"):
        assert re.search(rf"^{array} .*✓ agree", shown, re.MULTILINE)
    saved = json.loads((tmp_path / "run.json").read_text())
    assert (saved["verdict"], saved["agreeing"], saved["total"]) == ("agree", 36, 36)


def test_a_broken_line_of_the_backward_is_exit_1_and_says_where(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A line of handgrad's own backward is broken: the forget gate is left out of the carry of dc."""
    import inspect

    from handgrad.cells import lstm

    line = "multiply(dc, f[t], dc_next)"
    source = inspect.getsource(lstm.backward)
    assert source.count(line) == 1
    namespace = dict(vars(lstm))
    exec(source.replace(line, "dc_next[...] = dc"), namespace)
    monkeypatch.setattr(lstm, "backward", namespace["backward"])
    assert run("compare", "--cell", "lstm", *ALONE) == 1
    shown = capsys.readouterr().out
    assert "✗ differ: W_ih, W_hh, b_ih, b_hh, x, h0, c0 differ; W_hy, b_y agree" in shown
    assert "✗ W_ih: gates i, f, g differ, gate o agrees" not in shown  # da_o changes too, through dh
    assert re.search(r"✗ x: .*steps? 0–10 differ, step 11 agrees", shown)


def test_every_option_at_once(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    arguments = shlex.split(
        "compare --cell rnn --activation sigmoid --loss squared-error --reduction mean-b --bias one --no-readout "
        "--shape T=5,B=2,D=3,H=4 --dtype float32 --seed 7 --device cpu -v"
    )
    assert run(*arguments, *ALONE, "--save-case", tmp_path / "case.safetensors", "--out", tmp_path / "run.csv") == 0
    first = capsys.readouterr().out
    assert "rnn · sigmoid · no readout · squared-error · mean-b · 1 bias · float32 · T=5 B=2 D=3 H=4" in first
    assert run("compare", "--case", tmp_path / "case.safetensors", *ALONE) == 0
    fingerprint = re.search(r"fingerprint\s+(\w+)", first)
    assert fingerprint is not None
    assert fingerprint[1] in capsys.readouterr().out
    assert len((tmp_path / "run.csv").read_text().splitlines()) == 1 + len(["W_ih", "W_hh", "b_ih", "x", "h0"])


def test_several_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compare", "--seeds", "3", "--shape", "T=5,B=2,D=3,H=4,K=6", *ALONE) == 0
    shown = capsys.readouterr().out
    assert all(f"seed {seed}" in shown for seed in range(3))


def test_a_text(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("to be, or not to be, that is the question\n" * 3)
    assert run("compare", "--text", tmp_path / "text.txt", *ALONE) == 0
    assert "text text.txt, 15 symbols" in " ".join(capsys.readouterr().out.split())


def test_a_reference_asked_for_by_name_that_has_not_the_model_is_exit_3(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compare", "--cell", "rnn", "--activation", "sigmoid", "--references", "torch-nn") == 3
    assert "torch-nn was asked for and cannot run: torch.nn has no rnn with activation sigmoid" in (
        " ".join(capsys.readouterr().out.split())
    )


def test_the_same_reference_among_the_defaults_is_listed_as_not_run(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compare", "--cell", "rnn", "--activation", "sigmoid") == 0
    assert re.search(r"not run +torch-nn", capsys.readouterr().out)


@pytest.mark.parametrize(("asked", "code"), [([], 0), (["--references", "torch"], 3)])
def test_a_reference_that_is_not_installed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], asked: list[str], code: int
) -> None:
    """Listed as not run where it is a default one, inconclusive where it was asked for by name."""
    from references import protocol

    missing = protocol.missing
    monkeypatch.setattr(protocol, "missing", lambda r: "torch not installed" if "torch" in r.NEEDS else missing(r))
    assert run("compare", "--shape", "T=3,B=2,D=4,H=5,K=6", *asked) == code
    shown = capsys.readouterr().out
    assert re.search(r"not run +torch: torch not installed", shown)
    assert ("torch was asked for and cannot run: torch not installed" in shown) == (code == 3)


def test_cells_and_references(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("cells") == 0
    assert run("references") == 0
    shown = capsys.readouterr().out
    for word in ("lstm", "rnn", "sigmoid", "cotangent", "torch-nn", "extended", "jax"):
        assert word in shown


def test_version_and_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--version") == 0
    assert capsys.readouterr().out == f"handgrad {VERSION}\n"
    assert run("compare", "--help") == 0
    told = capsys.readouterr().out
    assert "python -m harness compare --cell lstm --shape" in told
    assert "python -m harness compare --candidate my_cell.py" in told


def test_the_example_of_the_help_is_complete(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("compare", "--help") == 0
    lines = capsys.readouterr().out.split("import numpy as np")[1]
    (tmp_path / "my_cell.py").write_text(dedent(f"  import numpy as np{lines}"))
    assert run("compare", "--candidate", str(tmp_path / "my_cell.py")) == 0
    assert "W  " in capsys.readouterr().out


def _foreign(tmp_path: Path, name: str, content: bytes) -> Path:
    (tmp_path / name).write_bytes(content)
    return tmp_path / name


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["compare", "--cell", "gru2"], "cell: got 'gru2', allowed: lstm, rnn"),
        (["compare", "--loss", "hinge"], "loss: got 'hinge', allowed: softmax-cross-entropy, "),
        (
            ["compare", "--references", "tensorflow"],
            "references: got 'tensorflow', allowed: central-difference, certified",
        ),
        (["compare", "--dtype", "float16"], "dtype: got 'float16', allowed: float32, float64"),
        (["compare", "--shape", "Q=3"], "shape: got key 'Q', allowed: T, B, D, H, K"),
        (["compare", "--shape", "T=0"], "shape: got T=0, needs a whole number, 1 or more"),
        (["compare", "--device", "tpu"], "device: got 'tpu', allowed: cpu, cuda"),
        (["compare", "--seed", "x"], "Invalid value for '--seed': Input should be a valid integer"),
        (["compare", "--sed", "1"], "No such option"),
        (["conpare"], "No such command 'conpare'"),
        (["compare", "--seeds", "2", "--save-case", "x"], "save-case: got 2 cases, allowed: one"),
        (["compare", "--case", "pickled"], "case pickled: is damaged or no case file"),
        (["compare", "--case", "absent"], "case absent: cannot be read: No such file"),
        (["compare", "--text", "empty"], "text empty: is empty"),
        (["compare", "--text", "latin"], "text latin: is not UTF-8"),
        (["compare", "--text", "same"], "text same: has the one symbol 'a'"),
        (["compare", "--out", "run.txt"], 'run.txt: got suffix ".txt", allowed: .csv, .html, .json, .md, .png, .svg'),
        (["compare", "--out", "none/run.md"], "none/run.md: cannot be written: there is no folder none"),
        (["compare", "--save-case", "none/case"], "none/case: cannot be written: there is no folder none"),
        (["badge", "pickled", "--out", "b.svg"], "pickled: "),
        (["badge", "absent", "--out", "b.svg"], "absent: "),
        (["badge", "empty", "--out", "b.png"], 'b.png: got suffix ".png", allowed: .svg, .json'),
    ],
)
def test_bad_input_is_one_line_and_exit_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    message: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    _foreign(tmp_path, "pickled", pickle.dumps({"a": 1}))
    _foreign(tmp_path, "empty", b"")
    _foreign(tmp_path, "latin", "é".encode("latin-1"))
    _foreign(tmp_path, "same", b"aaaaaaaaaaaaaaaaaaaaa")
    assert run(*arguments) == 2
    captured = capsys.readouterr()
    assert captured.err.startswith(f"handgrad: {message}")
    assert len(captured.err.splitlines()) == 1
    assert captured.out == ""


def test_an_existing_output_survives_bad_input(tmp_path: Path) -> None:
    (tmp_path / "run.md").write_text("kept")
    assert run("compare", "--cell", "gru2", "--out", tmp_path / "run.md") == 2
    assert (tmp_path / "run.md").read_text() == "kept"


def test_badges(tmp_path: Path) -> None:
    assert run("compare", "--shape", "T=5,B=2,D=3,H=4,K=6", *ALONE, "--out", tmp_path / "run.json") == 0
    assert run("badge", tmp_path / "run.json", "--out", tmp_path / "badge.svg") == 0
    assert run("badge", tmp_path / "run.json", "--out", tmp_path / "badge.json") == 0
    assert "9/9 agree" in (tmp_path / "badge.svg").read_text()
    assert json.loads((tmp_path / "badge.json").read_text())["color"] == "brightgreen"


def test_an_interrupt_is_exit_130(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(**_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("harness.comparison.compare", interrupted)
    assert run("compare") == 130
    assert capsys.readouterr().err == "handgrad: interrupted\n"


def python(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name not in ("FORCE_COLOR", "PYTHONPATH")}
    command = [sys.executable, *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=120)


SMALL = ["compare", "--shape", "T=3,B=2,D=4,H=5,K=6"]


def test_plain_where_nobody_looks(tmp_path: Path) -> None:
    done = python(tmp_path, "-m", "harness", *SMALL, *ALONE)
    assert (done.returncode, done.stderr) == (0, "")
    assert "\x1b" not in done.stdout


@pytest.mark.parametrize("names", [("reports.py", "references.py"), ("handgrad", "harness/judge.py")])
def test_a_hostile_folder(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Files of our names in the user's folder are neither run nor in the way; workers never see them."""
    for name in (*names, "numpy_is_fine.py", "safetensors_of_mine.py"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        if path.suffix:
            path.write_text("raise SystemExit('the wrong file was run')\n")
        else:
            path.mkdir()
    done = python(tmp_path, "-m", "harness", *SMALL)
    assert done.returncode == 0, done.stderr
    assert "judged by  extended (truth), jax, torch, torch-nn" in done.stdout
    (line,) = done.stderr.splitlines()
    assert line.endswith("would shadow our own packages; using ours")


def test_a_harness_file_of_the_users_own_leaves_the_console_script(tmp_path: Path) -> None:
    (tmp_path / "harness.py").write_text("raise SystemExit('the wrong file was run')\n")
    script = Path(sys.executable).with_name("handgrad")
    done = subprocess.run([script, *SMALL], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_library_of_the_users_own_cannot_reach_the_workers(tmp_path: Path) -> None:
    """``numpy.py`` in the user's folder breaks what runs there by nature; a worker runs under -P and is not there."""
    (tmp_path / "torch.py").write_text("raise SystemExit('the wrong file was run')\n")
    done = python(tmp_path, "-m", "harness", *SMALL, "--references", "torch")
    assert done.returncode == 0, done.stderr


def test_importing_is_cheap(tmp_path: Path) -> None:
    heavy = "{'torch', 'jax', 'numpy', 'pandas', 'rich'}"
    for module in ("harness", "harness.pytest_plugin", "reports"):
        done = python(tmp_path, "-c", f"import sys, {module}; print(sorted({heavy} & set(sys.modules)))")
        assert done.stdout == "[]\n", (module, done.stderr)


def test_comparing_imports_no_framework_here(tmp_path: Path) -> None:
    script = (
        "import sys, harness; harness.compare(shape='T=2,B=2'); print({'torch', 'jax', 'pandas'} & set(sys.modules))"
    )
    done = python(tmp_path, "-c", script)
    assert done.stdout == "set()\n", done.stderr
