"""Four random inputs and four targets, for the LSTM without the output tanh (casebook: lstm-without-tanh)."""

from __future__ import annotations

import numpy as np

from harness.training.meters import Losses
from harness.training.options import Options, given
from harness.training.setting import Setting
from harness.training.tasks import untanhed

NAME = "sequence"
SUMMARY = "the LSTM without the output tanh: four random inputs, four targets"
ENTRY = "lstm-without-tanh"

INPUTS = 50
TARGETS = (-0.5, 0.2, 0.1, -0.5)
PUBLISHED = {0: 0.7534838862531601, 99: 2.6107635861e-06}


def settings(options: Options) -> list[Setting]:
    """H = 100, D = 50, rate 0.1, 100 updates; another activation beside the published one."""
    seed = given(options.seed, 0)
    rng = np.random.RandomState(seed)
    rng.random_sample(given(options.hidden, untanhed.HIDDEN))  # the inputs follow on the last bias
    batch = {"x": np.array([rng.random_sample((1, INPUTS)) for _ in TARGETS]), "y": np.array(TARGETS)[:, np.newaxis]}

    words = f"{len(TARGETS)} random inputs of {INPUTS}, seed {seed}, the same at every update"
    return untanhed.variants(
        NAME, options, words, batch, 0.1, 100, lambda same: lambda: Losses(PUBLISHED if same else {}, 1e-7)
    )
