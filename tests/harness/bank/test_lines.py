"""Tagged lines are read right: each, written back as the plain arithmetic it was read as, changes nothing."""

from __future__ import annotations

import numpy as np
import pytest

from harness.bank import compiled
from harness.bank.catalogue import catalogue
from harness.bank.site import Site
from harness.bank.sites import sites
from harness.candidate import own
from harness.case import from_seed

SIZES = {"T": 5, "B": 3, "D": 4, "H": 6, "K": 7}


@pytest.mark.parametrize("site", sites(), ids=lambda site: site.owner)
def test_a_line_written_back_as_it_was_read_is_sound(site: Site) -> None:
    for line in site.lines:
        model = next(one.model for one in catalogue() if one.function == site.function and one.equation == line.tag)
        case = from_seed(model, SIZES)
        run = compiled.loss_and_grads(site.function, (line.edit(line.statement(line.value)),))
        answer = run(case.copies(), cell=model.cell, activation=model.activation, loss=model.loss)
        for name, grad in own(model, case.copies()).grads.items():
            scale = np.abs(grad).max()
            np.testing.assert_allclose(answer.grads[name], grad, rtol=0, atol=1e-14 * scale, err_msg=line.text)


def test_lines_read_as_plain_arithmetic() -> None:
    texts = {(site.owner, line.tag): line.text for site in sites() for line in site.lines}
    assert texts["lstm", "5*c"] == "dc[:] = phi.slope(p[t], s) * o[t] * dh + dc_next"
    assert texts["lstm", "3*"] == "da_g[t] = dg * (1 - g[t] * g[t])"
    assert texts["rnn", "2*a"] == "da[t] = dh * phi.slope(h[t + 1], slope[t])"
    assert texts["rnn", "1*x"] == "dx = da_rows @ W_ih"
    assert texts["rnn", "2*H"] == "dh_next = np.array(final['h'], x.dtype, order='C')"
    assert texts["softmax-cross-entropy", "7*"] == "dz = p - e_y"
    assert texts["readout", "6*W"] == "grads = {'W_hy': dz_rows.T @ h_rows}"


def test_axes_are_read_off_a_run() -> None:
    lstm = next(site for site in sites() if site.owner == "lstm")
    axes = {name: lstm.axes(name) for name in ("dc", "c", "da", "x_rows", "g[t]", "W_hh", "no_such_name")}
    assert axes == {
        "dc": ("B", "H"),
        "c": ("T+1", "B", "H"),
        "da": ("T", "B", "A"),
        "x_rows": ("TB", "D"),
        "g[t]": ("B", "H"),
        "W_hh": ("A", "H"),
        "no_such_name": (),
    }
