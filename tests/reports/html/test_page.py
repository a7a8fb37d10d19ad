"""What every page is made by: only our own script and style run, and what is put into it cannot leave its place."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from hashlib import sha256
from pathlib import Path

import jinja2
import pytest
from pictured_runs import HOSTILE_NAMES
from reading_html import Page

from reports.html import page as pages
from reports.html.tables import Cell, Line, Table, of_texts

TEMPLATE = """{% extends "base.html.j2" %}
{% import "macros.html.j2" as m %}
{% block title %}{{ name }}{% endblock %}
{% block main %}<p>{{ name }}</p><pre>{{ name | code }}</pre>{{ m.table(table) }}{% endblock %}
"""
TABLE = Table("t", ("a", "b"), (Line((Cell("one", 1.0), Cell("2", float("nan"))), "differ"),), frozenset({1}))


@pytest.fixture(autouse=True)
def _template(monkeypatch: pytest.MonkeyPatch) -> None:
    """A template of the tests' own beside those of the package."""
    environment = pages._environment.__wrapped__()
    environment.loader = jinja2.ChoiceLoader([environment.loader, jinja2.DictLoader({"own.html.j2": TEMPLATE})])
    monkeypatch.setattr(pages, "_environment", lambda: environment)


def policy(text: str) -> str:
    (told,) = [m["content"] for m in Page(text).all("meta") if "content-security" in m.get("http-equiv", "").lower()]
    return told


def allowed(text: str) -> list[str]:
    """The hash of every script and style that is run, as a browser computes it."""
    raw = [
        *re.findall(r"<script>(.*?)</script>", text, re.DOTALL),
        *re.findall(r"<style>(.*?)</style>", text, re.DOTALL),
    ]
    return [f"'sha256-{b64encode(sha256(one.encode()).digest()).decode()}'" for one in raw]


def test_the_policy_allows_just_what_is_inlined() -> None:
    text = pages.page("own.html.j2", name="x", table=TABLE, styles=("maps.css",), scripts=("maps.js",), data={})
    told = policy(text)
    assert told.startswith("default-src 'none';")
    assert "unsafe" not in told and "http" not in told
    hashes = allowed(text)
    assert len(hashes) == 4 and all(one in told for one in hashes)
    assert told.count("sha256-") == 4


def test_another_script_is_not_allowed() -> None:
    text = pages.page("own.html.j2", name="x", table=TABLE)
    changed = text.replace('"use strict";', '"use strict";alert(1);', 1)
    assert not all(one in policy(changed) for one in allowed(changed))


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_text_is_cleaned_and_escaped(name: str) -> None:
    text = pages.page("own.html.j2", name=name, table=of_texts(name, (name,), [(name,)]), data={name: [name]})
    page = Page(text)
    assert page.wrong == []
    assert len(page.all("script")) == 2 and not page.all("img") and len(page.all("title")) == 1
    assert not any(character in text for character in "\x1b\x07\u202e\u2028")
    (data,) = [one for one in page.raw["script"] if one.startswith("{")]
    ((key, [value]),) = json.loads(data).items()
    assert key == value
    assert " ".join(value.split()) in page.text


def test_code_keeps_its_lines() -> None:
    page = Page(pages.page("own.html.j2", name="a\n\t<b>\x1b", table=TABLE))
    assert "a\n    <b>" in page.texts


@pytest.mark.parametrize("value", ["</script>", "<!--", "&amp;", "\u2028\u2029"])
def test_data_cannot_end_their_element(value: str) -> None:
    text = pages.embedded({"a": value})
    assert not set(text) & set("<>&\u2028\u2029")
    assert text.isascii()


def test_numbers_of_data_are_strict() -> None:
    assert json.loads(pages.embedded([float("nan"), float("-inf"), 0.1]), parse_constant=pytest.fail) == [
        "nan", "-inf", 0.1,
    ]  # fmt: skip


def test_a_name_that_is_not_given_is_an_error() -> None:
    with pytest.raises(jinja2.UndefinedError, match="'table' is undefined"):
        pages.page("own.html.j2", name="x")


def test_an_asset_that_would_end_its_element_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bad.js").write_text('const x = "</script>";')
    monkeypatch.setattr(pages, "files", lambda _: tmp_path)
    with pytest.raises(ValueError, match=r"bad\.js: holds '</s'"):
        pages._asset.__wrapped__("bad.js")


def test_a_table_is_static_and_says_what_it_sorts_by() -> None:
    page = Page(pages.page("own.html.j2", name="x", table=TABLE))
    assert [cell.get("data-key") for cell in page.all("td")] == ["1.0", "nan"]
    assert [line.get("data-verdict") for line in page.all("tr")] == [None, "differ"]
    assert [heading["class"] for heading in page.all("th") if "class" in heading] == ["number"]
    assert "one 2" in page.text
