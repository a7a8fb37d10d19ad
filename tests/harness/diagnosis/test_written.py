"""A written test fails on the candidate as it is and passes once it is mended, wherever it lies, whatever names are."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import harness
from harness.brought import bring
from harness.candidates import results
from harness.candidates.process import Process
from harness.candidates.structure import same
from harness.candidates.target import Target
from harness.diagnosis.example import smallest
from harness.diagnosis.example_own import smallest_own
from harness.diagnosis.example_wrong import LOSS, Shown, Wrong
from harness.diagnosis.written import FORMS, literal, placed, written
from harness.options import Options
from harness.own import draw

CASEBOOK = Path(harness.__file__).parent / "casebook"


def copy(entry: str, folder: Path) -> Path:
    return Path(shutil.copytree(CASEBOOK / entry, folder / entry))


def text_of(file: Path, forward: bool = False) -> str:
    with Process(str(file)) as process:
        laid = bring(process, Options()).laid
        assert laid is not None
        found = smallest(laid, laid.layout.model, laid.layout.sizes, Wrong(laid, forward=forward))
    assert found is not None
    return found.example.test


def passed(folder: Path, **tests: str) -> list[str]:
    """Which of the tests pytest passes; that others fail must be because of their assertion."""
    files = [folder / f"test_{name}.py" for name in tests]
    for file, test in zip(files, tests.values(), strict=True):
        file.write_text(test, encoding="utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-rA", "-p", "no:cacheprovider", "-p", "no:handgrad"]
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
    done = subprocess.run(
        [*command, *map(str, files)], cwd=folder, env=environment, capture_output=True, text=True, timeout=60
    )
    found = [name for name in tests if re.search(rf"^PASSED .*test_{name}\.py::", done.stdout, re.MULTILINE)]
    assert done.stdout.count("E       Not equal to tolerance") == len(tests) - len(found), done.stdout + done.stderr
    return found


def mended(file: Path, old: str, new: str) -> Path:
    """The file once more, in a copy of its folder, with one text replaced."""
    folder = Path(shutil.copytree(file.parent, file.parent.parent / "mended" / file.parent.name))
    text = file.read_text(encoding="utf-8")
    assert text.count(old) == 1
    (folder / file.name).write_text(text.replace(old, new), encoding="utf-8")
    return folder / file.name


def test_it_fails_now_and_passes_when_mended(tmp_path: Path) -> None:
    file = copy("theano-versus-python", tmp_path) / "broken.py"
    now = text_of(file)
    assert "handgrad" not in now and "harness" not in now
    there = now.replace(str(file), str(mended(file, "da[t] @", "da[t + 1] @")))
    beside = now.replace("broken.py", "right.py")  # the same program, mended by another file
    assert passed(tmp_path, now=now, mended=there, right=beside) == ["mended", "right"]


def test_it_finds_the_candidate_by_the_way_from_the_test(tmp_path: Path) -> None:
    """The two can go elsewhere together; what lies beside the candidate is found too."""
    file = copy("nan-lstm", tmp_path) / "fault_3.py"
    text = text_of(file)
    test = placed(text, tmp_path / "tests" / "test_a.py")
    assert str(tmp_path) in text and str(tmp_path) not in test
    (tmp_path / "tests").mkdir()
    assert passed(tmp_path / "tests", now=test) == []
    mended(file, "faults={3}", "faults=set()")
    (tmp_path / "mended" / "tests").mkdir()
    assert passed(tmp_path / "mended" / "tests", moved=test) == ["moved"]


def test_of_a_forward_pass(tmp_path: Path) -> None:
    file = copy("nan-lstm", tmp_path) / "fault_4.py"
    now = text_of(file, forward=True)
    there = now.replace(str(file), str(mended(file, "faults={4}", "faults=set()")))
    assert passed(tmp_path, now=now, mended=there) == ["mended"]


OWN = """import numpy as np


def loss_and_grads(params, data):
    h, y = np.tanh(params["it's a \\"W\\"\\n"] @ data["x"]), data["y"]
    da = (h - y) * (1 - h)
    return 0.5 * np.sum((h - y) ** 2), {"d_it's a \\"W\\"\\n": np.outer(da, data["x"])}


def example(seed):
    rng = np.random.default_rng(seed)
    return {"it's a \\"W\\"\\n": rng.normal(size=(2, 3))}, {"x": rng.normal(size=3), "y": rng.normal(size=2)}
"""


def test_of_a_candidate_without_a_layout(tmp_path: Path) -> None:
    """Its own forward says what is right; a name that is no name breaks nothing."""
    folder = tmp_path / "some where"
    folder.mkdir()
    candidate, name = folder / "own.py", 'it\'s a "W"\n'
    candidate.write_text(OWN, encoding="utf-8")
    with Process(str(candidate)) as process:
        params, data = draw.redrawn(*process.example(0), 0)
        example = smallest_own(process, params, data, [name], seconds=10)
        assert smallest_own(process, params, data, ["y"], seconds=10) is None  # no gradient of it is given
    assert example is not None and example.array == name
    numbers = np.concatenate([array.ravel() for array in example.arrays.values()])
    assert np.count_nonzero(numbers) <= 3 and np.isin(numbers, (0, 1, -1, 0.5, -0.5, 2, -2)).all()
    there = mended(candidate, "(1 - h)", "(1 - h**2)")
    moved = example.test.replace(str(candidate), str(there))
    assert passed(tmp_path, now=example.test, mended=moved) == ["mended"]
    with Process(str(there)) as process:
        assert smallest_own(process, params, data, [name], seconds=10) is None


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        3,
        0.1,
        -0.0,
        1e-320,
        float("inf"),
        2 + 1j,
        "quotes ' \" and\n\\ lines, ünïcode 😀",
        np.float64(0.1),
        np.float32(0.1),
        np.int32(7),
        np.bool(True),
        np.array([[0.1, -2.0], [1 / 3, 4.0]]),
        np.array([0.1, 0.2], np.float32),
        np.array([1, 2], np.int32),
        np.array([True, False]),
        np.array(0.5),
        np.zeros((0, 3)),
        np.array([np.inf, -np.inf, 1.0]),
        np.arange(120.0).reshape(10, 12),
        np.eye(2).view(np.matrix),
        [np.array([1.0]), None],
        (1.5,),
        (),
        {"a": [1, (2.0, "b")], 3: np.array([1, 2])},
    ],
    ids=repr,
)
def test_literals_are_exact(value: Any) -> None:
    source = literal(value)
    assert source.isascii()
    back = eval(source, {"np": np})
    assert same(back, value) and type(back) is type(value)


def test_not_a_number_is_a_literal_too() -> None:
    assert np.isnan(eval(literal(np.array([np.nan])), {"np": np})).all()


def test_what_has_no_literal() -> None:
    with pytest.raises(TypeError, match="object"):
        literal(object())


def _written(params: dict[str, Any]) -> str:
    shown = Shown("W", np.array([1.0]), np.array([2.0]), 1.0, 1.0, False)
    return written(Target(Path("/some where/a.py"), "loss_and_grads"), params, {}, shown)


def test_too_many_numbers_are_no_example() -> None:
    assert _written({"W": np.zeros(10)}) != ""
    assert _written({"W": np.zeros(10), "mask": np.zeros((100, 100))}) == ""


def test_a_test_is_placed_once_and_whatever_else_stays() -> None:
    test = _written({"W": np.zeros(1), "text": "CANDIDATE = Path('/etc')\nCANDIDATE = Path('/etc')"})
    line = [line for line in test.splitlines() if line.startswith("CANDIDATE")]
    assert line == ["CANDIDATE = Path('/some where/a.py')"]
    there = placed(test, Path("/some where/tests/test_a.py"))
    assert "CANDIDATE = (Path(__file__).parent / '../a.py').resolve()" in there
    assert placed(there, Path("/elsewhere/test_a.py")) == there
    assert placed("", Path("/elsewhere/test_a.py")) == ""


def test_coarse_candidates_are_asked_for_less() -> None:
    target = Target(Path("/a.py"), "f")
    tests = [written(target, {}, {}, Shown(LOSS, np.array(3.0), np.array(2.0), 0.3, 3.0, coarse)) for coarse in (0, 1)]
    assert "rtol=1e-06, atol=3e-06" in tests[0]
    assert "rtol=0.0001, atol=0.0003" in tests[1]


def test_every_name_that_a_gradient_may_have() -> None:
    """A test looks for a gradient by the same names as the harness does."""
    params = {"W": np.zeros(2)}
    for form in FORMS:
        taken, _ = results.gradients({form.format("W"): np.ones(2)}, params, params)
        assert taken.keys() == {"W"}
    assert len(FORMS) == 1 + len(results._FORMS)
