"""A candidate's adjoints step by step: how far da, dh and dc are from truth, and what rounding explains of it."""

from harness.stepwise.steps import stepwise

__all__ = ["stepwise"]
