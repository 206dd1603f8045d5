"""Writes docs/rules/*.md from the rules' own pages; `--check` fails when they are stale."""

from __future__ import annotations

import sys
from pathlib import Path

from opslint.engine.docs import page_markdown
from opslint.engine.packs import load_packs

RULES = Path(__file__).parent / "rules"


def pages() -> dict[str, str]:
    """Return the text of every page by its file name."""
    rules = [rule for pack in load_packs() for rule in pack.rules]
    rows = ["# Rules", "", "| rule | area | severity | preset | applies to | fix |", "|---|---|---|---|---|---|"]
    found = {}
    for rule in rules:
        head = f"`{rule.area}` · {rule.severity} · {rule.preset} · {rule.applies_to} · fix: {rule.fixable}"
        found[f"{rule.id}.md"] = f"# {rule.id}\n\n{head}\n\n{page_markdown(rule)}"
    for rule in sorted(rules, key=lambda rule: (rule.area, rule.id)):
        link = f"[{rule.id}]({rule.id}.md)"
        rows.append(f"| {link} | {rule.area} | {rule.severity} | {rule.preset} | {rule.applies_to} | {rule.fixable} |")
    found["README.md"] = "\n".join(rows) + "\n"
    return found


def main() -> int:
    """Write the pages, or compare them."""
    wanted = pages()
    have = {path.name: path.read_text(encoding="utf-8") for path in RULES.glob("*.md")} if RULES.is_dir() else {}
    if "--check" in sys.argv:
        stale = sorted(name for name in wanted.keys() | have.keys() if wanted.get(name) != have.get(name))
        if stale:
            sys.stderr.write(f"docs/rules is stale ({', '.join(stale)}): run `make docs`\n")
        return 1 if stale else 0
    RULES.mkdir(exist_ok=True)
    for name in have.keys() - wanted.keys():
        (RULES / name).unlink()
    for name, text in wanted.items():
        (RULES / name).write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
