"""The baseline file: what it hides, how it survives edits, and what is said of a file that cannot be used."""

import json

import pytest

from opslint.api import STRICT, Problem, Severity, rule, workload
from opslint.engine.baseline import BaselineError, Entry, baseline_text, read_baseline, write_baseline
from opslint.engine.packs import load_packs


@rule(each=workload(), severity=Severity.LOW, preset=STRICT)
def some_rule(item, project):
    """More than two."""
    if item.spec["replicas"].number > 2:
        yield Problem("here", item.spec["replicas"])


UNUSED = next(one for pack in load_packs() for one in pack.rules if one.id == "unused-suppression")
FILE = "base.json"
TEXT = "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}}}\nspec:\n  replicas: {replicas}\n"


def kube(*names, replicas=3):
    return "---\n".join(TEXT.format(name=name, replicas=replicas) for name in names)


@pytest.fixture
def with_baseline(lint_files, tmp_path):
    """Lint once for the baseline, then again with it: `with_baseline(before, after) -> Report`."""

    def run(before, after, rules=(some_rule,), **settings):
        first = lint_files({"k/a.yaml": before}, rules)
        write_baseline(tmp_path, FILE, [Entry.of(finding) for finding in first.findings])
        return lint_files({"k/a.yaml": after}, rules, baseline=FILE, **settings)

    return run


def test_what_is_known_is_hidden_and_counted(with_baseline):
    report = with_baseline(kube("a", "b"), kube("a", "b", "c"))
    assert [one.resource.name for one in report.findings] == ["c"]
    assert report.hidden.baseline == 2
    assert report.hidden.suppressed == 0
    assert [one.suppressed.kind for one in report.suppressed] == ["baseline", "baseline"]


@pytest.mark.parametrize(
    ("after", "new"),
    [
        ("# a comment\n\n" + kube("a", "b"), []),
        (kube("b", "a"), []),
        (kube("a", "b", replicas=7), []),
        (kube("a", "other"), ["other"]),
    ],
)
def test_it_survives_edits_but_not_another_resource(with_baseline, after, new):
    assert [one.resource.name for one in with_baseline(kube("a", "b"), after).findings] == new


def test_a_comment_goes_before_the_baseline(with_baseline):
    marked = kube("a").replace("replicas: 3", "replicas: 3 # opslint: ignore[some-rule]")
    report = with_baseline(kube("a"), marked, rules=(some_rule, UNUSED))
    assert (report.findings, report.hidden.baseline, report.hidden.suppressed) == ((), 0, 1)


def test_entries_that_match_nothing_are_one_finding_at_the_first(with_baseline):
    report = with_baseline(kube("a", "b", "c"), kube("b"), rules=(some_rule, UNUSED))
    [finding] = report.findings
    assert finding.rule_id == "unused-suppression"
    assert finding.message.startswith("2 entries of the baseline match nothing any more")
    assert finding.location.source.path == FILE
    assert '"Deployment/a"' in finding.location.text
    assert report.hidden.baseline == 1


def test_nothing_is_said_of_entries_when_a_part_was_linted(with_baseline):
    for settings in ({"paths": ("k",)}, {"paths": ("k/a.yaml",)}, {"env": ("prod",)}):
        assert with_baseline(kube("a", "b"), kube("b"), rules=(some_rule, UNUSED), **settings).findings == ()


def test_the_file_is_sorted_versioned_and_one_finding_a_line(tmp_path):
    entries = [
        Entry("b", "r", "x", "3"),
        Entry("a", "s", "x", "2"),
        Entry("a", "r", "x", "1"),
        Entry("a", "r", "x", "1"),
    ]
    text = baseline_text(entries)
    content = json.loads(text)
    assert content["version"] == 1
    assert [one["fingerprint"] for one in content["findings"]] == ["1", "2", "3"]
    assert len(text.splitlines()) == 8
    write_baseline(tmp_path, FILE, entries)
    assert set(read_baseline(tmp_path, FILE).entries) == set(entries)
    assert json.loads(baseline_text([])) == {"version": 1, "findings": []}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"version": 2, "findings": []}', "base.json: was written by a newer opslint (version 2 of the file, 1 is known here): update opslint"),
        ("{", "base.json:1:2: is not JSON"),
        ("[]", "base.json: is no baseline of opslint"),
        ('{"version": 1}', "base.json: is no baseline of opslint"),
        ('{"version": 1, "findings": [{}]}', "base.json: is no baseline of opslint"),
        (None, "base.json: there is no such baseline"),
        (b"\xff", "base.json: is not UTF-8 text; mend it, or remove it and `opslint baseline` writes it anew"),
        (" \n", "base.json: is empty; mend it, or remove it"),
        ('{"version": 1,\n<<<<<<< HEAD\n', "base.json:2:1: is not JSON: Expecting property name"),
        ('{"version": 0, "findings": []}', "base.json: is no baseline of opslint: it has no version"),
        ('{"version": 1, "findings": [{"fingerprint": 3}]}', "base.json: is no baseline of opslint: a finding without"),
    ],
)  # fmt: skip
def test_a_file_that_cannot_be_used(tmp_path, text, message):
    if text is not None:
        (tmp_path / FILE).write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(BaselineError) as caught:
        read_baseline(tmp_path, FILE)
    assert str(caught.value).startswith(message)


def test_a_link_out_of_the_root_is_not_read(tmp_path):
    (tmp_path / "out.json").write_text(baseline_text([]))
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / FILE).symlink_to(tmp_path / "out.json")
    with pytest.raises(BaselineError, match="links to a file outside the root"):
        read_baseline(tmp_path / "in", FILE)


def test_a_file_keeps_its_mode_and_nothing_is_left_behind(tmp_path):
    write_baseline(tmp_path, FILE, [])
    (tmp_path / FILE).chmod(0o600)
    write_baseline(tmp_path, FILE, [Entry("a", "r", "x", "1")])
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    with pytest.raises(BaselineError, match="cannot be written"):
        write_baseline(tmp_path, "no/such.json", [])
