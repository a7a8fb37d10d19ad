"""What a candidate's module keeps between calls, as far as it can be seen: its globals, and what they hold."""

from __future__ import annotations

import random
import types
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

#: how far and how wide to look into lists, dicts and objects
_DEPTH, _WIDTH = 4, 2000


def snapshot(module: ModuleType) -> dict[str, object]:
    """Every value that can be seen, by its path (``cache['h']``, ``cell.dW``), as something to compare."""
    return dict(_walk("", module, Path(module.__file__ or "").parent, set(), 0))


def changed(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """The globals whose values differ, outermost names only once each."""
    paths = [path for path in {**before, **after} if before.get(path) != after.get(path)]
    return list(dict.fromkeys(_outer(path) for path in paths))


def changed_arrays(before: Mapping[str, object], after: Mapping[str, object]) -> list[str]:
    """The paths of arrays that were there before and hold other bytes now."""
    return [path for path, seen in before.items() if isinstance(seen, _Bytes) and after.get(path) not in (None, seen)]


def arrays(module: ModuleType) -> dict[str, tuple[int, ...]]:
    """The shapes of all arrays that can be seen."""
    return {path: seen.shape for path, seen in snapshot(module).items() if isinstance(seen, _Bytes)}


class _Bytes(tuple[Any, ...]):
    """Shape, dtype and checksum of an array."""

    @property
    def shape(self) -> tuple[int, ...]:
        shape: tuple[int, ...] = self[0]
        return shape


def _walk(path: str, value: Any, folder: Path, met: set[int], depth: int) -> Iterator[tuple[str, object]]:
    if isinstance(value, np.ndarray):
        if value.dtype != object:
            yield path, _Bytes((value.shape, value.dtype.str, _checksum(np.asarray(value))))
    elif isinstance(value, str | bytes):
        yield path, (len(value), hash(value))
    elif value is None or isinstance(value, bool | int | float | complex | np.generic):
        yield path, repr(value)
    elif isinstance(value, np.random.Generator):
        yield path, str(value.bit_generator.state)
    elif isinstance(value, random.Random | np.random.RandomState):
        state = value.getstate() if isinstance(value, random.Random) else value.get_state()
        yield path, str(state)
    elif id(value) not in met and depth <= _DEPTH:
        met.add(id(value))
        inside = _inside(path, value, folder)
        if isinstance(value, list | Mapping | set):
            yield path, len(value)
        for name, held in inside:
            yield from _walk(name, held, folder, met, depth + 1)


def _checksum(array: np.ndarray) -> int:
    """Without a copy of what is large."""
    flat = np.ascontiguousarray(array).reshape(-1)
    return zlib.crc32(flat.view(np.uint8).data if flat.size else b"")


def _inside(path: str, value: Any, folder: Path) -> list[tuple[str, Any]]:
    """What a container, an object or a function holds, and the path to each."""
    if isinstance(value, list | tuple):
        return [(f"{path}[{k}]", one) for k, one in enumerate(value[:_WIDTH])]
    if isinstance(value, Mapping):
        return [(f"{path}[{key!r}]", one) for key, one in list(value.items())[:_WIDTH]]
    if isinstance(value, ModuleType):
        if not _beside(value, folder):
            return []
        return [
            (f"{path}.{name}" if path else name, one)
            for name, one in vars(value).items()
            if not (name.startswith("__") and name.endswith("__"))
        ]
    if isinstance(value, types.FunctionType):
        if not _of_folder(value, folder):
            return []
        defaults = zip(value.__code__.co_varnames[: value.__code__.co_argcount][::-1],
                       (value.__defaults__ or ())[::-1], strict=False)  # fmt: skip
        closure = zip(value.__code__.co_freevars, value.__closure__ or (), strict=True)
        held = [(f"{path}({name}=)", one) for name, one in defaults]
        held += [(f"{path}.{name}", one) for name, one in vars(value).items()]
        return held + [(f"{path}:{name}", cell) for name, cell in closure]
    if isinstance(value, types.CellType):
        try:
            return [(path, value.cell_contents)]
        except ValueError:  # empty
            return []
    attributes = getattr(value, "__dict__", None)
    if attributes is None or not _home_made(value, folder):
        return []
    return [(f"{path}.{name}", one) for name, one in dict(attributes).items() if not name.startswith("__")]


def _beside(module: ModuleType, folder: Path) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and Path(file).is_relative_to(folder) and "site-packages" not in Path(file).parts


def _home_made(value: Any, folder: Path) -> bool:
    """Whether an object's class, or a class itself, was written in the candidate's files: has code from its folder."""
    kind = value if isinstance(value, type) else type(value)
    if kind is types.SimpleNamespace:
        return True
    return any(isinstance(one, types.FunctionType) and _of_folder(one, folder) for one in vars(kind).values())


def _of_folder(function: types.FunctionType, folder: Path) -> bool:
    file = Path(function.__code__.co_filename)
    return file.is_relative_to(folder) and "site-packages" not in file.parts


def _outer(path: str) -> str:
    """``cell.dW`` as it is; ``cache['h'][3]`` as ``cache``: which entry of a container changed is seldom of use."""
    for end, letter in enumerate(path):
        if letter in "[(":
            return path[:end]
    return path
