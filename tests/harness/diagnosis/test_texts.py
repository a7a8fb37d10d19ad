"""Equations as text: every tag that handgrad's source has, with its equation."""

from __future__ import annotations

import pytest

from handgrad import cells
from harness.bank.catalogue import catalogue
from harness.bank.fault import TAPE
from harness.diagnosis.texts import equations, forward_equations, tag_of
from references.equations import cell as references


@pytest.mark.parametrize("cell", cells.names())
def test_every_tag_of_the_source_has_its_text(cell: str) -> None:
    tags = {fault.equation for fault in catalogue(cell)} - {TAPE}
    assert tags <= set(equations(cell))
    assert all(equations(cell).values())


def test_what_one_line_says_of_several_gates_is_said_of_each() -> None:
    texts = equations("lstm")
    assert texts["2*i"] == "da_i = di ⊙ i ⊙ (1 − i)"
    assert texts["2*f"] == "da_f = df ⊙ f ⊙ (1 − f)"
    assert texts["2*o"] == "da_o = do ⊙ o ⊙ (1 − o)"
    assert "2*k" not in texts
    assert texts["4*i"] == "di = dc ⊙ g"


def test_two_equations_under_one_number_are_both_there() -> None:
    assert equations("lstm")["1*0"] == "dh_0 = dh_next, dc_0 = dc_next"


def test_loss_and_readout_come_first() -> None:
    tags = list(equations("rnn"))
    assert tags.index("7*") < tags.index("6*h") < tags.index("2*h") < tags.index("2*a") < tags.index("1*W")


@pytest.mark.parametrize("cell", cells.names())
def test_forward_equations_are_numbered_as_the_references_number_them(cell: str) -> None:
    texts = forward_equations(cell)
    assert list(texts) == [*(tag_of(equation) for equation in references(cell).EQUATIONS), "6", "7"]
    assert not any("*" in tag for tag in texts)


def test_a_cell_that_there_is_not_is_refused() -> None:
    with pytest.raises(ValueError, match="got 'gru'"):
        equations("gru")
