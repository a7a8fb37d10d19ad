"""Awkward ways to write a forward pass: each comes out right, by the method that is stated, or as unknown.

Every entry goes on from ``a = W x + b`` in its own way to a loss; JAX differentiates the same mathematics, said
plainly. What an entry's method is, is part of the test: complex step is exact, differences are a fallback.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import pytest
from own_forward import Differentiate, never_wrong, precise

jax = pytest.importorskip("jax")
import jax.numpy as jnp  # noqa: E402
from jax.scipy import special  # noqa: E402

C, D = "complex step", "differences"


class Entry(NamedTuple):
    lines: str  #: from a, W, x, b, v to loss
    truth: Callable[..., Any]  #: of the same, in JAX
    method: str = C
    relative: float = 1e-11  #: the radius that is asked for, against the largest derivative


def _sum_tanh(a: Any, v: Any) -> Any:
    return jnp.sum(v * jnp.tanh(a))


def _cross_entropy(a: Any, v: Any) -> Any:
    return -jax.nn.log_softmax(a)[2]


def _relu(a: Any, v: Any) -> Any:
    return jnp.sum(v * jnp.maximum(a, 0))


def _sigmoid(a: Any, v: Any) -> Any:
    return jnp.sum(v * jax.nn.sigmoid(a))


def _square(a: Any, v: Any) -> Any:
    return 0.5 * jnp.sum((a - v) ** 2)


TABLE = {
    # buffers, and what they are made by
    "zeros, filled by rows": Entry("h = np.zeros(4)\nfor k in range(4): h[k] = np.tanh(a[k])\nloss = v @ h", _sum_tanh),
    "empty_like of an integer": Entry(
        "h = np.empty_like(np.arange(4), dtype=float)\nh[:] = np.tanh(a)\nloss = v @ h", _sum_tanh
    ),
    "a buffer in single precision": Entry(
        "h = np.zeros(4, dtype=np.float32)\nh[:] = np.tanh(a)\nloss = np.float64(v @ h)", _sum_tanh, C, 1e-2
    ),
    "astype float32": Entry("h = np.tanh(a).astype(np.float32)\nloss = v @ h", _sum_tanh, C, 1e-2),
    "astype by name": Entry("h = np.tanh(a).astype('float64').astype('d')\nloss = v @ h", _sum_tanh),
    "dtype by name": Entry("h = np.zeros(4, 'float')\nh += np.tanh(a)\nloss = v @ h", _sum_tanh),
    "full": Entry("h = np.full((4,), 0.5)\nh *= 2 * np.tanh(a)\nloss = v @ h", _sum_tanh),
    "ones, multiplied in place": Entry("h = np.ones(4)\nh *= np.tanh(a)\nloss = v @ h", _sum_tanh),
    "random buffer": Entry("h = np.random.randn(4)\nh[:] = np.tanh(a)\nloss = v @ h", _sum_tanh),
    "buffer from a generator": Entry(
        "h = np.random.default_rng(1).normal(size=4)\nh[:] = np.tanh(a)\nloss = v @ h", _sum_tanh
    ),
    "np.ndarray as a buffer": Entry("h = np.ndarray(4)\nh[:] = np.tanh(a)\nloss = v @ h", _sum_tanh),
    "np.ndarray with a dtype": Entry("h = np.ndarray((4,), np.float64)\nh[:] = np.tanh(a)\nloss = v @ h", _sum_tanh),
    "array of Python floats as a buffer": Entry("h = np.array([0.0] * 4)\nh[:] = np.tanh(a)\nloss = v @ h", _sum_tanh),
    "vstack of Python floats": Entry(
        "h = np.vstack([0.0, 0.0, 0.0, 0.0])\nh[:, 0] = np.tanh(a)\nloss = v @ h[:, 0]", _sum_tanh
    ),
    "arange as a buffer": Entry("h = np.arange(4.0)\nh[:] = np.tanh(a)\nloss = v @ h", _sum_tanh),
    "linspace as a buffer": Entry("h = np.linspace(0, 1, 4)\nh[:] = np.tanh(a)\nloss = v @ h", _sum_tanh),
    "a buffer of products of integers": Entry(
        "h = np.arange(4) / 2\nh[:] = np.tanh(a)\nloss = v @ h", _sum_tanh, D, 1e-8
    ),
    "a list of floats": Entry(
        "h = [float(one) for one in np.tanh(a)]\nloss = sum(p * q for p, q in zip(v, h))", _sum_tanh
    ),
    "tolist": Entry("h = np.tanh(a).tolist()\nloss = sum(p * q for p, q in zip(v.tolist(), h))", _sum_tanh),
    "item": Entry("loss = 0.0\nfor k in range(4): loss += v[k].item() * np.tanh(a)[k].item()", _sum_tanh),
    "float of an array of one": Entry(
        "loss = float(np.dot(v.reshape(1, 4), np.tanh(a).reshape(4, 1)).squeeze())", _sum_tanh
    ),
    "a loss of shape (1, 1)": Entry("loss = np.dot(v.reshape(1, 4), np.tanh(a).reshape(4, 1))", _sum_tanh),
    "a matrix": Entry("loss = np.matrix(v) * np.matrix(np.tanh(a)).T", _sum_tanh),
    "an array of objects": Entry(
        "h = np.empty(4, dtype=object)\nh[:] = list(np.tanh(a))\nloss = sum(v * h)", _sum_tanh
    ),
    "fromiter": Entry("h = np.fromiter((np.tanh(one) for one in a), dtype=float)\nloss = v @ h", _sum_tanh),
    "frombuffer of its own bytes": Entry("loss = v @ np.frombuffer(np.tanh(a).tobytes())", _sum_tanh, D, 1e-8),
    "insert, append and delete": Entry(
        "h = np.delete(np.append(np.insert(np.tanh(a), 0, 0.0), 1.0), [0, 5])\nloss = v @ h", _sum_tanh
    ),
    "a structured copy": Entry("import copy\nh = copy.deepcopy({'h': [np.tanh(a)]})\nloss = v @ h['h'][0]", _sum_tanh),
    "pickled and read again": Entry("import pickle\nloss = v @ pickle.loads(pickle.dumps(np.tanh(a)))", _sum_tanh),
    # real parts, printing, deciding
    "np.real and real": Entry("loss = np.real(v @ np.tanh(a).real).real", _sum_tanh),
    "conj": Entry("loss = np.conj(v) @ np.tanh(a).conj()", _sum_tanh),
    "real_if_close": Entry("loss = v @ np.real_if_close(np.tanh(a))", _sum_tanh),
    "prints": Entry(
        "loss = v @ np.tanh(a)\nprint(f'{loss:.3f} {a[0]!r:>20}', '%.2f %s' % (loss, a), '{:6.2f}'.format(loss), a)",
        _sum_tanh,
    ),
    "formats": Entry(
        "loss = v @ np.tanh(a)\ntext = '%d%% %.1f' % (3, loss) + f'{loss:8.3e}|{loss:.1%}' + '{0:g}'.format(loss)\n"
        "assert 'j' not in text",
        _sum_tanh,
    ),
    "asserts and isnan": Entry(
        "assert not np.isnan(a).any() and np.all(np.isfinite(a)) and np.abs(a).max() < 100 and (a == a).all()\n"
        "loss = v @ np.tanh(a)",
        _sum_tanh,
    ),
    "isinstance": Entry(
        "loss = v @ np.tanh(a)\nassert isinstance(loss, float) and isinstance(loss, np.floating)\n"
        "assert isinstance(a, np.ndarray) and a.dtype == np.float64 and np.issubdtype(a.dtype, np.floating)",
        _sum_tanh,
    ),
    "warnings silenced": Entry(
        "import warnings\nwarnings.simplefilter('ignore')\nwith warnings.catch_warnings():\n"
        "    warnings.simplefilter('ignore')\n    loss = v @ np.tanh(a)",
        _sum_tanh,
    ),
    "chained comparison": Entry("loss = v @ np.tanh(a) if -50 < a[0] <= a.max() < 50 else 0.0", _sum_tanh),
    "sorted": Entry("order = np.argsort(a)\nloss = v[order] @ np.tanh(np.sort(a))", _sum_tanh),
    "sorted by Python": Entry("loss = sum(np.tanh(one) for one in sorted(a))", lambda a, v: jnp.sum(jnp.tanh(a))),
    "global norm clipping that does nothing": Entry(
        "h = np.tanh(a)\nn = np.linalg.norm(h)\nif n > 5: h = h * 5 / n\nloss = v @ h", _sum_tanh
    ),
    "clip that does nothing": Entry("h = np.tanh(a)\nnp.clip(h, -5, 5, out=h)\nloss = v @ h", _sum_tanh),
    "clip": Entry("loss = v @ np.clip(a, -0.5, 0.5)", lambda a, v: v @ jnp.clip(a, -0.5, 0.5)),
    "a clip of an array": Entry("loss = v @ (a * 3).clip(-1, 1)", lambda a, v: v @ jnp.clip(3 * a, -1, 1)),
    # relu and its like
    "maximum": Entry("loss = v @ np.maximum(0, a)", _relu),
    "maximum, second": Entry("loss = v @ np.maximum(a, 0.0)", _relu),
    "where": Entry("loss = v @ np.where(a > 0, a, 0)", _relu),
    "mask": Entry("loss = v @ (a * (a > 0))", _relu),
    "mask in place": Entry("h = a.copy()\nh[h < 0] = 0\nloss = v @ h", _relu),
    "Python's max": Entry("loss = sum(p * max(0, q) for p, q in zip(v, a))", _relu),
    "Python's max of floats": Entry("loss = sum(p * max(0.0, float(q)) for p, q in zip(v, a))", _relu),
    "half of a + |a|": Entry("loss = v @ (0.5 * (a + np.abs(a)))", _relu),
    "half of a + |a| by Python": Entry("loss = sum(p * 0.5 * (q + abs(q)) for p, q in zip(v, a))", _relu),
    "fabs and sign": Entry("loss = v @ (np.sign(a) * np.fabs(a) * (np.sign(a) + 1) / 2)", _relu),
    "heaviside": Entry("loss = v @ (a * np.heaviside(a, 0.5))", _relu),
    "vectorized": Entry("loss = v @ np.vectorize(lambda q: q if q > 0 else 0.0)(a)", _relu, D, 1e-8),
    "select": Entry("loss = v @ np.select([a > 0, a <= 0], [a, 0 * a])", _relu),
    "nonzero": Entry("k = np.flatnonzero(a > 0)\nloss = v[k] @ a[k]", _relu),
    # sigmoid and overflow
    "sigmoid": Entry("loss = v @ (1 / (1 + np.exp(-a)))", _sigmoid),
    "sigmoid far out": Entry("loss = v @ (1 / (1 + np.exp(-800 * a)))", lambda a, v: v @ jax.nn.sigmoid(800 * a)),
    "sigmoid in pieces": Entry(
        "h = np.zeros_like(a)\np = a >= 0\nh[p] = 1 / (1 + np.exp(-a[p]))\ne = np.exp(a[~p])\n"
        "h[~p] = e / (1 + e)\nloss = v @ h",
        _sigmoid,
    ),
    "sigmoid by math": Entry("import math\nloss = sum(p / (1 + math.exp(-q)) for p, q in zip(v, a))", _sigmoid),
    "sigmoid by Python floats": Entry(
        "from math import exp\nloss = sum(float(p) / (1 + exp(-float(q))) for p, q in zip(v, a))", _sigmoid
    ),
    "expit": Entry("from scipy.special import expit\nloss = v @ expit(a)", _sigmoid),
    "expit, by module": Entry("import scipy.special\nloss = v @ scipy.special.expit(a)", _sigmoid),
    "tanh by exponentials": Entry("loss = v @ ((np.exp(2 * a) - 1) / (np.exp(2 * a) + 1))", _sum_tanh),
    "math.tanh": Entry("import math\nloss = sum(p * math.tanh(q) for p, q in zip(v, a))", _sum_tanh),
    "tanh, vectorized by math": Entry("import math\nloss = v @ np.vectorize(math.tanh, otypes=[float])(a)", _sum_tanh),
    "a frompyfunc": Entry("import math\nloss = sum(v * np.frompyfunc(math.tanh, 1, 1)(a))", _sum_tanh),
    # softmax and norms
    "softmax": Entry("e = np.exp(a - np.max(a))\nloss = -np.log(e / e.sum())[2]", _cross_entropy),
    "softmax, keepdims": Entry(
        "z = a.reshape(1, 4)\ne = np.exp(z - np.max(z, axis=1, keepdims=True))\n"
        "p = e / np.sum(e, axis=1, keepdims=True)\nloss = -np.log(p[range(1), [2]]).mean()",
        _cross_entropy,
    ),
    "softmax, no shift": Entry("loss = np.log(np.sum(np.exp(a))) - a[2]", _cross_entropy),
    "softmax of large logits, guarded": Entry(
        "z = 5 * a + 700\ne = np.exp(z - z.max())\nloss = -np.log(e[2] / e.sum() + 1e-6)",
        lambda a, v: -jnp.log(jax.nn.softmax(5 * a)[2] + 1e-6),
        C,
        1e-9,
    ),
    "softmax by scipy": Entry("from scipy.special import softmax\nloss = -np.log(softmax(a))[2]", _cross_entropy),
    "log-softmax by scipy": Entry("from scipy import special as s\nloss = -s.log_softmax(a)[2]", _cross_entropy),
    "logsumexp by scipy": Entry("from scipy.special import logsumexp\nloss = logsumexp(a) - a[2]", _cross_entropy),
    "logaddexp": Entry("loss = np.logaddexp.reduce(a) - a[2]", _cross_entropy),
    "one-hot of integers": Entry(
        "loss = -np.sum(np.eye(4, dtype=int)[2] * np.log(np.exp(a) / np.exp(a).sum()))", _cross_entropy
    ),
    "norm": Entry("loss = 0.5 * np.linalg.norm(a - v) ** 2", _square),
    "norm along an axis": Entry("loss = np.sum(0.5 * np.linalg.norm((a - v).reshape(2, 2), axis=1) ** 2)", _square),
    "norms of other orders": Entry(
        "from numpy.linalg import norm\nloss = norm(a, 1) + norm(a, np.inf) + norm(np.outer(a, v))",
        lambda a, v: jnp.sum(jnp.abs(a)) + jnp.max(jnp.abs(a)) + jnp.sqrt(jnp.sum(jnp.outer(a, v) ** 2)),
    ),
    "the largest singular value": Entry(
        "loss = np.linalg.norm(np.outer(a, v) + np.eye(4), 2)",
        lambda a, v: jnp.linalg.norm(jnp.outer(a, v) + jnp.eye(4), 2),
        D,
        1e-8,
    ),
    "vdot, inner, einsum": Entry(
        "e = a - v\nloss = (np.vdot(e, e) + np.inner(e, e) + np.einsum('i,i->', e, e) + np.dot(e, e)) / 8", _square
    ),
    "matrices": Entry("e = np.asmatrix(a - v)\nloss = float((e * e.T)[0, 0]) / 2", _square),
    "a moment of a matrix": Entry(
        "loss = (np.mat if hasattr(np, 'mat') else np.asmatrix)(a).A1 @ v", lambda a, v: a @ v
    ),
    "var and std": Entry(
        "loss = np.var(a) + a.std() + np.std(a.reshape(2, 2), axis=1, ddof=1).sum()",
        lambda a, v: jnp.var(a) + jnp.std(a) + jnp.sum(jnp.std(a.reshape(2, 2), axis=1, ddof=1)),
    ),
    "layer normalisation": Entry(
        "h = (a - a.mean()) / np.sqrt(a.var() + 1e-5)\nloss = v @ np.tanh(h)",
        lambda a, v: v @ jnp.tanh((a - a.mean()) / jnp.sqrt(a.var() + 1e-5)),
    ),
    "max, min and ptp": Entry(
        "loss = a.max() * np.min(a) + np.ptp(a) + np.amax(a)", lambda a, v: a.max() * a.min() + jnp.ptp(a) + a.max()
    ),
    "median": Entry("loss = np.median(a)", lambda a, v: jnp.median(a)),
    "a percentile": Entry("loss = np.percentile(a * v, 30)", lambda a, v: jnp.percentile(a * v, 30), D, 1e-8),
    "cumulative": Entry("loss = np.cumsum(a) @ v + np.prod(a)", lambda a, v: jnp.cumsum(a) @ v + jnp.prod(a)),
    "convolve and correlate": Entry(
        "loss = np.convolve(a, v).sum() ** 2 + np.correlate(v, a)[0]",
        lambda a, v: jnp.convolve(a, v).sum() ** 2 + v @ a,
    ),
    "hypot and arctan2": Entry(
        "loss = np.hypot(a, v).sum() + np.arctan2(a, v).sum()",
        lambda a, v: jnp.sum(jnp.sqrt(a * a + v * v)) + jnp.sum(jnp.arctan2(a, v)),
    ),
    "powers and roots": Entry(
        "loss = np.sum(np.abs(a) ** 1.5) + np.sum(np.sqrt(np.abs(a))) + np.sum(np.cbrt(a)) + np.sum(np.power(a, 3))",
        lambda a, v: jnp.sum(jnp.abs(a) ** 1.5) + jnp.sum(jnp.sqrt(jnp.abs(a))) + jnp.sum(jnp.cbrt(a)) + jnp.sum(a**3),
    ),
    "softplus": Entry(
        "loss = v @ np.log1p(np.exp(a)) + np.expm1(a).sum()", lambda a, v: v @ jax.nn.softplus(a) + jnp.expm1(a).sum()
    ),
    "gelu by math.erf": Entry(
        "import math\nloss = sum(p * q * 0.5 * (1 + math.erf(q / math.sqrt(2))) for p, q in zip(v, a))",
        lambda a, v: v @ jax.nn.gelu(a, approximate=False),
    ),
    "erf by scipy": Entry("from scipy.special import erf\nloss = v @ erf(a)", lambda a, v: v @ special.erf(a)),
    "logit and xlogy": Entry(
        "from scipy.special import logit, xlogy, expit\nloss = v @ logit(expit(a)) + xlogy(expit(a), expit(a)).sum()",
        lambda a, v: v @ a + jnp.sum(jax.nn.sigmoid(a) * jnp.log(jax.nn.sigmoid(a))),
    ),
    "interpolated": Entry(
        "loss = np.interp(a * v, [-9.0, 0.0, 9.0], [-9.0, 0.0, 4.5]).sum()",
        lambda a, v: jnp.sum(jnp.where(a * v > 0, a * v / 2, a * v)),
        D,
        1e-8,
    ),
    "solve, inv and det": Entry(
        "A = np.outer(v, a) + 3 * np.eye(4)\n"
        "loss = np.linalg.solve(A, v).sum() + np.linalg.inv(A).sum() + np.linalg.det(A)",
        lambda a, v: (
            jnp.linalg.solve(jnp.outer(v, a) + 3 * jnp.eye(4), v).sum()
            + jnp.linalg.inv(jnp.outer(v, a) + 3 * jnp.eye(4)).sum()
            + jnp.linalg.det(jnp.outer(v, a) + 3 * jnp.eye(4))
        ),
    ),
    "an orthogonal constant": Entry(
        "Q = np.linalg.qr(np.random.RandomState(0).randn(4, 4))[0]\n"
        "loss = np.sum((Q @ a) ** 2) / 2 - v @ a + v @ v / 2",
        _square,
    ),
    "dropout": Entry(
        "np.random.seed(3)\nm = (np.random.rand(4) < 0.5) / 0.5\nnp.random.seed(3)\nn = np.random.binomial(1, 0.5, 4)\n"
        "loss = v @ np.tanh(a) + 0 * (m * a).sum()",
        _sum_tanh,
    ),
    "choice by probabilities": Entry(
        "e = np.exp(a)\np = e / e.sum()\nk = np.random.choice(4, p=p.ravel())\nloss = v @ np.tanh(a) + 0 * k", _sum_tanh
    ),
    "shuffled": Entry(
        "np.random.seed(1)\nk = np.arange(4)\nnp.random.shuffle(k)\nh = np.tanh(a)[k]\nloss = v[k] @ h", _sum_tanh
    ),
    "divided by a step": Entry(
        "loss = np.floor(np.abs(a)).sum() + v @ np.tanh(a) + np.round(3 * a).sum() * 0", _sum_tanh
    ),
    "rounded loss": Entry("loss = round(float(v @ np.tanh(a)), 4)", _sum_tanh, D, 1.0),
    "rounded to nine": Entry("loss = np.round(v @ np.tanh(a), 9)", _sum_tanh, C, 1e-2),
    "lambda, closure and generator": Entry(
        "f = lambda q, *, s=np.tanh: s(q)\nloss = sum(p * f(q) for p, q in zip(v, a))", _sum_tanh
    ),
    "try that swallows": Entry("try:\n    h = np.tanh(a)\nexcept Exception:\n    h = a\nloss = v @ h", _sum_tanh),
    "executed text": Entry(
        "space = {'a': a, 'v': v, 'np': np}\nexec('r = v @ np.tanh(a)', space)\nloss = space['r']", _sum_tanh
    ),
    "imports inside, by other names": Entry(
        "import numpy\nfrom numpy import zeros, tanh as t\nimport numpy.random as nr\nfrom numpy import linalg as la\n"
        "h = zeros(4)\nh[:] = t(a)\nloss = numpy.dot(v, h) + 0 * la.norm(nr.rand(2))",
        _sum_tanh,
    ),
    "everything imported": Entry("h = zeros(4)\nh[:] = tanh(a)\nloss = dot(v, h) + 0 * abs(h).max()", _sum_tanh),
    "statistics": Entry("import statistics\nloss = statistics.fmean(a * v)", lambda a, v: jnp.mean(a * v), D, 1e-8),
    "fsum and prod": Entry("import math\nloss = math.fsum(a * v) + math.prod(a)", lambda a, v: a @ v + jnp.prod(a)),
    "fractions of a second": Entry(
        "import time\nt = time.time()\nloss = v @ np.tanh(a) + 0 * (time.time() - t)", _sum_tanh
    ),
    "complex on purpose": Entry("loss = abs(complex(1.0, 0.0)) * (v @ np.tanh(a))", _sum_tanh),
    "fft": Entry("loss = np.sum(np.abs(np.fft.fft(a)) ** 2) / 8 - v @ a + v @ v / 2", _square, D, 1e-8),
}


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
@pytest.mark.parametrize("name", TABLE)
def test_awkward(differentiate: Differentiate, name: str) -> None:
    entry = TABLE[name]
    if "scipy" in entry.lines:
        pytest.importorskip("scipy")
    params, data = point()
    body = entry.lines.replace("\n", "\n    ")
    star = "from numpy import *\n" if name == "everything imported" else ""
    source = (
        f"import numpy as np\n{star}def loss_and_grads(params, data):\n"
        "    W, b, v, x = params['W'], params['b'], data['v'], data['x']\n"
        f"    a = np.dot(W, x) + b\n    {body}\n    return loss, {{}}\n"
    )
    derived = differentiate(source, params, data)
    truth = derivatives(entry.truth)
    never_wrong(derived, truth)
    precise(derived, entry.relative)
    assert set(derived.method.values()) == {entry.method}, derived.notes
    assert (derived.notes == ()) == (entry.method == C)
    assert derived.share == 1.0


def point() -> tuple[dict[str, np.ndarray], dict[str, np.ndarray]]:
    """Values at which no entry has a kink nearby."""
    generator = np.random.default_rng(5)
    params = {"W": generator.normal(size=(4, 3)), "b": generator.normal(size=4)}
    return params, {"v": generator.normal(size=4), "x": generator.normal(size=3)}


@cache
def derivatives(truth: Callable[..., Any]) -> dict[str, np.ndarray]:
    """By JAX, at the point."""
    params, data = point()

    def loss(every: dict[str, Any]) -> Any:
        return truth(every["W"] @ every["x"] + every["b"], every["v"])

    with jax.enable_x64(True):
        found = jax.grad(loss)({**params, **data})
    return {name: np.asarray(value) for name, value in found.items()}


def test_there_are_enough_of_them() -> None:
    assert len(TABLE) >= 100
    assert sum(entry.method == C for entry in TABLE.values()) > 80
