"""`.helmignore`, with Helm's own meaning (which is not git's)."""

from __future__ import annotations

import re

from opslint.model.records import dataclass


@dataclass(frozen=True, slots=True)
class _Rule:
    pattern: re.Pattern[str]
    whole: bool
    negate: bool
    directories: bool

    def matches(self, path: str) -> bool:
        return self.pattern.fullmatch(path if self.whole else path.rpartition("/")[2]) is not None


class HelmIgnore:
    """The rules of one `.helmignore`, and Helm's default one (hidden files under templates/)."""

    def __init__(self, text: str = "") -> None:
        rules = [_rule(line.strip()) for line in text.splitlines()]
        rules.append(_rule("templates/.?*"))
        self._rules = [rule for rule in rules if rule is not None]

    def ignores(self, path: str, *, directory: bool) -> bool:
        """Return True when Helm would not read this path (relative to the chart, with `/`)."""
        for rule in self._rules:
            if rule.negate:
                # Helm's reading of `!x`: everything that x does not match is ignored.
                if (rule.directories and not directory) or not rule.matches(path):
                    return True
            elif (not rule.directories or directory) and rule.matches(path):
                return True
        return False


def _rule(line: str) -> _Rule | None:
    if not line or line.startswith("#") or "**" in line:
        return None  # Helm refuses `**`; a rule it cannot read must not hide templates here
    negate = line.startswith("!")
    line = line[1:] if negate else line
    directories = line.endswith("/")
    line = line[:-1] if directories else line
    whole = "/" in line
    pattern = _glob(line.removeprefix("/"))
    return _Rule(pattern, whole, negate, directories) if pattern else None


def _glob(glob: str) -> re.Pattern[str] | None:
    """Translate Go's filepath.Match pattern: no `*` across a slash; None when it does not parse."""
    out: list[str] = []
    i = 0
    while i < len(glob):
        char = glob[i]
        close = glob.find("]", i + 2) if char == "[" else -1
        if char == "[" and close < 0:
            return None
        if char == "*":
            out.append("[^/]*")
        elif char == "?":
            out.append("[^/]")
        elif close > 0:
            inner = glob[i + 1 : close].replace("\\", "\\\\").replace("[", "\\[")
            out.append(f"[{inner}]")
            i = close
        elif char == "\\" and i + 1 < len(glob):
            i += 1
            out.append(re.escape(glob[i]))
        else:
            out.append(re.escape(char))
        i += 1
    try:
        return re.compile("".join(out), re.DOTALL)
    except re.error:
        return None
