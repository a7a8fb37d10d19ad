"""A candidate's own training loop while it trains: what it hands over is what is trained on, and is watched.

The casebook's published LSTM is the one that was met: with the loop that it was published with it explodes.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import harness
from handgrad import Gradients
from harness.candidates.failure import CandidateFailed
from harness.errors import BadInput
from harness.training.brought import Brought
from harness.training.hands import Own
from harness.training.loop import Log, train
from harness.training.options import Options
from harness.training.setting import Setting
from harness.training.tasks import get

C2 = Path(harness.__file__).parent / "casebook" / "nan-lstm"


def text(**options: object) -> Setting:
    """The published set-up on a made-up text."""
    (setting,) = get("text").settings(Options(**options))  # type: ignore[arg-type]
    return setting


class Kept:
    """Every update's arrays, and the candidate's answer to them."""

    def __init__(self) -> None:
        self.arrays: list[dict[str, np.ndarray]] = []
        self.answers: list[Gradients] = []

    def note(self, update: int, arrays: dict[str, np.ndarray], answer: Gradients) -> None:
        self.arrays.append({name: array.copy() for name, array in arrays.items()})
        self.answers.append(answer._replace(grads={name: grad.copy() for name, grad in answer.grads.items()}))


@pytest.fixture
def looping(tmp_path: Path) -> Callable[..., Brought]:
    """C2's mended loop with a line replaced, on a small model."""
    held: list[Brought] = []

    def write(old: str = "", new: str = "", setting: Setting | None = None, source: str = "") -> Brought:
        source = source or (C2 / "loop_mended.py").read_text()
        assert not old or source.count(old) == 1
        (tmp_path / "my.py").write_text(source.replace(old, new) if old else source)
        (tmp_path / "program.py").write_text((C2 / "program.py").read_text())
        held.append(Brought(tmp_path / "my.py", setting or text(hidden=5)))
        return held[-1]

    yield write
    for hand in held:
        hand.close()


STATES = 'data |= {"h0": left["trace"]["h"][-1], "c0": left["trace"]["c"][-1]}'
INPUTS = '"inputs": text[:-1]'


def told(hand: Brought, updates: int = 3) -> list[str]:
    """What is found of a loop in so many updates."""
    assert train(hand.setting, hand, updates).done == updates
    assert all(finding.name == "loop" for finding in hand.findings)
    return [finding.text for finding in hand.findings]


def test_of_a_sound_loop_nothing_is_found(looping: Callable[..., Brought]) -> None:
    """And it trains as if the harness had handed all: to the same weights, bit for bit."""
    setting = text(hidden=5)
    hand = looping(setting=setting)
    log = train(setting, hand, 4)
    assert hand.findings == ()
    with Brought(C2 / "right.py", setting) as right:
        plain = train(setting, right, 4)
    # Without a trace the states that are carried are handgrad's, which differ by rounding.
    for name, param in plain.params.items():
        assert np.abs(param - log.params[name]).max() < 1e-12 * np.abs(param).max()


def test_what_a_loop_leaves_out_is_handed_as_the_text_has_it(looping: Callable[..., Brought]) -> None:
    hand = looping('data = {"inputs": text[:-1], "targets": text[1:]}', "data = {}")
    assert told(hand) == []


def test_states_that_begin_anew_are_no_fault_and_are_what_the_reference_runs_from(
    looping: Callable[..., Brought],
) -> None:
    hand = looping(STATES, 'data["h0"], data["c0"] = 0 * left["grads"]["h0"], 0 * left["grads"]["c0"]')
    kept = Kept()
    assert train(hand.setting, hand, 3, (kept,)).done == 3
    assert hand.findings == ()
    assert not any(arrays[state].any() for arrays in kept.arrays[1:] for state in ("h0", "c0"))
    own = Own(hand.setting.model)
    for arrays, answer in zip(kept.arrays, kept.answers, strict=True):
        assert np.allclose(own(arrays).grads["W_hh"], answer.grads["W_hh"], rtol=1e-9, atol=1e-12)


def test_states_of_nobody_are_told_and_the_reference_runs_from_them(looping: Callable[..., Brought]) -> None:
    hand = looping(STATES, STATES.replace('"h"', '"_"').replace('"c"', '"h"').replace('"_"', '"c"'))
    kept = Kept()
    train(hand.setting, hand, 3, (kept,))
    one, other = (finding.text for finding in hand.findings)
    assert one == (
        "h0: window 1 starts neither from zero nor from the h that window 0 ended with, but from its c "
        "(in 2 of 3 windows)"
    )
    assert other.startswith("c0: window 1 starts neither from zero nor from the c that window 0 ended with, but from")
    for before, arrays in zip(kept.answers, kept.arrays[1:], strict=False):
        assert arrays["h0"].shape == (1, 5)
        assert before.trace["h"].shape == (100, 1, 5)
    own = Own(hand.setting.model)
    assert np.allclose(own(kept.arrays[2]).grads["W_hh"], kept.answers[2].grads["W_hh"], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("old", "new", "found"),
    [
        (
            INPUTS,
            '"inputs": list(range(steps))',
            "inputs: window 0 is fed 1 ('!') at position 1, where the text has 36 ('D'); they are 0, 1, 2 …: position "
            "numbers instead of characters (in 3 of 3 windows)",
        ),
        (
            '"targets": text[1:]',
            '"targets": text[:-1]',
            "targets: window 0 is fed 0 (' ') at position 0, where the text has 36 ('D'); each is the character before "
            "the right one (in 3 of 3 windows)",
        ),
        (
            "start + steps + 1]",
            "start + steps]",
            "inputs: window 0 is fed shape (99,), that of the text is (100,) (in 3 of 3 windows)",
        ),
        (
            STATES,
            STATES + '\n        data["dh_next"] = left["grads"]["h0"]',
            "dh_next: enters window 1 and is not zero: it is the gradient of h0 that window 0 left; "
            "adjoints flow back in time, and those that enter a window at its last step start at zero (in 2 of 3 "
            "windows)",
        ),
        (
            STATES,
            STATES + '\n        data["dh_next"] = 0 * left["grads"]["h0"] + 1e-3',
            "dh_next: enters window 1 and is not zero: it is no input, target or state;",
        ),
    ],
)  # fmt: skip
def test_each_fault_alone_is_named(looping: Callable[..., Brought], old: str, new: str, found: str) -> None:
    texts = told(looping(old, new))
    assert texts[0].startswith(found)
    assert len(texts) == (2 if "shape" in found else 1)  # a window that is too short has too few targets too


@pytest.mark.parametrize("left", ["dh_next[0]", "dh_end"])
def test_adjoints_that_only_a_trace_has(looping: Callable[..., Brought], left: str) -> None:
    """Where the gradients of the first states are not returned: with time first, or those of the first step alone."""
    name, _, step = left.partition("[")
    traced = {"dh_next": 'grads["h0"][None].repeat(7, 0)', "dh_end": 'grads["h0"]'}[name]
    kept = f'trace["{name}"] = {traced}\n    del grads["h0"], grads["c0"]\n    return loss, grads, trace'
    source = (C2 / "loop_mended.py").read_text().replace("return loss, grads, trace", kept)
    fed = STATES + f'\n        data["more"] = left["trace"]["{name}"]' + ("[0]" if step else "")
    (text_,) = told(looping(STATES, fed, source=source))
    of = " of the first step" if step else ""
    assert text_.startswith(f"more: enters window 1 and is not zero: it is the {name}{of} that window 0 left; ")


@pytest.mark.parametrize(
    ("new", "message"),
    [
        ('"h0": None, "inputs": text[:-1]', "h0: feed gave a NoneType, needs floats of shape (5, 1)"),
        ('"h0": [[1], [1, 2]], "inputs": text[:-1]', "h0: feed gave a list, needs floats of shape (5, 1)"),
        ('"h0": "zero", "inputs": text[:-1]', "h0: feed gave a str, needs floats of shape (5, 1)"),
        (
            '"inputs": list(range(120, 120 + steps))',
            "inputs: got 120 at position 0 of window 0, the text has 120 symbols",
        ),
        ('"h0": [[1.0]], "inputs": text[:-1]', "h0: feed gave shape (1, 1), needs floats of shape (5, 1)"),
    ],
)
def test_data_that_no_window_can_be_fed(looping: Callable[..., Brought], new: str, message: str) -> None:
    hand = looping(INPUTS, new)
    with pytest.raises(BadInput) as raised:
        train(hand.setting, hand, 2)
    assert str(raised.value).startswith("candidate my.py: fails in the first update: " + message)


def test_fewer_symbols_than_position_numbers(tmp_path: Path) -> None:
    """Of a text with fewer than 100 symbols, position numbers are no indices: the error that its readers met."""
    (tmp_path / "few.txt").write_text("abcdefghijklmnopqrstuvwxyz\n" * 40)
    with Brought(C2 / "loop.py", text(hidden=5, data=tmp_path / "few.txt")) as hand, pytest.raises(BadInput) as raised:
        train(hand.setting, hand, 2)
    assert str(raised.value) == (
        "candidate loop.py: fails in the first update: inputs: got 27 at position 27 of window 0, the text has 27 "
        "symbols: allowed 0 to 26; position numbers instead of characters?"
    )


def test_a_loop_that_fails_later_is_no_bad_input(looping: Callable[..., Brought]) -> None:
    setting = text(hidden=5)
    hand = looping(STATES, 'data["inputs"] = text + 300', setting=setting)
    hand({**setting.params, **setting.batch(0)})
    with pytest.raises(CandidateFailed, match=r"inputs: got 3.. at position 0 of window 1, the text has 120 symbols"):
        hand({**setting.params, **setting.batch(1)})


def test_a_loop_needs_a_text(tmp_path: Path) -> None:
    source = (C2.parent / "building-blocks" / "names.py").read_text()
    (tmp_path / "names.py").write_text(source + "\n\ndef feed(codes, start, steps, left): return {}\n")
    (setting,) = get("names").settings(Options())
    with pytest.raises(BadInput) as raised:
        Brought(tmp_path / "names.py", setting)
    assert str(raised.value).startswith(
        "candidate names.py: has a training loop of its own (feed), which reads a text,"
    )


def losses(log: Log) -> np.ndarray:
    return log.series()[0].values  # per character


def test_as_published_it_is_not_finite_after_a_handful_of_windows() -> None:
    """Unclipped, 100 cells, windows of 100, rate 0.1; and both faults of its loop are named."""
    setting = text(clip=0.0)
    with Brought(C2 / "loop.py", setting) as hand, np.errstate(over="ignore", invalid="ignore"):
        log = train(hand.setting, hand, 20)
        assert log.stuck is not None
        assert log.done <= 5
        found = {finding.arrays[0]: finding.text for finding in hand.findings}
    assert found.keys() == {"inputs", "dh_next", "dc_next"}
    assert "position numbers instead of characters" in found["inputs"]
    assert all("that window 0 left" in found[name] for name in ("dh_next", "dc_next"))


def test_mended_and_clipped_outside_it_stays_finite_and_learns() -> None:
    setting = text()
    assert setting.clip.elementwise == 5
    with Brought(C2 / "loop_mended.py", setting) as hand:
        log = train(hand.setting, hand, 60)
        assert hand.findings == ()
    assert log.done == 60
    assert losses(log)[-10:].mean() < losses(log)[:10].mean() - 0.5
