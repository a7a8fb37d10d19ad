"""What a training loop hands to a window and should not: planted, and a sound loop beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from harness.errors import BadInput
from harness.training.feeding import Window, check, departures

ALPHABET = "abcdefghij"
TEXT = np.array([4, 1, 7, 7, 2, 9])
H, C = np.array([[0.5], [-0.25]]), np.array([[1.5], [0.75]])
DH, DC = np.array([[0.125], [3.0]]), np.array([[2.0], [-1.0]])
RIGHT = {"inputs": TEXT[:-1], "targets": TEXT[1:], "h0": H, "c0": C}
ROLES = {"inputs": "x", "targets": "y", "h0": "h0", "c0": "c0"}
SOUND = Window(
    update=3,
    fed=RIGHT,
    right=RIGHT,
    roles=ROLES,
    left={"the gradient of h0": DH, "the gradient of c0": DC},
    ended={"h0": H, "c0": C},
    alphabet=ALPHABET,
)


def fed(window: Window = SOUND, **values: Any) -> Window:
    """The sound window with something else fed."""
    return replace(window, fed={**window.fed, **values})


def texts(window: Window) -> list[str]:
    found = departures(window)
    assert all(finding.name == "loop" for finding in found)
    assert all(finding.text.startswith(f"{finding.arrays[0]}: ") for finding in found)
    return [finding.text.split(": ", 1)[1] for finding in found]


def test_of_a_sound_loop_nothing_is_found() -> None:
    assert departures(SOUND) == []
    check(SOUND, len(ALPHABET))


@pytest.mark.parametrize(
    "values",
    [
        {"inputs": TEXT[:-1].tolist(), "targets": tuple(TEXT[1:].tolist())},
        {"inputs": TEXT[:-1].astype(np.int16)},
        {"inputs": TEXT[:-1].astype(float)},
        {"h0": np.zeros_like(H), "c0": np.zeros_like(C)},
        {"h0": np.zeros_like(H, dtype=int)},
        {"h0": H.ravel()},
        {"dh_next": np.zeros_like(H)},
        {"rate": 0.1, "clip": None, "step": 4, "words": "fifth", "seen": [1, 2]},
    ],
)
def test_other_ways_to_be_sound(values: Mapping[str, Any]) -> None:
    """Lists, other dtypes, states that begin anew or lack an axis, adjoints of zero, numbers of its own."""
    assert departures(fed(**values)) == []
    check(fed(**values), len(ALPHABET))


def test_position_numbers() -> None:
    expected = "window 3 is fed 0 ('a') at position 0, where the text has 4 ('e'); "
    expected += "they are 0, 1, 2 …: position numbers instead of characters"
    assert texts(fed(inputs=[0, 1, 2, 3, 4])) == [expected]
    assert texts(fed(inputs=np.arange(5))) == [expected]


def test_position_numbers_where_the_first_ones_fit() -> None:
    """The text may begin as they do."""
    text = np.array([0, 1, 5, 3, 4])
    window = replace(SOUND, right={**RIGHT, "inputs": text})
    (told,) = texts(fed(window, inputs=np.arange(5)))
    assert told.startswith("window 3 is fed 2 ('c') at position 2, where the text has 5 ('f'); they are 0, 1, 2 …")
    alphabet = np.arange(5)
    assert departures(fed(replace(SOUND, right={**RIGHT, "inputs": alphabet}), inputs=alphabet.tolist())) == []


@pytest.mark.parametrize(
    ("inputs", "told"),
    [
        ([5, 6, 7, 8, 9], "they are 5, 6, 7 …: position numbers in the text"),
        (TEXT[1:], "each is the character after the right one"),
        (np.array([0, 4, 1, 7, 7]), "each is the character before the right one"),
    ],
)
def test_what_else_is_recognised(inputs: Any, told: str) -> None:
    (found,) = texts(fed(inputs=inputs))
    assert found.endswith(f"; {told}")


def test_one_character_that_is_another() -> None:
    inputs = TEXT[:-1].copy()
    inputs[3] = 0
    assert texts(fed(inputs=inputs)) == ["window 3 is fed 0 ('a') at position 3, where the text has 7 ('h')"]
    without = replace(SOUND, alphabet=())
    assert texts(fed(without, inputs=inputs)) == ["window 3 is fed 0 at position 3, where the text has 7"]


def test_characters_themselves() -> None:
    assert texts(fed(inputs=list("ebhhc"))) == ["window 3 is fed e at position 0, where the text has 4 ('e')"]
    assert texts(fed(inputs="ebhhc")) == ["window 3 is fed shape (), that of the text is (5,)"]


def test_targets_are_looked_at_too() -> None:
    (found,) = departures(fed(targets=TEXT[:-1]))
    assert found.arrays == ("targets",)
    assert found.text.endswith("each is the character before the right one")


def test_a_window_of_another_length() -> None:
    assert texts(fed(inputs=TEXT[:-2])) == ["window 3 is fed shape (4,), that of the text is (5,)"]


def test_a_list_that_begins_with_none() -> None:
    window = replace(SOUND, right={**RIGHT, "inputs": [None, 4, 1, 7]}, fed={**RIGHT, "inputs": [None, 4, 1, 7]})
    assert departures(window) == []
    check(window, len(ALPHABET))
    assert texts(fed(window, inputs=[None, 4, 2, 7])) == [
        "window 3 is fed 2 ('c') at position 2, where the text has 1 ('b')"
    ]
    assert texts(fed(window, inputs=[0, 4, 1, 7]))[0].startswith("window 3 is fed 0 ('a') at position 0")


def test_columns_in_the_place_of_indices() -> None:
    """What the layout gives as one-hot columns is compared entry by entry."""
    columns = list(np.eye(10)[TEXT[:-1], :, np.newaxis])
    window = replace(SOUND, right={**RIGHT, "inputs": columns}, fed={**RIGHT, "inputs": columns})
    assert departures(window) == []
    check(window, 10)
    other = [columns[0], columns[0], *columns[2:]]
    assert texts(fed(window, inputs=other)) == ["window 3 is fed 0 at position 1, 1, 0, where the text has 1"]
    assert texts(fed(window, inputs=[*columns[:-1], np.zeros(3)]))[0].startswith("window 3 is fed shape (0,)")


def test_a_state_of_nobody() -> None:
    found = texts(fed(h0=H + 1e-12))
    assert found == ["window 3 starts neither from zero nor from the h that window 2 ended with"]


def test_states_that_have_changed_roles() -> None:
    assert texts(fed(h0=C, c0=H)) == [
        "window 3 starts neither from zero nor from the h that window 2 ended with, but from its c",
        "window 3 starts neither from zero nor from the c that window 2 ended with, but from its h",
    ]


def test_where_no_window_is_known_to_end_any_state_may_start() -> None:
    assert departures(fed(replace(SOUND, ended={}), h0=H + 1)) == []


def test_states_that_are_not_finite_are_those_that_were_left() -> None:
    broken = np.array([[np.nan], [np.inf]])
    right = {**RIGHT, "h0": broken}
    assert departures(replace(SOUND, right=right, fed=right, ended={"h0": broken})) == []


def test_adjoints_of_the_window_before() -> None:
    found = texts(fed(dh_next=DH, dc_next=DC))
    assert found == [
        f"enters window 3 and is not zero: it is the gradient of {name} that window 2 left; adjoints "
        "flow back in time, and those that enter a window at its last step start at zero"
        for name in ("h0", "c0")
    ]


def test_adjoints_of_nobody() -> None:
    assert texts(fed(dh_next=DH + 1)) == [
        "enters window 3 and is not zero: it is no input, target or state; adjoints that enter a window at its last "
        "step start at zero"
    ]
    assert len(departures(fed(dh_next=np.array([[np.nan], [0.0]])))) == 1


def test_what_the_example_has_beside_is_its_own_affair() -> None:
    """But not if it is what the window before has left."""
    window = replace(SOUND, right={**RIGHT, "mask": np.ones(5), "dh_next": np.ones((2, 1))})
    assert departures(fed(window, mask=np.array([1.0, 1, 0, 1, 1]))) == []
    assert len(departures(fed(window, dh_next=DH))) == 1


def test_faults_are_named_separately() -> None:
    found = departures(fed(inputs=np.arange(5), h0=C, dh_next=DH))
    assert [finding.arrays for finding in found] == [("inputs",), ("h0",), ("dh_next",)]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (
            {"inputs": list(range(12))},
            "inputs: got 10 at position 10 of window 3, the text has 10 symbols: allowed 0 to 9; position numbers "
            "instead of characters?",
        ),
        ({"inputs": [4, 11, 7]}, "inputs: got 11 at position 1 of window 3, the text has 10 symbols: allowed 0 to 9"),
        (
            {"targets": np.array([1, 7, -1])},
            "targets: got -1 at position 2 of window 3, the text has 10 symbols: allowed 0 to 9",
        ),
    ],
)
def test_an_index_beyond_the_alphabet(values: Mapping[str, Any], message: str) -> None:
    with pytest.raises(BadInput) as raised:
        check(fed(**values), len(ALPHABET))
    assert str(raised.value) == message
