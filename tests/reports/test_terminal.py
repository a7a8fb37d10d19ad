"""The terminal answers at a glance, in a hundred columns, in any encoding, whatever a candidate is called."""

from __future__ import annotations

import io
import unicodedata
from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest
from rich.console import Console

from harness.run import VERDICTS, Finding, Participant, Row, Run
from reports import terminal, words


def printed(run: Run, encoding: str = "utf-8", verbose: bool = False) -> str:
    """What a log gets, in ``encoding``, which takes no character that it has not."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=encoding, errors="strict", write_through=True)
    terminal.print_run(run, Console(file=file), verbose=verbose)
    file.seek(0)
    return file.read()


class Tty(io.StringIO):
    """A file that says it is a terminal."""

    def isatty(self) -> bool:
        """Say so."""
        return True


def shown(run: Run) -> str:
    """What a terminal of a hundred columns gets."""
    file = Tty()
    terminal.print_run(run, Console(file=file, width=100, force_terminal=True, color_system="truecolor"))
    return file.getvalue()


def uncoloured(run: Run, width: int) -> str:
    """What a terminal of ``width`` columns without colours gets."""
    file = Tty()
    terminal.print_run(run, Console(file=file, width=width, color_system=None))
    return file.getvalue()


def line_of(text: str, start: str) -> str:
    """The one line that starts so."""
    (line,) = [line for line in text.splitlines() if line.startswith(start)]
    return " ".join(line.split())


def test_the_question_of_2014_is_answered_at_a_glance(c1: Run) -> None:
    text = printed(c1)
    first, second, *_ = text.splitlines()
    assert first.startswith("✗ differ: the recurrent adjoint never arrives")
    assert second.startswith("forward agrees: loss, h · 8 of 20 comparisons agree (40.0 %)")
    assert line_of(text, "Who") == "Who -4.6e-16 3.1e-15 4.4e-16 3, 2 2.2e-16 2.1 0.31 ✓ agree extended"
    assert line_of(text, "Whh") == "Whh +0.1205 3.417 0.4316 2, 6 0.7412 6.7e+15 1.9e+14 ✗ differ extended"
    assert line_of(text, "Wxh").startswith("Wxh -0.3326 5.021")
    assert "✗ Wxh: rows 0–3 differ, row 4 agrees; worst at 0, 3: -0.1187, extended has 0.3129" in text
    assert "extended (truth), torch, jax, torch-nn" in text
    assert line_of(text, "not run") == "not run tensorflow: not installed"
    assert line_of(text, "finding").startswith("finding blind: h0 = 0")
    assert c1.judgements[0].case.fingerprint in text
    assert line_of(text, "repeat") == f"repeat {c1.command}"


def test_one_row_per_array_and_every_reference_when_verbose(c1: Run) -> None:
    assert sum(line.startswith("Wxh") for line in printed(c1).splitlines()) == 1
    rows = [line.split()[-1] for line in printed(c1, verbose=True).splitlines() if line.startswith("Wxh")]
    assert rows == ["extended", "torch", "jax", "torch-nn"]


def test_the_widest_realistic_table_fits_without_folding(a_row: Row, of_rows: Callable[..., Run]) -> None:
    widest = replace(
        a_row, array="W_ih", reference="central-difference", total=-1.3e-101, total_abs=1.3e-101, max_abs=1.3e-101,
        at_words="f 255, 511", relative=1.3e-101, ulp=6.7e15, ratio=1.9e14, verdict="inconclusive",
    )  # fmt: skip
    for run in (of_rows(widest), of_rows(widest, forward=(widest,))):
        text = printed(run)
        assert max(map(len, text.splitlines())) <= terminal.WIDTH
        for line in text.splitlines():
            if line.startswith("W_ih"):
                assert "f 255, 511" in line
                assert line.rstrip().endswith("? inconclusive central-difference")
        assert "…" not in text


def test_a_table_that_does_not_fit_is_neither_folded_nor_cut_in_a_log(a_row: Row, of_rows: Callable[..., Run]) -> None:
    name = "encoder.layers.0.recurrent.weight_hidden_to_hidden_of_the_forget_gate"
    text = printed(of_rows(replace(a_row, array=name, verdict="differ")))
    assert line_of(text, name).endswith("✗ differ extended")


def test_a_narrow_terminal_loses_no_character(c1: Run) -> None:
    def characters(width: int) -> Counter[str]:
        return Counter("".join(uncoloured(c1, width).split()).replace("─", ""))

    assert max(map(len, uncoloured(c1, 40).splitlines())) <= max(40, len(f"repeat     {c1.command}"))
    assert characters(40) == characters(100)
    assert all(number in uncoloured(c1, 80) for number in ("-4.6e-16", "+0.1205", "-0.3326", "6.7e+15", "1.9e+14"))


def test_forward_that_differs_comes_before_the_gradients(a_row: Row, of_rows: Callable[..., Run]) -> None:
    departing = replace(a_row, array="h_seq", verdict="differ", words=("steps 3–4 differ",))
    run = of_rows(a_row, forward=(replace(a_row, array="loss"), departing), verdict="differ")
    text = printed(run)
    assert text.splitlines()[1].startswith("forward does not agree: h_seq")
    assert text.index("\nh_seq") < text.index("\nW_hh")
    assert "✗ h_seq: steps 3–4 differ; worst at a 3, 2: 0.2500, extended has 0.2500" in text


def test_a_loss_differs_at_no_index(a_row: Row, of_rows: Callable[..., Run]) -> None:
    loss = replace(a_row, array="loss", shape=(), axes=(), at=(), at_words="", expected=0.5, verdict="differ")
    assert "✗ loss: 0.2500, extended has 0.5000" in printed(of_rows(a_row, forward=(loss,), verdict="differ"))


def test_forward_that_agrees_takes_one_line(c1: Run) -> None:
    assert not [line for line in printed(c1).splitlines() if line.startswith("loss")]


def test_each_verdict_has_its_mark(a_row: Row, of_rows: Callable[..., Run]) -> None:
    for verdict, mark in zip(VERDICTS, ("✓ agree", "? inconclusive", "✗ differ", "! error"), strict=True):
        assert mark in line_of(printed(of_rows(replace(a_row, verdict=verdict))), "W_hh")


def test_nothing_to_judge_is_no_success(a_row: Row, of_rows: Callable[..., Run]) -> None:
    line = line_of(printed(of_rows(replace(a_row, vacuous=True))), "W_hh")
    assert "– vacuous" in line
    assert "✓" not in line
    assert "✗ differ" in line_of(printed(of_rows(replace(a_row, vacuous=True, verdict="differ"))), "W_hh")


def test_a_reference_that_contradicts_truth_is_named(inconclusive: Run) -> None:
    assert "jax (contradicts truth: error ÷ budget 3.40)" in printed(inconclusive)


def test_a_candidate_that_failed_says_why(failed: Run) -> None:
    text = printed(failed)
    assert text.startswith("! error: the candidate failed.")
    assert "no gradient was compared" in text
    assert "theano_question.py (candidate): ValueError: shapes (5,8) and (5,) not aligned" in text
    assert "judged by  no reference" in text


def test_a_run_of_nothing_does_not_agree(empty: Run) -> None:
    text = printed(empty)
    assert text.startswith("? nothing was judged")
    assert "✓" not in text


def test_several_take_a_line_each_and_the_worst_is_shown_in_full(several: Run) -> None:
    text = printed(several)
    assert text.startswith("✗ differ: 4 cases (1 differ, 3 agree); the worst is shown in full below\n")
    lines = [line for line in text.splitlines() if "12/12" in line or "8/20" in line]
    assert [line.split()[0] for line in lines] == ["✓", "✓", "✗", "✓"]
    assert [f"seed {seed}" in line for seed, line in enumerate(lines)] == [True] * 4
    assert text.count("error ÷") == 1 + text.count(words.LEGEND) == 2
    assert text.index("rnn · float64 · seed 2\n") < text.index("the recurrent adjoint never arrives")


def test_several_are_all_shown_in_full_when_verbose(several: Run) -> None:
    text = printed(several, verbose=True)
    assert "each is shown in full below" in text
    assert text.count(words.LEGEND) == 4


def test_of_two_that_differ_the_one_with_the_worst_error_is_shown(several: Run) -> None:
    first, *_, third, last = several.judgements
    worse = replace(third.rows[2], ratio=float("nan"))
    judged = replace(last, rows=(worse,), verdict="differ", reason="this one is worse.")
    assert "this one is worse." in printed(replace(several, judgements=(first, third, judged)))


def test_a_command_is_never_broken(c1: Run) -> None:
    command = f"python -m harness compare --candidate {'long/' * 60}file.py"
    assert f"repeat     {command}\n" in printed(replace(c1, command=command))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437", "utf-8"])
@pytest.mark.parametrize("verbose", [False, True])
def test_any_encoding_takes_any_run(any_run: Run, encoding: str, verbose: bool) -> None:
    text = printed(any_run, encoding, verbose)  # a strict encoder raises where a character is left that it lacks
    assert text.strip()
    text.encode(encoding)


def test_ascii_equivalents_keep_their_meaning(c1: Run) -> None:
    text = printed(c1, "ascii")
    assert text.startswith("X differ: ")
    assert "D = candidate - reference. Rounding explains an error / budget of up to 1." in text
    headings = next(line for line in text.splitlines() if line.startswith("array"))
    assert headings.split() == ["array", "sum", "D", "sum|D|", "max|D|", "at", "relative", "ulp", "budget", "verdict",
                                "against"]  # fmt: skip
    assert "+ agree" in line_of(text, "Who")
    assert "X Wxh: rows 0-3 differ, row 4 agrees" in text


def test_ascii_tables_are_as_wide_as_others(c1: Run) -> None:
    table = [[line.rstrip() for line in printed(c1, encoding).splitlines()[4:12]] for encoding in ("utf-8", "ascii")]
    assert [len(line) for line in table[0]] == [len(line) for line in table[1]]


def test_a_character_without_an_equivalent_is_written_as_its_code() -> None:
    assert terminal.speakable("Whhᵃ ÷ é", "ascii") == "Whh\\u1d43 / \\xe9"
    assert terminal.speakable("Whhᵃ ÷ é", "latin-1") == "Whh\\u1d43 ÷ é"
    assert terminal.speakable("Whhᵃ ÷ é", "utf-8") == "Whhᵃ ÷ é"


def test_a_log_gets_no_escape_codes_and_a_terminal_gets_colour(c1: Run) -> None:
    assert "\x1b" not in printed(c1)
    coloured = [line for line in shown(c1).splitlines() if "Wxh" in line and "0.4316" in line]
    assert len(coloured) == 1
    assert coloured[0].startswith("\x1b[1;31mWxh")
    agreeing = next(line for line in shown(c1).splitlines() if line.startswith("Who"))
    assert "31m" not in agreeing


def test_no_color_is_honoured(c1: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    assert "31m" not in shown(c1)


def test_text_of_a_candidate_is_never_markup_nor_control(hostile: Run) -> None:
    for verbose in (False, True):
        text = printed(hostile, verbose=verbose)
        assert "[bold]x[/bold]<script>alert(1)</script>" in text
        odd = {c for c in text if unicodedata.category(c) in {"Cc", "Cf", "Cs"}} - {"\n"}
        assert not odd
    escaped = shown(hostile)
    assert "\x1b[31m\n" not in escaped
    assert "\x07" not in escaped
    assert "\u202e" not in escaped


def test_a_cross_is_not_shown_for_what_agrees(agreeing: Run) -> None:
    text = printed(agreeing)
    assert text.startswith("✓ agree: all 3 gradients agree with 4 references.")
    assert "12 of 12 comparisons agree (100 %), worst error 2.1 ulp" in text
    assert "✗" not in text
    assert "where" not in text


def test_one_of_a_thousand_is_not_rounded_away(a_row: Row, of_rows: Callable[..., Run]) -> None:
    beyond = replace(a_row, ratio=1.0000001, verdict="differ")
    run = of_rows(*[a_row] * 999, beyond)  # of one array, so that the table is one row: the one that differs
    assert "999 of 1000 comparisons agree (99.9 %)" in printed(run)
    assert ">1.00" in line_of(printed(run), "W_hh")


def test_nan_and_infinities_are_written_out(not_a_number: Run) -> None:
    assert line_of(printed(not_a_number), "W_hh").split()[1:4] == ["nan"] * 3
    assert line_of(printed(not_a_number), "b_ih").split()[1:4] == ["-inf", "inf", "inf"]


def test_a_reference_in_error_is_named_with_its_reason(c1: Run) -> None:
    crashed = Participant("jax-forward", "reference", "error", "RuntimeError: out of memory")
    one = c1.judgements[0]
    run = replace(c1, judgements=(replace(one, participants=(*one.participants, crashed)),))
    assert line_of(printed(run), "error ").endswith("jax-forward (reference): RuntimeError: out of memory")


def test_a_finding_about_all_judgements_is_told_once(several: Run) -> None:
    run = replace(several, findings=(Finding("blind", "no case has B > 1."),))
    assert printed(run).count("blind: no case has B > 1.") == 1


def test_standard_output_takes_it_as_it_is(hostile: Run, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.print_run(hostile, terminal.stdout())
    assert capsys.readouterr().out == printed(hostile)


def test_plain_is_what_a_log_gets(c1: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = printed(c1, verbose=True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert terminal.plain(c1, verbose=True) == expected


def test_a_row_in_one_line_names_its_numbers(c1: Run, hostile: Run) -> None:
    assert terminal.row_text(c1.rows[2]) == (
        "✗ differ Whh: Σ Δ +0.1205, Σ|Δ| 3.417, max|Δ| 0.4316, at 2, 6, relative 0.7412, ulp 6.7e+15, "
        "error ÷ budget 1.9e+14, against extended"
    )
    assert not {"\n", "\x1b", "\u202e"} & set(terminal.row_text(hostile.rows[0]))
