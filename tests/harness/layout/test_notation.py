"""The grammar: every production, and every refusal with its position and what is allowed there."""

from __future__ import annotations

import pytest

from harness.errors import BadInput
from harness.layout.notation import Data, Letter, Weight, destinations, parse, roles

T, B, X, H, Y, ONE = (Letter(letter) for letter in ("t", "b", "x", "h", "y", "1"))


@pytest.mark.parametrize(
    ("text", "axes"),
    [
        ("f, h+x", ((("f",),), (("h",), ("x",)))),
        ("h+x, f", ((("h",), ("x",)), (("f",),))),
        ("i+f+g+o, x", ((("i",), ("f",), ("g",), ("o",)), (("x",),))),
        ("1+x+h, i+f+o+g", ((("1",), ("x",), ("h",)), (("i",), ("f",), ("o",), ("g",)))),
        ("[i f g o], x", ((("i", "f", "g", "o"),), (("x",),))),
        ("[i f]+g+o, x", ((("i", "f"), ("g",), ("o",)), (("x",),))),
        ("f, 1", ((("f",),), (("1",),))),
        ("1, f", ((("1",),), (("f",),))),
        ("f", ((("f",),),)),
        ("i+f+g+o", ((("i",), ("f",), ("g",), ("o",)),)),
        ("[i f g o]", ((("i", "f", "g", "o"),),)),
        ("a, 1x", ((("a",),), (("1x",),))),
        ("a,1h", ((("a",),), (("1h",),))),
        ("y, h", ((("y",),), (("h",),))),
        ("h+1, y", ((("h",), ("1",)), (("y",),))),
        ("y", ((("y",),),)),
    ],
)
def test_weights(text: str, axes: object) -> None:
    assert parse("W", text) == Weight("W", text, axes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("name", "text", "role", "axes"),
    [
        ("x", "t b x", "x", (T, B, X)),
        ("inputs", "x b t", "x", (X, B, T)),
        ("x", "[t] x 1", "x", (Letter("t", listed=True), X, ONE)),
        ("x", "[b] [t] x", "x", (Letter("b", listed=True), Letter("t", listed=True), X)),
        ("xs", "x: [t?]", "x", (Letter("t", listed=True, first_none=True),)),
        ("x", "t", "x", (T,)),
        ("x", "1", "x", (ONE,)),
        ("G", "-t b h", "G", (Letter("t", reverse=True), B, H)),
        ("dh", "G: [-t] h", "G", (Letter("t", listed=True, reverse=True), H)),
        ("G", "b h", "G", (B, H)),
        ("y", "t b", "y", (T, B)),
        ("y", "y", "y", (Y,)),
        ("targets", "y b t", "y", (Y, B, T)),
        ("targets", "y: t h", "y", (T, H)),
        ("c0", "h b", "c0", (H, B)),
        ("memory", "c0: h b", "c0", (H, B)),
        ("h0", "c0: b h", "c0", (B, H)),
        ("gc", "G_c: b h", "G_c", (B, H)),
    ],
)
def test_data(name: str, text: str, role: str, axes: tuple[Letter, ...]) -> None:
    assert parse(name, text) == Data(name, text, role, axes)


@pytest.mark.parametrize(
    ("text", "got", "allowed"),
    [
        ("f, h+z", '"z" at position 6', "x, 1, 1x, 1h"),
        ("q", '"q" at position 1', "i, f, g, o, a, y, x, h, 1"),
        ("q, x", '"q" at position 1', "i, f, g, o, a, y, x, h, 1"),
        ("f, f", '"f" at position 4', "x, h, 1, 1x, 1h"),
        ("h, x", '"x" at position 4', "i, f, g, o, a, y"),
        ("f+h, x", '"h" at position 3', "i, g, o, a, y"),
        ("f, h+h", '"h" at position 6', "x, 1, 1x, 1h"),
        ("i+i, x", '"i" at position 3', "f, g, o, a, y"),
        ("[i f]+i, x", '"i" at position 7', "g, o, a, y"),
        ("f,", "its end at position 3", "x, h, 1, 1x, 1h"),
        ("f, x, h", '"," at position 5', "+, the end"),
        ("f, x x", '"x" at position 6', "+, the end"),
        ("f+, x", '"," at position 3', "i, g, o, a, y"),
        ("[i f g, x", '"," at position 7', "o, a, ]"),
        ("[h x], f", '"h" at position 2', "i, f, g, o, a"),
        ("[y i], h", '"y" at position 2', "i, f, g, o, a"),
        ("f, [x h]", '"[" at position 4', "x, h, 1, 1x, 1h"),
        ("y, x", '"x" at position 4 beside y, the readout', "h, 1"),
        ("y, h+1x", '"1x" at position 6 beside y, the readout', "h, 1"),
        ("f; x", '";" at position 2', "+, a comma, the end"),
        ("x+h", "its end at position 4", "+, a comma"),
    ],
)
def test_refused_weights(text: str, got: str, allowed: str) -> None:
    _refused("W", text, got, allowed)


@pytest.mark.parametrize(
    ("name", "text", "got", "allowed"),
    [
        ("x", "", "its end at position 1", "t, b, x, 1"),
        ("x", "t b q", '"q" at position 5', "x, 1"),
        ("x", "tbx", '"tbx" at position 1', "t, b, x, 1"),
        ("x", "t t x", '"t" at position 3', "b, x, 1"),
        ("x", "x [t]", '"[" at position 3 behind an axis of the array', "t, b, 1"),
        ("x", "[t", "its end at position 3", "]"),
        ("x", "[x] t", '"x" at position 2', "t, b"),
        ("x", "-b x", '"b" at position 2', "t"),
        ("x", "[b?] x", '"?" at position 3', "]"),
        ("x", "[-t?] x", '"?" at position 4', "]"),
        ("x", "t b h", '"h" at position 5', "x, 1"),
        ("h", "x: t b h", '"h" at position 8', "x, 1"),
        ("z", "x b h", '"h" at position 5 for x', "t, b, x, 1"),
        ("h", "Q: t b", '"Q" at position 1', "x, y, h0, c0, G, G_h, G_c"),
        ("h", ": t b", '":" at position 1', "x, y, h0, c0, G, G_h, G_c"),
        ("c0", "b", "its end at position 2", "h"),
        ("c0", "t h", '"t" at position 1', "b, h, 1"),
        ("h", "b h", "no role", "x, y, h0, c0, G, G_h, G_c"),
        ("G", "t b x", '"x" at position 5', "h, 1"),
    ],
)
def test_refused_data(name: str, text: str, got: str, allowed: str) -> None:
    _refused(name, text, got, allowed)


def _refused(name: str, text: str, got: str, allowed: str) -> None:
    with pytest.raises(BadInput) as raised:
        parse(name, text)
    message = str(raised.value)
    assert message.startswith(f'layout of {name}: "{text}": got {got}')
    assert f"allowed: {allowed}" in message
    assert "\n" not in message


def test_what_is_no_text() -> None:
    with pytest.raises(BadInput, match=r'layout of Wf: got 3, needs text, such as "f, h\+x"'):
        parse("Wf", 3)  # type: ignore[arg-type]


def test_the_role_that_is_missing_is_shown_where_it_goes() -> None:
    with pytest.raises(BadInput, match='write it before a colon, such as "h0: b h"'):
        parse("hprev", "b h")


def test_destinations_and_sources_share_no_name_so_transposition_needs_no_flag() -> None:
    one, other = parse("W", "a, h"), parse("W", "h, a")
    assert isinstance(one, Weight) and isinstance(other, Weight)
    assert one.blocks == other.blocks == (("a", "h"),)
    assert (one.destinations, other.destinations) == (0, 1)


def test_names_come_from_the_cells_that_there_are() -> None:
    assert set(destinations()) == {"i", "f", "g", "o", "a", "y"}
    assert list(roles()) == ["x", "y", "h0", "c0", "G", "G_h", "G_c"]
