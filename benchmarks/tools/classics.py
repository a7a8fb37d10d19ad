"""Known weaknesses of the tools, each as small as it can be shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from benchmarks.tools.results import Classic

#: Between these, a rejection in fast mode costs torch gigabytes: it then runs slow mode for the sake of its message.
WIDTHS = (10, 400)
SEEDS = range(3)
LENGTHS = (100, 1000, 10_000)
_HOW = (("float64", "fwd"), ("float32", "fwd"), ("float64", "rev"))


def projection() -> Classic:
    """`gradcheck` in fast mode scales its absolute tolerance with the size of the Jacobian."""
    return Classic(
        title="A fast gradient check accepts an all-zero backward",
        setup="`torch.autograd.gradcheck(fast_mode=True)` at its defaults on y = tanh(x W), x and W of n × n entries in"
        f" float64, normal and W ÷ √n; how many of {len(SEEDS)} draws it accepts.",
        header=("n", "right backward", "1 % too large", "all zero"),
        rows=tuple((str(n), *(accepted_of(n, factor, SEEDS) for factor in (1.0, 1.01, 0.0))) for n in WIDTHS),
    )


def accepted_of(n: int, factor: float, seeds: Sequence[int]) -> str:
    """Of how many draws of an n × n layer a gradient that is ``factor`` times the right one is accepted."""
    return f"{sum(_accepted(n, factor, seed) for seed in seeds)} of {len(seeds)}"


def _accepted(n: int, factor: float, seed: int) -> bool:
    import torch
    from torch.autograd.gradcheck import gradcheck

    class Layer(torch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, W: Any) -> Any:
            y = torch.tanh(x @ W)
            ctx.save_for_backward(x, W, y)
            return y

        @staticmethod
        def backward(ctx: Any, dy: Any) -> Any:
            x, W, y = ctx.saved_tensors
            da = factor * dy * (1 - y * y)
            return da @ W.T, x.T @ da

    source = torch.Generator().manual_seed(seed)
    x = torch.randn(n, n, generator=source, dtype=torch.float64).requires_grad_()
    W = (torch.randn(n, n, generator=source, dtype=torch.float64) / n**0.5).requires_grad_()
    try:
        return gradcheck(Layer.apply, (x, W), fast_mode=True)
    except RuntimeError:  # GradcheckError is one; so is the lack of memory for its message
        return False


def lengths() -> Classic:
    """`check_grads` multiplies its tolerances by the number of entries that it compares."""
    return Classic(
        title="A tolerance that grows with size accepts what is 1 % wrong everywhere",
        setup="`jax.test_util.check_grads(order=1)` at its defaults on y = sin(x) of n entries, with a derivative that"
        " is 1 % too large everywhere.",
        header=("n", *(f'{dtype}, modes=["{mode}"]' for dtype, mode in _HOW)),
        rows=tuple((f"{n:,}", *(one_per_cent(n, *how) for how in _HOW)) for n in LENGTHS),
    )


def one_per_cent(n: int, dtype: str, mode: str) -> str:
    """What becomes of a sine of n entries whose derivative is 1 % too large."""
    import jax
    import jax.numpy as jnp
    import numpy as np
    from jax.test_util import check_grads as check

    wrong = jax.custom_jvp(jnp.sin)
    wrong.defjvp(lambda primals, tangents: (jnp.sin(*primals), 1.01 * jnp.cos(*primals) * tangents[0]))
    with jax.enable_x64(True):
        x = np.random.default_rng(0).normal(size=n).astype(dtype)
        try:
            check(wrong, (x,), order=1, modes=[mode])  # type: ignore[no-untyped-call]
        except AssertionError:
            return "caught"
    return "accepted"


CLASSICS = (projection, lengths)
