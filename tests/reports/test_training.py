"""What is said of a training: every verdict has its sentence, and no ✓ stands where nothing was compared."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from trainings import (
    EVERY,
    EXPLOSION,
    SATURATED,
    agreeing,
    by_hand_alone,
    exploding,
    judged,
    lockstep,
    losses,
    together,
    trained,
    trainee,
)  # fmt: skip

from harness.run import Finding
from harness.trained import Drift, Figure, Series, Trained
from reports import explosion, training
from reports.side_by_side import beside


def test_agreement_counts_updates_at_the_same_weights() -> None:
    assert training.headline(agreeing()) == "✓ agree: 100 of 100 updates agree with jax at the same weights"
    assert training.headline(together()) == "✓ agree: 200 of 200 updates agree with jax at the same weights"


def test_without_a_comparison_there_is_no_tick() -> None:
    for one in (by_hand_alone(), trained(trainee(lockstep=lockstep(0, in_full=0)))):
        assert training.headline(one) == "– trained by the hand gradient alone: nothing was compared"
    assert training.headline(trained()) == "– nothing was trained"


@pytest.mark.parametrize(
    ("name", "headline"),
    [
        ("exploding", "✗ differ: dc overflows at update 4, step 57"),
        ("differing", "✗ differ: update 17 of 100 is the first that differs: W_hh"),
        ("failing", "! error: update 3: it raised ValueError: no"),
        ("interrupted", "✓ agree: 60 of 60 updates agree with jax at the same weights"),
    ],
)
def test_every_other_verdict_has_its_reason(name: str, headline: str) -> None:
    assert training.headline(EVERY[name]) == headline


def test_a_loop_at_fault_is_the_reason_where_nothing_exploded() -> None:
    one = trained(trainee(loop=(Finding("states", "are handed on in the wrong order"),)))
    assert training.headline(one) == "✗ differ: states: are handed on in the wrong order"


def test_inconclusive_and_error_of_the_lockstep() -> None:
    said = {
        verdict: training.headline(trained(trainee(lockstep=lockstep(9, verdict=verdict, reason="jax was lost"))))
        for verdict in ("inconclusive", "error")
    }
    assert said == {"inconclusive": "? inconclusive: jax was lost", "error": "! error: jax was lost"}


def test_of_several_the_guilty_one_is_named() -> None:
    wrong = trainee(title="tanh", lockstep=lockstep(9, verdict="differ", reason="update 3 differs"))
    assert training.headline(trained(trainee(), wrong)) == "✗ differ: tanh: update 3 differs"


def test_an_interrupt_says_how_far_it_came() -> None:
    kept = "what was measured is kept"
    assert training.interruption(EVERY["interrupted"]) == f"interrupted after update 60 of 100: {kept}"
    assert training.interruption(agreeing()) == ""
    two = trained(trainee(), trainee(7, asked=9, title="tanh"), interrupted=True)
    assert training.interruption(two) == f"tanh: interrupted after update 7 of 9: {kept}"
    assert training.interruption(replace(agreeing(), interrupted=True)) == f"interrupted: {kept}"
    for nothing in ("without an update", "without a trainee"):
        assert training.interruption(EVERY[nothing]).endswith("before the first update: nothing was measured")


def test_lockstep_says_how_it_was_judged_and_where_it_is_worst() -> None:
    assert training.lockstep(lockstep(100)) == (
        "✓ agree: 100 of 100 updates agree with jax 0.10.2 at the same weights; 20 judged by a budget of their own, 80 "
        "passed the screen; worst error ÷ budget 0.42 at update 40, W_hh f 3, 12"
    )
    in_full = training.lockstep(lockstep(20, agreeing=19, first=7, verdict="differ", worst_at=""))
    assert "20 judged by a budget of their own; worst" in in_full
    assert in_full.endswith("0.42; update 7 is the first that does not agree")
    assert training.lockstep(lockstep(0, reason="")) == "no update was compared with jax"


def test_an_almost_perfect_share_is_counted_and_not_rounded() -> None:
    assert "34999 of 35000" in training.lockstep(lockstep(35_000, agreeing=34_999, verdict="differ"))


def test_drift_is_never_judged() -> None:
    assert training.drift(Drift("jax", np.arange(100), np.linspace(0, 4.1e-14, 100), 32.0)) == (
        "two trajectories, by hand and by jax: 4.1e-14 apart after update 99, grows ×1.41 in 100 updates; never judged"
    )
    short = training.drift(Drift("jax", np.arange(2), np.array([0.0, 1e-16]), float("nan")))
    assert "too little was seen to say how it grows; never judged" in short
    assert training.drift(Drift("jax", np.array([]), np.array([]), 1.0)) == "not measured against jax"


@pytest.mark.parametrize(
    ("seen", "told"),
    [(9, ""), (10, "×10 in 10 updates"), (999, "×1e+10 in 100 updates"), (5000, "×1e+100 in 1000 updates")],
)
def test_growth_is_told_of_no_more_updates_than_were_seen(seen: int, told: str) -> None:
    assert training.growth(Drift("jax", np.arange(seen), np.ones(seen), 1e100)) == told


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ([], "loss: no update was made"),
        ([0.5], "loss from 0.5000 at update 0"),
        ([0.5, 0.25], "loss from 0.5000 at update 0 to 0.2500 at update 1"),
        ([0.5, 0.125, 0.25], "loss from 0.5000 at update 0 to 0.2500 at update 2, smallest 0.1250 at update 1"),
        ([0.5, 0.50001], "loss from 0.5 at update 0 to 0.50001 at update 1"),
        ([np.nan, np.inf], "loss from nan at update 0 to inf at update 1"),
    ],
)
def test_a_curve_in_a_line(values: list[float], told: str) -> None:
    assert training.course(Series("loss", np.arange(len(values)), np.array(values))) == told


def test_published_figures_are_counted_and_marked() -> None:
    figures = (
        Figure("loss at update 9000", 1.0517205191e-06, 1.05172051914e-06, True, "1e-07 relative"),
        Figure("loss at update 9", 0.5, 0.6, False, "1e-07 relative"),
    )
    table = training.figures(trainee(figures=figures))
    assert table is not None
    assert table.title == "published figures: 1 of 2 met"
    assert table.rows[0] == ("loss at update 9000", "1.0517205191e-06", "1.05172051914e-06", "✓ 1e-07 relative")
    assert table.rows[1][-1] == "✗ 1e-07 relative"
    assert training.figures(trainee(figures=())) is None


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("loss at update 9", ("loss", 9)), ("loss at update 9,000", ("loss", 9000)), ("exact sums", None),
        ("other curve at update 9", None), ("loss at update nine", None),
    ],
)  # fmt: skip
def test_a_figure_is_placed_by_its_name(name: str, place: tuple[str, int] | None) -> None:
    assert training.placed(Figure(name, 1.0, 1.0, True, ""), trainee()) == place


def test_an_explosion_is_told_as_a_story() -> None:
    assert list(explosion.story(EXPLOSION)) == [
        ("first", "dc overflows at update 4, step 57: dc[3, 12] is inf"),
        ("line", "published.py:88  dc = dh*o*(1-tanh(c)**2) + dc*f"),
        ("made by", "(3) dc = dh ⊙ o ⊙ (1 − tanh(c)²) + dc ⊙ f"),
        ("from", "dh = 1.2e+180 at [3, 12]"),
        ("from", "dc = 8.1e+300 at [3, 12]"),
        ("why", "a product overflows above 1.8e+308"),
        ("before", f"{SATURATED.name}: {SATURATED.text}"),
        ("cure", "gradients clipped to ±5, outside the backward pass"),
    ]


def test_an_explosion_of_a_single_case_has_neither_update_nor_line() -> None:
    bare = replace(
        EXPLOSION, update=None, step=None, index=(), kind="not a number", value=float("nan"), file="", cure="",
        equation="", before=(), remedies=(), inputs=(),
    )  # fmt: skip
    assert explosion.happening(bare) == "dc is not a number"
    assert list(explosion.story(bare)) == [("first", "dc is not a number: dc is nan"), ("why", EXPLOSION.why)]
    assert training.remedies(bare) is None


def test_remedies_say_how_far_they_came() -> None:
    table = training.remedies(EXPLOSION)
    assert table is not None
    assert table.rows == [
        ("gradients clipped to ±5, outside the backward pass", "✓ yes", "400", "1.720"),
        ("a tenth of the rate", "✗ no", "9", "–"),
    ]


def test_side_by_side_has_the_same_updates_of_both() -> None:
    table = beside(together())
    assert table is not None
    assert list(table.headings) == ["", "identity, as published", "tanh, as in the paper"]
    rows = {row[0]: list(row[1:]) for row in table.rows}
    assert rows["loss at update 0"] == ["0.7500", "0.2500"]
    assert rows["loss at update 10"] == ["0.3750", "0.2500"]
    assert rows["loss at update 99"] == ["7.8e-04", "0.2500"]
    assert rows["error ÷ budget, worst"] == ["0.42", "0.42"]
    assert beside(agreeing()) is None


def test_side_by_side_tells_only_values_that_there_are() -> None:
    sparse = Series("loss", np.array([0, 50, 99]), np.array([3.0, 2.0, 1.0]))
    table = beside(trained(trainee(series=(sparse,)), trainee()))
    assert table is not None
    rows = {row[0]: list(row[1:]) for row in table.rows}
    assert (rows["loss at update 10"], rows["loss at update 99"]) == (["–", "0.3750"], ["1.000", "7.8e-04"])


def test_side_by_side_of_unequal_ones_leaves_gaps_and_claims_nothing() -> None:
    short = trainee(5, title="short", series=(losses(5, "loss per character"),), lockstep=None, drift=None)
    table = beside(trained(trainee(), short))
    assert table is not None
    rows = {row[0]: list(row[1:]) for row in table.rows}
    assert rows["verdict"] == ["✓ agree", "– not compared"]
    assert rows["loss at update 99"] == ["7.8e-04", "–"]
    assert rows["loss per character at update 4"] == ["–", "0.5684"]
    assert rows["drift at the end"][1] == "–"


def test_samples_keep_their_lines() -> None:
    (one,) = EVERY["sampled"].trainees
    assert list(training.samples(one)) == [("sample 1", "nkaeytos"), ("sample 2", "to be,"), ("sample 2", "or not")]


@pytest.mark.parametrize("one", EVERY.values(), ids=EVERY)
def test_something_is_said_of_every_training(one: Trained) -> None:
    assert training.headline(one)
    for each in one.trainees:
        labels = [label for label, _ in training.facts(each)]
        assert labels[:3] == ["model", "by", "updates"]
        assert ("error" in labels) == bool(each.error)


@pytest.mark.parametrize(
    ("done", "seconds", "told"),
    [(0, 1.0, "0 of 9"), (3, 0.0, "3 of 9"), (3, 7.0, "3 of 9, in 7.0 s"), (9, 0.003, "9 of 9, in 0.0 s")],
)
def test_the_pace_is_told_where_there_is_one(done: int, seconds: float, told: str) -> None:
    assert ("updates", told) in list(training.facts(trainee(9, done=done, asked=9, seconds=seconds)))


def test_what_its_loop_does_and_what_was_warned_of_is_told() -> None:
    facts = list(training.facts(trainee(loop=exploding().trainees[0].loop, warnings=(SATURATED,))))
    assert ("finding", "inputs: update 0 is fed 0, 1, 2 …, and not the characters of the text") in facts
    assert ("warning", "saturated gates: 87.0 % of f at update 3") in facts


def test_an_update_in_full_is_a_run_of_its_own() -> None:
    run = training.run_of(agreeing(), judged())
    assert (run.verdict, run.command, run.judgements) == ("differ", "", (judged(),))
