"""``[tool.handgrad]``: what is read, what is refused, and who wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from harness.errors import BadInput
from harness.settings import KEYS, Settings


def read(folder: Path, table: str, head: str = "[tool.handgrad]") -> Settings:
    (folder / "pyproject.toml").write_text(f"[project]\nname = 'mine'\n{head}\n{table}\n", encoding="utf-8")
    return Settings.read(folder)


def test_a_project_that_says_nothing(tmp_path: Path) -> None:
    assert Settings.read(tmp_path) == Settings()
    assert read(tmp_path, "", "[tool.other]") == Settings()
    assert Settings().arguments({"cell": "rnn"}) == {"cell": "rnn", "diagnose": True}


def test_every_key_is_read(tmp_path: Path) -> None:
    settings = read(
        tmp_path,
        'references = ["torch"]\ntruth = "extended"\ndtype = "float32"\nseed = 3\nseeds = 2\nalone = true\n'
        'device = "cpu"\ntimeout = 5\nmemory = 1.5\ndiagnose = false\nbaseline = "b.json"\nbaseline-factor = 4',
    )
    assert {*settings.compared, "baseline", "baseline-factor"} == set(KEYS)
    assert settings.arguments({}) == settings.compared
    assert (settings.baseline, settings.factor) == (tmp_path / "b.json", 4.0)


def test_a_tests_own_arguments_win_and_none_takes_a_default_away(tmp_path: Path) -> None:
    settings = read(tmp_path, 'references = ["torch"]\nseeds = 2\ndiagnose = false')
    assert settings.arguments({"seeds": 1, "references": None}) == {"seeds": 1, "diagnose": False}
    assert settings.arguments({"diagnose": True})["diagnose"] is True


def test_a_saved_case_has_its_own_seeds(tmp_path: Path) -> None:
    settings = read(tmp_path, 'seeds = 2\ndtype = "float32"\ntimeout = 5')
    assert settings.arguments({"case": "a.safetensors"}) == {"case": "a.safetensors", "timeout": 5, "diagnose": True}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("timout = 3", r"\[tool.handgrad\]: got key 'timout', allowed: references, .*timeout"),
        ("timeout = true", "timeout: got True, needs a number above 0"),
        ("timeout = 0", "timeout: got 0, needs a number above 0"),
        ("memory = nan", "memory: got nan, needs a number above 0"),
        ("seeds = 0", "seeds: got 0, needs a whole number, 1 or more"),
        ("seed = 1.0", "seed: got 1.0, needs a whole number, 0 or more"),
        ("seed = true", "seed: got True, needs a whole number, 0 or more"),
        ('references = "torch"', "references: got 'torch', needs a list of names"),
        ("references = []", r"references: got \[\], needs a list of names"),
        ('alone = "yes"', "alone: got 'yes', needs true or false"),
        ('baseline = ""', "baseline: got '', needs the path of a file"),
        ("baseline-factor = 0.9", "baseline-factor: got 0.9, needs a number, 1 or more"),
        ("baseline-factor = inf", "baseline-factor: got inf, needs a number, 1 or more"),
        ("seeds = = 2", "is no TOML"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(tmp_path: Path, table: str, message: str) -> None:
    with pytest.raises(BadInput, match=message) as caught:
        read(tmp_path, table)
    assert str(tmp_path / "pyproject.toml") in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_table_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"tool.handgrad: got 3, needs a table"):
        read(tmp_path, "handgrad = 3", "[tool]")
    (tmp_path / "pyproject.toml").write_bytes(b"\xff")
    with pytest.raises(BadInput, match="is no TOML"):
        Settings.read(tmp_path)
    (tmp_path / "pyproject.toml").unlink()
    (tmp_path / "pyproject.toml").mkdir()
    with pytest.raises(BadInput, match="cannot be read"):
        Settings.read(tmp_path)


def test_an_error_names_the_default_that_it_comes_from(tmp_path: Path) -> None:
    settings = read(tmp_path, 'dtype = "float16"')
    error = BadInput("dtype: got 'float16', allowed: float64, float32")
    told = settings.blame(error, {})
    assert told.startswith(str(error))
    assert told.endswith("[tool.handgrad]; dtype=None leaves it out)")
    assert settings.blame(error, {"dtype": "float16"}) == str(error)
