"""Localisation is scored by what is true; its table says what hand-made places say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from benchmarks import lines, programs
from benchmarks.programs import Fault
from benchmarks.programs.scoring import Score, score, shares, table
from harness.diagnosed import Certainty, Place
from harness.diagnosis.lines.localise import Localised
from harness.laid import Laid

#: "dCbar = dC * Cbars[t]" in place of "dCbar = dC * is_[t]"
FAULT = next(one for one in programs.faults("lstm_per_step") if one.id == "dCbar-by-the-candidate")
MISSING = next(one for one in programs.faults("lstm_per_step") if one.id == "dhnext-not-added")
SEVERAL = next(one for one in programs.faults("lstm_object_oriented") if one.id == "c0-is-h0")


def _line(fault: Fault, text: str) -> int:
    (line,) = [number for number, words in enumerate(fault.source.splitlines(), 1) if text in words]
    return line


def _place(line: int, certainty: Certainty = "confirmed", file: str = "/somewhere/program.py") -> Place:
    return Place(certainty, file, line, "dCbar", "", "every step", "no right quantity", "dg")


WRONG = _line(FAULT, "dCbar = dC")
PRODUCER = _line(FAULT, "dC += dh")
ELSEWHERE = _line(FAULT, "dhnext = dz[:H]")


@pytest.mark.parametrize(
    ("places", "confirmed", "expected"),
    [
        ([_place(WRONG)], True, (True, True, True)),
        ([_place(ELSEWHERE), _place(WRONG, "input")], True, (True, True, True)),
        ([_place(WRONG)], False, (False, False, True)),
        ([_place(ELSEWHERE)], True, (True, False, False)),
        ([_place(ELSEWHERE), _place(WRONG, "suspect")], True, (True, False, True)),
        ([_place(PRODUCER)], True, (True, False, True)),
        ([_place(PRODUCER, "suspect")], False, (False, False, True)),
        ([_place(WRONG, "suspect")], False, (False, False, True)),
        ([_place(WRONG, file="/somewhere/else.py")], True, (True, False, False)),
        ([], False, (False, False, False)),
    ],
)
def test_a_place_counts_by_its_line_and_by_how_sure_it_is(
    places: list[Place], confirmed: bool, expected: tuple[bool, bool, bool]
) -> None:
    found = score(FAULT, places, confirmed, 1.0)
    assert (found.confirmed, found.culprit, found.named) == expected


def test_any_line_of_a_statement_is_its_line() -> None:
    last = _line(SEVERAL, '"c0": lstm.d_hidden')
    first = _line(SEVERAL, '"lstm.W_x": lstm.from_x.grad_W') - 1
    assert score(SEVERAL, [_place(first)], True, 1.0).culprit
    assert score(SEVERAL, [_place(last)], True, 1.0).culprit
    assert not score(SEVERAL, [_place(first - 1)], True, 1.0).culprit


def test_a_missing_statement_is_found_at_either_side_of_the_gap() -> None:
    for text in ('dh = np.dot(p["Wy"].T, dy)', "do = dh * np.tanh(Cs[t])", "dC += dh * os_[t]"):
        assert score(MISSING, [_place(_line(MISSING, text), "input")], True, 1.0).culprit
    assert not score(MISSING, [_place(_line(MISSING, "dhnext = dz[:H]"))], True, 1.0).culprit


@pytest.fixture
def scores() -> list[Score]:
    """Made by hand."""
    beyond = next(one for one in programs.faults("rnn_vectorised") if one.beyond)
    return [
        Score(FAULT, True, True, True, 1.0),
        Score(replace(FAULT, kind="sign"), True, False, True, 2.0),
        Score(MISSING, False, False, True, 3.0),
        Score(beyond, False, False, False, 10.0),
    ]


def test_the_shares_are_of_all_but_the_culprit_s_which_is_of_the_confirmed(scores: list[Score]) -> None:
    assert shares(scores) == ("50.0 %", "50.0 %", "75.0 %")
    assert shares(scores[2:]) == ("0 %", "–", "50.0 %")


def test_the_table_tells_styles_and_kinds_apart(scores: list[Score]) -> None:
    text = table(scores)
    assert "| all | 4 | 50.0 % | 50.0 % | 75.0 % | 2.5 |" in text
    assert "| per step | 3 | 66.7 % | 50.0 % | 100 % | 2 |" in text
    assert "| vectorised | 1 | 0 % | – | 0 % | 10 |" in text
    assert "| kinds of the bank | 3 | 66.7 % | 50.0 % | 100 % | 2 |" in text
    assert "| beyond the bank | 1 | 0 % | – | 0 % | 10 |" in text
    assert "| · sign | 1 | 100 % | 0 % | 100 % | 2 |" in text
    assert "| a statement is missing | 1 | 0 % | – | 100 % | 3 |" in text
    assert len({line.count("|") for line in text}) == 1


def test_a_share_of_one_hundred_is_all() -> None:
    many = [Score(FAULT, True, True, True, 1.0)] * 1999 + [Score(FAULT, True, False, True, 1.0)]
    assert shares(many) == ("100 %", "99.9 %", "100 %")


def test_so_many_faults_are_spread_over_all() -> None:
    faults = programs.faults("lstm_per_step")
    assert lines.spread(faults, None) == list(faults) == lines.spread(faults, 1000)
    chosen = lines.spread(faults, 4)
    assert len(chosen) == 4 and chosen[0] == faults[0]
    assert faults.index(chosen[-1]) >= len(faults) // 2


def _saying(at: Callable[[str], int]) -> Callable[..., Localised]:
    """A localisation that confirms one line of every candidate, 0 for none of a right one."""
    right = {programs.program(name).read_text(encoding="utf-8") for name in programs.names()}

    def localise(laid: Laid, progress: object, seconds: float) -> Localised:
        source = laid.process.target.path.read_text(encoding="utf-8")
        line = 0 if source in right else at(source)
        return Localised((_place(line),) if line else (), bool(line), ("a note",), 1)

    return localise


def _never(*given: object) -> None:
    raise AssertionError("a page is written by a run over everything only")


def test_what_is_found_is_counted_and_what_is_not_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lines.pages, "insert", _never)
    known = {fault.source: min(fault.lines) for fault in programs.faults("rnn_per_step")}
    monkeypatch.setattr(lines, "localise", _saying(known.__getitem__))
    assert lines.main(["--programs", "rnn_per_step", "--limit", "3"]) == 0
    shown = capsys.readouterr().out
    assert "Tuned on: 3 wrong lines in 1 programs" in shown and "Right programs accused: 0." in shown
    assert "| all | 3 | 100 % | 100 % | 100 % |" in shown and "a note" not in shown

    monkeypatch.setattr(lines, "localise", _saying(lambda source: 1))
    assert lines.main(["--programs", "rnn_per_step", "--limit", "3"]) == 0
    shown = capsys.readouterr().out
    assert "| all | 3 | 100 % | 0 % | 0 % |" in shown
    assert shown.count("confirmed elsewhere") == 3 and shown.count("a note") == 3


def test_what_was_held_out_is_told_apart(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    known = {fault.source: min(fault.lines) for fault in programs.faults("rnn_per_step")}
    monkeypatch.setattr(lines, "localise", _saying(lambda source: known.get(source, 1)))
    assert lines.main(["--programs", "rnn_per_step", *programs.HELD_OUT, "--limit", "2"]) == 0
    shown = capsys.readouterr().out
    tuned, held = shown.index("Tuned on: 2 wrong lines in 1 programs"), shown.index("Held out, ")
    assert tuned < held and "4 wrong lines in 2 programs" in shown[held:]
    tables = shown[shown.index("Right programs accused: 0.") :].split("Held out, ")
    assert "| all | 2 | 100 % | 100 % | 100 % |" in tables[0] and "pullbacks" not in tables[0]
    assert "| all | 4 | 100 % | 0 % | 0 % |" in tables[1] and "| per step |" not in tables[1]

    lines.main(["--programs", "rnn_pullbacks", "--limit", "1"])
    assert "Tuned on" not in capsys.readouterr().out


def test_a_right_program_that_is_accused_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(lines, "localise", lambda *given: Localised((_place(ELSEWHERE),), True, (), 1))
    assert lines.main(["--programs", "rnn_per_step", "--limit", "1"]) == 1
    assert f"Right programs accused: 1 (rnn_per_step: {ELSEWHERE})." in capsys.readouterr().out
