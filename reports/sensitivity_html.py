"""A study of the harness itself as one page that needs no network."""

from __future__ import annotations

from harness.study import Study

from . import sensitivity
from .html.brief import wrapped
from .html.page import page
from .html.tables import Table, of_texts

#: Columns that hold numbers, in every table of a study.
NUMERIC = (*sensitivity.DTYPES, "median", "99 in 100", "worst", "judged", "false alarms", "inconclusive",
           "worst error ÷ budget", "arrays", "effect")  # fmt: skip
#: Columns whose texts are sentences.
SENTENCES = frozenset({"what it does", "example"})


def render(study: Study) -> str:
    """The whole page; what was missed and what was called wrong stand first."""
    tables = sorted(sensitivity.tables(study), key=lambda one: one.title not in sensitivity.PROBLEMS)
    return page(
        "sensitivity.html.j2",
        study=study,
        line=sensitivity.line(study),
        sound=sensitivity.sound(study),
        tables=[_table(one) for one in tables],
        made=sensitivity.made(study),
    )


def _table(told: sensitivity.Table) -> Table:
    return wrapped(of_texts(told.title, told.headings, told.rows, NUMERIC), SENTENCES)
