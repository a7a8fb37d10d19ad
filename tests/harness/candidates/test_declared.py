"""What a candidate declares beside its function, and which file and function are meant."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.candidates import declared
from harness.candidates.target import Target
from harness.errors import BadInput

SIZES = {"T": 4, "B": 3, "D": 2, "H": 5, "K": 6}


@pytest.mark.parametrize(
    ("scale", "value"),
    [
        (None, 1.0),
        (2, 2.0),
        (0.5, 0.5),
        (-3.0, -3.0),
        ("T", 4.0),
        ("1/B", 1 / 3),
        ("T*B", 12.0),
        ("1/(T*B)", 1 / 12),
        (" 1 / ( T * B ) ", 1 / 12),
        ("2*T", 8.0),
        ("0.5", 0.5),
        ("T/2", 2.0),
        ("H/(K*D)", 5 / 12),
    ],
)
def test_scales(scale: Any, value: float) -> None:
    assert declared.factor(declared.scale(scale), SIZES) == value


@pytest.mark.parametrize(
    "scale",
    [0, True, float("nan"), float("inf"), [1], "", "X", "1/", "/T", "1/T*B", "T+B", "1/(T", "-1", "1//T", "()", "0",
     "T/0", "1/(0*T)", "1/T/B", "9" * 400, 10**400, pytest.param(10**5000, id="thousands of digits"), 1j],
)  # fmt: skip
def test_scales_that_are_none(scale: Any) -> None:
    with pytest.raises(BadInput, match=r"^scale: got ") as raised:
        declared.scale(scale)
    assert len(str(raised.value)) < 200


def test_numbers_of_numpys() -> None:
    assert declared.scale(np.float32(0.5)) == declared.scale(np.float64(0.5)) == 0.5
    assert declared.scale(np.int64(3)) == 3.0
    assert declared.sign(np.int64(-1)) == declared.sign(np.float32(-1)) == -1.0


def test_a_scale_by_a_size_that_is_not_known() -> None:
    with pytest.raises(BadInput, match=r"scale: got '1/T', but T is not known: without a layout give it as a number"):
        declared.factor("1/T", {})


def test_signs() -> None:
    assert (declared.sign(None), declared.sign(-1), declared.sign(1.0)) == (1.0, -1.0, 1.0)
    for wrong in (0, 2, "-", True, None is None):
        with pytest.raises(BadInput, match=r"^sign: got .*, allowed: 1 and -1$"):
            declared.sign(wrong)


def test_layouts() -> None:
    assert declared.layout(None) is None
    assert declared.layout({"Wf": "f, x"}) == {"Wf": "f, x"}
    with pytest.raises(BadInput, match="layout: got a str, needs a dict: a line of text for each array"):
        declared.layout("f, x")
    with pytest.raises(BadInput, match=r"layout of Wf: got \['f', 'x'\], needs text, as in 'f, h\+x'"):
        declared.layout({"Wf": ["f", "x"]})


def test_models() -> None:
    assert declared.model(None) == {} and declared.model({"cell": "lstm"}) == {"cell": "lstm"}
    with pytest.raises(BadInput, match="model: got a str, needs a dict with some of cell, activation, loss, reduction"):
        declared.model("lstm")
    with pytest.raises(BadInput, match="model: got 'bias', allowed: cell, activation, loss, reduction"):
        declared.model({"bias": "one"})
    with pytest.raises(BadInput, match="model: got 3 for cell, needs text"):
        declared.model({"cell": 3})


def test_targets(tmp_path: Path) -> None:
    file = tmp_path / "my_lstm.py"
    file.write_text("")
    assert Target.read(str(file)) == (file, "loss_and_grads")
    assert Target.read(f"{file}:other") == (file, "other")
    assert (Target.read(str(file)).name, Target.read(f"{file}:other").name) == ("my_lstm.py", "my_lstm.py:other")


def test_targets_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "folder.py").mkdir()
    (tmp_path / "my.txt").write_text("")
    (tmp_path / "my.py").write_text("")
    for text, words in {
        "none.py": r"none\.py: cannot be read: No such file or directory",
        "none.py:f": r"none\.py: cannot be read: No such file or directory",
        "folder.py": r"is a folder, needs a Python file with a function loss_and_grads",
        "my.txt": r"my\.txt: needs a Python file \(\.py\), or a command with \{case\} and \{out\} in it",
        "my.py:1": r"got function '1', needs a name, as in .*my\.py:loss_and_grads",
        "my.py:": r"got function '', needs a name",
    }.items():
        with pytest.raises(BadInput, match=words):
            Target.read(str(tmp_path / text))
