"""Writes what the documentation and the rules' index repeat from the code; `--check` fails when it is stale.

These are docs/rules/*.md and the index from the rules, the generated blocks of the other pages, and the pictures.
"""

from __future__ import annotations

import sys
from pathlib import Path

from reference import BLOCK, fill
from screenshots import SHOTS, draw

import opslint_rules
from opslint.engine.docs import page_markdown
from opslint.engine.index import NAME, make_index
from opslint.engine.packs import collect

DOCS = Path(__file__).parent
RULES = DOCS / "rules"
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
    for path in sorted(DOCS.glob("*/*.md")):
        text = path.read_text(encoding="utf-8")
        if path.parent != RULES and BLOCK.search(text):
            found[path] = fill(text, rules)
    found |= {DOCS / "images" / f"{name}.svg": draw(name) for name in SHOTS}
    return found


def main() -> int:
    """Write the pages, or compare them."""
    wanted = pages()
    present = {*RULES.glob("*.md"), *(path for path in wanted if path.exists())}
    have = {path: path.read_text(encoding="utf-8") for path in present}
    stale = sorted(path for path in wanted.keys() | have.keys() if wanted.get(path) != have.get(path))
    if "--check" in sys.argv:
        if stale:
            names = ", ".join(path.name for path in stale)
            sys.stderr.write(f"stale: {names}: run `make docs`\n")
        return 1 if stale else 0
    for folder in (RULES, DOCS / "images"):
        folder.mkdir(exist_ok=True)
    for path in stale:
        if path in wanted:
            path.write_text(wanted[path], encoding="utf-8")
        else:
            path.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main())
