"""The measure of how far equations are found: what counts, what is right, and the rows with a full trace."""

from __future__ import annotations

import pytest

from benchmarks import equations, pages
from harness.bank.catalogue import fault
from harness.diagnosis.box import Outside


def told(*units: tuple[str, ...]) -> Outside:
    return Outside(units, None, (), frozenset(), True)


@pytest.mark.parametrize(
    ("units", "right", "counts"),
    [
        ((("4*i",),), [{"4*i"}], True),
        ((("4*i", "2*i"),), [{"4*i"}], True),
        ((("4*i",), ("1*U",)), [{"1*U"}, {"4*i", "2*i"}], True),
        ((("4*i",),), [{"4*i"}, {"1*U"}], False),  # one is missing
        ((("4*i",), ("1*U",)), [{"4*i"}], False),  # one is accused wrongly
        ((), [{"4*i"}], False),
    ],
)
def test_what_counts_as_found(units: tuple[tuple[str, ...], ...], right: list[set[str]], counts: bool) -> None:
    assert equations.hit(told(*units), right) is counts
    assert not equations.hit(None, [{"4*i"}])


def test_an_exchange_breaks_the_equations_of_both_lines() -> None:
    source = equations.drawn("lstm", True)
    assert source.right([fault("lstm/5*H/stacking/with-dc_next")]) == [{"5*H", "5*C"}]
    assert source.right([fault("lstm/1*/stacking/da-ifog")]) == [{"1*"}]


def test_faults_that_cancel_each_other_are_not_drawn() -> None:
    source = equations.drawn("lstm", True)
    cancelling = (fault("lstm/2*o/dropped-factor/o"), fault("lstm/5*o/wrong-variable/p-h"))
    other = fault("lstm/1*U/sign")
    assert source.shows((cancelling[0], other))
    assert not source.shows(cancelling)
    assert not source.shows((*cancelling, other))


@pytest.mark.parametrize("cell", equations.CELLS)
def test_with_a_full_trace_every_equation_is_found(cell: str) -> None:
    missed: list[str] = []
    share, _, calls, unit = equations.measured(cell, 2, True, 12, 5, missed.append, trace=True)
    assert share == 1, missed
    assert unit == 1  # no alternatives
    assert calls <= 100


def test_the_rows_with_a_full_trace_alone_are_printed_and_not_published(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "insert", lambda *given: pytest.fail("published"))
    equations.main(["--trace", "--cell", "rnn", "--size", "1", "--limit", "3"])
    rows = capsys.readouterr().out.splitlines()
    assert rows[-1].startswith("| rnn | 1 | full trace | 3 | 100.0% |")
    assert sum("full trace" in row for row in rows) == 1
