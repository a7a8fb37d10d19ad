"""Which candidate is meant: ``my_lstm.py``, or ``my_lstm.py:function``."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from harness.errors import BadInput

#: the function that is looked for where none is named
DEFAULT = "loss_and_grads"


class Target(NamedTuple):
    """A Python file and a function in it."""

    path: Path
    function: str

    @property
    def name(self) -> str:
        """What reports call it: the file's name, with the function's where that is not the usual one."""
        return self.path.name if self.function == DEFAULT else f"{self.path.name}:{self.function}"

    @staticmethod
    def read(text: str) -> Target:
        """Raises BadInput for what is no readable Python file."""
        head, colon, tail = text.rpartition(":")
        file, function = (head, tail) if colon and head.endswith(".py") else (text, DEFAULT)
        path = Path(file)
        if not function.isidentifier():
            raise BadInput(f"candidate {text}: got function {function!r}, needs a name, as in {file}:{DEFAULT}")
        if path.is_dir():
            raise BadInput(f"candidate {file}: is a folder, needs a Python file with a function {function}")
        if path.suffix != ".py":
            raise BadInput(f"candidate {file}: needs a Python file (.py), or a command with {{case}} and {{out}} in it")
        try:
            with path.open("rb"):
                pass
        except OSError as error:
            raise BadInput(f"candidate {file}: cannot be read: {error.strerror}") from None
        return Target(path.resolve(), function)
