"""Every rule of the verdict: a fault that it catches, and a sound case that it passes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from evidence import LSTM, of, sound, with_candidate, with_peer

from harness import measure, where
from harness.case import from_seed
from harness.judge import Evidence, judge
from harness.run import Judgement, Participant
from references.model import Model


def grad(evidence: Evidence, array: str) -> np.ndarray:
    assert evidence.candidate is not None
    return evidence.candidate.grads[array].copy()


def finding(judgement: Judgement, name: str) -> str:
    (text,) = [found.text for found in judgement.findings if found.name == name]
    return text


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_sound_code_agrees(dtype: str) -> None:
    judgement = judge(sound(dtype=dtype))
    assert judgement.verdict == "agree"
    assert judgement.findings == ()
    assert {row.verdict for row in (*judgement.rows, *judgement.forward)} == {"agree"}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("array", LSTM.graded)
def test_a_factor_of_1_001_differs_in_its_array_alone(array: str, dtype: str) -> None:
    judgement = judge(with_candidate(sound(dtype=dtype), {array: grad(sound(dtype=dtype), array) * np.float32(1.001)}))
    assert judgement.verdict == "differ"
    assert {row.array for row in judgement.rows if row.verdict == "differ"} == {array}


@pytest.mark.parametrize(("dtype", "error"), [("float32", 1e-5), ("float64", 1e-13)])
def test_one_element_off_is_seen_and_found(dtype: str, error: float) -> None:
    wrong = grad(sound(dtype=dtype), "W_hh")
    wrong[21, 3] += error * np.abs(wrong).max()
    judgement = judge(with_candidate(sound(dtype=dtype), {"W_hh": wrong}))
    assert judgement.verdict == "differ"
    row = next(row for row in judgement.worst_rows() if row.array == "W_hh")
    assert row.ratio_at == (21, 3)
    assert row.words == (
        "gate f differs, gates i, g, o agree",
        "gate f: row 5 differs, rows 0–4, 6–15 agree",
        "column 3 differs, columns 0–2, 4–15 agree",
    )


def test_signed_sums_that_cancel_do_not_hide_a_difference() -> None:
    wrong = grad(sound(), "W_hh")
    wrong[0, 0] += 0.5
    wrong[1, 1] -= 0.5
    row = next(row for row in judge(with_candidate(sound(), {"W_hh": wrong})).rows if row.array == "W_hh")
    assert abs(row.total) < 1e-12
    assert row.total_abs == pytest.approx(1.0)


def test_a_reference_that_contradicts_the_others_makes_it_inconclusive_and_is_named() -> None:
    odd = with_peer(sound(), "two", {"W_ih": sound().references["two"].grads["W_ih"] * 1.01})
    judgement = judge(odd)
    assert judgement.verdict == "inconclusive"
    assert judgement.reason == "references contradict each other: two is the odd one out, against extended, one"


def test_contradicting_references_never_make_it_differ() -> None:
    odd = with_peer(sound(), "two", {"W_ih": sound().references["two"].grads["W_ih"] * 1.01})
    judgement = judge(with_candidate(odd, {"W_ih": grad(odd, "W_ih") * 2}))
    assert judgement.verdict == "inconclusive"


def test_truth_can_be_the_odd_one_out() -> None:
    evidence = sound()
    assert evidence.truth is not None
    wrong = evidence.truth._replace(grads=evidence.truth.grads | {"W_ih": evidence.truth.grads["W_ih"] * 1.01})
    judgement = judge(replace(evidence, truth=wrong))
    assert judgement.verdict == "inconclusive"
    assert "extended is the odd one out, against one, two" in judgement.reason


@pytest.mark.parametrize(
    ("factor", "meaning"),
    [(-1, "sign"), (2, "factor 2"), (1 / 12, "1/T"), (1 / 4, "1/B"), (48, "T·B"), (1 / 48, "1/T·B"), (9, "K")],
)
def test_a_constant_multiple_is_said_to_be_one(factor: float, meaning: str) -> None:
    assert sound().candidate is not None
    scaled = {name: value * factor for name, value in sound().candidate.grads.items()}
    judgement = judge(with_candidate(sound(), scaled))
    assert judgement.verdict == "differ"
    assert meaning in finding(judgement, "scaled")


@pytest.mark.parametrize("factor", [1.000005, 1.3])
def test_a_factor_without_a_meaning_is_no_scale(factor: float) -> None:
    assert sound().candidate is not None
    scaled = {name: value * factor for name, value in sound().candidate.grads.items()}
    judgement = judge(with_candidate(sound(), scaled))
    assert judgement.verdict == "differ"
    assert not judgement.findings


def test_one_array_that_is_not_scaled_is_no_scale() -> None:
    assert sound().candidate is not None
    scaled = {name: -value for name, value in sound().candidate.grads.items() if name != "b_y"}
    assert not judge(with_candidate(sound(), scaled)).findings


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_finite_differs_and_is_found(value: float) -> None:
    wrong = grad(sound(), "x")
    wrong[3, 1, 2] = value
    judgement = judge(with_candidate(sound(), {"x": wrong}))
    assert judgement.verdict == "differ"
    assert "x holds" in finding(judgement, "non-finite")
    assert "[3, 1, 2]" in finding(judgement, "non-finite")


def test_forward_comes_first_and_says_where_it_departs() -> None:
    evidence = sound()
    assert evidence.candidate is not None
    trace = {name: value.copy() for name, value in evidence.candidate.trace.items()}
    trace["g"][4, 2, 7] += 0.1
    trace["c"][4, 2, 7] += 0.1
    trace["h"][5:] += 0.1
    judgement = judge(replace(evidence, candidate=evidence.candidate._replace(trace=trace)))
    assert judgement.verdict == "differ"
    assert (
        "forward departs before any gradient does: first at step 4 in gate g, batch entry 2, unit 7" in judgement.reason
    )


def test_a_wrong_loss_alone_differs() -> None:
    evidence = sound()
    assert evidence.candidate is not None
    judgement = judge(replace(evidence, candidate=evidence.candidate._replace(loss=evidence.candidate.loss * 1.001)))
    assert judgement.verdict == "differ"
    assert judgement.reason.endswith("only in the loss")


def test_a_failing_provider_is_an_error() -> None:
    candidate, truth, *others = sound().participants
    crashed = Participant("one", "reference", "error", "it fell over")
    judgement = judge(replace(sound(), participants=(candidate, truth, crashed, *others[1:])))
    assert (judgement.verdict, judgement.reason) == ("error", "one failed: it fell over")


@pytest.mark.parametrize(("required", "verdict"), [((), "agree"), (("one",), "inconclusive")])
def test_what_cannot_run_counts_only_where_it_was_asked_for(required: tuple[str, ...], verdict: str) -> None:
    candidate, truth, *others = sound().participants
    absent = Participant("one", "reference", "not run", "not installed")
    peers = {"two": sound().references["two"]}
    evidence = replace(
        sound(), participants=(candidate, truth, absent, *others[1:]), references=peers, required=required
    )
    assert judge(evidence).verdict == verdict


def test_without_truth_nothing_is_decided() -> None:
    candidate, _, *others = sound().participants
    narrow = Participant("extended", "truth", "not run", "longdouble is no wider")
    evidence = replace(sound(), truth=None, budgets=None, participants=(candidate, narrow, *others))
    judgement = judge(evidence)
    assert judgement.verdict == "inconclusive"
    assert "longdouble is no wider" in judgement.reason


def test_what_is_not_returned_is_not_graded_and_said() -> None:
    evidence = sound()
    assert evidence.candidate is not None
    some = {name: value for name, value in evidence.candidate.grads.items() if name not in ("h0", "c0")}
    judgement = judge(replace(evidence, candidate=evidence.candidate._replace(grads=some)))
    assert judgement.verdict == "agree"
    assert finding(judgement, "not graded") == "the candidate returns no gradient of h0, c0"


def test_absent_biases_are_not_graded() -> None:
    model = replace(LSTM, biases=1)
    judgement = judge(of(from_seed(model)))
    assert judgement.verdict == "agree"
    assert "b_hh" not in {row.array for row in judgement.rows}
    assert "b_ih" in {row.array for row in judgement.rows}


def test_zero_by_structure_is_vacuous() -> None:
    """A ReLU network none of whose units is ever active: every gradient before the readout is zero."""
    case = from_seed(Model("rnn", "relu", "half-squared-error", "sum", 2, True))
    arrays = {**case.arrays, "b_ih": np.full_like(case.arrays["b_ih"], -1e3)}
    judgement = judge(of(replace(case, arrays=arrays)))
    assert judgement.verdict == "agree"
    assert {row.array for row in judgement.rows if row.vacuous} == {"W_ih", "W_hh", "b_ih", "b_hh", "W_hy", "x", "h0"}
    assert "zero by structure" in finding(judgement, "vacuous")


def test_nothing_but_vacuous_arrays_cannot_judge() -> None:
    case = from_seed(Model("rnn", "relu", "cotangent", "sum", 2, False))
    arrays = {**case.arrays, "b_ih": np.full_like(case.arrays["b_ih"], -1e3)}
    assert judge(of(replace(case, arrays=arrays))).verdict == "inconclusive"


def test_a_wrong_gradient_where_truth_is_zero_differs() -> None:
    case = from_seed(Model("rnn", "relu", "half-squared-error", "sum", 2, True))
    arrays = {**case.arrays, "b_ih": np.full_like(case.arrays["b_ih"], -1e3)}
    evidence = of(replace(case, arrays=arrays))
    wrong = grad(evidence, "W_hh")
    wrong[0, 0] = 1e-30
    assert judge(with_candidate(evidence, {"W_hh": wrong})).verdict == "differ"


def test_overflow_of_the_dtype_judges_nothing() -> None:
    """Truth is finite in longdouble, the case's float32 is not: a candidate that overflows too is not accused."""
    case = from_seed(
        Model("rnn", "identity", "squared-error", "sum", 2, True), {"T": 60, "B": 2, "D": 3, "H": 5, "K": 4}, "float32"
    )
    arrays = {**case.arrays, "W_hh": case.arrays["W_hh"] * 20}
    with np.errstate(all="ignore"):
        judgement = judge(of(replace(case, arrays=arrays)))
    assert judgement.verdict == "inconclusive"
    assert judgement.reason.endswith("whose sums may overflow at float32")


def test_near_the_largest_number_forward_is_judged_until_then_and_no_gradient() -> None:
    """Sums of the same terms in another order overflow sooner: a state that is infinite there is no departure."""
    case = from_seed(
        Model("rnn", "identity", "cotangent", "sum", 2, False), {"T": 60, "B": 2, "D": 3, "H": 5, "K": 5}, "float32"
    )
    arrays = {**case.arrays, "W_hh": case.arrays["W_hh"] * 10}
    with np.errstate(all="ignore"):
        evidence = of(replace(case, arrays=arrays))
        assert evidence.truth is not None
        assert evidence.candidate is not None
        sizes = np.abs(evidence.truth.trace["h"]).reshape(60, -1).max(axis=1)
        step = int(np.argmax(sizes > 1e37))
        h = evidence.candidate.trace["h"].copy()
        h[step:] = np.inf
        early = replace(evidence, candidate=evidence.candidate._replace(trace={"h": h}))
        assert judge(early).verdict == "inconclusive"
        h[3, 0, 0] *= 1.001
        assert "forward departs" in judge(early).reason


@pytest.mark.parametrize(("away", "verdict"), [(0.0, "inconclusive"), (0.01, "differ")])
def test_where_rounding_decides_on_which_side_of_a_kink_it_is_either_slope_is_sound(away: float, verdict: str) -> None:
    """Here a = 0.3 · 0.7 − 0.21 is 1e-9 in these numbers: float32 cannot tell it from −1e-9."""
    model = Model("rnn", "relu", "cotangent", "sum", 1, False)
    case = from_seed(model, {"T": 1, "B": 1, "D": 1, "H": 1, "K": 1}, "float32")
    values = {"x": 0.3, "W_ih": 0.7, "b_ih": -0.21 + away, "h0": 0.0}
    arrays = {name: np.full_like(case.arrays[name], value) for name, value in values.items()}
    evidence = of(replace(case, arrays={**case.arrays, **arrays}))
    assert evidence.candidate is not None
    assert evidence.truth is not None
    slope = bool(evidence.truth.grads["b_ih"][0])
    G = case.arrays["G"].ravel() + case.arrays["G_h"].ravel()
    other = dict.fromkeys(("b_ih", "W_ih", "x", "h0", "W_hh"), np.zeros(1, np.float32))
    if not slope:
        other |= {"b_ih": G, "W_ih": G * arrays["x"].ravel(), "x": G * arrays["W_ih"].ravel()}
        other |= {"h0": G * case.arrays["W_hh"].ravel()}
    changed = {
        name: other[name].reshape(evidence.candidate.grads[name].shape)
        for name in evidence.candidate.grads
        if name in other
    }
    assert judge(replace(with_candidate(evidence, changed), references={})).verdict == verdict


def test_chaos_judges_nothing_but_forward_before_it() -> None:
    """Weights so large that rounding decides where the states go: every sound implementation gives something else."""
    sizes = {"T": 65, "B": 1, "D": 2, "H": 45, "K": 5}
    case = from_seed(Model("rnn", "tanh", "half-squared-error", "sum", 2, True), sizes, "float32", seed=100)
    weights = {name: array * np.float32(3.2) for name, array in case.arrays.items() if name.startswith("W_")}
    evidence = of(replace(case, arrays={**case.arrays, **weights}))
    judgement = judge(evidence)
    assert judgement.verdict == "inconclusive"
    assert judgement.reason.endswith(": chaotic")
    assert evidence.candidate is not None
    h = evidence.candidate.trace["h"].copy()
    h[0, 0, 0] += 0.01
    departed = replace(evidence, candidate=evidence.candidate._replace(trace=evidence.candidate.trace | {"h": h}))
    assert "first at step 0" in judge(departed).reason


@pytest.mark.parametrize(("value", "proven"), [(1.0, True), (np.inf, False), (np.nan, False)])
def test_what_is_not_finite_is_never_proven_and_what_a_sample_lacks_is_left_out(value: float, proven: bool) -> None:
    true, radius = np.array([[1.0, 2.0, 3.0]], np.longdouble), np.array([[1e-20, 1e-20, np.inf]])
    scale = measure.scale(true, np.full(true.shape, 1e-15), where.axes("KH", true.shape, ()), np.dtype(float))
    pair = measure.Pair("W_hy", "certified", np.array([[value, 2.0, 99.0]]), true, scale, 1, radius, proven=True)
    row = measure.row(pair)
    assert np.isfinite(row.proven_ulp) == proven
    assert row.verdict == ("agree" if proven else "differ")
    assert not pair.delta[0, 2]
