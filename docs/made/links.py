"""Links that leave docs/: what they point at comes along, as a page of the site."""

from __future__ import annotations

import posixpath
import re
from pathlib import Path

SOURCES = "source"
_LINK = re.compile(r"\]\(((?:\.\./)+[\w./-]+)(#[\w-]*)?\)")
_CASEBOOK = re.compile(r"harness/casebook/([\w-]+)/README\.md")
_LEXERS = {".py": "python", ".c": "c", ".json": "json", ".toml": "toml", ".yml": "yaml", ".sh": "bash"}


def outside(text: str, page: str) -> dict[str, str]:
    """Links of a page to files of the project outside of docs/: as written → the path from the project's root."""
    folder = posixpath.join("docs", posixpath.dirname(page))
    found = {}
    for target in dict.fromkeys(match[1] for match in _LINK.finditer(text)):
        path = posixpath.normpath(posixpath.join(folder, target))
        if not path.startswith(("docs/", "..")):
            found[target] = path
    return found


def home(path: str) -> str:
    """The page of the site that shows a file of the project."""
    system = _CASEBOOK.fullmatch(path)
    return f"casebook/{system[1]}.md" if system else f"{SOURCES}/{path}.md"


def rewritten(text: str, page: str, root: Path) -> str:
    """The same text, its links to files of the project leading to the pages that show them; others stay, and break."""
    targets = {
        target: posixpath.relpath(home(path), posixpath.dirname(page) or ".")
        for target, path in outside(text, page).items()
        if (root / path).is_file()
    }
    return _LINK.sub(lambda link: f"]({targets.get(link[1], link[1])}{link[2] or ''})", text)


def shown(root: Path, path: str) -> str:
    """The page of one file: its text, line by line, or, of a page, the page."""
    text = (root / path).read_text(encoding="utf-8")
    if path.endswith(".md"):
        return text
    fence = "`" * 4
    lexer = _LEXERS.get(Path(path).suffix, "text")
    return f'# {path}\n\n{fence}{lexer} linenums="1"\n{text.rstrip()}\n{fence}\n'
