"""``make bench``: every figure as a ratio within one run. Takes about ten minutes on two cores."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

from benchmarks.contestant import CONTESTANTS, Sizes
from benchmarks.memory import peak_ratio
from benchmarks.turns import alternate, race

SIZES: tuple[Sizes, ...] = ((16, 1, 8, 16), (64, 16, 64, 128), (64, 32, 128, 256), (100, 64, 256, 512))
ROUNDS = (9, 9, 7, 5)
RESULTS = Path(__file__).with_name("results.md")


def main() -> None:
    """Measure, print, write."""
    lines = ["# Benchmarks", "", f"Made by `make bench` on {_machine()}.", ""]
    for section in (_speed, _whole_process, _memory):
        for line in section():
            print(line, flush=True)
            lines.append(line)
    RESULTS.write_text("\n".join(lines).rstrip() + "\n", encoding="utf-8")


def _machine() -> str:
    import numpy as np

    found = np.show_config(mode="dicts")["SIMD Extensions"]["found"]  # type: ignore[index, call-overload]
    return f"{platform.machine()} with {os.cpu_count()} cores, NumPy {np.__version__} using {', '.join(found)}"


def _speed() -> list[str]:
    lines = [
        "## LSTM, forward and backward",
        "",
        "Median milliseconds, one process per contestant, taking turns. The last columns are handgrad's time over",
        "another's: above 1 handgrad is slower. `products` are the matrix products alone; `torch` is `torch.nn.LSTM`",
        "with autograd; `jax` is jitted.",
        "",
        "| threads | dtype | T, B, D, H | products | handgrad | torch | jax | ÷ products | ÷ torch | ÷ jax |",
        "| --- | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for threads in (1, 2):
        for dtype in ("float64", "float32"):
            for sizes, rounds in zip(SIZES, ROUNDS, strict=True):
                took = race(list(CONTESTANTS), [dtype, *map(str, sizes)], threads, rounds)
                print(".", end="", file=sys.stderr, flush=True)
                cells = [f"{took[name] * 1e3:.3g}" for name in CONTESTANTS]
                ratios = [f"{took['handgrad'] / took[name]:.2f}" for name in ("products", "torch", "jax")]
                shape = ", ".join(map(str, sizes))
                lines.append(f"| {' | '.join([str(threads), dtype, shape, *cells, *ratios])} |")
    print(file=sys.stderr)
    return [*lines, ""]


def _whole_process() -> list[str]:
    compare = [sys.executable, "-m", "harness", "compare", "--cell", "lstm"]
    subprocess.run(compare, check=True, stdout=subprocess.DEVNULL)  # fills the compilation cache
    took = alternate({"compare": compare, "import": [sys.executable, "-c", "import torch, jax, pandas"]}, rounds=9)
    return [
        "## The main job as a whole process",
        "",
        f"`python -m harness compare --cell lstm`, compilation cache warm: {took['compare']:.2f} s.",
        f'`python -c "import torch, jax, pandas"`: {took["import"]:.2f} s.',
        f"Ratio of the medians, run in turn: **{took['compare'] / took['import']:.2f}**.",
        "",
    ]


def _memory() -> list[str]:
    lines = [
        "## Peak memory of forward and backward",
        "",
        "| dtype | T, B, D, H | peak MB | tape and gradients MB | ratio |",
        "| --- | --- | ---: | ---: | ---: |",
    ]
    for dtype in ("float64", "float32"):
        peak, held = peak_ratio(SIZES[-1], dtype)
        shape = ", ".join(map(str, SIZES[-1]))
        lines.append(f"| {dtype} | {shape} | {peak / 1e6:.0f} | {held / 1e6:.0f} | {peak / held:.2f} |")
    return [*lines, ""]


if __name__ == "__main__":
    main()
