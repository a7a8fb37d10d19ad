"""Pages in a real browser: the installed Chromium, one for each module; without it, skipped with the reason."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from benchmarks.screenshots import ARGUMENTS


@dataclass
class Opened:
    """A page that was opened from disk, and everything that it asked for or complained about."""

    page: Any
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def text(self, selector: str) -> str:
        """What is read there."""
        return str(self.page.text_content(selector))


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Chromium, closed with everything that it has open."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = shutil.which("chromium")
    if path is None:
        pytest.skip("chromium is not installed")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=path, args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def opened(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Opens the text of a page from a file; what the page asks for and complains about is kept."""
    contexts = []

    def from_disk(text: str, width: int = 1280, until: str = "load", **options: Any) -> Opened:
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(text, "utf-8")
        context = browser.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        context.set_default_timeout(5000)
        told = Opened(context.new_page())
        context.on("request", lambda request: told.asked.append(request.url))
        told.page.on("console", lambda message: told.complaints.append(f"{message.type}: {message.text}"))
        told.page.on("pageerror", lambda error: told.complaints.append(f"error: {error}"))
        told.page.on("dialog", lambda dialog: (told.complaints.append(f"dialog: {dialog.message}"), dialog.dismiss()))
        told.page.goto(path.as_uri(), wait_until=until)
        return told

    yield from_disk
    for context in contexts:
        context.close()
