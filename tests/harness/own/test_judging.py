"""Verdicts and findings by a candidate's own forward: for each a fault that it catches and sound code that passes."""

from __future__ import annotations

from pathlib import Path

import pytest

import harness
from harness.cli import EXAMPLE
from harness.own import judging
from harness.run import Run

#: A recurrent network whose author knows nothing of layouts: rows, a list over time, a mean of nothing.
SOUND = """
import numpy as np

def loss_and_grads(params, data):
    W, U, V, b, xs, ys = params["W"], params["U"], params["V"], params["b"], data["xs"], data["ys"]
    hs = [data["h0"]]
    loss, dzs = 0.0, []
    for x, y in zip(xs, ys):
        hs.append(np.tanh(x @ W + hs[-1] @ U + b))
        z = hs[-1] @ V
        loss += 0.5 * np.sum((z - y) ** 2)
        dzs.append(z - y)
    grads = {name: np.zeros_like(value) for name, value in params.items()}
    dh = np.zeros_like(hs[0])
    for t in reversed(range(len(xs))):
        grads["V"] += hs[t + 1].T @ dzs[t]
        dh = dh + dzs[t] @ V.T
        da = dh * (1 - hs[t + 1] ** 2)
        grads["W"] += xs[t].T @ da
        grads["U"] += hs[t].T @ da
        grads["b"] += da.sum(axis=0)
        dh = da @ U.T
    grads["h0"] = dh
    return loss, grads

def example(seed):
    rng = np.random.default_rng(seed)
    T, B, D, H, K = 7, 3, 4, 5, 2
    params = {"W": rng.normal(size=(D, H)), "U": rng.normal(size=(H, H)), "V": rng.normal(size=(H, K))}
    params["b"] = np.zeros(H)
    data = {"xs": [rng.normal(size=(B, D)) for _ in range(T)], "ys": [rng.normal(size=(B, K)) for _ in range(T)]}
    return params, {**data, "h0": np.zeros((B, H))}
"""
CARRY = "        dh = da @ U.T\n"
RETURN = "    return loss, grads\n"


def judged(folder: Path, source: str, **what: object) -> Run:
    path = folder / "candidate.py"
    path.write_text(source)
    return harness.compare(candidate=path, **what)  # type: ignore[arg-type]


def changed(old: str, new: str, source: str = SOUND) -> str:
    assert source.count(old) == 1
    return source.replace(old, new)


def findings(run: Run, name: str) -> list[str]:
    every = (*run.findings, *(finding for one in run.judgements for finding in one.findings))
    return [finding.text for finding in every if finding.name == name]


def wrong(run: Run) -> set[str]:
    return {row.array for row in run.rows if row.verdict == "differ"}


def test_sound_code_agrees_in_every_array_that_it_returns(tmp_path: Path) -> None:
    run = judged(tmp_path, SOUND)
    assert run.verdict == "agree", run.judgements[0].reason
    assert {row.array for row in run.rows} == {"W", "U", "V", "b", "h0"}
    assert {row.reference for row in run.rows} == {"own forward"}
    assert max(row.ratio for row in run.rows) < 0.5
    assert findings(run, "not graded") == ["the candidate returns no gradient of xs, ys"]
    [truth] = [part for part in run.judgements[0].participants if part.role == "truth"]
    assert truth.note.startswith("complex step for every array")
    assert {one.verdict for one in run.companions} == {"agree"}
    assert len(run.companions) == 2


@pytest.mark.parametrize("factor", ["1.000001", "1.0000001", "(1 + 1e-10)"])
def test_small_errors_are_seen(tmp_path: Path, factor: str) -> None:
    run = judged(tmp_path, changed(RETURN, f'    grads["U"] = grads["U"] * {factor}\n{RETURN}'), alone=True)
    assert run.verdict == "differ"
    assert wrong(run) == {"U"}
    assert not findings(run, "scaled")


def test_one_element_of_one_array_is_found(tmp_path: Path) -> None:
    run = judged(tmp_path, changed(RETURN, f'    grads["W"][2, 3] += 1e-9\n{RETURN}'), alone=True)
    [row] = [row for row in run.rows if row.verdict == "differ"]
    assert (row.array, row.at) == ("W", (2, 3))
    assert row.words == ("row 2 differs, rows 0–1, 3 agree", "column 3 differs, columns 0–2, 4 agree")


@pytest.mark.parametrize(
    ("factor", "said"),
    [
        ("-1", "-1 times"),
        ("2", "2 times"),
        ("1 / 7", "length of xs"),
        ("3", "length of xs, axis 1"),
        ("1 / 21", "0.047619"),
    ],
)
def test_scaled(tmp_path: Path, factor: str, said: str) -> None:
    source = changed(RETURN, f"    grads = {{name: {factor} * grad for name, grad in grads.items()}}\n{RETURN}")
    run = judged(tmp_path, source, alone=True)
    assert run.verdict == "differ"
    [text] = findings(run, "scaled")
    assert said in text


@pytest.mark.parametrize("declared", ["sign = -1", "scale = -1.0"])
def test_a_declared_sign_agrees(tmp_path: Path, declared: str) -> None:
    source = changed(RETURN, f"    grads = {{name: -grad for name, grad in grads.items()}}\n{RETURN}")
    assert judged(tmp_path, f"{declared}\n{source}", alone=True).verdict == "agree"
    assert judged(tmp_path, f"{declared}\n{SOUND}", alone=True).verdict == "differ"


def test_clipped_element_by_element(tmp_path: Path) -> None:
    source = changed(RETURN, f"    grads = {{name: np.clip(grad, -1, 1) for name, grad in grads.items()}}\n{RETURN}")
    run = judged(tmp_path, source)
    assert run.verdict == "differ"
    [text] = findings(run, "clipped")
    assert "±1 " in text


def test_clipped_by_its_norm(tmp_path: Path) -> None:
    norm = "np.sqrt(sum((grad ** 2).sum() for grad in grads.values()))"
    source = changed(
        RETURN, f"    grads = {{name: grad * min(1, 5 / {norm}) for name, grad in grads.items()}}\n{RETURN}"
    )
    run = judged(tmp_path, source)
    assert run.verdict == "differ"
    [text] = findings(run, "clipped")
    assert "norm 5" in text


def test_a_limit_inside_that_ordinary_numbers_do_not_reach(tmp_path: Path) -> None:
    run = judged(tmp_path, changed(CARRY, "        dh = np.clip(da @ U.T, -15, 15)\n"))
    assert run.judgements[0].verdict == "agree"
    assert run.verdict == "differ"
    [text] = findings(run, "clipped")
    assert "a limit" in text


def test_truncated(tmp_path: Path) -> None:
    """Four steps back from each loss, and no further."""
    source = changed(
        "    for t in reversed(range(len(xs))):", "    for t in reversed(range(max(0, len(xs) - 4), len(xs))):"
    )
    run = judged(tmp_path, source)
    assert run.verdict == "differ"
    [text] = findings(run, "truncated")
    assert text == "exact while xs and ys have length 4 or less, wrong beyond"


def test_no_carry_through_time_is_right_for_a_single_step(tmp_path: Path) -> None:
    run = judged(tmp_path, changed(CARRY, "        dh = 0 * dh\n"))
    assert run.verdict == "differ"
    assert not findings(run, "truncated")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        (RETURN, '    params["b"] += 0.1\n    return loss, grads\n', "changes its arguments: b"),
        ("import numpy as np\n", "import numpy as np\nMEMORY = {}\n", None),
        (RETURN, f'    grads["b"] += 1e-3 * np.random.default_rng().normal(size=5)\n{RETURN}', "differently"),
    ],
)  # fmt: skip
def test_impure(tmp_path: Path, old: str, new: str, said: str | None) -> None:
    run = judged(tmp_path, changed(old, new), alone=True)
    told = " ".join(findings(run, "impure"))
    assert (run.verdict, bool(told)) == (("agree", False) if said is None else ("differ", True))
    assert said is None or said in told


def test_state_that_is_left_behind_is_told_from_a_wrong_gradient(tmp_path: Path) -> None:
    source = changed('    hs = [data["h0"]]\n', '    hs = [STATE.get("h", data["h0"])]\n')
    source = changed(
        "    grads = {name: np.zeros_like", '    STATE["h"] = hs[-1]\n    grads = {name: np.zeros_like', source
    )
    run = judged(tmp_path, "STATE = {}\n" + source, alone=True)
    assert run.verdict == "differ"
    assert any("state" in text for text in findings(run, "impure"))


def test_weights_that_are_read_from_globals(tmp_path: Path) -> None:
    source = changed('params["W"], params["U"]', 'W_GLOBAL, params["U"]')
    source += "\nW_GLOBAL = np.random.default_rng(0).normal(size=(4, 5))\n"
    run = judged(tmp_path, source, alone=True)
    assert run.verdict == "differ"
    assert wrong(run) == {"W"}
    assert any("global" in text and "W" in text for text in findings(run, "impure"))


def test_float32_buffers_agree_and_are_said(tmp_path: Path) -> None:
    source = changed("np.zeros_like(value)", "np.zeros(value.shape, np.float32)")
    run = judged(tmp_path, source)
    assert run.verdict == "agree", run.judgements[0].reason
    assert findings(run, "low precision")
    assert not findings(judged(tmp_path, SOUND), "low precision")


def test_float32_inside_does_not_hide_a_fault(tmp_path: Path) -> None:
    source = changed("np.zeros_like(value)", "np.zeros(value.shape, np.float32)")
    run = judged(tmp_path, changed("(1 - hs[t + 1] ** 2)", "(1 - 1.001 * hs[t + 1] ** 2)", source), alone=True)
    assert run.verdict == "differ"


def test_what_only_runs_on_its_own_numbers_is_judged_there_and_is_blind(tmp_path: Path) -> None:
    run = judged(tmp_path, changed("    hs = [", "    assert abs(b).max() < 0.01\n    hs = ["))
    assert run.verdict == "agree"
    assert any("own numbers only" in text for text in findings(run, "blind"))


def test_overflow_at_large_numbers_is_said(tmp_path: Path) -> None:
    naive = changed(
        "loss += 0.5 * np.sum((z - y) ** 2)",
        "p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)\n        loss += -np.sum(y * np.log(p))",
    )
    naive = changed("dzs.append(z - y)", "dzs.append(p * y.sum(axis=1, keepdims=True) - y)", naive)
    run = judged(tmp_path, naive)
    assert run.verdict == "agree"
    [text] = findings(run, "non-finite")
    assert "largest entry subtracted" in text
    stable = changed(
        "np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)",
        "np.exp(z - z.max(axis=1, keepdims=True)); p = p / p.sum(axis=1, keepdims=True)",
        naive,
    )
    assert not findings(judged(tmp_path, stable), "non-finite")


def test_a_loss_that_is_no_number_cannot_be_judged(tmp_path: Path) -> None:
    run = judged(tmp_path, changed(RETURN, "    return np.nan * loss, grads\n"))
    assert run.verdict == "inconclusive"
    assert "nan" in run.judgements[0].reason


def test_a_candidate_that_fails_is_an_error(tmp_path: Path) -> None:
    run = judged(tmp_path, changed(RETURN, "    raise KeyError('dWhh')\n"))
    assert run.verdict == "error"
    assert "KeyError" in run.judgements[0].reason
    assert "candidate.py line" in run.judgements[0].reason


def test_a_candidate_that_never_ends_is_not_asked_again(tmp_path: Path) -> None:
    note = tmp_path / "asked"
    endless = changed(RETURN, f"    open({str(note)!r}, 'a').write('.')\n    while True:\n        pass\n")
    run = judged(tmp_path, endless, timeout=1)
    assert run.verdict == "error"
    assert "it gave no answer within 1 s (candidate.py line" in run.judgements[0].reason
    assert note.read_text() == "."


def test_differences_serve_where_complex_numbers_are_lost(tmp_path: Path) -> None:
    lost = changed(
        "loss += 0.5 * np.sum((z - y) ** 2)", "loss += 0.5 * sum(float(str(e)) for e in ((z - y) ** 2).ravel())"
    )
    run = judged(tmp_path, lost, alone=True)
    assert run.verdict == "agree", run.judgements[0].reason
    [truth] = [part for part in run.judgements[0].participants if part.role == "truth"]
    assert "differences" in truth.note
    broken = changed("(1 - hs[t + 1] ** 2)", "(1 - 1.0001 * hs[t + 1] ** 2)", lost)
    assert judged(tmp_path, broken, alone=True).verdict == "differ"


@pytest.mark.parametrize(("wrong_by", "verdict"), [("0", "agree"), ("1e-6", "differ")])
def test_where_time_is_short_directions_see_what_a_share_of_the_elements_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wrong_by: str, verdict: str
) -> None:
    slow = changed("    hs = [", "    time.sleep(0.02)\n    hs = [")
    element = f'    grads["W"][2, 3] += {wrong_by}\n{RETURN}'
    monkeypatch.setattr(judging, "SECONDS", 1.5)
    run = judged(tmp_path, "import time\n" + changed(RETURN, element, slow), alone=True)
    [truth] = [part for part in run.judgements[0].participants if part.role == "truth"]
    assert "% of the elements one by one, all of them along random directions" in truth.note
    assert run.verdict == verdict
    along = {row.array: row.verdict for row in run.rows if "along direction" in row.array}
    assert set(along) == {f"{name} along direction 1" for name in ("W", "U", "V", "b", "h0")}
    assert {name for name, found in along.items() if found == "differ"} == (
        {"W along direction 1"} if verdict == "differ" else set()
    )


#: The complete candidate of the command line's help: one tanh layer.
TANH = EXAMPLE[EXAMPLE.index("import numpy") :].replace("\b\n", "")


def test_cancellation_in_saturated_units_is_no_fault(tmp_path: Path) -> None:
    """With large weights 1 − h² has few digits left, and they are all that the gradient has."""
    assert judged(tmp_path, TANH, seeds=12).verdict == "agree"
    wrong_there = changed("(1 - h**2)", "(1 - h**2) * np.where(abs(h) > 0.999, 1.01, 1)", TANH)
    assert judged(tmp_path, wrong_there, seeds=12).verdict == "differ"


@pytest.mark.parametrize("wrong", [False, True])
def test_where_the_arithmetic_is_not_its_own_limits_show_and_cancellation_is_no_fault(
    tmp_path: Path, wrong: bool
) -> None:
    """As where a file only calls an installed package."""
    (tmp_path / "elsewhere").mkdir()
    limited = changed('{"W": np.outer(da, x)}', '{"W": np.outer(np.clip(da, -5, 5), x)}', TANH)
    (tmp_path / "elsewhere" / "network.py").write_text(limited if wrong else TANH)
    beside = f"import sys\nsys.path.append({str(tmp_path / 'elsewhere')!r})\n"
    run = judged(tmp_path, f"{beside}from network import example, loss_and_grads\n", seeds=6)
    assert run.verdict == ("differ" if wrong else "agree")
    assert len(findings(run, "clipped")) == (1 if wrong else 0)


def test_a_candidate_that_needs_its_numbers_exact_is_judged_by_its_inputs_alone(tmp_path: Path) -> None:
    exact = changed("    h = np.tanh(W @ x)\n", "    assert ((x * 0.5) == x / 2).all()\n    h = np.tanh(W @ x)\n", TANH)
    run = judged(tmp_path, exact)
    assert run.verdict == "agree"
    assert judged(tmp_path, changed("(1 - h**2)", "(1 - 1.01 * h**2)", exact)).verdict == "differ"


@pytest.mark.parametrize(("slope", "verdict"), [("(1 - h**2)", "agree"), ("(1 - 1.01 * h**2)", "differ")])
def test_an_example_of_float32_is_judged_at_float32_and_no_low_precision(
    tmp_path: Path, slope: str, verdict: str
) -> None:
    narrow = changed("(1 - h**2)", slope, TANH).replace("size=(4, 3))", "size=(4, 3)).astype(np.float32)")
    narrow = narrow.replace("size=3)", "size=3).astype(np.float32)").replace("size=4)", "size=4).astype(np.float32)")
    run = judged(tmp_path, narrow)
    assert run.verdict == verdict
    assert run.judgements[0].case.dtype == "float32"
    assert not findings(run, "low precision")


#: Sequences of lengths that are floats, labels that are compared, and a loss that cancels where a unit is sure.
LENGTHS = """
import numpy as np

def loss_and_grads(params, data):
    W, U, v, x, label = params["W"], params["U"], params["v"], data["x"], data["label"]
    loss, grads = 0.0, {name: np.zeros_like(value) for name, value in params.items()}
    for k in range(len(x)):
        length = int(data["length"][k])
        h = np.zeros((length + 1, len(v)))
        for t in range(length):
            h[t + 1] = np.tanh(W @ x[k, t] + U @ h[t])
        p = 1 / (1 + np.exp(-v @ h[length]))
        loss -= np.log(p) if label[k] == 1 else np.log(1 - p)
        dz = p - 1 if label[k] == 1 else p
        grads["v"] += dz * h[length]
        dh = dz * v
        for t in reversed(range(length)):
            da = dh * (1 - h[t + 1] ** 2)
            grads["W"] += np.outer(da, x[k, t])
            grads["U"] += np.outer(da, h[t])
            dh = U.T @ da
    return loss, grads

def example(seed):
    rng = np.random.default_rng(seed)
    params = {"W": rng.normal(size=(4, 3)), "U": rng.normal(size=(4, 4)), "v": rng.normal(size=4)}
    whole = {"length": np.array([6.0, 3.0, 5.0, 2.0]), "label": np.array([0.0, 1.0, 1.0, 0.0])}
    return params, {"x": rng.normal(size=(4, 6, 3)), **whole}
"""


@pytest.mark.parametrize("seed", [0, 1])
def test_codes_that_are_floats_and_a_forward_that_cancels_where_the_backward_does_not(
    tmp_path: Path, seed: int
) -> None:
    assert judged(tmp_path, LENGTHS, seed=seed).verdict == "agree"
    wrong = judged(tmp_path, changed("dh = U.T @ da", "dh = 1.0000001 * U.T @ da", LENGTHS), seed=seed)
    assert wrong.verdict == "differ"


MASKED = """
import numpy as np

def loss_and_grads(params, data):
    W, U, x, y, mask = params["W"], params["U"], data["x"], data["y"], data["mask"]
    hs, errors = [np.zeros((x.shape[1], len(U)))], []
    for t in range(len(x)):
        hs.append(np.tanh(x[t] @ W + hs[-1] @ U))
        errors.append((hs[-1] - y[t]) * mask[t][:, None])
    dW, dU, dh = np.zeros_like(W), np.zeros_like(U), 0
    for t in reversed(range(len(x))):
        da = (errors[t] + dh) * (1 - hs[t + 1] ** 2)  # a mask's square is the mask
        dW += x[t].T @ da
        dU += hs[t].T @ da
        dh = da @ U.T
    return 0.5 * np.sum(np.square(errors)), {"W": dW, "U": dU}

def example(seed):
    rng = np.random.default_rng(seed)
    data = {"x": rng.normal(size=(5, 3, 2)), "y": rng.normal(size=(5, 3, 4)), "mask": np.ones((5, 3))}
    return {"W": rng.normal(size=(2, 4)), "U": rng.normal(size=(4, 4))}, data
"""


def test_a_mask_of_ones_stays_a_mask_and_is_looked_at(tmp_path: Path) -> None:
    assert judged(tmp_path, MASKED).verdict == "agree"
    assert judged(tmp_path, changed("* mask[t][:, None])", ")", MASKED)).verdict == "agree"  # in forward and backward
    wrong = changed("(errors[t] + dh)", "(hs[t + 1] - y[t] + dh)", MASKED)
    assert judged(tmp_path, wrong).verdict == "differ"


DEAD = """
def loss_and_grads(params, data):
    w, b = params["w"], params["b"]
    h = [max(0.0, w[0] * x + b[0]) for x in data["x"]]
    alive = [one > 0 for one in h]
    loss = sum((one - 1) ** 2 for one in h)
    d = [2 * (one - 1) * on for one, on in zip(h, alive)]
    return loss, {"w": [sum(a * x for a, x in zip(d, data["x"]))], "b": [sum(d)]}

def example(seed):
    return {"w": [0.5], "b": [0.25]}, {"x": [0.3, 0.8, 0.9]}
"""


def test_where_all_units_are_dead_numbers_are_drawn_again(tmp_path: Path) -> None:
    for seed in range(4):
        assert judged(tmp_path, DEAD, seed=seed, alone=True).verdict == "agree"
        assert judged(tmp_path, changed("[sum(d)]", "[3.5]", DEAD), seed=seed, alone=True).verdict == "differ"
        assert judged(tmp_path, changed("2 * (one", "(one", DEAD), seed=seed, alone=True).verdict == "differ"


def test_gradients_of_few_bits_are_no_low_precision(tmp_path: Path) -> None:
    signs = changed("0.5 * np.sum((z - y) ** 2)", "np.sum(np.abs(z - y)) / 16").replace(
        "dzs.append(z - y)", "dzs.append(np.sign(z - y) / 16)"
    )
    signs = changed('grads["h0"] = dh', 'grads["c"] = sum(d.sum(0) for d in dzs)', signs)
    signs = changed("z = hs[-1] @ V", 'z = hs[-1] @ V + params["c"]', signs)
    signs = changed('params["b"] = np.zeros(H)', 'params["b"], params["c"] = np.zeros(H), np.zeros(K)', signs)
    signs = signs.replace("T, B, D, H, K = 7, 3, 4, 5, 2", "T, B, D, H, K = 7, 3, 4, 5, 6")
    run = judged(tmp_path, signs, alone=True)
    assert run.verdict == "agree"
    assert "low precision" not in [finding.name for finding in run.findings]
