"""Peak memory of the largest backward, against what it must hold: tape and gradients."""

from __future__ import annotations

import tracemalloc

import numpy as np

from benchmarks.contestant import Sizes, arrays
from handgrad.cells import lstm


def peak_ratio(sizes: Sizes, dtype: str) -> tuple[int, int]:
    """Bytes at the peak of forward and backward, inputs included, and bytes of tape and gradients.

    NumPy reports every array it allocates to tracemalloc, so that both are exact and the same on every machine.
    """
    tracemalloc.start()
    a = arrays(sizes, dtype)
    zero = {"h": np.zeros_like(a["h0"]), "c": np.zeros_like(a["h0"])}
    del a["b_hh"]
    G, x, W_ih, W_hh = a["G"], a["x"], a["W_ih"], a["W_hh"]
    # Of x and the weights the tape is made; what else there is by now is none of the backward's.
    outside = tracemalloc.get_traced_memory()[0] - x.nbytes - W_ih.nbytes - W_hh.nbytes
    tracemalloc.reset_peak()
    tape = lstm.forward(x, {"h": a["h0"], "c": a["c0"]}, W_ih, W_hh, a["b_ih"], "tanh")
    grads = lstm.backward(tape, G, zero)
    peak = tracemalloc.get_traced_memory()[1] - outside
    tracemalloc.stop()
    held = sum(array.nbytes for array in (*tape, *grads.values()) if isinstance(array, np.ndarray))
    return peak, held
