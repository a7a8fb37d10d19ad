"""The same LSTM with h_t = tanh(s_t) ⊙ o, as in the paper: the variant that its readers ask about."""

import numpy as np
from right import example, layout, run
from right import model as without_tanh

__all__ = ["example", "layout", "loss_and_grads", "model"]

model = without_tanh | {"activation": "tanh"}


def tanh_slope(s):
    return 1 - np.tanh(s) ** 2


def loss_and_grads(params, data):
    return run(params, data, np.tanh, tanh_slope)
