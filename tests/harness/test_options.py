from __future__ import annotations

from pathlib import Path

import pytest

from harness.case import from_seed
from harness.errors import BadInput
from harness.options import Options, cases, model

REFUSED: list[tuple[Options, str]] = [
    (Options(cell="gru2"), "cell: got 'gru2', allowed: lstm, rnn"),
    (Options(activation="relu"), "activation: got 'relu', allowed with cell lstm: tanh, identity"),
    (Options(loss="hinge"), "loss: got 'hinge', allowed: softmax-cross-entropy"),
    (Options(reduction="median"), "reduction: got 'median', allowed: sum, mean, mean-b, mean-t"),
    (Options(bias="three"), "bias: got 'three', allowed: none, one, two"),
    (Options(dtype="float16"), "dtype: got 'float16', allowed: float32, float64"),
    (Options(shape="T=0"), "shape: got T=0, needs a whole number, 1 or more"),
    (Options(shape="B=-2"), "shape: got B=-2, needs a whole number, 1 or more"),
    (Options(shape="T=2.5"), "shape: got T=2.5, needs a whole number, 1 or more"),
    (Options(shape="Q=3"), "shape: got key 'Q', allowed: T, B, D, H, K"),
    (Options(shape="T"), "shape: got 'T', needs KEY=SIZE"),
    (Options(shape={"T": True}), "shape: got T=True, needs a whole number"),
    (Options(loss="cotangent", shape="K=3"), "shape: got K=3, but there is no readout"),
    (Options(loss="cotangent", readout=True), "readout: got one, allowed: none with loss cotangent"),
    (Options(seed=-1), "seed: got -1, needs 0 or more"),
    (Options(seeds=0), "seeds: got 0, needs 1 or more"),
    (Options(case="x", cell="rnn", seed=1), "case: got cell, seed too"),
    (Options(text="x", shape="D=3"), "shape: got D or K, but with a text"),
]


@pytest.mark.parametrize(("options", "message"), REFUSED, ids=[message[:30] for _, message in REFUSED])
def test_what_cannot_be_worked_with_is_one_line(options: Options, message: str) -> None:
    with pytest.raises(BadInput) as raised:
        cases(options)
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)


def test_defaults() -> None:
    made, count = cases(Options())
    (case,) = made
    assert count == 1
    assert case.summary().title == (
        "lstm · tanh · linear readout · softmax-cross-entropy · sum · 2 biases · float64 · T=12 B=4 D=7 H=16 K=9"
    )


def test_seeds_are_consecutive() -> None:
    made, count = cases(Options(seed=5, seeds=3))
    assert count == 3
    assert [case.source for case in made] == ["seed 5", "seed 6", "seed 7"]


def test_shape_departs_from_the_default() -> None:
    (case,) = cases(Options(shape=" H=3, T=2"))[0]
    assert case.sizes == {"T": 2, "B": 4, "D": 7, "H": 3, "K": 9}


def test_losses_on_hidden_states_have_no_readout_by_default() -> None:
    assert not model(Options(loss="cotangent")).readout
    assert model(Options(loss="squared-error")).readout
    assert not model(Options(loss="squared-error", readout=False)).readout


@pytest.mark.parametrize("given", [2, "two", "2"])
def test_biases_by_number_and_by_word(given: int | str) -> None:
    assert model(Options(bias=given)).biases == 2


def test_a_case_may_be_given_as_it_is(tmp_path: Path) -> None:
    case = from_seed(model(Options()))
    (same,) = cases(Options(case=case))[0]
    assert same is case
