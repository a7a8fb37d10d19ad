"""The action: read by the linters of its language, and its scripts run here as a runner does."""

from __future__ import annotations

import copy
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import composite
import jsonschema
import pytest
import yaml

import reports
from reports import as_json, badge

ROOT = Path(__file__).parent.parent
ACTION = composite.load(ROOT / "action.yml")
QUESTION = ROOT / "harness" / "casebook" / "theano-versus-python"
ENDPOINT = json.loads((ROOT / "tests" / "data" / "endpoint-badge.schema.json").read_text("utf-8"))
TINY = """
import numpy as np

print("::error title=planted::by what the candidate prints")

def example(seed):
    return {{"::error::w": np.random.default_rng(seed).normal(size=3)}}, {{}}

def loss_and_grads(params, data):
    w = params["::error::w"]
    return 0.5 * np.sum(w**2), {{"::error::w": w * {factor}}}
"""
#: A file's name that does harm wherever it is run, expanded or taken for a command to the runner.
HOSTILE = "a b'\"$(touch pwned)`touch pwned`;touch pwned & * ::error::%0A,é.py"
FUNCTION_LINE = 1 + TINY.splitlines().index("def loss_and_grads(params, data):")


# --- read -----------------------------------------------------------------------------------------------------------


def linted(path: Path) -> subprocess.CompletedProcess[str]:
    """The schema that actions have, without a network."""
    program = Path(sys.executable).parent / "check-jsonschema"
    command = [program, "--builtin-schema", "vendor.github-actions", path]
    return subprocess.run(command, capture_output=True, text=True)


def test_it_is_an_action() -> None:
    done = linted(ROOT / "action.yml")
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("break_it", ["using", "shell", "unknown"])
def test_what_is_no_action_is_seen(break_it: str, tmp_path: Path) -> None:
    action = copy.deepcopy(ACTION)
    if break_it == "using":
        del action["runs"]["using"]
    elif break_it == "shell":
        del action["runs"]["steps"][0]["shell"]
    else:
        action["runs"]["steps"][0]["unknown"] = 1
    (tmp_path / "action.yml").write_text(yaml.safe_dump(action), "utf-8")
    assert linted(tmp_path / "action.yml").returncode == 1


def shellchecked(script: str, path: Path) -> str:
    """What ShellCheck has to say, notes of style included."""
    path.write_text(script, "utf-8")
    program = Path(sys.executable).parent / "shellcheck"
    done = subprocess.run([program, "--shell=bash", "--severity=style", path], capture_output=True, text=True)
    assert done.returncode in (0, 1), done.stderr
    return done.stdout


def test_its_scripts_are_sound(tmp_path: Path) -> None:
    scripts = {step["name"]: step["run"] for step in composite.steps(ACTION)}
    assert list(scripts) == ["Install", "Compare", "Summary", "Annotations", "Badge", "Verdict"]
    for name, script in scripts.items():
        assert shellchecked(script, tmp_path / f"{name}.sh") == "", name
    planted = scripts["Compare"].replace('--candidate="$candidate"', "--candidate=$candidate")
    assert planted != scripts["Compare"]
    assert "SC2086" in shellchecked(planted, tmp_path / "planted.sh")


def unsafe(action: Mapping[str, Any]) -> list[str]:
    """The scripts that hold an expression, which would be run as shell."""
    return [step["name"] for step in composite.steps(action) if "${{" in step["run"]]


def test_no_input_is_part_of_a_script() -> None:
    assert unsafe(ACTION) == []
    planted = copy.deepcopy(ACTION)
    planted["runs"]["steps"][1]["run"] += "echo ${{ inputs.candidates }}\n"
    assert unsafe(planted) == ["Compare"]


def dangling(action: Mapping[str, Any]) -> set[str]:
    """Expressions that name what is not there, inputs that nothing reads, outputs that no step writes."""
    text = yaml.safe_dump(action)
    read = set(re.findall(r"inputs\.([\w-]+)", text))
    scripts = {step.get("id"): step["run"] for step in composite.steps(action)}
    told = re.findall(r"steps\.([\w-]+)\.outputs\.([\w-]+)", text)
    return (read ^ set(action["inputs"])) | {name for step, name in told if f'"{name}=' not in scripts.get(step, "")}


def test_every_name_leads_somewhere() -> None:
    assert dangling(ACTION) == set()
    for planted in ("inputs.candidate }}", "steps.compare.outputs.verdicts }}", "steps.other.outputs.verdict }}"):
        action = copy.deepcopy(ACTION)
        action["runs"]["steps"][2]["env"]["PLANTED"] = f"${{{{ {planted}"
        assert dangling(action)


def test_what_it_installs_is_there() -> None:
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["optional-dependencies"]
    assert set(ACTION["inputs"]["extras"]["default"].split(",")) <= set(extras)
    described = ACTION["inputs"]["extras"]["description"]
    assert set(re.findall(r"- ([\w, ]+)\.", described)[0].split(", ")) <= set(extras)


def test_it_uses_a_fixed_major_version() -> None:
    used = [step["uses"] for step in ACTION["runs"]["steps"] if "uses" in step]
    assert [re.fullmatch(r"actions/upload-artifact@v\d+", name) is not None for name in used] == [True]


def test_its_first_step_installs(tmp_path: Path) -> None:
    """From a copy, into a folder of its own: pip itself, all but what others have written, which needs a network."""
    pytest.importorskip("setuptools", "77", reason="builds without a network need what builds: setuptools 77 or newer")
    checkout = tmp_path / "checkout"
    unwanted = shutil.ignore_patterns(".*", "build", "*.egg-info", "__pycache__", "tests", "site")
    shutil.copytree(ROOT, checkout, ignore=unwanted)
    (install,) = only("Install")["runs"]["steps"]
    settings = {"TARGET": str(tmp_path / "installed"), "NO_DEPS": "1", "NO_INDEX": "1", "NO_BUILD_ISOLATION": "0"}
    environment = {
        **os.environ, **{f"PIP_{name}": value for name, value in settings.items()}, "PYTHON": sys.executable,
        "EXTRAS": "diagnose", "PINNED": "true", "GITHUB_ACTION_PATH": str(checkout),
    }  # fmt: skip
    done = subprocess.run(["bash", "-eo", "pipefail", "-c", install["run"]], env=environment, cwd=tmp_path,
                          capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    code = "import harness, sys; assert harness.__file__.startswith(sys.argv[1]); print(harness.compare)"
    paths = {**os.environ, "PYTHONPATH": settings["TARGET"]}
    there = subprocess.run([sys.executable, "-P", "-c", code, settings["TARGET"]], env=paths, cwd=tmp_path)
    assert there.returncode == 0


# --- run ------------------------------------------------------------------------------------------------------------


def workspace(folder: Path) -> Path:
    """A repository with a right, a wrong and a hostile candidate, and with files that shadow ours."""
    (folder / "models").mkdir(parents=True)
    for name in ("right.py", "broken.py"):
        (folder / "models" / name).write_bytes((QUESTION / name).read_bytes())
    (folder / "tiny.py").write_text(TINY.format(factor=1), "utf-8")
    (folder / HOSTILE).write_text(TINY.format(factor=2), "utf-8")
    for name in ("harness.py", "json.py", "reports.py"):
        (folder / name).write_text("open('pwned', 'w')\nraise SystemExit(0)\n")
    return folder


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[composite.Ran, Path]:
    """One run over all candidates, right, wrong and hostile, and where."""
    folder = workspace(tmp_path_factory.mktemp("repository"))
    candidates = f"\n  models/broken.py \r\n\n{HOSTILE}\ntiny.py\n"
    temp = tmp_path_factory.mktemp("runner")
    return composite.run(ACTION, folder, temp, ROOT, candidates=candidates, options="--alone\n", out="ci out"), folder


def test_the_job_fails_last_and_everything_is_written(ran: tuple[composite.Ran, Path]) -> None:
    done, folder = ran
    assert done.exit == 1
    assert list(done.logs)[-1] == "Verdict", done.log
    out = folder / "ci out"
    assert done.outputs == {"verdict": "differ", "folder": str(out), "report": str(out / "01-models_broken.html")}
    table = [line.split("\t") for line in (out / "runs.tsv").read_text("utf-8").splitlines()]
    assert [row[:2] for row in table] == [["1", "differ"], ["1", "differ"], ["0", "agree"]]
    assert [row[3] for row in table] == ["models/broken.py", HOSTILE, "tiny.py"]
    for _, verdict, name, _ in table:
        assert re.fullmatch(r"0\d-[A-Za-z0-9._-]{1,60}", name)
        run = json.loads((out / f"{name}.json").read_text("utf-8"))
        jsonschema.validate(run, as_json.schema())
        assert run["verdict"] == verdict
        assert (out / f"{name}.md").read_text("utf-8") in done.summary
        assert "<html" in (out / f"{name}.html").read_text("utf-8").lower()


def test_nothing_of_a_name_was_run(ran: tuple[composite.Ran, Path]) -> None:
    _, folder = ran
    assert not list(folder.rglob("pwned"))


def test_pip_is_given_this_checkout_and_its_constraints(ran: tuple[composite.Ran, Path]) -> None:
    pins = ["--constraint", str(ROOT / "constraints.txt")]
    assert ran[0].pip == ["-m", "pip", "install", "--quiet", *pins, f"{ROOT}[diagnose]"]


def heard(log: str) -> list[str]:
    """The commands that a runner takes from a log: those at the start of a line, while it listens."""
    commands, token = [], ""
    for line in log.splitlines():
        if token:
            token = "" if line == f"::{token}::" else token
        elif line.startswith("::stop-commands::"):
            token = line.removeprefix("::stop-commands::")
            assert re.fullmatch(r"[0-9a-f]{32}", token)
        elif line.startswith("::"):
            commands.append(line)
    assert not token, "the runner was left deaf"
    return commands


def test_an_annotation_per_wrong_array_at_its_line(ran: tuple[composite.Ran, Path]) -> None:
    done, folder = ran
    told = [line for line in heard(done.log) if not re.match("::(end)?group::", line)]
    assert all(line.startswith("::error file=") for line in told)
    fault = (folder / "models" / "broken.py").read_text("utf-8").splitlines()
    (at,) = [number for number, line in enumerate(fault, 1) if "dh[t] += da[t] @" in line]
    titles = [re.match(r"::error file=models/broken\.py,line=(\d+),title=gradient of (\w+)%3A differ::", line)
              for line in told]  # fmt: skip
    assert {found[2]: int(found[1]) for found in titles if found} == {"Wxh": at, "Whh": at, "bhh": at}
    escaped = HOSTILE.replace("%", "%25").replace(":", "%3A").replace(",", "%2C")
    array = "%3A%3Aerror%3A%3Aw"
    (hostile,) = [line for line in told if line.startswith(f"::error file={escaped},line=")]
    assert f",title=gradient of {array}%3A differ::" in hostile
    line = int(re.search(r"line=(\d+)", hostile)[1])  # type: ignore[index]
    assert FUNCTION_LINE <= line <= FUNCTION_LINE + 2
    assert len(told) == 4


def test_what_candidates_print_is_no_command(ran: tuple[composite.Ran, Path]) -> None:
    text = ran[0].logs["Compare"]
    assert "::error::w" in text  # the name of the array is shown
    assert all(re.match("::(end)?group::", line) for line in heard(text))
    planted = text.replace("::stop-commands::", "::unknown::")
    assert any(line.startswith("::error::w") for line in heard(planted))


def test_the_badge_counts_all_of_them(ran: tuple[composite.Ran, Path]) -> None:
    out = ran[1] / "ci out"
    told = json.loads((out / "badge.json").read_text("utf-8"))
    jsonschema.validate(told, ENDPOINT)
    saved = [badge.load(path) for path in sorted(out.glob("0*.json"))]
    total, agreeing = (sum(run[name] for run in saved) for name in ("total", "agreeing"))
    assert told["message"].startswith(f"differ · {agreeing}/{total} agree · ") and told["color"] == "red"
    picture = ElementTree.parse(out / "badge.svg")
    assert told["message"] in {text.text for text in picture.iter("{http://www.w3.org/2000/svg}text")}


def test_a_right_candidate_passes(tmp_path: Path) -> None:
    folder = workspace(tmp_path / "repository")
    given = {"candidates": "tiny.py", "options": "--alone", "extras": "", "pinned": "false"}
    done = composite.run(ACTION, folder, tmp_path / "runner", ROOT, **given)
    assert done.exit == 0, done.log
    assert done.outputs["verdict"] == "agree"
    assert "✓ agree" in done.summary
    assert not [line for line in heard(done.log) if line.startswith("::error")]
    assert json.loads((folder / "gradients" / "badge.json").read_text("utf-8"))["color"] == "brightgreen"
    assert done.pip == ["-m", "pip", "install", "--quiet", str(ROOT)]


def test_bad_input_is_said_and_fails(tmp_path: Path) -> None:
    folder = workspace(tmp_path / "repository")
    (folder / "gradients").mkdir()
    (folder / "gradients" / "badge.json").write_text("of an earlier run")
    (folder / "gradients" / "01-absent.json").write_text("of an earlier run")
    done = composite.run(ACTION, folder, tmp_path / "runner", ROOT, candidates="absent.py\n--help", options="--alone")
    assert done.exit == 2
    assert list(done.logs)[-1] == "Verdict", done.log
    assert done.outputs["verdict"] == "error" and done.outputs["report"] == ""
    said = "candidate absent.py: cannot be read: No such file or directory"
    assert f"::error title=not compared::handgrad: {said}" in heard(done.log)
    assert f"## ! not compared\n\n    handgrad: {said}" in done.summary
    assert "candidate --help: needs a Python file" in done.summary
    assert not list((folder / "gradients").glob("badge.*")) and "no badge" in done.log


@pytest.mark.parametrize(("fail_on", "exit_code"), [("1,3", 0), ("", 0), ("2 3", 2)])
def test_what_fails_is_the_callers_to_say(fail_on: str, exit_code: int, tmp_path: Path) -> None:
    action = only("Compare", "Verdict")
    given = {"candidates": "absent.py", "fail_on": fail_on}
    assert composite.run(action, tmp_path, tmp_path / "runner", ROOT, **given).exit == exit_code


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"candidates": " \n\t\r\n"}, "candidates: got none, needs one per line"),
        ({"candidates": "a.py", "fail_on": "1 4"}, "fail-on: allowed: 1, 2, 3, separated by spaces"),
        ({"candidates": "a.py", "fail_on": "1\n2"}, "fail-on: allowed: 1, 2, 3, separated by spaces"),
        ({"candidates": "a.py", "out": ""}, "out: needs the name of a folder"),
        ({"candidates": "a.py", "out": "a\nverdict=agree"}, "out: needs the name of a folder"),
    ],
)  # fmt: skip
def test_bad_inputs_of_the_action_are_one_line(given: dict[str, str], told: str, tmp_path: Path) -> None:
    done = composite.run(only("Compare"), tmp_path, tmp_path / "runner", ROOT, **given)
    assert done.exit == 2
    assert heard(done.log) == [f"::error title=handgrad::{told}"]


def only(*names: str) -> dict[str, Any]:
    """The action with these of its scripts only."""
    action = copy.deepcopy(ACTION)
    action["runs"]["steps"] = [step for step in action["runs"]["steps"] if step["name"] in names]
    return action


@pytest.mark.parametrize(("limit", "shown", "cut"), [(10_000, "bca", 0), (1_650, "bc", 1), (1_100, "b", 2)])
def test_a_summary_that_is_too_long_says_so(limit: int, shown: str, cut: int, tmp_path: Path) -> None:
    rows = {"a": "agree", "b": "differ", "c": "inconclusive"}
    (tmp_path / "runs.tsv").write_text("".join(f"0\t{rows[name]}\t{name}\t{name}.py\n" for name in rows))
    for name in rows:
        (tmp_path / f"{name}.md").write_text(f"## {name}\n{'é' * 247}\n")  # 500 bytes
    action = only("Summary")
    action["runs"]["steps"][0]["env"] |= {"FOLDER": str(tmp_path), "LIMIT": str(limit)}
    done = composite.run(action, tmp_path, tmp_path / "runner", ROOT, candidates="")
    assert done.exit == 0, done.log
    assert "".join(re.findall(r"^## (\w)", done.summary, re.MULTILINE)) == shown
    assert re.findall(r"\*\*cut\*\*: (\d) more", done.summary) == ([str(cut)] if cut else [])
    assert len(done.summary.encode()) <= limit


def test_the_limit_is_the_runners() -> None:
    (summary,) = only("Summary")["runs"]["steps"]
    assert summary["env"]["LIMIT"] == str(2**20)


def test_it_writes_every_kind_of_report() -> None:
    script = only("Compare")["runs"]["steps"][0]["run"]
    assert {f".{suffix}" for suffix in re.findall(r'--out="\$run\.(\w+)"', script)} <= set(reports.formats())
