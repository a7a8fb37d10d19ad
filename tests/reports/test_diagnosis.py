"""A diagnosis is told in its order, at a glance, in any encoding, and is never markup."""

from __future__ import annotations

import io
import re
import unicodedata
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from harness.diagnosed import Diagnosis, Equation, Example, Fault, Place, Status
from harness.run import Run, joined
from reports import as_csv, as_markdown, diagnosis, terminal

#: One text of each part, in the order in which they are told.
ORDER = (
    "diagnosis: the recurrent adjoint never arrives", "theano_question.py:63", "equations: ✓ holds",
    "dh_next = da W_hh",
    "1*h: dh reads da of its own step", "where da goes wrong", "smallest counterexample: T=2 B=1 D=1 H=1 K=1",
    "gradient of Wxh = 0.1979", "in line 63 read da[t + 1]", "2*H was not seen", "black box, 41 calls",
)  # fmt: skip


class Tty(io.StringIO):
    """A file that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def printed(told: Diagnosis, encoding: str = "utf-8") -> str:
    """What a log gets."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict", write_through=True)
    terminal.print_diagnosis(told, Console(file=file))
    file.seek(0)
    return file.read()


def shown(told: Diagnosis, width: int, colours: bool) -> str:
    """What a terminal gets."""
    file = Tty()
    system = "truecolor" if colours else None
    terminal.print_diagnosis(told, Console(file=file, width=width, color_system=system))  # type: ignore[arg-type]
    return file.getvalue()


def words_of(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture
def told(diagnosed: Run) -> Diagnosis:
    assert diagnosed.diagnosis is not None
    return diagnosed.diagnosis


def test_everything_is_told_in_its_order(told: Diagnosis, diagnosed: Run) -> None:
    marked = re.sub(r"\\(?=[\W_])", "", as_markdown.render(diagnosed))
    for text in (printed(told), shown(told, 100, colours=False), marked):
        at = [text.index(words) for words in ORDER]
        assert at == sorted(at)


def test_plain_is_what_a_log_gets(told: Diagnosis, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = printed(told)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert terminal.plain_diagnosis(told) == expected


def test_it_follows_the_tables_and_the_command(diagnosed: Run, c1: Run) -> None:
    text = terminal.plain(diagnosed)
    assert text.startswith(terminal.plain(c1))
    assert words_of(text).endswith(words_of(printed(diagnosed.diagnosis)))  # type: ignore[arg-type]
    assert "diagnosis" not in terminal.plain(c1)
    assert "diagnosis" not in as_markdown.render(c1)
    assert as_csv.render(diagnosed) == as_csv.render(c1)


def test_a_place_has_its_line_and_what_it_should_hold(told: Diagnosis) -> None:
    text = printed(told)
    assert re.search(r"^confirmed  theano_question\.py:63  dh\[t\] \+= da\[t\] @ Whh\.T *$", text, re.MULTILINE)
    assert "da[t] holds da of step t, which is still zero, should hold da of step t + 1, at t = 3 … 0" in words_of(text)
    assert "not localised" not in text


def test_what_is_missing_is_an_input_that_should_be_something_else(told: Diagnosis) -> None:
    place = Place("input", "mine.py", 7, "dc", "dc = dh * o", "every step", "zero", "dc ⊙ f of step t + 1")
    text = words_of(printed(replace(told, places=(place,))))
    assert "input mine.py:7 dc = dh * o what it reads as dc should be dc ⊙ f of step t + 1, at every step it is" in text
    silent = [line for _, line in diagnosis.places(replace(told, places=(replace(place, holds="", step=""),)))]
    assert silent[1:] == ["  what it reads as dc should be dc ⊙ f of step t + 1"]


def test_of_many_suspects_five_are_told(told: Diagnosis) -> None:
    suspect = told.places[1]
    many = (*(replace(suspect, line=100 + n) for n in range(7)), told.places[0])
    text = printed(replace(told, places=many))
    assert re.findall(r"theano_question\.py:(\d+)", text) == ["63", "100", "101", "102", "103", "104"]
    assert "and 2 more" in text
    assert "more" not in printed(replace(told, places=many[2:]))


def test_not_localised_is_said(told: Diagnosis) -> None:
    alone = printed(replace(told, places=(), localised=False))
    assert re.search(r"^place +not localised *$", alone, re.MULTILINE)
    beside = printed(replace(told, places=told.places[1:], localised=False))
    assert "not localised; no place turns every output right by itself" in beside
    assert "suspect    theano_question.py:64" in beside


@pytest.mark.parametrize(
    ("encoding", "marks"), [("utf-8", "✓✗~·"), ("ascii", "+X~."), ("latin-1", "+X~·"), ("cp437", "+X~·")]
)
def test_every_equation_has_its_mark(told: Diagnosis, encoding: str, marks: str) -> None:
    text = printed(told, encoding)
    by_status: dict[Status, str] = dict(zip(("holds", "broken", "alternative", "untested"), marks, strict=True))
    for equation in told.equations:
        assert re.search(rf"^{re.escape(by_status[equation.status])} +{re.escape(equation.tag)} ", text, re.MULTILINE)
    assert f"{marks[0]} holds, {marks[1]} broken, {marks[2]} one of several that cannot be told apart" in text


def test_only_marks_that_occur_are_explained(told: Diagnosis) -> None:
    sound = tuple(one for one in told.equations if one.status == "holds")
    assert diagnosis.legend(sound) == "equations: ✓ holds"


def test_an_error_stands_where_something_is_broken(told: Diagnosis) -> None:
    by_tag = {one.tag: diagnosis.cells(one) for one in told.equations}
    assert by_tag["1*h"] == ("✗", "1*h", "dh_next = da W_hh", "1.000", "steps 0–3, gate a")
    assert by_tag["2*h"] == ("~", "2*h", "dh = G_t + dh_next", "0.9312", "steps 0–3, this or 1*h")
    holding = replace(told.equations[0], where="every step")
    assert diagnosis.cells(holding)[3:] == ("", "")  # rounding, which says nothing
    unmeasured = Equation("4", "c", "c", "broken", ("4",))
    assert diagnosis.cells(unmeasured)[3:] == ("", "")


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        (Fault(("4*i", "2*i"), "di is doubled", "2 dc ⊙ g; use dc ⊙ g", "constant ratio 2", "lstm/4*i/scale"),
         ["4*i or 2*i: di is doubled", "  2 dc ⊙ g; use dc ⊙ g",
          "  pattern: constant ratio 2; behaves like the planted fault lstm/4*i/scale"]),
        (Fault(("3*",), "wrong", "this"), ["3*: wrong", "  this"]),
        (Fault(("3*",), "wrong"), ["3*: wrong", "  neither a pattern nor a planted fault that we know"]),
    ],
)  # fmt: skip
def test_a_fault_in_words(told: Diagnosis, fault: Fault, said: list[str]) -> None:
    assert [line for _, line in diagnosis.faults(replace(told, faults=(fault,)))] == said


def test_a_counterexample_says_what_is_expected_and_what_was_obtained(told: Diagnosis) -> None:
    text = words_of(printed(told))
    assert "goes in x (2×1) = [1 0] Wxh = 1 Whh = 1 bhh = 0.5" in text
    assert "between a (2×1) = [1.5 1.405] h (2×1) = [0.9051 0.8865] loss = 0.8026" in text
    assert "expected gradient of Wxh = 0.1979 obtained gradient of Wxh = 0.1636" in text


def test_parts_that_are_not_there_leave_no_headings(told: Diagnosis) -> None:
    bare = Diagnosis("nothing is known but that it differs")
    lines = [words_of(line) for line in printed(bare).splitlines() if line.strip()]
    assert lines == ["diagnosis: nothing is known but that it differs", "place not localised"]
    assert "equation" not in as_markdown.render(replace_run(bare))


def replace_run(told: Diagnosis) -> Run:
    return Run("", "", "", {}, "", (), diagnosis=told)


@pytest.mark.parametrize("width", [40, 80, 100])
def test_it_fits_the_terminal_and_loses_nothing(told: Diagnosis, width: int) -> None:
    text = shown(told, width, colours=False)
    assert max(map(len, text.splitlines())) <= width
    if width > 40:  # where the columns of a table do not fold
        squeezed = "".join(text.split())
        assert all("".join(words.split()) in squeezed for words in ORDER)


def test_the_map_has_colours_only_where_there_are_some(told: Diagnosis) -> None:
    assert "a  ████▓▓▒▒··" in shown(told, 100, colours=False)
    assert "a  ####xx++.." in printed(told, "ascii")
    coloured = shown(told, 100, colours=True)
    assert "\x1b[1;31m█" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == shown(told, 100, colours=False)


def test_text_of_a_candidate_is_never_markup_nor_control(hostile: Run) -> None:
    assert hostile.diagnosis is not None
    text = printed(hostile.diagnosis)
    assert text.count("[bold]x[/bold]<script>alert(1)</script>") >= 20
    assert not {c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs"}} - {"\n"}
    for encoding in ("ascii", "cp1252"):
        printed(hostile.diagnosis, encoding).encode(encoding)


def test_the_offer_is_one_line_however_long() -> None:
    file = Tty()
    command = f"python -m harness compare --candidate {'long/' * 60}file.py --diagnose"
    terminal.print_offer(command, Console(file=file, width=80, color_system=None))
    assert file.getvalue() == f"diagnose   {command}\n"


def test_of_several_runs_the_first_diagnosis_is_kept(c1: Run, diagnosed: Run, told: Diagnosis) -> None:
    other = replace(diagnosed, diagnosis=replace(told, sentence="another"))
    assert joined([c1, diagnosed, other], "all").diagnosis is told
    assert joined([c1, c1], "all").diagnosis is None


def test_a_counterexample_without_sizes_has_a_title() -> None:
    """Without a layout nothing says which axes there are."""
    assert diagnosis.example_title(Example({}, {}, "W", np.ones(1), np.zeros(1), {}, "")) == "smallest counterexample"
