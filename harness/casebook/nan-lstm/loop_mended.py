"""The program without its faults, with its training loop: the text is fed, and only states enter the next window."""

from program import example, layout, model, window

__all__ = ["example", "feed", "layout", "loss_and_grads", "model"]


def loss_and_grads(params, data):
    trace = {}
    loss, grads = window(params, data, trace=trace)
    return loss, grads, trace


def feed(codes, start, steps, left):
    """What the loop hands to the window of ``steps`` characters from ``start`` on."""
    text = codes[start : start + steps + 1]
    data = {"inputs": text[:-1], "targets": text[1:]}
    if left is not None:
        data |= {"h0": left["trace"]["h"][-1], "c0": left["trace"]["c"][-1]}
    return data
