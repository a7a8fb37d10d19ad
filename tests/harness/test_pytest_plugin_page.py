"""docs/pytest.md: its files are written as they stand there, and its commands end as it says."""

from __future__ import annotations

import re
import shlex
import shutil
from importlib import import_module
from pathlib import Path

import pytest

from harness.settings import KEYS, Settings

# A pytest within this process forgets what it imported, and packages do not: so all that it needs is imported here.
PRELOADED = (
    "harness.assertion", "harness.diagnosis.diagnose", "harness.failure", "harness.plugin.cells",
    "harness.plugin.marked", "references.extended", "reports",
)  # fmt: skip
for _name in PRELOADED:
    import_module(_name)

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "pytest.md").read_text(encoding="utf-8")
FILES = re.findall(r"```python\n# (\S+)\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = re.findall(r"^    pytest (.*?)  # → (\d+) (passed|failed)$", PAGE, re.MULTILINE)
TABLE = re.findall(r"```toml\n(.*?)```", PAGE, re.DOTALL)


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """The page's files beside the outside project's candidates."""
    for name in ("right.py", "wrong.py"):
        shutil.copy(ROOT / "tests" / "outside" / "counting" / name, pytester.path)
    for name, text in FILES:
        (pytester.path / name).write_text(text, encoding="utf-8")
    pytester.makepyprojecttoml('[tool.handgrad]\nreferences = ["extended"]\n')
    return pytester


def test_every_command_ends_as_it_says(project: pytest.Pytester) -> None:
    assert len(COMMANDS) == PAGE.count("\n    pytest ") == 8
    for command, count, outcome in COMMANDS:
        separate = "-n" in shlex.split(command)
        result = (project.runpytest_subprocess if separate else project.runpytest_inprocess)(*shlex.split(command))
        counted = {name: n for name, n in result.parseoutcomes().items() if name in ("passed", "failed", "errors")}
        assert counted == {outcome: int(count)}, command
        if outcome == "failed":
            _, text = PAGE.split("```text\n", 1)
            for line in text.split("```")[0].splitlines():
                start = line.partition(" at ")[0].partition(" Σ")[0]  # numbers depend on the machine
                assert start in result.stdout.str()
    assert (project.path / "gradients.md").exists()
    assert '"U against extended": ' in (project.path / "gradients.json").read_text()


def test_its_settings_are_read_and_its_table_has_every_key(tmp_path: Path) -> None:
    (table,) = TABLE
    (tmp_path / "pyproject.toml").write_text(table)
    settings = Settings.read(tmp_path)
    assert (settings.factor, settings.baseline) == (3.0, tmp_path / "gradients.json")
    told = re.findall(r"^\| (`.*?) \|", PAGE, re.MULTILINE)
    assert sorted(re.findall(r"`([\w-]+)`", " ".join(told))) == sorted(KEYS)
