"""Candidates from outside: a user's Python file in a process of its own, a command, a file of gradients."""
