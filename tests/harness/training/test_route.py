"""The way back from an author's arrays: what the layout takes there comes back, and what it does not is known."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from harness.layout.layout import Layout
from harness.training.route import Route

T, D, H, K = 3, 4, 5, 6
PARAMS = ("W_ih", "W_hh", "b_ih", "W_hy", "b_y")
PACKED = {"W": "1+x+h, [i f o g]", "V": "h, y", "d": "y", "x": "t x", "y": "y: t", "h": "h0: h 1", "c": "c0: h"}
APART = {f"W{gate}": f"{gate}, h+x" for gate in "ifgo"} | {f"b{gate}": f"{gate}, 1" for gate in "ifgo"}
APART |= {"V": "y, h", "d": "y, 1", "x": "x 1 t", "y": "y: t", "h": "h0: h 1", "c": "c0: h"}
SHAPES: dict[str, tuple[int, ...]] = {"W": (1 + D + H, 4 * H), "h": (H, 1), "c": (H,), "y": (T,)}
OF_PACKED = SHAPES | {"V": (H, K), "d": (K,), "x": (T, D)}
OF_APART = SHAPES | {"V": (K, H), "d": (K, 1), "x": (D, 1, T)}
OF_APART |= {f"W{gate}": (H, H + D) for gate in "ifgo"} | {f"b{gate}": (H, 1) for gate in "ifgo"}


def laid(lines: dict[str, str], shapes: dict[str, tuple[int, ...]]) -> tuple[Layout, dict[str, Any]]:
    """A layout, and the example that it is of."""
    example = {name: np.zeros(shapes[name], int if name == "y" else float) for name in lines}
    return Layout.read(lines, {"cell": "lstm", "loss": "softmax-cross-entropy"}, example, {}), example


@pytest.mark.parametrize(("lines", "shapes"), [(PACKED, OF_PACKED), (APART, OF_APART)])
@pytest.mark.parametrize("names", [PARAMS, ("h0", "c0")])
def test_what_goes_there_comes_back(
    lines: dict[str, str], shapes: dict[str, tuple[int, ...]], names: tuple[str, ...]
) -> None:
    layout, example = laid(lines, shapes)
    case = layout.case(seed=4)
    route = Route(layout, {name: array.shape for name, array in case.arrays.items()}, names)
    own, _ = layout.given(case.arrays, example, {})
    back = route(own)
    assert tuple(back) == names
    for name in names:
        assert np.array_equal(back[name], case.arrays[name]), name
    assert route.missing(own) == ()


def test_what_is_not_there_is_known() -> None:
    layout, example = laid(APART, OF_APART)
    case = layout.case(seed=4)
    route = Route(layout, {name: array.shape for name, array in case.arrays.items()}, PARAMS)
    own, _ = layout.given(case.arrays, example, {})
    del own["Wf"], own["d"]
    assert route.missing(own) == ("W_ih", "W_hh", "b_y")
    back = route(own)
    assert not back["W_ih"][H : 2 * H].any()  # gate f
    assert np.array_equal(back["W_ih"][2 * H :], case.arrays["W_ih"][2 * H :])
    assert not back["b_y"].any()


def test_not_a_number_stays_where_it_is() -> None:
    layout, example = laid(PACKED, OF_PACKED)
    case = layout.case(seed=4)
    route = Route(layout, {name: array.shape for name, array in case.arrays.items()}, PARAMS)
    own, _ = layout.given(case.arrays, example, {})
    own["W"][0, 1] = np.nan  # the bias of the first unit's gate f
    wrong = {name: np.argwhere(np.isnan(array)).tolist() for name, array in route(own).items()}
    assert wrong == {"W_ih": [], "W_hh": [], "b_ih": [[H]], "W_hy": [], "b_y": []}
