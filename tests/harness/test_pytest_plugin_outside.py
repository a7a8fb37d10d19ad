"""The plug-in in a project outside: its own folder, its own configuration, a right candidate and a wrong one."""

from __future__ import annotations

import json
import shutil
from importlib import import_module
from pathlib import Path
from xml.etree import ElementTree

import pytest

# A pytest within this process forgets what it imported, and packages do not: so all that it needs is imported here.
PRELOADED = (
    "harness.assertion", "harness.diagnosis.diagnose", "harness.failure", "harness.plugin.cells",
    "harness.plugin.marked", "references.extended", "reports",
)  # fmt: skip
for _name in PRELOADED:
    import_module(_name)

OUTSIDE = Path(__file__).parents[1] / "outside"


@pytest.fixture
def project(pytester: pytest.Pytester) -> pytest.Pytester:
    """A copy of the project, where pytest is run."""
    shutil.copytree(OUTSIDE, pytester.path, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    return pytester


def check(project: pytest.Pytester, text: str, name: str = "check_more.py") -> str:
    """Another file of tests, and its path."""
    (project.path / "checks" / name).write_text(f"import pytest\nimport unittest\n{text}")
    return f"checks/{name}"


def test_right_and_wrong_in_one_session_of_two_workers(project: pytest.Pytester) -> None:
    result = project.runpytest_subprocess("-n", "2", "--junitxml", "junit.xml", "--gradients-report", "report.json")
    result.assert_outcomes(passed=5, failed=2)
    result.stdout.fnmatch_lines(
        [
            "differ: W, U, b differ; nothing agrees", "✗ differ b: *, against extended", "  also differ: W, U",
            "diagnosis: (1?h) dh_next = da W_hh is broken*", "place: counting/wrong.py:17  dh = U @ da*", "next: *",
        ]
    )  # fmt: skip
    result.stdout.fnmatch_lines(["*gradients: worst errors*", "checks/check_wrong.py::test_marked · ✗ differ *"])
    assert "the body of a test" not in result.stdout.str()
    report = json.loads((project.path / "report.json").read_text())
    assert report["total"] == 5 * 3 + 3  # the marked tests' comparisons, of two seeds in one of them
    cases = {one.get("name"): one for one in ElementTree.parse("junit.xml").iter("testcase")}
    assert len(cases) == 7
    failure = cases["test_marked"].find("failure")
    assert failure is not None
    assert (failure.get("message") or "").startswith("Failed: differ: W, U, b differ")
    assert cases["test_gradients"].get("classname") == "checks.check_right"
    again = project.runpytest_subprocess("--lf", "-k", "marked")
    again.assert_outcomes(failed=1, deselected=1)


def test_cells_and_marks_over_two_workers_against_a_baseline(project: pytest.Pytester) -> None:
    arguments = ("-n", "2", "--gradients", "rnn", "-k", "test_gradients or rnn", "--gradients-baseline", "b.json")
    first = project.runpytest_subprocess(*arguments, "--gradients-update", "checks/check_right.py")
    first.assert_outcomes(passed=9)
    first.stdout.fnmatch_lines(["rnn · ✓ agree *", "gradients: wrote the baseline b.json"])
    told = json.loads((project.path / "b.json").read_text())
    assert set(told["tests"]) == {"checks/check_right.py::test_gradients", "gradients rnn"}
    (cell,) = told["tests"]["gradients rnn"].values()
    cell["W_hh against extended"] = 0.1
    del cell["b_y against extended"]
    cell["h0 against jax"] = 1.0
    told["versions"]["numpy"] = "1.0"
    (project.path / "b.json").write_text(json.dumps(told))
    second = project.runpytest_subprocess(*arguments, "checks/check_right.py")
    second.assert_outcomes(passed=7, failed=3)
    second.stdout.fnmatch_lines_random(
        [
            "worse than the baseline b.json (factor 3, counted from 0.5 ulp on):",
            "W_hh against extended, rnn seed 0 *: * ulp, was 0.1 ulp, allowed: 1.5",
            "b_y against extended, rnn seed 0 *: appeared: the baseline has it not",
            "h0 against jax, rnn seed 0 *: vanished: the baseline has it",
            "versions since then: numpy 1.0 → *",
        ]
    )


def test_plain_comparisons_collect_only_and_the_fixture(project: pytest.Pytester) -> None:
    project.runpytest_inprocess("--collect-only", "-q").stdout.fnmatch_lines(["7 tests collected*"])
    path = check(project, "def test_unmarked(gradients_run): pass\n")
    result = project.runpytest_inprocess(path)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines(["gradients_run: test_unmarked has no mark: @pytest.mark.gradients(...)"])


@pytest.mark.parametrize(
    ("mark", "message"),
    [
        ("gradients(candidat='../counting/right.py')", "test_it: gradients: got argument 'candidat', allowed: cell, *"),
        ("gradients(warm=None)", "test_it: gradients: got argument 'warm', allowed: cell, *"),
        ("gradients('../counting/right.py')", "test_it: gradients: got '../counting/right.py' without a name, *"),
        ("gradients(alone=True)\n@pytest.mark.gradients(seeds=2)", "test_it: gradients: got two marks in one place*"),
    ],
)
def test_a_mark_that_cannot_be_is_an_error_at_collection(project: pytest.Pytester, mark: str, message: str) -> None:
    path = check(project, f"@pytest.mark.{mark}\ndef test_it(): pass\n")
    result = project.runpytest_inprocess(path)
    result.assert_outcomes(errors=1)
    result.stdout.fnmatch_lines([message])
    assert "Traceback" not in result.stdout.str()


def test_bad_settings_are_an_error_at_collection_in_workers_too(project: pytest.Pytester) -> None:
    with (project.path / "pyproject.toml").open("a") as file:
        file.write("timout = 3\n")
    classes = "@pytest.mark.gradients(alone=True)\nclass TestIt(unittest.TestCase):\n    def test_it(self): pass\n"
    path = check(project, classes)
    for workers in ("0", "1"):
        result = project.runpytest_subprocess("-n", workers, "checks/check_right.py")
        result.stdout.fnmatch_lines(["*pyproject.toml, ?tool.handgrad?: got key 'timout', allowed: *"])
        assert "INTERNALERROR" not in result.stdout.str()
        assert result.ret != pytest.ExitCode.OK
    result = project.runpytest_subprocess("-n", "1", path)  # which pytest has no hook for while it is collected
    result.assert_outcomes(errors=1)
    assert "INTERNALERROR" not in result.stdout.str()


def test_classes_of_unittest_xfail_and_what_is_no_file(project: pytest.Pytester) -> None:
    path = check(
        project,
        """
@pytest.mark.gradients(candidate="../counting/wrong.py", alone=True, diagnose=False)
class TestWrong(unittest.TestCase):
    def test_it(self):
        raise SystemError("run all the same")

@pytest.mark.gradients(candidate="../counting/right.py", alone=True)
class TestRight(unittest.TestCase):
    def test_it(self):
        raise unittest.SkipTest("the body ran")

@pytest.mark.xfail(strict=True)
@pytest.mark.gradients(candidate="../counting/wrong.py", alone=True, diagnose=False)
def test_expected(): pass

@pytest.mark.skip
@pytest.mark.gradients(candidate="nowhere.py")
def test_skipped(): pass

@pytest.mark.gradients(candidate="nowhere.py")
def test_no_file(): pass
""",
    )
    result = project.runpytest_inprocess(path)
    result.assert_outcomes(failed=1, skipped=2, xfailed=1, errors=1)
    result.stdout.fnmatch_lines(["candidate */checks/nowhere.py: cannot be read: No such file or directory"])
    assert "run all the same" not in result.stdout.str()
    assert "During handling" not in result.stdout.str()


RECORDED = """
@pytest.mark.gradients(candidate="../counting/right.py", alone=True)
def test_one(): pass

@pytest.mark.gradients(candidate="../counting/right.py", alone=True, dtype="float32")
def test_two(): pass
"""


def test_a_baseline_covers_what_ran_and_forgets_what_is_no_more(project: pytest.Pytester) -> None:
    path = check(project, RECORDED)
    baseline = project.path / "kept.json"
    arguments = (path, "--gradients-baseline", "kept.json")
    project.runpytest_inprocess(*arguments, "--gradients-update").assert_outcomes(passed=2)
    whole = baseline.read_text()
    project.runpytest_inprocess(*arguments, "-k", "test_one").assert_outcomes(passed=1, deselected=1)
    project.runpytest_inprocess(*arguments, "-k", "test_one", "--gradients-update").assert_outcomes(
        passed=1, deselected=1
    )
    assert baseline.read_text() == whole  # what did not run stays
    check(project, RECORDED.replace("test_two", "test_three"))
    result = project.runpytest_inprocess(*arguments)
    result.assert_outcomes(passed=1, failed=1)
    result.stdout.fnmatch_lines(
        ["*appeared: the baseline has it not", f"*but no test any more: {path}::test_two; --gradients-update drops it"]
    )
    project.runpytest_inprocess(*arguments, "--gradients-update").assert_outcomes(passed=2)
    assert set(json.loads(baseline.read_text())["tests"]) == {f"{path}::test_one", f"{path}::test_three"}


def test_an_update_keeps_no_wrong_gradient(project: pytest.Pytester) -> None:
    path = check(
        project, '@pytest.mark.gradients(candidate="../counting/wrong.py", diagnose=False)\ndef test_it(): pass\n'
    )
    result = project.runpytest_inprocess(path, "--gradients-baseline", "b.json", "--gradients-update")
    result.assert_outcomes(failed=1)
    result.stdout.fnmatch_lines(["gradients: --gradients-update: nothing agreed, so b.json was not written"])
    assert not (project.path / "b.json").exists()


def test_a_baseline_of_the_settings(project: pytest.Pytester) -> None:
    with (project.path / "pyproject.toml").open("a") as file:
        file.write('baseline = "kept.json"\n')
    path = check(project, RECORDED)
    missing = project.runpytest_inprocess(path)
    missing.stdout.fnmatch_lines(["*baseline kept.json: there is no such file; --gradients-update makes it"])
    assert missing.ret != pytest.ExitCode.OK
    project.runpytest_inprocess(path, "--gradients-update").assert_outcomes(passed=2)
    (project.path / "kept.json").write_text((project.path / "kept.json").read_text().replace(": 3.", ": 0.3"))
    worse = project.runpytest_inprocess(path)
    assert worse.parseoutcomes()["failed"] >= 1
    project.runpytest_inprocess(path, "--gradients-factor", "100").assert_outcomes(passed=2)
