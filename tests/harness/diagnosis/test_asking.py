"""A candidate asked by canonical names: its own arrays and layout, sign and scale, calls, and what it fails at."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from traced_backward import candidate as written_out

import handgrad
from harness import casebook
from harness.brought import bring
from harness.candidate import InProcess, own
from harness.candidates.process import CandidateFailed, Process
from harness.case import Case, from_seed
from harness.diagnosis.asking import Asked
from harness.laid import Laid
from harness.options import Options
from references.model import Model

LSTM = Model("lstm", "tanh", "cotangent", "sum", 2, False)
SIZES = {"T": 3, "B": 2, "D": 4, "H": 2, "K": 5}
Arrays = dict[str, np.ndarray]
RIGHT = [
    (entry.name, member.path)
    for entry in casebook.entries().values()
    for member in entry.members
    if member.layout is not None and member.layout.verdict == "agree" and not entry.missing
]


@contextmanager
def brought(path: Path) -> Iterator[Asked]:
    """A file with a layout, in its process."""
    with Process(str(path)) as process:
        laid = bring(process, Options()).laid
        assert laid is not None
        yield Asked(laid, laid.layout.model)


def written(folder: Path, source: str) -> Path:
    path = folder / "candidate.py"
    path.write_text(inspect.cleandoc(source), encoding="utf-8")
    return path


def assert_handgrads(asked: Asked, case: Case) -> set[str]:
    """That what is given is handgrad's, and which arrays are given in full."""
    grads = asked(case)
    assert grads is not None
    right = own(case.model, case.copies())
    assert set(grads) == set(case.model.differentiated)
    for name, grad in grads.items():
        assert grad.shape == case.arrays[name].shape
        given = np.isfinite(grad)
        np.testing.assert_allclose(grad[given], right.grads[name][given], rtol=1e-10, atol=1e-12, err_msg=name)
    assert asked.loss == pytest.approx(float(right.loss), rel=1e-10)
    return {name for name, grad in grads.items() if np.isfinite(grad).all()}


@pytest.mark.parametrize(("entry", "path"), RIGHT, ids=[f"{entry}/{path.stem}" for entry, path in RIGHT])
def test_right_entries_of_the_casebook_give_handgrads_gradients(entry: str, path: Path) -> None:
    with brought(path) as asked:
        given = assert_handgrads(asked, asked.make(SIZES, 1))
        assert_handgrads(asked, asked.make({}, 2))
        assert (asked.calls, asked.coarse) == (2, False)
        assert "W_hh" in given
        assert "b_hh" not in given or asked.model.biases == 2 or entry == "nan-lstm"


def test_right_entries_are_of_many_layouts() -> None:
    assert {"binary-adder", "building-blocks", "nan-lstm", "lstm-without-tanh"} <= {entry for entry, _ in RIGHT}


SIGNED = """
    import numpy as np

    layout = {"W": "a, x+h", "x": "t x", "dh": "G: t h"}
    model = {"cell": "rnn", "activation": "identity", "loss": "cotangent"}
    sign, scale = -1, "1/T"

    def example(seed):
        rng = np.random.default_rng(seed)
        return {"W": rng.normal(size=(2, 5))}, {"x": rng.normal(size=(4, 3)), "dh": rng.normal(size=(4, 2))}

    def loss_and_grads(params, data):
        W, x, G = params["W"], data["x"], data["dh"]
        H = len(W)
        U, hs = W[:, -H:], [np.zeros(H)]
        for row in x:
            hs.append(W @ np.concatenate([row, hs[-1]]))
        dW, dx, carried = np.zeros_like(W), np.zeros_like(x), 0
        for t in reversed(range(len(x))):
            da = G[t] + carried
            dW += np.outer(da, np.concatenate([x[t], hs[t]]))
            dx[t] = da @ W[:, :-H]
            carried = da @ U
        return (G * hs[1:]).sum(), {"W": -dW / len(x), "x": -dx / len(x)}
"""


def test_a_declared_sign_and_scale_are_undone_and_what_is_not_given_is_nan(tmp_path: Path) -> None:
    with brought(written(tmp_path, SIGNED)) as asked:
        assert assert_handgrads(asked, asked.make({"T": 6, "D": 2}, 3)) == {"W_ih", "W_hh", "x"}
        grads = asked(asked.make({}, 0))
        assert grads is not None
        assert all(np.isnan(grads[name]).all() for name in ("b_ih", "b_hh", "h0"))


def test_a_sign_that_is_not_declared_stays_wrong(tmp_path: Path) -> None:
    with brought(written(tmp_path, SIGNED.replace('sign, scale = -1, "1/T"', 'scale = "1/T"'))) as asked:
        case = asked.make({}, 0)
        grads = asked(case)
        assert grads is not None
        np.testing.assert_allclose(grads["W_ih"], -own(case.model, case.copies()).grads["W_ih"], rtol=1e-10)


def test_what_a_candidate_traces_is_kept_of_the_last_call(tmp_path: Path) -> None:
    shown = SIGNED.replace('"x": -dx / len(x)}', '"x": -dx / len(x)}, {"dx": dx}')
    with brought(written(tmp_path, shown)) as asked:
        for T in (3, 5):
            case = asked.make({"T": T}, 1)
            asked(case)
            np.testing.assert_allclose(asked.trace["dx"], own(case.model, case.copies()).grads["x"][:, 0], rtol=1e-10)


def test_cases_that_a_layout_has_not_are_refused_or_not_taken(tmp_path: Path) -> None:
    with brought(written(tmp_path, SIGNED)) as asked:
        case = asked.make({"B": 3}, 0)  # which has no batch
        assert case.sizes["B"] == 1
        assert asked(from_seed(asked.model, {**SIZES, "B": 2})) is None
        assert asked(replace(case, arrays={**case.arrays, "h0": np.ones((1, 2))})) is None


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("raise ValueError('no')", "raises"),
        ("import os; os._exit(3)", "dies"),
        ("while True: pass", "never ends"),
    ],
    ids=lambda value: value.partition(" ")[0],
)
def test_a_candidate_that_fails_gives_nothing_and_is_counted(tmp_path: Path, line: str, what: str) -> None:
    source = SIGNED.replace(
        "W, x, G = params", f"if len(data['x']) == 5:\n            {line}\n        W, x, G = params"
    )
    with Process(str(written(tmp_path, source)), timeout=1.0) as process:
        laid = bring(process, Options()).laid
        assert isinstance(laid, Laid)
        asked = Asked(laid, laid.layout.model)
        assert asked(asked.make({"T": 5})) is None
        assert_handgrads(asked, asked.make({"T": 4}))  # and is asked again
        assert asked.calls == 2
        with pytest.raises(CandidateFailed):
            process.call(*laid.layout.given(asked.make({"T": 5}).arrays, laid.params, laid.data))


@pytest.mark.parametrize(
    ("obtained", "given"),
    [("np.full_like(dW, np.inf)", np.inf), ("dW * np.nan", np.nan)],
    ids=["infinite", "not a number"],
)
def test_gradients_that_are_no_numbers_come_as_they_are(tmp_path: Path, obtained: str, given: float) -> None:
    source = SIGNED.replace('{"W": -dW / len(x),', f'{{"W": -1.0 * {obtained},')
    with brought(written(tmp_path, source)) as asked:
        grads = asked(asked.make({"T": 5}))
        assert grads is not None
        np.testing.assert_array_equal(grads["W_ih"], np.full_like(grads["W_ih"], given))
        assert np.isfinite(grads["x"]).all()


def test_a_gradient_of_another_shape_is_no_answer(tmp_path: Path) -> None:
    with brought(written(tmp_path, SIGNED.replace('"W": -dW', '"W": -dW[:, :1]'))) as asked:
        assert asked(asked.make({})) is None


def test_float32_inside_is_noticed(tmp_path: Path) -> None:
    source = SIGNED.replace('"W": -dW / len(x)', '"W": (-dW / len(x)).astype("float32")')
    with brought(written(tmp_path, source)) as asked:
        assert not asked.coarse
        asked(asked.make({}))
        assert asked.coarse
    assert Asked(InProcess(), LSTM, "float32").coarse


def test_a_function_of_this_process_is_asked_as_it_is() -> None:
    asked = Asked(InProcess(written_out()), LSTM)
    given = assert_handgrads(asked, asked.make(SIZES, 1))
    assert given == set(LSTM.differentiated)
    assert (asked.calls, asked.trace) == (1, {})
    shown = Asked(InProcess(written_out(lambda name, value: value, "dc", "da_g")), LSTM)
    shown(shown.make(SIZES, 1))
    assert {name: array.shape for name, array in shown.trace.items()} == {"dc": (3, 2, 2), "da_g": (3, 2, 2)}


def test_arrays_that_a_function_does_not_return_are_nan() -> None:
    def few(model: Model, arrays: Arrays) -> handgrad.Gradients:
        found = own(model, arrays)
        return found._replace(grads={"W_hh": found.grads["W_hh"]})

    asked = Asked(InProcess(few), LSTM)
    assert assert_handgrads(asked, asked.make(SIZES)) == {"W_hh"}


def test_a_function_that_raises_gives_nothing() -> None:
    def never(model: Model, arrays: Arrays) -> handgrad.Gradients:
        raise ZeroDivisionError

    asked = Asked(InProcess(never), LSTM)
    assert asked(asked.make(SIZES)) is None
    assert asked.calls == 1
