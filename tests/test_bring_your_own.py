"""What the page on candidates shows is so: its files are judged as it says, its layouts fit their shapes."""

from __future__ import annotations

import ast
import re
import shlex
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harness
from harness import cli
from harness.layout.layout import Layout
from harness.layout.notation import Weight, parse

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "bring-your-own.md").read_text(encoding="utf-8")

BLOCKS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
FILES = {match[1]: block for block in BLOCKS if (match := re.match(r"# (\w+\.py)\n", block))}
COMMANDS = re.findall(r"^    python -m harness (.*?)  # → (\w+)$", PAGE, re.MULTILINE)
LAYOUTS = [block for block in BLOCKS if block not in FILES.values()]
SIZES = {"T": 6, "B": 2, "D": 3, "H": 5, "K": 4}


@pytest.mark.parametrize(("command", "verdict"), COMMANDS)
def test_its_files_are_judged_as_it_says(
    command: str, verdict: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    code = cli.main(shlex.split(command))
    shown = capsys.readouterr().out
    assert re.match(rf"\W*{verdict}\b", shown), shown
    assert code == {"agree": 0, "differ": 1}[verdict]


#: finding → a line of my_rnn.py, what stands there instead, and the verdict
FINDINGS = {
    "scaled": ("return 0.5 * np.sum", "return np.sum", "differ"),
    "impure": ("    dW, dU, db, dh =", "    x *= 2\n    dW, dU, db, dh =", "differ"),
    "low precision": ("np.zeros((len(x) + 1, len(b)))", "np.zeros((len(x) + 1, len(b)), np.float32)", "agree"),
    "clipped": (
        "    return 0.5",
        "    for g in (dW, dU, db):\n        np.clip(g, -1, 1, out=g)\n    return 0.5",
        "differ",
    ),
    "one step": ("dh = U.T @ da", "pass", "differ"),
    "truncated": ("dh = U.T @ da", "dh = U.T @ da * (t % 3 != 0)", "differ"),
    "non-finite": ("da = (h[t + 1]", "da = np.log(x[0, 0] - x[0, 0]) + (h[t + 1]", "differ"),
    "vacuous": ("+ U @ h[t] + b)", "+ U @ h[0] + b)", "differ"),
    "not graded": ('"b": db}', "}", "agree"),
    "shape": ('"b": db}', '"b": db[None]}', "agree"),
    "np.matrix": ('"W": dW,', '"W": np.asmatrix(dW),', "agree"),
}


@pytest.mark.parametrize("name", FINDINGS)
def test_its_findings_are_what_is_found(name: str, tmp_path: Path) -> None:
    line, instead, verdict = FINDINGS[name]
    assert FILES["my_rnn.py"].count(line) == 1
    path = tmp_path / "my_rnn.py"
    path.write_text(FILES["my_rnn.py"].replace(line, instead), encoding="utf-8")
    run = harness.compare(candidate=str(path))
    found = {finding.name for part in (run, *run.judgements) for finding in part.findings}
    assert (name in found, run.verdict) == (True, verdict), found


def test_every_finding_of_its_table_is_tried() -> None:
    rows = re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)
    words = {word for row in rows for word in re.findall(r"`(.+?)`", row)}
    elsewhere = {"state", "blind", "not run"}  # my_globals.py, my_layout.py; tests/harness
    assert words - set(FINDINGS) == elsewhere


def test_every_file_is_judged_or_imported() -> None:
    judged = {word for command, _ in COMMANDS for word in shlex.split(command) if word.endswith(".py")}
    imported = {f"{name}.py" for text in FILES.values() for name in re.findall(r"^(?:from|import) (\w+)", text, re.M)}
    assert set(FILES) <= judged | imported
    assert judged <= set(FILES)
    assert len(judged) >= 12


def shown(block: str) -> tuple[dict[str, str], dict[str, str], dict[str, str]]:
    """The layout and the model of a block, and what it says beside each line of the array's shape."""
    held = {node.targets[0].id: node.value for node in ast.parse(block).body}  # type: ignore[attr-defined]
    shapes = dict(re.findall(r'^    "(\w+)": .*  # (.*)$', block, re.MULTILINE))
    return ast.literal_eval(held["layout"]), ast.literal_eval(held["model"]), shapes


def array(words: str) -> Any:
    """An array of the shape in words: ``(T, B, D)``, ``(T,) integers``, ``list of T (D, 1)``."""
    listed = re.fullmatch(r"list of T (\(.*\))", words)
    if listed:
        return [array(listed[1]) for _ in range(SIZES["T"])]
    shape = eval(words.removesuffix(" integers"), {}, SIZES)
    return np.zeros(shape, int) if words.endswith(" integers") else np.ones(shape)


@pytest.mark.parametrize("block", LAYOUTS, ids=range(len(LAYOUTS)))
def test_its_layouts_fit_their_shapes(block: str) -> None:
    lines, model, shapes = shown(block)
    assert set(lines) == set(shapes)
    params: dict[str, Any] = {}
    data: dict[str, Any] = {}
    for name, words in shapes.items():
        (params if isinstance(parse(name, lines[name]), Weight) else data)[name] = array(words)
    layout = Layout.read(lines, model, params, data)
    axes = {axis for axis in SIZES if re.search(rf"\b{axis}\b", " ".join(shapes.values()))}
    assert {axis: layout.sizes[axis] for axis in axes} == {axis: SIZES[axis] for axis in axes}
    assert not layout.unknown
    given, _ = layout.given(layout.case(layout.sizes, "float64", 0).arrays, params, data)
    assert {name: np.shape(value) for name, value in given.items()} == {n: np.shape(v) for n, v in params.items()}


def test_there_are_eight_layouts() -> None:
    assert len(LAYOUTS) == 8


def test_its_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\((\w[\w./-]*)\)", PAGE):
        assert (ROOT / "docs" / target).is_file(), target
