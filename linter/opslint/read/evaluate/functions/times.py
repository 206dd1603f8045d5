"""Functions of points in time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import Final

from opslint.model.patterns import regex
from opslint.read.evaluate.functions.signature import Function
from opslint.read.evaluate.values import EvalError, Value, to_text

_STAMP = regex(r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.\d+)?(?:Z|([+-])(\d\d):(\d\d))", re.ASCII)
_DURATION = regex(r"(\d+(?:\.\d+)?)(h|ms|us|µs|ns|m|s)", re.ASCII)
_SECONDS: Final = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_TOKEN = regex(r"'((?:[^']|'')*)'|([A-Za-z])\2*|[^A-Za-z']+")
_DAYS: Final = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_MONTHS: Final = (
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
)


def _moment(value: Value) -> datetime:
    match = _STAMP.fullmatch(to_text(value))
    if match is None:
        raise EvalError("not a timestamp of RFC 3339")
    offset = timedelta()
    if match[7]:
        offset = timedelta(hours=int(match[8]), minutes=int(match[9])) * (-1 if match[7] == "-" else 1)
    return datetime(*(int(match[group]) for group in range(1, 7)), tzinfo=timezone(offset))  # type: ignore[arg-type, misc]


def _zone(moment: datetime, *, colon: bool, letter: bool) -> str:
    minutes = int((moment.utcoffset() or timedelta()).total_seconds()) // 60
    if letter and not minutes:
        return "Z"
    sign, minutes = ("-", -minutes) if minutes < 0 else ("+", minutes)
    return f"{sign}{minutes // 60:02}{':' if colon else ''}{minutes % 60:02}"


def _written(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0") + _zone(moment, colon=True, letter=True)


def _add(stamp: Value, duration: Value) -> str:
    text = to_text(duration)
    sign = -1 if text.startswith("-") else 1
    rest = text.lstrip("+-")
    pieces = _DURATION.findall(rest)
    if rest != "0" and (not pieces or "".join(amount + unit for amount, unit in pieces) != rest):
        raise EvalError("not a duration")
    seconds = sum(float(amount) * _SECONDS[unit] for amount, unit in pieces)
    return _written(_moment(stamp) + timedelta(seconds=sign * seconds))


def _compare(left: Value, right: Value) -> int:
    a, b = _moment(left), _moment(right)
    return int(a > b) - int(a < b)


def _format(pattern: Value, stamp: Value) -> str:
    moment, out, position = _moment(stamp), [], 0
    text = to_text(pattern)
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise EvalError("a quote has no end")
        position = match.end()
        if match[1] is not None:
            out.append(match[1].replace("''", "'"))
        elif match[2] is None:
            out.append(match[0])
        else:
            out.append(_token(match[0], moment))
    return "".join(out)


def _token(token: str, moment: datetime) -> str:
    day, month = _DAYS[moment.weekday()], _MONTHS[moment.month - 1]
    known = {
        "YYYY": f"{moment.year:04}",
        "YY": f"{moment.year % 100:02}",
        "MMMM": month,
        "MMM": month[:3],
        "MM": f"{moment.month:02}",
        "M": str(moment.month),
        "DD": f"{moment.day:02}",
        "D": str(moment.day),
        "EEEE": day,
        "EEE": day[:3],
        "hh": f"{moment.hour:02}",
        "h": str(moment.hour),
        "HH": f"{(moment.hour + 11) % 12 + 1:02}",
        "H": str((moment.hour + 11) % 12 + 1),
        "AA": "AM" if moment.hour < 12 else "PM",
        "aa": "am" if moment.hour < 12 else "pm",
        "mm": f"{moment.minute:02}",
        "m": str(moment.minute),
        "ss": f"{moment.second:02}",
        "s": str(moment.second),
        "ZZZZZ": _zone(moment, colon=True, letter=False),
        "ZZZZ": _zone(moment, colon=False, letter=False),
        "Z": _zone(moment, colon=True, letter=True),
    }
    if token == "ZZZ":  # noqa: S105 - a format letter
        return "UTC" if known["Z"] == "Z" else known["ZZZZ"]
    if token not in known:
        raise EvalError(f"unknown letters {token}")
    return known[token]


TABLE: Final[dict[str, Function]] = {
    "formatdate": Function(_format),
    "timeadd": Function(_add),
    "timecmp": Function(_compare),
}
