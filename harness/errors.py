"""What the user can mend: one line, exit code 2."""


class BadInput(ValueError):
    """Input or usage that cannot be worked with. The message is one line: which, got, allowed, where, what to do."""
