"""What is not finite, explained: in a candidate's process, by the equations, and in what compare says."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import handgrad
import harness
from harness.brought import Brought, bring
from harness.candidate import InProcess, own
from harness.candidates.process import Process
from harness.case import Case, from_seed
from harness.laid import Laid
from harness.nanwatch.explain import by_lines, explain, sentences
from harness.options import Options
from references.model import Model

C2 = Path(harness.__file__).parent / "casebook" / "nan-lstm"
NOTHING = Options(*[None] * 11)
UNSTABLE = "e = exp(y) if 7 in faults else exp(y - y[argmax(y)])"

PLAIN = """
import numpy as np

def loss_and_grads(params, data):
    BEFORE
    y = data["x"] @ params["W"]
    e = np.exp(y)
    p = e / e.sum()
    return -np.log(p[0]), {"W": np.outer(data["x"], p)}
"""
LOUD = {"W": np.full((2, 3), 400.0)}, {"x": np.ones(2)}
QUIET = {"W": np.ones((2, 3))}, {"x": np.ones(2)}


def file(folder: Path, source: str) -> str:
    path = folder / "plain.py"
    path.write_text(textwrap.dedent(source))
    return str(path)


def test_the_line_is_found_in_the_worker_and_a_finite_answer_needs_none(tmp_path: Path) -> None:
    with Process(file(tmp_path, PLAIN.replace("BEFORE", ""))) as process:
        assert by_lines(process, *QUIET) is None
        found = by_lines(process, *LOUD, update=3)
        assert found is not None
        assert (found.quantity, found.kind, found.file, found.line) == ("e", "overflow", "plain.py", 7)
        assert (found.update, found.step, found.index, found.value) == (3, None, (0,), np.inf)
        assert found.inputs == (("y", "800 at [0]"),)
        assert found.source == "e = np.exp(y)"
        assert "709.78" in found.why
        assert "plain.py line 7: e = np.exp(y)" in sentences(found)


def test_weights_that_are_not_finite_are_told_before_any_line(tmp_path: Path) -> None:
    with Process(file(tmp_path, PLAIN.replace("BEFORE", ""))) as process:
        found = by_lines(process, {"W": np.array([[1.0, np.inf, 2.0]] * 2)}, QUIET[1])
        assert found is not None
        assert (found.quantity, found.equation, found.index) == ("W", "given", (0, 1))


@pytest.mark.parametrize(
    ("before", "explained"),
    [
        ("raise RuntimeError('no')", False),
        ("while '_handgrad_made' in str(__builtins__): pass", False),
        ("import os; os._exit(3)", False),
        ("return 1", False),
        ("print('x' * 10**6)", True),
        ("data['x'] = data['x'] * 1.0; params['W'][...] += 1", True),
        ("np.seterr(all='raise') if 0 else None", True),
    ],
)
def test_whatever_the_candidate_does_no_harm_is_done(tmp_path: Path, before: str, explained: bool) -> None:
    with Process(file(tmp_path, PLAIN.replace("BEFORE", before)), timeout=1.0) as process:
        params, data = {"W": LOUD[0]["W"].copy()}, {"x": LOUD[1]["x"].copy()}
        found = by_lines(process, params, data)
        assert (found is not None and found.line == 7) == explained
        assert np.array_equal(params["W"], LOUD[0]["W"])
        if "raise" not in before and "_exit" not in before and before != "return 1":
            assert not np.isfinite(process.call(*LOUD, times=1).loss)


def test_a_candidate_that_looks_at_what_it_is_made_of_survives(tmp_path: Path) -> None:
    source = PLAIN.replace("BEFORE", "class Own(np.ndarray):\n        pass\n    data['x'].view(Own)").replace(
        'data["x"] @', "data['x'].view(Own) @"
    )
    with Process(file(tmp_path, source)) as process:
        found = by_lines(process, *LOUD)
        assert found is not None and found.quantity == "e"


@pytest.fixture(scope="module")
def fault_7() -> Iterator[Brought]:
    pytest.importorskip("scipy")
    with Process(str(C2 / "fault_7.py")) as process:
        yield bring(process, NOTHING)


def asked(brought: Brought, params: dict[str, Any], data: dict[str, Any]) -> object:
    """A hand that was asked last with these."""
    return SimpleNamespace(laid=brought.laid, asked=(params, data))


def loud(brought: Brought, **change: float) -> Case:
    assert brought.layout is not None
    case = brought.layout.case(brought.layout.sizes, "float64", 0)
    return Case(case.model, {**case.arrays, **{n: case.arrays[n] + by for n, by in change.items()}}, "loud")


def test_a_softmax_that_overflows_is_explained_and_the_equations_are_cleared(fault_7: Brought) -> None:
    laid, case = fault_7.laid, loud(fault_7, b_y=1000.0)
    found = explain(laid, case.model, case.arrays, 4)
    assert found is not None
    assert (found.quantity, found.file, found.source, found.step) == ("e", "program.py", UNSTABLE, 0)
    assert "named equations stay finite" in found.why
    assert "largest entry subtracted" in found.cure
    [(name, text)] = found.inputs
    assert name == "y" and float(text.split()[0]) > 709
    quiet = loud(fault_7)
    assert explain(laid, quiet.model, quiet.arrays) is None


def test_what_was_asked_last_explains_a_hand(fault_7: Brought) -> None:
    case = loud(fault_7, b_y=1000.0)
    laid = fault_7.laid
    assert isinstance(laid, Laid)
    hand = asked(fault_7, *laid.layout.given(case.arrays, laid.params, laid.data))
    found = explain(hand, case.model, case.arrays)
    assert found is not None and found.source == UNSTABLE


def test_weights_that_break_the_equations_too_are_said_to(fault_7: Brought) -> None:
    of = Model("rnn", "identity", "half-squared-error", "sum", 2, True)
    arrays = from_seed(of).copies()
    arrays["W_hh"] *= 1e40
    found = explain(InProcess(), of, arrays)
    assert found is not None and found.quantity == "a" and found.step is not None
    case = loud(fault_7, b_y=1000.0)
    laid = fault_7.laid
    assert isinstance(laid, Laid)
    hand = asked(fault_7, *laid.layout.given(case.arrays, laid.params, laid.data))
    both = explain(hand, of, arrays)
    assert both is not None and both.source == UNSTABLE
    assert f"not finite there either, first in a, step {found.step}: it is the weights" in both.why


def test_compare_says_it_of_a_candidate(fault_7: Brought) -> None:
    run = harness.compare(candidate=C2 / "fault_7.py", references=(), alone=True, case=loud(fault_7, b_y=1000.0))
    assert run.verdict == "differ"
    [text] = [one.text for one in run.judgements[0].findings if one.name == "non-finite"]
    assert "where truth is finite. It begins in e, step 0" in text
    assert UNSTABLE in text and "largest entry subtracted" in text


def test_compare_says_it_of_a_function_of_this_process() -> None:
    def lost(model: Model, arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
        right = own(model, arrays)
        return right._replace(loss=np.log(right.loss * 0))

    with np.errstate(all="ignore"):
        run = harness.compare(candidate=lost, references=(), alone=True)
    [text] = [one.text for one in run.judgements[0].findings if one.name == "non-finite"]
    assert text == (
        "the loss is -inf where truth is finite. The named equations stay finite there: it is how this program computes"
    )


def test_compare_by_its_own_forward_says_why_a_loss_is_no_number(tmp_path: Path) -> None:
    source = PLAIN.replace("BEFORE", "") + textwrap.dedent("""
    def example(seed):
        return {"W": np.ones((2, 3))}, {"x": np.ones(2)}
    """)
    run = harness.compare(candidate=file(tmp_path, source.replace("np.exp(y)", "np.exp(y * 0 + 800)")))
    assert run.verdict == "inconclusive"
    [text] = [one.text for one in run.findings if one.name == "non-finite"]
    assert "the loss is nan" in text and "exp overflows above 709.78" in text


def published(folder: Path, faults: set[int]) -> Path:
    """The program with some of its faults, as a candidate in a folder of its own."""
    source = (C2 / "program.py").read_text("utf-8")
    (folder / "program.py").write_text(source)
    path = folder / "candidate.py"
    path.write_text(
        "from program import example, layout, model, window\n\n\n"
        f"def loss_and_grads(params, data):\n    return window(params, data, {faults or '()'})\n"
    )
    return path


def trained(process: Process, windows: int, rate: float) -> tuple[dict[str, Any], dict[str, Any], int]:
    """Descend at the published sizes until the answer is not finite: params, data and the number of that window."""
    n, d, steps = 100, 100, 100
    rng = np.random.default_rng(0)
    params: dict[str, Any] = {f"W{k}": rng.normal(size=(n + d, d)) / np.sqrt((n + d) / 2) for k in "ifoc"}
    params |= {f"b{k}": rng.normal(size=(d, 1)) for k in "ifoc"}
    params |= {"Wy": rng.normal(size=(d, n)) / np.sqrt(d / 2), "by": rng.normal(size=(n, 1))}
    text = rng.integers(n, size=steps * windows + 1)
    for window in range(windows):
        data = {"inputs": text[window * steps :][:steps], "targets": text[window * steps + 1 :][:steps]}
        data |= {"h0": np.zeros((d, 1)), "c0": np.zeros((d, 1))}
        called = process.call(params, data, times=1)
        if not np.isfinite(called.loss) or not all(np.isfinite(grad).all() for grad in called.grads.values()):
            return params, data, window
        params = {name: param - rate * called.grads[name] for name, param in params.items()}
    raise AssertionError("it stayed finite")


@pytest.mark.parametrize("faults", [{1, 2, 3, 4, 7, 8}, {1, 2, 3, 4, 8}], ids=["as published", "7 mended"])
def test_the_unmended_lstm_is_explained_from_its_training(tmp_path: Path, faults: set[int]) -> None:
    """What overflows first is no softmax: slopes that never vanish make adjoints grow at every step back."""
    pytest.importorskip("scipy")
    with Process(str(published(tmp_path, faults))) as process:
        params, data, window = trained(process, 8, 0.1)
        found = by_lines(process, params, data, window)
        assert found is not None
        assert found.update == window > 0
        assert found.file == "program.py"
        assert found.source.split("  #")[0] == 'dg = dg + dot(params[f"W{gate}"], da[gate])'
        assert found.step is not None and 0 < found.step < 100
        assert dict(found.inputs)["gate"] in "ifoc"
        assert "clipped outside the backward pass" in found.cure
        brought = bring(process, NOTHING)
        case = loud(brought)  # at which the equations stay finite
        beside = explain(asked(brought, params, data), case.model, case.arrays, window)
        assert beside is not None
        assert (beside.quantity, beside.line, beside.update) == (found.quantity, found.line, window)
        assert "it is how this program computes" in beside.why
        assert beside.cure.startswith("mend what it computes first")


def test_at_a_larger_rate_it_is_the_softmax_and_mended_there_the_log_of_it(tmp_path: Path) -> None:
    """Fault 7 alone: logits pass 709. With a softmax that is stable a probability is 0, and its log is infinite."""
    pytest.importorskip("scipy")
    with Process(str(published(tmp_path, {7}))) as process:
        params, data, window = trained(process, 8, 30.0)
        found = by_lines(process, params, data, window)
        assert found is not None
        assert found.source == UNSTABLE
        [(name, text)] = found.inputs
        assert name == "y" and float(text.split()[0]) > 709.78
        assert f"y is {text.split()[0]}" in found.why
    with Process(str(published(tmp_path, set()))) as process:
        found = by_lines(process, params, data)
        assert found is not None
        assert (found.source, found.value) == ("loss = loss - log(p[target, 0])", -np.inf)
        assert found.why.startswith("log of 0: p[target, 0] is 0")
        assert "z_y − logsumexp(z)" in found.cure
