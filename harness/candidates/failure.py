"""How a candidate failed, in one line: what it raised and where in its own files, or how its process ended."""

from __future__ import annotations

import linecache
import os
import re
import signal
import traceback
from collections import deque
from collections.abc import Sequence
from pathlib import Path

_OURS = Path(__file__).resolve().parent.parent
#: longer messages are cut: a line of an array's digits helps nobody
_LONGEST = 300
#: so many frames, and lines of what was printed, are kept
_DEEPEST, _LINES = 50, 20
#: a stack as faulthandler writes it, and a frame of it
STACK = "(most recent call first):"
_STACK_BEGINS = re.compile(r"^.*\(most recent call first\):$|^Fatal Python error: .*$", re.MULTILINE)
_FRAME = re.compile(r'^  File "(?P<file>.+)", line (?P<line>\d+) in (?P<function>.+)$', re.MULTILINE)


class CandidateFailed(Exception):
    """The candidate gave no usable answer. The message is one line.

    ``printed`` are the last lines of what it printed; ``frames`` is its own part of the traceback, outermost first;
    ``ended`` says that its process came to an end, by itself or because it took too long.
    """

    def __init__(self, message: str, printed: str = "", frames: Sequence[str] = (), ended: bool = False) -> None:
        super().__init__(message)
        self.ended = ended
        self.printed = "".join(printed.splitlines(keepends=True)[-_LINES:])
        self.frames = tuple(frames)


def raised(error: BaseException, path: Path, memory: float) -> CandidateFailed:
    """What the candidate in ``path`` raised, under a limit of ``memory`` GiB."""
    if isinstance(error, MemoryError):
        traceback.clear_frames(error.__traceback__)  # they hold what filled the memory
    frames = _frames(error, path)
    if isinstance(error, SyntaxError) and error.filename and _own(path, error.filename):
        frames.append(_frame(path, error.filename, error.lineno, "", error.text))
    where = f" ({frames[-1]})" if frames else ""
    if isinstance(error, MemoryError):
        return CandidateFailed(out_of_memory(memory) + where, frames=frames)
    if isinstance(error, SystemExit):
        code = "" if error.code is None else repr(error.code)
        return CandidateFailed(f"it called sys.exit({code}){where}", frames=frames)
    return CandidateFailed(f"{type(error).__name__}{_message(error)}{where}", frames=frames)


def out_of_memory(memory: float) -> str:
    """The line for a candidate that needs more than it may have."""
    return f"it ran out of memory: the limit is {memory:g} GiB; --memory gives it more"


def ended(code: int, printed: str, path: Path | None, memory: float) -> str:
    """How a process ended by itself, from its exit code (negative: the signal) and what it printed."""
    if code == -signal.SIGABRT and "bad_alloc" in printed:
        return out_of_memory(memory)
    how = f"its process ended with exit code {code}" if code >= 0 else f"its process ended by {signal_words(-code)}"
    where = "" if path is None else stopped_at(printed, path)
    if where:
        return f"{how} ({where})"
    said = last_line(without_stack(printed))
    return f"{how}: {said}" if said else how


def signal_words(number: int) -> str:
    """``signal 11 (SIGSEGV)``."""
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"


def stopped_at(printed: str, path: Path) -> str:
    """The candidate's own innermost line in the last stack that was printed; empty where there is none."""
    _, found, stack = printed.rpartition(STACK)
    for frame in _FRAME.finditer(stack) if found else ():
        if _own(path, frame["file"]):
            return _frame(path, frame["file"], int(frame["line"]), frame["function"], None)
    return ""


def without_stack(printed: str) -> str:
    """What was printed up to the stack that we asked for, or that a signal left."""
    begins = _STACK_BEGINS.search(printed)
    return printed[: begins.start()] if begins else printed


def last_line(text: str) -> str:
    """The last line that is not blank, cut to a readable length."""
    lines = text.strip().splitlines()
    return _cut(lines[-1]) if lines else ""


def _frames(error: BaseException, path: Path) -> list[str]:
    """The candidate's own frames, outermost first; of a runaway recursion the innermost ones."""
    own: dict[str, bool] = {}
    found: deque[tuple[str, int, str]] = deque(maxlen=_DEEPEST)
    at = error.__traceback__
    while at is not None:
        code = at.tb_frame.f_code
        if code.co_filename not in own:
            own[code.co_filename] = _own(path, code.co_filename)
        if own[code.co_filename]:
            found.append((code.co_filename, at.tb_lineno, code.co_name))
        at = at.tb_next
    return [_frame(path, *one, linecache.getline(*one[:2])) for one in found]


def _message(error: BaseException) -> str:
    try:
        words = " ".join(str(error.msg if isinstance(error, SyntaxError) else error).split())
    except Exception:  # an exception class of the candidate's may fail to say what it is
        words = ""
    return f": {_cut(words)}" if words else ""


def _cut(words: str) -> str:
    words = " ".join(words.split())
    return words if len(words) <= _LONGEST else words[:_LONGEST] + " …"


def _own(path: Path, file: str) -> bool:
    """Whether a file belongs to the candidate: it lies in its folder, and is no installed package and none of ours."""
    if file == str(path):
        return True
    folder = path.parent
    if not Path(file).is_relative_to(folder) or "site-packages" in Path(file).parts:
        return False
    return folder.is_relative_to(_OURS) or not Path(file).is_relative_to(_OURS)


def _frame(path: Path, file: str, line: int | None, function: str, source: str | None) -> str:
    where = f"{os.path.relpath(file, path.parent)} line {line}"
    if function and function != "<module>":
        where += f", in {function}"
    return f"{where}: {_cut(source)}" if source and source.strip() else where
