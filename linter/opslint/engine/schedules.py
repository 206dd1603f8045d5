"""Times as Kubernetes objects write them: cron expressions and Go durations."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from opslint.model.patterns import regex

_UNITS: Final = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_DURATION: Final = regex(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_DAYS: Final = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
_EVERY: Final = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
# Lowest and highest value of each field, and the names it may use; 7 is no Sunday to robfig/cron.
_FIELDS: Final[tuple[tuple[int, int, tuple[str, ...]], ...]] = (
    (0, 59, ()),
    (0, 23, ()),
    (1, 31, ()),
    (1, 12, _MONTHS),
    (0, 6, _DAYS),
)
_WEEK: Final = 7 * 24 * 60  # minutes


def duration_seconds(text: str) -> float | None:
    """Return the seconds of a Go duration such as `1h30m` or `0`, None when it is none."""
    rest = text.strip()
    if rest in {"0", "-0", "+0"}:
        return 0.0
    sign = -1.0 if rest.startswith("-") else 1.0
    rest = rest.lstrip("+-") if rest[:1] in {"+", "-"} else rest
    total, at = 0.0, 0
    for match in _DURATION.finditer(rest):
        if match.start() != at:
            return None
        total += float(match[1]) * _UNITS[match[2]]
        at = match.end()
    return sign * total if rest and at == len(rest) else None


def cron_fields(text: str) -> tuple[frozenset[int], ...] | None:
    """Return the allowed minutes, hours, days of the month, months and days of the week (0: Sunday).

    The grammar is that of the standard parser of robfig/cron, which CronJob and Velero use: five fields, `TZ=` or
    `CRON_TZ=` in front, `@daily` and the like. None when the text is none of it; `@every` has no fields either.
    """
    words = text.split()
    if words and words[0].startswith(("TZ=", "CRON_TZ=")):
        words = words[1:]
    if len(words) == 1 and words[0] in _EVERY:
        words = _EVERY[words[0]].split()
    if len(words) != len(_FIELDS):
        return None
    found = []
    for word, (low, high, names) in zip(words, _FIELDS, strict=True):
        values = _values(word, low, high, names)
        if not values:
            return None
        found.append(values)
    return tuple(found)


def _values(field: str, low: int, high: int, names: tuple[str, ...]) -> frozenset[int] | None:
    found: set[int] = set()
    for part in field.split(","):
        span, slash, step_text = part.partition("/")
        step = int(step_text) if step_text.isascii() and step_text.isdigit() else 0 if slash else 1
        first, dash, last = span.partition("-")
        if first in {"*", "?"} and not dash:
            start, end = low, high
        else:
            begin = _value(first, low, names)
            stop = _value(last, low, names) if dash else (high if slash else begin)
            if begin is None or stop is None:
                return None
            start, end = begin, stop
        if step < 1 or start < low or end > high or start > end:
            return None
        found.update(range(start, end + 1, step))
    return frozenset(found)


def _value(text: str, low: int, names: tuple[str, ...]) -> int | None:
    lowered = text.lower()
    if lowered in names:
        return names.index(lowered) + low
    return int(text) if text.isascii() and text.isdigit() else None


@lru_cache(maxsize=1024)
def longest_gap_hours(text: str) -> float | None:
    """Return the longest time between two runs of a cron expression, in hours; None when it cannot be parsed.

    Days of the month and months are taken at their loosest: `0 2 1 * *` has a gap of 31 days, a field of months one
    of at least that.
    """
    every = text.strip()
    if every.startswith("@every "):
        seconds = duration_seconds(every.removeprefix("@every "))
        return seconds / 3600 if seconds is not None and seconds > 0 else None
    fields = cron_fields(text)
    if fields is None:
        return None
    minutes, hours, days, months, weekdays = fields
    clock = sorted(hour * 60 + minute for hour in hours for minute in minutes)
    all_days, all_weekdays = len(days) == 31, len(weekdays) == 7
    if len(months) < 12:
        return (1 + _widest(sorted(months), 12)) * 30 * 24.0 if len(months) > 1 else 365 * 24.0
    if all_days and all_weekdays:
        return _widest(clock, 24 * 60) / 60
    within = _widest([day * 24 * 60 + minute for day in sorted(weekdays) for minute in clock], _WEEK) / 60
    if all_days:
        return within
    monthly = _widest([day * 24 * 60 + minute for day in sorted(days) for minute in clock], 31 * 24 * 60) / 60
    # With both fields limited, cron runs on the days of either.
    return monthly if all_weekdays else min(within, monthly)


def _widest(moments: list[int], circle: int) -> int:
    """The widest step between neighbours on a circle."""
    return max(
        (later - earlier for earlier, later in zip(moments, [*moments[1:], moments[0] + circle], strict=True)),
        default=circle,
    )
