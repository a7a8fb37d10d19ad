"""One page from a template of ours: what a candidate wrote is text in it, and only our own script runs.

Three walls: every text is cleaned and escaped on its way into the page; data reach the script as JSON which cannot end
its element; and the page's own Content-Security-Policy lets nothing run or load but the inlined files, by their hash.
It forbids ``style=`` and ``onclick=`` too: colours come from classes, SVG attributes, or what the script sets.
"""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from importlib.resources import files
from typing import TYPE_CHECKING, Any, NamedTuple

from reports import numbers, words
from reports.as_json import plain

if TYPE_CHECKING:
    from jinja2 import Environment

#: What could end a script element, start a comment in it, or end a line of older JavaScript.
UNSAFE = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


class Asset(NamedTuple):
    """A file that is inlined: its text, and the source expression that allows just this text."""

    text: str
    source: str


def page(
    template: str, *, styles: tuple[str, ...] = (), scripts: tuple[str, ...] = (), data: Any = None, **context: Any
) -> str:
    """The page of ``templates/<template>``, which extends ``base.html.j2``.

    ``styles`` and ``scripts`` are files of this package to inline after ``style.css`` and ``script.js``. ``data`` is
    what scripts read, by ``JSON.parse(document.getElementById("data").textContent)``: anything that `as_json.plain`
    takes. All else is the template's. Raises jinja2.UndefinedError for a name that the template asks for in vain.
    """
    made = _environment().get_template(template)
    return made.render(
        styles=[_asset(name) for name in ("style.css", *styles)],
        scripts=[_asset(name) for name in ("script.js", *scripts)],
        data=None if data is None else embedded(data),
        **context,
    )


def embedded(data: Any) -> str:
    """JSON on ASCII that can stand in a script element whatever its texts are: cleaned, and nothing that ends it."""
    return json.dumps(_cleaned(plain(data)), allow_nan=False, separators=(",", ":")).translate(UNSAFE)


def _cleaned(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() and value.isprintable() else words.clean(value)
    if isinstance(value, list):
        return [_cleaned(one) for one in value]
    if isinstance(value, Mapping):
        return {words.clean(key): _cleaned(one) for key, one in value.items()}
    return value


@cache
def _asset(name: str) -> Asset:
    text = files("reports.html").joinpath(name).read_text("utf-8").replace("\r\n", "\n")
    if "</s" in text.lower():
        raise ValueError(f"{name}: holds '</s', which would end its element; write it in two parts")
    return Asset(text, f"'sha256-{b64encode(sha256(text.encode()).digest()).decode()}'")


@cache
def _environment() -> Environment:
    # Imported here: asking for help must not wait for it.
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(str(files("reports.html").joinpath("templates"))),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.globals.update(numbers=numbers, words=words)
    environment.filters["code"] = code
    return environment


def _finalize(value: Any) -> Any:
    """Texts are cleaned as in every report; markup of our own passes."""
    return words.clean(value) if isinstance(value, str) and not hasattr(value, "__html__") else value


def code(text: str) -> Any:
    """A text of several lines that keeps them, cleaned and escaped line by line."""
    from markupsafe import Markup, escape

    return Markup("\n").join(escape(words.clean(line.replace("\t", "    "))) for line in text.split("\n"))
