"""The cases that a candidate is asked about: what each shows, and what is left of them where it takes few cases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from harness.candidate import own
from harness.case import Case, from_seed
from harness.diagnosis.probes import Make, Probe, probes
from harness.errors import BadInput
from references.equations import losses
from references.model import Model

LSTM = Model("lstm", "tanh", "cotangent", "sum", 2, False)
MODELS = [
    Model(cell, activation, loss, "sum", 2, readout)
    for cell, activation in (("rnn", "relu"), ("lstm", "tanh"))
    for loss in losses.NAMES
    for readout in ((False,) if loss in losses.ON_HIDDEN else (False, True))
]


#: probes that only cases with cotangents of the final states have
OF_ENDS = {"steps alone", "ends alone", "taken back"}


def drawn(model: Model, **fixed: int) -> Make:
    return lambda sizes, seed: from_seed(model, {**sizes, **fixed}, seed=seed)


def made(model: Model, **fixed: int) -> dict[str, Probe]:
    return {probe.name: probe for probe in probes(model, drawn(model, **fixed))}


def one_hot(case: Case) -> bool:
    flat = case.arrays["x"].reshape(-1, case.sizes["D"])
    return np.array_equal(flat, np.eye(*flat.shape))


@pytest.mark.parametrize("model", MODELS, ids=lambda model: f"{model.cell}-{model.loss}-{model.readout}")
def test_inputs_are_one_hot_and_the_first_is_the_base(model: Model) -> None:
    found = made(model)
    assert next(iter(found)) == "base"
    assert {"base", "long"} <= set(found)
    assert all(one_hot(probe.case) and probe.case.model == model for probe in found.values())
    assert found["long"].case.sizes["T"] > 8  # after so many steps backward passes are often cut off
    assert found["base"].case.sizes["B"] > 1


def test_a_column_of_dW_ih_is_the_accumulated_adjoint_of_one_step() -> None:
    probe = made(LSTM)["base"]
    T, B, D = probe.case.arrays["x"].shape
    grads = own(LSTM, probe.case.copies()).grads
    by_step = grads["W_ih"].T[: T * B].reshape(T, B, -1)
    np.testing.assert_allclose(by_step @ probe.case.arrays["W_ih"], grads["x"], rtol=1e-12, atol=1e-14)
    assert D > T * B
    assert not grads["W_ih"][:, T * B :].any()


def test_cotangents_come_loud_quiet_in_parts_and_not_at_all() -> None:
    found = made(LSTM)
    base = found["base"].case.arrays
    for name, scale in (("loud", 1e6), ("quiet", 1e-5)):
        for array in ("G", "G_h", "G_c"):
            np.testing.assert_allclose(found[name].case.arrays[array], scale * base[array])
    shown = {
        name: tuple(probe.case.arrays[array].any(axis=(-2, -1)).tolist() for array in ("G", "G_h", "G_c"))
        for name, probe in found.items()
        if name not in ("loud", "quiet", "long", "base")
    }
    T = len(base["G"])
    none, all_ = [False] * T, [True] * T
    first, last = [True, *none[1:]], [*none[1:], True]
    assert shown == {
        "steps alone": (all_, False, False),
        "ends alone": (none, True, True),
        "first step alone": (first, False, False),
        "last step alone": (last, False, False),
        "silent": (none, False, False),
        "taken back": (last, True, False),
    }
    taken = found["taken back"].case.arrays
    np.testing.assert_array_equal(taken["G"][-1], -taken["G_h"])


def test_what_is_left_out_of_cotangents_is_the_only_change() -> None:
    found = made(LSTM)
    base = found["base"].case.arrays
    for name, probe in found.items():
        if name not in ("long", "base"):
            changed = {array for array in base if not np.array_equal(base[array], probe.case.arrays[array])}
            assert changed
            assert changed <= {"G", "G_h", "G_c"}


def test_without_final_cotangents_there_are_no_probes_of_them() -> None:
    def without(sizes: Mapping[str, int], seed: int) -> Case:
        case = from_seed(LSTM, sizes, seed=seed)
        return Case(LSTM, {name: a for name, a in case.arrays.items() if name not in LSTM.optional}, "given")

    assert {probe.name for probe in probes(LSTM, without)} == set(made(LSTM)) - OF_ENDS


def test_fewer_columns_than_steps_keep_their_inputs() -> None:
    found = made(LSTM, D=2)
    assert not any(one_hot(probe.case) for probe in found.values())
    plain = drawn(LSTM, D=2)(found["base"].case.sizes, 5)
    np.testing.assert_array_equal(found["base"].case.arrays["x"], plain.arrays["x"])


def test_a_step_without_an_input_stays_without() -> None:
    def first_none(sizes: Mapping[str, int], seed: int) -> Case:
        case = from_seed(LSTM, sizes, seed=seed)
        case.arrays["x"][0] = 0
        return case

    x = next(probes(LSTM, first_none)).case.arrays["x"]
    assert not x[0].any()
    np.testing.assert_array_equal(x[1:], made(LSTM)["base"].case.arrays["x"][1:])


def test_a_fixed_length_has_no_longer_probe() -> None:
    assert "long" not in made(LSTM, T=3)
    assert "long" in made(LSTM, B=1)


@pytest.mark.parametrize("refused", ["T", "B", "D"])
def test_sizes_that_a_layout_has_not_are_passed_over(refused: str) -> None:
    def picky(sizes: Mapping[str, int], seed: int) -> Case:
        case: Any = from_seed(LSTM, sizes, seed=seed)
        if sizes["T"] > 5:
            raise BadInput(f"{refused}: too many")
        return case

    assert "long" not in {probe.name for probe in probes(LSTM, picky)}

    def never(sizes: Mapping[str, int], seed: int) -> Case:
        raise BadInput(f"{refused}: got something")

    assert list(probes(LSTM, never)) == []


def test_float32_stays_float32() -> None:
    single = [probe.case.dtype for probe in probes(LSTM, lambda sizes, seed: from_seed(LSTM, sizes, "float32", seed))]
    assert set(single) == {np.dtype("float32")}
