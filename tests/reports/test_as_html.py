"""The page says what the other reports say, holds nothing but itself, and shows a candidate's text as text."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pictured_runs import HOSTILE_NAMES, pictured_run
from reading_html import Page

import harness
import reports
from harness.run import Participant, Run
from reports import as_html, diagnosis, words

ROOT = Path(reports.__file__).parent.parent
MOST = 2_000_000  # bytes of the default case


def squeezed(text: str) -> str:
    """As a page is read: cleaned, by single spaces."""
    return " ".join(words.clean(text).split())


def test_every_run_makes_a_well_formed_page(any_run: Run) -> None:
    text = as_html.render(any_run)
    page = Page(text)
    assert page.wrong == []
    assert text.startswith("<!doctype html>\n") and text.endswith("</html>\n")
    assert len(page.all("h1")) == 1 and len(page.all("main")) == 1
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("broken", ["<p><b></p></b>", "<div>", "</p>", '<p id="a" id="b"></p>'])
def test_what_is_not_well_formed_is_seen(broken: str) -> None:
    assert Page(broken).wrong


def outside(page: Page) -> list[str]:
    """What reaches out of the page, and what the page's own policy forbids."""
    found = [f"<{tag}>" for tag, _ in page.elements if tag in {"img", "link", "iframe", "object", "embed", "base"}]
    for tag, attributes in page.elements:
        for name, value in attributes.items():
            asked = name in {"src", "href", "srcset", "action", "xlink:href"} and not value.startswith("#")
            if asked or name == "style" or name.startswith("on"):
                found.append(f"<{tag} {name}={value!r}>")
    return found


def test_no_page_reaches_outside(any_run: Run) -> None:
    assert outside(Page(as_html.render(any_run))) == []


@pytest.mark.parametrize(
    "planted",
    ["<img src=x onerror=alert(1)>", '<p style="color:red">', '<a href="http://x">', "<link rel=stylesheet href=a>"],
)
def test_what_reaches_outside_is_seen(planted: str) -> None:
    assert outside(Page(planted))


def test_it_says_what_the_terminal_says(c1: Run) -> None:
    page = Page(as_html.render(c1))
    (judgement,) = c1.judgements
    assert squeezed(judgement.reason) in page.text
    assert squeezed(words.agreement(c1)) in page.text
    for _, told in words.details(c1, judgement):
        assert squeezed(told) in page.text
    for row in judgement.rows:
        assert all(squeezed(cell) in page.text for cell in words.cells(row))


def test_it_says_why(diagnosed: Run) -> None:
    page = Page(as_html.render(diagnosed))
    assert diagnosed.diagnosis is not None
    told = diagnosed.diagnosis
    labelled = [*diagnosis.places(told), *diagnosis.faults(told), *diagnosis.ending(told)]
    assert told.example is not None
    labelled += [*diagnosis.outcome(told.example)]
    for _, text in labelled:
        assert squeezed(text) in page.text
    for equation in told.equations:
        for cell in diagnosis.cells(equation)[1:]:
            assert squeezed(cell) in page.text
    for array in (*diagnosis.given(told.example), *diagnosis.between(told.example)):
        assert squeezed(array) in page.text
    assert page.text.index("Diagnosis") < page.text.index("Gradients")
    assert page.text.index("Next") < page.text.index("Diagnosis")


def test_the_worst_comes_first(c1: Run) -> None:
    text = Page(as_html.render(c1)).text
    table = text[text.index("Gradients") :]
    assert table.index("Wxh") < table.index("Who") and table.index("bhh") < table.index("bho")


@pytest.mark.parametrize(
    ("command", "offered"),
    [
        ("python -m harness compare --candidate a.py", True), ("python -m harness casebook nan-lstm", True),
        ("python -m harness compare --candidate a.py --diagnose", False), ("", False),
        ("python -m harness casebook", False), ("python -m harness compare --gradients g.npz --case c.npz", False),
        ("python -m harness compare --candidate a.py --write-test test_a.py", False),
    ],
)  # fmt: skip
def test_what_to_do_next(c1: Run, agreeing: Run, command: str, offered: bool) -> None:
    asks = Page(as_html.render(replace(c1, command=command))).text
    assert ("ask which equation is broken" in asks) == offered
    assert (f"{command} --diagnose" in asks) == offered
    assert "ask which equation" not in Page(as_html.render(replace(agreeing, command=command))).text


def test_several_take_a_line_each_and_the_worst_is_in_full(several: Run) -> None:
    page = Page(as_html.render(several))
    assert "4 cases (1 differ, 3 agree); the worst is shown in full below" in page.text
    assert "The worst case: rnn · float64 · seed 2" in page.text
    assert [line.get("data-verdict") for line in page.all("tr")].count("agree") >= 3
    assert any("data-filter" in table for table in page.all("table"))


def test_what_failed_is_told_in_full(failed: Run) -> None:
    traceback = 'Traceback (most recent call last):\n  File "a.py", line 3\n<b>ValueError</b>: no'
    (judgement,) = failed.judgements
    broken = replace(judgement, participants=(Participant("a.py", "candidate", "error", traceback),))
    page = Page(as_html.render(replace(failed, judgements=(broken,))))
    assert "No gradient was compared." in page.text
    assert any(traceback.splitlines()[1] in text and "\n" in text for text in page.texts)
    assert not page.all("b")


def test_what_is_not_a_number_is_drawn_nowhere(not_a_number: Run) -> None:
    numeric = {"x", "y", "width", "height", "transform", "d", "r"}
    for run in (not_a_number, pictured_run()):
        page = Page(as_html.render(run))
        for tag, attributes in page.elements:
            for name in numeric & attributes.keys():
                assert not re.search("nan|inf", attributes[name], re.IGNORECASE), (tag, attributes)
    assert "nan" in Page(as_html.render(not_a_number)).text


def test_data_are_strict_json() -> None:
    page = Page(as_html.render(pictured_run()))
    texts = [text for text in page.raw["script"] if text.startswith("{")]
    (told,) = texts
    maps = json.loads(told, parse_constant=pytest.fail)["maps"]
    assert {one["name"] for one in maps.values()} == {"W_hh", "b_ih", "x"}


def test_a_hostile_text_stays_text(hostile: Run) -> None:
    page = Page(as_html.render(hostile))
    own = Page(as_html.render(pictured_run()))
    assert len(page.all("script")) == len(own.all("script"))
    assert "alert" not in {name for name, _ in page.elements} and not page.all("bold")
    assert "<script>alert(1)</script>" in page.text
    assert not any(character in "".join(page.texts) for character in "\x1b\x07\u202e")


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_stays_text_in_maps_and_data(name: str) -> None:
    calm = pictured_run()
    run = pictured_run(name)
    (judgement,) = run.judgements
    told = tuple(
        replace(
            one, array=name, axes=tuple(axis._replace(name=name) for axis in one.axes),
            expected={name: one.expected["torch"]}, delta={name: one.delta["torch"]}, ulp={name: one.ulp["torch"]},
            ratio={name: one.ratio["torch"]},
        )
        for one in judgement.elements
    )  # fmt: skip
    page = Page(as_html.render(replace(run, judgements=(replace(judgement, elements=told),), command=name)))
    expected = Page(as_html.render(calm))
    for tag in ("script", "style", "img", "title"):
        assert len(page.all(tag)) == len(expected.all(tag))
    assert squeezed(name) in page.text
    assert outside(page) == []
    data = next(text for text in page.raw["script"] if text.startswith("{"))
    assert "<" not in data and ">" not in data and "&" not in data and "\u2028" not in data
    assert not any(character in as_html.render(run) for character in "\x1b\x07\u202e\u2028")


def test_the_default_case_is_small() -> None:
    run = harness.compare(cell="lstm", alone=True)
    size = len(as_html.render(run).encode())
    assert len(run.judgements[0].elements) == 9
    assert 100_000 < size < MOST


class _Frame(HTMLParser):
    """The attributes of the only element."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.attributes: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag == "iframe" and not self.attributes
        self.attributes = {name: value or "" for name, value in attrs}


def test_a_notebook_gets_a_frame_of_its_own(c1: Run) -> None:
    frame = _Frame(c1._repr_html_())
    assert frame.attributes["sandbox"] == "allow-scripts"
    assert frame.attributes["srcdoc"] == as_html.render(c1)


@pytest.mark.parametrize("imported", ["harness", "harness.run", "harness.cli", "reports.as_html"])
def test_nothing_waits_for_the_template_engine(imported: str) -> None:
    asked = f"import {imported}, sys; print('jinja2' in sys.modules, 'playwright' in sys.modules)"
    told = subprocess.run([sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "False False"
