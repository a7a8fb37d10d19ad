"""The commands that pages show: what stands in blocks of a shell, in indented blocks, and between backquotes."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
PAGES = tuple(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "examples/*/*.md", "harness/casebook/*/*.md")
    for path in sorted(ROOT.glob(pattern))
    if path.name != "CHANGELOG.md"
)
_SHELL = ("", "sh", "bash", "shell", "console", "yaml", "yml")
_FENCE = re.compile(r"^( *)(`{3,})([\w-]*)[^\n]*\n(.*?)^\1\2", re.MULTILINE | re.DOTALL)
_PYTHON = re.compile(r"^```python\n(# (\w+\.py)\n.*?)^```", re.MULTILINE | re.DOTALL)
_START = r"(?:(?:\.venv/bin/)?python3? -m (?:harness|pytest)|make|pytest|handgrad)(?= [\w'\"./{-])"
_LINE = re.compile(rf"^\s*(?:- run: |- |run: |\$ )?({_START} .*)$", re.MULTILINE)
_INLINE = re.compile(rf"`({_START} [^`\n]+)`")
_VERDICT = re.compile(r"#\s*→ (\w+)")


@dataclass(frozen=True)
class Command:
    """A command as a page shows it."""

    page: str
    words: tuple[str, ...]  #: "python", "-m", "harness" … or "make" …
    verdict: str = ""  #: what the page says comes of it

    @property
    def program(self) -> str:
        """harness, pytest or make."""
        return self.words[2] if self.words[0] == "python" else self.words[0]

    @property
    def arguments(self) -> tuple[str, ...]:
        """What comes behind the program."""
        return self.words[3:] if self.words[0] == "python" else self.words[1:]

    @property
    def text(self) -> str:
        """One way to write it, however the page does."""
        return " ".join((self.program, *self.arguments))

    @property
    def usage(self) -> bool:
        """Whether it only shows a way to write: ``train TASK --candidate FILE``."""
        return any(re.fullmatch(r"[A-Z][A-Z_]+|…|\.\.\.|\[.*\]", word) for word in self.arguments)


def commands(page: str, text: str | None = None) -> list[Command]:
    """All of a page, each once."""
    text = (ROOT / page).read_text(encoding="utf-8") if text is None else text
    shell = "".join(f"{block}\n" for _, _, language, block in _FENCE.findall(text) if language in _SHELL)
    prose = _FENCE.sub("", text)
    indented = "".join(f"{line}\n" for line in prose.splitlines() if line.startswith("    "))
    found = [_command(page, line) for line in _LINE.findall(shell.replace("\\\n", " ") + indented.replace("\\\n", " "))]
    found += [_command(page, line) for line in _INLINE.findall(prose)]
    return list({command.words: command for command in reversed(found)}.values())[::-1]


def _command(page: str, line: str) -> Command:
    verdict = _VERDICT.search(line)
    words = shlex.split(re.split(r" (?:\|\||&&|\||>) ", line)[0], comments=True)
    if words[0].endswith(("python", "python3")):
        words[0] = "python"
    elif words[0] == "handgrad":
        words[:1] = ["python", "-m", "harness"]
    return Command(page, tuple(words), verdict[1] if verdict else "")


def files(text: str) -> dict[str, str]:
    """The Python files that a page shows: those whose first line is their name."""
    return {name: block for block, name in _PYTHON.findall(text)}
