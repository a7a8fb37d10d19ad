"""Where a candidate's function stands: found without running its file, whatever the file holds."""

from __future__ import annotations

import inspect
import re
from pathlib import Path
from textwrap import dedent

import pytest

import harness
from harness import source
from harness.casebook import entries
from harness.run import Source

FORMS = {
    "plain": """
        def loss_and_grads(params, data):  # here
            pass
    """,
    "decorated": """
        import functools
        @functools.cache
        @(lambda function: function)
        def loss_and_grads(params, data):  # here
            pass
    """,
    "async": """
        async def loss_and_grads(params, data):  # here
            pass
    """,
    "the last of two": """
        def loss_and_grads(params, data):
            return 1
        def loss_and_grads(params, data):  # here
            return 2
    """,
    "under a condition": """
        if True:
            try:
                import nothing_of_that_name
            except ImportError:
                def loss_and_grads(params, data):  # here
                    pass
    """,
    "another function's inner one beside": """
        def loss_and_grads(params, data):  # here
            pass
        def other():
            def loss_and_grads(params, data):
                pass
    """,
    "a method beside": """
        def loss_and_grads(params, data):  # here
            pass
        class Cell:
            def loss_and_grads(self, params, data):
                pass
    """,
    "another name": """
        def backward(params, data):  # here
            pass
        loss_and_grads = backward
    """,
    "made by a function": """
        def make(scale):
            def inner(params, data):  # here
                return scale
            return inner
        loss_and_grads = make(2)
    """,
    "annotated": """
        from collections.abc import Callable
        def backward(params, data):  # here
            pass
        loss_and_grads: Callable = backward
    """,
    "a lambda": """
        loss_and_grads = lambda params, data: None  # here
    """,
    "a partial": """
        from functools import partial
        def both(scale, params, data):
            pass
        loss_and_grads = partial(both, 1)  # here
    """,
    "imported": """
        import os
        from elsewhere import backward as loss_and_grads  # here
    """,
    "nested only": """
        def register():
            global loss_and_grads
            def loss_and_grads(params, data):  # here
                pass
        register()
    """,
    "only a declaration before": """
        loss_and_grads: object
        def loss_and_grads(params, data):  # here
            pass
    """,
    "a circle": """
        def make():
            made = make()
            return made
        loss_and_grads = make()
        other = loss_and_grads
    """,
}


def test_every_form(tmp_path: Path) -> None:
    for form, code in FORMS.items():
        path = tmp_path / "mine.py"
        path.write_text(dedent(code), "utf-8")
        marked = [number for number, line in enumerate(dedent(code).splitlines(), 1) if line.endswith("# here")]
        found = source.of(path)
        assert found is not None, form
        if form == "a circle":
            assert found.line == 3
        else:
            assert [found.line] == marked, form
        assert (found.file, found.function) == (str(path), "loss_and_grads")


def test_a_named_function(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("def loss_and_grads(p, d): ...\n\ndef mine(p, d): ...\n", "utf-8")
    assert source.of(f"{path}:mine") == Source(str(path), 3, "mine")
    assert source.of(f"{path}:absent") is None


@pytest.mark.parametrize(
    "code",
    [
        b"def loss_and_grads(params, data)\n", b"\xff\xfe\x00\x01", b"x = 1\x00\n", b"# coding: no-such\n", b"",
        b"x = " + b"(" * 5_000 + b")" * 5_000, b"x = " + b"-" * 100_000 + b"1", b"1\n", b"#" * (source.LARGEST + 1),
    ],
    ids=["syntax", "no text", "null", "coding", "empty", "brackets", "signs", "no function", "long"],
)  # fmt: skip
def test_what_cannot_be_read_is_none(code: bytes, tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes(code)
    assert source.of(path) is None


def test_many_branches_and_strange_escapes(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    branches = "".join(f"elif n == {n}:\n    pass\n" for n in range(400))
    path.write_text(f"n = '\\d'\nif n:\n    pass\n{branches}\ndef loss_and_grads(p, d): ...\n", "utf-8")
    found = source.of(path)
    assert found is not None and found.line == 3 + 2 * 400 + 2


def test_other_encodings(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_bytes("# coding: latin-1\n# é\ndef loss_and_grads(p, d): ...\n".encode("latin-1"))
    found = source.of(path)
    assert found is not None and found.line == 3


@pytest.mark.parametrize("candidate", [None, "program {case} {out}", "absent.py", "folder", lambda m, a: None, 3])
def test_what_is_no_file_has_no_source(candidate: object) -> None:
    assert source.of(candidate) is None


def test_the_file_is_not_run(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\ndef loss_and_grads(p, d): ...\n", "utf-8")
    assert source.of(path) is not None
    assert not (tmp_path / "ran").exists()


def test_every_candidate_of_the_casebook_is_found() -> None:
    members = [member for entry in entries().values() for member in entry.members]
    assert len(members) > 5
    for member in members:
        found = source.of(member.path)
        assert found is not None
        line = member.path.read_text("utf-8").splitlines()[found.line - 1]
        assert re.match(r"def loss_and_grads\(|from \w+ import .*\bloss_and_grads\b", line), member.path


def test_a_run_says_where_its_candidate_stands(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text(dedent(inspect.getsource(_candidate_file).partition("\n")[2]), "utf-8")
    run = harness.compare(candidate=path, alone=True)
    assert run.verdict == "agree"
    assert run.source == Source(str(path), 3, "loss_and_grads")
    assert harness.compare(cell="rnn", references="extended", alone=True, shape="T=2,B=1,D=1,H=1").source is None


def _candidate_file() -> None:
    import numpy as np

    def loss_and_grads(params, data):
        return 0.5 * np.sum(params["w"] ** 2), {"w": params["w"].copy()}

    def example(seed):
        return {"w": np.random.default_rng(seed).normal(size=3)}, {}
