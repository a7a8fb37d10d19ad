"""The programs are right, each of their faults is wrong, and its culprit stands where its file says."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest

import harness
from benchmarks import programs
from benchmarks.programs import Fault
from benchmarks.programs.source import changed, producers, statements_of
from harness.bank import catalogue
from harness.bank.fault import KINDS, TAPE
from harness.candidates.process import Called, Process

ALL = [fault for name in programs.names() for fault in programs.faults(name)]
BANK = [fault for fault in ALL if not fault.beyond]
#: how many of a program's faults the bank's kinds must have, at least
LEAST = {"lstm": 25, "rnn": 15}
#: all faults of a program in one file, the number of the one that runs among its data; −1 is the right program
GROUP = """
from importlib import import_module
from program import example as given
from program import loss_and_grads as right

faulted = [import_module(f"fault_{{k}}").loss_and_grads for k in range({count})]


def loss_and_grads(params, data):
    own = {{name: value for name, value in data.items() if name != "which"}}
    return (right if data["which"] < 0 else faulted[data["which"]])(params, own)


def example(seed):
    params, data = given(seed)
    return params, {{**data, "which": -1}}
"""


class Group(NamedTuple):
    """What a program and its faults answer to its own example."""

    right: Called
    wrong: Mapping[str, Called]  #: by the fault's id


@pytest.fixture(scope="module", params=programs.names())
def group(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Group:
    folder = tmp_path_factory.mktemp(request.param)
    faults = programs.faults(request.param)
    for k, fault in enumerate(faults):
        (folder / f"fault_{k}.py").write_text(fault.source, encoding="utf-8")
    (folder / "program.py").write_text(programs.program(request.param).read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "group.py").write_text(GROUP.format(count=len(faults)), encoding="utf-8")
    with Process(str(folder / "group.py")) as process:
        params, data = process.example(0)
        answers = [process.call(params, {**data, "which": k}) for k in range(-1, len(faults))]
    return Group(answers[0], dict(zip((fault.id for fault in faults), answers[1:], strict=True)))


def _error(right: Called, wrong: Called) -> float:
    """The worst |Δ| of any array ÷ its largest right entry."""
    ratios = [np.max(np.abs(wrong.grads[name] - grad)) / np.max(np.abs(grad)) for name, grad in right.grads.items()]
    return float(max(ratios))


@pytest.mark.parametrize("name", programs.names())
def test_a_program_agrees(name: str) -> None:
    run = harness.compare(candidate=programs.program(name), references=())
    assert run.verdict == "agree"
    assert all(row.verdict == "agree" for judgement in run.judgements for row in judgement.rows)


def test_every_fault_is_wrong_in_a_gradient_and_nowhere_else(group: Group) -> None:
    for name, wrong in group.wrong.items():
        assert set(wrong.grads) == set(group.right.grads), name
        assert all(np.shape(wrong.grads[key]) == np.shape(grad) for key, grad in group.right.grads.items()), name
        assert np.isclose(wrong.loss, group.right.loss, rtol=1e-12, atol=0), name
        assert not wrong.impure, name
        assert all(np.isfinite(grad).all() for grad in wrong.grads.values()), name
        assert _error(group.right, wrong) > 1e-3, name


def test_no_two_faults_of_a_program_are_the_same_text() -> None:
    assert len({fault.name for fault in ALL}) == len(ALL)
    assert len({(fault.program, fault.source) for fault in ALL}) == len(ALL)


def test_there_are_enough_of_them_spread_over_kinds_and_equations() -> None:
    for name in programs.names():
        mine = [fault for fault in BANK if fault.program == name]
        assert len(mine) >= LEAST[name.partition("_")[0]], name
        assert len({fault.kind for fault in mine}) >= 10, name
        assert len({tag for fault in mine for tag in fault.equations}) >= 8, name
    assert len([fault for fault in ALL if fault.beyond]) >= 45
    assert len([fault for fault in ALL if fault.missing]) >= 5


def test_kinds_and_equations_are_those_of_the_bank_or_a_word_of_their_own() -> None:
    kinds = {kind.name for kind in KINDS}
    assert {fault.kind for fault in BANK} <= kinds
    assert not {fault.kind for fault in ALL if fault.beyond} & kinds
    for fault in ALL:
        cell = fault.program.partition("_")[0]
        known = {one.equation for one in catalogue.catalogue() if one.cell in (cell, "")}
        assert set(fault.equations) <= known | {TAPE}, fault.name


@pytest.mark.parametrize("fault", ALL, ids=lambda fault: fault.name)
def test_its_lines_are_in_the_program_and_its_operands_are_others(fault: Fault) -> None:
    text = fault.source.splitlines()
    assert fault.lines and max(fault.lines) <= len(text)
    assert not fault.lines & fault.operands
    if not fault.missing and not fault.culprit:
        before = programs.program(fault.program).read_text(encoding="utf-8").splitlines()
        assert any(text[line - 1] != before[line - 1] for line in fault.lines)


def test_every_missing_statement_says_who_misses_it() -> None:
    assert all(fault.culprit for fault in ALL if fault.missing)


PROGRAM = """\
class Cell:
    def forward(self, x):
        self.h = x + 1

    def backward(self, dh):
        da = (
            dh
            * self.h
        )
        for t in range(3):
            da[t] = da[t] + dh
        return da


def run(x):
    cell = Cell()
    cell.forward(x)
    dx = cell.backward(x)
    return dx
"""


def test_a_statement_has_all_of_its_lines_and_a_loop_only_its_head() -> None:
    assert statements_of(PROGRAM, {8}) == {6, 7, 8, 9}
    assert statements_of(PROGRAM, {10}) == {10}
    assert statements_of(PROGRAM, {11, 12}) == {11, 12}


def test_producers_are_found_by_name_by_attribute_and_at_the_call() -> None:
    assert producers(PROGRAM, frozenset({6, 7, 8, 9}), {"Cell.backward": "cell.backward("}) == {3, 18}
    assert producers(PROGRAM, frozenset({12}), {}) == {6, 7, 8, 9, 11}
    assert producers(PROGRAM, frozenset({19}), {}) == {18}


def test_an_entry_of_a_dict_is_produced_by_itself_and_by_the_whole() -> None:
    text = "def f(p):\n    g = {}\n    g['a'] = p\n    g['b'] = 2\n    return g['a']\n"
    assert producers(text, frozenset({5}), {}) == {2, 3}


def test_where_two_programs_part() -> None:
    assert changed("a\nb\nc\n", "a\nx\nc\n") == 2
    assert changed("a\n", "a\nb\n") == 2
    with pytest.raises(ValueError, match="two equal programs"):
        changed("a\n", "a\n")


def test_a_text_that_does_not_stand_in_the_program_once_is_refused() -> None:
    name = programs.names()[0]
    for text in ("no such text", "self"):
        fault = Fault(name, "one", "zero", ("1*b",), text, "")
        with pytest.raises(ValueError, match=r"needs it once; edit its faults\.toml"):
            _ = fault.source


def test_every_program_stands_beside_its_faults() -> None:
    folders = {path.parent.name for path in Path(programs.__file__).parent.glob("*/faults.toml")}
    assert folders == set(programs.names()) and len(folders) == 8


def test_the_held_out_programs_have_as_many_faults_of_either_sort() -> None:
    assert set(programs.HELD_OUT) < set(programs.names())
    for name in programs.HELD_OUT:
        faults = programs.faults(name)
        assert len(faults) >= 35, name
        assert 3 * sum(fault.beyond for fault in faults) >= len(faults), name
