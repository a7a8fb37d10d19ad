"""The program as it was published, with its training loop: faults 1 to 8.

The loop reads a text window by window: a window starts from the states that the one before has left.
"""

from program import example, layout, window
from program import reported_mean as model

__all__ = ["example", "feed", "layout", "loss_and_grads", "model"]


def loss_and_grads(params, data):
    trace = {}
    loss, grads = window(params, data, faults={1, 2, 3, 4, 7, 8}, trace=trace)
    return loss, grads, trace


def feed(codes, start, steps, left):
    """What the loop hands to the window of ``steps`` characters from ``start`` on."""
    text = codes[start : start + steps + 1]
    inputs = [i for i, character in enumerate(text[:-1])]  # fault 5
    data = {"inputs": inputs, "targets": text[1:]}
    if left is not None:
        data |= {"h0": left["trace"]["h"][-1], "c0": left["trace"]["c"][-1]}
        data |= {"dh_next": left["grads"]["h0"], "dc_next": left["grads"]["c0"]}  # fault 6
    return data
