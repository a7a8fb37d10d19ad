"""Loading a candidate's file: as Python would, afresh each time, with what lies beside it, and harming nobody."""

from __future__ import annotations

import math
import subprocess
import sys
import traceback
import warnings
from pathlib import Path

import numpy as np
import pytest

from harness.forward.private import load

BOTH = pytest.mark.parametrize("patched", [False, True])


def written(folder: Path, **texts: str) -> Path:
    for name, text in texts.items():
        file = folder / (name.replace("__in__", "/") + ".py")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return folder / "mine.py"


@BOTH
def test_two_loads_share_no_state(tmp_path: Path, patched: bool) -> None:
    file = written(tmp_path, mine="import beside\nseen = beside.seen", beside="seen = []")
    one, two = load(file, patched), load(file, patched)
    one.seen.append(1)
    assert two.seen == []
    assert one.beside is not two.beside


@BOTH
def test_what_lies_beside_it_is_imported_however_it_is_asked_for(tmp_path: Path, patched: bool) -> None:
    file = written(
        tmp_path,
        mine="import layers.cell\nimport layers.cell as c\nfrom layers import cell, loss as l\n"
        "from layers.cell import W\n"
        "from beside import *\nimport numpy as np\n"
        "def later():\n    from layers.loss import twice\n    return twice(W)\n"
        "names = [layers.cell.W, c.W, cell.W, l.half, W, public]\n",
        beside="public = 7\n_hidden = 8",
        layers__in____init__="",
        layers__in__cell="from . import loss\nfrom .loss import half\nimport beside\nW = 4 * half + beside.public - 7",
        layers__in__loss="half = 0.5\ndef twice(x): return 2 * x",
    )
    module = load(file, patched)
    assert module.names == [2.0, 2.0, 2.0, 0.5, 2.0, 7]
    assert module.later() == 4.0
    assert not hasattr(module, "_hidden")


@BOTH
def test_a_folder_without_an_init_and_a_relative_import_from_the_file_itself(tmp_path: Path, patched: bool) -> None:
    file = written(
        tmp_path, mine="from .beside import n\nfrom parts.one import m", beside="n = 1", parts__in__one="m = 2"
    )
    module = load(file, patched)
    assert (module.n, module.m) == (1, 2)


@BOTH
def test_a_folder_named_like_a_library_does_not_take_its_place(tmp_path: Path, patched: bool) -> None:
    (tmp_path / "numpy").mkdir()
    (tmp_path / "math").mkdir()
    module = load(written(tmp_path, mine="import numpy as np, math\nx = np.exp(1.0) + math.exp(1.0)"), patched)
    assert module.x == pytest.approx(2 * math.e)


@BOTH
def test_nobody_else_sees_its_modules(tmp_path: Path, patched: bool) -> None:
    before = set(sys.modules), list(sys.path), np.exp, math.exp
    load(written(tmp_path, mine="import beside, numpy, math", beside="x = 1"), patched)
    assert all(name.startswith(("_candidate_", "harness.")) for name in set(sys.modules) - before[0])
    assert (list(sys.path), np.exp, math.exp) == before[1:]
    assert "beside" not in sys.modules and "mine" not in sys.modules


@BOTH
def test_a_file_that_fails_leaves_nothing_behind(tmp_path: Path, patched: bool) -> None:
    before = set(sys.modules), list(sys.meta_path)
    with pytest.raises(ZeroDivisionError):
        load(written(tmp_path, mine="import beside\n1 / 0", beside=""), patched)
    assert not [name for name in set(sys.modules) - before[0] if name.startswith("_candidate_")]
    assert list(sys.meta_path) == before[1]


@BOTH
def test_dataclasses_enumerations_and_typing_work(tmp_path: Path, patched: bool) -> None:
    text = """from __future__ import annotations
from dataclasses import dataclass, field
from enum import Enum
from typing import ClassVar, NamedTuple, Optional, get_type_hints
import numpy as np

@dataclass
class Tape:
    kind: ClassVar[str] = "t"
    h: np.ndarray = field(default_factory=lambda: np.zeros(2))
    size: float = 1.0

class Gate(Enum):
    I = 0

class Sizes(NamedTuple):
    T: int
    rate: float = 0.1

def f(x: float, y: Optional[float] = None, z: "float | None" = None) -> np.ndarray: ...

tape = Tape()
hints = get_type_hints(f)
main = __name__ == "__main__"
"""
    module = load(written(tmp_path, mine=text), patched)
    assert module.tape.size == 1.0 and module.tape.h.shape == (2,)
    assert module.Sizes(3).rate == 0.1 and module.Gate.I.value == 0
    assert not module.main
    assert set(module.hints) == {"x", "y", "z", "return"}


def test_types_without_postponed_annotations_and_as_bases(tmp_path: Path) -> None:
    text = """
from dataclasses import dataclass
from typing import Optional, Union
import numpy as np

@dataclass
class Options:
    rate: float = 0.1
    steps: int | None = None
    low: Optional[float] = None
    either: Union[int, float] = 1
    w: np.ndarray | None = None

class Rate(float):
    pass

class Count(int):
    pass

checks = [isinstance(0.5, float), isinstance(np.float64(1), float), isinstance(np.zeros(2)[0], (int, float)),
          isinstance(3, int), not isinstance(3, float), isinstance(np.zeros(2), np.ndarray), issubclass(bool, int),
          isinstance(np.float64(1), np.floating), np.issubdtype(np.zeros(2).dtype, np.floating),
          np.zeros(2).dtype == np.float64, np.zeros(2).dtype == float, type(0.5) == float, float("inf") > 1,
          float.fromhex("0x1p0") == 1, int("12", 3) == 5, np.dtype(float) == np.zeros(1).dtype,
          np.finfo(np.float32).eps > 1e-8, np.finfo(float).eps < 1e-15, np.finfo(np.zeros(1).dtype).eps < 1e-15,
          isinstance(np.random.default_rng(0), np.random.Generator)]
options = Options(), Rate(0.5), Count(2)
"""
    file = written(tmp_path, mine=text)
    for patched in (False, True):
        assert [n for n, right in enumerate(load(file, patched).checks) if not right] == []


@BOTH
def test_a_traceback_shows_the_file_and_the_line(tmp_path: Path, patched: bool) -> None:
    text = (
        '"""Text.\n\nMore."""\nimport numpy as np\n\ndef f(x):\n    y = x.astype(float)\n'
        "    return (\n        y.missing > 0\n    )\n"
    )
    module = load(written(tmp_path, mine=text), patched)
    with pytest.raises(AttributeError) as raised:
        module.f(np.zeros(2))
    last = traceback.extract_tb(raised.value.__traceback__)[-1]
    assert (last.filename, last.lineno, last.line) == (str(tmp_path / "mine.py"), 9, "y.missing > 0")
    assert module.__file__ == str(tmp_path / "mine.py")
    assert module.__doc__ == "Text.\n\nMore."


@BOTH
def test_a_syntax_error_says_where(tmp_path: Path, patched: bool) -> None:
    with pytest.raises(SyntaxError) as raised:
        load(written(tmp_path, mine="x = 1\ny = (\n"), patched)
    assert raised.value.filename == str(tmp_path / "mine.py")
    assert raised.value.lineno == 2


@BOTH
def test_nothing_compiled_is_written_or_read(tmp_path: Path, patched: bool) -> None:
    file = written(tmp_path, mine="from beside import n", beside="n = 1")
    assert load(file, patched).n == 1
    (tmp_path / "beside.py").write_text("n = 2")
    assert load(file, patched).n == 2
    assert not list(tmp_path.rglob("*.pyc"))


@BOTH
def test_names_with_dots_and_other_encodings(tmp_path: Path, patched: bool) -> None:
    file = tmp_path / "my.lstm-2.py"
    file.write_bytes("# -*- coding: latin-1 -*-\nname = 'Schätzung'\nfrom .beside import n\n".encode("latin-1"))
    (tmp_path / "beside.py").write_text("n = 3")
    module = load(file, patched)
    assert (module.name, module.n) == ("Schätzung", 3)


def test_modules_that_import_each_other(tmp_path: Path) -> None:
    file = written(
        tmp_path,
        mine="import beside\ndef f(): return 2\ndef g(): return beside.h()",
        beside="import mine\ndef h(): return mine.f()",
    )
    assert load(file).g() == 2


def test_what_is_not_there_cannot_be_imported(tmp_path: Path) -> None:
    with pytest.raises(ModuleNotFoundError, match="no_such_module"):
        load(written(tmp_path, mine="import no_such_module"))
    with pytest.raises(ImportError, match="missing"):
        load(written(tmp_path, mine="from beside import missing", beside=""))


def test_stand_ins_reach_what_lies_beside_it_and_nobody_else(tmp_path: Path) -> None:
    file = written(tmp_path, mine="import beside, numpy as np", beside="import numpy as np\nh = np.zeros(3)")
    patched, plain = load(file, patched=True), load(file)
    assert patched.beside.h.dtype == patched.np.zeros(1).dtype == np.complex128
    assert plain.beside.h.dtype == np.zeros(1).dtype == np.float64
    assert plain.np is np


def test_a_file_cannot_hide_warnings_from_us(tmp_path: Path) -> None:
    text = (
        "import warnings\nwarnings.filterwarnings('ignore')\nwith warnings.catch_warnings(record=True) as w:\n    pass"
    )
    filters = list(warnings.filters)
    load(written(tmp_path, mine=text), patched=True)
    assert list(warnings.filters) == filters


def test_scipy_is_imported_only_with_a_file_that_does() -> None:
    program = (
        "import sys, pathlib, tempfile\nfrom harness.forward.private import load\n"
        "f = pathlib.Path(tempfile.mkdtemp()) / 'mine.py'\n"
        "f.write_text('import numpy as np')\nload(f, patched=True)\nassert 'scipy' not in sys.modules\n"
        "f.write_text('from scipy.special import expit')\nassert load(f, patched=True).expit(0j) == 0.5\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
