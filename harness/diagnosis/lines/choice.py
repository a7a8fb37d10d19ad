"""Of the mends that do good, the one at the culprit's line.

Everything behind a wrong line is wrong too, and can often be mended as well; so can what stands before it, with a value
that makes up for what the line does. The culprit is the first line that makes of right quantities something that is
none. Where it makes another right quantity of them, a dropped factor say, only names can tell its line from the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

import numpy as np

from harness.diagnosis.lines.forms import LATER
from harness.diagnosis.lines.naming import likeness
from harness.diagnosis.lines.recognised import ZERO
from harness.diagnosis.lines.search import Good, Search
from harness.diagnosis.lines.sites import Site

#: here: the line is wrong; before: what it reads was made wrong; behind: it is right, and misread; open; tainted: what
#: it reads is wrong, and no mend of that was seen
Verdict = Literal["here", "before", "behind", "open", "tainted"]


class Chosen(NamedTuple):
    """A mend, and whether what it reads should be something else: a statement may be missing that writes it."""

    good: Good
    missing: bool
    others: tuple[Good, ...] = ()  #: at other lines, which values alone cannot tell from it


def chosen(goods: Iterable[Good], search: Search, sites: Sequence[Site]) -> Chosen | None:
    """The first that is wrong by itself; ``goods`` come in the order of execution and are read no further than that."""
    pending: list[tuple[Good, Verdict]] = []
    best: Good | None = None
    for good in goods:
        site = _site(good, sites)
        verdict = judged(good, search, sites)
        if best is not None and _line(site) != _line(_site(best, sites)):
            if _site(best, sites).kind == "read" or not _is_part(best, search):
                break
            if verdict == "here":
                return Chosen(best, False, (good,))
        elif verdict == "here":
            best = good if best is None or good.left < best.left else best
        elif best is None and verdict != "tainted":
            pending.append((good, verdict))
    if best is None:
        return _last(pending, sites)
    return _with(best, pending, search, sites)


def judged(good: Good, search: Search, sites: Sequence[Site]) -> Verdict:
    """What a mend's place says by itself."""
    site = _site(good, sites)
    if not search.sound(good.mend.key, good.event):
        return "tainted"
    holds = search.holds(good)
    wanted = [mend.form for mend in (good.mend, *good.others)]
    carried = any(form[2] == LATER or form[0].endswith("_next") for form in wanted)
    if not holds or (holds == (ZERO,) and (site.kind != "read" or carried)):
        return "here"
    name = _name(site)
    should = max((_like(name, form[0], site, sites) for form in wanted), default=0)
    own = max((_like(name, held, site, sites) for held in holds), default=0)
    if should == own:
        return "here" if _shifted(good, search) else "open"
    if site.kind == "read" and not site.assigned:
        return "before" if should > own else "behind"
    return "here" if should > own else "behind"


def _shifted(good: Good, search: Search) -> bool:
    """Whether it is the right quantity of another step."""
    forms = {mend.form[0] for mend in (good.mend, *good.others) if mend.form[2] == "own"}
    if good.mend.plan is None or good.step is None:
        return False
    return any(m.name in forms and m.step not in (None, good.step) for m in search.recogniser.matches(good.before))


def _is_part(good: Good, search: Search) -> bool:
    """Whether it holds what is a part of a sum: more may be added to it later."""
    return any(name.startswith("injected") or name.endswith("is carried") for name in search.holds(good))


def _like(name: str, quantity: str, site: Site, sites: Sequence[Site]) -> int:
    """How well a name fits; a part of a sum fits as well as the sum where more is added to the variable later."""
    found = likeness(name, quantity)
    if found and (quantity.startswith("injected") or quantity.endswith("is carried")):
        base = site.variable.partition("[")[0]
        found += any(
            one.kind == "result" and one.variable.partition("[")[0] == base and one.function == site.function
            for one in sites
        )
    return found


def _with(best: Good, pending: list[tuple[Good, Verdict]], search: Search, sites: Sequence[Site]) -> Chosen:
    """The culprit, where a later line shows what is wrong: what it reads may have been made wrong before."""
    site = _site(best, sites)
    line = _line(site)
    same = [(good, verdict) for good, verdict in pending if _line(_site(good, sites)) == line]
    earlier = [good for good, verdict in pending if _line(_site(good, sites)) != line]
    for good, verdict in same:
        if verdict == "before" and _site(good, sites).text != site.variable:
            given = [one for one in earlier if _equal(one.before, good.before)]
            return Chosen(given[-1], False) if given else Chosen(good, True)
    plain = any(map(_plain, search.holds(best)))
    inner = [one for one in earlier if _returns(one, best, sites, plain) and _equal(one.before, best.before)]
    if inner:
        return Chosen(inner[-1], False)
    missing = site.kind == "read" and not site.assigned and "[" not in site.text
    if plain:
        return Chosen(best, missing)
    alike = [good for good in earlier if good.left == best.left]
    equal = [good for good in alike if _site(good, sites).assigned]
    copies = [good for good in equal if _site(good, sites).kind == "read"]
    keyed = [good for good in alike if _site(good, sites).name]  # what is put under a key is assigned, too
    return Chosen(best, missing, tuple((copies or equal or keyed)[:1]))


def _plain(quantity: str) -> bool:
    """Whether a quantity has a name of its own, and is no product or sum, nor in another order."""
    return (
        " " not in quantity.removeprefix("injected ").removesuffix(" without what is carried").partition(" of step")[0]
    )


def _returns(one: Good, call: Good, sites: Sequence[Site], plain: bool) -> bool:
    """Whether a site is what a function returns to the line of a call; of a plain quantity, unchanged."""
    site, line = _site(one, sites), _site(call, sites)
    path = call.mend.key[1]
    deeper = one.mend.key[1][: len(path) + 1] == (*path, (line.file, line.line))
    return (site.kind == "read" or not plain) and site.assigned and deeper


def _last(pending: list[tuple[Good, Verdict]], sites: Sequence[Site]) -> Chosen | None:
    """Without any that is wrong by itself: one that may be."""
    for wanted in ("open", "behind", "before"):
        some = [good for good, verdict in pending if verdict == wanted]
        some = [good for good in some if _site(good, sites).assigned] or some
        if some:
            return Chosen(some[-1], wanted == "before", tuple(some[:-1][:1]))
    return None


def _site(good: Good, sites: Sequence[Site]) -> Site:
    return sites[good.mend.key[0]]


def _line(site: Site) -> tuple[str, int]:
    return site.file, site.statement


def _name(site: Site) -> str:
    """What says what a site holds: the variable that it is assigned to, or the name that is read."""
    if site.assigned:
        return site.variable
    return site.text if site.kind == "read" else site.name


def _equal(one: np.ndarray, other: np.ndarray) -> bool:
    return one.size == other.size and bool(np.allclose(one.ravel(), other.ravel(), rtol=1e-9, atol=0))
