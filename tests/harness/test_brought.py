"""A user's file through the main job: by layout and by its own forward, from options to exit code."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import harness
from harness import casefile
from harness.case import from_seed
from harness.cli import main
from harness.errors import BadInput
from harness.run import OWN_FORWARD, Run
from references.model import Model

SOURCE = """
import numpy as np

layout = {"Wxh": "x, a", "Whh": "h, a", "bh": "a", "Why": "h, y", "x": "b t x", "y": "y: b t y", "start": "h0: b h"}
model = {"loss": "half-squared-error"}

def loss_and_grads(params, data):
    Wxh, Whh, bh, Why, x, y = (*(params[k] for k in ("Wxh", "Whh", "bh", "Why")), data["x"], data["y"])
    h, das = [data["start"]], 0
    for t in range(x.shape[1]):
        h.append(np.tanh(x[:, t] @ Wxh + h[-1] @ Whh + bh))
    dz = [h[t + 1] @ Why - y[:, t] for t in range(x.shape[1])]
    grads = {k: np.zeros_like(v) for k, v in params.items()}
    dh = np.zeros_like(h[0])
    for t in reversed(range(x.shape[1])):
        grads["Why"] += h[t + 1].T @ dz[t]
        da = (dh + dz[t] @ Why.T) * (1 - h[t + 1] ** 2)
        grads["Wxh"] += x[:, t].T @ da
        grads["Whh"] += h[t].T @ da
        grads["bh"] += da.sum(axis=0)
        dh = da @ Whh.T
    return 0.5 * sum((one ** 2).sum() for one in dz), {**grads, "start": dh}

def example(seed):
    r = np.random.default_rng(seed)
    params = {"Wxh": r.normal(size=(3, 5)), "Whh": r.normal(size=(5, 5)), "bh": np.zeros(5)}
    params["Why"] = r.normal(size=(5, 2))
    return params, {"x": r.normal(size=(4, 7, 3)), "y": r.normal(size=(4, 7, 2)), "start": np.zeros((4, 5))}
"""
NEGATIVE = """
def negative(params, data):
    loss, grads = loss_and_grads(params, data)
    return loss, {k: -v for k, v in grads.items()}
"""
PROGRAM = """
import sys
from pathlib import Path
import handgrad
from harness import casefile
from harness.candidates import exchange
case = casefile.load(Path(sys.argv[1]))
m = case.model
what = dict(cell=m.cell, activation=m.activation, loss=m.loss, reduction=m.reduction)
got = handgrad.loss_and_grads(case.copies(), **what)
exchange.write(Path(sys.argv[2]), got.grads, loss=got.loss, case=case)
"""
TRANSPOSED = ("dh = da @ Whh.T", "dh = da @ Whh")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "my_rnn.py"
    path.write_text(SOURCE)
    return path


def changed(file: Path, *swaps: tuple[str, str]) -> Path:
    text = file.read_text()
    for old, new in swaps:
        assert text.count(old) == 1
        text = text.replace(old, new)
    file.write_text(text)
    return file


def judged(file: Path, **what: object) -> Run:
    return harness.compare(candidate=file, references=(), **what)  # type: ignore[arg-type]


def findings(run: Run, name: str) -> list[str]:
    every = (*run.findings, *(finding for one in run.judgements for finding in one.findings))
    return [finding.text for finding in every if finding.name == name]


def test_a_layout_is_judged_by_truth_in_the_authors_names_and_by_its_own_forward_beside(file: Path) -> None:
    run = judged(file)
    [judgement] = run.judgements
    assert run.verdict == "agree"
    assert [row.array for row in judgement.rows] == ["Wxh", "Whh", "bh", "Why", "start"]
    assert (judgement.case.cell, dict(judgement.case.sizes)) == ("rnn", {"T": 7, "B": 4, "D": 3, "H": 5, "K": 2})
    assert [row.array for row in judgement.forward] == ["loss"]
    assert next(one.case.source for one in run.companions if one.case.cell == OWN_FORWARD) == "seed 0"
    assert {one.case.source for one in run.companions} >= {"one step", "five steps", "forty steps", "large readout"}
    assert findings(run, "blind") == []


def test_a_fault_is_found_by_both(file: Path) -> None:
    run = judged(changed(file, TRANSPOSED))
    assert run.verdict == "differ"
    assert {row.array for row in run.rows if row.verdict == "differ"} == {"Wxh", "Whh", "bh", "start"}
    own = next(one for one in run.companions if one.case.cell == OWN_FORWARD)
    assert {row.array for row in own.rows if row.verdict == "differ"} == {"Wxh", "Whh", "bh", "start"}


def test_a_forward_that_is_not_the_named_one_is_said_and_the_backward_judged_by_its_own(file: Path) -> None:
    run = judged(changed(file, ("+ bh)", "+ 2 * bh)"), ('"bh"] += da', '"bh"] += 2 * da')))
    named, own = run.judgements
    assert named.verdict == "differ"
    assert "forward departs" in named.reason
    assert (own.case.cell, own.verdict) == (OWN_FORWARD, "agree")


def test_an_activation_that_is_named_makes_it_right_again(file: Path) -> None:
    sigmoid = changed(
        file,
        ("np.tanh(", "1 / (1 + np.exp(-("),
        (" + bh)", " + bh)))"),
        ("(1 - h[t + 1] ** 2)", "h[t + 1] * (1 - h[t + 1])"),
    )
    assert judged(sigmoid).verdict == "differ"
    assert judged(sigmoid, activation="sigmoid").verdict == "agree"


@pytest.mark.parametrize(("scale", "factor"), [('"1/B"', "4"), ('"1/(T*B)"', "28"), ("0.5", "2"), ('"T"', "1 / 7")])
def test_a_declared_scale_over_the_sizes(file: Path, scale: str, factor: str) -> None:
    fixed = changed(
        file,
        (
            "return 0.5 *",
            f"grads = {{k: v / ({factor}) for k, v in grads.items()}}\n    dh = dh / ({factor})\n    return 0.5 *",
        ),
    )
    alone = judged(fixed, alone=True)  # the factor is one of the example's sizes
    assert alone.verdict == "differ"
    assert len(findings(alone, "scaled")) == 1
    file.write_text(f"scale = {scale}\n" + file.read_text())
    assert judged(file, alone=True).verdict == "agree"


def test_shapes_dtypes_and_seeds_are_the_users(file: Path) -> None:
    run = judged(file, shape="T=3,H=6", dtype="float32", seeds=2, seed=4, alone=True)
    assert [one.case.source for one in run.judgements] == ["seed 4", "seed 5"]
    assert run.verdict == "agree"
    assert {one.case.dtype for one in run.judgements} == {"float32"}
    assert run.judgements[0].case.sizes["H"] == 6


def test_a_size_that_it_has_no_axis_for_is_refused(file: Path) -> None:
    one = changed(file, ('"start": "h0: b h"', '"start": "h0: h"'), ("np.zeros((4, 5))", "np.zeros(5)"),
                  ("size=(4, 7, 3)", "size=(1, 7, 3)"), ("size=(4, 7, 2)", "size=(1, 7, 2)"),
                  ('[data["start"]]', '[data["start"][None]]'), ('"start": dh', '"start": dh[0]'))  # fmt: skip
    assert judged(one, shape="T=4,B=1", alone=True).verdict == "agree"
    with pytest.raises(BadInput, match=r"^shape: got B=2, but the layout has no axis for it: B is 1$"):
        judged(one, shape="T=4,B=2")


def test_what_is_not_returned_is_not_graded_and_said(file: Path) -> None:
    run = judged(changed(file, ('{**grads, "start": dh}', "grads")), alone=True)
    assert run.verdict == "agree"
    assert any("start" in text for text in findings(run, "not graded"))


def test_a_gradient_of_targets_is_graded_by_its_own_forward_alone_and_said(file: Path) -> None:
    run = judged(changed(file, ("**grads, ", '**grads, "y": -np.stack(dz, axis=1), ')))
    assert run.verdict == "agree"
    assert "the references give no gradient of y" in findings(run, "not graded")
    assert not any("no line" in text for text in findings(run, "not graded"))
    own = next(one for one in run.companions if one.case.cell == OWN_FORWARD)
    assert own.verdict == "agree"


def test_a_missing_initial_state_is_judged_at_zero_and_blind(file: Path) -> None:
    lacking = changed(
        file, (', "start": "h0: b h"}', "}"), ('h, das = [data["start"]], 0', "h = [np.zeros((len(x), len(bh)))]"),
        (', "start": dh}', "}"), (', "start": np.zeros((4, 5))}', "}"),
    )  # fmt: skip
    run = judged(lacking)
    assert run.verdict == "agree"
    assert any(text.startswith("h0 = 0") for text in findings(run, "blind"))


def test_a_saved_case(file: Path, tmp_path: Path) -> None:
    judged(file, save_case=tmp_path / "case.safetensors", alone=True)
    assert judged(file, case=tmp_path / "case.safetensors", alone=True).verdict == "agree"
    other = from_seed(Model("rnn", "relu", "half-squared-error", "sum", 1, True))
    with pytest.raises(BadInput, match="cannot be put to this candidate: it has activation tanh, the case has"):
        judged(file, case=other)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--cell", "rnn"], "cell: got 'rnn', but my_rnn.py has no layout"),
        (["--shape", "T=3"], "shape: got 'T=3', but my_rnn.py has no layout"),
        (["--references", "torch"], "references: got torch, but my_rnn.py has no layout"),
        (["--save-case", "c.safetensors"], "save-case: got c.safetensors, but my_rnn.py has no layout"),
        (["--gradients", "g.safetensors"], "gradients: got g.safetensors, needs the saved case"),
        (["--timeout", "0"], "timeout: got 0, needs more than 0"),
        (["--memory", "-1"], "memory: got -1, needs more than 0"),
        (["--seeds", "0"], "seeds: got 0"),
    ],
)
def test_what_needs_a_layout_is_refused_without_one(
    file: Path, options: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [line for line in file.read_text().splitlines() if not line.startswith(("layout", "model"))]
    file.write_text("\n".join(lines))
    assert main(["compare", "--candidate", str(file), *options]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"Wxh": "x, a"', '"Wxh": "a, x"', "Wxh: got (3, 5)"),
        ('"Wxh": "x, a"', '"Wxh": "x, q"', "layout of Wxh"),
        ('"Wxh": "x, a", ', "", 'no array for "a, x"'),
        ('"half-squared-error"', '"cubed"', "cubed"),
        ("def loss_and_grads", "def my_grads", "loss_and_grads"),
        ("def example", "def sample", "example"),
    ],
)
def test_what_a_file_says_wrongly_is_bad_input(
    file: Path, old: str, new: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    changed(file, (old, new))
    assert main(["compare", "--candidate", str(file)]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert said in told


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        (("import numpy as np", "import numpy as np\nthis is no Python"), "SyntaxError"),
        (("import numpy as np", "import a_module_that_nobody_has"), "ModuleNotFoundError"),
        (("r = np.random", "raise KeyError('seed')\n    r = np.random"), "KeyError"),
        (("    h, das =", "    raise ArithmeticError('not now')\n    h, das ="), "ArithmeticError"),
    ],
)
def test_a_file_that_fails_is_an_error_with_its_own_line(
    file: Path, broken: tuple[str, str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", "--candidate", str(changed(file, broken)), "--references", "extended"]) == 1
    told = capsys.readouterr().out
    assert told.startswith("! error")
    assert said in told
    assert "my_rnn.py line" in " ".join(told.split())


@pytest.mark.parametrize("candidate", ["nowhere.py", "folder", "my_lstm.txt"])
def test_what_is_no_candidate_is_bad_input(candidate: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "my_lstm.txt").write_text("")
    assert main(["compare", "--candidate", str(tmp_path / candidate)]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_another_function_of_the_file(file: Path) -> None:
    file.write_text(f"{SOURCE}\n{NEGATIVE}")
    run = harness.compare(candidate=f"{file}:negative", references=(), alone=True)
    assert run.verdict == "differ"
    assert findings(run, "scaled")


def test_frameworks_judge_the_same_bytes(file: Path) -> None:
    run = harness.compare(candidate=file, references="torch,jax", alone=True)
    [judgement] = run.judgements
    assert set(judgement.references) == {"extended", "torch", "jax"}
    assert {row.array for row in judgement.rows if row.reference == "torch"} == {"Wxh", "Whh", "bh", "Why", "start"}
    assert {part.fingerprint for part in judgement.participants if part.status == "judged" and part.fingerprint} == {
        judgement.case.fingerprint
    }


def test_gradients_of_a_saved_case_from_elsewhere(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import handgrad
    from harness.candidates import exchange

    model = Model("rnn", "tanh", "half-squared-error", "sum", 2, True)
    case = from_seed(model, {"T": 4, "B": 2, "D": 3, "H": 5, "K": 2})
    casefile.save(case, tmp_path / "case.safetensors")
    right = handgrad.loss_and_grads(case.copies(), cell="rnn", activation="tanh", loss=model.loss, reduction="sum")
    told = [
        "compare",
        "--case",
        str(tmp_path / "case.safetensors"),
        "--gradients",
        str(tmp_path / "gradients.safetensors"),
    ]
    exchange.write(tmp_path / "gradients.safetensors", right.grads, loss=right.loss)
    assert main([*told, "--references", "extended"]) == 0
    exchange.write(tmp_path / "gradients.safetensors", {**right.grads, "W_hh": right.grads["W_hh"].T.copy()})
    assert main([*told, "--references", "extended"]) == 1
    out = capsys.readouterr().out
    assert "✗ differ: W_hh differs" in out
    assert "forward was not compared" in out
    exchange.write(tmp_path / "gradients.safetensors", right.grads, case=from_seed(model))
    assert main(told) == 2
    assert "another case" in capsys.readouterr().err


def test_a_command(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)
    python = sys.executable
    run = harness.compare(candidate=f"{python} {program} {{case}} {{out}}", cell="rnn", references=(), alone=True)
    assert run.verdict == "agree"
    assert run.judgements[0].forward[0].verdict == "agree"
    program.write_text(
        program.read_text().replace("got.grads, loss", "{**got.grads, 'b_y': 2 * got.grads['b_y']}, loss")
    )
    run = harness.compare(candidate=f"{python} {program} {{case}} {{out}}", cell="rnn", references=(), alone=True)
    assert {row.array for row in run.rows if row.verdict == "differ"} == {"b_y"}
    run = harness.compare(candidate=f"{python} -c 1 {{case}} {{out}}", cell="rnn", references=(), alone=True)
    assert (run.verdict, "wrote no" in run.judgements[0].reason) == ("error", True)


def test_numbers_are_the_candidates_own(file: Path) -> None:
    """What a report shows of a declared multiple is what came back."""
    twice = changed(
        file, ("return 0.5 *", "grads = {k: 2 * v for k, v in grads.items()}\n    dh = 2 * dh\n    return 0.5 *")
    )
    file.write_text("scale = 2\n" + twice.read_text())
    row = next(row for row in judged(file, alone=True).rows if row.array == "Whh")
    assert row.candidate == pytest.approx(row.expected)
    assert np.isfinite(row.ulp)


@pytest.mark.parametrize("wrong", [False, True])
def test_every_report_takes_a_run_without_a_model(file: Path, tmp_path: Path, wrong: bool) -> None:
    from jsonschema import Draft202012Validator

    from reports.as_json import schema

    lines = [line for line in file.read_text().splitlines() if not line.startswith(("layout", "model"))]
    file.write_text("\n".join(lines))
    outs = [tmp_path / f"run.{suffix}" for suffix in ("json", "md", "csv")]
    told = ["compare", "--candidate", str(changed(file, TRANSPOSED) if wrong else file)]
    assert main([*told, *(word for out in outs for word in ("--out", str(out)))]) == int(wrong)
    saved = json.loads(outs[0].read_text())
    Draft202012Validator(schema()).validate(saved)
    [judgement] = saved["judgements"]
    assert (judgement["case"]["biases"], judgement["case"]["shapes"]["Whh"]) == (None, [5, 5])
    assert "own forward" in outs[1].read_text()
    assert outs[2].read_text().count("own forward") >= 5
    assert main(["badge", str(outs[0]), "--out", str(tmp_path / "badge.svg")]) == 0


def test_an_own_forward_that_tells_nothing_takes_nothing_from_the_references(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from harness.own import judging

    def nothing(*_: object) -> judging.Judged:
        unknown = replace(judging.failed("my_rnn.py", ""), verdict="inconclusive", reason="too noisy")
        return judging.Judged(unknown, (), ())

    monkeypatch.setattr(judging, "judge_own", nothing)
    run = judged(file, alone=True)
    assert run.verdict == "agree"
    assert findings(run, "not run") == ["nothing by its own forward: too noisy"]
