"""The manual is whole: it builds without a warning, no link of it is broken, and nothing is loaded from elsewhere."""

from __future__ import annotations

import re
import shutil
import threading
from collections.abc import Iterator
from functools import partial
from html import unescape
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import manual
import pytest
import yaml

from benchmarks.screenshots import ARGUMENTS
from docs.made import casebook, commands, links
from harness.cli import app

pytest.importorskip("mkdocs")
ROOT = Path(__file__).parent.parent
CONFIG = ROOT / "mkdocs.yml"
CHROMIUM = "/usr/bin/chromium"
#: a page of each kind
KINDS = ("index.html", "derivations/lstm.html", "reference/cli.html", "reference/api.html")
WAIT = 20_000  # ms; what takes longer hangs


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = manual.build(CONFIG, folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def text(site: Path, page: str) -> str:
    """What a page says, without its markup."""
    html = (site / page).read_text(encoding="utf-8").split("<article", 1)[1].split("</article", 1)[0]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", html)).split())


def test_it_builds_with_every_page_that_is_there(site: Path) -> None:
    pages = {path.relative_to(ROOT / "docs").with_suffix(".html") for path in (ROOT / "docs").rglob("*.md")}
    pages |= {Path(path).with_suffix(".html") for path in casebook.pages()}
    built = {path.relative_to(site) for path in site.rglob("*.html")}
    assert len(pages) > 15 and pages <= built
    assert not list(site.rglob("*.py"))


def test_every_page_is_in_the_menu_but_sources(site: Path) -> None:
    start = (site / "index.html").read_text(encoding="utf-8")
    menu = start.split('<nav class="md-nav md-nav--primary', 1)[1].split("</nav>\n    </div>", 1)[0]
    for path in site.rglob("*.html"):
        name = path.relative_to(site).as_posix()
        if name not in ("404.html", "index.html") and not name.startswith("source/"):
            assert f'href="{name}"' in menu, name


#: what breaks, and what must be told of it
BROKEN = {
    "[gone](gone.md)": "'gone.md'",
    "[no such part](verdicts.md#no-such-part)": "#no-such-part",
    "[from the root](/verdicts.md)": "'/verdicts.md'",
    "[no such file](../handgrad/cells/gone.py)": "gone.py",
}


def test_what_is_broken_makes_it_fail(tmp_path: Path) -> None:
    done = _small(tmp_path, " ".join(BROKEN), extra="forgotten.md")
    told = done.stdout + done.stderr
    assert done.returncode != 0 and f"{len(BROKEN) + 1} warnings" in told
    for words in (*BROKEN.values(), "forgotten.md"):
        assert words in told


def test_what_is_sound_does_not(tmp_path: Path) -> None:
    done = _small(tmp_path, "[budget](verdicts.md#the-budget), [code](../handgrad/cells/rnn.py)")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / "site" / "source" / "handgrad" / "cells" / "rnn.py.html").is_file()


def _small(folder: Path, words: str, extra: str = "") -> Any:
    """The manual's own settings on a few pages: the one on verdicts, one that says ``words``, the casebook."""
    docs = folder / "docs"
    docs.mkdir()
    shutil.copy(ROOT / "docs" / "verdicts.md", docs)
    (docs / "index.md").write_text(f"# A page\n\n{words}\n", encoding="utf-8")
    (docs / "diagnosis.md").write_text("# Why it differs\n", encoding="utf-8")  # the casebook links it
    if extra:
        (docs / extra).write_text("# Forgotten\n", encoding="utf-8")
    settings = {
        "INHERIT": str(CONFIG), "docs_dir": str(docs), "hooks": [str(ROOT / "docs" / "hooks.py")], "plugins": [],
        "theme": {"name": "mkdocs"}, "extra_css": [],
        "nav": ["index.md", "verdicts.md", "diagnosis.md", {"The casebook": ["casebook/index.md"]}],
        "not_in_nav": "/source/\n/casebook/",
    }  # fmt: skip
    (folder / "mkdocs.yml").write_text(yaml.safe_dump(settings), encoding="utf-8")
    return manual.build(folder / "mkdocs.yml", folder / "site")


def test_nothing_is_loaded_from_elsewhere(site: Path) -> None:
    counted = 0
    for path in site.rglob("*.html"):
        found = manual.loads(path.read_text(encoding="utf-8"))
        counted += len(found)
        assert list(manual.elsewhere(found)) == [], path
    assert counted > 50
    for path in site.rglob("*.css"):
        css = path.read_text(encoding="utf-8")
        addresses = [a for a in re.findall(r"url\(\s*[\"']?([^\"')]+)", css) if not a.startswith("data:")]
        assert list(manual.elsewhere(addresses)) == [] and "@import" not in css, path


def test_what_would_be_loaded_from_elsewhere_is_seen() -> None:
    page = '<a href="https://a.b/"></a><script src="https://c.d/x.js"></script><img srcset="//e.f/g.png 2x, h.png">'
    page += '<link rel="canonical" href="https://i.j/"><link rel="stylesheet" href="https://k.l/m.css">'
    assert list(manual.elsewhere(manual.loads(page))) == ["https://c.d/x.js", "//e.f/g.png", "https://k.l/m.css"]


def test_every_command_and_option_is_on_its_page(site: Path) -> None:
    shown = text(site, "reference/cli.html")
    found = commands.commands(app)
    assert {"compare", "train", "casebook", "layout"} <= set(found)
    for name, command in found.items():
        assert f"python -m harness {name}" in shown
        for written, says in commands.told(command):
            assert written in shown and says.split(" [default")[0].split(" [required")[0] in shown, (name, written)


@pytest.mark.parametrize("module", ["harness", "handgrad"])
def test_every_public_name_is_on_the_page_of_the_api(module: str, site: Path) -> None:
    from importlib import import_module

    html = (site / "reference" / "api.html").read_text(encoding="utf-8")
    for name in import_module(module).__all__:
        assert re.search(rf'<h3 id="[\w.]*\.{name}" class="doc', html), name
    assert "The index of max |Δ|." in unescape(html)  # a field that a comment documents


def test_links_that_leave_the_manual_come_along() -> None:
    page = "[C](../examples/c/lstm.c) [B](../harness/casebook/binary-adder/README.md#x) [V](verdicts.md) [N](../no.py)"
    assert links.rewritten(page, "exchange.md", ROOT) == (
        "[C](source/examples/c/lstm.c.md) [B](casebook/binary-adder.md#x) [V](verdicts.md) [N](../no.py)"
    )
    assert links.rewritten("[R](../../handgrad/model.py)", "derivations/rnn.md", ROOT) == (
        "[R](../source/handgrad/model.py.md)"
    )


def test_the_answer_it_begins_with_is_that_of_the_readme() -> None:
    def answer(path: str) -> str:
        block = re.search(
            r"<!-- The beginning[^\n]*-->\n```text\n(.*?)```", (ROOT / path).read_text("utf-8"), re.DOTALL
        )
        assert block is not None
        return block[1]

    assert answer("docs/index.md") == answer("README.md")


# In a browser.


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api")
    if not Path(CHROMIUM).exists():
        pytest.skip(f"needs Chromium at {CHROMIUM}")
    with api.sync_playwright() as running:
        opened = running.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield opened
        opened.close()


@pytest.fixture(scope="module")
def served(site: Path) -> Iterator[str]:
    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            """Nobody reads it."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    server.server_close()
    thread.join()


def open_page(browser: Any, width: int, scheme: str) -> tuple[Any, list[str], list[str]]:
    """A page, and what it will have asked for and complained of."""
    page = browser.new_page(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page.set_default_timeout(WAIT)
    asked: list[str] = []
    errors: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    return page, asked, errors


@pytest.mark.parametrize(("width", "scheme"), [(390, "light"), (1280, "dark")])
def test_every_page_opens_without_errors_and_fits(
    width: int, scheme: str, site: Path, served: str, browser: Any
) -> None:
    page, asked, errors = open_page(browser, width, scheme)
    pages = [path.relative_to(site).as_posix() for path in sorted(site.rglob("*.html"))]
    pages = [name for name in pages if name != "404.html" and not name.startswith("source/")]
    narrow = [name for name in pages if not name.startswith("casebook/") or "nan" in name]  # the widest of its kind
    assert set(KINDS) < set(narrow)
    for name in narrow if width == 390 else KINDS:
        page.goto(served + name, wait_until="load")
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert page.locator("h1").count() >= 1, name
    shown = page.evaluate("document.body.getAttribute('data-md-color-scheme')")
    assert shown == {"light": "default", "dark": "slate"}[scheme]
    assert {url for url in asked if not url.startswith((served, "data:", "blob:"))} == set()
    assert errors == []
    page.close()


def test_it_can_be_searched(served: str, browser: Any) -> None:
    page, asked, errors = open_page(browser, 1280, "light")
    page.goto(served + "index.html")
    page.locator("input[name=query]").click()
    page.keyboard.type("truncation")
    page.locator(".md-search-result__link").first.wait_for()
    found = page.locator(".md-search-result__link").evaluate_all("all => all.map(a => a.getAttribute('href'))")
    assert any("derivations/lstm.html" in link for link in found)
    assert {url for url in asked if not url.startswith((served, "data:", "blob:"))} == set()
    assert errors == []
    page.close()


def test_it_opens_from_a_disk(site: Path, browser: Any) -> None:
    page, asked, _ = open_page(browser, 1280, "light")
    page.goto((site / "index.html").as_uri())
    page.locator("article a", has_text="the casebook").first.click()
    page.wait_for_url("**/casebook/theano-versus-python.html")
    assert "Our verdict" in page.locator("article").inner_text()
    assert {url for url in asked if not url.startswith(("file:", "data:", "blob:"))} == set()
    page.close()
