"""Each tool accepts a sound gradient and catches a gross fault; the tables say what hand-made results say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from importlib.util import find_spec
from typing import Any

import numpy as np
import pytest

import handgrad
from benchmarks.tools import calibration, cases, ours, table
from benchmarks.tools.benchmark import BEST, LARGE
from benchmarks.tools.forward import loss_alone
from benchmarks.tools.judging import judged
from benchmarks.tools.planted import Planted, planted, sampled
from benchmarks.tools.results import Classic, Count, Entry, Results, Row, Speed
from benchmarks.tools.settings import Settings
from benchmarks.tools.subject import Subject, loss_of, remembered, subject
from benchmarks.tools.tools import TOOLS, Tool
from benchmarks.tools.turns import Timed, judge_once
from harness.bank import catalogue
from harness.bank.classes import FaultClass
from harness.candidate import own
from harness.case import DTYPES, from_seed
from harness.sensitivity.faults import default_model
from references.model import Model

LSTM = Model("lstm", "tanh", "softmax-cross-entropy", "sum", 2, True)
EACH = [
    pytest.param(
        tool,
        settings,
        id=f"{tool.name}, {called}",
        marks=pytest.mark.skipif(bool(tool.needs) and find_spec(tool.needs) is None, reason=f"{tool.needs} is missing"),
    )
    for tool in TOOLS.values()
    for called, settings in tool.own.items()
]


def _gross() -> Planted:
    """A sign that is wrong in the lstm's backward."""
    fault = next(one for one in catalogue.catalogue(cell="lstm", weak=False) if one.kind == "sign" and one.cell)
    return planted(FaultClass(fault.id, (fault.id,), (fault.model,)))


@pytest.fixture(scope="module")
def gross() -> Planted:
    return _gross()


@pytest.mark.parametrize(("tool", "settings"), EACH)
def test_a_tool_accepts_a_sound_gradient_and_catches_a_gross_fault(
    tool: Tool, settings: Settings, gross: Planted
) -> None:
    case = from_seed(gross.model, cases.SIZES)
    limit = settings if tool.name != "course check, entries" else replace(settings, rtol=1e-2)  # else it alarms
    assert gross.shows
    assert tool.accepts(subject(own, case), limit)
    assert not tool.accepts(subject(gross.fault.candidate, case), settings)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", [ours.ALONE, ours.DEFAULT])
def test_handgrad_accepts_a_sound_gradient_and_catches_a_gross_fault(name: str, dtype: str, gross: Planted) -> None:
    assert ours.accepts(name, from_seed(LSTM, cases.SIZES, dtype))
    assert ours.catches(name, gross, dtype)


def test_every_entry_judges_a_fault_at_the_dtypes_that_it_has_settings_for(gross: Planted) -> None:
    course = TOOLS["course check, norms"]
    entries = [Entry(course.name, BEST, {"float64": course.own["below 1e-7"]}), Entry(ours.ALONE, "", _nothing())]
    seen = judged(gross.one, entries)
    assert seen.caught == {(0, "float64"): True, (1, "float64"): True, (1, "float32"): True}


@pytest.mark.skipif(find_spec("jax") is None, reason="jax is missing")
@pytest.mark.parametrize("wrong", [False, True], ids=["sound", "wrong"])
def test_check_grads_of_a_traced_function_says_the_same_as_the_comparison_inside_it(wrong: bool) -> None:
    import jax
    from jax.test_util import check_grads

    def candidate(model: Model, arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
        answer = own(model, arrays)
        return answer._replace(grads={**answer.grads, "W_hh": answer.grads["W_hh"] * (1.001 if wrong else 1)})

    one = subject(candidate, from_seed(LSTM, cases.SIZES))
    with jax.enable_x64(True):
        try:
            check_grads(_traced(one), (dict(one.arrays),), order=1, modes=["rev"])
            accepted = True
        except AssertionError:
            accepted = False
    assert accepted is not wrong
    assert TOOLS["JAX check_grads"].accepts(one, Settings()) is accepted


def _traced(one: Subject) -> Callable[..., Any]:
    """The loss as a function that JAX traces, with the candidate's gradients as its derivative."""
    import jax

    shapes = {name: jax.ShapeDtypeStruct(array.shape, array.dtype) for name, array in one.arrays.items()}
    scalar = jax.ShapeDtypeStruct((), one.dtype)

    def numpy(arrays: dict[str, Any]) -> dict[str, np.ndarray]:
        return {name: np.asarray(array) for name, array in arrays.items()}

    def value(arrays: dict[str, Any]) -> Any:
        return jax.pure_callback(lambda a: np.asarray(one.loss(numpy(a))), scalar, arrays)

    def backward(arrays: dict[str, Any], dL: Any) -> Any:
        grads = jax.pure_callback(lambda a: dict(one.gradients(numpy(a))), shapes, arrays)
        return ({name: grad * dL for name, grad in grads.items()},)

    loss = jax.custom_vjp(value)
    loss.defvjp(lambda arrays: (value(arrays), arrays), backward)
    return loss


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_loss_alone_is_the_loss(dtype: str) -> None:
    for model in cases.models():
        for reduction in ("sum", "mean"):
            one = replace(model, reduction=reduction)
            case = from_seed(one, cases.SIZES, dtype)
            loss = loss_alone(one, case.arrays)
            assert loss == own(one, case.copies()).loss
            assert loss.dtype == case.dtype


def test_a_loss_is_remembered_by_its_point() -> None:
    case = from_seed(LSTM, cases.SIZES)
    asked = []
    loss = remembered(lambda arrays: asked.append(1) or loss_of(case)(arrays))  # type: ignore[func-returns-value]
    arrays = {name: case.arrays[name].copy() for name in LSTM.graded}
    before = loss(arrays)
    arrays["b_y"][0] += 1e-12
    moved = loss(arrays)
    arrays["b_y"][0] = case.arrays["b_y"][0]
    assert loss(arrays) == before != moved
    assert len(asked) == 2


def test_faults_that_a_case_hides_are_told_from_those_that_it_shows() -> None:
    known = {one.representative: one for one in sampled(None, weak=False)}
    assert not planted(known["lstm/1*h/truncated/after-8"]).shows  # five steps
    assert len(sampled(7, weak=True)) == 7


def test_judged_cases_are_not_those_that_settings_are_chosen_by() -> None:
    assert not set(cases.JUDGED_SEEDS) & set(cases.CALIBRATION_SEEDS)
    assert cases.FAULTS_SEED != cases.CHOOSING_SEED


def test_the_best_settings_catch_the_most_and_are_the_tightest_of_those() -> None:
    loose, tight, blind = Settings(1e-5, 1e-3, 1e-3), Settings(1e-6, 1e-6, 1e-6), Settings(1e-4, 1e-9, 1e-9)
    assert calibration.best([(None, 0), (loose, 5), (tight, 5), (blind, 4)]) == tight
    assert calibration.best([(None, 0)]) is None


def test_a_tool_is_loosened_until_it_accepts_every_sound_case(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "CALIBRATION_SEEDS", range(200, 201))
    monkeypatch.setattr(calibration, "CHOOSING", 2)
    settings, caught = calibration.tightest(TOOLS["course check, norms"], "float64", 1e-6, 0.0)
    assert settings is not None and settings.rtol is not None
    accepts = TOOLS["course check, norms"].accepts
    sound = [subject(own, *posed) for posed in cases.sound("float64", cases.CALIBRATION_SEEDS)]
    assert all(accepts(one, settings) for one in sound)
    tighter = replace(settings, rtol=settings.rtol / 10**0.5)
    assert not all(accepts(one, tighter) for one in sound)
    assert 2 <= caught <= 4


def test_a_judgement_is_timed_and_its_verdict_kept() -> None:
    entry = Entry(
        "course check, norms", "below 1e-7", dict.fromkeys(DTYPES, TOOLS["course check, norms"].own["below 1e-7"])
    )
    for one in (entry, Entry(ours.DEFAULT, "", _nothing())):
        seconds, accepted = judge_once(one, Timed(default_model("rnn"), cases.SIZES))
        assert seconds > 0 and accepted


def _nothing() -> dict[str, Settings]:
    return dict.fromkeys(DTYPES, Settings())


@pytest.fixture
def results() -> Results:
    """Made by hand."""
    gradcheck = Entry("torch gradcheck", "defaults", dict.fromkeys(DTYPES, TOOLS["torch gradcheck"].own["defaults"]))
    best = Entry("torch gradcheck", BEST, {"float64": Settings(1e-5, 3.2e-8, 1e-6)})
    mine = Entry(ours.DEFAULT, "", _nothing())
    both = {"float64": Count(1305, 1306), "float32": Count(1306, 1306)}
    weak = {"float64": Count(1, 4000), "float32": Count(0, 7)}
    return Results(
        command="python -m benchmarks.tools",
        created="2026-01-02T03:04:05+00:00",
        machine="Linux x86_64, 2 cores",
        versions={"python": "3.11.2", "torch": "2.5"},
        seconds=600,
        shows=Count(1306, 1362),
        weak_shows=Count(118, 140),
        sampled=False,
        calibration=Count(80, 210),
        rows=(
            Row(gradcheck, both, weak, {"float64": Count(0, 210), "float32": Count(210, 210)}, 0.123),
            Row(best, {"float64": Count(4, 5)}, {"float64": Count(3, 4)}, {"float64": Count(0, 210)}, 0.1),
            Row(mine, both, weak, dict.fromkeys(DTYPES, Count(0, 210)), 0.02),
        ),
        numbers=9472,
        speeds=(Speed(gradcheck, 30.0, 3, 3, 1.0), Speed(mine, 0.02, 15, 15, 0.5)),
        classics=(Classic("A title", "A set-up.", ("n", "seen"), (("10", "caught"),)),),
    )


def test_the_tables_render(results: Results) -> None:
    text = table.markdown(results)
    assert "1,362 classes of planted faults and 140 weak ones" in text
    assert "| torch gradcheck | defaults | 99.9 % | 100 % | 0.1 % | 0 % | 0 of 210 | 210 of 210 | 123 |" in text
    assert (
        "| torch gradcheck | at its best | 80.0 % | none fits | 75.0 % | none fits | 0 of 210 | none fits | 100 |"
        in text
    )
    assert "| handgrad |  | 99.9 % | 100 % |" in text
    assert "central differences. Defaults: eps 1e-6, atol 1e-5, rtol 1e-3. At its best: float64 eps 1e-5, atol" in text
    assert "atol 3.2e-8, rtol 1e-6; float32 alarms at every setting." in text
    assert "An LSTM of 6,400 parameters" in text
    assert "gradient of all 9,472 entries" in text
    assert "| torch gradcheck | defaults | 30 | 3 | 1.5e+03 | 3 of 3 |" in text
    assert "**A title**\n\nA set-up.\n\n| n | seen |\n| --- | ---: |\n| 10 | caught |\n" in text
    assert "on sound float32 gradients: torch gradcheck (defaults) on 210 of 210. What" in text
    assert "on 2026-01-02 in 10 minutes on Linux x86_64, 2 cores; python 3.11.2, torch 2.5." in text


def test_every_table_has_as_many_cells_in_each_row_as_headings(results: Results) -> None:
    lines = table.markdown(results).splitlines()
    widths = [line.count("|") for line in lines if line.startswith("|")]
    assert set(widths) == {11 - 1, 7, 3}
    assert LARGE.sizes["T"] == 20
