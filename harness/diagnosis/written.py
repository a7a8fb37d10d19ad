"""A counterexample as a test of the candidate's author: a pytest file that fails now and passes when mended.

It imports NumPy and the candidate's own file, nothing of ours. Everything that comes from a candidate stands in it as a
literal: names and text are quoted by `repr`, and never become code.
"""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from harness.candidates.target import Target
from harness.diagnosis.example_wrong import LOSS, Shown

#: how a gradient may be named in what a candidate returns
FORMS = ("{}", "d{}", "d_{}", "grad{}", "grad_{}", "{}_grad", "{}_diff")
#: more numbers than this are no small example any more
_MOST = 3000
_WIDTH = 110
_CANDIDATE = re.compile(r"^CANDIDATE = .*$", re.MULTILINE)

_TEST = '''"""What is wrong, in numbers for pencil and paper: this fails now, and passes when it is mended."""

import importlib.util
import sys
from pathlib import Path

import numpy as np

CANDIDATE = Path({path})
PARAMS = {params}
DATA = {data}
# {source}
EXPECTED = {expected}
{names}

def candidate(monkeypatch):
    monkeypatch.syspath_prepend(str(CANDIDATE.parent))  # for what stands beside it
    spec = importlib.util.spec_from_file_location("candidate_under_test", CANDIDATE)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return getattr(module, {function})


def {name}(monkeypatch):
    returned = candidate(monkeypatch)(PARAMS, DATA)
    {obtained}
    np.testing.assert_allclose(np.reshape(obtained, EXPECTED.shape), EXPECTED, rtol={rtol}, atol={atol})
'''
_NAMES = "NAMES = {}  # what the gradient may be called\n"
_GRADIENT = "obtained = next(grad for name, grad in returned[1].items() if name in NAMES)"
_OF_GRADIENT = "The right gradient: automatic differentiation of the cell's equations, without the candidate."
_OF_LOSS = "The right loss: the cell's equations, without the candidate."


def written(target: Target, params: Mapping[str, Any], data: Mapping[str, Any], shown: Shown, source: str = "") -> str:
    """The test of a candidate's file on these params and data; empty where they are too many to be written out.

    ``source`` says where the expected numbers come from: by default from the cell's equations. The file names the
    candidate by its whole path; see `placed`.
    """
    forward = shown.array == LOSS
    relative = 1e-4 if shown.coarse else 1e-6
    try:
        filled = {
            "params": _dict(params),
            "data": _dict(data),
            "expected": literal(np.asarray(shown.expected, float)),
        }
    except (TypeError, _TooMany):
        return ""
    return _TEST.format(
        path=_text(str(target.path)),
        function=_text(target.function),
        name="test_loss" if forward else "test_gradient",
        source=source or (_OF_LOSS if forward else _OF_GRADIENT),
        names="" if forward else _NAMES.format(_keys(shown.array)),
        obtained="obtained = returned[0]" if forward else _GRADIENT,
        rtol=f"{relative:g}",
        atol=f"{float(f'{relative * (shown.scale or 1.0):.1g}'):g}",
        **filled,
    )


def placed(test: str, file: Path) -> str:
    """The test for ``file``: it finds the candidate by the way from there, as far as there is one."""
    found = re.search(r"^CANDIDATE = Path\((.*)\)$", test, re.MULTILINE)
    if found is None:
        return test
    try:
        way = os.path.relpath(ast.literal_eval(found[1]), file.resolve().parent)
    except ValueError:  # on another drive
        return test
    line = f"CANDIDATE = (Path(__file__).parent / {_text(Path(way).as_posix())}).resolve()"
    return _CANDIDATE.sub(lambda _: line, test, count=1)


def literal(value: Any) -> str:
    """Python source of a value that a candidate may be given. Raises TypeError for one of another kind."""
    if isinstance(value, np.ndarray):
        return _array(value)
    if isinstance(value, np.generic):
        return f"np.{value.dtype.name}({_number(value.item())})"
    if value is None or isinstance(value, bool):
        return repr(value)
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, complex):
        return f"complex({_number(value.real)}, {_number(value.imag)})"
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, tuple):
        return f"({''.join(f'{literal(one)}, ' for one in value).strip()})"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{literal(key)}: {literal(one)}' for key, one in value.items())}}}"
    raise TypeError(f"got a {type(value).__name__}, which has no literal")


class _TooMany(Exception):
    """It is no small example any more."""


def _array(array: np.ndarray) -> str:
    if array.size > _MOST:
        raise _TooMany
    plain = np.asarray(array)
    dtype = "" if plain.dtype in (np.dtype(float), np.dtype(int), np.dtype(bool)) else f", dtype={plain.dtype.name!r}"
    if not plain.size:
        made = f"np.zeros({plain.shape}, dtype={plain.dtype.name!r})"
    else:
        made = f"np.array({_rows(plain.tolist())}{dtype})"
    return f"{made}.view(np.matrix)" if isinstance(array, np.matrix) else made


def _rows(value: Any) -> str:
    """Nested lists; the outermost one row by row where a line would be too long."""
    line = _nested(value)
    if len(line) <= _WIDTH or not isinstance(value, list):
        return line
    return "[\n" + "".join(f"        {_nested(one)},\n" for one in value) + "    ]"


def _nested(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(map(_nested, value))}]"
    return repr(value) if isinstance(value, bool) else _number(value)


def _number(number: int | float | bool) -> str:
    return repr(number) if isfinite(number) else f'float("{number}")'


def _text(text: str) -> str:
    """Its literal in ASCII, whatever is in it: a file may be read in another encoding."""
    return ascii(text)


def _keys(name: str) -> str:
    return f"({', '.join(_text(form.format(name)) for form in FORMS)})"


def _dict(entries: Mapping[str, Any]) -> str:
    lines = "".join(f"    {_text(name)}: {literal(value)},\n" for name, value in entries.items())
    return f"{{\n{lines}}}"
