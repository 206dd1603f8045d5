"""Write the data files in the house format: one row a line, no spaces, so that a diff shows rows.

Run it after editing a file by hand: ``python schemas/build/format_data.py``. It changes layout only.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PACKAGE = Path(__file__).resolve().parent.parent / "opslint_schemas"
DATA_FOLDERS = ("kubernetes", "crds", "aws", "benchmarks")

# Sections whose rows sit one level deeper, under a group/version, a component or an engine.
NESTED = frozenset({"apis", "controls", "crds", "majors", "ranges"})


def formatted(data: dict[str, Any]) -> str:
    """Return the text of a data file: sections in the given order, one row a line."""
    sections = (f"{json.dumps(name)}:{_section(name, value)}" for name, value in data.items())
    return "{\n" + ",\n".join(sections) + "\n}\n"


def _section(name: str, value: Any) -> str:
    return _opened(value, 2 if name in NESTED else 1)


def _opened(value: Any, depth: int) -> str:
    if depth == 0 or not isinstance(value, dict | list) or not value:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if isinstance(value, list):
        return "[\n" + ",\n".join(_opened(item, depth - 1) for item in value) + "\n]"
    items = (f"{json.dumps(key)}:{_opened(item, depth - 1)}" for key, item in value.items())
    return "{\n" + ",\n".join(items) + "\n}"


def main() -> None:
    """Rewrite every data file of the package."""
    for folder in DATA_FOLDERS:
        for path in sorted((PACKAGE / folder).glob("*.json")):
            text = formatted(json.loads(path.read_text(encoding="utf-8")))
            path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
