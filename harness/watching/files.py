"""Which files are watched: the candidate's, and the modules beside it that it may import."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

#: so deep may packages lie beneath the candidate's folder
_DEEPEST = 4


class Stamp(NamedTuple):
    """What changes when a file is saved."""

    changed: int  #: nanoseconds
    size: int  #: bytes
    number: int  #: of the file: another where it was replaced by a rename


Stamps = Mapping[Path, Stamp]


def folders(file: Path) -> tuple[Path, ...]:
    """The candidate's folder, through a link also the one that it leads to, and packages beneath."""
    found = dict.fromkeys((file.absolute().parent, file.resolve().parent))
    return tuple(dict.fromkeys(folder for top in found for folder in (top, *_packages(top, _DEEPEST))))


def _packages(folder: Path, depth: int) -> Iterator[Path]:
    try:
        inside = sorted(path for path in folder.iterdir() if path.is_dir() and (path / "__init__.py").is_file())
    except OSError:
        return
    for path in inside:
        yield path
        if depth > 1 and not path.is_symlink():
            yield from _packages(path, depth - 1)


def stamps(among: Iterable[Path]) -> dict[Path, Stamp]:
    """The Python files of some folders as they are now; what an editor keeps beside them, hidden, is none."""
    found = {}
    for folder in among:
        try:
            paths = [path for path in folder.iterdir() if is_module(path)]
        except OSError:
            continue
        for path in paths:
            try:
                seen = path.stat()
            except OSError:  # gone meanwhile
                continue
            found[path] = Stamp(seen.st_mtime_ns, seen.st_size, seen.st_ino)
    return found


def is_module(path: Path) -> bool:
    """Whether it may be imported, by its name."""
    return path.suffix == ".py" and not path.name.startswith(".")


def changes(before: Stamps, after: Stamps, beside: Path) -> tuple[str, ...]:
    """What happened in between, in words, by the names from the folder ``beside`` on."""
    words = [
        f"{_named(path, beside)} {'saved' if path in before else 'new'}"
        for path, stamp in after.items()
        if before.get(path) != stamp
    ]
    return (*words, *(f"{_named(path, beside)} gone" for path in before if path not in after))


def _named(path: Path, beside: Path) -> str:
    return str(path.relative_to(beside)) if path.is_relative_to(beside) else str(path)
