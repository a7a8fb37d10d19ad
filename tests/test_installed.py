"""Installed, not in editable mode, and used from another folder."""

from __future__ import annotations

import subprocess
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


@pytest.mark.slow
def test_it_works_installed_from_any_folder(tmp_path: Path) -> None:
    venv.create(tmp_path / "venv", with_pip=True)
    programs = tmp_path / "venv" / "bin"
    constraints = ROOT / "constraints.txt"
    install = [
        programs / "python",
        "-m",
        "pip",
        "install",
        "--quiet",
        "--constraint",
        constraints,
        f"{ROOT}[all]",
        "pytest",
    ]
    subprocess.run(install, check=True, cwd=tmp_path)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def output(*command: str) -> str:
        program, *arguments = command
        done = subprocess.run(
            [programs / program, *arguments], cwd=elsewhere, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    where = output("python", "-c", "import harness; print(harness.__file__)").strip()
    assert Path(where).is_relative_to(tmp_path)
    assert "judged by  extended (truth), jax, torch, torch-nn" in output("handgrad", "compare", "--out", "run.json")
    assert "✓ agree" in output("python", "-m", "harness", "compare", "--cell", "rnn")
    assert "all is as expected" in output("handgrad", "casebook")
    output("handgrad", "badge", "run.json", "--out", "badge.svg")
    output("python", "-c", "from reports.as_json import schema; assert schema()['$schema']")
    assert "passed" in output("pytest", "--gradients", "lstm")
