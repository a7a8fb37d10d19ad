"""A candidate seen through its process: what it declares, its example, its answers, and why it is no function."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.candidates.process import CandidateFailed, Process
from harness.candidates.served import Served
from harness.errors import BadInput

Written = Callable[..., Process]
Here = Callable[[str], Served]
Plant = Callable[..., Process]


def impure(process: Process) -> tuple[str, ...]:
    """Why the candidate is no function, by a call of its example."""
    return process.call(*process.example(0)).impure


def test_what_a_file_declares(written: Written, tmp_path: Path) -> None:
    process = written(
        """
        layout = {"Wf": "f, h+x"}
        model = {"cell": "lstm", "loss": "cotangent"}
        sign = -1
        scale = "1/T"

        def loss_and_grads(params, data):
            return 0.0, {}

        def example(seed):
            return {}, {}
        """
    )
    described = process.describe()
    assert described == (
        "my.py", str(tmp_path / "my.py"), "loss_and_grads", 7, {"Wf": "f, h+x"}, {"cell": "lstm", "loss": "cotangent"},
        -1.0, "1/T", True, False,
    )  # fmt: skip


def test_a_file_that_declares_nothing(written: Written) -> None:
    described = written("def backward(params, data, more=1): ...", target=":backward").describe()
    assert described[2:] == ("backward", 1, None, {}, 1.0, 1.0, False, False)
    assert described.name == "my.py:backward"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "def f(params, data): ...\ndef g(params, data): ...",
            "my.py: has no function loss_and_grads; it has f, g; name one, as in my.py:f",
        ),
        ("import math", "my.py: has no function loss_and_grads; it has none"),
        ("loss_and_grads = 3", "my.py: loss_and_grads is an int, needs a function"),
        ("def loss_and_grads(x): ...", "my.py: loss_and_grads takes (x), needs (params, data)"),
        ("def loss_and_grads(x, h, c): ...", "my.py: loss_and_grads takes (x, h, c), needs (params, data)"),
        ("def loss_and_grads(*both): ...\nlayout = 'f, x'", "layout: got a str, needs a dict: a line of text for each"),
        ("def loss_and_grads(*both): ...\nmodel = {'bias': 1}", "model: got 'bias', allowed: cell, activation, loss"),
        ("def loss_and_grads(*both): ...\nsign = 0", "sign: got 0, allowed: 1 and -1"),
        ("def loss_and_grads(*both): ...\nscale = 'Q'", "scale: got 'Q', allowed: a number, or text over the sizes"),
    ],
)
def test_files_that_are_no_candidates(served: Here, text: str, message: str) -> None:
    with pytest.raises(BadInput) as raised:
        served(text).describe()
    assert str(raised.value).startswith(message)


def test_limits_that_are_none(tmp_path: Path) -> None:
    (tmp_path / "my.py").write_text("")
    with pytest.raises(BadInput, match="timeout: got 0, needs more than 0 seconds"):
        Process(str(tmp_path / "my.py"), timeout=0)
    with pytest.raises(BadInput, match="memory: got -1, needs more than 0 GiB"):
        Process(str(tmp_path / "my.py"), memory=-1)


@pytest.mark.parametrize(
    ("example", "message"),
    [
        ("", "my.py: has no function example; needs def example(seed): return params, data, of the right shapes"),
        ("def example(seed): return None", "example: got None, needs params, data: two dicts"),
        ("def example(seed): return {}, {}, {}", "example: got a tuple of 3, needs params, data: two dicts"),
        ("def example(seed): return [1.0], {}", "example: got a list of 1 as params, needs a dict"),
        ("def example(seed): return {'W': 1.0}, None", "example: got None as data, needs a dict"),
        ("def example(seed): return {3: 1.0}, {}", "example: got the key 3 in params, needs names"),
        (
            "def example(seed): return {'W': 1.0, 'x': 1.0}, {'x': 1}",
            "example: got x in params and in data, needs it in one of them",
        ),
        (
            "def example(seed): return {'W': {1, 2}}, {}",
            "example: W: got a set, allowed: arrays, numbers, text, None, and lists, tuples and dicts of them",
        ),
        (
            "import numpy as np\ndef example(seed): return {'W': 1.0}, {'x': [np.ones(2, 'f2')]}",
            "example: x: got float16, too coarse to differentiate by; needs float32 or float64",
        ),
        (
            "def example(seed): return {'n': 3}, {'x': 1.0}",
            "example: got no array of floats in params, needs at least one: there is nothing to grade",
        ),
    ],
)
def test_examples_that_are_none(served: Here, example: str, message: str) -> None:
    with pytest.raises(BadInput) as raised:
        served(f"def loss_and_grads(params, data): ...\n{example}").example(0)
    assert str(raised.value) == message


def test_an_example_that_fails(written: Written) -> None:
    with pytest.raises(CandidateFailed, match=r"^IndexError: .* \(my\.py line 2, in example: def example"):
        written("def loss_and_grads(params, data): ...\ndef example(seed): return [][0]").example(0)


def test_an_example_keeps_its_structure_and_its_seed(written: Written) -> None:
    process = written(
        """
        import numpy as np
        def loss_and_grads(params, data): ...
        def example(seed):
            data = {"x": [np.ones((2, 1)), None], "hs": {-1: (1, "a")}}
            return {"W": np.random.randn(2), "M": np.matrix("1. 2.")}, data
        """
    )
    params, data = process.example(3)
    assert isinstance(params["M"], np.matrix)
    assert data["x"][1] is None and data["hs"] == {-1: (1, "a")}
    np.testing.assert_array_equal(params["W"], process.example(3)[0]["W"])  # drawn from the global generator
    assert not np.array_equal(params["W"], process.example(4)[0]["W"])


def test_an_answer_crosses_as_it_is(written: Written) -> None:
    process = written(
        """
        import numpy as np
        def loss_and_grads(params, data):
            W = params["W"]
            return np.float32(0.1), {"dW": W.astype(np.float32), "x": [1.0, 2.0]}, {"h": np.ones((2, 3)) / 3}
        """
    )
    called = process.call({"W": np.ones((2, 2), np.longdouble)}, {"x": [0.5, 0.5]}, times=1)
    assert called.loss == np.float32(0.1) and called.loss.shape == ()
    assert called.grads["W"].dtype == np.float32 and called.grads["W"].flags.writeable
    np.testing.assert_array_equal(called.grads["x"], [1, 2])
    np.testing.assert_array_equal(called.trace["h"], np.ones((2, 3)) / 3)
    assert called.notes == (("low precision", f"float32 comes back where {np.dtype(np.longdouble)} went in", ("W",)),)
    assert 0 < called.seconds < 1


def test_a_pure_candidate(planted: Plant) -> None:
    called = planted()
    assert impure(called) == ()


@pytest.mark.parametrize(
    ("plant", "names"),
    [
        ("params['W'] *= 0.5; params['b'][0] = 0", "W, b"),
        ("data['x'][:] = 0", "x"),
        ("params['cache'] = 3", "cache"),
        ("del data['x']; data['x'] = np.ones((3, 4))", "x"),
        ("params['W'] = params['W'].astype(np.float32)", "W"),
    ],
)
def test_changed_arguments(planted: Plant, plant: str, names: str) -> None:
    assert impure(planted(plant)) == (f"it changes its arguments: {names}",)


def test_changed_arguments_in_a_list(written: Written) -> None:
    process = written("def loss_and_grads(params, data):\n    data['x'].pop()\n    return 0.0, {'W': params['W']}")
    assert process.call({"W": np.ones(2)}, {"x": [np.ones(2), np.ones(2)]}).impure == ("it changes its arguments: x",)


AGAIN = "called twice on the same bytes it answers differently: "
STATE = "; imported afresh it always answers the same: state is left behind"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "dW = np.zeros(3)\ndef loss_and_grads(params, data):\n    global dW\n    dW = dW + 1\n"
            "    return 0.0, {'W': dW}",
            f"{AGAIN}W{STATE} (module global dW)",
        ),
        (
            "class Cell: pass\ncell = Cell()\ncell.f = lambda self: 0\ncell.dW = np.zeros(3)\n"
            "def loss_and_grads(params, data):\n    cell.dW += 1\n    return 0.0, {'W': cell.dW}",
            f"{AGAIN}W{STATE}",
        ),
        (
            "class Cell:\n    def __init__(self): self.dW = np.zeros(3)\ncell = Cell()\n"
            "def loss_and_grads(params, data):\n    cell.dW += 1\n    return 0.0, {'W': cell.dW}",
            f"{AGAIN}W{STATE} (module global cell.dW)",
        ),
        (
            "def loss_and_grads(params, data, cache=[0.0]):\n    cache[0] += 1\n"
            "    return cache[0], {'W': params['W']}",
            f"{AGAIN}loss{STATE} (module global loss_and_grads)",
        ),
        (
            "cache = {}\ndef loss_and_grads(params, data):\n    cache.setdefault('n', []).append(1)\n"
            "    return float(len(cache['n'])), {'W': params['W'] * len(cache['n'])}",
            f"{AGAIN}loss, W{STATE} (module global cache)",
        ),
        (
            "rng = np.random.default_rng(0)\ndef loss_and_grads(params, data):\n"
            "    return 0.0, {'W': rng.normal(size=3)}",
            f"{AGAIN}W{STATE} (module global rng)",
        ),
        (
            "def loss_and_grads(params, data):\n    return 0.0, {'W': np.random.randn(3)}",
            f"{AGAIN}W; imported afresh it does too: it is non-deterministic",
        ),
        (
            "import random\ndef loss_and_grads(params, data):\n    return random.random(), {'W': params['W']}",
            f"{AGAIN}loss; imported afresh it does too: it is non-deterministic",
        ),
        (
            "def loss_and_grads(params, data):\n    return 0.0, {'W': np.random.default_rng().normal(size=3)}",
            f"{AGAIN}W; imported afresh it does too: it is non-deterministic",
        ),
        (
            "import time\ndef loss_and_grads(params, data):\n    return float(time.time_ns()), {'W': params['W']}",
            f"{AGAIN}loss; imported afresh it does too: it is non-deterministic",
        ),
        (
            "cache = [1.0]\ndef loss_and_grads(params, data):\n    return cache.pop(), {'W': params['W']}",
            "the second call on the same bytes fails, a cache was consumed: IndexError: pop from empty list "
            f"(my.py line 4, in loss_and_grads: return cache.pop(), {{'W': params['W']}}){STATE} (module global cache)",
        ),
        (
            "n = 0\ndef loss_and_grads(params, data):\n    global n\n    n += 1\n"
            "    return 0.0, {'W': params['W'], **({'s': 1.0} if n > 1 else {})}",
            f"{AGAIN}s{STATE} (module global n)",
        ),
    ],
)
def test_calls_that_answer_differently(served: Here, text: str, expected: str) -> None:
    candidate = served("import numpy as np\n" + text)
    params = {"W": np.ones(3), "s": 1.0}
    assert candidate.call(params, {}, times=2).impure == (expected,)
    assert candidate.call(params, {}, times=2).impure == (expected,)  # it starts afresh: found again, not piled up


@pytest.mark.parametrize(
    "plant",
    [
        "np.random.seed(1); np.random.randn(3)",
        "import random; random.random(); np.random.randn(3)",
        "global calls; calls = globals().get('calls', 0) + 1",
        "cache['tape'] = params['W'].copy()",
        "np.empty(5)",
    ],
)
def test_what_leaves_the_answers_alone_is_not_impure(planted: Plant, plant: str) -> None:
    called = planted(plant, "cache = {}")
    params, data = called.example(0)
    answer = called.call(params, data)
    assert answer.impure == () and answer.notes == ()


def test_nan_is_equal_to_nan(written: Written) -> None:
    process = written("def loss_and_grads(params, data): return float('nan'), {'W': params['W'] * float('nan')}")
    assert process.call({"W": np.ones(3)}, {}).impure == ()


def test_an_array_outside_that_changes_is_noted(planted: Plant) -> None:
    process = planted("buffer[:] = buffer + 1", "buffer = np.zeros(3)")
    called = process.call(*process.example(0))
    assert called.impure == ()
    text = "buffer outside the arguments changes during a call; the answers do not"
    assert called.notes == (("state", text, ("buffer",)),)


def test_state_in_a_module_beside_it(planted: Plant, tmp_path: Path) -> None:
    (tmp_path / "store.py").write_text("import numpy as np\ndW = np.zeros(3)\n")
    process = planted("store.dW += 1; return float(store.dW[0]), {'W': params['W']}", "import store")
    expected = f"{AGAIN}loss{STATE} (module global store.dW)"
    assert impure(process) == (expected,)


def test_weights_that_are_read_from_globals(written: Written) -> None:
    process = written(
        """
        import numpy as np
        W, b = np.ones((3, 2)), np.zeros(3)
        class Net:
            def __init__(self):
                self.V = np.ones((4, 3))
            def forward(self, h):
                return self.V @ h
        net = Net()
        def loss_and_grads(params, data):
            h = W @ data["x"] + params["b"]
            y = net.forward(h)
            dh = net.V.T @ y
            return 0.5 * y @ y, {"W": np.outer(dh, data["x"]), "b": dh, "V": np.outer(y, h), "unused": np.zeros(7)}
        """
    )
    params = {"W": np.ones((3, 2)), "b": np.zeros(3), "V": np.ones((4, 3)), "unused": np.ones(7), "n": 3}
    assert process.reads_globals(params, {"x": np.ones(2)}) == ("W", "V")


def test_no_weights_are_read_from_globals(planted: Plant) -> None:
    """Globals of the same shapes alone are no evidence."""
    process = planted("pass", "W, b = np.ones((5, 3)), np.ones((5, 1))")
    assert process.reads_globals(*process.example(0)) == ()


def test_a_forward_is_differentiated(planted: Plant) -> None:
    process = planted()
    params, data = process.example(0)
    right = process.call(params, data)
    shares: list[float] = []
    derived = process.derive(params, data, ["W", "b", "x"], progress=shares.append)
    assert derived.loss == right.loss and derived.share == 1
    assert derived.method == dict.fromkeys(("W", "b", "x"), "complex step")
    for name, grad in right.grads.items():
        np.testing.assert_allclose(derived.values[name], grad, rtol=1e-12, atol=1e-14)
    assert derived.values["x"].shape == (3, 4) and np.isfinite(derived.radius["x"]).all()


def test_a_forward_that_a_function_carries_along(written: Written) -> None:
    """The function itself cannot be differentiated by complex step, the forward beside it can."""
    process = written(
        """
        import numpy as np
        def loss_and_grads(params, data):
            assert params["W"].dtype == np.float64 and not np.iscomplexobj(params["W"])
            return forward(params, data), {"W": 3 * params["W"] ** 2}
        def forward(params, data):
            return np.sum(params["W"] ** 3)
        loss_and_grads.forward = forward
        """
    )
    derived = process.derive({"W": np.array([1.0, 2.0])}, {}, ["W"])
    np.testing.assert_allclose(derived.values["W"], [3, 12], rtol=1e-12)
    assert derived.method == {"W": "complex step"}


def test_a_derivation_takes_longer_than_a_call_may(planted: Plant) -> None:
    """The time limit counts from the last sign of life."""
    process = planted("import time; time.sleep(0.02)", timeout=0.5)
    params, data = process.example(0)
    derived = process.derive(params, data, ["W", "b"], seconds=1)
    assert derived.loss == process.call(params, data).loss


def test_a_derivation_that_hangs_is_ended(planted: Plant) -> None:
    process = planted("while params['W'][0, 0] != data['x'][0, 0]: pass", timeout=0.5)
    params, data = process.example(0)
    with pytest.raises(CandidateFailed, match=r"^it gave no answer within 0\.5 s \(my\.py line"):
        process.derive(params, data, ["W"])


def test_a_derivation_of_what_fails(planted: Plant) -> None:
    process = planted("raise ValueError('no')")
    params, data = process.example(0)
    with pytest.raises(CandidateFailed, match=r"^ValueError: no \(my\.py line 6"):
        process.derive(params, data, ["W"])


def test_a_derivation_of_a_loss_that_is_none(written: Written) -> None:
    process = written("def loss_and_grads(params, data): return params['W'], {'W': params['W']}")
    with pytest.raises(CandidateFailed, match=r"^loss: got shape \(3,\), needs a single number: sum it$"):
        process.derive({"W": np.ones(3)}, {}, ["W"])


def test_printed_is_there_before_and_after(planted: Plant) -> None:
    process = planted("print('seen')")
    assert process.printed == ""
    process.call(*process.example(0), times=1)
    assert process.printed == "seen\n"
    process.close()
    assert process.printed == "seen\n"


def test_a_closed_process_starts_again(planted: Plant) -> None:
    with planted() as process:
        params, data = process.example(0)
        process.close()
        process.close()
        assert process.call(params, data).impure == ()


def test_an_adapted_class(written: Written) -> None:
    """Dataclasses, closures and decorated functions are candidates like others."""
    process = written(
        """
        import functools
        from dataclasses import dataclass, field
        import numpy as np

        @dataclass
        class Net:
            W: np.ndarray
            dW: np.ndarray = field(default=None)

        def adapted(function):
            @functools.wraps(function)
            def wrapper(params, data):
                net = Net(**params)
                return function(net), {"W": net.dW}
            return wrapper

        @adapted
        def loss_and_grads(net):
            net.dW = 2 * net.W
            return np.sum(net.W ** 2)
        """
    )
    np.testing.assert_array_equal(process.call({"W": np.ones(2)}, {}).grads["W"], [2, 2])
