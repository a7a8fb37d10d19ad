"""A candidate's own line that is not finite first, in one call of its instrumented file."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from harness.candidates.structure import copied
from harness.casebook import Entry, entries
from harness.forward.private import load, unload
from harness.nanwatch.recorder import Recorder
from harness.nanwatch.work import told

Watched = Callable[..., dict[str, Any] | None]

#: a loop over time; what a test plants stands in the place of LINE
LOOP = """
import numpy as np

def loss_and_grads(params, data):
    W, x = params["W"], data["x"]
    loss, dW = 0.0, np.zeros_like(W)
    for t in range(len(x)):
        a = x[t] @ W
        LINE
        loss += v.sum()
        dW += np.outer(x[t], v)
    return loss, {"W": dW}
"""


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    """Source, params and data → what is told of one call."""

    def watch(source: str, params: dict[str, Any] | None = None, data: dict[str, Any] | None = None) -> Any:
        path = tmp_path / "candidate.py"
        path.write_text(textwrap.dedent(source))
        params = {"W": np.ones((2, 3))} if params is None else params
        data = {"x": np.ones((4, 2))} if data is None else data
        recorder = Recorder()
        module = load(path, watch=recorder)
        recorder.begin()
        with np.errstate(all="ignore"):
            loss, grads, *_ = module.loss_and_grads(params, data)
        recorder.end()
        unload(module)
        return told(recorder, {"loss": loss, "grads": grads}, str(tmp_path))

    return watch


def planted(line: str) -> str:
    return LOOP.replace("LINE", line)


def steps(value: float, at: int = 2) -> dict[str, Any]:
    """Inputs of ones, with ``value`` in the first entry of step ``at``."""
    x = np.ones((4, 2))
    x[at, 0] = value
    return {"x": x}


LINE = 1 + next(k for k, line in enumerate(LOOP.splitlines()) if "LINE" in line)


@pytest.mark.parametrize(
    ("line", "data", "quantity", "value", "why", "cure"),
    [
        ("v = np.exp(a)", steps(800), "v", np.inf, "exp overflows above 709.78, and a is 801", "largest entry"),
        ("v = np.log(a - 1)", steps(0), "v", -np.inf, "log of 0: a - 1 is 0", "logsumexp"),
        ("v = np.log(a)", steps(-5), "v", np.nan, "log of a negative number: a is −4", "no probability"),
        ("v = (a - 1) / (a - 1)", steps(0), "v", np.nan, "0/0", "small number"),
        ("v = a / (a - 1)", steps(0), "v", np.inf, "a division by 0", "small number"),
        ("v = a * 1e300 * a", steps(1e9), "a * 1e300", np.inf, "the product is beyond 1.79769e+308", "clipped"),
        ("v = a ** 200", steps(1e9), "v", np.inf, "the power is beyond", "clipped"),
        ("v = (-a) ** 0.5", steps(3), "v", np.nan, "a negative number to a power", "absolute"),
        ("v = np.sqrt(a)", steps(-5), "v", np.nan, "root of a negative number: a is −4", "hold it at 0"),
        ("v = (a + 1.7e308) * 1e-9", steps(1.5e307), "a + 1.7e308", np.inf, "the sum is beyond", "clipped"),
        (
            "v = (a - np.array(-1.7e308)) * 1e-9",
            steps(1.5e307),
            "a - np.array(-1.7e308)",
            np.inf,
            "the difference is beyond",
            "clipped",
        ),
        ("v = np.dot(a, np.ones(3) * 1e300)", steps(1e9), "v", np.inf, "a sum of products goes beyond", "clipped"),
        ("v = a; v *= 1e300", steps(1e9), "v", np.inf, "the product is beyond", "clipped"),
        ("v = np.cosh(a)", steps(1e3), "v", np.inf, "what goes in is finite", "look at what that function"),
    ],
)
def test_each_kind_is_told_at_its_line_and_step(
    watched: Watched, line: str, data: dict[str, Any], quantity: str, value: float, why: str, cure: str
) -> None:
    ordinary = {"x": np.ones((4, 2))} if "- 1)" not in line else {"x": np.full((4, 2), 3.0)}
    if "** 0.5" not in line:
        assert watched(planted(line), data=ordinary) is None
    found = watched(planted(line), data=data)
    assert found is not None
    assert (found["quantity"], found["line"]) == (quantity, LINE)
    if "** 0.5" not in line:
        assert found["step"] == 2
    np.testing.assert_equal(float(found["value"]), value)
    assert why in found["why"]
    assert cure in found["cure"]
    assert found["source"] == line
    assert found["index"] == ([] if "np.dot" in line else [0])


def test_infinities_that_were_meant_are_no_origin_until_they_meet(watched: Watched) -> None:
    masked = "m = np.where(a > 50, -np.inf, a); e = np.exp(m - m.max()); v = e / e.sum()"
    assert watched(planted(masked), {"W": np.diag([1.0, 90.0])}, {"x": np.ones((4, 2))}) is None
    found = watched(planted(masked), {"W": np.full((2, 2), 90.0)}, {"x": np.ones((4, 2))})
    assert found is not None
    assert (found["quantity"], found["step"]) == ("m - m.max()", 0)
    assert "∞ − ∞" in found["why"]


def test_a_product_overflows_in_single_precision_where_double_holds_it(watched: Watched) -> None:
    data = steps(1e9)
    line = planted("v = a * W.dtype.type(1e30)")
    assert watched(line, data=data) is None
    found = watched(line, {"W": np.ones((2, 3), "f4")}, {"x": data["x"].astype("f4")})
    assert found is not None
    assert "the largest float32" in found["why"]
    exp = planted("v = np.exp(a)")
    assert watched(exp, data=steps(90)) is None
    found = watched(exp, {"W": np.ones((2, 3), "f4")}, {"x": steps(90)["x"].astype("f4")})
    assert found is not None and "88.72" in found["why"]


def test_weights_that_are_not_finite_are_told_where_they_are_read(watched: Watched) -> None:
    W = np.ones((2, 3))
    W[1, 2] = np.nan
    found = watched(planted("v = a"), {"W": W})
    assert found is not None
    assert found["index"] == [1, 2]
    assert "comes in" in found["why"]


@pytest.mark.parametrize(
    "line",
    [
        "v = 1 / (1 + np.exp(-a))",
        "e = np.exp(a); v = np.where(a > 700, 1.0, e / (1 + e))",
        "b = np.empty_like(a); np.exp(-a, out=b); b += 1; np.divide(1, b, out=b); v = b",
    ],
)
def test_an_infinity_that_turns_into_the_right_number_is_no_explosion(watched: Watched, line: str) -> None:
    assert watched(planted(line), data=steps(-2000)) is None
    assert watched(planted(line), data=steps(2000)) is None


def test_a_harmless_infinity_is_not_blamed_for_a_later_one(watched: Watched) -> None:
    found = watched(planted("s = 1 / (1 + np.exp(-a)); v = np.log(s)"), data=steps(-2000, at=1))
    assert found is not None
    assert (found["quantity"], found["step"]) == ("v", 1)
    assert "log of 0: s is 0" in found["why"]
    reused = "b = np.empty_like(a); np.exp(-a, out=b); b += 1; np.divide(1, b, out=b); b *= 1e300; b *= 1e300; v = b"
    found = watched(planted(reused), data=steps(-2000, at=0))
    assert found is not None
    assert (found["quantity"], found["step"]) == ("b", 1)
    assert "product" in found["why"]


def test_a_function_that_is_called_is_looked_into(watched: Watched) -> None:
    source = planted("v = softmax(a)") + "\ndef softmax(y):\n    e = np.exp(y)\n    return e / e.sum()\n"
    found = watched(source, data=steps(800))
    assert found is not None
    assert (found["quantity"], found["step"], found["index"]) == ("e", 2, [0])
    assert found["source"] == "e = np.exp(y)"
    assert found["inputs"] == [("y", "801 at [0]")]
    assert "softmax needs its largest entry subtracted" in found["cure"]


def test_the_cure_knows_a_logistic_function_and_a_log_of_one(watched: Watched) -> None:
    naive = planted("v = s(a) * s(-a)") + "\ndef s(a):\n    return np.exp(a) / (1 + np.exp(a))\n"
    found = watched(naive, data=steps(800))
    assert found is not None and "1/(1 + exp(−a))" in found["cure"]
    softplus = planted("v = np.log(1 + np.exp(a))")
    found = watched(softplus, data=steps(800))
    assert found is not None and "logaddexp" in found["cure"]


@pytest.mark.parametrize(
    ("line", "cure"),
    [
        ("e = np.exp(a); v = e / e.sum()", "largest entry"),
        ("e = np.exp(a); v = e / np.sum(e)", "largest entry"),
        ("v = np.exp(a) / np.sum(np.exp(a))", "largest entry"),
        ("e = np.exp(a); v = e / (1 + e)", "1/(1 + exp(−a))"),
        ("e = np.exp(a); v = e / (e + 1)", "1/(1 + exp(−a))"),
        ("v = np.exp(a)", "hold back"),
    ],
)
def test_the_cure_is_that_of_the_place_and_not_of_another_beside_it(watched: Watched, line: str, cure: str) -> None:
    beside = "s = 1 / (1 + np.exp(-x[t] * 0))" if "sum" in line else "s = np.exp(x[t] * 0); s = s / s.sum()"
    found = watched(planted(f"{beside}\n        {line}" if cure != "hold back" else line), data=steps(800))
    assert found is not None
    assert cure in found["cure"]


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        ("for t in reversed(range(T)):", 1),
        ("for t in range(T - 1, -1, -1):", 1),
        ("for t, row in list(enumerate(x))[::-1]:", 1),
        ("for row in x[::-1]:", 1),
        ("for k, row in enumerate(x):", 1),
        ("for row in x:", 1),
        ("for row in zip(x[::-1], x[::-1]):", 1),
    ],
)
def test_the_step_is_told_whichever_way_the_loop_goes(watched: Watched, head: str, expected: int) -> None:
    row = "x[t]" if "for t in" in head else "row[0]" if "zip" in head else "row"
    source = f"""
    import numpy as np

    def loss_and_grads(params, data):
        x, T = data["x"], len(data["x"])
        for row in x:
            pass
        total = 0.0
        {head}
            for gate in "if":
                total += np.exp({row}).sum()
        return total, {{"W": params["W"] * total}}
    """
    found = watched(source, data=steps(800, at=expected))
    assert found is not None
    assert found["step"] == expected
    assert ("gate", "i") in found["inputs"]


def test_arrays_in_lists_and_entries_of_arrays_are_followed(watched: Watched) -> None:
    source = """
    import numpy as np

    class Net:
        def __init__(self, W):
            self.W, self.hs = W, []

        def run(self, x):
            buffer = np.zeros((len(x), 3))
            for t in range(len(x)):
                s = 1 / (1 + np.exp(-x[t] @ self.W))
                buffer[t] = np.exp(x[t] @ self.W)
                self.hs.append(buffer[t] * s)
            return np.stack(self.hs), np.concatenate([h[None] for h in self.hs])

    def loss_and_grads(params, data):
        net = Net(params["W"])
        h, again = net.run(data["x"])
        grads = {key: sum(h.sum() * np.ones_like(value) for _ in range(2)) for key, value in params.items()}
        return float(again.sum()), grads
    """
    x = np.ones((4, 2))
    x[0] = -900  # harmless: 1 / (1 + inf)
    x[3] = 500
    found = watched(source, data={"x": x})
    assert found is not None
    assert (found["step"], found["source"]) == (3, "buffer[t] = np.exp(x[t] @ self.W)")
    assert watched(source) is None


def test_a_number_beside_arrays_is_followed_too(watched: Watched) -> None:
    source = """
    import numpy as np
    from math import inf

    def loss_and_grads(params, data):
        best, loss = -inf, 0.0
        for t, row in enumerate(data["x"]):
            best = max(best, float(row.max()))
            p = np.exp(row - row.max())
            p = p / p.sum()
            loss = loss - np.log(p[0])
        return loss, {"W": params["W"]}
    """
    assert watched(source, data=steps(-600)) is None
    found = watched(source, data=steps(-800))
    assert found is not None
    assert (found["quantity"], found["step"]) == ("np.log(p[0])", 2)
    assert found["inputs"] == [("p[0]", "0")]


def test_how_often_a_line_was_reached_is_known_where_no_loop_tells_a_step(watched: Watched) -> None:
    source = """
    import numpy as np

    def loss_and_grads(params, data):
        x, total = list(data["x"]), 0.0
        while x:
            total += np.exp(x.pop(0)).sum()
        return total, {"W": params["W"] * total}
    """
    found = watched(source, data=steps(800))
    assert found is not None
    assert (found["step"], found["visit"]) == (None, 2)


def test_a_constant_that_is_no_number_is_told_as_such(watched: Watched) -> None:
    found = watched(planted("v = a * np.nan"))
    assert found is not None
    assert (found["quantity"], found["line"]) == ("np.nan", LINE)
    assert "as it is written" in found["why"]


def test_rewritten_source_does_what_it_did(tmp_path: Path) -> None:
    source = '''
    from __future__ import annotations
    import numpy as np
    from dataclasses import dataclass, field

    @dataclass
    class Box:
        values: list[float] = field(default_factory=list)
        scale: float = 2.0

        def __call__(self, *args, **named):
            return sum(args) * self.scale + named.get("plus", 0)

    class Sub(Box):
        def __call__(self, *args, **named):
            return super().__call__(*args, **named) + 1

    def gen(n):
        for k in range(n):
            got = yield k
            if got:
                return

    def loss_and_grads(params, data):
        """Doc."""
        box, out = Sub(), []
        (a, b), *rest = (1.0, 2.0), 3.0, 4.0
        d = {"a": a, **{f"{k}!": v for k, v in zip("xy", (a, b))}}
        out += [box(a, b, plus=1), *rest, d["x!"], sum(x * y for x, y in zip(rest, rest) if x > 3)]
        for k, in [(1,), (2,)]:
            if k == 2:
                break
        else:
            out.append(-1)
        i = 0
        while (i := i + 1) < 4:
            if i == 2:
                continue
            out.append(i if i % 2 else -i)
        try:
            raise ValueError("no")
        except (ValueError, TypeError) as error:
            out.append(len(str(error)))
        match out[:2]:
            case [first, second] if first > 0:
                out.append(first + second)
            case {"a": 1}:
                pass
        f = lambda v, /, w=2.0, *, u=1: v ** w - u
        out.append(f(3.0))
        m = np.arange(6.0).reshape(2, 3)
        m[0, 1:] += m[1, :2]
        m[:, ::2] **= 2
        m.T[0] -= 1
        out += list(gen(3)), not out, [*map(abs, (-1, 1))], m[..., None].sum(), a if b else rest, 1 < a <= 2 < b
        del d["a"]
        assert isinstance(params, dict), "message"
        with np.errstate(all="ignore"):
            out.append(m @ m.T)
        global G
        G = 3
        return out, {"W": m, "d": d, "G": G}
    '''
    path = tmp_path / "plain.py"
    path.write_text(textwrap.dedent(source))
    recorder = Recorder()
    answers = []
    for watch in (None, recorder):
        module = load(path, watch=watch)
        recorder.begin()
        answers.append(module.loss_and_grads({"W": 1}, {}))
        recorder.end()
        unload(module)
    np.testing.assert_equal(answers[1], answers[0])
    assert recorder.sites


@pytest.mark.parametrize(
    "entry", [entry for entry in entries().values() if not entry.missing], ids=lambda one: one.name
)
def test_the_casebook_answers_as_ever_and_is_explained_when_it_is_not_finite(entry: Entry) -> None:
    """At ordinary numbers nothing is told; where weights are far too large and the answer is lost, something is."""
    for member in entry.members:
        plain, recorder = load(member.path), Recorder()
        module = load(member.path, watch=recorder)
        params, data = plain.example(0)
        for factor in (1.0, 1e160):
            given = {name: value * factor if isinstance(value, np.ndarray) else value for name, value in params.items()}
            with np.errstate(all="ignore"):
                try:
                    answer = plain.loss_and_grads(copied(given), copied(data))
                except IndexError:  # as one was published
                    break
                recorder.begin()
                seen = module.loss_and_grads(copied(given), copied(data))
                recorder.end()
            np.testing.assert_equal(seen, answer)
            results = {"loss": seen[0], "grads": seen[1]}
            numbers = [seen[0], *seen[1].values()]
            lost = any(not np.isfinite(np.asarray(one, float)).all() for one in numbers)
            found = told(recorder, results, str(member.path.parent))
            assert (found is not None) == lost, (member.path.stem, factor)
            assert not (lost and factor == 1.0)
        unload(plain)
        unload(module)
