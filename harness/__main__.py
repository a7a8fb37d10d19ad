"""``python -m harness``: the command line, also where the user's folder has files of our names."""

import sys
from pathlib import Path

_ROOT = Path(__file__).resolve().parent.parent
_OURS = ("handgrad", "references", "harness", "reports")


def _step_aside() -> None:
    """Take the user's folder off the import path where a file of it would be taken for one of our packages.

    ``python -m`` puts the working folder first. A ``harness.py`` there is run instead of us, and we never know;
    everything else can be mended here, with one line to say so.
    """
    folder = Path(sys.path[0] or ".").resolve()
    if folder == _ROOT:
        return
    shadows = [path.name for name in _OURS for path in (folder / f"{name}.py", folder / name) if path.exists()]
    if shadows:
        sys.path[0] = str(_ROOT)
        for name in [name for name in sys.modules if name.partition(".")[0] in _OURS]:
            del sys.modules[name]  # a folder of that name may have been joined with ours
        print(f"handgrad: {', '.join(shadows)} in {folder} would shadow our own packages; using ours", file=sys.stderr)


if __name__ == "__main__":
    _step_aside()
    from harness.cli import main

    sys.exit(main())
