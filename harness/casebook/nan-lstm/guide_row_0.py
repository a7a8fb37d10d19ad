"""The guide with the target subtracted at row 0, the row that there is: its dtanh for both is left, and shows."""

from guide import dtanh, example, layout, model, train_step

__all__ = ["example", "layout", "loss_and_grads", "model"]


def loss_and_grads(params, data):
    return train_step(params, data, row=0, dtanh=dtanh)
