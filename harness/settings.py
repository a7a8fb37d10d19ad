"""A project's own settings: the table ``[tool.handgrad]`` of its pyproject.toml, for comparisons inside pytest."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from harness.errors import BadInput

#: a row may grow by this factor over its baseline before a test fails
FACTOR = 2.0


class Key(NamedTuple):
    """What a key of the table allows."""

    allowed: str  #: in words
    fits: Callable[[Any], bool]


def _number(value: Any) -> bool:
    """TOML has numbers that are none: nan and inf are refused, and true is no 1."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _whole(least: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int) and not isinstance(value, bool) and value >= least


_TEXT = Key("a text", lambda value: isinstance(value, str) and bool(value))
_YES = Key("true or false", lambda value: isinstance(value, bool))
_POSITIVE = Key("a number above 0", lambda value: _number(value) and value > 0)
#: defaults of `harness.compare`'s arguments of the same names
COMPARED: Mapping[str, Key] = {
    "references": Key(
        "a list of names of references",
        lambda value: isinstance(value, list) and bool(value) and all(isinstance(name, str) for name in value),
    ),
    "truth": _TEXT,
    "dtype": _TEXT,
    "seed": Key("a whole number, 0 or more", _whole(0)),
    "seeds": Key("a whole number, 1 or more", _whole(1)),
    "alone": _YES,
    "device": _TEXT,
    "timeout": _POSITIVE,
    "memory": _POSITIVE,
    "diagnose": _YES,
}
#: for the plug-in alone
KEPT: Mapping[str, Key] = {
    "baseline": Key("the path of a file, relative to pyproject.toml", _TEXT.fits),
    "baseline-factor": Key("a number, 1 or more", lambda value: _number(value) and value >= 1),
}
KEYS: Mapping[str, Key] = {**COMPARED, **KEPT}
#: what a saved case has of its own, so that a default for it has nothing to say
_OF_A_CASE = ("dtype", "seed", "seeds")


@dataclass(frozen=True)
class Settings:
    """What a project says once for all of its tests; a test's own arguments win over it."""

    file: Path | None = None  #: where it stands; None where nothing is said
    compared: Mapping[str, Any] = field(default_factory=dict)  #: defaults of `harness.compare`'s arguments
    baseline: Path | None = None
    factor: float = FACTOR

    @staticmethod
    def read(folder: Path) -> Settings:
        """The settings of the project in ``folder``; none where it has no pyproject.toml or no such table.

        Raises BadInput for a file that is no TOML, for a key that there is not, and for a value of the wrong kind.
        """
        file = folder / "pyproject.toml"
        table = _table(file)
        if table is None:
            return Settings()
        where = f"{file}, [tool.handgrad]"
        for key, value in table.items():
            if key not in KEYS:
                raise BadInput(f"{where}: got key {key!r}, allowed: {', '.join(KEYS)}")
            if not KEYS[key].fits(value):
                raise BadInput(f"{where}: {key}: got {value!r}, needs {KEYS[key].allowed}")
        baseline = table.get("baseline")
        return Settings(
            file,
            {key: value for key, value in table.items() if key in COMPARED},
            folder / baseline if baseline else None,
            float(table.get("baseline-factor", FACTOR)),
        )

    def arguments(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The arguments of a comparison: those of a test, and the defaults for what it does not give.

        A saved case has its own dtype and seeds. A default of the project for which ``given`` has None is left out: so
        a single test says that it wants none. Inside pytest a difference is diagnosed unless somebody says otherwise.
        """
        saved = given.get("case") is not None
        defaults = {key: value for key, value in self.compared.items() if not (saved and key in _OF_A_CASE)}
        kept = {key: value for key, value in given.items() if not (value is None and key in COMPARED)}
        return {"diagnose": True, **{key: value for key, value in defaults.items() if key not in given}, **kept}

    def blame(self, error: BadInput, given: Mapping[str, Any]) -> str:
        """The error's text, and, where a default of the project may be its cause, how a test goes without it."""
        told = str(error)
        taken = [key for key in self.compared if key not in given and told.startswith(f"{key}: ")]
        if not taken:
            return told
        return f"{told} ({taken[0]} stands in {self.file}, [tool.handgrad]; {taken[0]}=None leaves it out)"


def _table(file: Path) -> Mapping[str, Any] | None:
    """The table as it stands there; None where there is none."""
    import tomllib  # here, as most who import this have no file to read

    try:
        tools = tomllib.loads(file.read_text(encoding="utf-8")).get("tool", {})
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror}") from None
    except ValueError as error:  # no UTF-8, or no TOML
        raise BadInput(f"{file}: is no TOML: {error}") from None
    table = tools.get("handgrad") if isinstance(tools, dict) else None
    if table is not None and not isinstance(table, dict):
        raise BadInput(f"{file}: tool.handgrad: got {table!r}, needs a table, [tool.handgrad]")
    return table
