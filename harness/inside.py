"""Whether this process is inside pytest, for what is called from a test. Imports nothing: a plug-in loads it always."""

from __future__ import annotations

#: the folder of the project that is being tested, as a text; empty outside pytest
project = ""
