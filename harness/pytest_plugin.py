"""The pytest plug-in: ``pytest --gradients lstm,rnn``, tests marked ``gradients``, and baselines for both.

Unused it adds options, a mark and a fixture, and imports nothing of ours but this file and `harness.inside`, which
holds a text. What it does where it is used is in `harness.plugin`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import pytest

from harness import inside

if TYPE_CHECKING:
    from harness.plugin.comparing import Comparing
    from harness.run import Run

MARK = (
    "gradients(candidate=…, cell=…, …): compare before the test, with any argument of harness.compare, and fail where"
    " the verdict is not agree; paths are relative to the test's file; the fixture gradients_run has the run"
)
#: an option, and what it says of itself
OPTIONS = {
    "--gradients": ("CELLS", "compare the gradients of these cells, e.g. lstm,rnn"),
    "--gradients-report": ("FILE", "write what was compared, in the format that the file's suffix names, e.g. .md"),
    "--gradients-baseline": ("FILE", "fail where an error in ulp has grown since this file was written"),
    "--gradients-factor": ("NUMBER", "how much an error may grow; 2 unless given"),
}
_COMPARING = pytest.StashKey["Comparing"]()
_OUTER = pytest.StashKey[str]()
_Result = TypeVar("_Result")


def pytest_addoption(parser: pytest.Parser) -> None:
    """The options."""
    group = parser.getgroup("handgrad", "gradients against automatic differentiation")
    for name, (value, told) in OPTIONS.items():
        group.addoption(name, metavar=value, help=told)
    group.addoption("--gradients-update", action="store_true", help="write the baseline instead of comparing with it")


def pytest_configure(config: pytest.Config) -> None:
    """Refuse now what would fail after the work, and take part only where asked to."""
    config.addinivalue_line("markers", MARK)
    config.stash[_OUTER] = inside.project
    written = config.inipath is not None and config.inipath.name == "pyproject.toml"
    inside.project = str(config.inipath.parent if written and config.inipath else config.rootpath)
    if any(config.getoption(name) for name in (*OPTIONS, "--gradients-update")):
        _usage(lambda: _comparing(config).take_part())


def pytest_unconfigure(config: pytest.Config) -> None:
    """Leave the process as it was: a pytest may run within another's test."""
    inside.project = config.stash.get(_OUTER, "")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Refuse a mark, or settings, that cannot be worked with while the file is collected: xdist's workers tell that."""
    if metafunc.definition.get_closest_marker("gradients"):
        from harness.errors import BadInput
        from harness.plugin import marked

        try:
            marked.arguments(metafunc.definition)
            _comparing(metafunc.config)
        except BadInput as error:
            raise pytest.Collector.CollectError(f"{metafunc.definition.name}: {error}") from None


@pytest.hookimpl(tryfirst=True)  # before -k, -m and --lf choose, and before xdist renames
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Marked tests keep the names that they are collected by, and a baseline learns which there are."""
    found = [item for item in items if item.get_closest_marker("gradients")]
    if found or _COMPARING in config.stash:
        try:
            _usage(lambda: _comparing(config).collected(items, found))
        except pytest.UsageError:
            if not hasattr(config, "workerinput"):
                raise  # in a worker of xdist, which has no way to tell it, each test does


@pytest.hookimpl(trylast=True)  # when the fixtures are there
def pytest_runtest_setup(item: pytest.Item) -> None:
    """The comparison of a marked test."""
    if item.get_closest_marker("gradients"):
        _compared(item)


@pytest.hookimpl(tryfirst=True)  # before the test's body
def pytest_runtest_call(item: pytest.Item) -> None:
    """A marked test fails where its comparison does not agree, or is worse than its baseline."""
    if item.get_closest_marker("gradients"):
        from harness.plugin import marked

        if told := marked.complaint(_comparing(item.config), item):
            pytest.fail(told, pytrace=False)


@pytest.fixture
def gradients_run(request: pytest.FixtureRequest) -> Run:
    """The run of a test marked ``gradients``: everything that its comparison found out."""
    if not request.node.get_closest_marker("gradients"):
        pytest.fail(f"gradients_run: {request.node.name} has no mark: @pytest.mark.gradients(...)", pytrace=False)
    return _compared(request.node)


@pytest.hookimpl(optionalhook=True)  # of pytest-xdist
def pytest_testnodedown(node: Any, error: object) -> None:
    """What a worker of pytest-xdist compared."""
    if told := getattr(node, "workeroutput", {}).get("gradients"):
        _comparing(node.config).receive(told)


def _comparing(config: pytest.Config) -> Comparing:
    """What all comparisons of this session have in common, made where it is first needed. Raises BadInput."""
    if _COMPARING not in config.stash:
        from harness.plugin.comparing import Comparing

        config.stash[_COMPARING] = Comparing(config)
        config.pluginmanager.register(config.stash[_COMPARING], "gradients")
    return config.stash[_COMPARING]


def _compared(item: pytest.Item) -> Run:
    from harness.errors import BadInput
    from harness.plugin import marked

    try:
        return marked.compared(_comparing(item.config), item)
    except BadInput as error:
        told = str(error)
    pytest.fail(told, pytrace=False)


def _usage(do: Callable[[], _Result]) -> _Result:
    """Bad input as pytest tells it: one line, exit code 4."""
    from harness.errors import BadInput

    try:
        return do()
    except BadInput as error:
        raise pytest.UsageError(str(error)) from None
