"""Layouts: what they are read as, the way there and back, and what they refuse."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import handgrad
from harness.candidates import structure
from harness.case import Case, from_seed
from harness.errors import BadInput
from harness.layout.layout import Layout
from harness.layout.notation import parse
from harness.layout.places import NOBODY, places
from references.model import Model
from tests.harness.layout.minis import MINIS, Mini, Values

STEP = 1e-30


def _layout(name: str) -> tuple[Mini, Layout, Values, Values]:
    mini = MINIS[name]
    params, data = mini.example()
    return mini, Layout.read(mini.layout, mini.model, params, data), params, data


def _ours(case: Case) -> handgrad.Gradients:
    m = case.model
    return handgrad.loss_and_grads(
        case.arrays, cell=m.cell, activation=m.activation, loss=m.loss, reduction=m.reduction
    )


def _derivative(mini: Mini, params: Values, data: Values, name: str) -> np.ndarray:
    """By complex step, one element after the other."""
    value = {**params, **data}[name]
    array = structure.as_array(value)
    assert array is not None
    found = np.zeros(array.shape)
    for at in np.ndindex(array.shape):
        moved = array.astype(complex)
        moved[at] += 1j * STEP
        one = {name: structure.like(value, moved)}
        loss = mini.loss({**params, **one} if name in params else params, {**data, **one} if name in data else data)
        found[at] = np.imag(loss) / STEP
    return found


@pytest.mark.parametrize("name", MINIS)
def test_the_way_there_and_back(name: str) -> None:
    """The author's forward pass on what it is given has our loss, and its derivatives are ours, picked."""
    mini, layout, params, data = _layout(name)
    case = layout.case(seed=3)
    assert layout.fits(case) == ""
    own = layout.given(case.arrays, params, data)
    ours = _ours(case)
    assert mini.loss(*own) == pytest.approx(float(ours.loss), rel=1e-13)
    assert layout.graded
    for array in layout.graded:
        wanted = _derivative(mini, *own, array)
        picked = layout.pick(array, ours.grads)
        assert picked.shape == wanted.shape
        np.testing.assert_allclose(picked, wanted, rtol=0, atol=1e-12 * np.abs(wanted).max())


@pytest.mark.parametrize("name", MINIS)
def test_axes_have_a_label_for_every_index_and_blocks_that_part_them(name: str) -> None:
    layout = _layout(name)[1]
    case = layout.case()
    for array in layout.graded:
        axes = layout.axes(array, case.sizes)
        assert tuple(len(axis.labels) for axis in axes) == layout.pick(array, case.arrays).shape
        for axis in axes:
            assert axis.kind in ("row", "column", "step", "batch", "entry")
            owned = sorted(at for _, indices in axis.blocks for at in indices)
            assert owned == ([] if not axis.blocks else list(range(len(axis.labels))))


@given(
    name=st.sampled_from(sorted(MINIS)), seed=st.integers(0, 2**16), dtype=st.sampled_from(["float32", "float64"]),
    longer=st.integers(0, 3),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_given_and_picked_are_the_same_numbers(name: str, seed: int, dtype: str, longer: int) -> None:
    """Of any dtype and of other sizes than the example's; no entry of ours is two of the author's."""
    _, layout, params, data = _layout(name)
    sizes = {axis: size + longer for axis, size in layout.sizes.items()}
    case = layout.case(sizes, dtype, seed)
    assert layout.fits(case) == ""
    assert case.dtype == dtype
    own = {key: value for one in layout.given(case.arrays, params, data) for key, value in one.items()}
    hits: dict[str, np.ndarray] = {key: np.zeros(array.shape, int) for key, array in case.arrays.items()}
    numbered = {
        key: 1 + np.arange(array.size).reshape(array.shape) + 10**6 * at
        for at, (key, array) in enumerate(case.arrays.items())
    }
    for array in layout.graded:
        value = structure.as_array(own[array])
        assert value is not None and value.dtype == dtype
        assert value.tobytes() == layout.pick(array, case.arrays).tobytes()
        codes = layout.pick(array, numbered)
        assert len(np.unique(codes)) == codes.size
        for at, key in enumerate(case.arrays):
            mine = codes[codes // 10**6 == at] % 10**6 - 1
            hits[key].ravel()[mine.astype(int)] += 1
    assert all(count.max() <= 1 for count in hits.values())


def test_fresh_contiguous_arrays_in_the_examples_structure() -> None:
    _, layout, params, data = _layout("characters")
    case = layout.case()
    weights, own = layout.given(case.arrays, params, data)
    assert all(array.flags.c_contiguous and array.flags.writeable for array in weights.values())
    assert not any(np.shares_memory(array, ours) for array in weights.values() for ours in case.arrays.values())
    assert [type(one) for one in own["inputs"]] == [int] * 6
    _, layout, params, data = _layout("without_tanh")
    _, own = layout.given(layout.case().arrays, params, {**data, "x_list": tuple(data["x_list"])})
    assert isinstance(own["x_list"], tuple) and isinstance(own["y_list"][0], float)


def test_what_no_line_speaks_of_is_passed_on_as_a_copy_and_said() -> None:
    mini = MINIS["course"]
    params, data = mini.example()
    params, data = {**params, "gamma": np.ones(3), "rate": 0.1}, {**data, "mask": np.ones((3, 6)), "n": 5, "s": "a"}
    layout = Layout.read(mini.layout, mini.model, params, data)
    assert layout.unknown == ("gamma", "mask")
    assert "gamma" not in layout.graded
    weights, own = layout.given(layout.case().arrays, params, data)
    assert weights["gamma"] is not params["gamma"] and weights["gamma"].tolist() == [1, 1, 1]
    assert (weights["rate"], own["n"], own["s"]) == (0.1, 5, "a")


@pytest.mark.parametrize(
    ("name", "model", "sizes"),
    [
        ("characters", Model("lstm", "tanh", "softmax-cross-entropy", "sum", 1, True), (6, 1, 4, 5, 4)),
        ("row_vectors", Model("lstm", "tanh", "half-squared-error", "mean", 1, True), (6, 3, 4, 5, 7)),
        ("without_biases", Model("lstm", "tanh", "softmax-cross-entropy", "sum", 0, True), (6, 1, 7, 5, 7)),
        ("two_biases", Model("lstm", "tanh", "cotangent", "sum", 2, False), (6, 3, 4, 5, 5)),
        ("without_tanh", Model("lstm", "identity", "first-unit-squared-error", "sum", 1, False), (6, 1, 4, 5, 5)),
        ("single_step", Model("lstm", "tanh", "cotangent", "sum", 1, False), (1, 3, 4, 5, 5)),
        ("adder", Model("rnn", "sigmoid", "sigmoid-half-squared-error", "sum", 0, True), (6, 1, 2, 5, 1)),
        ("backwards", Model("rnn", "tanh", "cotangent", "sum", 2, False), (6, 1, 4, 5, 5)),
    ],
)
def test_the_model_and_the_sizes(name: str, model: Model, sizes: tuple[int, ...]) -> None:
    _, layout, _, _ = _layout(name)
    assert layout.model == model
    assert tuple(layout.sizes.values()) == sizes


def test_graded_are_floats_that_have_a_gradient() -> None:
    assert _layout("interleaved")[1].graded == ("W", "U", "b", "x", "h", "c")  # no cotangents
    assert _layout("names_one_by_one")[1].graded == ("Wxh", "Whh", "Why", "bh", "by", "hprev")  # no indices


def test_zeros_that_are_integers_are_given_as_floats_and_graded() -> None:
    params: Values = {"U": np.zeros((5, 7)), "W": np.zeros((5, 5)), "b": np.zeros(5, int)}
    data: Values = {"x": np.zeros((6, 2, 7)), "h": np.zeros((2, 5), int), "G": np.zeros((6, 2, 5))}
    lines = {"U": "a, x", "W": "a, h", "b": "a", "x": "t b x", "h": "h0: b h", "G": "t b h"}
    layout = Layout.read(lines, {}, params, data)
    assert layout.graded == ("U", "W", "b", "x", "h")
    given, inputs = layout.given(layout.case().arrays, params, data)
    assert given["b"].dtype == inputs["h"].dtype == float


def test_axes_in_words() -> None:
    _, layout, _, _ = _layout("interleaved")
    rows, columns = layout.axes("W", layout.sizes)
    assert (rows.name, rows.kind, rows.labels[:5]) == ("[f g i o]", "row", ("f 0", "g 0", "i 0", "o 0", "f 1"))
    assert rows.blocks[1] == ("g", (1, 5, 9, 13, 17))
    assert (columns.name, columns.kind, columns.labels) == ("x", "column", ("x 0", "x 1", "x 2", "x 3"))
    assert columns.blocks == ()
    _, layout, _, _ = _layout("packed")
    rows, columns = layout.axes("WLSTM", layout.sizes)
    assert rows.name == "1+x+h" and rows.labels[:3] == ("1", "x 0", "x 1") and rows.blocks[0] == ("1", (0,))
    assert columns.blocks[3] == ("g", (15, 16, 17, 18, 19))
    _, layout, _, _ = _layout("features_first")
    assert [(axis.name, axis.kind) for axis in layout.axes("x", layout.sizes)] == [
        ("D", "entry"), ("B", "batch"), ("T", "step")
    ]  # fmt: skip
    assert [axis.kind for axis in layout.axes("bf", layout.sizes)] == ["row", "column"]


def test_time_that_runs_backwards_keeps_its_own_numbers() -> None:
    mini = MINIS["backwards"]
    params, data = mini.example()
    layout = Layout.read({**mini.layout, "xs": "[-t] x 1"}, mini.model, params, data)
    assert layout.axes("xs", layout.sizes)[0].labels == ("5", "4", "3", "2", "1", "0")
    case = layout.case()
    _, own = layout.given(case.arrays, params, data)
    assert np.array_equal(own["xs"][0][:, 0], case.arrays["x"][5, 0])


# --- cases ------------------------------------------------------------------------------------------------------------


def test_a_case_is_of_the_kind_that_the_candidate_takes() -> None:
    _, layout, _, _ = _layout("names_one_by_one")
    x = layout.case().arrays["x"]
    assert not x[0].any()
    assert (x[1:].sum(axis=-1) == 1).all() and set(np.unique(x)) == {0, 1}
    _, layout, _, _ = _layout("two_biases")
    G = layout.case().arrays["G"]
    assert not G[:-1].any() and G[-1].all()
    _, layout, _, _ = _layout("course")
    case = layout.case()
    assert not case.arrays["c0"].any() and case.arrays["h0"].all()
    assert not case.arrays["b_hh"].any()
    assert "G_h" not in case.arrays and "G_c" not in case.arrays
    _, layout, _, _ = _layout("packed")
    case = layout.case()
    assert "G_h" not in case.arrays and case.arrays["G_c"].all()


def test_a_missing_readout_bias_is_zero() -> None:
    _, layout, _, _ = _layout("without_biases")
    assert not layout.case().arrays["b_y"].any()


def test_axes_that_the_candidate_lacks_stay_one() -> None:
    _, layout, _, _ = _layout("single_step")
    assert layout.case({"T": 9, "B": 2}).sizes["T"] == 1
    _, layout, _, _ = _layout("characters")
    assert layout.case({"T": 9, "B": 2, "D": 8}).sizes == {"T": 9, "B": 1, "D": 8, "H": 5, "K": 4}


def _unfit(name: str, **arrays: Any) -> str:
    _, layout, _, _ = _layout(name)
    case = layout.case()
    return layout.fits(replace(case, arrays={**case.arrays, **arrays}))


def test_cases_that_cannot_be_put_to_a_candidate() -> None:
    _, layout, _, _ = _layout("characters")
    other = from_seed(layout.model, {"T": 6, "B": 4, "D": 4, "H": 5, "K": 4})
    assert layout.fits(other) == "it has no batch axis, the case has B=4"
    other = from_seed(layout.model, {"T": 6, "B": 1, "D": 4, "H": 5, "K": 4})
    assert layout.fits(other) == "its x are indices, the case's x is not one-hot"
    assert _unfit("course", c0=np.ones((3, 5))) == "c0 is not zero, and the candidate has no argument for it"
    assert _unfit("course", G_h=np.ones((3, 5))) == "G_h is not zero, and the candidate has no argument for it"
    assert _unfit("two_biases", G=np.ones((6, 3, 5))) == "G is not zero, and the candidate has no place for all of it"
    assert _unfit("without_biases", b_y=np.ones(7)) == "b_y is not zero, and the candidate has no argument for it"
    assert _unfit("names_one_by_one", x=np.eye(7)[:6, None]).startswith("x is not zero")
    single = _layout("single_step")[1]
    other = from_seed(single.model, {"T": 2, "B": 1, "D": 4, "H": 5, "K": 5})
    assert single.fits(other) == "it has no time axis, the case has T=2"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"cell": "rnn"}, "it has cell lstm, the case has cell rnn"),
        ({"reduction": "mean"}, "it has reduction sum, the case has reduction mean"),
        ({"activation": "identity"}, "it has activation tanh, the case has activation identity"),
        ({"loss": "squared-error"}, "it has loss softmax-cross-entropy, the case has loss squared-error"),
        ({"readout": False}, "it has a readout, the case has no readout"),
    ],
)
def test_cases_of_another_model(change: Mapping[str, Any], words: str) -> None:
    _, layout, _, _ = _layout("characters")
    other = from_seed(replace(layout.model, **change), {"T": 6, "B": 1, "D": 4, "H": 5, "K": 4})
    assert layout.fits(other) == words


def test_a_case_with_two_biases_is_fit_for_one_where_the_second_is_zero() -> None:
    _, layout, _, _ = _layout("packed")
    two = replace(layout.case(), model=replace(layout.model, biases=2))
    assert layout.fits(two) == ""
    arrays = {**two.arrays, "b_hh": np.ones(20)}
    assert layout.fits(replace(two, arrays=arrays)) == "b_hh is not zero, and the candidate has no argument for it"


# --- what is nobody's -------------------------------------------------------------------------------------------------


def test_the_none_of_a_list_is_nobodys() -> None:
    model = Model("rnn", "tanh", "cotangent", "sum", 1, False)
    where = places(model, {"T": 3, "B": 1, "D": 2, "H": 4, "K": 4}, parse("x", "[t?] x"))
    assert where.tolist() == [[NOBODY, NOBODY], [2, 3], [4, 5]]
    params = {"W": np.zeros((4, 6)), "b": np.zeros(4)}
    data = {"x": [None, np.zeros(2), np.zeros(2)], "G": np.zeros((3, 4))}
    layout = Layout.read({"W": "a, h+x", "b": "a", "x": "[t?] x", "G": "t h"}, {}, params, data)
    case = layout.case()
    assert not case.arrays["x"][0].any() and case.arrays["x"][1:].all()
    _, own = layout.given(case.arrays, params, data)
    assert own["x"][0] is None and len(own["x"]) == 3
    picked = layout.pick("x", case.arrays)
    assert np.isnan(picked[0]).all() and np.array_equal(picked[1:], case.arrays["x"][1:, 0])
    assert layout.graded == ("W", "b")  # a list with None has no array of a gradient


# --- axes of size 1 ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(5,), (5, 1), (1, 5)])
@pytest.mark.parametrize("text", ["a", "a, 1", "1, a", "a, 1x"])
def test_biases_differ_from_the_notation_by_axes_of_size_1(shape: tuple[int, ...], text: str) -> None:
    params = {"W": np.zeros((5, 8)), "b": np.zeros(shape)}
    data = {"x": np.zeros((6, 1, 3)), "G": np.zeros((6, 5, 1))}
    layout = Layout.read({"W": "a, h+x", "b": text, "x": "t x", "G": "t h"}, {}, params, data)
    case = layout.case({"H": 6})
    own, inputs = layout.given(case.arrays, params, data)
    assert own["b"].shape == tuple(6 if size == 5 else 1 for size in shape)
    assert own["b"].ravel().tolist() == case.arrays["b_ih"].tolist()
    assert inputs["x"].shape == (6, 1, 3) and inputs["G"].shape == (6, 6, 1)
    assert [len(axis.labels) for axis in layout.axes("b", case.sizes)] == list(own["b"].shape)


def test_one_batch_entry_may_be_an_axis_of_size_1() -> None:
    params = {"W": np.zeros((5, 8))}
    data = {"x": np.zeros((6, 1, 3)), "G": np.zeros((6, 1, 5))}
    layout = Layout.read({"W": "a, h+x", "x": "t b x", "G": "t b h"}, {}, params, data)
    assert layout.fixed == {}
    own = layout.given(layout.case({"B": 4}).arrays, params, data)
    assert own[1]["x"].shape == (6, 4, 3)


def test_one_hot_targets_and_indices_without_time() -> None:
    _, layout, params, data = _layout("three_and_one")
    case = layout.case()
    labels = layout.given(case.arrays, params, data)[1]["labels"]
    assert labels.shape == (6, 7) and np.array_equal(labels.argmax(axis=1), case.arrays["y"][:, 0])
    params = {"U": np.zeros((5, 7)), "W": np.zeros((5, 5)), "V": np.zeros((4, 5))}
    layout = Layout.read({"U": "a, x", "W": "a, h", "V": "y, h", "x": "1", "y": "1"}, {}, params, {"x": 3, "y": 2})
    assert layout.sizes == {"T": 1, "B": 1, "D": 7, "H": 5, "K": 4}
    own = layout.given(layout.case().arrays, params, {"x": 3, "y": 2})[1]
    assert type(own["x"]) is int and type(own["y"]) is int


# --- refusals ---------------------------------------------------------------------------------------------------------

PARAMS: Values = {k: np.zeros((5, 8)) for k in ("Wf", "Wi", "Wo", "Wg")} | {"b": np.zeros(20), "Wy": np.zeros((7, 5))}
DATA: Values = {"x": np.zeros((6, 2, 3)), "y": np.zeros((6, 2), int), "h": np.zeros((2, 5))}
LINES = {
    "Wf": "f, h+x", "Wi": "i, h+x", "Wo": "o, h+x", "Wg": "g, h+x", "b": "i+f+g+o", "Wy": "y, h", "x": "t b x",
    "y": "t b", "h": "h0: b h",
}  # fmt: skip


def _refusal(
    lines: Mapping[str, str | None] | None = None,
    params: Values | None = None,
    data: Values | None = None,
    **model: str,
) -> str:
    """What the sound layout says after these changes; a line that is None is taken out."""
    chosen = {name: text for name, text in {**LINES, **(lines or {})}.items() if text is not None}
    with pytest.raises(BadInput) as raised:
        Layout.read(chosen, model, {**PARAMS, **(params or {})}, {**DATA, **(data or {})})
    assert "\n" not in str(raised.value)
    return str(raised.value)


def test_the_sound_layout_that_the_refusals_depart_from() -> None:
    layout = Layout.read(LINES, {}, PARAMS, DATA)
    assert layout.sizes == {"T": 6, "B": 2, "D": 3, "H": 5, "K": 7}


def test_what_is_transposed_has_no_say_in_the_other_size() -> None:
    params: Values = {"U": np.zeros((7, 5)), "W": np.zeros((5, 5)), "b": np.zeros(5)}
    data: Values = {"x": np.zeros((6, 2, 7)), "y": np.zeros((6, 2), int)}
    with pytest.raises(BadInput, match=r'^U: got \(7, 5\), layout "a, x" with H=5, D=7 needs \(5, 7\)$'):
        Layout.read({"U": "a, x", "W": "a, h", "b": "a", "x": "t b x", "y": "t b"}, {}, params, data)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"Wq": "f, h"}, "layout of Wq: got no such array in the example, allowed: Wf, Wi, Wo, Wg, b, Wy, x, y, h"),
        ({"Wf": None}, 'layout: got no array for "f, x", every gate needs its x and its h'),
        ({"Wf": "f, x"}, 'layout: got no array for "f, h", every gate needs its x and its h'),
        ({"Wi": "f, h+x"}, 'layout: got no array for "i, x", every gate needs its x and its h'),
        ({"Wy": "i, h"}, 'layout: got "i, h" twice, in Wi and Wy, needs it once'),
        ({"Wf": "a, h+x"}, "layout: got gates a i o g f, lstm has i f g o, rnn has a"),
        ({"x": None}, 'layout: got no line for x, needs one, such as "x": "t b x"'),
        ({"h": "x: b x"}, "layout: got x twice, in x and h, needs it once"),
        ({"y": None}, "layout: got neither targets nor cotangents"),
        ({"h": "G_c: b h", "y": None}, "readout: got one, allowed: none with loss cotangent"),
        ({"x": "t b"}, 'x: got (6, 2, 3), layout "t b" has 2 axes beside any of size 1'),
        ({"x": "[t] b x"}, 'x: got an array, layout "[t] b x" says a list: leave out the brackets'),
        ({"h": "h0: 1 h"}, 'h: got (2, 5), layout "h0: 1 h" has 1 axis beside any of size 1'),
        ({"b": "i+f+g"}, 'b: got (20,), layout "i+f+g" with H=5 needs (15,)'),
        ({"Wf": "f, h+z"}, 'layout of Wf: "f, h+z": got "z" at position 6'),
    ],
)
def test_lines_that_do_not_fit(change: Mapping[str, str | None], message: str) -> None:
    assert message in _refusal(change)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("Wy", np.zeros((5, 7)), 'Wy: got (5, 7), layout "y, h" with K=5, H=5 needs (5, 5)'),
        ("Wf", np.zeros((7, 8)), 'Wf: got (7, 8), layout "f, h+x" with H=5, D=3 needs (5, 8)'),
        ("Wf", np.zeros((8, 5)), 'Wf: got (8, 5), layout "f, h+x" with H=5, D=3 needs (5, 8)'),
        ("b", np.zeros(19), 'b: got (19,), layout "i+f+g+o" with H=5 needs (20,)'),
        ("Wy", np.zeros((7, 6)), 'Wy: got (7, 6), layout "y, h" with K=7, H=5 needs (7, 5)'),
        ("b", np.zeros((2, 10)), 'b: got (2, 10), layout "i+f+g+o" has 1 axis beside any of size 1'),
        ("b", [0.0] * 20, 'b: got a list, layout "i+f+g+o" says an array: make it one'),
        ("b", np.array(["a"] * 20), "b: got an array of dtype <U1"),
        ("b", None, "b: got None"),
    ],
)
def test_weights_that_do_not_fit(name: str, value: Any, message: str) -> None:
    assert message in _refusal(params={name: value})


@pytest.mark.parametrize(
    ("name", "value", "text", "message"),
    [
        ("x", [], "[t] b x", 'x: got an empty list, layout "[t] b x" needs at least one entry'),
        ("x", [1, 2], "t", 'x: got a list, layout "t" says an array: put the axis into brackets, such as "[t]"'),
        ("x", [np.zeros(3), np.zeros(4)], "[t] x", "x: got a list of shapes (3,), (4,), needs equal ones"),
        ("x", [None, np.zeros(3)], "[t] x", 'a list with None first is "[t?]"'),
        ("x", [np.zeros(3)] * 2, "[t?] x", "x: got an array first in the list"),
        ("x", np.zeros((6, 3)), "t x", 'x: got layout "t x", with B=2 needs axis b'),
        ("x", np.zeros((6, 2)), "t b", 'x: got layout "t b", with D=3 needs axis x, or integers'),
        ("h", np.zeros((3, 5)), "h0: b h", 'h: got (3, 5), layout "h0: b h" with B=2, H=5 needs (2, 5)'),
        ("y", np.zeros(2, int), "b", 'y: got layout "b", with T=6 needs axis t'),
        ("y", np.zeros((6, 2)), "t b", "model: got no loss, and y does not tell"),
        ("y", np.zeros((6, 2, 7)), "t b y", "model: got no loss, and y does not tell"),
    ],
)
def test_data_that_does_not_fit(name: str, value: Any, text: str, message: str) -> None:
    assert message in _refusal({name: text}, data={name: value})


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ({"cell": "gru"}, "model: got cell 'gru', allowed: lstm, rnn"),
        ({"cell": "rnn"}, "layout: got gates f i o g with cell rnn"),
        ({"activation": "sigmoid"}, "model: activation: got 'sigmoid', allowed with cell lstm: tanh, identity"),
        ({"loss": "hinge"}, "model: loss: got 'hinge', allowed: softmax-cross-entropy"),
        ({"reduction": "max"}, "model: reduction: got 'max', allowed: sum, mean, mean-b, mean-t"),
        ({"depth": "2"}, "model: got 'depth', allowed: cell, activation, loss, reduction"),
        ({"loss": "cotangent"}, "readout: got one, allowed: none with loss cotangent"),
        ({"loss": "squared-error"}, 'y: got layout "t b", with K=7 needs axis y'),
    ],
)
def test_models_that_do_not_fit(model: Mapping[str, str], message: str) -> None:
    assert message in _refusal(**model)


def test_cotangents_and_targets_of_a_model_without_readout() -> None:
    lines: dict[str, str | None] = {"Wy": None, "y": None}
    assert "needs a line such as" in _refusal(lines)
    assert 'loss cotangent needs a line such as "G": "t b h"' in _refusal(lines, loss="cotangent")
    assert 'loss squared-error needs a line such as "y": "t b"' in _refusal(lines, loss="squared-error")
    assert "got role G" in _refusal({**lines, "h": "G: b h"}, loss="squared-error")
    floats = {"y": np.zeros((6, 2))}
    assert "needs integer classes, or one-hot rows" in _refusal(data=floats, loss="softmax-cross-entropy")
    predicted: Values = {"y": np.zeros((6, 2, 5))}
    assert "with a readout its predictions have axis y" in _refusal(
        {"y": "t b h"}, data=predicted, loss="squared-error"
    )
    assert "first-unit-squared-error has targets" in _refusal(
        {"Wy": None, "y": "t b y"}, data=predicted, loss="first-unit-squared-error"
    )


def test_a_readout_bias_without_a_readout() -> None:
    assert 'layout: got a readout bias, but no array for "y, h"' in _refusal({"Wy": "y"}, params={"Wy": np.zeros(7)})


def test_biases_that_are_doubled() -> None:
    two = {"b2": np.zeros(20)}
    assert 'layout: got "i, 1" twice, in b and b2, needs it once; two biases are 1x and 1h' in _refusal(
        {"b2": "i+f+g+o"}, params=two
    )
    assert "allowed: 1 alone; 1x and 1h where there are two" in _refusal({"b2": "i+f+g+o, 1h"}, params=two)


def test_a_bias_of_some_gates_alone() -> None:
    """The forget gate's only: the others' are zero in every case."""
    layout = Layout.read({**LINES, "b": "f"}, {}, {**PARAMS, "b": np.zeros(5)}, DATA)
    bias = layout.case().arrays["b_ih"].reshape(4, 5)
    assert bias[1].all() and not bias[[0, 2, 3]].any()
    case = from_seed(layout.model, layout.sizes)
    arrays = {**layout.case().arrays, "b_ih": case.arrays["b_ih"]}
    assert layout.fits(replace(case, arrays=arrays)) == "b_ih is not zero, and the candidate has no place for all of it"


def test_the_one_wrong_shape_stands_out_though_it_comes_first() -> None:
    """Sizes are what most arrays say, so that the message names the array that is wrong."""
    for name in ("Wf", "Wi", "Wo", "Wg"):
        assert _refusal(params={name: np.zeros((8, 5))}).startswith(f"{name}: got (8, 5)")
