"""A candidate in another language: a command that reads a case from a file and writes gradients to another."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from harness import casefile, threads
from harness.candidates import exchange, failure, purity
from harness.candidates.ending import end_with_children
from harness.candidates.exchange import Given
from harness.candidates.failure import CandidateFailed
from harness.candidates.printed import Printed
from harness.case import Case
from harness.errors import BadInput

_CASE, _OUT = "{case}", "{out}"
_PATIENCE = 0.5


class Command:
    """``./my_lstm {case} {out}``: run without a shell, in the folder where the harness was started.

    ``timeout`` seconds and ``memory`` GiB are for each run. Raises BadInput at once where the command cannot be one.
    """

    def __init__(self, template: str, timeout: float = 60.0, memory: float = 4.0) -> None:
        try:
            self._words = shlex.split(template)
        except ValueError as error:
            raise BadInput(f"candidate {template}: {error}".replace("No closing", "no closing")) from None
        missing = [place for place in (_CASE, _OUT) if not any(place in word for word in self._words[1:])]
        if missing:
            raise BadInput(
                f"candidate {template}: got no {' and no '.join(missing)}, needs both as arguments: "
                "the file with the case, and the file to write the gradients to"
            )
        program = shutil.which(self._words[0])
        if program is None:
            raise BadInput(f"candidate {self._words[0]}: {_why(self._words[0])}")
        self.name = Path(program).name
        self._program, self._timeout, self._memory = os.path.abspath(program), timeout, memory
        self._printed = ""

    @property
    def printed(self) -> str:
        """The last 64 KiB of what the last run printed."""
        return self._printed

    def run(self, case: Case, times: int = 2) -> Given:
        """The gradients of a case, from so many runs on the same file. Raises CandidateFailed."""
        with tempfile.TemporaryDirectory(prefix="handgrad-") as folder:
            file = Path(folder) / "case.safetensors"
            casefile.save(case, file)
            content = file.read_bytes()
            started = time.perf_counter()
            first = self._once(case, file, Path(folder) / "gradients.safetensors")
            seconds = time.perf_counter() - started
            impure = [] if file.read_bytes() == content else ["it changes the file with the case"]
            for _ in range(1, times):
                file.write_bytes(content)
                again = self._once(case, file, Path(folder) / "gradients.safetensors")
                if names := purity.differing(_named(first), _named(again)):
                    impure.append(f"run twice on the same file it answers differently: {', '.join(names)}")
                    break
        return first._replace(impure=tuple(impure), seconds=seconds)

    def _once(self, case: Case, file: Path, out: Path) -> Given:
        out.unlink(missing_ok=True)
        words = [word.replace(_CASE, str(file)).replace(_OUT, str(out)) for word in self._words[1:]]
        code = self._ran([self._program, *words])
        if code:
            raise self._failed(failure.ended(code, self._printed, None, self._memory))
        if not out.is_file():
            raise self._failed(f"it wrote no {_OUT}")
        try:
            return exchange.received(out, case)
        except CandidateFailed as error:
            raise self._failed(f"what it wrote: {error}") from None

    def _ran(self, words: list[str]) -> int:
        """Run the program to its end, or end it; its exit code."""
        process = subprocess.Popen(
            _limited(words, self._memory, self._timeout),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | dict.fromkeys(threads.SETTINGS, "1"),
            start_new_session=True,
        )
        assert process.stdout is not None
        printed = Printed(process.stdout)
        late = False
        try:
            code = process.wait(self._timeout)
        except subprocess.TimeoutExpired:
            late, code = True, 0
        finally:
            end_with_children(process)
            printed.finish(_PATIENCE)
            self._printed = printed.text
            printed.close()
        if late:
            raise self._failed(f"it gave no answer within {self._timeout:g} s")
        return code

    def _failed(self, message: str) -> CandidateFailed:
        return CandidateFailed(message, self._printed)


def _limited(words: list[str], memory: float, seconds: float) -> list[str]:
    if os.name != "posix":
        return words
    launcher = str(Path(__file__).with_name("limited.py"))
    return [sys.executable, "-I", "-S", launcher, str(memory), str(seconds), *words]


def _why(program: str) -> str:
    """Why there is nothing to run under this name."""
    path = Path(program)
    if path.is_dir():
        return "is a folder, needs a program"
    if path.is_file() and os.sep in program:
        return "is not executable; chmod +x makes it so"
    if path.is_file():
        return f"there is no such program; the file in this folder is .{os.sep}{program}"
    return "there is no such program"


def _named(given: Given) -> dict[str, np.ndarray | None]:
    return {"loss": given.loss, **given.grads}
