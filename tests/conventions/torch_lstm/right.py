"""An LSTM layer with a hand-written backward in PyTorch: a ``torch.autograd.Function``, batch first."""

import torch

from harness.adapters import from_torch


class LSTMFunction(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, h, c, w, u, b):
        tape, hs = [], []
        for x_t in x.unbind(1):
            i, f, g, o = (x_t @ w.t() + h @ u.t() + b).chunk(4, dim=1)
            i, f, g, o = i.sigmoid(), f.sigmoid(), g.tanh(), o.sigmoid()
            before, c_before = h, c
            c = f * c + i * g
            h = o * c.tanh()
            tape += [before, c_before, i, f, g, o, c]
            hs.append(h)
        ctx.save_for_backward(x, w, u, *tape)
        return torch.stack(hs, 1), c

    @staticmethod
    def backward(ctx, dhs, dc):
        x, w, u, *tape = ctx.saved_tensors
        dw, du, db = torch.zeros_like(w), torch.zeros_like(u), w.new_zeros(len(w))
        dx = torch.empty_like(x)
        dh = torch.zeros_like(dc)
        for t in reversed(range(x.shape[1])):
            before, c_before, i, f, g, o, c = tape[7 * t : 7 * t + 7]
            dh = dh + dhs[:, t]
            tc = c.tanh()
            do = dh * tc
            dc = dc + dh * o * (1 - tc * tc)
            df, di, dg = dc * c_before, dc * g, dc * i
            da = torch.cat((di * i * (1 - i), df * f * (1 - f), dg * (1 - g * g), do * o * (1 - o)), 1)
            dw += da.t() @ x[:, t]
            du += da.t() @ before
            db += da.sum(0)
            dx[:, t] = da @ w
            dh, dc = da @ u, dc * f
        return dx, dh, dc, dw, du, db


def layer(params, data):
    return LSTMFunction.apply(data["x"], data["h0"], data["c0"], params["w"], params["u"], params["b"])


loss_and_grads = from_torch(layer, outputs=("G", "G_c"))


def example(seed):
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape):
        return torch.randn(*shape, generator=generator, dtype=torch.float64).numpy() / 2

    B, T, D, H = 2, 6, 3, 4
    params = {"w": normal(4 * H, D), "u": normal(4 * H, H), "b": normal(4 * H)}
    data = {"x": normal(B, T, D), "h0": normal(B, H), "c0": normal(B, H)}
    return params, {**data, "G": normal(B, T, H), "G_c": normal(B, H)}


layout = {
    "w": "i+f+g+o, x",
    "u": "i+f+g+o, h",
    "b": "i+f+g+o",
    "x": "b t x",
    "h0": "b h",
    "c0": "b h",
    "G": "b t h",
    "G_c": "b h",
}
model = {"cell": "lstm", "loss": "cotangent"}
