"""The command that finds a layout: what it prints can be pasted, and then judges."""

from __future__ import annotations

from pathlib import Path

import pytest

import harness
from harness.cli import main

#: One matrix whose first row is the bias, as its author keeps it.
SOURCE = """
import numpy as np

def forward(params, data):
    W, x, G = params["WLSTM"], data["X"], data["dH"]
    B, H = x.shape[1], G.shape[2]
    h, c, steps = data["h"], data["c"], []
    for t in range(len(x)):
        z = np.hstack([np.ones((B, 1)), x[t], h])
        i, f, o, g = np.split(z @ W, 4, axis=1)
        i, f, o, g = 1 / (1 + np.exp(-i)), 1 / (1 + np.exp(-f)), 1 / (1 + np.exp(-o)), np.tanh(g)
        before, c = c, f * c + i * g
        h = o * np.tanh(c)
        steps.append((z, i, f, o, g, before, c, h))
    return steps

def loss_and_grads(params, data):
    steps = forward(params, data)
    dW, dh, dc = np.zeros_like(params["WLSTM"]), 0, 0
    for t in reversed(range(len(steps))):
        z, i, f, o, g, before, c, h = steps[t]
        dh = dh + data["dH"][t]
        dc = dc + dh * o * (1 - np.tanh(c) ** 2)
        gates = [dc * g * i * (1 - i), dc * before * f * (1 - f), dh * np.tanh(c) * o * (1 - o), dc * i * (1 - g ** 2)]
        da = np.hstack(gates)
        dW += z.T @ da
        dh, dc = (da @ params["WLSTM"].T)[:, 1 + data["X"].shape[2]:], dc * f
    return sum((G * step[-1]).sum() for G, step in zip(data["dH"], steps)), {"WLSTM": dW, "h": dh, "c": dc}

def example(seed):
    r = np.random.default_rng(seed)
    data = {"X": r.normal(size=(5, 2, 3)), "dH": r.normal(size=(5, 2, 4)), "h": np.zeros((2, 4)), "c": np.zeros((2, 4))}
    return {"WLSTM": r.normal(size=(8, 16))}, data
"""


def pasted(lines: str) -> str:
    """What stands between the first line and the blank one."""
    return lines.split("\n\n")[0]


def test_the_lines_that_it_prints_can_be_pasted_and_judge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "packed.py"
    file.write_text(SOURCE)
    assert main(["layout", str(file)]) == 0
    told = capsys.readouterr().out
    assert '"WLSTM": "1+x+h, i+f+o+g"' in told
    assert "nothing else fits" in told
    file.write_text(f"{SOURCE}\n{pasted(told)}\n")
    run = harness.compare(candidate=file, references="torch", alone=True)
    assert run.verdict == "agree"
    assert set(run.judgements[0].references) == {"extended", "torch"}
    file.write_text(f"{SOURCE.replace('[i, f, o, g]', '[f, i, o, g]')}\n{pasted(told).replace('i+f+o+g', 'f+i+o+g')}\n")
    assert harness.compare(candidate=file, references=(), alone=True).verdict == "differ"


def test_what_is_no_cell_of_ours_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "squashed.py"
    file.write_text(SOURCE.replace("before, c = c, f * c + i * g", "before, c = c, np.sin(f * c + i * g)"))
    assert main(["layout", str(file)]) == 3
    assert capsys.readouterr().out.startswith("no layout was found")


@pytest.mark.parametrize(
    ("source", "code", "said"),
    [
        (SOURCE.replace("def example", "def sample"), 2, "example"),
        (
            SOURCE.replace("r = np.random", "raise KeyError('seed')\n    r = np.random"),
            1,
            "the candidate failed: KeyError",
        ),
    ],
)
def test_what_cannot_be_looked_at(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], source: str, code: int, said: str
) -> None:
    file = tmp_path / "packed.py"
    file.write_text(source)
    assert main(["layout", str(file)]) == code
    told = capsys.readouterr()
    assert said in told.out + told.err
