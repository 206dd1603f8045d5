"""Writes docs/rules/*.md and the rules' index from the rules themselves; `--check` fails when they are stale."""

from __future__ import annotations

import sys
from pathlib import Path

import opslint_rules
from opslint.engine.docs import page_markdown
from opslint.engine.index import NAME, make_index
from opslint.engine.packs import collect

RULES = Path(__file__).parent / "rules"
PACK = Path(opslint_rules.__path__[0])


def pages() -> dict[Path, str]:
    """Return the text of every generated file by its path."""
    rules = collect("opslint", opslint_rules, indexed=False).rules
    rows = ["# Rules", "", "| rule | area | severity | preset | applies to | fix |", "|---|---|---|---|---|---|"]
    found = {PACK / NAME: make_index(rules, str(PACK))}
    for rule in rules:
        head = f"`{rule.area}` · {rule.severity} · {rule.preset} · {rule.applies_to} · fix: {rule.fixable}"
        found[RULES / f"{rule.id}.md"] = f"# {rule.id}\n\n{head}\n\n{page_markdown(rule)}"
    for rule in sorted(rules, key=lambda rule: (rule.area, rule.id)):
        link = f"[{rule.id}]({rule.id}.md)"
        rows.append(f"| {link} | {rule.area} | {rule.severity} | {rule.preset} | {rule.applies_to} | {rule.fixable} |")
    found[RULES / "README.md"] = "\n".join(rows) + "\n"
    return found


def main() -> int:
    """Write the pages, or compare them."""
    wanted = pages()
    present = [path for path in (*RULES.glob("*.md"), PACK / NAME) if path.exists()]
    have = {path: path.read_text(encoding="utf-8") for path in present}
    stale = sorted(path for path in wanted.keys() | have.keys() if wanted.get(path) != have.get(path))
    if "--check" in sys.argv:
        if stale:
            names = ", ".join(path.name for path in stale)
            sys.stderr.write(f"stale: {names}: run `make docs`\n")
        return 1 if stale else 0
    RULES.mkdir(exist_ok=True)
    for path in stale:
        if path in wanted:
            path.write_text(wanted[path], encoding="utf-8")
        else:
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
