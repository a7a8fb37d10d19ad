"""Whether what an expression reads is right: where it is not, something is wrong before it."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from harness.diagnosis.lines.recognised import Recogniser
from harness.diagnosis.lines.sites import Site
from harness.diagnosis.lines.trial import Key, Seen
from harness.diagnosis.lines.watch import Path


class Soundness:
    """Of the values of one recorded run."""

    def __init__(self, seen: Seen, sites: Sequence[Site], recogniser: Recogniser) -> None:
        self._seen, self._sites, self._recogniser = seen, sites, recogniser
        self._sound: dict[tuple[Key, int], bool] = {}
        self._ways: dict[int, list[Path]] = {}
        for number, path in seen.at:
            self._ways.setdefault(number, []).append(path)

    def sound(self, key: Key, event: int) -> bool:
        """Whether all that a site's expression reads are right quantities at a visit; of what is read, it itself.

        Where they are not, something is wrong before it.
        """
        if (key, event) not in self._sound:
            self._sound[key, event] = self._is_sound(key, event)
        return self._sound[key, event]

    def _is_sound(self, key: Key, event: int) -> bool:
        site = self._sites[key[0]]
        if site.kind in ("read", "base") and (self.known(event) or not site.leaves):
            return self.known(event)
        for leaf in site.leaves:
            last = self._before(leaf, key[1], event)
            if last is not None and not self.known(last):
                one = self._seen.events[last]
                if self._sites[leaf].kind != "read" or not self.sound((leaf, one.path), last):
                    return False
        return not self._wrong_inside(key, event)

    def known(self, event: int) -> bool:
        """Whether a value is a right quantity."""
        return bool(self._recogniser.matches(self._seen.events[event].value))

    def _before(self, site: int, path: Path, event: int) -> int | None:
        """The last visit of a site before an event, by a path or from within it, as comprehensions are."""
        found = None
        for way in self._ways.get(site, []):
            if way[: len(path)] == path:
                visits = self._seen.at[site, way]
                at = bisect_left(visits, event)
                if at and (found is None or visits[at - 1] > found):
                    found = visits[at - 1]
        return found

    def _wrong_inside(self, key: Key, event: int) -> bool:
        """Whether a function that the expression calls makes what is none of right quantities."""
        site, path = self._sites[key[0]], key[1]
        inner = (*path, (site.file, site.line))
        number = event - 1
        events = self._seen.events
        while number >= 0 and len(events[number].path) > len(path) and events[number].path[: len(inner)] == inner:
            one = events[number]
            made = self._sites[one.site].kind == "value" and not self.known(number)
            if made and self.sound((one.site, one.path), number):
                return True
            number -= 1
        return False
