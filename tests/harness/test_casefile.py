from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save as to_bytes

from harness import casefile
from harness.case import from_seed
from harness.errors import BadInput
from references.model import Model

MODELS = [
    Model("lstm", "tanh", "softmax-cross-entropy", "sum", 2, True),
    Model("rnn", "relu", "cotangent", "mean-t", 1, False),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("model", MODELS)
def test_what_is_saved_comes_back_bit_by_bit(tmp_path: Path, model: Model, dtype: str) -> None:
    case = from_seed(model, dtype=dtype)
    casefile.save(case, tmp_path / "case.safetensors")
    back = casefile.load(tmp_path / "case.safetensors")
    assert (back.model, back.fingerprint, back.dtype) == (case.model, case.fingerprint, case.dtype)
    assert back.arrays["x"].flags.writeable


def _refused(path: Path) -> str:
    with pytest.raises(BadInput) as raised:
        casefile.load(path)
    message = str(raised.value)
    assert message.startswith(f"case {path}: ")
    assert "\n" not in message
    return message


def _saved(tmp_path: Path) -> Path:
    path = tmp_path / "case.safetensors"
    casefile.save(from_seed(MODELS[0]), path)
    return path


@pytest.mark.parametrize("length", [0, 5, 8, 100, 2000, -1])
def test_a_truncated_file(tmp_path: Path, length: int) -> None:
    path = _saved(tmp_path)
    path.write_bytes(path.read_bytes()[:length])
    assert "damaged or no case file" in _refused(path)


def test_a_damaged_header(tmp_path: Path) -> None:
    path = _saved(tmp_path)
    data = bytearray(path.read_bytes())
    data[20:40] = b"\xff" * 20
    path.write_bytes(data)
    assert "damaged or no case file" in _refused(path)


def test_a_pickle_is_refused_and_never_run(tmp_path: Path) -> None:
    class Bomb:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (tmp_path / "exploded",)  # type: ignore[return-value]

    path = tmp_path / "case.safetensors"
    path.write_bytes(pickle.dumps(Bomb()))
    assert "damaged or no case file" in _refused(path)
    assert not (tmp_path / "exploded").exists()


def test_a_foreign_safetensors_file(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    path.write_bytes(to_bytes({"weight": np.zeros((2, 2))}, metadata={"format": "np"}))
    assert "damaged or no case file" in _refused(path)


@pytest.mark.parametrize(
    ("about", "text"),
    [
        ({"format": 99, "model": {}, "source": ""}, "got format 99, allowed: 1"),
        ({"format": 1, "source": ""}, "does not describe a model"),
        ({"format": 1, "model": {"cell": "lstm"}, "source": ""}, "does not describe a model"),
        ({"format": 1, "model": MODELS[0].to_dict() | {"cell": "gru2"}, "source": ""}, "cell: got 'gru2', allowed:"),
        ({"format": 1, "model": MODELS[0].to_dict(), "source": ""}, "arrays: got no W_ih"),
        ([], "damaged or no case file"),
    ],
)
def test_wrong_metadata(tmp_path: Path, about: object, text: str) -> None:
    path = tmp_path / "case.safetensors"
    path.write_bytes(to_bytes({"x": np.zeros((1, 1, 1))}, metadata={"handgrad-case": json.dumps(about)}))
    assert text in _refused(path)


def test_a_case_that_is_not_finite(tmp_path: Path) -> None:
    case = from_seed(MODELS[0])
    arrays = case.copies()
    arrays["W_ih"][0, 0] = np.nan
    about = {"format": 1, "model": case.model.to_dict(), "source": "seed 0"}
    path = tmp_path / "case.safetensors"
    path.write_bytes(to_bytes(arrays, metadata={"handgrad-case": json.dumps(about)}))
    assert "W_ih: got nan at [0, 0], a case must be finite" in _refused(path)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    assert "cannot be read: No such file" in _refused(tmp_path / "none")
