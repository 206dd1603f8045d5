"""Sphinx makes the site from this folder; `make docs` runs it, warnings (broken links too) are errors there."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sphinx.application import Sphinx

project = "opslint"
author = "The opslint authors"
copyright = "The opslint authors, Apache-2.0"  # noqa: A001 - Sphinx' name
extensions = ["myst_parser"]
exclude_patterns = ["*.py"]
html_theme = "furo"
html_title = "opslint"
html_baseurl = "https://opslint.dev/"
html_theme_options = {
    "source_repository": "https://github.com/opslint/opslint/",
    "source_branch": "main",
    "source_directory": "docs/",
}
html_copy_source = False
myst_heading_anchors = 3
myst_enable_extensions = ["colon_fence"]
highlight_language = "none"
linkcheck_ignore = [r"https://opslint\.dev/.*"]


def list_rules(_: Sphinx, name: str, source: list[str]) -> None:
    """Put the pages of the rules below their overview, which is read on GitHub too and so cannot say it in MyST."""
    if name == "rules/README":
        source[0] += "\n```{toctree}\n:hidden:\n:glob:\n\n*\n```\n"


def setup(app: Sphinx) -> None:
    """Connect the above."""
    app.connect("source-read", list_rules)
