"""A candidate's file as a module of its own: executed afresh, what lies beside it too, and sharing state with nobody.

Every load has a package of its own, whose folder is the file's; modules beside the file are that package's modules.
Names and files are otherwise Python's, so dataclasses, relative imports and tracebacks are as they would be. Where it
is ``patched``, the source is rewritten for complex numbers and its imports are answered with stand-ins; nobody else's
modules change.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.util
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from itertools import count
from pathlib import Path
from types import CodeType, ModuleType
from typing import TYPE_CHECKING, Any

from harness.forward import rough
from harness.forward.rough import MOVED, Mover

if TYPE_CHECKING:
    from harness.diagnosis.lines.watch import Watch
    from harness.nanwatch.recorder import Recorder

_numbers = count(1)


def load(
    path: Path, patched: bool = False, mover: Mover | None = None, watch: Watch | Recorder | None = None
) -> ModuleType:
    """The module of the file, executed now. Raises whatever the file raises.

    ``patched`` is for complex numbers; a ``mover`` moves what it computes, which shows how far rounding carries; a
    ``watch`` sees every value that it computes, and may replace it.
    """
    path = path.resolve()
    library = _Library(path.parent, patched, mover, watch)
    name = f"{library.name}.{path.stem.replace('.', '_')}"
    spec = importlib.util.spec_from_file_location(name, path, loader=_Loader(name, str(path), library))
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # dataclasses look for the module of a class there
    try:
        spec.loader.exec_module(module)
    except BaseException:
        library.forget()
        raise
    return module


def unload(module: ModuleType) -> None:
    """Leave nothing of a loaded module and its siblings behind."""
    loader = module.__spec__.loader if module.__spec__ else None
    assert isinstance(loader, _Loader)
    loader.library.forget()


class _Library:
    """One load's package: what it has imported from the file's folder, and the builtins of all its modules."""

    def __init__(self, folder: Path, patched: bool, mover: Mover | None, watch: Watch | Recorder | None) -> None:
        self.name = f"_candidate_{next(_numbers)}"
        self.patched = patched
        self.mover = mover
        self.watch = watch
        self._folder = str(folder)
        self._own: dict[str, bool] = {}
        package = ModuleType(self.name)
        package.__path__ = [self._folder]
        sys.modules[self.name] = package
        sys.meta_path.insert(0, _Finder(self))
        self.builtins = dict(vars(builtins)) | {"__import__": self._import}
        if patched:
            from harness.forward import stand_ins

            self.builtins |= stand_ins.names()
        if mover is not None:
            self.builtins[MOVED] = mover
        if watch is not None:
            self.builtins |= watch.names()

    def forget(self) -> None:
        """Leave nothing of it behind."""
        for name in [name for name in sys.modules if name == self.name or name.startswith(self.name + ".")]:
            del sys.modules[name]
        sys.meta_path[:] = [
            finder for finder in sys.meta_path if not (isinstance(finder, _Finder) and finder.library is self)
        ]

    def _import(
        self,
        name: str,
        globals: Mapping[str, Any] | None = None,  # the builtin's own names  # noqa: A002
        locals: Mapping[str, Any] | None = None,  # noqa: A002
        fromlist: Sequence[str] | None = (),
        level: int = 0,
    ) -> ModuleType:
        """What an import statement in one of its modules is answered with."""
        top = name.partition(".")[0]
        if level == 0 and self._is_beside(top):
            found = builtins.__import__(f"{self.name}.{name}", globals, locals, fromlist, 0)
            return found if fromlist else sys.modules[f"{self.name}.{top}"]
        found = builtins.__import__(name, globals, locals, fromlist or (), level)
        if not self.patched or level:
            return found
        from harness.forward.stand_ins import stand_in

        module = stand_in(sys.modules[top])
        if fromlist:
            for part in name.split(".")[1:]:
                module = getattr(module, part)
        return module

    def _is_beside(self, top: str) -> bool:
        """Whether a name is that of a module in the file's folder, as it would be if the file were run."""
        if top not in self._own:
            spec = None if top in sys.builtin_module_names else PathFinder.find_spec(top, [self._folder])
            self._own[top] = spec is not None and (spec.origin is not None or not _is_elsewhere(top))
        return self._own[top]


def _is_elsewhere(top: str) -> bool:
    """Whether Python finds a module of that name by itself: a mere folder does not take its place."""
    if top in sys.modules:
        return True
    return importlib.util.find_spec(top) is not None


class _Finder:
    """Finds the modules of one library's package, for nobody else asks by its name."""

    def __init__(self, library: _Library) -> None:
        self.library = library

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        if not name.startswith(self.library.name + "."):
            return None
        spec = PathFinder.find_spec(name, path)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            assert spec.origin is not None
            spec.loader = _Loader(name, spec.origin, self.library)
        return spec


class _Loader(SourceFileLoader):
    """Executes source with its library's builtins. Nothing compiled is kept or read."""

    def __init__(self, name: str, path: str, library: _Library) -> None:
        super().__init__(name, path)
        self.library = library

    def get_code(self, fullname: str) -> CodeType:
        source: Any = self.get_data(self.path)
        if self.library.patched:
            from harness.forward.rewrite import rewritten

            source = rewritten(source, self.path)
        elif self.library.mover is not None:
            source = rough.rewritten(source, self.path)
        elif self.library.watch is not None:
            source = self.library.watch.rewritten(source, self.path)
        code: CodeType = compile(source, self.path, "exec", dont_inherit=True)
        return code

    def exec_module(self, module: ModuleType) -> None:
        module.__dict__["__builtins__"] = self.library.builtins
        super().exec_module(module)
