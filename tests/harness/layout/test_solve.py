"""The solver: every convention is found from the forward pass alone, and what is none of ours is not."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
import pytest

from harness.layout.layout import Layout
from harness.layout.solve import Solution, solve
from tests.harness.layout.minis import MINIS, NOT_OURS, Mini, Values, sigmoid


class Outcome(NamedTuple):
    loss: Any


def _solved(
    loss: Callable[[Mapping[str, Any], Mapping[str, Any]], Any], params: Values, data: Values, **kwargs: Any
) -> Solution:
    def evaluate(params: Values, data: Values) -> Outcome:
        with np.errstate(all="ignore"):
            return Outcome(loss(params, data))

    started = time.perf_counter()
    solution = solve(evaluate, params, data, **kwargs)
    print(f"{time.perf_counter() - started:.2f} s, {solution.calls} calls, {solution.also}, {solution.tried}")
    return solution


def _means(solution: Solution, params: Values, data: Values) -> list[tuple[Any, ...]]:
    """What each layout makes of the same numbers: the author's arrays for one case."""
    meant = []
    for found in solution.layouts:
        layout = Layout.read(found.lines, found.model, params, data)
        case = layout.case(seed=5)
        given = layout.given(case.arrays, params, data)
        meant.append((layout.model, case.fingerprint, *[repr(one) for values in given for one in values.items()]))
    return meant


def _same(mini: Mini, solution: Solution, params: Values, data: Values) -> bool:
    """Whether the first layout means what the author's own does."""
    layout = Layout.read(mini.layout, mini.model, params, data)
    case = layout.case(seed=5)
    given = layout.given(case.arrays, params, data)
    wanted = (layout.model, case.fingerprint, *[repr(one) for values in given for one in values.items()])
    return _means(solution, params, data)[0] == wanted


#: whose two biases have names that do not say which side they are on
UNTOLD = {"backwards": {"b": "a, 1x", "c": "a, 1h"}}


@pytest.mark.parametrize("name", MINIS)
def test_every_convention_is_found(name: str) -> None:
    mini = MINIS[name]
    params, data = mini.example(seed=1)
    solution = _solved(mini.loss, params, data)
    assert solution.unique
    assert len(solution.layouts) == 1
    assert _same(mini._replace(layout={**mini.layout, **UNTOLD.get(name, {})}), solution, params, data)


@pytest.mark.parametrize("name", ["characters", "interleaved", "names_one_by_one", "single_step"])
def test_names_are_no_proof(name: str) -> None:
    """With names that say nothing, in an order that says nothing, the same is found."""
    mini = MINIS[name]
    params, data = mini.example(seed=2)
    rng = np.random.default_rng(0)
    order = [str(key) for key in rng.permutation([*params, *data])]
    alias = {key: f"q{at}" for at, key in enumerate(order)}
    back = {opaque: key for key, opaque in alias.items()}

    def loss(p: Mapping[str, Any], d: Mapping[str, Any]) -> Any:
        return mini.loss({back[key]: p[key] for key in p}, {back[key]: d[key] for key in d})

    renamed = [{alias[key]: one[key] for key in order if key in one} for one in (params, data)]
    solution = _solved(loss, *renamed)
    assert solution.unique
    opaque = {alias[key]: text for key, text in mini.layout.items()}
    opaque |= {alias[key]: f"{key}: {mini.layout[key]}" for key in ("x", "y", "h0", "c0", "G") if key in mini.layout}
    assert _same(mini._replace(layout=opaque), solution, *renamed)


def test_misleading_names_do_not_mislead() -> None:
    """The matrix that is called the forget gate's is the output gate's, and the reverse."""
    mini = MINIS["characters"]
    params, data = mini.example()

    def loss(p: Mapping[str, Any], d: Mapping[str, Any]) -> Any:
        return mini.loss({**p, "Wf": p["Wo"], "Wo": p["Wf"], "bf": p["bo"], "bo": p["bf"]}, d)

    found = _solved(loss, params, data).layouts[0].lines
    assert (found["Wf"], found["Wo"], found["bf"], found["bo"]) == ("o, h+x", "f, h+x", "o, 1", "f, 1")


def test_equal_sizes_are_told_apart_by_the_loss() -> None:
    """D = H = K and T = B: no shape tells an input's matrix from a recurrent one, or either from its transpose."""
    n, m = 4, 3
    rng = np.random.default_rng(0)
    params: Values = {name: rng.normal(0, 0.5, (n, n)) for name in ("P", "Q", "R")} | {"s": rng.normal(0, 0.5, n)}
    data: Values = {"u": rng.normal(0, 1, (m, m, n)), "v": rng.normal(0, 1, (m, m, n))}

    def loss(p: Mapping[str, Any], d: Mapping[str, Any]) -> Any:
        h, total = np.zeros((m, n)), 0.0
        for t in range(m):
            h = np.tanh(d["u"][:, t] @ p["R"] + h @ p["P"].T + p["s"])
            total += ((h @ p["Q"] - d["v"][t]) ** 2).sum()
        return total / 2

    solution = _solved(loss, params, data)
    assert solution.unique
    assert solution.layouts[0].lines == {
        "P": "a, h", "Q": "h, y", "R": "x, a", "s": "a", "u": "b t x", "v": "t b y"
    }  # fmt: skip
    assert solution.layouts[0].model["loss"] == "half-squared-error"


def test_two_packed_matrices_with_a_bias_each() -> None:
    rng = np.random.default_rng(0)
    params: Values = {"A": rng.normal(0, 0.5, (12, 4)), "R": rng.normal(0, 0.5, (4, 12))}
    data: Values = {"x": rng.normal(0, 1, (5, 3)), "G": rng.normal(0, 1, (5, 3))}

    def loss(p: Mapping[str, Any], d: Mapping[str, Any]) -> Any:
        h = c = np.zeros(3)
        total = 0.0
        for x, G in zip(d["x"], d["G"], strict=True):
            a = p["A"] @ np.append(x, 1) + np.append(1, h) @ p["R"]
            o, f, i, g = np.split(a, 4)
            c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
            h = sigmoid(o) * np.tanh(c)
            total += h @ G
        return total

    solution = _solved(loss, params, data)
    assert solution.unique
    found = solution.layouts[0].lines
    assert (found["A"], found["R"]) == ("o+f+i+g, x+1x", "1h+h, o+f+i+g")


# --- ambiguous --------------------------------------------------------------------------------------------------------


def test_what_one_step_without_a_state_cannot_tell() -> None:
    """At T = 1 from h = 0, the recurrent matrix has no effect: any order of its gates would do, and it is said so."""
    rng = np.random.default_rng(0)
    params: Values = {"Wx": rng.normal(0, 0.5, (3, 20)), "Wh": rng.normal(0, 0.5, (5, 20))}
    data: Values = {"x": rng.normal(0, 1, (2, 3)), "G": rng.normal(0, 1, (2, 5))}

    def loss(p: Mapping[str, Any], d: Mapping[str, Any]) -> Any:
        i, _, o, g = np.split(d["x"] @ p["Wx"], 4, axis=1)
        return (sigmoid(o) * np.tanh(sigmoid(i) * np.tanh(g)) * d["G"]).sum()

    solution = _solved(loss, params, data)
    assert not solution.unique
    assert any(words.startswith("Wh: 48 lines would do") for words in solution.also)
    assert solution.layouts[0].lines["Wh"] == "h, i+f+o+g"  # as Wx has it


def test_two_losses_that_are_the_same_at_these_sizes_are_told_apart_by_others() -> None:
    """½ and ÷ T are the same at T = 2; with other sizes they are not, where the candidate takes them."""
    rng = np.random.default_rng(0)
    params: Values = {"U": rng.normal(0, 0.5, (4, 3)), "W": rng.normal(0, 0.5, (4, 4)), "V": rng.normal(0, 0.5, (5, 4))}
    data: Values = {"x": rng.normal(0, 1, (2, 3, 3)), "y": rng.normal(0, 1, (2, 3, 5))}

    def loss(p: Mapping[str, Any], d: Mapping[str, Any]) -> Any:
        h, total = np.zeros((d["x"].shape[1], 4)), 0.0
        for x, y in zip(d["x"], d["y"], strict=True):
            h = np.tanh(x @ p["U"].T + h @ p["W"].T)
            total += ((h @ p["V"].T - y) ** 2).sum()
        return total / len(d["x"])

    solution = _solved(loss, params, data)
    assert solution.unique
    assert (solution.layouts[0].model["loss"], solution.layouts[0].model["reduction"]) == ("squared-error", "mean-t")

    def rigid(p: Mapping[str, Any], d: Mapping[str, Any]) -> Any:
        if d["x"].shape != (2, 3, 3):
            raise ValueError("this size only")
        return loss(p, d)

    solution = _solved(rigid, params, data)
    assert not solution.unique
    assert len(solution.layouts) == 2
    assert any("are the same with T=2, B=3" in words for words in solution.also)


def test_which_of_two_biases_is_which_no_loss_tells_and_it_stays_unique() -> None:
    mini = MINIS["two_biases"]
    solution = _solved(mini.loss, *mini.example())
    assert solution.unique
    assert solution.also == ("bias_ih, bias_hh: which biases are 1x and which 1h, no loss can tell",)
    assert solution.layouts[0].lines["bias_hh"] == "i+f+g+o, 1h"


# --- losses and numbers -----------------------------------------------------------------------------------------------


def test_a_factor_that_no_reduction_says_is_named() -> None:
    mini = MINIS["row_vectors"]
    solution = _solved(lambda p, d: mini.loss(p, d) / 7, *mini.example())
    assert solution.unique
    assert solution.layouts[0].factor
    assert any("times this model's" in words for words in solution.also)
    odd = _solved(lambda p, d: 0.123 * mini.loss(p, d), *mini.example())
    assert float(odd.layouts[0].factor) == pytest.approx(0.123 / (2 * 18))


def test_float32_inside_is_found_and_said() -> None:
    mini = MINIS["course"]

    def loss(p: Mapping[str, Any], d: Mapping[str, Any]) -> Any:
        return mini.loss({name: one.astype(np.float32) for name, one in p.items()}, d)

    params, data = mini.example()
    solution = _solved(loss, params, data)
    assert _same(mini, solution, params, data)
    assert "the losses agree to float32 only" in solution.also


def test_an_argument_that_nobody_reads_is_said() -> None:
    mini = MINIS["row_vectors"]
    params, data = mini.example()
    solution = _solved(mini.loss, params, {**data, "h0": np.zeros((3, 5)), "n": 6})
    assert "h0" not in solution.layouts[0].lines
    assert "h0: the loss does not depend on it" in solution.also


def test_what_is_pasted_is_read() -> None:
    mini = MINIS["characters"]
    params, data = mini.example()
    found = _solved(mini.loss, params, data).layouts[0]
    pasted: Values = {}
    exec(found.text, pasted)
    assert pasted["layout"] == found.lines == mini.layout
    assert pasted["model"] == found.model
    Layout.read(pasted["layout"], pasted["model"], params, data)


# --- not found --------------------------------------------------------------------------------------------------------


def test_peepholes_are_named_as_what_no_cell_reads() -> None:
    mini = NOT_OURS["peepholes"]
    solution = _solved(mini.loss, *mini.example())
    assert solution.layouts == () and not solution.unique
    said = " ".join(solution.tried)
    assert "with pf and pi and po at zero it is this lstm" in said.replace("pi and pf", "pf and pi")
    assert 'Wf "f, h+x"' in said


def test_a_gated_cell_of_three_gates_is_none_of_ours() -> None:
    mini = NOT_OURS["gated"]
    solution = _solved(mini.loss, *mini.example())
    assert solution.layouts == ()
    assert any("3 gates, such as a GRU" in words for words in solution.tried)
    assert any("fit no cell that we have: lstm (4 gates), rnn (1 gate)" in words for words in solution.tried)


def test_another_cell_of_four_gates_is_not_taken_for_ours() -> None:
    """Its cell state is squashed: all shapes fit, and no loss does."""
    mini = NOT_OURS["squashed"]
    solution = _solved(mini.loss, *mini.example())
    assert solution.layouts == ()
    assert solution.tried[0].startswith("the shapes fit lstm with D=4, H=5")
    assert any("the nearest was off by" in words for words in solution.tried)


def test_a_candidate_that_refuses_everything() -> None:
    def loss(p: Mapping[str, Any], d: Mapping[str, Any]) -> Any:
        raise IndexError("index 1 is out of bounds\nfor axis 0")

    solution = _solved(loss, *MINIS["adder"].example())
    assert solution.tried == ("its loss on random values is not a finite number: index 1 is out of bounds for axis 0",)


def test_a_loss_that_fits_only_where_the_search_looked_is_no_answer() -> None:
    """A forward pass that leaves the equations on some inputs: the draw that the search does not see tells."""
    mini = MINIS["rectified"]
    params, data = mini.example()
    from harness.layout.probe import DRAWS, Probe

    last = Probe(lambda p, d: Outcome(mini.loss(p, d)), params, data).draws[DRAWS - 1]["x"]

    def loss(p: Mapping[str, Any], d: Mapping[str, Any]) -> Any:
        return mini.loss(p, d) + (0.5 if np.array_equal(d["x"], last) else 0)

    solution = _solved(loss, params, data)
    assert solution.layouts == ()
    assert any(words.startswith("on other values this does not fit") for words in solution.tried)


def test_the_search_ends_in_time() -> None:
    mini = MINIS["packed"]
    solution = _solved(mini.loss, *mini.example(), seconds=0.05)
    assert solution.layouts == ()
    assert "the search was ended after 0.05 s" in solution.tried


def test_what_was_found_in_time_is_kept_and_not_called_unique(monkeypatch: pytest.MonkeyPatch) -> None:
    from harness.layout import search

    run = search.Search.run

    def late(self: search.Search, any_factor: bool) -> bool:
        run(self, any_factor)
        raise search.OutOfTime

    monkeypatch.setattr(search.Search, "run", late)
    solution = _solved(MINIS["adder"].loss, *MINIS["adder"].example())
    assert len(solution.layouts) == 1 and not solution.unique
    assert solution.also == ("the search was ended after 60 s",)


def test_progress_is_told_in_words_and_never_goes_back() -> None:
    told: list[tuple[str, float]] = []
    mini = MINIS["characters"]
    _solved(mini.loss, *mini.example(), tick=lambda words, fraction: told.append((words, fraction)))
    fractions = [fraction for _, fraction in told]
    assert fractions == sorted(fractions) and fractions[0] == 0 and fractions[-1] == 1
    assert any("lstm with D=" in words for words, _ in told)


def test_the_values_that_are_handed_over_are_the_candidates_own() -> None:
    """It may change what it is given: the search goes on as if it had not."""
    mini = MINIS["adder"]
    params, data = mini.example()

    def loss(p: Values, d: Values) -> Any:
        value = mini.loss(p, d)
        for array in (*p.values(), d["X"]):
            array[...] = np.nan
        return value

    assert _solved(loss, params, data).unique
    assert all(np.isfinite(array).all() for array in params.values())
