"""What the files say about findings to hide: comments of ours, read into marks."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Final

from opslint.model.patterns import regex
from opslint.model.records import dataclass, field
from opslint.model.source import Location, Span

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.node import Node
    from opslint.model.source import Source

# `# opslint: ignore[a, b] reason until 2027-01-31`; in templates also {{/* opslint: … */}}; in HCL also // and /* */.
_COMMENT: Final = regex(
    r"(?P<open>\{\{-?\s*)?(?P<mark>#|//|/\*)(?:(?<=\*)\s*|[- \t]*)opslint:[ \t]*(?P<what>[\w-]+)[ \t]*"
    r"(?P<list>\[(?P<rules>[^\]\n]*)\])?(?P<rest>[^\n]*)"
)
_UNTIL: Final = regex(r"\buntil\s+(\d{4}-\d{2}-\d{2})\s*$")
_NEXT: Final = regex(r"[ \t]#[ \t]")  # where another comment begins on the line
_DIRECTIVES: Final = ("ignore", "ignore-file")


@dataclass(slots=True, eq=False)
class Mark:
    """One suppression.

    `kind` is comment, annotation, configuration or foreign. `scope` is line (its own line, the one below when it stands
    `alone`, and a resource that begins there), file, or block (the resource around it). `used` holds the names that
    silenced something.
    """

    kind: str
    at: Node | Location | None  # None: written in no file
    names: tuple[str, ...]  # none: every rule; of a foreign one `tool:check`
    reason: str = ""
    until: date | None = None
    wrong: str = ""
    scope: str = "line"
    line: int = 0
    alone: bool = False
    removal: Location | None = None
    used: set[str] = field(default_factory=set)

    def holds(self, on: date) -> bool:
        """False when it has expired, or is not understood."""
        return not self.wrong and (self.until is None or self.until >= on)


def split_until(text: str) -> tuple[str, date | None, str]:
    """Return a reason without its `until` date, the date, and what is wrong with the date ("" when nothing is)."""
    found = _UNTIL.search(text)
    if found is None:
        return text.strip(), None, ""
    reason = text[: found.start()].strip().rstrip("(,;").strip()
    try:
        return reason, date.fromisoformat(found[1]), ""
    except ValueError:
        return reason, None, f"{found[1]} is no day of the calendar"


def split_names(text: str) -> tuple[str, ...]:
    """Return the names of a list with commas between."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def comments(source: Source) -> Iterator[Mark]:
    """Yield the suppression comments of a text."""
    if "opslint:" not in source.text:
        return
    for match in _COMMENT.finditer(source.text):
        what = match["what"]
        wrong = ""
        if what not in _DIRECTIVES:
            near = _near(what)
            if not near and not match["list"]:
                continue  # a sentence that begins with our name
            wrong = f'"opslint: {what}" is not understood' + (f', did you mean "{near}"?' if near else "")
        rest = match["rest"]
        closed = _closing(source.text, match.start("rest")) if match["mark"] == "/*" else -1
        start, end = match.start(), match.end()
        if closed >= 0:
            said = " ".join(source.text[match.start("rest") : match.start("rest") + closed].split())
        else:
            said = _NEXT.split(rest, maxsplit=1)[0]
            end = match.start("rest") + len(said)
        reason, until, bad_day = split_until(said.strip().rstrip("-").strip())
        if closed >= 0:
            end = match.start("rest") + closed + 2
            tail = source.text[end : end + 8].lstrip(" \t")
            for close in ("-}}", "}}"):
                if match["open"] and tail.startswith(close):
                    end = source.text.index("}}", end) + 2
                    break
        line, column = source.position(start)
        alone = not source.line(line)[: column - 1].strip()
        span = Span(line, column, *source.position(start + len(source.text[start:end].rstrip())))
        yield Mark(
            "comment",
            Location(source, span),
            split_names(match["rules"] or ""),
            reason,
            until,
            wrong or bad_day,
            "file" if what == "ignore-file" else "line",
            span.end_line,
            alone,
            _removal(source, span, alone=alone),
        )


def _closing(text: str, start: int) -> int:
    """Return how far behind `start` a comment ends, -1 when nothing closes it; it may hold several lines."""
    end = text.find("*/", start)
    return end - start if end >= 0 else -1


def _near(word: str) -> str:
    from difflib import get_close_matches

    if word.replace("_", "-") in {"disable", "skip", "suppress", "noqa", "allow"}:
        return "ignore"
    return next(iter(get_close_matches(word.replace("_", "-"), _DIRECTIVES, n=1, cutoff=0.7)), "")


def _removal(source: Source, span: Span, *, alone: bool) -> Location:
    """The comment with its line when nothing else stands there, else with the blanks before it."""
    after = source.line(span.end_line)[span.end_column - 1 :]
    if alone and not after.strip() and span.end_line < source.line_count:
        return Location(source, Span(span.line, 1, span.end_line + 1, 1))
    start = len(source.line(span.line)[: span.column - 1].rstrip())
    return Location(source, Span(span.line, start + 1, span.end_line, span.end_column))
