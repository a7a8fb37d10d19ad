"""What a candidate's worker answers to each request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from harness.candidates import derivation
from harness.candidates.served import Served
from harness.candidates.structure import decode, encode
from harness.frames import Frame


def answered(served: Served, about: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> Frame:
    """The answer, under "done". Raises CandidateFailed or BadInput."""
    params, data = decode(about["values"], arrays) if "values" in about else ({}, {})
    out: dict[str, np.ndarray] = {}
    done: Any
    match about["do"]:
        case "describe":
            done = served.describe()._asdict()
        case "example":
            done = encode(served.example(about["seed"]), out)
        case "call":
            called = served.call(params, data, about["times"])
            done = {"impure": called.impure, "notes": called.notes, "seconds": called.seconds}
            out = {"loss": called.loss}
            out |= {f"grads/{name}": grad for name, grad in called.grads.items()}
            out |= {f"trace/{name}": value for name, value in called.trace.items()}
        case "feed":
            done = encode(served.feed(**data), out)
        case "derive":
            done = derivation.pack(served.derive(params, data, about["names"], about["seconds"]), out)
        case "rough":
            grads, done = served.rough(params, data, about["part"], about["seed"])
            out = {f"grads/{name}": grad for name, grad in grads.items()}
        case "localise":
            done = served.localise(data["cases"], about["seconds"])
        case "watch":
            done = served.watch(params, data)
        case "reads_globals":
            done = served.reads_globals(params, data)
        case "mark":
            served.mark(about["mark"])
            done = None
    return {"done": done}, out
