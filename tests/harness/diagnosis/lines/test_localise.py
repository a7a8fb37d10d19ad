"""The line is found in the casebook and in programs of three styles; right candidates are never accused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmarks import programs
from harness import brought, casebook
from harness.candidates.process import Process
from harness.diagnosed import Place
from harness.diagnosis.lines.localise import Localised, localise
from harness.options import Options

BOOK = Path(casebook.__file__).parent


def _localised(path: Path, seconds: float = 10.0) -> Localised:
    with Process(str(path)) as process:
        laid = brought.bring(process, Options()).laid
        assert laid is not None
        return localise(laid, seconds=seconds)


@pytest.fixture
def changed(tmp_path: Path) -> Callable[..., Path]:
    """A copy of a program with a text, found once, replaced."""

    def made(path: Path, *replacements: tuple[str, str]) -> Path:
        source = path.read_text(encoding="utf-8")
        for text, other in replacements:
            assert source.count(text) == 1, text
            source = source.replace(text, other)
        copy = tmp_path / path.name
        copy.write_text(source, encoding="utf-8")
        return copy

    return made


def test_the_recurrent_adjoint_that_never_arrives() -> None:
    found = _localised(BOOK / "theano-versus-python" / "broken.py")
    assert found.confirmed
    assert found.places == (
        Place("confirmed", "broken.py", 65, "da[t]", 'dh[t] += da[t] @ params["Whh"].T', "every step but the last",
              "zero", "da of step t + 1"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("stem", "lines"),
    [
        ("fault_1", [("program.py", 70)]),  # one line, for three gates
        ("fault_2", [("program.py", 75)]),
        ("fault_8", [("program.py", 95)]),
        ("fault_9", [("program.py", 98), ("program.py", 101)]),  # on a case with large adjoints
        ("guide_row_0", [("guide.py", 86)]),  # the call: the function is right where it is called for c
        ("guide_squared", [("guide.py", 83)]),
    ],
)
def test_faults_of_the_nan_lstm(stem: str, lines: list[tuple[str, int]]) -> None:
    found = _localised(BOOK / "nan-lstm" / f"{stem}.py")
    assert found.confirmed
    assert [(place.file, place.line) for place in found.places] == lines
    assert {place.certainty for place in found.places} == {"confirmed"}


@pytest.mark.parametrize("stem", ["published", "fault_4"])
def test_where_forward_departs_nothing_is_accused(stem: str) -> None:
    found = _localised(BOOK / "nan-lstm" / f"{stem}.py")
    assert (found.places, found.confirmed) == ((), False)
    assert "forward departs" in found.notes[0]


def test_a_loss_term_after_another_is_out_of_reach_and_says_so() -> None:
    found = _localised(BOOK / "gradient-check-lstm" / "broken.py", seconds=1.5)
    assert not found.confirmed
    assert 0 < len(found.places) <= 5
    assert {place.certainty for place in found.places} == {"suspect"}


@pytest.mark.parametrize("name", ["rnn_per_step", "lstm_vectorised", "lstm_object_oriented"])
def test_right_programs_are_not_accused(name: str) -> None:
    found = _localised(programs.program(name))
    assert (found.places, found.confirmed) == ((), False)


@pytest.mark.parametrize("entry", ["theano-versus-python", "lstm-without-tanh"])
def test_right_candidates_of_the_casebook_are_not_accused(entry: str) -> None:
    assert _localised(BOOK / entry / "right.py").places == ()


@pytest.mark.parametrize(
    "name",
    [
        "lstm_per_step/do-without-tanh",
        "lstm_per_step/dhnext-subtracted",
        "lstm_vectorised/dout-alone",
        "rnn_per_step/slope-of-the-state-before",
        "rnn_vectorised/target-doubled",
        "rnn_object_oriented/slope-missing",
        "lstm_object_oriented/forget-without-cell",
    ],
)
def test_a_fault_in_every_style(name: str, tmp_path: Path) -> None:
    program = name.partition("/")[0]
    fault = next(fault for fault in programs.faults(program) if fault.name == name)
    path = tmp_path / "program.py"
    path.write_text(fault.source, encoding="utf-8")
    found = _localised(path)
    assert found.confirmed
    assert {place.line for place in found.places if place.certainty == "confirmed"} & fault.lines


def test_two_faults_are_mended_one_after_the_other(changed: Callable[..., Path]) -> None:
    path = changed(
        programs.program("lstm_per_step"),
        ("di = dC * Cbars[t]", "di = dC * fs[t]"),
        ("do = dh * np.tanh(Cs[t])", "do = dh * Cs[t]"),
    )
    found = _localised(path)
    source = path.read_text(encoding="utf-8").splitlines()
    assert found.confirmed
    assert {source[place.line - 1].strip() for place in found.places} == {"di = dC * fs[t]", "do = dh * Cs[t]"}


def test_what_is_put_under_a_wrong_key_is_named_beside_what_reads_it(changed: Callable[..., Path]) -> None:
    """Under "i" stands what is right under "g", so that by its value alone it is sound."""
    gate = "        di_raw = di * is_[t] * (1 - is_[t])\n"
    kept = '        bars = {"g": dCbar,\n                "i": dC * is_[t]}\n'
    shared = '        raw = {k: bars[k] * (v * (1 - v) if k == "i" else 1 - v * v)\n'
    shared += '               for k, v in (("i", is_[t]), ("g", Cbars[t]))}\n        di_raw = raw["i"]\n'
    found = _localised(changed(programs.program("lstm_per_step"), (gate, kept + shared)))
    assert found.confirmed
    assert '"i": dC * is_[t]}' in {place.source for place in found.places if place.certainty == "confirmed"}


def test_a_missing_statement_is_told_by_what_reads_it(changed: Callable[..., Path]) -> None:
    found = _localised(changed(programs.program("lstm_per_step"), ("        dCnext = dC * fs[t]\n", "")))
    assert found.confirmed
    [place] = [place for place in found.places if "dCnext" in place.source and "copy" in place.source]
    assert (place.holds, place.should) == ("zero", "dc_next of step t + 1")


def test_what_answers_differently_every_time_is_not_accused(changed: Callable[..., Path]) -> None:
    text, other = "    return grad_s * (1 - s * s)", "    return grad_s * np.random.default_rng().random()"
    found = _localised(changed(programs.program("rnn_per_step"), (text, other)))
    assert (found.places, found.confirmed) == ((), False)
    assert "answers differently" in found.notes[0]


def test_not_finite_is_not_answering_differently(changed: Callable[..., Path]) -> None:
    text, other = "    return grad_s * (1 - s * s)", "    return np.where(grad_s > 0, np.nan, grad_s) * (1 - s * s)"
    found = _localised(changed(programs.program("rnn_per_step"), (text, other)))
    assert found.places
    assert not any("answers differently" in note for note in found.notes)


def test_a_candidate_that_crashes_is_told_in_a_note(changed: Callable[..., Path]) -> None:
    path = changed(programs.program("rnn_per_step"), ("    return grad_s * (1 - s * s)", "    raise ValueError('no')"))
    found = _localised(path)
    assert (found.places, found.confirmed) == ((), False)
    assert "ValueError: no" in found.notes[0]
