"""A confirmed line that assigns the right value says that what reads it holds, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import planted
import pytest
from planted import LSTM, RNN

from harness.diagnosed import Place
from harness.diagnosis.resolving import resolved
from references.model import Model

PLACE = Place("confirmed", "mine.py", 3, "di", "di = dc * f", "every step", "no right quantity", "di")


def units(model: Model, unit: tuple[str, ...], *places: Place) -> tuple[tuple[str, ...], ...]:
    return resolved(planted.found(planted.asked(model), unit), places).units


def test_what_reads_the_mended_quantity_holds() -> None:
    assert units(LSTM, ("2*i", "4*i"), PLACE) == (("4*i",),)


@pytest.mark.parametrize(
    "place",
    [
        replace(PLACE, certainty="suspect"),
        replace(PLACE, certainty="input"),
        replace(PLACE, step="the last step"),
        replace(PLACE, should="di of step t + 1"),
        replace(PLACE, should="g"),
        replace(PLACE, source="di += dc * f"),
        replace(PLACE, source="da_i = di * i * (1 - i)"),  # di is read here: its own equation may hold
        replace(PLACE, source="grads['i'] = step(di, i,"),
    ],
)
def test_of_other_places_nothing_follows(place: Place) -> None:
    assert units(LSTM, ("2*i", "4*i"), place) == (("2*i", "4*i"),)


def test_what_the_mended_quantity_is_computed_from_is_no_witness() -> None:
    place = replace(PLACE, variable="da_i", source="da_i = dc * g * i", should="da_i")
    assert units(LSTM, ("2*i", "4*i"), place) == (("2*i", "4*i"),)


def test_what_comes_back_in_time_is_no_witness() -> None:
    place = replace(PLACE, variable="da[t]", source="da[t] = dh", should="da")
    assert units(RNN, ("1*h", "2*h", "2*a"), place) == (("1*h", "2*h", "2*a"),)


def test_other_units_stay() -> None:
    found = planted.found(planted.asked(LSTM), ("2*i", "4*i"), ("2*f", "4*f"))
    assert resolved(found, [PLACE]).units == (("4*i",), ("2*f", "4*f"))
