"""What the bank holds, and that it leaves the real code alone."""

from __future__ import annotations

import inspect
import pickle
import re
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

import handgrad
from handgrad import cells, losses, model
from harness.bank.catalogue import catalogue, fault
from harness.bank.fault import KINDS, TAPE
from harness.candidate import own
from harness.case import from_seed
from references.model import Model, fingerprint

SIZES = {"T": 5, "B": 3, "D": 4, "H": 6, "K": 7}
LSTM = Model("lstm", "tanh", "cotangent", "sum", 2, readout=False)


def test_every_fault_runs_on_an_ordinary_case_and_changes_no_argument() -> None:
    before = own(LSTM, from_seed(LSTM, SIZES).copies()).grads
    for one in catalogue():
        case = from_seed(one.model, SIZES)
        arrays = case.copies()
        answer = one.candidate(one.model, arrays)
        assert fingerprint(arrays) == case.fingerprint, one.id
        assert answer.loss == own(one.model, case.copies()).loss, one.id  # the forward pass is never touched
        assert {name: grad.shape for name, grad in answer.grads.items()} == {
            name: arrays[name].shape for name in one.model.differentiated
        }, one.id
    after = own(LSTM, from_seed(LSTM, SIZES).copies()).grads
    assert all(np.array_equal(before[name], after[name]) for name in before)


@pytest.mark.parametrize("sizes", [dict.fromkeys("TBDHK", 1), {"T": 2, "B": 1, "D": 3, "H": 2, "K": 2}])
def test_the_smallest_cases_run_too_and_keep_their_dtype(sizes: dict[str, int]) -> None:
    for one in catalogue():
        grads = one.candidate(one.model, from_seed(one.model, sizes, "float32").copies()).grads
        assert {grad.dtype for grad in grads.values()} == {np.dtype(np.float32)}, one.id


def test_the_real_functions_stay_where_they_were() -> None:
    functions = [*losses.LOSSES.values(), model._readout_backward, handgrad.loss_and_grads]
    functions += [cells.get(name).backward for name in cells.names()]
    codes = [function.__code__ for function in functions]
    for one in (fault("lstm/4*i/sign"), fault("squared-error/7*/sign"), fault("readout/6*W/sign")):
        one.candidate(one.model, from_seed(one.model, SIZES).copies())
    assert [function.__code__ for function in functions] == codes
    assert cells.get("lstm").backward.__globals__ is vars(cells.get("lstm"))
    assert "wrong" not in vars(cells.get("lstm"))


def test_a_fault_crosses_to_another_process_and_is_found_by_its_id() -> None:
    one = fault("lstm/4*i/wrong-variable/g-f")
    there = pickle.loads(pickle.dumps(one))
    assert there == one
    arrays = from_seed(one.model, SIZES).copies()
    here = one.candidate(one.model, arrays).grads
    assert all(np.array_equal(grad, here[name]) for name, grad in there.candidate(one.model, arrays).grads.items())
    with pytest.raises(KeyError, match="lstm/4\\*i/no-such-fault"):
        fault("lstm/4*i/no-such-fault")


def test_a_model_that_a_fault_does_not_concern_is_refused() -> None:
    one = fault("rnn/2*a/sign")
    with pytest.raises(ValueError, match="allowed: one that fault rnn/2\\*a/sign concerns"):
        one.candidate(LSTM, from_seed(LSTM, SIZES).copies())


def test_the_catalogue_by_cell_loss_and_weakness() -> None:
    assert {one.cell for one in catalogue(cell="rnn")} == {"rnn", ""}
    assert {one.loss for one in catalogue(loss="squared-error")} == {"squared-error", ""}
    assert not [one for one in catalogue(loss="cotangent") if one.readout or one.equation == "7*n"]
    assert len(catalogue(weak=True)) + len(catalogue(weak=False)) == len(catalogue())
    assert all(one.concerns(one.model) for one in catalogue())


def test_ids_are_plain_and_no_two_faults_are_one_rewrite() -> None:
    assert all(re.fullmatch(r"[\w./*-]+", one.id, re.ASCII) for one in catalogue())
    assert len({(one.function, one.edits) for one in catalogue()}) == len(catalogue())
    assert all(one.source != one.line for one in catalogue())


def _documented(text: str) -> Iterator[str]:
    """The tags of adjoint equations; (2*k) "for k = i, f, o" is one for each."""
    for line in text.splitlines():
        named = re.search(r"for k = ([\w, ]+)", line)
        for tag in re.findall(r"\((\d\*\w?)\)", line):
            yield from [tag.replace("k", k) for k in named[1].split(", ")] if named and tag.endswith("k") else [tag]


@pytest.mark.parametrize("cell", cells.names())
def test_every_adjoint_equation_of_a_cell_is_broken_in_some_way(cell: str) -> None:
    module = cells.get(cell)
    broken = {one.equation for one in catalogue() if one.cell == cell}
    assert broken - {TAPE} == {*_documented(module.__doc__), *_documented(inspect.getsource(module.backward))}


@pytest.mark.parametrize("loss", losses.LOSSES)
def test_every_loss_is_broken_in_some_way(loss: str) -> None:
    assert {one.equation for one in catalogue() if one.loss == loss} == {"7*"}


def test_readout_and_reductions_are_broken_in_some_way() -> None:
    tags = {*_documented(model.__doc__), *_documented(inspect.getsource(model._readout_backward))}
    assert tags <= {one.equation for one in catalogue() if not one.cell}


def test_every_kind_is_there_for_lstm_and_no_other() -> None:
    names = {kind.name for kind in KINDS}
    assert {one.kind for one in catalogue(cell="lstm", loss="cotangent")} == names
    assert {one.kind for one in catalogue()} == names
    assert all(kind.meaning for kind in KINDS)


@pytest.mark.parametrize(
    ("name", "sentence", "source"),
    [
        ("lstm/4*i/wrong-variable/g-f", "di reads f in place of g", "di[:] = dc * f[t]"),
        ("lstm/4*c/dropped-factor/f", "dc is carried without the factor f", "dc_next[:] = dc"),
        ("lstm/4*f/wrong-index/c_prev-later", "df reads c_t in place of c_{t-1}", "df[:] = dc * c[t + 1]"),
        ("lstm/5*o/missing-activation/p", "φ is missing: do reads c_t in place of p = φ(c_t)", "do[:] = dh * c[t + 1]"),
        (
            "lstm/3*/activated-twice",
            "in da_g tanh is applied to g, which is already activated",
            "da_g[t] = dg * (1 - np.square(np.tanh(g[t])))",
        ),
        ("lstm/3*/dropped-power/g", "da_g has g in place of g²", "da_g[t] = dg * (1 - g[t])"),
        ("lstm/2*i/sign/i", "da_i has 1 + i in place of 1 − i", "da_i[t] = di * ((1 + i[t]) * i[t])"),
        (
            "lstm/1*/stacking/da-ifog",
            "da is stacked in the order i, f, o, g in place of i, f, g, o",
            "da_i, da_f, da_o, da_g = da.reshape(T, B, 4, H).transpose(2, 0, 1, 3)",
        ),
        (
            "lstm/1*U/wrong-index/h-after",
            "dW_hh reads h_t in place of h_{t-1}",
            "dW_hh = da_rows.T @ h[1:].reshape(T * B, H)",
        ),
        ("rnn/1*h/transpose/W_hh", "dh_next reads W_hhᵀ in place of W_hh", "dh_next[:] = da[t] @ W_hh.T"),
        ("rnn/1*h/accumulation", "dh_next is added to at every step, not replaced", "dh_next += da[t] @ W_hh"),
        ("rnn/1*t/loop/without-first-step", "the loop leaves out the first step", "for t in range(T - 1, 0, -1):"),
        ("rnn/2*H/zero", "dh_next at T is zero", "dh_next = np.array(np.zeros_like(final['h']), x.dtype, order='C')"),
        (
            "readout/6*b/mean-for-sum/T",
            "db_y is averaged over T, not summed",
            "grads['b_y'] = dz_rows.sum(axis=0) / len(dz)",
        ),
        ("squared-error/7*/dropped-factor/2", "dz lacks the factor 2", "dz = error"),
        ("model/7*n/dropped-factor/n", "dz is not divided by n", "dz = dz"),
    ],
)
def test_what_is_wrong_stands_there_in_words_and_in_code(name: str, sentence: str, source: str) -> None:
    assert (fault(name).sentence, fault(name).source) == (sentence, source)


def test_the_bank_imports_no_framework() -> None:
    asked = "import sys, harness.bank.classes; print({'torch', 'jax', 'autograd', 'pandas'} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
