"""What `derive` promises beside right values: shares and directions, progress, notes, and leaving everything alone."""

from __future__ import annotations

import random
import sys
import time
import warnings
from typing import Any

import numpy as np
import pytest
from own_forward import Differentiate, never_wrong, precise

from harness.forward.derive import derive

NET = """
import numpy as np
def loss(params, data):
    return np.sum(data["v"] * np.tanh(params["W"] @ data["x"] + params["b"]))
"""
#: complex step fails
CAST = NET.replace("np.tanh(", "np.tanh(0 * np.array([one.__float__() for one in params['b']]) + ")


def point(rows: int = 4, columns: int = 3) -> tuple[dict[str, Any], dict[str, Any]]:
    generator = np.random.default_rng(0)
    params = {"W": generator.normal(size=(rows, columns)), "b": generator.normal(size=rows)}
    return params, {"v": generator.normal(size=rows), "x": 0.5 * generator.normal(size=columns)}


def truth(params: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    h = np.tanh(params["W"] @ data["x"] + params["b"])
    da = data["v"] * (1 - h * h)
    return {"W": np.outer(da, data["x"]), "b": da, "v": h, "x": params["W"].T @ da}


def test_only_what_is_asked_for(differentiate: Differentiate) -> None:
    params, data = point()
    derived = differentiate(NET, params, data, ["b", "x"])
    assert [*derived.values] == [*derived.radius] == [*derived.method] == ["b", "x"]
    assert derived.directions == {}


def test_nothing_to_differentiate(differentiate: Differentiate) -> None:
    params, data = point()
    derived = derive(lambda p, d: 1.5, lambda: lambda p, d: 1.5, params, data, [])
    assert (derived.loss, derived.values, derived.share) == (1.5, {}, 1.0)


@pytest.mark.parametrize("source", [NET, CAST])
def test_a_share_of_the_elements_and_directions_where_all_take_too_long(
    differentiate: Differentiate, source: str
) -> None:
    params, data = point(60, 50)
    derived = differentiate(source, params, data, seconds=0.05)
    exact = truth(params, data)
    assert 0 < derived.share < 1
    for name, value in derived.values.items():
        known = ~np.isnan(value)
        assert known.sum() >= 4
        assert np.isinf(derived.radius[name][~known]).all()
        assert np.isfinite(derived.radius[name][known]).all()
        (direction,) = derived.directions[name]
        assert np.linalg.norm(direction.vector) == pytest.approx(1)
        assert abs(direction.value - np.sum(direction.vector * exact[name])) <= direction.radius + 1e-13
        assert direction.radius < 1e-7
    never_wrong(derived, exact)
    assert derived.share == sum((~np.isnan(v)).sum() for v in derived.values.values()) / sum(
        v.size for v in derived.values.values()
    )


def test_the_time_is_kept(differentiate: Differentiate) -> None:
    source = NET.replace("def loss(", "import time\ndef loss(").replace(
        "    return", "    time.sleep(2e-3)\n    return"
    )
    params, data = point(60, 50)
    before = time.perf_counter()
    derived = differentiate(source, params, data, seconds=0.5)
    assert time.perf_counter() - before < 3
    assert derived.share < 0.5


def test_a_candidate_that_takes_very_long_is_left_early_and_said(differentiate: Differentiate) -> None:
    source = NET.replace("def loss(", "import time\ndef loss(").replace(
        "    return", "    time.sleep(0.01)\n    return"
    )
    params, data = point()
    derived = differentiate(source, params, data, seconds=0.01)
    assert "not evaluated, for one call takes 0.01" in derived.notes[-1]
    never_wrong(derived, truth(params, data))


def test_progress_is_told_before_every_call_and_never_goes_back(differentiate: Differentiate) -> None:
    calls, ticks = [], []
    params, data = point()

    def plain(p: dict[str, Any], d: dict[str, Any]) -> float:
        calls.append(len(ticks))
        return float(np.sum(p["W"] @ d["x"] + p["b"] ** 2))

    def patched() -> Any:
        def loss(p: dict[str, Any], d: dict[str, Any]) -> Any:
            calls.append(len(ticks))
            return np.sum(p["W"] @ d["x"] + p["b"] ** 2)

        return loss

    derive(plain, patched, params, data, ["W", "b", "x"], tick=ticks.append)
    assert calls == list(range(1, len(calls) + 1))
    assert ticks == sorted(ticks) and ticks[0] == 0 and 0.9 < ticks[-1] <= 1


def test_what_it_is_given_is_left_as_it_is(differentiate: Differentiate) -> None:
    source = """
    import numpy as np
    def loss(params, data):
        params["W"] *= 2
        data["x"][0] += 1
        data["list"].append(np.ones(3))
        data["list"][0][:] = 0
        loss = np.sum(np.tanh(params["W"] @ data["x"]))
        params.clear()
        return loss
    """
    params, data = point()
    data["list"] = [np.full(3, 5.0)]
    kept = {name: value.copy() for name, value in {**params, **data}.items() if name != "list"}
    derived = differentiate(source, params, data, ["W", "x"])
    assert all(np.array_equal({**params, **data}[name], value) for name, value in kept.items())
    assert len(data["list"]) == 1 and (data["list"][0] == 5).all()
    x = data["x"] + [1, 0, 0]
    da = 1 - np.tanh(2 * params["W"] @ x) ** 2
    never_wrong(derived, {"W": 2 * np.outer(da, x), "x": 2 * params["W"].T @ da})
    precise(derived, 1e-11)


def test_random_states_warnings_and_output_are_left_as_they_are(
    differentiate: Differentiate, capsys: pytest.CaptureFixture[str]
) -> None:
    source = NET.replace(
        "    return",
        "    import warnings, random\n    print('noise')\n    np.random.seed(1); random.seed(1)\n"
        "    warnings.simplefilter('ignore'); warnings.warn('x')\n    np.log(-1.0)\n    return",
    )
    np.random.seed(5)
    random.seed(5)
    before = np.random.get_state()[1].tolist(), random.getstate(), list(warnings.filters), np.geterr()  # type: ignore[index]
    stdout = sys.stdout
    derived = differentiate(source, *point())
    after = np.random.get_state()[1].tolist(), random.getstate(), list(warnings.filters), np.geterr()  # type: ignore[index]
    assert before == after
    assert sys.stdout is stdout and capsys.readouterr().out == ""
    never_wrong(derived, truth(*point()))
    precise(derived, 1e-11)


@pytest.mark.parametrize("draw", ["np.random.rand(4)", "[random.random() for _ in range(4)]"])
def test_dropout_draws_the_same_in_every_call(differentiate: Differentiate, draw: str) -> None:
    source = NET.replace("def loss(", "import random\ndef loss(").replace(
        'data["v"] *', f'data["v"] * (np.array({draw}) < 2) *'
    )
    masked = source.replace("< 2)", "< 0.5)")
    np.random.seed(1)
    random.seed(1)
    derived = differentiate(masked, *point())
    assert set(derived.method.values()) == {"complex step"}, derived.notes
    assert derived.noise < 1e-14


def test_a_candidate_that_changes_from_call_to_call_is_said(differentiate: Differentiate) -> None:
    source = NET.replace("def loss(", "rng = np.random.default_rng()\ndef loss(").replace(
        "    return", "    return rng.normal() +"
    )
    derived = differentiate(source, *point())
    assert derived.notes[0] == "two calls on the same values give different losses"
    never_wrong(derived, truth(*point()))


def test_the_same_every_time(differentiate: Differentiate) -> None:
    one, other = (differentiate(CAST, *point()) for _ in range(2))
    assert all(np.array_equal(one.values[name], other.values[name]) for name in one.values)
    assert all(np.array_equal(one.radius[name], other.radius[name]) for name in one.radius)


@pytest.mark.parametrize(
    ("returned", "got"),
    [
        ("np.ones(3)", "an array of shape (3,)"),
        ("[1.0, 2.0]", "an array of shape (2,)"),
        ("None", "a NoneType"),
        ("'1.0'", "a str"),
        ("{'loss': 1.0}", "a dict"),
        ("[[1.0], [1.0, 2.0]]", "a list"),
    ],
)
def test_a_loss_that_is_not_one_number(differentiate: Differentiate, returned: str, got: str) -> None:
    with pytest.raises(ValueError, match="loss: got") as raised:
        differentiate(f"import numpy as np\ndef loss(params, data): return {returned}", *point())
    assert str(raised.value).startswith(f"loss: got {got}, allowed: one number")


@pytest.mark.parametrize("returned", ["np.float32(s)", "s.reshape(1, 1)", "[s]", "float(s)", "np.matrix(s)", "(s,)"])
@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_loss_that_is_one_number_in_some_wrapping(differentiate: Differentiate, returned: str) -> None:
    derived = differentiate(NET.replace("return ", "s = ") + f"    return {returned}\n", *point())
    never_wrong(derived, truth(*point()))


def test_what_the_candidate_raises_is_raised(differentiate: Differentiate) -> None:
    with pytest.raises(ZeroDivisionError):
        differentiate("def loss(params, data): return 1 / 0", *point())


def test_a_name_without_floats_is_refused(differentiate: Differentiate) -> None:
    params, data = point()
    with pytest.raises(ValueError, match="y: got no array of floats, allowed: W, b, v, x, y"):
        differentiate(NET, params, {**data, "y": [1, 2]}, ["W", "y"])


@pytest.mark.parametrize("value", ["np.nan", "np.inf", "-np.inf"])
def test_a_loss_that_is_not_finite(differentiate: Differentiate, value: str) -> None:
    derived = differentiate(f"import numpy as np\ndef loss(params, data): return {value}", *point())
    assert derived.notes[0].startswith("the loss is not finite")
    assert derived.share == 0
    assert all(np.isnan(values).all() for values in derived.values.values())
    assert all(np.isinf(radius).all() for radius in derived.radius.values())


def test_a_candidate_that_raises_beside_the_point(differentiate: Differentiate) -> None:
    source = NET.replace("    return", '    assert params["b"][0] == B0\n    return').replace(
        "def loss", f"B0 = {float(point()[0]['b'][0])!r}\ndef loss"
    )
    params, data = point()
    derived = differentiate(source, params, data)
    never_wrong(derived, truth(params, data))
    assert all(np.isinf(radius).all() for radius in derived.radius.values())


def test_a_patched_module_that_cannot_be_loaded_is_noted() -> None:
    params, data = point()

    def plain(p: dict[str, Any], d: dict[str, Any]) -> float:
        return float(np.sum(d["v"] * np.tanh(p["W"] @ d["x"] + p["b"])))

    def patched() -> Any:
        raise RuntimeError("no\nsuch thing")

    derived = derive(plain, patched, params, data, ["W", "b", "v", "x"])
    assert derived.notes == ("complex step: RuntimeError: no such thing",)
    never_wrong(derived, truth(params, data))
    precise(derived, 1e-8)


def test_some_arrays_by_complex_step_and_others_by_differences(differentiate: Differentiate) -> None:
    source = NET.replace('params["b"]', 'np.array([getattr(one, "re" + "al") for one in params["b"]])')
    params, data = point()
    derived = differentiate(source, params, data)
    assert derived.method == {**dict.fromkeys("Wvx", "complex step"), "b": "differences"}
    assert derived.notes[0].startswith("complex step: imaginary part lost: 0 along a random direction, ")
    assert derived.notes[0].endswith(" by differences (b)")
    never_wrong(derived, truth(params, data))
    precise(derived, 1e-7)


def test_lists_over_time_numbers_and_nested_values(differentiate: Differentiate) -> None:
    source = """
    import numpy as np
    def loss(params, data):
        h, total = np.zeros((2, 1)), 0.0
        for x in data["xs"]:
            h = np.tanh(params["W"] @ h + (params["U"] @ x if x is not None else 0))
            total += params["rate"] * h.sum() + data["pair"][0] * h[0, 0]
        assert data["name"] == "a" and data["nothing"] is None and data["more"]["y"][1] == 2
        return total + data["more"]["z"].sum() * 0
    """
    generator = np.random.default_rng(1)
    params = {"W": generator.normal(size=(2, 2)), "U": generator.normal(size=(2, 3)), "rate": 0.7}
    data = {
        "xs": [generator.normal(size=(3, 1)) for _ in range(3)],
        "pair": (0.5, 1.5),
        "name": "a",
        "nothing": None,
        "more": {"y": [1, 2], "z": np.ones(2)},
    }
    derived = differentiate(source, params, data)
    assert {name: value.shape for name, value in derived.values.items()} == {
        "W": (2, 2),
        "U": (2, 3),
        "rate": (),
        "xs": (3, 3, 1),
        "pair": (2,),
    }
    assert set(derived.method.values()) == {"complex step"}, derived.notes
    by_differences = differentiate(
        source.replace("h, total =", "float.fromhex('0x1p0'); np.float64(params['rate']).hex(); h, total ="),
        params,
        data,
    )
    assert set(by_differences.method.values()) == {"differences"}
    never_wrong(by_differences, derived.values)
    precise(by_differences, 1e-8)


def test_single_precision_inputs(differentiate: Differentiate) -> None:
    params, data = point()
    single = {name: value.astype(np.float32) for name, value in params.items()}
    data = {name: value.astype(np.float32) for name, value in data.items()}
    exact = truth(
        {name: value.astype(float) for name, value in single.items()}, {k: v.astype(float) for k, v in data.items()}
    )
    derived = differentiate(NET, single, data)
    assert derived.noise > 1e-9
    assert set(derived.method.values()) == {"complex step"}, derived.notes
    assert {value.dtype for value in derived.values.values()} == {np.dtype(float)}
    never_wrong(derived, exact)
    by_differences = differentiate(CAST, single, data)
    assert set(by_differences.method.values()) == {"differences"}
    never_wrong(by_differences, exact)
    precise(by_differences, 1e-2)


def test_floats_that_are_indices(differentiate: Differentiate) -> None:
    """Between whole numbers the loss jumps: nothing is known of these, all of the others."""
    source = """
    import numpy as np
    def loss(params, data):
        return sum(np.tanh(params["W"])[int(k)].sum() for k in data["k"])
    """
    params, _ = point()
    derived = differentiate(source, params, {"k": np.array([1.0, 3.0, 3.0])})
    assert np.isinf(derived.radius["k"]).all()
    da = (1 - np.tanh(params["W"]) ** 2) * np.array([0, 1.0, 0, 2])[:, None]
    never_wrong(derived, {"W": da, "b": np.zeros(4), "k": np.zeros(3)})
    assert derived.method["W"] == "complex step"


def test_kinks_are_unknown_and_all_else_is_known(differentiate: Differentiate) -> None:
    """Where a relu's argument is exactly zero there is no derivative; hand-written code may take 0 or 1."""
    source = """
    import numpy as np
    def loss(params, data):
        return data["v"] @ np.maximum(0, params["W"] @ data["x"] + params["b"])
    """
    params, data = point()
    params["b"][1] = -(params["W"] @ data["x"])[1]
    assert (params["W"] @ data["x"] + params["b"])[1] == 0
    derived = differentiate(source, params, data)
    on = (params["W"] @ data["x"] + params["b"] > 0).astype(float)
    da = data["v"] * on
    exact = {"W": np.outer(da, data["x"]), "b": da, "v": np.maximum(0, params["W"] @ data["x"] + params["b"])}
    for name in ("W", "b"):
        assert np.isinf(derived.radius[name][1]).all()
        assert np.isfinite(np.delete(derived.radius[name], 1, axis=0)).all()
    assert np.isinf(derived.radius["x"]).all()
    never_wrong(derived, {**exact, "x": params["W"].T @ da})


def test_nothing_is_known_of_a_loss_without_derivatives(differentiate: Differentiate) -> None:
    source = 'import numpy as np\ndef loss(params, data): return np.abs(params["b"]).sum() + np.abs(params["W"]).sum()'
    params = {"W": np.zeros((2, 2)), "b": np.zeros(2)}
    derived = differentiate(source, params)
    assert all(np.isinf(radius).all() for radius in derived.radius.values())


def test_huge_and_tiny_losses(differentiate: Differentiate) -> None:
    for factor in (1e-200, 1e-30, 1e30, 1e150):
        params, data = point()
        derived = differentiate(NET.replace("return", f"return {factor} *"), params, data)
        assert set(derived.method.values()) == {"complex step"}, (factor, derived.notes)
        never_wrong(derived, {name: factor * value for name, value in truth(params, data).items()})
        precise(derived, 1e-11)


def test_a_loss_of_zero(differentiate: Differentiate) -> None:
    params, data = point()
    source = NET.replace("return", "return -loss_at +").replace(
        "def loss", f"loss_at = {float(np.sum(data['v'] * np.tanh(params['W'] @ data['x'] + params['b'])))!r}\ndef loss"
    )
    derived = differentiate(source, params, data)
    assert derived.loss == 0
    assert derived.noise < 1e-11
    never_wrong(derived, truth(params, data))
    precise(derived, 1e-11)


def test_arrays_without_elements(differentiate: Differentiate) -> None:
    params, data = point()
    source = NET.replace("return", "return params['none'].sum() +")
    derived = differentiate(source, {**params, "none": np.zeros((0, 3))}, data)
    assert derived.values["none"].shape == (0, 3) and derived.share == 1.0
    never_wrong(derived, {**truth(params, data), "none": np.zeros((0, 3))})
    precise(derived, 1e-11)
