"""The derivations on the site are those of the code, and they are right: texts are compared, formulas are run."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from stepped import Stepped

from docs.made import beside
from handgrad import cells
from handgrad.losses import LOSSES, REDUCTIONS
from harness.case import Case, from_seed
from references.model import Model

ROOT = Path(__file__).parent.parent
PAGES = {path.stem: path.read_text(encoding="utf-8") for path in (ROOT / "docs" / "derivations").glob("*.md")}
LAST = "readout-and-losses"
SIZES = {"T": 3, "B": 2, "D": 3, "H": 4, "K": 5}
#: rounding of a few hundred operations, relative to the largest entry
CLOSE = 1e-12
SOURCES = {cell: (f"handgrad/cells/{cell}.py", cell) for cell in cells.names()} | {"model": ("handgrad/model.py", LAST)}


def source(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def shown(page: str) -> str:
    """The equations of a page, as in a docstring."""
    return "\n".join(re.findall(r"^```equation\n(.*?)^```", page, re.MULTILINE | re.DOTALL))


def missing(page: str, source: str) -> list[tuple[str, str]]:
    """Equations of a module's docstring that its page does not show with the same number and the same text."""
    there = beside.equations(f'"""\n{shown(page)}\n"""')
    return [equation for equation in beside.equations(source) if equation not in there]


@pytest.mark.parametrize(("path", "name"), SOURCES.values(), ids=SOURCES)
def test_every_equation_of_the_code_is_on_its_page(path: str, name: str) -> None:
    equations = beside.equations(source(path))
    assert len(equations) >= 8
    assert missing(PAGES[name], source(path)) == []


@pytest.mark.parametrize(("path", "name"), SOURCES.values(), ids=SOURCES)
def test_an_equation_that_says_something_else_is_seen(path: str, name: str) -> None:
    for tag, text in beside.equations(source(path)):
        changed = PAGES[name].replace(f"({tag})", "(9)")
        assert (tag, text) in missing(changed, source(path))
    assert missing(PAGES[name].replace("dh_next = da W_hh", "dh_next = da W_hhᵀ"), source(path)) != [] or name == LAST


def test_every_loss_of_the_code_is_on_its_page() -> None:
    block = source("handgrad/losses.py").split("per step and batch entry::")[1].split('"""')[0]
    lines = {" ".join(line.split()) for line in block.splitlines() if line.strip()}
    assert {line.split()[0] for line in lines} == set(LOSSES)
    assert lines <= {" ".join(line.split()) for line in shown(PAGES[LAST]).splitlines()}


@pytest.mark.parametrize(("path", "name"), SOURCES.values(), ids=SOURCES)
def test_every_equation_stands_beside_its_line(path: str, name: str) -> None:
    assert f"<!-- made: beside {path} -->" in PAGES[name]
    table, lines = beside.table(ROOT, path), beside.lines(source(path))
    assert lines
    for tag in lines:
        assert any(f"<td>({written})</td>" in table for written in (tag, f"{tag[:-1]}k")), tag


def test_lines_are_found_by_their_tags() -> None:
    module = '"""\n(1)  a = b\n(1*)  db = da\n"""\n\na = b  # (1)\nx = 3  # three (see (2))\ndb = da  # B   (1*)\n'
    assert beside.lines(module)["1*"] == [(8, "db = da  # B   (1*)")]
    assert beside.equations(module) == [("1", "a = b"), ("1*", "db = da")]


# What follows runs the Python of the pages.

#: what a page computes → the quantity whose derivative it is; those of a step, by its cell
STEP = {
    "rnn": {"dh": "h_next", "da": "a", "dh_next": "h before"},
    "lstm": {"dh": "h_next", "do": "o", "dc": "c_next", "di": "i", "df": "f", "dg": "g", "dc_next": "c before",
             "da_i": "a 0", "da_f": "a 1", "da_g": "a 2", "da_o": "a 3", "da": "a", "dh_next": "h before"},
}  # fmt: skip


def blocks(page: str) -> dict[str, str]:
    """The Python of a page by what its first line says: "at T", "at step t", "over all steps" …"""
    found: dict[str, str] = {}
    for when, code in re.findall(r"^```python\n# ([\w -]+)\n(.*?)^```", page, re.MULTILINE | re.DOTALL):
        found[when] = found.get(when, "") + code
    return found


@cache
def stepped(cell: str, activation: str) -> tuple[Stepped, Case]:
    case = from_seed(Model(cell, activation, "cotangent", "sum", 2, False), SIZES)
    return Stepped(case.model, case.arrays), case


@cache
def adjoint(cell: str, activation: str, quantity: str, t: int | None) -> np.ndarray:
    whole, _, gate = quantity.partition(" ") if quantity.startswith("a ") else (quantity, "", "")
    found = stepped(cell, activation)[0].adjoint(whole, t)
    H = SIZES["H"]
    return found[:, int(gate) * H : (int(gate) + 1) * H] if gate else found


def run(cell: str, activation: str, code: Mapping[str, str]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """What a cell's page computes, from step T to step 1, beside its derivative: name and step, found, true."""
    walk, case = stepped(cell, activation)
    names: dict[str, Any] = {**case.arrays, "np": np, "activation": activation}
    exec(code["before"], names)
    exec(code["at T"], names)
    for state in walk.model.equations.STATES:
        yield f"d{state}_next at T", names[f"d{state}_next"], adjoint(cell, activation, f"{state} final", None)
    kept = []
    for t in reversed(range(SIZES["T"])):
        forward = {q: walk.value(q, t) for q in ("i", "f", "g", "o") if cell == "lstm"}
        forward |= {f"{s}_before": walk.value(f"{s} before", t) for s in walk.model.equations.STATES}
        forward |= {f"{s}_t": walk.value(f"{s}_next", t) for s in walk.model.equations.STATES}
        phi = {"tanh": np.tanh, "identity": np.positive}.get(activation)
        names |= {**forward, "G_t": case.arrays["G"][t]} | ({"p": phi(forward["c_t"])} if cell == "lstm" else {})
        exec(code["at step t"], names)
        for name, quantity in STEP[cell].items():
            yield f"{name} at step {t + 1}", names[name], adjoint(cell, activation, quantity, t)
        kept.insert(0, names["da"])
    h_before = np.stack([walk.value("h before", t) for t in range(SIZES["T"])])
    names |= {"da": np.stack(kept), "x": case.arrays["x"], "h_before": h_before}
    exec(code["over all steps"], names)
    for name in case.model.differentiated:
        called = f"d{name}".replace("0", "_0")
        yield called, names[called], adjoint(cell, activation, name, None)


def wrong(pairs: Iterator[tuple[str, np.ndarray, np.ndarray]]) -> list[str]:
    return [name for name, found, true in pairs if not close(found, true)]


def close(found: np.ndarray, true: np.ndarray) -> bool:
    return found.shape == true.shape and bool((np.abs(found - true) <= CLOSE * np.abs(true).max()).all())


def code(cell: str) -> dict[str, str]:
    return {"before": blocks(PAGES["index"])["before"], **blocks(PAGES[cell])}


@pytest.mark.parametrize(
    ("cell", "activation"), [(cell, name) for cell in cells.names() for name in cells.get(cell).ACTIVATIONS]
)
def test_every_adjoint_of_a_cell_is_the_derivative(cell: str, activation: str) -> None:
    assert wrong(run(cell, activation, code(cell))) == []


def assigned(text: str) -> list[ast.Assign]:
    return [node for node in ast.parse(text).body if isinstance(node, ast.Assign)]


def planted(text: str, node: ast.Assign) -> str:
    """The same code with one right side off by a tenth."""
    lines = text.splitlines()
    left = lines[node.lineno - 1][: node.value.col_offset]
    lines[node.lineno - 1 : node.end_lineno] = [f"{left}({ast.unparse(node.value)}) * 1.1"]
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("cell", cells.names())
def test_no_line_of_a_page_goes_unseen(cell: str) -> None:
    """Each formula is put wrong, one after the other: every one must be noticed."""
    tried = 0
    for when, text in blocks(PAGES[cell]).items():
        for node in assigned(text):
            assert wrong(run(cell, "tanh", {**code(cell), when: planted(text, node)})), ast.unparse(node)
            tried += 1
    assert tried >= 9


def judged_loss(loss: str, reduction: str, code: Mapping[str, str]) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
    """Readout and loss as the page has them, on a network of their own."""
    readout = loss not in ("first-unit-squared-error", "cotangent")
    case = from_seed(Model("lstm", "tanh", loss, reduction, 2, readout), SIZES)
    truth = Stepped(case.model, case.model.for_equations(case.arrays, complex))
    n = REDUCTIONS[reduction](SIZES["T"], SIZES["B"])
    h = truth.value("h outside")
    names: dict[str, Any] = {**case.arrays, "np": np, "n": n, "h": h}
    if loss == "cotangent":
        exec(code["cotangent"], names)
        yield "G", names["G"], truth.adjoint("h outside")
        yield from ((f"G_{s}", names[f"G_{s}"], truth.adjoint(f"{s} final")) for s in "hc")
        return
    names["z"] = truth.value("z")
    exec(code[loss] + code["reduction"], names)
    yield "dz", names["dz"], truth.adjoint("z")
    if readout:
        exec(code["readout"], names)
        yield "G", names["G"], truth.adjoint("h outside")
        yield from ((f"d{name}", names[f"d{name}"], truth.adjoint(name)) for name in ("W_hy", "b_y"))


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("loss", [*LOSSES, "cotangent"])
def test_readout_and_losses_are_the_derivatives(loss: str, reduction: str) -> None:
    assert wrong(judged_loss(loss, reduction, blocks(PAGES[LAST]))) == []


@pytest.mark.parametrize("loss", [*LOSSES, "cotangent"])
def test_no_line_of_the_page_on_losses_goes_unseen(loss: str) -> None:
    code = blocks(PAGES[LAST])
    parts = [loss] if loss in ("cotangent", "first-unit-squared-error") else [loss, "reduction", "readout"]
    for part in parts:
        nodes = [n for n in assigned(code[part]) if ast.unparse(n.targets[0]) not in ("e", "e_y", "s")]
        for node in nodes:
            if "zeros_like" not in ast.unparse(node):
                assert wrong(judged_loss(loss, "mean", {**code, part: planted(code[part], node)})), ast.unparse(node)
