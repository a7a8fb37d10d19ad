"""The pages of a training, of a study and of the casebook: verdict first, all that is told elsewhere, text as text."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import other_pages
import pytest
import trainings

from harness import casebook as systems
from harness import casebook_output
from harness.cli import main
from harness.trained import Series
from reports import casebook_html, sensitivity, sensitivity_html, training, training_html, words
from reports.html.plots import HEIGHT, WIDTH, plot

VOID = {"meta", "input", "br", "img", "link"}
MARKUP = ("<img", "<script>alert", "\x1b", "\u202e")


class Parsed(HTMLParser):
    """A page: its text, the elements it has, and whether each is closed in turn."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.text, self.open, self.tags, self.attributes = "", [], [], []  # type: ignore[var-annotated]
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [name for name, _ in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag, tag
        self.text += " " * (tag in ("td", "th", "dt", "dd", "p", "li"))

    def handle_data(self, data: str) -> None:
        if not {"script", "style"} & set(self.open):
            self.text += data


def parsed(page: str) -> Parsed:
    """The page, which is well formed, needs nothing from outside and has no inline handler or style."""
    told = Parsed(page)
    assert told.open == []
    assert not {"img", "iframe", "link", "object", "base", "form"} & set(told.tags)
    assert not [name for name in told.attributes if name.startswith("on") or name in ("style", "src", "href")][1:]
    return told


def spaced(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("name", trainings.EVERY)
def test_every_training_is_a_page_with_all_that_is_told(name: str) -> None:
    one = trainings.EVERY[name]
    told = spaced(parsed(training_html.render(one)).text)
    assert spaced(words.clean(training.headline(one))) in told
    assert spaced(words.clean(training.interruption(one))) in told
    for trainee in one.trainees:
        for _, text in training.facts(trainee):
            assert spaced(words.clean(text)) in told
        for sample in trainee.samples:
            assert spaced(words.clean(sample)) in told


def test_the_verdict_comes_first_and_colours_nothing_that_was_not_compared() -> None:
    assert '<h1><span class="differ">✗ differ' in training_html.render(trainings.differing())
    assert "<h1>– trained by the hand gradient alone" in training_html.render(trainings.by_hand_alone())


def test_an_explosion_is_told_with_its_cure_and_what_was_tried() -> None:
    told = spaced(parsed(training_html.render(trainings.exploding())).text)
    for text in ("published.py:88", "a product overflows above 1.8e+308", "dh = 1.2e+180 at [3, 12]",
                 "gradients clipped to ±5, outside the backward pass", "✓ yes 400", "✗ no 9"):  # fmt: skip
        assert text in told
    assert 'class="rule"' in training_html.render(trainings.exploding())
    assert 'class="rule"' not in training_html.render(trainings.agreeing())


def test_the_first_update_that_differs_is_judged_in_full() -> None:
    told = spaced(parsed(training_html.render(trainings.differing())).text)
    assert "Update 17, in full" in told
    assert "✗ W_hh: worst at a 3, 2: -0.1187, extended has 0.3129" in told
    assert "in full" not in parsed(training_html.render(trainings.agreeing())).text


def test_several_are_shown_together_and_alone() -> None:
    page = training_html.render(trainings.together())
    assert page.count('class="key"') == 1
    assert "side by side" in parsed(page).text
    assert 'class="key"' not in training_html.render(trainings.agreeing())


@pytest.mark.parametrize(
    ("make", "text"),
    [(lambda h: sensitivity_html.render(other_pages.bad_study(h)), "the adjoint never arrives"),
     (lambda h: casebook_html.render(other_pages.casebook(h, departs=True)), "python -m harness compare")],
)  # fmt: skip
def test_what_others_wrote_is_text(make: Callable[[str], str], text: str) -> None:
    page = make(other_pages.HOSTILE)
    told = parsed(page).text
    assert f"{text}" in told
    assert words.clean(other_pages.HOSTILE) in told  # as it was written, but for what moves a cursor
    assert not any(markup in page for markup in MARKUP)
    assert page.count("<script>") == make("").count("<script>")


def test_a_hostile_training_is_text() -> None:
    page = training_html.render(trainings.hostile())
    assert "[bold]x[/bold]<script>alert(1)</script>" in parsed(page).text
    assert "<script>alert" not in page
    assert not re.search("[\x00-\x08\x0b-\x1f\u202e\udcff]", page)


def test_a_study_tells_what_it_found_and_what_it_missed_first() -> None:
    good, bad = other_pages.study(), other_pages.bad_study()
    page = sensitivity_html.render(good)
    told = spaced(parsed(page).text)
    assert '<h1><span class="agree">✓ ' in page and sensitivity.line(good) in told
    for table in sensitivity.tables(good):
        assert table.title in told
        assert all(spaced(" ".join(row)) in told for row in table.rows)
    assert sensitivity.made(good) in told and good.command in told
    page = sensitivity_html.render(bad)
    told = parsed(page).text
    assert '<h1><span class="differ">✗ ' in page
    assert told.index("Not seen") < told.index("False alarms") < told.index("Planted faults")


def test_departures_stand_first() -> None:
    page = casebook_html.render(other_pages.casebook(departs=True))
    told = parsed(page).text
    assert '<h1><span class="differ">✗ 1 departures' in page
    assert told.index("verdict differ, expected agree") < told.index("candidate")
    assert re.search(r'<tr data-verdict="differ">\s*<td class="code">right\.py', page)
    page = casebook_html.render(other_pages.casebook())
    assert '<h1><span class="agree">✓ all is as expected' in page
    assert "expected agree" not in page


def test_a_system_in_full_has_its_numbers_its_verdict_and_why() -> None:
    one = other_pages.casebook()
    told = spaced(parsed(casebook_html.render(one)).text)
    why = one.shown[0].runs[0][1].diagnosis
    assert why is not None
    order = [told.index(text) for text in ("+0.1205", "✗ differ: W_hh differs", f"diagnosis: {spaced(why.sentence)}")]
    assert order == sorted(order)
    assert "dh[t] += da[t]" in told


def test_a_system_in_full_has_its_arrays_entry_by_entry() -> None:
    one = other_pages.casebook()
    page = casebook_html.render(one)
    for elements in one.shown[0].runs[0][1].judgements[0].elements:
        assert f'data-array="{elements.array}"' in page
    assert page.count('data-map="map-0-0-') == len(one.shown[0].runs[0][1].judgements[0].elements) > 1
    bare = replace(one, shown=())
    assert 'data-map="' not in casebook_html.render(bare)


def test_the_command_writes_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    some = {"theano-versus-python": systems.entry("theano-versus-python")}
    monkeypatch.setattr(systems, "entries", lambda: some)
    assert main(["casebook", "--out", str(tmp_path / "all.html")]) == 0
    told = parsed((tmp_path / "all.html").read_text("utf-8")).text
    assert "broken.py" in told and "✓ all is as expected" in told


def test_a_members_runs_are_its_own_forward_and_its_layout() -> None:
    entry = systems.entry("theano-versus-python")
    broken, right = entry.members
    run = other_pages.casebook().shown[0].runs[0][1]
    told = [(broken, run), (replace(right, layout=None), run)]
    one, alone = casebook_output.shown(replace(entry, question={}), told)
    assert [(way, told.diagnosis is not None) for way, told in one.runs] == [
        ("By its own forward", False), ("By its layout", True),
    ]  # fmt: skip
    assert [(way, told.diagnosis is not None) for way, told in alone.runs] == [("By its own forward", True)]


@pytest.mark.parametrize(
    ("name", "said"),
    [("x.pdf", 'x.pdf: got suffix ".pdf", allowed: .html'), ("none/x.html", "cannot be written: there is no folder")],
)
def test_a_page_that_cannot_be_written_is_refused_before_the_work(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, name: str, said: str
) -> None:
    monkeypatch.setattr("harness.casebook.showing.overview", lambda *given: pytest.fail("it worked"))
    assert main(["casebook", "--out", str(tmp_path / name)]) == 2
    told = capsys.readouterr()
    assert said in told.err and told.err.count("\n") == 1 and told.out == ""


def test_a_notebook_shows_a_training_in_a_frame() -> None:
    shown = trainings.hostile()._repr_html_()
    assert shown.startswith("<iframe srcdoc=") and shown.count("<iframe") == 1
    assert 'sandbox="allow-scripts"' in shown
    assert "<script" not in shown
    frame = Parsed(shown)
    assert frame.tags == ["iframe"] and frame.open == []


def points(path: str) -> np.ndarray:
    return np.array([[float(x) for x in part.split()] for part in path.removeprefix("M").split("L")])


def test_a_curve_goes_from_corner_to_corner_of_its_axes() -> None:
    told = plot("loss", {"a": (np.arange(3), np.array([0.0, 1.0, 2.0]))})
    assert told is not None and not told.log
    assert points(told.lines[0].path).tolist() == [[0, HEIGHT], [WIDTH / 2, HEIGHT / 2], [WIDTH, 0]]
    assert [(tick.at, tick.text) for tick in told.up] == [(1, "0"), (0.75, "0.5"), (0.5, "1"), (0.25, "1.5"), (0, "2")]
    assert [tick.text for tick in told.across] == ["0", "1", "2"]


def test_a_wide_range_is_on_a_log_scale() -> None:
    told = plot("loss", {"a": (np.arange(3), np.array([1.0, 100.0, 1e4]))})
    assert told is not None and told.log
    assert points(told.lines[0].path)[:, 1].tolist() == [HEIGHT, HEIGHT / 2, 0]


def test_a_long_curve_keeps_its_extremes_in_a_band() -> None:
    values = np.ones(9000)
    values[4321] = 1.5
    told = plot("loss", {"a": (np.arange(9000), values)})
    assert told is not None and told.lines[0].band
    assert points(told.lines[0].band.removesuffix("Z"))[:, 1].min() == pytest.approx(0, abs=HEIGHT / 4)
    assert points(told.lines[0].path)[:, 1].min() > HEIGHT / 2


@pytest.mark.parametrize("values", [[], [np.nan], [np.inf, np.nan]])
def test_what_is_never_finite_is_not_drawn(values: list[float]) -> None:
    assert plot("loss", {"a": (np.arange(len(values)), np.array(values))}) is None


@pytest.mark.parametrize("values", [[0.0], [-3.0, -3.0], [1e300, -1e300], [5e-324, 1.0], [0.0, np.nan, 1e-9]])
def test_every_finite_curve_stays_inside(values: list[float]) -> None:
    told = plot("loss", {"a": (np.arange(len(values)), np.array(values))}, rules=(99.0,))
    assert told is not None
    assert ((points(told.lines[0].path) >= 0) & (points(told.lines[0].path) <= (WIDTH, HEIGHT))).all()
    assert 2 <= len(told.up) <= 9 and all(-0.01 <= tick.at <= 1.01 for tick in told.up)
    assert told.rules == (1.0,)


def test_a_published_value_that_no_log_scale_has_is_left_out() -> None:
    values = np.array([1e-6, 1.0])
    told = plot("loss", {"a": (np.arange(2), values)}, dots=[(0, 0.0, True), (1, 1.0, False), (1, np.nan, True)])
    assert told is not None
    assert told.dots == ((f"M{WIDTH:.1f} 0.0h0", False),)


def test_curves_of_one_name_and_title_are_all_drawn() -> None:
    one = trainings.trainee(series=(Series("loss", np.arange(3), np.array([1.0, 2.0, 3.0])),), figures=())
    page = training_html.render(trainings.trained(one, one))
    assert "identity, as published (2)" in parsed(page).text
