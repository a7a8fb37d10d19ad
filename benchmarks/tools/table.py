"""The results as Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from benchmarks.tools import cases, ours
from benchmarks.tools.benchmark import BEST, LARGE
from benchmarks.tools.results import Classic, Count, Entry, Results, Row, Speed
from benchmarks.tools.tools import TOOLS
from harness.case import DTYPES


def markdown(results: Results) -> str:
    """Everything, from the planted faults to the known weaknesses."""
    return "\n".join(_lines(results)).rstrip() + "\n"


def _lines(results: Results) -> Iterator[str]:
    yield from _faults(results)
    yield from _settings(results)
    yield from _speeds(results)
    for classic in results.classics:
        yield from _classic(classic)
    yield from _alarming(results.rows)
    yield from _made(results)


def _faults(results: Results) -> Iterator[str]:
    sampled = " evenly sampled" if results.sampled else ""
    sizes = ", ".join(f"{axis}={size}" for axis, size in cases.SIZES.items())
    yield (
        f"{results.shows.of:,}{sampled} classes of planted faults and {results.weak_shows.of:,} weak ones, which hardly"
        f" show. Every tool but the last judges the same case, the default one at {sizes}, in the default model where"
        " that shows the fault and else in the first that does; no check of that case alone can catch more than the"
        " first row. The last judges its default case and companions. Sound cases are both cells with every loss and"
        f" weights around {', '.join(f'{scale:g}' for scale in cases.SCALES)}, from"
        f" {len(cases.JUDGED_SEEDS)} seeds. Time is the median of one judgement in float64."
    )
    yield ""
    headings = (
        "tool",
        "settings",
        *_twice("caught, {}"),
        *_twice("weak caught, {}"),
        *_twice("false alarms, {}"),
        "ms",
    )
    yield from _table(headings, 2, [_bound(results), *map(_row, results.rows)])


def _twice(words: str) -> list[str]:
    return [words.format(dtype) for dtype in reversed(DTYPES)]


def _bound(results: Results) -> list[str]:
    shown = [percent(count) for count in (results.shows, results.weak_shows) for _ in DTYPES]
    return ["(faults that change a gradient of the case)", "", *shown, "", "", ""]


def _row(row: Row) -> list[str]:
    shares = [_shown(percent, counts) for counts in (row.caught, row.weak)]
    seconds = "" if row.seconds is None else f"{row.seconds * 1e3:.3g}"
    return [row.entry.tool, row.entry.called, *shares[0], *shares[1], *_shown(count_of, row.alarms), seconds]


def _shown(words: object, counts: Mapping[str, Count]) -> list[str]:
    assert callable(words)
    return [str(words(counts[dtype])) if dtype in counts else "none fits" for dtype in reversed(DTYPES)]


def percent(count: Count) -> str:
    """A share that is 100 % only where it is all, and 0 % only where it is none."""
    if count.some in (0, count.of):
        return "100 %" if count.some else "0 %"
    return f"{min(max(100 * count.some / count.of, 0.1), 99.9):.1f} %"


def count_of(count: Count) -> str:
    """So many of so many."""
    return f"{count.some} of {count.of}"


def _settings(results: Results) -> Iterator[str]:
    yield (
        f"{BEST.capitalize()}, a tool has, of many steps and tolerances, those that catch the most of"
        f" {results.calibration.some} planted faults, half of them weak, and alarm on none of {results.calibration.of}"
        " sound cases per dtype; the table has none of those cases. Tools and settings:"
    )
    yield ""
    for tool in TOOLS.values():
        settings = [_words(row.entry) for row in results.rows if row.entry.tool == tool.name]
        if settings:
            yield f"- {tool.name} is {tool.about}. {'. '.join(settings)}."
    yield (
        f"- {ours.DEFAULT} is the judgement of `harness.compare(references=())`, which has no settings; without"
        " companions it is that of `alone=True`."
    )
    yield ""


def _words(entry: Entry) -> str:
    each = {dtype: entry.settings[dtype].words() for dtype in reversed(DTYPES) if dtype in entry.settings}
    if entry.called == BEST:
        parts = [f"{dtype} {each.get(dtype, 'alarms at every setting')}" for dtype in reversed(DTYPES)]
        return f"{BEST.capitalize()}: {'; '.join(parts)}"
    words = each["float64"] or "eps 1e-4, both tolerances 1e-5 in float64 and 2e-3 in float32"
    return f"{entry.called.capitalize()}: {words}"


def _speeds(results: Results) -> Iterator[str]:
    sizes = ", ".join(f"{axis}={size}" for axis, size in LARGE.sizes.items() if axis != "K")
    own = next((speed for speed in results.speeds if speed.entry.tool == ours.DEFAULT), None)
    yield from ("**The time of one verdict**", "")
    yield (
        f"An LSTM of {_parameters():,} parameters ({sizes}, loss `cotangent`, no readout, two biases, float64), the"
        f" gradient of all {results.numbers:,} entries of parameters, input and initial states: median seconds in a"
        " warm process, one thread, each tool in a process of its own, taking turns, every time on a case of a fresh"
        " seed."
    )
    yield ""
    rows = [_speed(speed, own) for speed in results.speeds]
    yield from _table(("tool", "settings", "s", "repeats", "÷ handgrad", "accepts the sound gradient"), 2, rows)
    if own:
        yield (
            f"handgrad's time includes its companion cases. Their truths and budgets are made once per process, by the"
            f" first judgement: that of a small case took {own.first:.2g} s."
        )
        yield ""


def _speed(speed: Speed, own: Speed | None) -> list[str]:
    ratio = f"{speed.seconds / own.seconds:.3g}" if own else ""
    repeats = str(speed.repeats)
    accepted = f"{speed.accepted} of {speed.repeats}"
    return [speed.entry.tool, speed.entry.called, f"{speed.seconds:.3g}", repeats, ratio, accepted]


def _parameters() -> int:
    shapes = LARGE.model.shapes(LARGE.sizes)
    parameters = [shape for name, shape in shapes.items() if name.startswith(("W_", "b_"))]
    return sum(shape[0] * (shape[1] if len(shape) > 1 else 1) for shape in parameters)


def _classic(classic: Classic) -> Iterator[str]:
    yield from (f"**{classic.title}**", "", classic.setup, "")
    yield from _table(classic.header, 1, classic.rows)


def _alarming(rows: Sequence[Row]) -> Iterator[str]:
    none = Count(0, 0)
    loud = [row for row in rows if row.entry.called not in ("", BEST) and row.alarms.get("float32", none).some]
    if loud:
        each = [f"{row.entry.tool} ({row.entry.called}) on {count_of(row.alarms['float32'])}" for row in loud]
        yield from ("**In 32 bits, sound gradients are called wrong**", "")
        yield (
            f"At the tools' own settings, false alarms on sound float32 gradients: {', '.join(each)}. What is"
            " cast to float64 for the check is judged as in the columns of float64; its arithmetic in 32 bits is not."
        )
        yield ""


def _made(results: Results) -> Iterator[str]:
    versions = ", ".join(f"{name} {version}" for name, version in results.versions.items())
    yield (
        f"Made by `{results.command}` on {results.created[:10]} in {results.seconds / 60:.0f} minutes on"
        f" {results.machine}; {versions}."
    )


def _table(headings: Sequence[str], texts: int, rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table whose first columns are texts, and the others numbers."""
    yield f"| {' | '.join(headings)} |"
    yield f"| {' | '.join('---' if k < texts else '---:' for k in range(len(headings)))} |"
    for row in rows:
        yield f"| {' | '.join(row)} |"
    yield ""
