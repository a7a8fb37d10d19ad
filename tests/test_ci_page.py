"""What docs/ci.md shows is what the action and the program do."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import composite
import pytest
import yaml

ROOT = Path(__file__).parent.parent
ACTION = composite.load(ROOT / "action.yml")
PAGE = (ROOT / "docs" / "ci.md").read_text(encoding="utf-8")


def block(language: str, number: int = 0) -> str:
    """A block of code of the page."""
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)[number]


def table(heading: str) -> dict[str, str]:
    """A table of the page: its first column, which is code, beside its last."""
    rows = re.search(rf"^\| {heading} \|.*\n\|.*\n((?:\|.*\n)+)", PAGE, re.MULTILINE)
    assert rows is not None
    cells = [[cell.strip().strip("`") for cell in row.strip("|").split("|")] for row in rows[1].splitlines()]
    return {row[0]: row[-1] for row in cells}


def test_it_has_every_input_and_output() -> None:
    assert table("input") == {name: about.get("default", "") for name, about in ACTION["inputs"].items()}
    assert set(table("output")) == set(ACTION["outputs"])


def test_the_workflow_it_shows_is_one(tmp_path: Path) -> None:
    workflow = yaml.safe_load(block("yaml"))
    (step,) = [step for job in workflow["jobs"].values() for step in job["steps"] if "handgrad" in step["uses"]]
    assert set(step["with"]) <= set(ACTION["inputs"])
    (tmp_path / "workflow.yml").write_text(block("yaml"), "utf-8")
    program = Path(sys.executable).parent / "check-jsonschema"
    done = subprocess.run([program, "--builtin-schema", "vendor.github-workflows", tmp_path / "workflow.yml"],
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def shell(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run what the page shows, where ``python`` is this one."""
    script = re.sub(r"^python -m pip .*\n", "", script, flags=re.MULTILINE)
    script = re.sub(r"^python ", f"'{sys.executable}' ", script, flags=re.MULTILINE)
    return subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, timeout=120)


@pytest.mark.parametrize(
    ("factor", "exit_code", "color"), [pytest.param(1, 0, "brightgreen", marks=pytest.mark.slow), (3, 1, "red")]
)
def test_the_recipe_works(factor: int, exit_code: int, color: str, tmp_path: Path) -> None:
    (tmp_path / "my_rnn.py").write_text(
        "def example(seed):\n    import numpy as np\n"
        "    return {'w': np.random.default_rng(seed).normal(size=3)}, {}\n\n"
        "def loss_and_grads(params, data):\n    w = params['w']\n"
        f"    return 0.5 * (w**2).sum(), {{'w': {factor} * w}}\n"
    )
    done = shell(block("sh"), tmp_path)
    assert done.returncode == exit_code, done.stdout + done.stderr
    assert all((tmp_path / f"run.{suffix}").stat().st_size for suffix in ("md", "json", "html"))
    shown: list[Any] = []
    commands = re.findall(r"^    (python -m harness .*)$", PAGE, re.MULTILINE)
    assert [command.split()[3] for command in commands] == ["annotate", "badge", "badge"]
    for command in commands:
        done = shell(f"{command}\n", tmp_path)
        assert done.returncode == 0, done.stderr
        shown.append(done.stdout)
    assert shown[0].count("::error file=my_rnn.py,line=") == exit_code
    assert json.loads((tmp_path / "badge.json").read_text("utf-8"))["color"] == color


@pytest.mark.slow  # what it writes is tested beside the plug-in too
def test_the_pytest_line_writes_junit(tmp_path: Path) -> None:
    done = shell(block("sh", 1).replace("lstm,rnn", "rnn"), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    cases = list(ElementTree.parse(tmp_path / "gradients.xml").iter("testcase"))
    assert any("rnn" in case.get("name", "") for case in cases)
