"""A composite action's steps, run here as the runner does: their scripts by bash, their expressions filled in."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

EXPRESSION = re.compile(r"\$\{\{ *(inputs|steps)\.([\w.-]+) *\}\}")
#: A `python` that installs nothing: what pip is given is written down, everything else is the tests' own Python.
PYTHON = """#!/bin/sh
if [ "$1 $2" = "-m pip" ]; then printf '%s\\n' "$@" > "$RUNNER_TEMP/pip"; exit 0; fi
exec {python} "$@"
"""


@dataclass
class Ran:
    """What a run of the steps left behind."""

    exit: int = 0
    log: str = ""
    summary: str = ""
    outputs: dict[str, str] = field(default_factory=dict)
    pip: list[str] = field(default_factory=list)
    logs: dict[str, str] = field(default_factory=dict)  #: by the step's name


def load(path: Path) -> dict[str, Any]:
    """An action's file."""
    return dict(yaml.safe_load(path.read_text("utf-8")))


def steps(action: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The steps that are scripts."""
    return [step for step in action["runs"]["steps"] if "run" in step]


def run(action: Mapping[str, Any], workspace: Path, temp: Path, root: Path, **inputs: str) -> Ran:
    """Run an action's scripts in the workspace, with inputs by name (``_`` for ``-``), up to the first that fails."""
    given = {name: str(about.get("default", "")) for name, about in action["inputs"].items()}
    given |= {name.replace("_", "-"): value for name, value in inputs.items()}
    assert set(given) == set(action["inputs"]), "there is no such input"
    (temp / "bin").mkdir(parents=True)
    (temp / "bin" / "python").write_text(PYTHON.format(python=sys.executable))
    (temp / "bin" / "python").chmod(0o755)
    told: dict[str, str] = {}
    ran = Ran()
    (temp / "summary").touch()
    for number, step in enumerate(steps(action)):
        output = temp / f"output-{number}"
        output.touch()
        script = temp / f"{number}.sh"
        script.write_text(step["run"], "utf-8")
        environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("GITHUB_")},
            "PATH": f"{temp / 'bin'}{os.pathsep}{os.environ['PATH']}", "RUNNER_TEMP": str(temp),
            "GITHUB_ACTION_PATH": str(root), "GITHUB_WORKSPACE": str(workspace), "GITHUB_OUTPUT": str(output),
            "GITHUB_STEP_SUMMARY": str(temp / "summary"),
            **{name: filled(value, given, told) for name, value in step.get("env", {}).items()},
        }  # fmt: skip
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", script], cwd=workspace, env=environment, text=True,
            encoding="utf-8", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=120,
        )  # fmt: skip
        ran.logs[step["name"]] = done.stdout
        for line in output.read_text("utf-8").splitlines():
            name, _, value = line.partition("=")
            told[f"{step['id']}.outputs.{name}"] = value
        ran.exit = done.returncode
        if ran.exit:
            break
    ran.log = "".join(ran.logs.values())
    ran.summary = (temp / "summary").read_text("utf-8")
    ran.outputs = {name: filled(about["value"], given, told) for name, about in action.get("outputs", {}).items()}
    ran.pip = (temp / "pip").read_text("utf-8").splitlines() if (temp / "pip").exists() else []
    return ran


def filled(text: str, inputs: Mapping[str, str], told: Mapping[str, str]) -> str:
    """A text with its expressions evaluated; what a step did not say is empty."""
    return EXPRESSION.sub(lambda found: {"inputs": inputs, "steps": told}[found[1]].get(found[2], ""), str(text))
