"""The command on a folder in which files are saved: what follows what, whatever is saved and however."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest
from watched import CANDIDATE, SLOPE, WRONG, Watched, all_end, write

from harness import cli

pytest.importorskip("watchfiles")

#: of the fault
LINE = CANDIDATE.splitlines().index('        grads["U"] += da.T @ h[t]') + 1
#: it leaves a sign that it has begun
ENDLESS = "from pathlib import Path\n" + CANDIDATE.replace(
    "    dh = np.zeros_like(h[0])\n", '    Path(__file__).with_name("begun").touch()\n    while True:\n        pass\n'
)


def test_a_fault_is_shown_and_then_why(watched: Watched) -> None:
    watched.save(WRONG)
    shown = "\n".join(watched.until("the last word"))
    table, _, behind = shown.partition("the diagnosis follows")
    assert "my.py saved" in table
    assert "✗ differ: U differs; W, b, h0 agree" in table
    assert f"confirmed  my.py:{LINE}" in behind
    assert "differ, the last word" in behind


def test_a_syntax_error_is_shown_with_its_line(watched: Watched) -> None:
    watched.save(CANDIDATE.replace("loss_and_grads(params, data):", "loss_and_grads(params, data)"))
    shown = "\n".join(watched.until("error, the last word"))
    line = CANDIDATE.splitlines().index("def loss_and_grads(params, data):") + 1
    assert f"SyntaxError: expected ':' (my.py line {line}: def loss_and_grads(params, data))" in shown


def test_a_save_ends_an_endless_loop(watched: Watched) -> None:
    """The limit of a call is 300 seconds here: nothing but the save can have ended it."""
    watched.save(ENDLESS)
    watched.until("my.py saved")
    watched.appears("begun")  # or the next save could be the first that the candidate's process reads
    started = watched.family()
    watched.save()
    watched.until("interrupted by a save")
    watched.until("agree, the last word")
    assert len(watched.family() & started) == 1  # the command itself: no process of that round is left


def test_a_save_ends_a_loop_of_the_import_and_a_crash_ends_nothing(watched: Watched) -> None:
    watched.save("while True:\n    pass\n")
    watched.until("my.py saved")
    watched.save("import os\nos.abort()\n")
    assert "signal 6 (SIGABRT)" in "\n".join(watched.until("error, the last word"))


def test_a_file_that_is_gone_and_comes_again(watched: Watched) -> None:
    (watched.folder / "my.py").unlink()
    gone = "\n".join(watched.until("waiting for a save"))
    assert "my.py gone" in gone
    assert "✗ candidate my.py: cannot be read: No such file or directory" in gone
    watched.save(WRONG)
    again = "\n".join(watched.until("differ after"))
    assert "my.py new" in again


def test_a_save_by_rename_and_one_in_pieces(watched: Watched) -> None:
    beside = watched.folder / ".my.py.swp"
    beside.write_text(WRONG)
    os.replace(beside, watched.folder / "my.py")
    assert "my.py saved" in "\n".join(watched.until("differ after"))
    with (watched.folder / "my.py").open("w") as file:
        for k in range(0, len(CANDIDATE), 400):
            file.write(CANDIDATE[k : k + 400])
            file.flush()
            time.sleep(0.005)
    pieces = "\n".join(watched.until("agree, the last word"))
    assert "✗ differ" not in pieces


def test_a_module_that_the_candidate_imports(watched: Watched) -> None:
    watched.save(slope=SLOPE.replace("1 - h * h", "1 - h"))
    shown = "\n".join(watched.until("differ after"))
    assert "slope.py saved" in shown


def test_a_layout_that_becomes_wrong(watched: Watched) -> None:
    watched.save(CANDIDATE.replace('"a, x"', '"a, q"'))
    shown = "\n".join(watched.until("waiting for a save"))
    assert '✗ layout of W: "a, q": got "q" at position 4, allowed: x, h, 1, 1x, 1h\n' in shown


def test_ctrl_c_ends_it_and_everything_that_it_started(tmp_path: Path) -> None:
    """While the candidate hangs."""
    write(tmp_path, ENDLESS)
    with Watched(tmp_path) as command:
        command.until("watching my.py")
        family = command.started(2)
        assert command.interrupt() == cli.INTERRUPTED
        assert command.errors == "handgrad: interrupted\n"
        assert all_end(family)


def test_ctrl_c_while_it_waits(tmp_path: Path) -> None:
    write(tmp_path)
    with Watched(tmp_path, "--alone") as command:
        command.until("agree, the last word")
        family = command.family()
        assert command.interrupt() == cli.INTERRUPTED
        assert all_end(family)


def test_nothing_is_left_where_it_is_killed(tmp_path: Path) -> None:
    write(tmp_path, ENDLESS)
    with Watched(tmp_path) as command:
        family = command.started(2)
        command.kill()
        assert all_end(family)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["nowhere.py"], "candidate nowhere.py: cannot be read: No such file or directory"),
        (["my.py", "--references", "tensorflow"], "references: got 'tensorflow'"),
        (["my.py", "--dtype", "float16"], "dtype: got 'float16', allowed: float32, float64"),
        (["my.py", "--timeout", "0"], "timeout: got 0, needs more than 0 seconds"),
        (["my.py", "--seed", "-1"], "seed: got -1, needs 0 or more"),
    ],
)
def test_what_no_save_can_mend_is_one_line_at_once(
    arguments: list[str], told: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert cli.main(["watch", *arguments]) == 2
    shown = capsys.readouterr()
    assert shown.err.startswith(f"handgrad: {told}")
    assert shown.err.count("\n") == 1
    assert "———" not in shown.out


def test_without_the_library(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    assert cli.main(["watch", str(write(tmp_path))]) == 2
    assert capsys.readouterr().err == "handgrad: watch: watchfiles not installed: pip install 'handgrad[watch]'\n"
