"""Real pages as Chromium shows them, to be looked at: ``python -m benchmarks.screenshots`` (``make screenshots``).

At the widths of a desk and of a phone, in light and in dark, into build/screenshots/, beside the pages themselves.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import harness
from harness import casebook
from harness.bank.catalogue import fault
from harness.run import Run
from reports import as_html

FOLDER = Path(__file__).resolve().parent.parent / "build" / "screenshots"
ARGUMENTS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
WIDTHS = {"desk": 1280, "phone": 390}
THEMES = ("light", "dark")
PLANTED = "lstm/4*f/scale/2"


def default() -> Run:
    """What ``python -m harness compare --cell lstm`` finds."""
    return harness.compare(cell="lstm", adjoints=True, command="python -m harness compare --cell lstm")


def published() -> Run:
    """The question of 2014, and why."""
    path = casebook.entry("theano-versus-python").folder / "broken.py"
    command = f"python -m harness compare --candidate {path.name} --diagnose"
    return harness.compare(candidate=path, diagnose=True, adjoints=True, command=command)


def planted() -> Run:
    """An LSTM with one wrong equation, not asked why."""
    command = "python -m harness compare --candidate my_lstm.py"
    return harness.compare(cell="lstm", candidate=fault(PLANTED).candidate, adjoints=True, command=command)


def several() -> Run:
    """Several cases that agree."""
    return harness.compare(
        cell="rnn", seeds=6, dtype="float32", command="python -m harness compare --cell rnn --seeds 6"
    )


PAGES: Mapping[str, Callable[[], Run]] = {
    "default": default, "theano-versus-python": published, "planted": planted, "several": several,
}  # fmt: skip


def main() -> int:
    """Write the pages and their pictures; 2 where there is no browser."""
    path = shutil.which("chromium")
    if path is None:
        print("screenshots: got no chromium on the path, needs one", file=sys.stderr)
        return 2
    from playwright.sync_api import sync_playwright

    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as running:
        browser = running.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        for name, make in PAGES.items():
            page = FOLDER / f"{name}.html"
            page.write_text(as_html.render(make()), "utf-8")
            print(f"{page.name}: {page.stat().st_size / 1e3:.0f} kB")
            _pictures(browser, page)
        browser.close()
    return 0


def _pictures(browser: Any, page: Path) -> None:
    for size, width in WIDTHS.items():
        for theme in THEMES:
            context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=theme)
            shown = context.new_page()
            shown.goto(page.as_uri())
            shown.screenshot(path=page.with_name(f"{page.stem}-{size}-{theme}.png"), full_page=True)
            context.close()


if __name__ == "__main__":
    sys.exit(main())
