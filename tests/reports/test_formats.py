"""Formats are found by being there, cheaply, and an unknown one is refused in one line."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

import reports
from harness import output
from harness.run import Run
from reports import vega

HEAVY = ("pandas", "anybadge", "rich", "jsonschema", "numpy")


def test_every_module_with_suffixes_is_a_format_and_no_other() -> None:
    assert list(reports.formats()) == [".csv", ".html", ".json", ".md", ".png", ".svg"]
    written = [
        path.stem
        for path in Path(reports.__file__).parent.glob("*.py")
        if any(line.startswith("SUFFIXES") for line in path.read_text("utf-8").splitlines())
    ]
    assert sorted(written) == sorted({module.__name__.split(".")[-1] for module in _modules()})


def test_no_suffix_is_claimed_twice() -> None:
    claimed = [suffix for module in set(_modules()) for suffix in module.SUFFIXES]
    assert len(claimed) == len(set(claimed)) == len(reports.formats())


def _modules() -> list[ModuleType]:
    return [module for module in reports.formats().values() if isinstance(module, ModuleType)]


def test_a_new_module_is_a_format_without_being_registered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, agreeing: Run
) -> None:
    (tmp_path / "as_shout.py").write_text("SUFFIXES = ('.shout',)\ndef render(run): return run.verdict.upper()\n")
    (tmp_path / "half.py").write_text("SUFFIXES = ('.half',)\n")
    monkeypatch.setattr(reports, "__path__", [*reports.__path__, str(tmp_path)])
    reports.formats.cache_clear()
    try:
        assert reports.render(agreeing, ".shout") == "AGREE"
        assert ".half" not in reports.formats()
    finally:
        reports.formats.cache_clear()
        for name in ("as_shout", "half"):
            sys.modules.pop(f"reports.{name}", None)
            vars(reports).pop(name, None)


@pytest.mark.parametrize(("name", "suffix"), [("report.txt", ".txt"), ("a/b.JSONX", ".jsonx"), ("none", "")])
def test_an_unknown_suffix_is_refused_in_one_line(name: str, suffix: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011  # the whole message is compared below
        reports.suffix_of(name)
    assert str(refused.value) == f'{name}: got suffix "{suffix}", allowed: .csv, .html, .json, .md, .png, .svg'


def test_render_refuses_with_the_same_line(agreeing: Run) -> None:
    with pytest.raises(
        ValueError, match=r'^report\.txt: got suffix "\.txt", allowed: \.csv, \.html, \.json, \.md, \.png, \.svg$'
    ):
        reports.render(agreeing, ".txt")


def test_a_format_says_what_it_lacks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vega, "find_spec", lambda name: None)
    lacking = "curves: altair and vl-convert-python not installed: pip install 'handgrad[curves]'"
    assert {suffix: reports.missing(suffix) for suffix in reports.formats() if reports.missing(suffix)} == {
        ".png": lacking, ".svg": lacking,
    }  # fmt: skip


def test_a_suffix_is_known_in_any_case() -> None:
    assert reports.suffix_of("Run.JSON") == ".json"


def test_every_format_of_every_run_can_be_written(any_run: Run, tmp_path: Path) -> None:
    for suffix in reports.formats():
        content = reports.render(any_run, suffix)
        output.write(any_run, tmp_path / f"run{suffix}")
        written = (tmp_path / f"run{suffix}").read_bytes()
        if isinstance(content, bytes):
            assert content.startswith(b"\x89PNG") and written.startswith(b"\x89PNG")
        else:
            assert content.endswith("\n") or suffix == ".html"
            assert written == content.encode("utf-8")


def test_a_file_name_that_is_not_utf8_can_be_written(c1: Run) -> None:
    named = replace(c1.judgements[0], case=replace(c1.judgements[0].case, source="file \udcff.npz"))
    for suffix in reports.formats():
        content = reports.render(replace(c1, judgements=(named,)), suffix)
        assert content if isinstance(content, bytes) else content.encode("utf-8")


@pytest.mark.parametrize(
    ("code", "absent"), [("import reports", HEAVY), ("import reports; reports.formats()", ("pandas", "anybadge"))]
)
def test_importing_is_cheap(code: str, absent: tuple[str, ...]) -> None:
    asked = f"{code}\nimport sys; print([name for name in {absent!r} if name in sys.modules])"
    root = Path(reports.__file__).parent.parent
    told = subprocess.run([sys.executable, "-c", asked], cwd=root, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
