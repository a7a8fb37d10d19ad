"""Pages of a training, a study and the casebook in Chromium: no network, no complaint, and fit for a phone."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import other_pages
import pytest
import trainings

from reports import casebook_html, sensitivity_html, training_html

DESKTOP, PHONE = 1280, 390
Open = Callable[..., Any]
PAGES: dict[str, Callable[[], str]] = {
    **{f"training, {name}": lambda one=one: training_html.render(one) for name, one in trainings.EVERY.items()},
    "study": lambda: sensitivity_html.render(other_pages.study()),
    "study, hostile": lambda: sensitivity_html.render(other_pages.bad_study(other_pages.HOSTILE)),
    "casebook": lambda: casebook_html.render(other_pages.casebook()),
    "casebook, hostile": lambda: casebook_html.render(other_pages.casebook(other_pages.HOSTILE, departs=True)),
}
SIDEWAYS = "document.documentElement.scrollWidth > innerWidth"
#: Texts of a plot that cover each other, in pixels of the screen.
COVERED = """() => [...document.querySelectorAll('.plot')].flatMap((plot) => {
  const boxes = [...plot.querySelectorAll('text')].map((one) => [one.textContent, one.getBoundingClientRect()]);
  return boxes.flatMap(([name, a], k) => boxes.slice(0, k).filter(([, b]) =>
    a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 4 && b.top < a.bottom - 4
  ).map(([other]) => `${name} ${other}`));
})"""


@cache
def rendered(name: str) -> str:
    """One of the pages."""
    return PAGES[name]()


@pytest.mark.parametrize("name", PAGES)
def test_it_opens_from_disk_asks_nobody_and_fits(opened: Open, name: str) -> None:
    told = opened(rendered(name))
    for width in (DESKTOP, PHONE):
        told.page.set_viewport_size({"width": width, "height": 900})
        assert told.page.evaluate(SIDEWAYS) is False
        assert told.page.evaluate(COVERED) == []
    assert len(told.asked) == 1 and told.asked[0].startswith("file:///")
    assert told.complaints == []


def test_a_map_in_a_systems_page_is_read_by_the_keyboard(opened: Open) -> None:
    told = opened(rendered("casebook"))
    told.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    box = told.page.locator('[data-map="map-0-0-0"]')
    before = box.locator("[data-where]").text_content()
    box.locator("[data-field-box]").focus()
    for key in ("Home", "PageUp", "ArrowRight"):
        told.page.keyboard.press(key)
    assert box.locator("[data-where]").text_content() != before
    assert told.page.evaluate(SIDEWAYS) is False
    assert told.complaints == []


def test_what_is_too_wide_and_what_is_covered_would_be_seen(opened: Open) -> None:
    wide = rendered("study").replace("<h1>", "<h1>" + "<svg width='900' height='9'></svg>", 1)
    assert opened(wide, PHONE).page.evaluate(SIDEWAYS) is True
    text = '<text x="90%" y="50" text-anchor="end">100</text>'
    page = rendered("training, agreeing").replace(
        'aria-hidden="true">\n<text', f'aria-hidden="true">\n{text}{text}<text'
    )
    assert "100 100" in opened(page).page.evaluate(COVERED)


def test_curves_are_as_wide_as_the_page_and_labels_keep_their_size(opened: Open) -> None:
    sizes = []
    for width in (DESKTOP, PHONE):
        page = opened(rendered("training, exploding"), width).page
        sizes.append([page.locator(".plot text").first.bounding_box()["height"],
                      page.locator(".plot .area").first.bounding_box()["width"]])  # fmt: skip
    (desktop, wide), (phone, narrow) = sizes
    assert desktop == phone >= 10
    assert narrow > PHONE / 2 and wide > narrow


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_curve_stands_out_from_the_ground(opened: Open, scheme: str) -> None:
    page = opened(rendered("training, together"), color_scheme=scheme).page
    light = """(element) => { const parts = getComputedStyle(element).stroke.match(/[0-9.]+/g).map(Number);
      return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]; }"""
    for curve in page.locator(".plot .c0, .plot .c1").all():
        ground = 255 if scheme == "light" else 23
        assert abs(curve.evaluate(light) - ground) > 80


def test_a_training_in_a_notebook_stays_in_its_frame(opened: Open) -> None:
    frame = trainings.agreeing()._repr_html_()
    told = opened(f"<!doctype html><title>notebook</title><body>{frame}</body>")
    assert told.page.frame_locator("iframe").locator("h1").text_content().startswith("✓ agree")
    assert told.page.locator("h1").count() == 0
    assert told.complaints == []
