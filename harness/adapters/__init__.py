"""Hand-written backward passes inside a framework as candidates: ``torch.autograd.Function``, ``jax.custom_vjp``.

Importing this imports neither framework.
"""

from harness.adapters.jax_function import from_jax
from harness.adapters.torch_function import from_torch

__all__ = ["from_jax", "from_torch"]
