"""The annotations of saved runs, as the workflow commands that GitHub shows beside the lines of a change.

One for each array that is wrong, worst first, at the line that a diagnosis confirmed, or else at the candidate's
function; one for a run that is wrong otherwise. They are made from saved runs, as badges are. Names and messages are a
candidate's: in a message they are shown as text, and nothing in them can end a command or begin another.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from harness.run import VERDICTS

from . import numbers, words

Saved = Mapping[str, Any]  #: a run, a judgement, a row …, as `reports.as_json` tells them

#: What the runner would take for the end of a command, or of one of its properties.
DATA = str.maketrans({"%": "%25", "\r": "%0D", "\n": "%0A"})
PROPERTY = DATA | str.maketrans({":": "%3A", ",": "%2C"})


def lines(data: Saved, root: Path) -> list[str]:
    """The commands, one a line; none for a run that agrees. Paths are told relative to ``root``, the repository.

    ``data`` is what `reports.badge.load` gives. Raises ValueError, in one line, where the rest of it is no saved run.
    """
    try:
        return list(_commands(data, root))
    except (LookupError, TypeError, AttributeError, ValueError) as error:
        raise ValueError(f"is no saved run: {type(error).__name__}: {error}") from None


def command(kind: str, message: str, properties: Mapping[str, object]) -> str:
    """One workflow command: ``::error file=my_lstm.py,line=12,title=W_hh differs::…``."""
    told = ",".join(f"{name}={str(value).translate(PROPERTY)}" for name, value in properties.items())
    return f"::{kind}{' ' if told else ''}{told}::{message.translate(DATA)}"


def _commands(data: Saved, root: Path) -> Iterator[str]:
    if data["verdict"] == "agree":
        return
    place, why, judgements = _place(data, root), _why(data), _told(data)
    rows = _worst([row for judgement in judgements for row in judgement["rows"] if row["verdict"] != "agree"])
    told = [(row["verdict"], f"gradient of {row['array']}", _said(row)) for row in rows]
    if not told:  # impure, say, or failed
        worst = max(judgements, key=lambda one: VERDICTS.index(one["verdict"]))
        told = [(worst["verdict"], f"gradients of {worst['candidate']}", words.clean(worst["reason"]))]
    for verdict, what, said in told:
        kind = "warning" if verdict == "inconclusive" else "error"
        yield command(kind, "\n".join((said, *why)), {**place, "title": words.clean(f"{what}: {verdict}")})


def _told(data: Saved) -> Sequence[Saved]:
    """The judgements that do not agree: of the given cases, or else of their companions."""
    given = [one for one in data["judgements"] if one["verdict"] != "agree"]
    return given or [one for one in data["companions"] if one["verdict"] != "agree"]


def _worst(rows: Sequence[Saved]) -> list[Saved]:
    """One row per array, the worst first; against the reference with the worst error, of equal ones the first."""
    worst: dict[str, Saved] = {}
    for row in rows:
        if row["array"] not in worst or _rank(row) > _rank(worst[row["array"]]):
            worst[row["array"]] = row
    return sorted(worst.values(), key=_rank, reverse=True)


def _rank(row: Saved) -> tuple[int, float]:
    ratio = float(row["ratio"])
    return VERDICTS.index(row["verdict"]), float("inf") if ratio != ratio else ratio


def _said(row: Saved) -> str:
    """What is wrong with an array, in one line."""
    got, expected = numbers.pair(float(row["candidate"]), float(row["expected"]))
    place = f"worst at {row['at_words']}: " if row["at_words"] else ""
    size = f"error ÷ budget {numbers.ratio(float(row['ratio']))}"
    return words.clean("; ".join((*row["words"], f"{place}{got}, {row['reference']} has {expected}", size)))


def _why(data: Saved) -> list[str]:
    """The diagnosis, in at most three lines: the finding, the confirmed places, the next step."""
    told = data["diagnosis"]
    if told is None:
        return []
    confirmed = [f"{one['file']}:{one['line']} {one['source'].strip()}" for one in _confirmed(told)]
    places = f"confirmed: {' · '.join(confirmed)}" if confirmed else ""
    return [words.clean(line) for line in (told["sentence"], places, told["step"] and f"next: {told['step']}") if line]


def _confirmed(diagnosis: Saved | None) -> list[Saved]:
    if diagnosis is None or not diagnosis["localised"]:
        return []
    return [place for place in diagnosis["places"] if place["certainty"] == "confirmed"]


def _place(data: Saved, root: Path) -> dict[str, object]:
    """File and line: the first confirmed place, or else the candidate's function; nothing for what is not a file."""
    source = data["source"]
    if source is None:
        return {}
    file, line = Path(source["file"]), int(source["line"])
    if confirmed := _confirmed(data["diagnosis"]):  # told relative to the candidate's folder
        file, line = file.parent / confirmed[0]["file"], int(confirmed[0]["line"])
    path = os.path.relpath(os.path.realpath(file), os.path.realpath(root))
    outside = path.startswith(os.pardir + os.sep)  # of the repository, where there is nothing to be shown beside
    return {} if outside or not _is_text(path) else {"file": Path(path).as_posix(), "line": line}


def _is_text(path: str) -> bool:
    """Whether a log can hold it: a name that is no UTF-8 reaches us as lone surrogates."""
    return not any("\ud800" <= character <= "\udfff" for character in path)
