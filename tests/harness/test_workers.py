"""The worker processes: identical bytes, failures that stay where they are, nothing changed in this process."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from evidence import LSTM

from harness import frames, workers
from harness.case import Case, from_seed
from harness.session import Session
from harness.workers import Unavailable, WorkerError, Workers
from references import protocol

WORKER = Path(workers.__file__).with_name("worker.py")


@pytest.fixture(scope="module")
def running() -> Iterator[Workers]:
    with Workers(["torch", "jax"]) as started:
        yield started


@pytest.fixture(scope="module")
def case() -> Case:
    return from_seed(LSTM)


@pytest.mark.parametrize(("framework", "reference"), [("torch", "torch"), ("torch", "torch-nn"), ("jax", "jax")])
def test_what_arrives_is_what_was_sent(running: Workers, case: Case, framework: str, reference: str) -> None:
    answer, seconds = running[framework].submit(reference, case.model, case.arrays).result()
    assert answer.fingerprint == case.fingerprint
    assert answer.grads.keys() == set(case.model.differentiated)
    assert {grad.dtype for grad in answer.grads.values()} == {case.dtype}
    assert seconds > 0


def test_a_failure_is_one_line_and_the_worker_goes_on(running: Workers, case: Case) -> None:
    broken = {**case.arrays, "W_hh": np.zeros((64, 15))}
    with pytest.raises(WorkerError) as raised:
        running["torch"].submit("torch", case.model, broken).result()
    assert str(raised.value).startswith("RuntimeError: ")
    assert "\n" not in str(raised.value)
    running["torch"].submit("torch", case.model, case.arrays).result()


def test_a_framework_that_cannot_be_imported(case: Case) -> None:
    with Workers(["no_such_framework"]) as started, pytest.raises(WorkerError, match="cannot be imported"):
        started["no_such_framework"].submit("torch", case.model, case.arrays).result()


def test_a_process_that_dies_is_said_with_how(case: Case) -> None:
    with Workers(["json"]) as started:
        started["json"]._process.kill()
        with pytest.raises(WorkerError, match="its process ended by signal 9"):
            started["json"].submit("torch", case.model, case.arrays).result()


def test_a_process_that_hangs_is_ended(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workers, "TIMEOUT", 0.2)
    with Workers(["json"]) as started:
        os.kill(started["json"]._process.pid, 19)  # SIGSTOP
        with pytest.raises(WorkerError, match=r"gave no answer within 0\.2 s"):
            started["json"].submit("torch", case.model, case.arrays).result()


@pytest.mark.parametrize(("framework", "reference"), [("torch", "torch"), ("jax", "jax")])
def test_a_device_that_is_not_there_is_unavailable(case: Case, framework: str, reference: str) -> None:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    os.environ["CUDA_VISIBLE_DEVICES"] = ""
    try:
        with Workers([framework], device="cuda") as started, pytest.raises(Unavailable, match="finds no"):
            started[framework].submit(reference, case.model, case.arrays).result()
    finally:
        os.environ.pop("CUDA_VISIBLE_DEVICES")
        if visible is not None:
            os.environ["CUDA_VISIBLE_DEVICES"] = visible


def test_other_bytes_are_an_error(running: Workers, case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that is handed one bit less is caught by the fingerprint of what it received."""
    submit = workers.Worker.submit

    def tampered(self: workers.Worker, reference: str, model: object, arrays: dict[str, np.ndarray]) -> object:
        moved = {**arrays, "x": np.nextafter(arrays["x"], 2)}
        return submit(self, reference, model, moved)  # type: ignore[arg-type]

    monkeypatch.setattr(workers.Worker, "submit", tampered)
    references = tuple(protocol.available()[name] for name in ("extended", "torch"))
    judgement = Session(references, running).judge(case)
    assert judgement.verdict == "error"
    assert "received other bytes" in judgement.reason


def test_frames_keep_bytes_and_end_with_the_stream() -> None:
    stream = io.BytesIO()
    sent = {"a": np.arange(6.0).reshape(2, 3).T, "scalar": np.array(1.5, np.float32), "empty": np.zeros((0, 2))}
    frames.write(stream, {"what": "ü"}, sent)
    stream.seek(0)
    frame = frames.read(stream)
    assert frame is not None
    about, received = frame
    assert about == {"what": "ü"}
    assert all(np.array_equal(received[name], array) for name, array in sent.items())
    assert {name: array.shape for name, array in received.items()} == {
        name: array.shape for name, array in sent.items()
    }
    assert frames.read(stream) is None


def test_a_cut_frame_is_the_end() -> None:
    stream = io.BytesIO()
    frames.write(stream, {}, {"a": np.zeros(100)})
    assert frames.read(io.BytesIO(stream.getvalue()[:-1])) is None


def test_the_worker_ends_with_its_input() -> None:
    done = subprocess.run([sys.executable, "-P", WORKER, "json"], input=b"", capture_output=True, timeout=60)
    assert (done.returncode, done.stdout) == (0, b"")


def test_this_process_is_left_alone(running: Workers, case: Case) -> None:
    before = dict(os.environ), np.geterr(), np.random.get_state()[1].tolist()  # type: ignore[index]
    running["jax"].submit("jax", case.model, case.arrays).result()
    assert before == (dict(os.environ), np.geterr(), np.random.get_state()[1].tolist())  # type: ignore[index]
