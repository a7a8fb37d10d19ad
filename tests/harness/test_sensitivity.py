"""The study of the harness itself: that it could say otherwise."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harness.bank import classes
from harness.bank.catalogue import catalogue, fault
from harness.candidate import own
from harness.case import DTYPES
from harness.cli import main
from harness.sensitivity import alarms, faults, judged, smallest
from harness.sensitivity import study as studies
from harness.study import Alarms, Study
from references.protocol import Answer
from reports import sensitivity as told

LSTM = faults.default_model("lstm")


def _class(name: str) -> classes.FaultClass:
    return next(one for one in classes.classes() if name in one.members)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_fault_is_seen_by_the_first_case_that_shows_it(dtype: str) -> None:
    carry = faults.seen(_class("lstm/4*c/dropped-factor/f"), dtype)
    assert (carry.equation, carry.seen_by) == ("4*c", "seed 0")
    assert carry.effect > 1e-3
    clipped = next(one for one in classes.classes() if fault(one.representative).id.startswith("lstm/5*h/clipped/5"))
    assert faults.seen(clipped, dtype).seen_by == "huge (× 2²⁰) cotangents"


def test_the_sound_candidate_is_seen_by_none() -> None:
    for dtype in DTYPES:
        assert judged.seen_by(own, iter(judged.cases(LSTM, dtype))) == ""


def test_a_fault_is_judged_with_a_model_that_shows_it() -> None:
    """With tanh the derivative of tanh is no fault."""
    one = _class("lstm/5*c/wrong-derivative/tanh")
    model, effect = faults._faced(fault(one.representative), one)
    assert model.activation == "identity"
    assert effect > 1e-3
    assert faults._faced(fault("lstm/4*c/dropped-factor/f"), _class("lstm/4*c/dropped-factor/f"))[0] == LSTM


@pytest.mark.parametrize("dtype", DTYPES)
def test_every_fault_of_a_sample_is_seen(dtype: str) -> None:
    """Of all classes one in thirty, and of the weak ones one in ten; the command judges all."""
    sample = [*classes.classes()[::30], *classes.classes(weak=True)[::10]]
    missed = [one.representative for one in sample if not faults.seen(one, dtype).seen_by]
    assert len(sample) > 50
    assert missed == []


def test_the_smallest_error_is_the_one_from_which_on_the_verdict_turns() -> None:
    one = judged.default(LSTM, "float64", 0)
    (found,) = [part for part in smallest.smallest([LSTM], "float64", [0]) if part.part == "element"]

    def verdict(error: float) -> str:
        def moved(model: object, arrays: dict[str, np.ndarray]) -> object:
            answer = own(LSTM, arrays)
            for name, grad in answer.grads.items():
                off = np.sign(grad - one.truth.grads[name].astype(float))
                answer.grads[name] = grad + error * np.abs(grad).max() * np.where(off == 0, 1, off)
            return answer

        return judged.verdict(moved, one).verdict  # type: ignore[arg-type]

    assert verdict(found.worst) == "differ"
    assert verdict(1e-17) == "agree"


@pytest.mark.parametrize("dtype", DTYPES)
def test_one_element_off_is_seen_in_99_of_100(dtype: str) -> None:
    """By 1e-13 of its array's largest entry in float64, 1e-5 in float32."""
    models = [faults.default_model(cell) for cell in ("lstm", "rnn")]
    found = smallest.singles(models, dtype, range(2))
    assert found.trials > 5_000
    assert found.seen >= 0.99 * found.trials


def test_sound_cases_are_always_the_same_and_of_all_kinds() -> None:
    one, two = (alarms.sound_case(3, 5) for _ in range(2))
    assert one.fingerprint == two.fingerprint
    cases = [alarms.sound_case(number, number % 2) for number in range(60)]
    assert {case.model.loss for case in cases} == {model.loss for model in alarms._models()}
    assert {case.model.cell for case in cases} == {"lstm", "rnn"}
    assert {str(case.dtype) for case in cases} == set(DTYPES)
    assert max(case.sizes["T"] for case in cases) > 100
    scales = [float(case.arrays["W_hh"].std()) for case in cases if case.arrays["W_hh"].size > 9]
    assert min(scales) < 5e-3
    assert max(scales) > 2


def test_an_alarm_would_be_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(case: alarms.Case) -> Answer:
        answer = alarms._own(case)
        return answer._replace(grads=answer.grads | {"W_hh": 1.001 * answer.grads["W_hh"]})

    monkeypatch.setattr(alarms, "providers", lambda: {"handgrad": alarms._own, "broken": broken})
    found = {
        (one.provider, one.dtype): one for one in alarms.summed([alarms.of_shape(2, 0, 4), alarms.of_shape(8, 0, 4)])
    }
    assert all(one.differ == 0 for (name, _), one in found.items() if name == "handgrad")
    assert sum(one.differ for (name, _), one in found.items() if name == "broken") > 4
    assert "W_hh differs" in found["broken", "float64"].examples[0]
    assert sum(one.agree + one.differ + one.inconclusive for one in found.values()) == 16


@pytest.fixture(scope="module")
def small() -> Study:
    """A study of a few faults and no sound cases."""
    with pytest.MonkeyPatch.context() as patch:
        chosen = classes.classes()[::150]
        patch.setattr(studies.classes, "classes", lambda weak=False: () if weak else chosen)
        patch.setattr(studies, "SEEDS", range(1))
        return studies.study(sound=0, shapes=1, jobs=1, command="python -m harness sensitivity")


def test_a_study_and_what_is_told_of_it(small: Study) -> None:
    count = len(classes.classes()[::150])
    assert small.caught("float64") == (count, count)
    assert told.line(small) == f"{2 * count}/{2 * count} faults seen · 0 false alarms in 0"
    assert told.sound(small)
    page = told.markdown(small)
    assert f"{count} of {count} (100 %)" in page
    assert "Not seen" not in page
    data = json.loads(told.document(small))
    assert data["sound"] is True
    assert len(data["faults"]) == 2 * count


def test_a_study_that_found_something_says_so(small: Study) -> None:
    missed = replace(small.faults[0], seen_by="")
    alarm = Alarms("torch", "float32", 9, 1, 0, 1.5, 80, ("a | case: W_hh differs",))
    bad = replace(small, faults=(missed, *small.faults[1:]), alarms=(alarm,))
    assert not told.sound(bad)
    assert not told.sound(replace(small, alarms=(alarm,)))
    assert "1 false alarms in 10" in told.line(bad)
    page = told.markdown(bad)
    assert "**Not seen**" in page
    assert told.escape(missed.sentence) in page
    assert "a \\| case" in page


def test_the_command_refuses_what_it_cannot_write(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, message in (
        (["--out", str(tmp_path / "study.txt")], 'got suffix ".txt", allowed: .html, .json, .md'),
        (["--badge", str(tmp_path / "badge.png")], 'got suffix ".png", allowed: .svg, .json'),
        (["--sound", "-1"], "sound: got -1, needs 0 or more"),
        (["--shapes", "0"], "shapes: got 0, needs 1 or more"),
        (["--out", str(tmp_path / "none" / "study.md")], "there is no folder"),
    ):
        assert main(["sensitivity", *arguments]) == 2
        assert message in capsys.readouterr().err


def test_the_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, small: Study
) -> None:
    monkeypatch.setattr(studies, "study", lambda **given: replace(small, command=given["command"]))
    files = [str(tmp_path / name) for name in ("study.md", "study.json", "badge.svg")]
    arguments = ["sensitivity", "--out", files[0], "--out", files[1], "--badge", files[2]]
    assert main(arguments) == 0
    assert told.line(small) in capsys.readouterr().out
    assert told.line(small) in Path(files[0]).read_text()
    assert "gradient check" in Path(files[2]).read_text()
    missed = replace(small, faults=(replace(small.faults[0], seen_by=""),))
    monkeypatch.setattr(studies, "study", lambda **given: missed)
    assert main(["sensitivity"]) == 1


def test_the_bank_is_large() -> None:
    assert len(catalogue()) > 1000
    assert len(classes.classes()) > 500
