"""What a candidate may do without harm: each misdeed is one clear line, and the next call is answered."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from harness.candidates.process import CandidateFailed, Process
from harness.candidates.running import Running

Plant = Callable[..., Process]
ROOT = Path(__file__).resolve().parents[3]
UNIX = pytest.mark.skipif(os.name != "posix", reason="signals, forks and memory limits are Unix")


def fails(process: Process, *, match: str) -> CandidateFailed:
    """The failure of one call, which must be one line."""
    params, data = process.example(0)
    with pytest.raises(CandidateFailed, match=match) as raised:
        process.call(params, data)
    assert "\n" not in str(raised.value)
    return raised.value


def answers(process: Process) -> None:
    """The process answers a call, rightly and as a function."""
    params, data = process.example(0)
    called = process.call(params, data)
    h = np.tanh(params["W"] @ data["x"] + params["b"])
    np.testing.assert_array_equal(called.grads["W"], (h * (1 - h * h)) @ data["x"].T)
    assert called.impure == ()


#: plants something once: in the first call, not in the ones after it (a file beside the candidate remembers)
ONCE = """
import os
flag = os.path.join(os.path.dirname(__file__), "done")
if not os.path.exists(flag):
    open(flag, "w").close()
    {}
"""


def test_a_right_candidate_answers(planted: Plant) -> None:
    answers(planted())


@pytest.mark.parametrize(
    ("plant", "match"),
    [
        (
            "np.zeros((5, 3)) @ np.zeros(4)",
            r"^ValueError: matmul: .* \(my\.py line 6, in loss_and_grads: np\.zeros\(\(5, 3\)\) @ np\.zeros\(4\)\)$",
        ),
        ("raise KeyError('t0')", r"^KeyError: 't0' \(my\.py line 6, in loss_and_grads: raise KeyError\('t0'\)\)$"),
        ("raise RuntimeError('two\\nlines')", r"^RuntimeError: two lines \(my\.py line 6"),
        ("assert False", r"^AssertionError \(my\.py line 6"),
        ("import sys; sys.exit(3)", r"^it called sys\.exit\(3\) \(my\.py line 6"),
        ("raise SystemExit", r"^it called sys\.exit\(\) \(my\.py line 6"),
        ("raise KeyboardInterrupt", r"^KeyboardInterrupt \(my\.py line 6"),
        ("raise GeneratorExit", r"^GeneratorExit \(my\.py line 6"),
        ("loss_and_grads(params, data)", r"^RecursionError: maximum recursion depth exceeded.* \(my\.py line"),
        ("input()", r"^EOFError: EOF when reading a line \(my\.py line 6"),
    ],
)
def test_what_it_raises_is_one_line_with_its_place(planted: Plant, plant: str, match: str) -> None:
    process = planted(plant)
    fails(process, match=match)
    fails(process, match=match)  # the same process goes on


def test_only_its_own_part_of_the_traceback(planted: Plant) -> None:
    process = planted("np.linalg.inv(helper())", "def helper():\n    return np.linalg.cholesky(-np.eye(2))")
    failure = fails(process, match=r"^LinAlgError: .* \(my\.py line 4, in helper: return np")
    assert [frame.split(":")[0] for frame in failure.frames] == [
        "my.py line 7, in loss_and_grads",
        "my.py line 4, in helper",
    ]


def test_an_exception_that_cannot_say_what_it_is(planted: Plant) -> None:
    top = "class Odd(Exception):\n    def __str__(self):\n        raise ValueError"
    fails(planted("raise Odd", top), match=r"^Odd \(my\.py line")


def test_a_long_message_is_cut(planted: Plant) -> None:
    failure = fails(planted("raise ValueError('digits ' * 1000)"), match=r"digits … \(my\.py line 6")
    assert len(str(failure)) < 500


def test_an_endless_loop_is_ended_with_its_place(planted: Plant) -> None:
    process = planted(ONCE.format("while True: h = 1"), timeout=1)
    started = time.monotonic()
    fails(process, match=r"^it gave no answer within 1 s \(my\.py line \d+, in loss_and_grads\)$")
    assert time.monotonic() - started < 10
    answers(process)


@UNIX
def test_it_hangs_where_no_python_runs(planted: Plant) -> None:
    fails(planted("import threading; threading.Lock().acquire() ; l = threading.Lock(); l.acquire(); l.acquire()",
                  timeout=0.5), match=r"^it gave no answer within 0\.5 s \(my\.py line 6")  # fmt: skip


@UNIX
def test_a_stopped_process_is_ended(planted: Plant) -> None:
    fails(planted("import os, signal; os.kill(os.getpid(), signal.SIGSTOP)", timeout=0.5),
          match=r"^it gave no answer within 0\.5 s")  # fmt: skip


def test_each_call_has_the_whole_time(planted: Plant) -> None:
    """Two calls of 0.6 s each are within a limit of 1 s."""
    answers(planted("import time; time.sleep(0.6)", timeout=1))


def test_failures_leave_no_modules_behind(planted: Plant) -> None:
    """Each starts from a fresh import; what the one before had imported is gone."""
    process = planted("import sys; raise ValueError(len(sys.modules), len(sys.meta_path))")
    first = str(fails(process, match="ValueError"))
    for _ in range(3):
        assert str(fails(process, match="ValueError")) == first


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other platforms do not limit data")
@pytest.mark.parametrize(
    "plant", ["np.ones(2**28)", "rows = []\nwhile True: rows.append(np.ones(2**20))", "'a' * 2**30"]
)
def test_exhausted_memory(planted: Plant, plant: str) -> None:
    process = planted(ONCE.format(plant.replace("\n", "\n    ")), memory=0.5)
    fails(process, match=r"^it ran out of memory: the limit is 0\.5 GiB; --memory gives it more \(my\.py line")
    answers(process)


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other platforms do not limit data")
def test_memory_that_is_kept_in_a_global(planted: Plant) -> None:
    """The next call starts from a fresh import, and the memory is there again."""
    plant = ONCE.format("while True: kept.append(np.ones(2**20))")
    process = planted(f"{plant}\nnp.ones(2**25)", "kept = []", memory=0.6)
    fails(process, match="^it ran out of memory")
    answers(process)


@UNIX
@pytest.mark.parametrize(
    ("plant", "match"),
    [
        ("os._exit(3)", r"^its process ended with exit code 3$"),
        ("os._exit(0)", r"^its process ended with exit code 0$"),
        ("print('last words'); os._exit(3)", r"^its process ended with exit code 3: last words$"),
        ("os.kill(os.getpid(), 11)", r"^its process ended by signal 11 \(SIGSEGV\) \(my\.py line \d+, in loss_and_g"),
        ("os.kill(os.getpid(), 9)", r"^its process ended by signal 9 \(SIGKILL\)$"),
        ("os.abort()", r"^its process ended by signal 6 \(SIGABRT\) \(my\.py line"),
        ("__import__('ctypes').string_at(0)", r"^its process ended by signal 11 \(SIGSEGV\) \(my\.py line"),
        ("__import__('signal').alarm(1); __import__('time').sleep(20)", r"^its process ended by signal 14 \(SIGALRM"),
        (
            "import sys; sys.setrecursionlimit(10**9); deep = lambda n: list(map(deep, [n])); deep(0)",
            r"^(its process ended by signal 11 \(SIGSEGV\)|RecursionError)",  # from Python 3.12 on the latter
        ),
    ],
)
def test_a_process_that_ends_is_started_again(planted: Plant, plant: str, match: str) -> None:
    process = planted(ONCE.format(plant))
    fails(process, match=match)
    answers(process)


@UNIX
def test_an_alarm_that_it_leaves_is_cleared(planted: Plant) -> None:
    process = planted("import signal; signal.setitimer(signal.ITIMER_REAL, 0.2)")
    answers(process)
    time.sleep(0.4)
    answers(process)
    assert process.printed == ""


@UNIX
def test_a_forked_child_that_returns_does_not_answer(planted: Plant) -> None:
    answers(planted("import os; os.fork()"))


@UNIX
def test_a_forked_child_that_raises_does_not_answer(planted: Plant) -> None:
    answers(planted("import os\nif os.fork() == 0: raise ValueError"))


@UNIX
def test_children_that_sleep_are_ended(planted: Plant, tmp_path: Path) -> None:
    process = planted(
        """
        import os, time
        for _ in range(5):
            if os.fork() == 0:
                with open(os.path.join(os.path.dirname(__file__), "children"), "a") as file:
                    file.write(f"{os.getpid()}\\n")
                time.sleep(1000)
        time.sleep(0.3)
        """
    )
    answers(process)
    children = [int(line) for line in (tmp_path / "children").read_text().split()]
    assert len(children) == 10 and all(map(_runs, children))
    process.close()
    until = time.monotonic() + 5
    while any(map(_runs, children)) and time.monotonic() < until:
        time.sleep(0.02)
    assert not any(map(_runs, children))


def _runs(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return False


@UNIX
def test_a_child_that_outlives_it_holds_nothing_up(planted: Plant) -> None:
    """The child keeps the pipes open when its parent is gone."""
    process = planted("import os, time\nif os.fork() == 0: time.sleep(1000)\nos._exit(5)", timeout=30)
    started = time.monotonic()
    fails(process, match=r"^its process ended with exit code 5$")
    assert time.monotonic() - started < 10


def test_surroundings_are_put_back(planted: Plant, tmp_path: Path) -> None:
    """What one call sets is gone in the next, and so it answers the same."""
    process = planted(
        """
        import os, sys, warnings, random
        seen = (os.getcwd(), np.geterr(), list(sys.path), dict(os.environ), sys.getrecursionlimit(),
                len(warnings.filters))
        print(repr(seen))
        os.chdir("/"); np.seterr(all="raise"); sys.path.insert(0, "/nowhere"); os.environ["X"] = "1"
        sys.setrecursionlimit(500); warnings.simplefilter("error")
        random.seed(0); np.random.seed(0)
        """
    )
    answers(process)
    first, second = process.printed.splitlines()
    assert first == second
    assert os.getcwd() in first and str(tmp_path) in first and "/nowhere" not in first


def test_our_own_code_does_not_run_in_its_settings(planted: Plant) -> None:
    """Underflow as an error, set when it is imported, holds for its calls; normalising them is ours."""
    top = "np.seterr(all='raise')\nimport warnings\nwarnings.simplefilter('error')"
    process = planted("assert np.geterr()['under'] == 'raise'", top)
    answers(process)
    fails(planted("np.exp(np.array(-1000.0))", top), match=r"^FloatingPointError: underflow .* \(my\.py line")
    fails(planted("__import__('warnings').warn('w')", top), match=r"^UserWarning: w \(my\.py line")


def test_what_its_import_sets_holds_in_its_calls(planted: Plant, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "later_helper.py").write_text("")
    (tmp_path / "numbers.txt").write_text("1 2 3")
    top = """
    import os, sys
    os.chdir(os.path.dirname(__file__))
    sys.path.append("elsewhere")
    """
    answers(planted("import later_helper; assert np.loadtxt('numbers.txt').sum() == 6", top))


def test_the_folder_is_the_one_that_the_command_was_given_in(planted: Plant) -> None:
    process = planted("import os; print(os.getcwd())")
    answers(process)
    assert process.printed.splitlines() == [os.getcwd()] * 2


def test_megabytes_of_print(planted: Plant) -> None:
    process = planted("print('x' * 25_000_000, 'the end')")  # twice
    answers(process)
    assert len(process.printed) <= 64 * 1024
    assert process.printed.endswith("x the end\n")


def test_what_it_printed_stands_beside_its_failure(planted: Plant) -> None:
    failure = fails(planted("print('step 3'); import sys; print('oops', file=sys.stderr); raise ValueError"),
                    match="^ValueError")  # fmt: skip
    assert failure.printed == "step 3\noops\n"
    failure = fails(planted("for k in range(100): print(k)\nraise ValueError"), match="^ValueError")
    assert failure.printed.split() == [str(k) for k in range(80, 100)]


@pytest.mark.parametrize(
    "plant",
    [
        "import os; os.close(1); os.close(2)",
        "import os; os.close(0)",
        "import sys; sys.stdout.close(); sys.stderr.close()",
        "import sys, io; sys.stdout = io.StringIO(); sys.stderr = None",
        "import os; os.dup2(os.open(os.devnull, os.O_WRONLY), 1)",
        "import sys; sys.stdin.close()",
    ],
)
def test_streams_are_mended(planted: Plant, plant: str) -> None:
    process = planted(f"print('before')\n{plant}")
    answers(process)
    answers(process)
    assert process.printed.splitlines() == ["before"] * 4


def test_writing_to_standard_output_is_no_answer(planted: Plant) -> None:
    """The frames' own pipe is out of reach of what prints."""
    answers(planted("import os; os.write(1, b'\\x08' + bytes(7) + b'nonsense')"))


def test_threads_that_it_leaves(planted: Plant) -> None:
    process = planted("import threading, time; threading.Thread(target=lambda: time.sleep(1000)).start()")
    answers(process)
    started = time.monotonic()
    process.close()
    assert time.monotonic() - started < 5


def test_a_file_that_deletes_itself(planted: Plant, tmp_path: Path) -> None:
    process = planted("import os\nif os.path.exists(__file__): os.remove(__file__)")
    answers(process)
    assert not (tmp_path / "my.py").exists()


def test_its_folder_stays_clean(planted: Plant, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PYTHONDONTWRITEBYTECODE", raising=False)
    for name in ("helper", "other"):
        (tmp_path / f"{name}.py").write_text("two = 2\n")
    answers(planted(top="import helper\nimport importlib\nimportlib.import_module('other')"))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["helper.py", "my.py", "other.py"]


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ("def f(:\n    pass", r"^SyntaxError: .* \(my\.py line 1: def f\(:\)$"),
        ("x = 1\n  y = 2", r"^IndentationError: unexpected indent \(my\.py line 2: y = 2\)$"),
        ("import no_such_module", r"^ModuleNotFoundError: No module named 'no_such_module' \(my\.py line 1: import"),
        ("1 / 0", r"^ZeroDivisionError: division by zero \(my\.py line 1: 1 / 0\)$"),
        ("import sys\nsys.exit('train first')", r"^it called sys\.exit\('train first'\) \(my\.py line 2"),
        ("x = '\x00'", r"^(SyntaxError|ValueError): "),
    ],
)
def test_a_file_that_cannot_be_imported(written: Callable[..., Process], text: str, match: str) -> None:
    process = written(text)
    for ask in (process.describe, lambda: process.example(0), lambda: process.call({}, {})):
        with pytest.raises(CandidateFailed, match=match):
            ask()


def test_a_file_that_takes_forever_to_import(written: Callable[..., Process]) -> None:
    with pytest.raises(CandidateFailed, match=r"^it is still being imported after 0\.5 s \(my\.py line 2\)$"):
        written("import time\ntime.sleep(1000)", timeout=0.5).describe()


def test_an_error_in_a_module_beside_it(planted: Plant, tmp_path: Path) -> None:
    (tmp_path / "helper.py").write_text("def divide(n):\n    return 1 // n\n")
    fails(planted("divide(0)", "from helper import divide"),
          match=r"^ZeroDivisionError: .* \(helper\.py line 2, in divide: return 1 // n\)$")  # fmt: skip


@pytest.mark.parametrize("name", ["reports", "harness", "references", "handgrad", "json", "safetensors", "queue"])
def test_a_folder_that_shadows_our_modules(planted: Plant, tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    (folder / "__init__.py").write_text("raise RuntimeError('shadowed')")
    process = planted()
    answers(process)
    answers(process)


def test_a_module_of_its_own_that_shadows_numpy(planted: Plant, tmp_path: Path) -> None:
    """It gets what it would get if it were run; we do not."""
    (tmp_path / "numpy.py").write_text("raise RuntimeError('not the real one')")
    with pytest.raises(CandidateFailed, match=r"^RuntimeError: not the real one \(numpy\.py line 1: raise"):
        planted().describe()


def test_an_interrupted_question_ends_the_process(planted: Plant, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else its answer would be taken for that to the next question."""
    process = planted()
    params, data = process.example(0)

    def interrupted(*_: object) -> object:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Running, "_await", interrupted)
        with pytest.raises(KeyboardInterrupt):
            process.call(params, data)
    answers(process)


def test_this_process_is_left_alone(planted: Plant) -> None:
    def surroundings() -> tuple[object, ...]:
        return dict(os.environ), np.geterr(), np.random.get_state()[1].tolist(), os.getcwd(), list(sys.path)  # type: ignore[index]

    before = surroundings()
    answers(planted("import os; os.chdir('/'); np.random.seed(1); os.environ['X'] = '1'"))
    assert surroundings() == before


@UNIX
def test_it_ends_when_nobody_waits_any_more(planted: Plant) -> None:
    """Without its parent an endless loop would go on for ever: processor time is limited, anew with every call."""
    busy = "import time\n    while time.process_time() < 1.5: pass"
    plant = f"import resource; print(resource.getrlimit(resource.RLIMIT_CPU)[0])\n{ONCE.format(busy)}"
    process = planted(plant, timeout=7)
    answers(process)
    first, second = (int(line) for line in process.printed.split())
    cores = os.cpu_count() or 1
    assert 8 * cores < first < second <= 8 * cores + 4


@UNIX
def test_a_sleeper_ends_with_the_process_that_waited_for_it(planted: Plant, tmp_path: Path) -> None:
    """Sleeping uses no processor time, so no limit of that would ever end it, nor its children."""
    command = "[sys.executable, '-c', 'import time; time.sleep(600)']"
    planted(
        f"import subprocess, sys, time, os; one = subprocess.Popen({command}); "
        f"open({str(tmp_path / 'ids')!r}, 'w').write(f'{{os.getpid()}} {{one.pid}}\\n'); time.sleep(600)"
    )
    code = (
        "import sys; from harness.candidates.process import Process\n"
        "with Process(sys.argv[1]) as one: one.call(*one.example(0))"
    )
    waiting = subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "my.py")], cwd=ROOT)
    ids = tmp_path / "ids"
    _until(lambda: ids.exists() and ids.read_text().endswith("\n"))
    waiting.kill()
    waiting.wait()
    for number in ids.read_text().split():
        _until(lambda number=number: not _runs(int(number)))  # type: ignore[misc]


def _until(happened: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not happened():
        assert time.monotonic() < until
        time.sleep(0.02)


def _runs(number: int) -> bool:
    """Whether there is such a process, and it has not ended unnoticed."""
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{number}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"


def test_what_it_puts_in_the_place_of_a_function_that_we_call_is_its_own_fault(planted: Plant) -> None:
    process = planted("np.array_equal = lambda *a, **k: 1 / 0")
    fails(process, match=r"^ZeroDivisionError: division by zero \(my\.py line 6")


def test_it_sees_no_arguments_of_ours(planted: Plant) -> None:
    answers(planted(top="import argparse; argparse.ArgumentParser().parse_args()"))


def test_a_bug_of_ours_is_not_blamed_on_it(planted: Plant) -> None:
    process = planted()
    params, data = process.example(0)
    with pytest.raises(RuntimeError, match=re.compile("failed by itself.*TypeError", re.DOTALL)):
        process._ask("call", (params, data), times="two")
    answers(process)


def test_torch_and_jax_work_under_the_usual_limit(written: Callable[..., Process]) -> None:
    pytest.importorskip("torch")
    pytest.importorskip("jax")
    process = written(
        """
        import jax
        import numpy as np
        import torch

        def loss_and_grads(params, data):
            W = torch.tensor(params["W"], requires_grad=True)
            loss = (W * W).sum()
            loss.backward()
            jax.grad(lambda W: (W @ W).sum())(np.ones((100, 100), np.float32))
            return loss.item(), {"W": W.grad.numpy()}
        """
    )
    called = process.call({"W": np.ones((2, 3))}, {})
    np.testing.assert_array_equal(called.grads["W"], np.full((2, 3), 2.0))
