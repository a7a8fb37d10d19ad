"""Which files are watched, and what is said of their changes."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from harness.watching import saves as saving
from harness.watching.files import changes, folders, stamps
from harness.watching.saves import Saves


def _package(folder: Path) -> Path:
    folder.mkdir()
    (folder / "__init__.py").touch()
    return folder


def test_the_folder_and_packages_beneath(tmp_path: Path) -> None:
    file = tmp_path / "my.py"
    inner = _package(_package(tmp_path / "cells") / "inner")
    (tmp_path / "data").mkdir()
    assert folders(file) == (tmp_path, tmp_path / "cells", inner)


def test_a_link_is_watched_at_both_ends(tmp_path: Path) -> None:
    there = _package(tmp_path / "there")
    (there / "real.py").touch()
    here = _package(tmp_path / "here")
    (here / "my.py").symlink_to(there / "real.py")
    assert folders(here / "my.py") == (here, there)


def test_packages_that_hold_each_other_end(tmp_path: Path) -> None:
    (_package(tmp_path / "loop") / "again").symlink_to(tmp_path / "loop")
    assert len(folders(tmp_path / "my.py")) < 10


def test_what_editors_keep_beside_a_file_is_none(tmp_path: Path) -> None:
    for name in ("my.py", ".#my.py", "my.py~", ".my.py.swp", "4913", "my.pyc", "notes.txt"):
        (tmp_path / name).touch()
    assert stamps([tmp_path]).keys() == {tmp_path / "my.py"}
    assert stamps([tmp_path / "nowhere"]) == {}


def test_changes_in_words(tmp_path: Path) -> None:
    inner = _package(tmp_path / "cells")
    for name in ("same.py", "saved.py", "replaced.py", "gone.py"):
        (inner / name).write_text("x = 1\n")
    before = stamps(folders(tmp_path / "my.py"))
    (inner / "saved.py").write_text("x = 12\n")
    (inner / "beside").write_text("x = 1\n")
    seen = (inner / "replaced.py").stat()
    os.utime(inner / "beside", ns=(seen.st_atime_ns, seen.st_mtime_ns))
    os.replace(inner / "beside", inner / "replaced.py")
    (inner / "gone.py").unlink()
    (tmp_path / "new.py").touch()
    after = stamps(folders(tmp_path / "my.py"))
    told = changes(before, after, tmp_path)
    assert sorted(told) == ["cells/gone.py gone", "cells/replaced.py saved", "cells/saved.py saved", "new.py new"]
    assert told[-1] == "cells/gone.py gone"
    assert changes(after, after, tmp_path) == ()


def test_a_save_in_pieces_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("watchfiles")
    monkeypatch.setattr(saving, "SILENCE", 700)
    monkeypatch.setattr(saving, "LONGEST", 5000)
    file, rung = tmp_path / "my.py", threading.Event()
    file.write_text("")
    looks: list[str] = []

    def ring() -> None:
        looks.append(file.read_text())
        rung.set()

    with Saves(file, ring) as saves:
        assert not rung.wait(0.5)  # nothing happened
        with file.open("w") as opened:
            for piece in ("one ", "two ", "three"):
                opened.write(piece)
                opened.flush()
        saves.wait()
        assert saves.take() == ("my.py saved",)
    assert set(looks) == {"one two three"}


def test_a_folder_that_is_replaced_is_watched_on(tmp_path: Path) -> None:
    pytest.importorskip("watchfiles")
    folder = _package(tmp_path / "mine")
    file, rung = folder / "my.py", threading.Event()
    file.write_text("x = 1\n")
    with Saves(file, rung.set) as saves:
        folder.rename(tmp_path / "other")
        saves.wait()
        assert "my.py gone" in saves.take()
        rung.clear()
        folder.mkdir()
        file.write_text("x = 2\n")
        saves.wait()
        assert saves.take() == ("my.py new",)
        rung.clear()
        file.write_text("x = 34\n")
        saves.wait()
        assert saves.take() == ("my.py saved",)
