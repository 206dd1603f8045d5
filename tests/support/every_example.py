"""Every example of the rules' pages, every case, and the places within a value."""

from pathlib import Path

from opslint.engine.packs import load_packs
from opslint.testing import cases_of, examples_of

PACKS = load_packs()
RULES = {rule.id: rule for pack in PACKS for rule in pack.rules}
CASES = Path(__file__).parents[1] / "cases"


def examples():
    """Yield the examples of each page, then the cases."""
    for rule in RULES.values():
        yield from examples_of(rule)
    for path in sorted(CASES.glob("*.md")):
        yield from cases_of(path)


def paths(value, path=()):
    """Yield the path of everything in maps and lists."""
    entries = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, below in entries:
        yield (*path, key)
        yield from paths(below, (*path, key))
