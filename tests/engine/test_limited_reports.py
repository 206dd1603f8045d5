"""A report that is limited to some files says of them what the whole report says."""

from datetime import date
from pathlib import Path

import pytest

from opslint.engine.packs import load_packs
from opslint.engine.run import lint
from opslint.model.settings import Settings

SHOP = Path(__file__).resolve().parents[2] / "examples/myshop"
PACKS = load_packs()


def reported(paths):
    """Return the findings in files, with all that is said of each, its fix included."""
    settings = Settings(root=str(SHOP), preset="all", as_of=date(2026, 11, 22))
    report = lint([str(SHOP / path) for path in paths], settings, PACKS)
    return {
        (
            finding.location.source.path,
            finding.location.span,
            finding.rule_id,
            finding.message,
            finding.fix and (finding.fix.title, tuple((edit.path, edit.span, edit.text) for edit in finding.fix.edits)),
        )
        for finding in report.findings
    }


@pytest.fixture(scope="module")
def whole():
    return reported(["."])


FILES = sorted(
    path.relative_to(SHOP).as_posix()
    for folder in ("manifests", "charts/myshop-api")
    for path in (SHOP / folder).rglob("*")
    if path.suffix in {".yaml", ".tpl"}
)


@pytest.mark.parametrize("path", FILES)
def test_a_file_alone_has_the_fixes_of_the_whole_report(whole, path):
    said = {one[:4] for one in whole}
    # What is not seen for the files that are not read is said otherwise; what is said as well has the same fix.
    assert {one for one in reported([path]) if one[:4] in said} - whole == set()


def test_they_have_fixes(whole):
    assert sum(one[4] is not None for one in whole) > 50
