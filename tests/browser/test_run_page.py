"""The page of a run in Chromium: it needs no network, tells every cell, and sorts, filters, prints and fits a phone."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from pictured_runs import HOSTILE_NAMES, PLANTED, diagnosis, pictured_run

from harness.run import Run
from reports import as_html, words
from reports.html.drawn import GAP

DESKTOP, PHONE = 1280, 390
Open = Callable[..., Any]

W_HH = 'article[data-array="W_hh"]'


@cache
def rendered() -> str:
    """The page of the run whose every entry is known."""
    return as_html.render(pictured_run())


def planted() -> tuple[Run, int]:
    """The run, and the index of its planted entry in C order."""
    return pictured_run(), PLANTED[0] * 3 + PLANTED[1]


def centre(told: Any, row: int, column: int) -> tuple[float, float]:
    """Where the middle of a cell of W_hh is on the screen."""
    told.page.locator(f"{W_HH} svg").scroll_into_view_if_needed()
    y = row + GAP * (row // 3) + 0.5
    on_screen = (
        "(grid, at) => { const on = new DOMPoint(...at).matrixTransform(grid.getScreenCTM()); return [on.x, on.y]; }"
    )
    at = told.page.locator(f"{W_HH} [data-grid]").evaluate(on_screen, [column + 0.5, y])
    return float(at[0]), float(at[1])


def test_it_opens_from_disk_and_asks_nobody(opened: Open) -> None:
    told = opened(rendered())
    told.page.wait_for_timeout(200)
    assert len(told.asked) == 1 and told.asked[0].startswith("file:///")
    assert told.complaints == []
    assert told.page.title().startswith("differ: my_lstm.py")


@pytest.fixture
def host() -> Iterator[socket.socket]:
    """A host that only listens."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.settimeout(0.3)
        yield listening


def called(host: socket.socket) -> bool:
    """Whether anybody asked for anything: a connection on which nothing is ever said asks for nothing."""
    try:
        connection, _ = host.accept()
        with connection:
            connection.settimeout(0.3)
            return bool(connection.recv(1))
    except TimeoutError:
        return False


@pytest.mark.parametrize(
    "planted",
    ["<script>document.title = 'ran'</script>", "<img src=x onerror=\"document.title = 'ran'\">",
     "<img src='HOST/x.png'>", "<link rel=stylesheet href='HOST/x.css'>", "<iframe src='HOST'></iframe>",
     "<script src='HOST'></script>"],
)  # fmt: skip
def test_what_is_planted_neither_runs_nor_loads_and_is_seen(opened: Open, host: socket.socket, planted: str) -> None:
    address = f"http://127.0.0.1:{host.getsockname()[1]}"
    told = opened(rendered().replace("</main>", f"{planted.replace('HOST', address)}</main>"))
    assert not called(host)
    assert told.page.title() != "ran"
    assert told.complaints, "the browser complains of what it refuses, which is what the test above would see"


def test_without_the_policy_the_host_would_be_called(opened: Open, host: socket.socket) -> None:
    address = f"http://127.0.0.1:{host.getsockname()[1]}"
    text = rendered().replace("Content-Security-Policy", "x").replace("</main>", f"<img src='{address}'></main>")
    told = opened(text, until="commit")
    assert called(host)
    told.page.wait_for_timeout(100)
    assert any(url.startswith(address) for url in told.asked)


def test_hover_shows_the_planted_element(opened: Open) -> None:
    told = opened(rendered())
    x, y = centre(told, 0, 0)
    told.page.mouse.move(x, y)
    assert told.text(f"{W_HH} [data-where]") == "i 0, 0"
    before = told.page.locator(f"{W_HH} .reading").bounding_box()
    told.page.mouse.move(*centre(told, *PLANTED))
    run, k = planted()
    element = run.judgements[0].elements[0]
    assert told.text(f"{W_HH} [data-where]") == "f 1, 2"
    assert told.text(f'{W_HH} [data-field="candidate"]') == "0.75"
    for n, name in enumerate(element.expected):
        assert told.text(f'{W_HH} [data-field="expected.{n}"]') == repr(float(element.expected[name].flat[k]))
        assert float(told.text(f'{W_HH} [data-field="ratio.{n}"]')) > 1e10
    assert told.text(f'{W_HH} [data-field="budget"]') == "4.0e-15"
    assert told.page.locator(f"{W_HH} .against.wrong").count() == 2
    assert told.page.locator(f"{W_HH} .reading").bounding_box() == before  # the panel does not jump about


def test_touch_shows_it_too(opened: Open) -> None:
    told = opened(rendered(), PHONE, has_touch=True, is_mobile=True)
    told.page.touchscreen.tap(*centre(told, 7, 1))
    assert told.text(f"{W_HH} [data-where]") == "g 1, 1"


def test_the_keyboard_reads_every_cell_of_one_tab_stop(opened: Open) -> None:
    told = opened(rendered())
    field = told.page.locator(f"{W_HH} [data-field-box]")
    assert told.page.locator(f'{W_HH} [tabindex="0"]').count() == 1
    field.focus()
    for key, where in (
        ("Home", "f 1, 0"), ("End", "f 1, 2"), ("ArrowLeft", "f 1, 1"), ("ArrowDown", "f 2, 1"),
        ("ArrowDown", "g 0, 1"), ("PageUp", "i 0, 1"), ("ArrowUp", "i 0, 1"), ("PageDown", "o 2, 1"),
        ("ArrowRight", "o 2, 2"), ("ArrowRight", "o 2, 2"),
    ):  # fmt: skip
        told.page.keyboard.press(key)
        assert told.text(f"{W_HH} [data-where]") == where, key
        assert told.text(f"{W_HH} [aria-live]").startswith(f"{where}: candidate ")
    told.page.keyboard.press("Tab")
    assert not field.evaluate("(box) => box === document.activeElement")


def test_the_focus_is_seen(opened: Open) -> None:
    told = opened(rendered())
    for _ in range(12):
        told.page.keyboard.press("Tab")
        style = told.page.evaluate(
            "() => { const one = getComputedStyle(document.activeElement);"
            " return [one.outlineStyle, parseFloat(one.outlineWidth)]; }"
        )
        assert style[0] != "none" and style[1] >= 2


@pytest.mark.parametrize("shorten", [0, 30])
def test_what_is_written_beside_a_map_lies_within_it(opened: Open, shorten: int) -> None:
    outside = """(drawings) => drawings.flatMap((svg) => [...svg.querySelectorAll("text")].filter((text) => {
        const [a, b] = [text.getBoundingClientRect(), svg.getBoundingClientRect()];
        return a.left < b.left - 1 || a.right > b.right + 1 || a.top < b.top - 1 || a.bottom > b.bottom + 1;
    }).map((text) => text.textContent))"""
    told = opened(as_html.render(pictured_run(diagnosis=diagnosis())))
    drawings = told.page.locator("svg.heat")
    drawings.evaluate_all("(all, by) => all.forEach((one) => { one.viewBox.baseVal.width -= by; })", shorten)
    assert bool(drawings.evaluate_all(outside)) == bool(shorten)


def test_another_reference_colours_the_map(opened: Open) -> None:
    told = opened(rendered())
    shown = "(layers) => layers.filter((one) => !one.hasAttribute('display')).map((one) => one.dataset.layer)"
    layers = told.page.locator(f"{W_HH} [data-layer]")
    assert layers.evaluate_all(shown) == ["0"]
    told.page.select_option("#against select", "1")
    assert layers.evaluate_all(shown) == ["1"]
    assert told.text(f"{W_HH} .against.chosen dt") == "torch"


def column(told: Any, number: int) -> list[str]:
    """The shown texts of a column of the first table of gradients."""
    rows = told.page.locator('section[aria-labelledby="gradients"] > figure tbody tr:not([hidden])')
    return [str(text) for text in rows.locator(f"td:nth-child({number})").all_inner_texts()]


def test_sorting(opened: Open) -> None:
    told = opened(rendered())
    assert column(told, 1) == ["x", "W_hh", "b_ih"]  # the worst first: not a number, then the planted one
    heading = 'section[aria-labelledby="gradients"] > figure th'
    told.page.click(f'{heading}:has-text("array") button')
    assert column(told, 1) == ["b_ih", "W_hh", "x"]
    told.page.click(f'{heading}:has-text("error ÷ budget") button')
    assert column(told, 1) == ["x", "W_hh", "b_ih"]
    told.page.click(f'{heading}:has-text("error ÷ budget") button')
    assert column(told, 1) == ["b_ih", "W_hh", "x"]
    assert told.page.get_attribute(f'{heading}:has-text("error ÷ budget")', "aria-sort") == "ascending"
    told.page.locator(f'{heading}:has-text("array") button').press("Enter")
    assert column(told, 1) == ["b_ih", "W_hh", "x"]


def test_filtering(opened: Open) -> None:
    told = opened(rendered())
    box = 'section[aria-labelledby="gradients"] > figure'
    told.page.fill(f"{box} input", "w_HH")
    assert column(told, 1) == ["W_hh"]
    assert told.text(f"{box} output") == "1 of 3 rows"
    told.page.fill(f"{box} input", "")
    told.page.select_option(f"{box} select", "agree")
    assert column(told, 1) == ["b_ih"]
    told.page.select_option(f"{box} select", "")
    assert len(column(told, 1)) == 3


def ground(told: Any) -> float:
    """How bright the page's ground is, from 0 to 255."""
    colour = told.page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    return max(float(part) for part in colour[colour.index("(") + 1 : -1].split(",")[:3])


@pytest.mark.parametrize(("scheme", "bright"), [("light", True), ("dark", False)])
def test_the_theme_follows_the_system_and_can_be_switched(opened: Open, scheme: str, bright: bool) -> None:
    told = opened(rendered(), color_scheme=scheme)
    assert (ground(told) > 128) == bright
    told.page.click("#theme")
    assert (ground(told) > 128) != bright
    told.page.reload()
    assert (ground(told) > 128) != bright  # remembered
    told.page.click("#theme")
    assert (ground(told) > 128) == bright
    assert told.complaints == []


def test_it_works_where_there_is_no_storage(opened: Open) -> None:
    told = opened("<!doctype html><title>x</title>")
    told.page.evaluate(
        "(frame) => { document.body.innerHTML = frame; }", as_html.notebook(pictured_run())
    )  # sandboxed: storage throws
    frame = told.page.frame_locator("iframe")
    frame.locator("#theme").click()
    assert frame.locator("html").get_attribute("data-theme") == "dark"
    assert frame.locator("table").first.locator("th button").count() == len(words.HEADINGS)
    assert [one for one in told.complaints if one.startswith(("error", "dialog"))] == []
    assert told.page.evaluate("getComputedStyle(document.body).marginTop") == "8px"  # the page around is as it was


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_a_hostile_name_stays_text_and_runs_nothing(opened: Open, name: str) -> None:
    run = pictured_run(name)
    (judgement,) = run.judgements
    told_elements = tuple(replace(one, array=name) for one in judgement.elements)
    judged = replace(judgement, elements=told_elements, rows=tuple(replace(row, array=name) for row in judgement.rows))
    told = opened(as_html.render(replace(run, judgements=(judged,), command=name)))
    told.page.locator("[data-field-box]").first.focus()
    told.page.keyboard.press("ArrowRight")
    told.page.wait_for_timeout(100)
    assert told.complaints == []
    assert len(told.asked) == 1
    seen = words.clean(name)
    assert seen in told.text("h1") and seen in told.text("article h3") and seen in told.text("#repeat ~ .command")
    assert told.page.locator("img, iframe, b, [onload], [onerror]").count() == 0
    assert told.page.evaluate("document.scripts.length") == 3


OVERLAPPING = """() => {
    const texts = "h1, h2, h3, p, summary, dt, dd, figcaption, .brand, .about, #theme";
    const boxes = [...document.querySelectorAll(`${texts}, .command, .controls, .legend, .map, .scroll:not(.field)`)]
      .filter((one) => one.checkVisibility() && one.getClientRects().length)
      .map((one) => [one, one.getBoundingClientRect()]);
    const found = [];
    for (const [n, [one, a]] of boxes.entries()) for (const [other, b] of boxes.slice(n + 1)) {
      if (one.contains(other) || other.contains(one)) continue;
      const wide = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const high = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (wide > 1 && high > 1) found.push([one, other].map((it) => `${it.tagName} ${it.textContent.slice(0, 30)}`));
    }
    return found;
}"""


def sideways(told: Any) -> int:
    """By how many pixels the page scrolls sideways."""
    return int(told.page.evaluate("document.documentElement.scrollWidth - innerWidth"))


@pytest.mark.parametrize("width", [PHONE, DESKTOP])
@pytest.mark.parametrize("open_all", [False, True])
def test_nothing_overlaps_and_the_page_does_not_scroll_sideways(opened: Open, width: int, open_all: bool) -> None:
    told = opened(as_html.render(pictured_run(diagnosis=diagnosis())), width)
    if open_all:
        told.page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert sideways(told) <= 0
    assert told.page.evaluate(OVERLAPPING) == []


def test_the_map_of_a_diagnosis_is_read_too(opened: Open) -> None:
    told = opened(as_html.render(pictured_run(diagnosis=diagnosis())))
    box = '[data-map="map-diagnosis"]'
    told.page.locator(f"{box} [data-field-box]").focus()
    told.page.keyboard.press("PageUp")
    told.page.keyboard.press("End")
    assert told.text(f"{box} [data-where]") == "i, 4"
    assert told.text(f'{box} [data-field="error"]') == "2.2e-16"
    assert told.text(f"{box} [aria-live]") == "i, 4: 2.2e-16"
    assert told.complaints == []


@pytest.mark.parametrize("name", ["x" * 300, "a b " * 200, "W" * 3000])
def test_long_names_do_not_either(opened: Open, name: str) -> None:
    told = opened(as_html.render(pictured_run(name, command=name)), PHONE)
    assert sideways(told) <= 0
    assert told.page.evaluate(OVERLAPPING) == []


def test_what_overlaps_or_is_too_wide_is_seen(opened: Open) -> None:
    told = opened(rendered(), PHONE)
    told.page.evaluate("document.querySelector('h2').style.marginBottom = '-40px'")
    assert told.page.evaluate(OVERLAPPING)
    told.page.evaluate("document.querySelector('h2').style.width = '600px'")
    assert sideways(told) > 0


def test_on_paper_it_is_light_open_and_without_controls(opened: Open) -> None:
    told = opened(rendered(), color_scheme="dark")
    told.page.emulate_media(media="print", color_scheme="dark")
    assert ground(told) > 200
    assert told.page.locator("button:visible:not(th button), input:visible, select:visible").count() == 0
    assert told.page.locator("th:visible").first.inner_text().strip() == "array"
    told.page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert told.page.locator("details:not([open])").count() == 0
    told.page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert told.page.locator("details[open]").count() == 0
    assert len(told.page.pdf()) > 10_000


def test_the_command_can_be_copied(opened: Open) -> None:
    told = opened(rendered(), permissions=["clipboard-read", "clipboard-write"])
    told.page.click("#repeat ~ .command button")
    told.page.wait_for_function("document.querySelector('#repeat ~ .command button').textContent === 'Copied'")
    assert told.page.evaluate("navigator.clipboard.readText()") == pictured_run().command


def test_without_scripts_all_is_there_but_the_pointing(opened: Open) -> None:
    told = opened(rendered(), java_script_enabled=False)
    assert told.text(f"{W_HH} [data-where]") == "f 1, 2"  # the worst entry
    assert column(told, 1) == ["x", "W_hh", "b_ih"]
    assert told.page.locator("button, select, input").count() == 0
