"""Backward passes to descend by: handgrad's own, in memory that is used again."""

from __future__ import annotations

import numpy as np

import handgrad
from handgrad.workspace import Workspace
from harness.version import VERSION
from references.model import Model


class Own:
    """handgrad's hand-derived NumPy."""

    name = f"{handgrad.__name__} {VERSION}"

    def __init__(self, model: Model) -> None:
        self._model, self._workspace = model, Workspace()

    def __call__(self, arrays: dict[str, np.ndarray]) -> handgrad.Gradients:
        """See `harness.training.setting.Hand`."""
        model = self._model
        return handgrad.loss_and_grads(
            arrays,
            cell=model.cell,
            activation=model.activation,
            loss=model.loss,
            reduction=model.reduction,
            workspace=self._workspace,
        )
