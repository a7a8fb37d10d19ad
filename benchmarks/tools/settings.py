"""What the user of a tool may set: the step of its differences, and its tolerances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Settings:
    """A tool's settings; None is whatever the tool itself has for the dtype."""

    eps: float | None = None  #: the step of its differences
    atol: float | None = None
    rtol: float | None = None  #: of a course's rule, the largest relative error that passes

    def given(self) -> dict[str, Any]:
        """Those that are not left to the tool, by the names that tools give them."""
        every = {"eps": self.eps, "atol": self.atol, "rtol": self.rtol}
        return {name: value for name, value in every.items() if value is not None}

    def words(self) -> str:
        """As a reader of the table wants it: "eps 1e-6, atol 1e-5, rtol 1e-3"."""
        return ", ".join(f"{name} {_number(value)}" for name, value in self.given().items())


#: By dtype, as float32 needs others than float64.
ByDtype = Mapping[str, Settings]


def _number(value: float) -> str:
    """A setting as people write it: 1e-6, not 1e-06, with two digits at most."""
    digits, _, power = f"{value:.1e}".partition("e")
    return f"{digits.removesuffix('.0')}e{int(power)}" if abs(int(power)) > 2 else f"{value:.2g}"
