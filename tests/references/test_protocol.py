"""The references there are: found without a framework, and clear about what is not installed."""

from __future__ import annotations

import re
import subprocess
import sys
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from references import extended, protocol


def test_the_references_there_are() -> None:
    default = ["extended", "jax", "torch", "torch-nn"]
    by_name = ["central-difference", "certified", "complex-step", "jax-jvp", "theano"]
    assert list(protocol.available()) == sorted([*default, *by_name])
    assert [name for name, reference in protocol.available().items() if reference.DEFAULT] == default


@pytest.mark.parametrize("name", protocol.available())
def test_a_reference_has_what_the_protocol_says(name: str) -> None:
    reference: Any = protocol.available()[name]
    assert isinstance(reference.NAME, str)
    assert reference.SUMMARY
    assert "\n" not in reference.SUMMARY
    assert reference.NEEDS
    assert isinstance(reference.WORKER, str)
    assert isinstance(reference.DEFAULT, bool)
    assert callable(reference.unsupported)
    assert callable(reference.gradients)


def test_references_of_one_framework_share_a_worker_and_truth_has_none() -> None:
    workers = {name: reference.WORKER for name, reference in protocol.available().items()}
    assert workers["torch"] == workers["torch-nn"] != workers["jax"] == workers["jax-jvp"]
    assert workers["complex-step"] == workers["central-difference"] == "numpy"
    assert workers["extended"] == ""


def test_finding_the_references_imports_no_framework() -> None:
    """In a process of its own: in this one, other tests have imported them all."""
    program = (
        "import sys; from references import protocol; found = protocol.available();"
        "[(protocol.missing(one), protocol.version(one)) for one in found.values()];"
        "print(len(found), sorted({'torch', 'jax', 'jaxlib', 'pytensor'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == f"{len(protocol.available())} []"


def _needing(*names: str) -> Any:
    return SimpleNamespace(NAME="other", NEEDS=names, EXTRA="extra")


def test_what_is_not_installed_is_named_in_one_line() -> None:
    how = "not installed: pip install 'handgrad[extra]'"
    assert protocol.missing(_needing("no_such_framework")) == f"no_such_framework {how}"
    assert protocol.missing(_needing("numpy", "no_such_framework")) == f"no_such_framework {how}"
    assert protocol.missing(_needing("no_such", "nor_this")) == f"no_such and nor_this {how}"


def test_what_is_installed_is_not_missing() -> None:
    assert protocol.missing(_needing("numpy")) == ""
    assert protocol.missing(protocol.available()["extended"]) == ""


def test_a_version_is_that_of_the_distribution_which_computes() -> None:
    assert protocol.version(_needing("numpy", "pytest")) == f"numpy {np.__version__}"
    assert re.fullmatch(r"numpy \d+(\.\d+)+\S*", protocol.version(protocol.available()["extended"]))


def test_what_is_not_installed_has_no_version() -> None:
    assert protocol.version(_needing("no_such_framework")) == "no_such_framework"


def test_a_longdouble_is_no_truth_for_longdoubles() -> None:
    bits = np.finfo(np.longdouble).nmant + 1
    assert f"{bits} bits" in extended.too_narrow(np.longdouble)
    assert extended.too_narrow("float32") == ""
    assert bool(extended.too_narrow("float64")) == (bits <= np.finfo("float64").nmant + 1)
