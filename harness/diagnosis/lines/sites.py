"""The candidate's source with every expression sent through a function that can look at its value, or replace it.

A site is one expression that is read or computed, the result of an augmented assignment, or an array after a call that
may have written into it. The tree keeps its lines.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

#: the names that rewritten code calls: for a value that is passed on, and for an array that was written into
SITE, WRITTEN = "_handgrad_site", "_handgrad_written"

Kind = Literal["read", "value", "result", "base"]


@dataclass
class Site:
    """One place in the source where a value can be seen and replaced."""

    file: str
    line: int
    kind: Kind  #: what is read; computed; what an array holds after it was written into; what an entry is read of
    text: str  #: of the expression
    variable: str  #: what it is assigned to, where it is the whole of what is assigned; else its text
    assigned: bool  #: whether it is
    function: int  #: the line at which the function around it begins
    loop: int = 0  #: the line of the innermost loop around it within the function
    statement: int = 0  #: the line at which the statement around it begins
    name: str = ""  #: the key or keyword under which it is put, where it is neither assigned nor read
    leaves: list[int] = field(default_factory=list)  #: the sites of what it reads
