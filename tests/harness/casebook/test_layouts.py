"""The layouts of the casebook's candidates: the same bytes, put to a candidate and to handgrad, give the expected."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import handgrad
from harness.layout.layout import Layout

Values = dict[str, Any]
Load = Callable[[str, str], ModuleType]

#: other sizes than the example's, pairwise distinct
OTHER = {"T": 6, "B": 3, "D": 4, "H": 5, "K": 7}


@pytest.mark.parametrize("sizes", [{}, OTHER])
def test_a_layout_says_what_a_candidate_computes(
    load: Load, entry: str, stem: str, expected: Values, arrays: set[str], sizes: dict[str, int]
) -> None:
    module = load(entry, stem)
    example = module.example(0)
    layout = Layout.read(module.layout, module.model, *example)
    assert not layout.unknown
    assert set(layout.graded) >= arrays
    case = layout.case(sizes, seed=1)
    assert not layout.fits(case)
    params, data = layout.given(case.arrays, *example)
    loss, grads = module.loss_and_grads(params, data)
    model = case.model
    present = {name: array for name, array in case.arrays.items() if name not in model.absent}
    truth = handgrad.loss_and_grads(
        present, cell=model.cell, activation=model.activation, loss=model.loss, reduction=model.reduction
    )
    departs = expected["layout"] if isinstance(expected["layout"], dict) else expected
    assert (abs(loss - truth.loss) > 1e-3) == ("forward" in departs)
    for name in arrays:
        true = layout.pick(name, truth.grads)
        error = np.abs(grads[name] * getattr(module, "sign", 1) - true).max() / np.abs(true).max()
        assert error <= 1e-12 if name in departs["agree"] else error > 1e-4, (name, error)


def test_the_guide_as_printed_has_a_layout_too(load: Load) -> None:
    module = load("nan-lstm", "guide")
    layout = Layout.read(module.layout, module.model, *module.example(0))
    with pytest.raises(IndexError):
        module.loss_and_grads(*layout.given(layout.case().arrays, *module.example(0)))
