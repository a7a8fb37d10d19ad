"""Workers that remember, and processes that stand ready."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from evidence import LSTM
from watched import CANDIDATE, write

from harness.candidates.process import CandidateFailed
from harness.case import Case, from_seed
from harness.watching.kept import Kept
from harness.watching.spares import Spares
from harness.workers import WorkerError

SIZES = {"T": 5, "B": 2, "D": 3, "H": 4, "K": 6}
REFERENCE = "complex-step"


@pytest.fixture(scope="module")
def workers() -> Iterator[Kept]:
    with Kept({"numpy"}) as started:
        yield started


@pytest.fixture
def case() -> Case:
    return from_seed(LSTM, SIZES)


def test_the_same_case_is_answered_once(workers: Kept, case: Case) -> None:
    first = workers["numpy"].submit(REFERENCE, case.model, case.arrays)
    again = workers["numpy"].submit(REFERENCE, case.model, case.copies())
    assert again is first
    assert again.result()[0].fingerprint == case.fingerprint


@pytest.mark.parametrize("other", ["bytes", "model", "reference", "dtype"])
def test_anything_else_is_asked_anew(workers: Kept, case: Case, other: str) -> None:
    from dataclasses import replace

    first = workers["numpy"].submit(REFERENCE, case.model, case.arrays)
    reference, model, arrays = REFERENCE, case.model, case.copies()
    if other == "bytes":
        arrays["W_hh"][0, 0] = np.nextafter(arrays["W_hh"][0, 0], 1)
    elif other == "model":
        model = replace(model, reduction="mean")
    elif other == "reference":
        reference = "central-difference"
    else:
        arrays = dict(from_seed(LSTM, SIZES, "float32").arrays)
    assert workers["numpy"].submit(reference, model, arrays) is not first


def test_a_failure_is_not_kept(workers: Kept, case: Case) -> None:
    broken = {**case.arrays, "W_hh": np.zeros((16, 3))}
    futures = [workers["numpy"].submit(REFERENCE, case.model, broken) for _ in range(2)]
    for future in futures:
        with pytest.raises(WorkerError):
            future.result()
    assert workers["numpy"].submit(REFERENCE, case.model, broken) is not futures[-1]


def test_a_worker_that_died_is_started_anew(case: Case) -> None:
    with Kept({"numpy"}) as started:
        before = started["numpy"]
        before._process.kill()
        before._process.wait()
        answer, _ = started["numpy"].submit(REFERENCE, case.model, case.arrays).result()
        assert answer.fingerprint == case.fingerprint
        assert started["numpy"] is not before


def test_only_so_many_are_kept(workers: Kept, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("harness.watching.kept.KEPT", 2)
    cases = [from_seed(LSTM, SIZES, seed=seed) for seed in range(3)]
    futures = [workers["numpy"].submit(REFERENCE, one.model, one.arrays) for one in cases]
    assert workers["numpy"].submit(REFERENCE, cases[2].model, cases[2].arrays) is futures[2]
    assert workers["numpy"].submit(REFERENCE, cases[0].model, cases[0].arrays) is not futures[0]


def test_a_spare_reads_the_file_when_it_is_asked(tmp_path: Path) -> None:
    file = write(tmp_path, "raise RuntimeError('not yet')\n")
    with Spares(str(file), 60.0, 4.0) as spares:
        spares.prepare()
        file.write_text(CANDIDATE)
        first = spares.take()
        assert first.describe().model["cell"] == "rnn"
        spares.prepare()
        file.write_text(CANDIDATE.replace('"rnn"', '"lstm"'))
        second = spares.take()
        assert second is not first
        assert second.describe().model["cell"] == "lstm"


def test_a_spare_of_a_link_that_leads_elsewhere_now(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "other.py").write_text("import sys\nsys.exit('the other')\n")
    link = tmp_path / "link.py"
    link.symlink_to(tmp_path / "my.py")
    with Spares(str(link), 60.0, 4.0) as spares:
        spares.prepare()
        link.unlink()
        link.symlink_to(tmp_path / "other.py")
        with pytest.raises(CandidateFailed, match="the other"):
            spares.take().describe()
