"""Annotations: one per wrong array, at its line, whatever its candidate put into names and messages."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import reports
from harness.cli import main
from harness.run import Run, Source
from reports import as_json
from reports.annotations import command, lines

HOSTILE = "x:\r\n::error file=a,line=1::y%0A\u2028\u202e\x1b[31m"


def told(run: Run, root: Path) -> list[str]:
    """The annotations of a run that was saved and loaded."""
    return lines(json.loads(as_json.render(run)), root)


def at(run: Run, file: Path, line: int = 12) -> Run:
    """The run of a candidate that stands in a file."""
    return replace(run, source=Source(str(file), line, "loss_and_grads"))


def parsed(line: str) -> tuple[str, dict[str, str], str]:
    """Kind, properties and message, as the runner reads them: split first, and only then unescaped."""
    head, _, message = line.removeprefix("::").partition("::")
    kind, _, properties = head.partition(" ")
    pairs = dict(one.partition("=")[::2] for one in properties.split(",") if one)
    return kind, {name: unescaped(value) for name, value in pairs.items()}, unescaped(message)


def unescaped(text: str) -> str:
    for code, character in {"%3A": ":", "%2C": ",", "%0D": "\r", "%0A": "\n", "%25": "%"}.items():
        text = text.replace(code, character)
    return text


def test_a_run_that_agrees_has_none(agreeing: Run, tmp_path: Path) -> None:
    assert told(at(agreeing, tmp_path / "a.py"), tmp_path) == []


def test_one_per_wrong_array_at_the_function(c1: Run, tmp_path: Path) -> None:
    found = [parsed(line) for line in told(at(c1, tmp_path / "models" / "a.py"), tmp_path)]
    assert [kind for kind, _, _ in found] == ["error"] * 3
    assert {one["title"] for _, one, _ in found} == {f"gradient of {name}: differ" for name in ("Whh", "Wxh", "bhh")}
    assert all((one["file"], one["line"]) == ("models/a.py", "12") for _, one, _ in found)
    message = next(message for _, one, message in found if "Whh" in one["title"])
    truth = c1.judgements[0].truth  # all references say the same: the first is told
    assert message == f"every row differs; worst at 2, 6: -0.1187, {truth} has 0.3129; error ÷ budget 1.9e+14"


def test_the_worst_array_comes_first(of_rows: Callable[..., Run], a_row: Any, tmp_path: Path) -> None:
    ratios = {"small": 2.0, "none": float("nan"), "large": 9e9, "middle": 50.0}
    rows = [replace(a_row, array=name, ratio=ratio, verdict="differ") for name, ratio in ratios.items()]
    right = replace(a_row, array="right")
    found = [parsed(line)[1]["title"] for line in told(of_rows(*rows, right), tmp_path)]
    assert found == [f"gradient of {name}: differ" for name in ("none", "large", "middle", "small")]


def test_of_several_references_and_cases_the_worst_is_told(
    of_rows: Callable[..., Run], a_row: Any, tmp_path: Path
) -> None:
    rows = [replace(a_row, reference=name, ratio=ratio, verdict="differ") for name, ratio in
            (("torch", 3.0), ("jax", 7.0), ("extended", 5.0))]  # fmt: skip
    run = of_rows(*rows)
    twice = replace(run, judgements=(*run.judgements, *of_rows(replace(rows[0], ratio=8.0)).judgements))
    for one, ratio, reference in ((run, "7.00", "jax"), (twice, "8.00", "torch")):
        (line,) = told(one, tmp_path)
        assert f"{reference} has 0.2500; error ÷ budget {ratio}" in parsed(line)[2]


def test_a_confirmed_place_is_where_it_is_shown(diagnosed: Run, tmp_path: Path) -> None:
    for line in told(at(diagnosed, tmp_path / "models" / "theano_question.py"), tmp_path):
        _, properties, message = parsed(line)
        assert (properties["file"], properties["line"]) == ("models/theano_question.py", "63")
        said, sentence, place, step = message.splitlines()
        assert "worst at" in said and "the recurrent adjoint never arrives" in sentence
        assert place == "confirmed: theano_question.py:63 dh[t] += da[t] @ Whh.T"
        assert step.startswith("next: in line 63")


def test_a_place_in_another_file_beside_the_candidate(diagnosed: Run, tmp_path: Path) -> None:
    assert diagnosed.diagnosis is not None
    place = replace(diagnosed.diagnosis.places[0], file="../layers/cell.py", line=7)
    run = replace(diagnosed, diagnosis=replace(diagnosed.diagnosis, places=(place,)))
    for line in told(at(run, tmp_path / "models" / "a.py"), tmp_path):
        assert (parsed(line)[1]["file"], parsed(line)[1]["line"]) == ("layers/cell.py", "7")


def test_what_is_only_suspected_is_not_pointed_at(diagnosed: Run, tmp_path: Path) -> None:
    assert diagnosed.diagnosis is not None
    suspects = tuple(place for place in diagnosed.diagnosis.places if place.certainty == "suspect")
    run = replace(diagnosed, diagnosis=replace(diagnosed.diagnosis, places=suspects, localised=False))
    for line in told(at(run, tmp_path / "a.py"), tmp_path):
        _, properties, message = parsed(line)
        assert properties["line"] == "12" and "confirmed" not in message


def test_outside_of_the_repository_there_is_no_file(c1: Run, tmp_path: Path) -> None:
    inside, outside = tmp_path / "repository", tmp_path / "repository-b" / "a.py"
    for candidate in (outside, tmp_path / "\udcff.py"):
        for line in told(at(c1, candidate), inside):
            assert set(parsed(line)[1]) == {"title"}
    assert set(parsed(told(at(c1, tmp_path / "\udcff.py"), tmp_path)[0])[1]) == {"title"}
    assert parsed(told(at(c1, tmp_path / "..hidden.py"), tmp_path)[0])[1]["file"] == "..hidden.py"


def test_a_link_to_the_repository_is_the_repository(c1: Run, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    for line in told(at(c1, tmp_path / "real" / "a.py"), tmp_path / "link"):
        assert parsed(line)[1]["file"] == "a.py"


def test_without_a_file_it_is_told_all_the_same(failed: Run, inconclusive: Run, tmp_path: Path) -> None:
    (line,) = told(failed, tmp_path)
    assert parsed(line) == (
        "error", {"title": "gradients of theano_question.py: error"}, "the candidate failed."
    )  # fmt: skip
    (line,) = told(inconclusive, tmp_path)
    kind, properties, message = parsed(line)
    assert (kind, message) == ("warning", "jax contradicts extended and torch.")
    assert properties == {"title": "gradients of theano_question.py: inconclusive"}


def test_a_companion_counts_where_the_given_cases_agree(agreeing: Run, c1: Run, tmp_path: Path) -> None:
    run = replace(agreeing, companions=(*agreeing.judgements, *c1.judgements))
    assert len(told(run, tmp_path)) == 3
    assert len(told(replace(c1, companions=(*failed_companion(c1),)), tmp_path)) == 3


def failed_companion(run: Run) -> list[Any]:
    """A judgement of a companion, with an array of its own."""
    rows = [replace(run.rows[-1], array="of a companion", verdict="differ")]
    return [replace(run.judgements[0], rows=tuple(rows), verdict="differ")]


def test_every_run_gives_single_lines_that_are_read_back(any_run: Run, tmp_path: Path) -> None:
    found = told(at(any_run, tmp_path / HOSTILE), tmp_path)
    assert bool(found) == (any_run.verdict != "agree")
    for line in found:
        assert len(line.splitlines()) == 1 or "\u2028" in line
        assert not set("\r\n") & set(line)
        kind, properties, message = parsed(line)
        assert kind in ("error", "warning") and message
        assert set(properties) == {"file", "line", "title"}
        assert properties["line"].isdecimal()
        assert "\x1b" not in message and "\u202e" not in message + properties["title"]
        assert line.encode()
    named = [parsed(line)[1]["file"] for line in found if any_run.diagnosis is None]
    assert set(named) <= {HOSTILE}


def test_a_command_is_read_back_as_it_was_given() -> None:
    line = command("error", HOSTILE, {"file": HOSTILE, "line": 3})
    assert parsed(line) == ("error", {"file": HOSTILE, "line": "3"}, HOSTILE)
    assert command("notice", "all is well", {}) == "::notice::all is well"


# --- on the command line --------------------------------------------------------------------------------------------


def saved(run: Run, path: Path) -> Path:
    path.write_text(reports.render(run, ".json"), "utf-8")
    return path


def test_it_reads_saved_runs(
    c1: Run, agreeing: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = [saved(at(run, tmp_path / f"{name}.py"), tmp_path / f"{name}.json")
            for name, run in (("wrong", c1), ("right", agreeing), ("again", c1))]  # fmt: skip
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    assert main(["annotate", *map(str, runs)]) == 0
    files = [parsed(line)[1]["file"] for line in capsys.readouterr().out.splitlines()]
    assert files == ["wrong.py", "again.py"] * 3  # by turns: no run hides another where only the first are shown
    assert main(["annotate", "--root", str(tmp_path.parent), str(runs[0])]) == 0
    assert f"file={tmp_path.name}/wrong.py," in capsys.readouterr().out
    monkeypatch.delenv("GITHUB_WORKSPACE")
    monkeypatch.chdir(tmp_path)
    assert main(["annotate", str(runs[0])]) == 0
    assert "file=wrong.py," in capsys.readouterr().out


@pytest.mark.parametrize("name", ["judgements", "source", "diagnosis", "companions"])
@pytest.mark.parametrize("value", [1, "text", [1], {"file": 1}, [{"verdict": "differ"}]])
def test_what_is_no_run_is_refused_in_one_line(
    name: str, value: object, c1: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "run.json"
    document = as_json.document(at(c1, tmp_path / "a.py"))
    if name == "companions":
        document["judgements"] = []
    path.write_text(json.dumps(document | {name: value}), "utf-8")
    code = main(["annotate", str(path)])
    captured = capsys.readouterr()
    assert (code, captured.out) == (2, "")
    assert captured.err.startswith(f"handgrad: {path}: is no saved run: ") and captured.err.count(os.linesep) == 1


def test_a_file_that_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for content in (None, b"not json", b"{}"):
        if content is not None:
            (tmp_path / "run.json").write_bytes(content)
        assert main(["annotate", str(tmp_path / "run.json")]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
