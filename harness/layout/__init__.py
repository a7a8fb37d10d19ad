"""Layouts: what the axes of a candidate's own arrays hold, in block notation."""
