"""From a wrong gradient to the line: the candidate's module is instrumented, and a suspect confirmed by mending it."""
