"""What MkDocs asks while it builds the site: pages made from the code, and links that leave docs/."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from made import beside, casebook, commands, links  # this file's folder is on the path while MkDocs loads it
from mkdocs.structure.files import File

ROOT = Path(__file__).resolve().parent.parent
_MARK = re.compile(r"^<!-- made: (\w+) ?(\S*) -->$", re.MULTILINE)
_MAKERS = {"commands": lambda _: commands.page(), "beside": lambda path: beside.table(ROOT, path)}


def on_config(config: Any) -> Any:
    """The casebook's pages stand in the navigation beneath its overview."""
    for section in config.nav:
        if isinstance(section, dict) and (held := section.get("The casebook")):
            held.extend(path for path in casebook.pages() if path not in held)
    return config


def on_files(files: Any, config: Any) -> Any:
    """The casebook, and every file of the project that a page links, come along as pages."""
    for path, text in casebook.pages().items():
        files.append(File.generated(config, path, content=text))
    waiting = [file for file in files if file.is_documentation_page()]
    while waiting:
        file = waiting.pop()
        for path in _linked(file):
            page = links.home(path)
            if files.get_file_from_path(page) is None:
                made = File.generated(config, page, content=links.shown(ROOT, path))
                files.append(made)
                waiting.append(made)
    return files


def _linked(file: Any) -> Iterator[str]:
    for path in links.outside(file.content_string, file.src_uri).values():
        if (ROOT / path).is_file():
            yield path


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Marks are filled, links that leave docs/ lead to the pages that were made of their files."""
    filled = _MARK.sub(lambda mark: _MAKERS[mark[1]](mark[2]), markdown)
    return links.rewritten(filled, page.file.src_uri, ROOT)
