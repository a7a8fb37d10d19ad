from __future__ import annotations

import os
from pathlib import Path

import pytest

from harness import files
from harness.errors import BadInput


def test_an_existing_file_is_replaced_as_a_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "out.md"
    path.write_text("old")

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "replace", fail)
        with pytest.raises(BadInput, match=r"cannot be written: No space left on device"):
            files.replace_whole(path, "new")
    assert path.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir()] == ["out.md"]
    files.replace_whole(path, "new")
    assert path.read_text() == "new"


def test_mode_and_links_are_kept(tmp_path: Path) -> None:
    path, link = tmp_path / "out.md", tmp_path / "link.md"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    files.replace_whole(link, "new")
    assert link.is_symlink()
    assert path.read_text() == "new"
    assert path.stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", [".", "none/out.md"])
def test_what_cannot_be_written_is_refused_before_the_work(tmp_path: Path, name: str) -> None:
    with pytest.raises(BadInput):
        files.check_writable(tmp_path / name)


def test_what_can_be_written_is_written_and_the_rest_is_told(tmp_path: Path) -> None:
    paths = [tmp_path / "no such folder" / "a", tmp_path / "b", tmp_path]
    problems = files.write_each(lambda path: files.replace_whole(path, "told"), paths)
    assert (tmp_path / "b").read_text() == "told"
    assert [str(problem).split(":")[0] for problem in problems] == [str(paths[0]), str(paths[2])]
