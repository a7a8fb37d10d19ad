"""Judging a candidate by its own forward pass: no cell, no layout and no names are known."""
