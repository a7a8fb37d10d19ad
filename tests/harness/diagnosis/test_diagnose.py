"""A whole diagnosis: of a Python file with a layout, a function, a command, a file of gradients; and of what fails."""

from __future__ import annotations

from pathlib import Path

import planted
import pytest

import harness
from harness import casebook, casefile
from harness.candidates import exchange
from harness.candidates.process import CandidateFailed
from harness.diagnosed import Diagnosis
from harness.diagnosis import diagnose as whole
from harness.diagnosis import patient

SMALL = {"cell": "rnn", "loss": "cotangent", "references": (), "shape": "T=3,B=2,D=3,H=4"}


def diagnosed(**what: object) -> Diagnosis:
    told = harness.compare(**what, diagnose=True).diagnosis  # type: ignore[arg-type]
    assert told is not None
    return told


def test_a_recurrent_adjoint_that_never_arrives() -> None:
    seen: list[tuple[str, float]] = []
    folder = casebook.entry("theano-versus-python").folder
    told = diagnosed(candidate=folder / "broken.py", references=(), working=lambda *one: seen.append(one))
    assert "the recurrent adjoint never arrives" in told.sentence
    assert told.sentence.startswith("(1*h) dh_next = da W_hh is broken")
    assert told.localised
    assert [(place.file, place.line) for place in told.places if place.certainty == "confirmed"] == [("broken.py", 65)]
    assert told.example is not None
    assert told.example.sizes["T"] <= 2
    assert told.map is not None
    assert (told.calls > 5, told.seconds > 0, "broken.py, line 65" in told.step) == (True, True, True)
    words = [words for words, _ in seen]
    assert [name for k, name in enumerate(words) if name not in words[:k] and name in STAGES] == list(STAGES)
    assert all(0 <= share <= 1 for _, share in seen)


STAGES = ("equations", "lines", "counterexample")


def test_a_function_has_equations_and_no_lines() -> None:
    told = diagnosed(candidate=planted.faulted("rnn/2*a/scale/2"), **SMALL)
    assert "constant ratio 2" in told.sentence or "twice" in told.sentence
    assert any(row.tag == "2*a" and row.status in ("broken", "alternative") for row in told.equations)
    assert (told.places, told.localised) == ((), False)
    assert any("no line can be told" in note for note in told.notes)


def test_what_agrees_is_accused_of_nothing() -> None:
    run = harness.compare(candidate=planted.faulted(), **SMALL, diagnose=True)  # type: ignore[arg-type]
    assert (run.verdict, run.diagnosis) == ("agree", None)


def test_a_scaled_gradient_begins_with_its_scale() -> None:
    def twice(model, arrays):  # type: ignore[no-untyped-def]
        answer = planted.faulted().function(model, arrays)
        return answer._replace(grads={name: 2 * grad for name, grad in answer.grads.items()})

    assert diagnosed(candidate=twice, **SMALL).sentence.startswith("scaled: every gradient is 2 times the right one")


def fails(*_: object, **__: object) -> object:
    raise CandidateFailed("it ended with signal 9")


@pytest.mark.parametrize(
    ("name", "note"),
    [("localise", "no line was found: it ended"), ("smallest", "no counterexample was found: it ended")],
)
def test_a_candidate_that_fails_later_keeps_its_equations(
    name: str, note: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(whole, name, fails)
    folder = casebook.entry("theano-versus-python").folder
    told = diagnosed(candidate=folder / "broken.py", references=())
    assert "(1*h) dh_next = da W_hh is broken" in told.sentence
    assert any(note in one for one in told.notes)


def test_what_float32_buffers_lose_is_no_broken_equation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(whole, "LINES", 0.0)
    text = (Path(__file__).parents[2] / "conventions" / "float32_buffers" / "right.py").read_text()
    good, bad = "dc = dh * o * (1 - tanh_c**2) + dc_next", "dc = dh * o + dc_next"
    assert text.count(good) == 1
    (tmp_path / "buffers.py").write_text(text.replace(good, bad))
    told = diagnosed(candidate=tmp_path / "buffers.py", references=())
    assert [fault.tags for fault in told.faults] == [("5*c",)]


def test_a_candidate_that_hangs_costs_no_minutes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Only the cases hang in which equations are told apart: the one that is judged is answered."""
    monkeypatch.setattr(patient, "_PATIENCE", 1.0)
    text = (casebook.entry("theano-versus-python").folder / "broken.py").read_text()
    [head] = [line for line in text.splitlines() if line.startswith("def loss_and_grads(")]
    stuck = f"{head}\n    while len(params['Whh']) == 2:\n        pass\n"
    (tmp_path / "stuck.py").write_text(text.replace(f"{head}\n", stuck, 1))
    run = harness.compare(candidate=tmp_path / "stuck.py", references=(), diagnose=True, timeout=0.8)
    assert run.verdict == "differ"
    assert run.diagnosis is not None
    assert run.diagnosis.sentence == "the candidate does not take the small cases that tell equations apart"
    assert any("did not answer in time" in note for note in run.diagnosis.notes)
    assert run.diagnosis.calls == 2
    assert run.diagnosis.example is None


def test_a_file_of_gradients_is_told_again(tmp_path: Path) -> None:
    case = tmp_path / "case.safetensors"
    harness.compare(cell="rnn", loss="cotangent", references=(), shape="T=3,B=2,D=3,H=4", save_case=case)
    given = casefile.load(case)
    grads = planted.faulted("rnn/1*U/scale/2").function(given.model, given.copies()).grads
    exchange.write(tmp_path / "g.safetensors", grads, case=given)
    told = diagnosed(case=case, gradients=tmp_path / "g.safetensors", references=())
    assert "gradients from a file cannot be asked again: the gradient of W_hh is wrong" in told.sentence
    assert [fault.tags for fault in told.faults] == [("W_hh",)]
    assert told.faults[0].pattern.startswith("2 times what it should be at ")


PUBLISHED = (
    ("nan-lstm/fault_1", "(2*o), (2*f) and (2*i)", "in da_k σ is applied to k, which is already activated"),
    ("nan-lstm/fault_2", "(3*) da_g = dg ⊙ (1 − g²) is broken", "tanh is applied to g, which is already activated"),
    ("nan-lstm/fault_3", "(1*W), (1*U) and (1*b)", "dc is summed in place of da_g"),
    ("nan-lstm/fault_8", "scaled: every gradient is 7 times the right one", "dz is not divided by n"),
    ("nan-lstm/fault_9", "(5*h) dh = G_t + dh_next is broken", "clipped at ±6"),
    ("nan-lstm/guide_row_0", "(3*) da_g = dg ⊙ (1 − g²) is broken", "tanh is applied to g"),
    ("nan-lstm/guide_squared", "(5*c) dc = dh ⊙ o ⊙ φ'(c_t) + dc_next is broken", "φ is missing"),
    ("nan-lstm/published", "the states h and c are exchanged at every step", "for that forward"),
    ("gradient-check-lstm/broken", "(5*h)", "each step holds that of the step after it"),
    ("gradient-check-lstm/broken", "(4*c)", "an inner product in place of an outer one"),
)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "which", "how"), PUBLISHED)
def test_published_systems_are_told_in_words(name: str, which: str, how: str) -> None:
    entry, _, stem = name.partition("/")
    told = diagnosed(candidate=casebook.entry(entry).folder / f"{stem}.py", references=())
    assert which in told.sentence
    assert how in told.sentence
