"""A diagnosis within a comparison: asked for where something differs, and its counterexample written as a test."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from harness.brought import Brought
from harness.candidate import UnderTest
from harness.candidates.process import CandidateFailed
from harness.candidates.target import Target
from harness.diagnosed import Diagnosis
from harness.errors import BadInput
from harness.files import check_writable, replace_whole
from harness.run import Finding, Judgement, worst


def why(
    tested: UnderTest | Brought, judged: Sequence[Judgement], working: Callable[[str, float], None]
) -> tuple[Diagnosis | None, list[Finding]]:
    """Why the judgements come to ``differ``, while the candidate's process is there to be asked.

    None where they come to something else, and, with a finding that says so, where the candidate fails while it is
    asked, or somebody interrupts: that costs no verdict.
    """
    if worst([judgement.verdict for judgement in judged]) != "differ":
        return None, []
    from harness.diagnosis.diagnose import diagnose  # here, as only a difference needs it

    try:
        return diagnose(tested, judged, working), []
    except CandidateFailed as error:
        return None, [Finding("not run", f"the diagnosis: {error}")]
    except KeyboardInterrupt:  # of the diagnosis alone: the verdict is there, and is told
        return None, [Finding("not run", "the diagnosis was interrupted")]
    except (BadInput, MemoryError):
        raise
    except Exception as error:  # a fault of ours: no verdict is lost by it
        told = f"the diagnosis failed by itself, which is a fault of ours: {type(error).__name__}: {error}"
        return None, [Finding("not run", told)]


def check(path: Path, candidate: object) -> None:
    """Raise BadInput now rather than after the work, where no test of the candidate could be written to ``path``."""
    if path.suffix != ".py":
        raise BadInput(f"write-test: got {path}, needs a Python file's name, as in test_{path.stem or 'gradient'}.py")
    check_writable(path)
    is_file = isinstance(candidate, str | Path) and "{case}" not in str(candidate)
    if is_file and Target.read(str(candidate)).path == path.resolve():
        raise BadInput(f"write-test: got {path}, which is the candidate itself; name another file")


def counterexample(diagnosis: Diagnosis | None) -> str:
    """The test that a diagnosis has; empty where there is none."""
    return "" if diagnosis is None or diagnosis.example is None else diagnosis.example.test


def write(diagnosis: Diagnosis | None, path: Path) -> None:
    """Write the counterexample, an existing file being replaced as a whole; nothing where there is none."""
    if test := counterexample(diagnosis):
        from harness.diagnosis.written import placed

        replace_whole(path, placed(test, path))
