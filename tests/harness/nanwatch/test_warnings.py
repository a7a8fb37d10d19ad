"""Warnings before anything is lost."""

from __future__ import annotations

import numpy as np
import pytest

from harness.nanwatch.warnings import Warnings, saturated

RNG = np.random.default_rng(0)
MIDDLE = {"i": np.full((5, 2, 4), 0.5), "f": np.full((5, 2, 4), 0.9), "o": np.full((5, 2, 4), 0.1),
          "g": np.full((5, 2, 4), -0.5), "h": np.full((5, 2, 4), 0.2)}  # fmt: skip


def names(warnings: Warnings) -> list[str]:
    return [finding.name for finding in warnings.findings]


def test_the_share_counts_every_gate_at_both_ends() -> None:
    assert saturated(MIDDLE, "lstm") == 0
    trace = {name: array.copy() for name, array in MIDDLE.items()}
    trace["f"][:] = 0.999
    trace["g"][0] = -0.999
    trace["i"][0, 0] = 0.001
    assert saturated(trace, "lstm") == pytest.approx((40 + 8 + 4) / 160)
    assert np.isnan(saturated({"z": np.ones(3)}, "lstm"))


@pytest.mark.parametrize(
    ("h", "share"),
    [([0.999, -0.999, 0.5, 0.0], 0.5), ([0.999, 0.001, 0.5, 0.4], 0.5), ([0.0, 0.0, 3.0, 1.0], 0.0), ([0.0, 0.5], 0)],
)
def test_the_state_of_a_simple_network_is_its_gate_where_it_is_bounded(h: list[float], share: float) -> None:
    assert saturated({"h": np.array(h)}, "rnn") == share


def test_ordinary_training_is_not_warned_of() -> None:
    warnings = Warnings()
    for update in range(300):
        norm = 3 * np.exp(-update / 50) * RNG.lognormal(0, 0.5)
        warnings.note(update, norm if update != 250 else 3.0, MIDDLE, "lstm")  # a relapse to what it began with
    assert warnings.findings == ()


def test_growth_is_said_once_with_its_update() -> None:
    warnings = Warnings()
    for update, norm in enumerate([2.0, 3.0, 2.5, 4.0, 1e4, 1e9]):
        warnings.note(10 * update, norm, MIDDLE, "lstm")
    [finding] = warnings.findings
    assert finding.name == "growing"
    assert "10000 at update 40" in finding.text and "3636.36 times" in finding.text


@pytest.mark.parametrize(("norm", "said"), [(np.inf, ["growing"]), (np.nan, [])])
def test_a_norm_that_overflows_is_growth_and_one_that_is_no_number_is_told_elsewhere(
    norm: float, said: list[str]
) -> None:
    warnings = Warnings()
    for update, one in enumerate([2.0, 3.0, norm]):
        warnings.note(update, one, MIDDLE, "lstm")
    assert names(warnings) == said


def test_nothing_is_said_of_growth_before_something_is_usual() -> None:
    warnings = Warnings()
    warnings.note(0, 1e6, MIDDLE, "lstm")
    assert warnings.findings == ()
    warnings.note(1, 1e9, MIDDLE, "lstm")
    assert names(warnings) == ["growing"]


def test_saturation_is_said_once_when_it_begins() -> None:
    warnings = Warnings()
    full = {name: np.ones_like(array) for name, array in MIDDLE.items()}
    for update, trace in enumerate([MIDDLE, MIDDLE, full, full]):
        warnings.note(update, 1.0, trace, "lstm")
    [finding] = warnings.findings
    assert finding.name == "saturated"
    assert finding.text.startswith("100% of the gates are saturated from update 2 on")
