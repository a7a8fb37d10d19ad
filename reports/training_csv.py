"""A training's curves as CSV: a row per trainee, series and update, every number in full."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from io import StringIO

from harness.trained import Trained

HEADINGS = ("trainee", "series", "update", "value")


def render(trained: Trained) -> str:
    """Tidy rows; the drift is a series like the others, named after the reference that it is from."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(HEADINGS)
    writer.writerows(_rows(trained))
    return file.getvalue()


def _rows(trained: Trained) -> Iterator[tuple[str, str, int, str]]:
    for trainee in trained.trainees:
        curves = [(one.name, one.updates, one.values) for one in trainee.series]
        if trainee.drift is not None:
            curves.append((f"drift from {trainee.drift.reference}", trainee.drift.updates, trainee.drift.distance))
        for name, updates, values in curves:
            for update, value in zip(updates.tolist(), values.tolist(), strict=True):
                yield trainee.title, name, update, repr(float(value))
