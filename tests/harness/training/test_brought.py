"""A candidate's own backward pass as the one that is descended by: the casebook's, and planted ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import harness
from handgrad import Gradients
from harness.candidates.failure import CandidateFailed
from harness.errors import BadInput
from harness.training.brought import Brought
from harness.training.hands import Own
from harness.training.loop import train
from harness.training.options import Options
from harness.training.setting import Setting, Stream
from harness.training.tasks import get

CASEBOOK = Path(harness.__file__).parent / "casebook"
#: rounding: of the largest entry of an array
CLOSE = 1e-12
#: enough that every state that is carried is so, and every weight has moved
UPDATES = 4


class Beside:
    """handgrad's gradient at the same weights and states, and the worst relative distance of each array."""

    def __init__(self, setting: Setting) -> None:
        self.own = Own(setting.model)
        self.worst: dict[str, float] = {}
        self.losses: list[tuple[float, float]] = []

    def note(self, update: int, arrays: dict[str, np.ndarray], answer: Gradients) -> None:
        truth = self.own(arrays)
        self.losses.append((float(answer.loss), float(truth.loss)))
        for name in arrays.keys() & answer.grads.keys():
            scale = np.abs(truth.grads[name]).max()
            distance = np.abs(answer.grads[name] - truth.grads[name]).max() / scale
            self.worst[name] = max(self.worst.get(name, 0), float(distance))


def setting(task: str, **options: object) -> Setting:
    """The last variant of a task, a small one where it has a choice."""
    return get(task).settings(Options(**options))[-1]  # type: ignore[arg-type]


def trained(hand: Brought, updates: int = UPDATES) -> Beside:
    """A few updates, with handgrad beside."""
    beside = Beside(hand.setting)
    log = train(hand.setting, hand, updates, (beside,))
    assert log.done == updates
    return beside


@pytest.mark.parametrize(
    ("task", "candidate", "options"),
    [
        ("adder", "binary-adder/right.py", {}),
        ("sequence", "lstm-without-tanh/right.py", {}),
        ("primes", "lstm-without-tanh/right.py", {"hidden": 12}),
        ("primes", "lstm-without-tanh/with_tanh.py", {"hidden": 12, "activation": "tanh"}),
        ("names", "building-blocks/names.py", {}),
        ("text", "nan-lstm/right.py", {"hidden": 12}),
    ],
)
def test_a_right_one_agrees_at_every_update_and_ends_at_the_same_weights(
    task: str, candidate: str, options: Mapping[str, object]
) -> None:
    one = setting(task, **options)
    with Brought(str(CASEBOOK / candidate), one) as hand:
        assert hand.setting is one
        assert hand.name == Path(candidate).name
        beside = trained(hand)
        assert hand.findings == ()
    assert beside.worst.keys() == one.params.keys()
    assert max(beside.worst.values()) < CLOSE
    assert all(ours == pytest.approx(truth, rel=CLOSE) for ours, truth in beside.losses)
    with Brought(str(CASEBOOK / candidate), one) as hand:
        theirs, ours = (train(one, each, UPDATES).params for each in (hand, Own(one.model)))
    for name, start in one.params.items():
        assert np.abs(ours[name] - theirs[name]).max() < CLOSE * np.abs(ours[name]).max()
        assert not np.array_equal(theirs[name], start)


@pytest.mark.parametrize(
    ("task", "candidate", "wrong"),
    [
        ("adder", "binary-adder/sign_undeclared.py", {"W_ih", "W_hh", "W_hy"}),
        ("text", "nan-lstm/fault_1.py", {"W_ih", "W_hh", "b_ih"}),
        ("text", "nan-lstm/fault_3.py", {"W_ih", "W_hh", "b_ih"}),
        ("text", "nan-lstm/published.py", {"W_ih", "W_hh", "b_ih", "W_hy", "b_y"}),
    ],
)
def test_a_wrong_one_descends_by_its_own_gradient(task: str, candidate: str, wrong: set[str]) -> None:
    one = setting(task) if task == "adder" else setting(task, hidden=12)
    with Brought(str(CASEBOOK / candidate), one) as hand:
        beside = trained(hand)
    assert {name for name, distance in beside.worst.items() if distance > 1e-3} == wrong
    assert all(beside.worst[name] < CLOSE for name in beside.worst.keys() - wrong)


def test_a_mean_is_judged_as_one_and_measured_by_the_task() -> None:
    """Fault 8: the mean over 100 steps is reported, and the gradient is that of the sum, 100 times as large."""
    one = setting("text", hidden=12)
    sums, means = (Brought(str(CASEBOOK / "nan-lstm" / file), one) for file in ("right.py", "fault_8.py"))
    with sums, means:
        assert (means.setting.model.reduction, one.model.reduction) == ("mean", "sum")
        arrays = {**one.params, **one.batch(0)}
        of_sum, of_mean = sums(dict(arrays)), means(dict(arrays))
        truth = Own(means.setting.model)(arrays)
    assert of_mean.loss == pytest.approx(of_sum.loss / 100, rel=CLOSE) == pytest.approx(truth.loss, rel=CLOSE)
    for name in one.params:
        assert np.allclose(of_mean.grads[name], of_sum.grads[name], rtol=CLOSE, atol=0)
        assert np.allclose(of_mean.grads[name], 100 * truth.grads[name], rtol=1e-9, atol=1e-12)
    meters = one.meter(), means.setting.meter()
    for meter, answer in zip(meters, (of_sum, of_mean), strict=True):
        meter.note(0, answer, one.batch(0))
    ours, theirs = (meter.series()[0].values[0] for meter in meters)
    assert theirs == pytest.approx(ours, rel=CLOSE)
    assert meters[1].told()[0][0] == "mean"
    assert meters[1].figures() == []


#: a right character RNN whose own h0 is carried; PLANT is run in every call, its lines below may be replaced
RNN = """
import numpy as np

layout = {"W": "x+h, a", "b": "a", "V": "h, y", "d": "y", "xs": "x: t", "ys": "y: t", "h0": "h"}
model = {"cell": "rnn", "loss": "softmax-cross-entropy"}
calls = []


def example(seed):
    rng = np.random.default_rng(seed)
    params = {"W": rng.normal(size=(9, 4)), "b": rng.normal(size=4), "V": rng.normal(size=(4, 5))}
    params["d"] = rng.normal(size=5)
    return params, {"xs": np.array([0, 1, 2]), "ys": np.array([1, 2, 4]), "h0": rng.normal(size=4)}


def loss_and_grads(params, data):
    calls.append(1)
    W, V, h = params["W"], params["V"], data["h0"]
    n = len(W) - len(V)
    loss, tape, trace = 0, [], []
    for x, y in zip(data["xs"], data["ys"]):
        before, h = h, np.tanh(W[x] + h @ W[n:] + params["b"])
        e = np.exp(h @ V + params["d"])
        loss -= np.log(e[y] / e.sum())
        tape.append((x, y, before, h, e / e.sum()))
        trace.append(h)
    grads = {name: np.zeros_like(array) for name, array in params.items()}
    dh = 0
    for x, y, before, h, p in tape[::-1]:
        dz = p - np.eye(n)[y]
        grads["V"] += np.outer(h, dz)
        grads["d"] += dz
        da = (V @ dz + dh) * (1 - h * h)
        grads["W"][x] += da
        grads["W"][n:] += np.outer(before, da)
        grads["b"] += da
        dh = W[n:] @ da
    PLANT
    return loss, grads | {"h0": dh}
"""


@pytest.fixture
def written(tmp_path: Path) -> Callable[..., str]:
    """The character RNN with something planted, or with lines replaced."""

    def write(plant: str = "pass", top: str = "", **lines: str) -> str:
        text = RNN.replace("PLANT", plant)
        for old, new in LINES.items():
            if old in lines:
                assert text.count(new) == 1
                text = text.replace(new, lines[old])
        (tmp_path / "my.py").write_text(text + top)
        return str(tmp_path / "my.py")

    return write


LINES = {
    "layout": 'layout = {"W": "x+h, a", "b": "a", "V": "h, y", "d": "y", "xs": "x: t", "ys": "y: t", "h0": "h"}',
    "model": 'model = {"cell": "rnn", "loss": "softmax-cross-entropy"}',
    "returned": 'return loss, grads | {"h0": dh}',
    "carry": '"ys": np.array([1, 2, 4]), "h0": rng.normal(size=4)}',
    "start": 'data["h0"]\n',
}


def small(**changes: object) -> Setting:
    """A text of five symbols, in windows of six."""
    rng = np.random.default_rng(3)
    stream = Stream(rng.integers(5, size=40), 6)
    model = replace(setting("names").model)
    shapes = {"W_ih": (4, 5), "W_hh": (4, 4), "b_ih": (4,), "W_hy": (5, 4), "b_y": (5,)}

    def batch(update: int) -> dict[str, np.ndarray]:
        codes = stream.window(update)
        return {"x": np.eye(5)[codes[:-1], np.newaxis], "y": codes[1:, np.newaxis]}

    made = replace(
        setting("names"),
        model=model,
        params={name: rng.normal(size=shape) / 2 for name, shape in shapes.items()},
        batch=batch,
        alphabet="abcde",
        stream=stream,
        rate=0.1,
        carried=("h",),
    )
    return replace(made, **changes)  # type: ignore[arg-type]


def test_the_planted_one_is_right(written: Callable[..., str]) -> None:
    with Brought(written(), small()) as hand:
        assert max(trained(hand, 9).worst.values()) < CLOSE


def test_what_it_declares_is_divided_out(written: Callable[..., str]) -> None:
    """By the sizes of each update."""
    plant = "grads = {name: -2 * len(tape) * grad for name, grad in grads.items()}"
    with Brought(written(plant, top='\nsign = -1\nscale = "2*T"\n'), small()) as hand:
        assert max(trained(hand).worst.values()) < CLOSE
    with Brought(written(plant), small()) as hand:
        answer, truth = (each(dict(small().params | small().batch(0))) for each in (hand, Own(small().model)))
        assert np.allclose(answer.grads["W_hh"], -12 * truth.grads["W_hh"])


def test_its_last_question_can_be_asked_again(written: Callable[..., str]) -> None:
    one = small()
    with Brought(written(), one) as hand:
        answer = hand({**one.params, **one.batch(0)})
        params, data = hand.asked
        assert np.array_equal(params["W"][:5], one.params["W_ih"].T)
        assert np.array_equal(data["xs"], one.batch(0)["x"].argmax(axis=-1)[:, 0])
        assert hand.laid.process.call(params, data, times=1).loss == answer.loss


def test_states_that_it_traces_are_its_own(written: Callable[..., str]) -> None:
    """And are those that the next update starts from; z, which it does not trace, is handgrad's."""
    one = small()
    arrays = {**one.params, **one.batch(0)}
    ours = Own(one.model)(arrays).trace
    traced = {"returned": 'return loss, grads, {"h": np.array(trace) + 1, "z": np.zeros((2, 3)), "a": np.zeros(6)}'}
    with Brought(written(**traced), one) as hand:
        theirs = hand(dict(arrays)).trace
    assert np.allclose(theirs["h"], ours["h"] + 1)
    assert theirs["h"].shape == (6, 1, 4)
    assert np.array_equal(theirs["z"], ours["z"])
    assert theirs.keys() == ours.keys()


@pytest.mark.parametrize(
    ("planted", "message"),
    [
        (
            {"layout": ""},
            "has no layout, by which training gives it weights and data; 'python -m harness layout my.py",
        ),
        (
            {"model": 'model = {"cell": "rnn", "activation": "relu", "loss": "softmax-cross-entropy"}'},
            "has activation relu, what is to be trained has activation tanh",
        ),
        (
            {
                "layout": LINES["layout"].replace(', "h0": "h"', ""),
                "start": "np.zeros(4)\n",
                "carry": '"ys": np.ones(3, int)}',
            },
            "cannot be trained on five symbols: h0 is not zero, and the candidate has no argument for it",
        ),
        (
            {"layout": LINES["layout"].replace('"d": "y", ', "")},
            "cannot be trained on five symbols: b_y is not zero, and the candidate has no argument for it",
        ),
    ],
)
def test_one_that_cannot_be_trained_is_refused_at_once(
    written: Callable[..., str], planted: dict[str, str], message: str
) -> None:
    with pytest.raises(BadInput) as raised:
        Brought(written(**planted), small(data="five symbols"))
    assert str(raised.value).startswith(f"candidate my.py: {message}")


@pytest.mark.parametrize(
    ("candidate", "task", "message"),
    [
        ("lstm-without-tanh/with_tanh.py", "primes", "with_tanh.py: has activation tanh, what is to be trained has "),
        ("nan-lstm/right.py", "names", "right.py: has cell lstm, what is to be trained has cell rnn"),
        ("building-blocks/rnn.py", "names", "rnn.py: has loss cotangent, what is to be trained has loss softmax-cross"),
        ("nan-lstm/loop.py", "primes", "loop.py: has activation tanh, what is to be trained has activation identity"),
    ],
)
def test_one_for_another_task_is_refused(candidate: str, task: str, message: str) -> None:
    with pytest.raises(BadInput) as raised:
        Brought(str(CASEBOOK / candidate), setting(task))
    assert str(raised.value).startswith(f"candidate {message}")


def test_a_refusal_ends_its_process(written: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    closed = []
    monkeypatch.setattr("harness.candidates.process.Process.close", lambda process: closed.append(process))
    for path in (written(layout=""), written(top="\nraise OSError('no such file')\n")):
        with pytest.raises(BadInput):
            Brought(path, small())
    monkeypatch.undo()
    assert len(closed) == 2
    for process in closed:
        process.close()


def test_a_file_that_fails_as_it_is_read(written: Callable[..., str]) -> None:
    with pytest.raises(BadInput, match=r"candidate my.py: fails: OSError: no such file \(my.py line"):
        Brought(written(top="\nraise OSError('no such file')\n"), small())


def test_a_gradient_that_is_not_returned(written: Callable[..., str]) -> None:
    path = written('del grads["d"]')
    message = "candidate my.py: fails in the first update: it gives no gradient of all of b_y, without which nothing"
    with Brought(path, small()) as hand, pytest.raises(BadInput) as raised:
        hand({**small().params, **small().batch(0)})
    assert str(raised.value).startswith(message)


def test_the_guide_as_printed_fails_in_the_first_update() -> None:
    one = setting("text", hidden=5)
    message = r"candidate guide.py: fails in the first update: IndexError: index 1 is out of bounds .* \(guide.py line"
    with Brought(str(CASEBOOK / "nan-lstm" / "guide.py"), one) as hand, pytest.raises(BadInput, match=message):
        train(one, hand, 2)


@pytest.mark.parametrize(
    ("plant", "told"),
    [
        ('if len(calls) == 3: raise ValueError("enough")', "ValueError: enough (my.py line"),
        ("if len(calls) == 3: import os; os._exit(7)", "its process ended with exit code 7"),
        ("while len(calls) == 3: pass", "it gave no answer within 1 s (my.py line"),
        ('if len(calls) == 3: grads["b"] = None', "b: got None for its gradient, needs an"),
        ('if len(calls) == 3: del grads["b"]', "it gives no gradient of all of b_ih"),
    ],
)
def test_one_that_fails_later(written: Callable[..., str], plant: str, told: str) -> None:
    """What was trained so far is kept: it is no bad input."""
    one = small()
    with Brought(written(plant), one, timeout=1.0) as hand:
        for update in range(2):
            hand({**one.params, **one.batch(update)})
        with pytest.raises(CandidateFailed) as raised:
            hand({**one.params, **one.batch(2)})
    assert str(raised.value).startswith(told)


def test_gradients_that_are_not_finite_are_handed_on(written: Callable[..., str]) -> None:
    """It is the training that stops there, and the watch that explains it."""
    one = small()
    with Brought(written('if len(calls) == 3: grads["V"][0, 0] = np.nan'), one) as hand:
        log = train(one, hand, 9)
        assert log.done == 2
        assert log.stuck is not None
        answer = hand(log.stuck)
    assert np.isfinite(answer.grads["W_hy"]).all()
