"""What is to be said about a template whose places are not known by the line."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.read.helm.markers import holds_markers
from opslint.read.helm.problems import in_words

if TYPE_CHECKING:
    from opslint.read.helm.fitting import Fit, Fitting

_BY_FILE: Final = "findings in what it renders name the template but not its line:"
_SHOWN: Final = 3


def unmapped(fitting: Fitting, name: str, text: str) -> str:
    """Return why a rendered template has no map."""
    found = fitting.chart.resolve(name)
    path = found[0] if found is not None else ""
    source = fitting.chart.files.get(path, b"").decode("utf-8", "replace")
    if holds_markers(text) or holds_markers(source):
        return f"{_BY_FILE} it holds private-use characters that opslint marks lines with (U+E0F0 to U+E10F)"
    if path not in fitting.templates.files:
        return f"{_BY_FILE} it is not UTF-8"
    why = fitting.markers.why
    words = f" ({in_words(why)})" if why is not None else ""
    return f"{_BY_FILE} it does not render with marked lines{words}"


def coarse(fit: Fit, text: str) -> str:
    """Return which places of a mapped template are known by their surroundings only, "" for none."""
    said: list[str] = []
    if not fit.alignment.whole:
        lines = text.split("\n")
        unknown = sum(1 for line, at in zip(lines, fit.alignment.lines, strict=True) if at is None and line.strip())
        if unknown:
            said.append(f"{unknown} of its lines stand at the nearest known line: each rendering prints others")
    names = _helpers(fit)
    if names:
        shown = ", ".join(names[:_SHOWN]) + (" …" if len(names) > _SHOWN else "")
        said.append(f"text from {shown} is placed at the line that calls the helper")
    return "; ".join(said)


def _helpers(fit: Fit) -> list[str]:
    """Return the helpers that printed several lines as they are, yet without markers of their own.

    Text that a function made of a helper's (`fromYaml | toYaml`, `merge`) comes from the line of the action.
    """
    stripped, found = fit.stripped, {}
    for index, number in enumerate(stripped.numbers):
        mark = fit.marks[number]
        if mark.token is not None and mark.calls.plain:
            piece = stripped.text[stripped.starts[index] : stripped.end(index)]
            if "\n" in piece.strip():
                found[mark.calls.plain] = True
    return sorted(found)
