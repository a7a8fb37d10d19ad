"""What is installed is all that is needed: every data file in a package is matched by a pattern of the build."""

from __future__ import annotations

import subprocess
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("handgrad", "references", "harness", "reports")


def test_every_file_of_a_package_is_installed() -> None:
    listed = subprocess.run(["git", "ls-files", *PACKAGES], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("needs git and a checkout")
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["setuptools"][
        "package-data"
    ]
    folders = {name: ROOT / name.replace(".", "/") for name in patterns if name != "*"}
    missing = []
    for path in (ROOT / name for name in listed.stdout.splitlines()):
        if path.suffix == ".py" and (path.parent / "__init__.py").exists():
            continue
        everywhere = any(path.match(pattern) for pattern in patterns["*"])
        inside = any(
            path.is_relative_to(folder) and path.relative_to(folder).match(pattern)
            for name, folder in folders.items()
            for pattern in patterns[name]
        )
        if not everywhere and not inside:
            missing.append(str(path.relative_to(ROOT)))
    assert missing == []
