"""Gradients as a file: what is written is read, what is wrong with a file is one line, and the schemas hold."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # its stubs are apart
from safetensors.numpy import save_file

import handgrad
from harness import candidates, casefile
from harness.candidates import exchange
from harness.case import DEFAULT_SIZES, Case, from_seed
from harness.errors import BadInput
from references import equations
from references.equations import losses
from references.model import REDUCTIONS, Model

FOLDER = Path(candidates.__file__).parent
LSTM = Model("lstm", "tanh", "softmax-cross-entropy", "sum", 2, True)
SMALL = {"T": 3, "B": 2, "D": 4, "H": 5, "K": 6}


@pytest.fixture(scope="module")
def case() -> Case:
    return from_seed(LSTM, SMALL)


def right(case: Case) -> handgrad.Gradients:
    return handgrad.loss_and_grads(case.copies(), cell=case.model.cell, loss=case.model.loss)


def test_what_is_written_is_read(case: Case, tmp_path: Path) -> None:
    answer = right(case)
    path = tmp_path / "gradients.safetensors"
    exchange.write(path, answer.grads, answer.loss, {"h": answer.trace["h"]}, case)
    given = exchange.read(path, case)
    assert given.loss is not None and given.loss.shape == () and given.loss == answer.loss
    assert given.grads.keys() == answer.grads.keys() and given.trace.keys() == {"h"}
    assert all(np.array_equal(given.grads[name], grad) for name, grad in answer.grads.items())
    assert given.notes == () and given.impure == ()


def test_a_plain_file_with_a_part_of_the_gradients(case: Case, tmp_path: Path) -> None:
    grads = right(case).grads
    path = tmp_path / "plain.safetensors"
    save_file({"dW_hh": grads["W_hh"].astype(np.float32), "b_ih": grads["b_ih"][:, None]}, path)
    given = exchange.read(path, case)
    assert given.loss is None and given.grads.keys() == {"W_hh", "b_ih"}
    assert [(name, arrays) for name, _, arrays in given.notes] == [("shape", ("b_ih",)), ("low precision", ("W_hh",))]


def written(path: Path, arrays: dict[str, np.ndarray], metadata: Any = None) -> Path:
    save_file(arrays, path, None if metadata is None else {exchange.KEY: metadata})
    return path


def test_what_is_wrong_with_a_file(case: Case, tmp_path: Path) -> None:
    """Each is one line that names the file and what is wrong."""
    W_hh = {"W_hh": np.zeros((20, 5))}
    path = tmp_path / "g.safetensors"

    def refused(words: str) -> None:
        with pytest.raises(BadInput, match=rf"^gradients .*g\.safetensors: {words}") as raised:
            exchange.read(path, case)
        assert "\n" not in str(raised.value)

    refused("cannot be read: No such file or directory")
    path.write_bytes(b"")
    refused("is damaged or no safetensors file")
    path.write_bytes(b"\xff" * 100)
    refused("is damaged or no safetensors file")
    written(path, W_hh)
    path.write_bytes(path.read_bytes()[:-1])
    refused("is damaged or no safetensors file")
    written(path, W_hh, "no JSON")
    refused("is damaged or no safetensors file")
    written(path, W_hh, "[1]")
    refused("is damaged or no safetensors file")
    written(path, W_hh, '{"format": 2}')
    refused("got format 2, allowed: 1$")
    written(path, W_hh, json.dumps({"format": 1, "fingerprint": "0123456789abcdef"}))
    refused(f"computed from another case: got fingerprint 0123456789abcdef, this is {case.fingerprint}$")
    written(path, {"W_xh": np.zeros(3)})
    refused("grads: got 'W_xh', allowed: W_ih, W_hh, b_ih, b_hh, W_hy, b_y, x, h0, c0, or dNAME for each$")
    written(path, {"y": np.zeros((3, 2))})
    refused("grads: got 'y', allowed: ")
    written(path, {"W_hh": np.zeros((5, 20))})
    refused(r"W_hh: got a gradient of shape \(5, 20\), W_hh has \(20, 5\): this is its transpose$")
    written(path, {"W_hh": np.zeros((20, 5), np.int64)})
    refused("W_hh: got a gradient of dtype int64, needs floats")
    written(path, {"loss": np.zeros(2), **W_hh})
    refused(r"loss: got shape \(2,\), needs a single number: sum it$")
    written(path, {"loss": np.zeros(1)})
    refused("grads: got none, needs at least one array's gradient$")
    written(path, {"x": np.zeros((3, 2, 4))})
    refused("grads: got x, none of a parameter")


def test_what_cannot_be_written(case: Case, tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="W_hh: got dtype int64, needs float64 or float32"):
        exchange.write(tmp_path / "g", {"W_hh": np.zeros(3, np.int64)})
    with pytest.raises(BadInput, match="there is no folder"):
        exchange.write(tmp_path / "none" / "g", {"W_hh": np.zeros(3)})


def models() -> Iterator[Model]:
    """Each cell with each loss, with a readout where the loss takes one."""
    for cell in equations.cells():
        for loss in losses.NAMES:
            for readout in {False, loss not in losses.ON_HIDDEN}:
                yield Model(cell, equations.cell(cell).ACTIVATIONS[0], loss, "mean-b", 1, readout)


def header(path: Path) -> dict[str, Any]:
    content = path.read_bytes()
    parsed: dict[str, Any] = json.loads(content[8 : 8 + int.from_bytes(content[:8], "little")])
    return parsed


def checks(name: str) -> tuple[Draft202012Validator, Draft202012Validator]:
    """The checks of a header, and of the description inside it."""
    schema = json.loads((FOLDER / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(schema)
    inner = {"$defs": schema["$defs"], "$ref": "#/$defs/description"}
    return Draft202012Validator(schema), Draft202012Validator(inner)


@pytest.mark.parametrize("model", list(models()), ids=str)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_case_is_what_the_schema_says(model: Model, dtype: str, tmp_path: Path) -> None:
    outer, inner = checks("case")
    casefile.save(from_seed(model, SMALL, dtype), tmp_path / "case")
    written = header(tmp_path / "case")
    outer.validate(written)
    inner.validate(json.loads(written["__metadata__"]["handgrad-case"]))


def test_the_schema_of_a_case_sees_what_is_wrong(case: Case, tmp_path: Path) -> None:
    outer, inner = checks("case")
    casefile.save(case, tmp_path / "case")
    right = header(tmp_path / "case")
    about = json.loads(right["__metadata__"]["handgrad-case"])
    assert set(inner.schema["$defs"]["description"]["properties"]["model"]["properties"]) == set(case.model.to_dict())
    assert tuple(inner.schema["$defs"]["description"]["properties"]["model"]["properties"]["reduction"]["enum"]) == (
        tuple(REDUCTIONS)
    )
    assert not inner.is_valid({**about, "format": 2})
    assert not inner.is_valid({**about, "model": {**about["model"], "biases": 3}})
    assert not outer.is_valid({**right, "W_xh": right["W_hh"]})
    assert not outer.is_valid({**right, "W_hh": {**right["W_hh"], "dtype": "I64"}})
    assert not outer.is_valid({**right, "x": right["W_hh"]})
    assert not outer.is_valid({name: one for name, one in right.items() if name != "b_y"})
    assert not outer.is_valid({name: one for name, one in right.items() if name != "y"})
    assert not outer.is_valid({name: one for name, one in right.items() if name != "__metadata__"})


def test_gradients_are_what_the_schema_says(case: Case, tmp_path: Path) -> None:
    outer, inner = checks("gradients")
    answer = right(case)
    exchange.write(tmp_path / "g", answer.grads, answer.loss, answer.trace, case)
    written = header(tmp_path / "g")
    outer.validate(written)
    about = json.loads(written["__metadata__"][exchange.KEY])
    inner.validate(about)
    assert about == {"format": exchange.FORMAT_VERSION, "fingerprint": case.fingerprint}
    assert not inner.is_valid({"format": 2}) and not inner.is_valid({"format": 1, "fingerprint": "no"})
    save_file({"dW_hh": np.zeros((20, 5))}, tmp_path / "plain")
    outer.validate(header(tmp_path / "plain"))
    assert not outer.is_valid({**written, "y": written["x"]})
    assert not outer.is_valid({**written, "W_hh": {**written["W_hh"], "dtype": "I64"}})
    assert not outer.is_valid({**written, "loss": {**written["loss"], "shape": [2]}})


def test_the_document_names_what_there_is() -> None:
    """Every array, size, loss, reduction, activation and traced quantity that there is."""
    page = (Path(__file__).parents[3] / "docs" / "exchange.md").read_text()
    words = set(losses.NAMES) | set(REDUCTIONS) | set(equations.cells())
    for cell in equations.cells():
        words |= set(equations.cell(cell).ACTIVATIONS)
        for loss in losses.NAMES:
            model = Model(cell, "tanh", loss, "sum", 2, loss not in losses.ON_HIDDEN)
            words |= set(model.axes)
    answer = right(from_seed(LSTM, SMALL))
    words |= {f"trace/{name}" for name in answer.trace}
    missing = [word for word in words if f"`{word}`" not in page]
    missing += [axis for axis in DEFAULT_SIZES if f" {axis} " not in page]
    assert not missing
    assert exchange.FORMAT_VERSION == casefile.FORMAT_VERSION == 1  # "format 1" in the titles


def test_the_python_of_the_document_runs(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = (Path(__file__).parents[3] / "docs" / "exchange.md").read_text()
    monkeypatch.chdir(tmp_path)
    casefile.save(case, Path("case.safetensors"))
    exec(page.split("```python\n")[1].split("```")[0], {})
    assert exchange.read(Path("gradients.safetensors"), case).grads.keys() == {"W_hh"}
