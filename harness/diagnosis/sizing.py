"""A candidate with sizes written into its code is asked about its equations in those, if they are small enough."""

from __future__ import annotations

from harness.diagnosis.asking import Asked
from harness.diagnosis.box import Outside, outside
from harness.laid import Laid

#: axes that keep the size of the example, tried until the candidate answers: code has features written in rather than
#: a number of sequences or steps
_KEPT = (("D", "H", "K"), ("B", "D", "H", "K"), ("T", "B", "D", "H", "K"))
#: T B H at most; what eliminates the adjoints grows with its third power, and takes a few seconds here
_LARGEST = 48


def asked(ask: Asked) -> Outside | None:
    """What `outside` comes to, in sizes that the candidate takes; None where it takes none that are small."""
    found = outside(ask)
    for kept in _KEPT if isinstance(ask.under_test, Laid) else ():
        if found is not None:
            break
        ask.kept = kept
        if small(ask):
            found = outside(ask)
    return found


def small(ask: Asked) -> bool:
    """Whether the sizes that are kept are small enough."""
    assert isinstance(ask.under_test, Laid)
    usual = {"T": 3, "B": 2, "H": 2}
    own = ask.under_test.layout.sizes
    T, B, H = (own[axis] if axis in ask.kept else size for axis, size in usual.items())
    return T * B * H <= _LARGEST
