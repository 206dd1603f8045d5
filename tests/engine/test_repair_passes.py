"""All fixes of a run: overlaps wait, nothing breaks, files are written whole or not at all."""

import os
import stat
from datetime import date

import pytest

from opslint.api import STRICT, Add, Fix, Problem, Safety, Set, Severity, kind, resource, rule
from opslint.engine.packs import Pack
from opslint.engine.repair.files import WriteError, write_all
from opslint.engine.repair.passes import PASSES, repair
from opslint.engine.run import lint
from opslint.model.settings import Settings

pytestmark = pytest.mark.usefixtures("one_engine")

HEAD = "apiVersion: v1\nkind: Thing\nmetadata: {name: one}\n"
CHART = "apiVersion: v2\nname: web\nversion: 1.0.0\n"


def setter(key, new, *, old="1", safety=Safety.SAFE, name=""):
    """A rule that wants `spec.key: new` wherever it is `old`."""

    def proposes(item, project):
        """Wants a value."""
        node = item.root["spec"][key]
        if node.text == old:
            yield Problem(f"{key} is {old}", node, fix=Fix(f"set {key}: {new}", (Set(node, new),), safety))

    proposes.__name__ = f"set_{name or key}"
    return rule(each=kind(), severity=Severity.LOW, preset=STRICT)(proposes)


@pytest.fixture
def fixing(tmp_path):
    """Lint and fix in memory: `fixing({path: text}, rules, unsafe=…) -> Repair`."""

    def run(files, rules, *, unsafe=False, paths=(".",), **settings):
        for path, text in files.items():
            target = tmp_path / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        settings = Settings(root=str(tmp_path), as_of=date(2026, 11, 22), preset="all", no_cache=True, **settings)
        packs = [Pack("test", tuple(rules))]
        targets = [str(tmp_path / path) for path in paths]
        return repair(lambda: lint(targets, settings, packs, fixing=True), tmp_path, unsafe=unsafe)

    return run


def text_of(result, path):
    return result.files[path][1].decode()


def test_many_fixes_of_one_file_in_any_order(fixing):
    result = fixing({"a.yaml": HEAD + "spec: {c: 1, a: 1, b: 1}\n"}, [setter(key, "22") for key in "abc"])
    assert text_of(result, "a.yaml") == HEAD + "spec: {c: 22, a: 22, b: 22}\n"
    assert (result.problems, result.report.findings) == (3, ())


def test_fixes_of_one_text_follow_each_other(fixing):
    rules = [setter("a", "2"), setter("a", "3", old="2", name="next"), setter("a", "9", name="other")]
    result = fixing({"a.yaml": HEAD + "spec: {a: 1}\n"}, rules)
    assert text_of(result, "a.yaml") in {HEAD + "spec: {a: 3}\n", HEAD + "spec: {a: 9}\n"}
    assert not result.report.findings


@pytest.mark.parametrize("names", [("spec", "inner"), ("inner", "spec")])
def test_lines_of_an_inner_map_come_before_those_of_the_map_around_it(fixing, names):
    def adder(name):
        def proposes(item, project):
            """Adds a map to another."""
            to = item.root["spec"] if name == "spec" else item.root["spec"]["inner"]
            if not to["new"].exists:
                yield Problem(name, to, fix=Fix(f"add to {name}", (Add(to["new"], "of", name),), Safety.SAFE))

        proposes.__name__ = f"add_{'ab'[names.index(name)]}"
        return rule(each=kind(), severity=Severity.LOW, preset=STRICT)(proposes)

    text = HEAD + "spec:\n  inner:\n    b: 1\n"
    result = fixing({"a.yaml": text}, [adder(name) for name in names])
    assert text_of(result, "a.yaml") == text + "    new:\n      of: inner\n  new:\n    of: spec\n"


def test_two_fixes_that_add_the_same_map_do_not_add_it_twice(fixing):
    def adder(key):
        def proposes(item, project):
            """Wants a key."""
            to = item.root["spec"]["inner"]
            if not to[key].exists:
                yield Problem(key, item.root, fix=Fix(key, (Add(to, key, "1"),), Safety.SAFE))

        proposes.__name__ = f"add_{key}"
        return rule(each=kind(), severity=Severity.LOW, preset=STRICT)(proposes)

    result = fixing({"a.yaml": HEAD + "spec:\n  x: 1\n"}, [adder("a"), adder("b")])
    assert text_of(result, "a.yaml") == HEAD + "spec:\n  x: 1\n  inner:\n    a: 1\n    b: 1\n"
    template = HEAD + "spec:\n  deep:\n    x: {{ .Values.x }}\n"
    files = {"a.yaml": "", "web/Chart.yaml": CHART, "web/values.yaml": "x: 1\n", "web/templates/a.yaml": template}
    result = fixing(files, [adder("a"), adder("b")])
    added = "  inner:\n    a: 1\n    b: 1\n"
    assert text_of(result, "web/templates/a.yaml") == template.replace("  deep:", added + "  deep:")


def test_what_terraform_reads_from_a_file_is_seen_as_fixed(fixing):
    terraform = 'resource "kubectl_manifest" "a" {\n  for_each  = toset(["a.yaml"])\n  yaml_body = file("${path.module}/k8s/${each.value}")\n}\n'
    result = fixing({"main.tf": terraform, "k8s/a.yaml": HEAD + "spec:\n  a: 1\n"}, [setter("a", "2")])
    assert text_of(result, "k8s/a.yaml") == HEAD + "spec:\n  a: 2\n"
    assert (result.problems, result.report.findings) == (1, ())


def test_the_passes_come_to_an_end(fixing):
    calls = [setter("a", "2"), setter("a", "1", old="2", name="back")]
    result = fixing({"a.yaml": HEAD + "spec: {a: 1}\n"}, calls)
    assert result.problems == PASSES


def test_only_safe_fixes_unless_asked(fixing):
    files = {"a.yaml": HEAD + "spec: {a: 1, b: 1, c: 1}\n"}
    rules = [setter("a", "2"), setter("b", "2", safety=Safety.UNSAFE), setter("c", "2", safety=Safety.SHOWN)]
    assert text_of(fixing(files, rules), "a.yaml") == HEAD + "spec: {a: 2, b: 1, c: 1}\n"
    assert text_of(fixing(files, rules, unsafe=True), "a.yaml") == HEAD + "spec: {a: 2, b: 2, c: 1}\n"


def test_suppressed_and_vendored_findings_are_left_alone(fixing):
    files = {
        "a.yaml": HEAD + "spec:\n  a: 1 # opslint: ignore[set-a] meant\n",
        "web/Chart.yaml": CHART + "dependencies: [{name: sub, version: 1.0.0, repository: 'https://x.example'}]\n",
        "web/charts/sub/Chart.yaml": CHART.replace("web", "sub"),
        "web/charts/sub/templates/a.yaml": HEAD + "spec:\n  a: 1\n",
    }
    result = fixing(files, [setter("a", "2")], include_vendored=True)
    assert len(result.report.findings) == 1
    assert result.files == {}


def test_a_fix_that_breaks_a_file_is_not_made_and_said(fixing):
    rules = [setter("a", "[1"), setter("b", "2")]
    result = fixing({"a.yaml": HEAD + "spec:\n  a: 1\n  b: 1\n"}, rules)
    assert text_of(result, "a.yaml") == HEAD + "spec:\n  a: 1\n  b: 2\n"
    assert [(one.path, one.line, one.title) for one in result.refusals] == [("a.yaml", 5, "set a: [1")]
    assert result.refusals[0].why
    assert result.problems == 1


def test_a_fix_that_breaks_terraform_is_not_made(fixing):
    @rule(each=resource("x"), severity=Severity.LOW, preset=STRICT)
    def breaks(item, project):
        """Wants nonsense."""
        yield Problem("here", item["a"], fix=Fix("break", (Set(item["a"], "(("),), Safety.SAFE))

    result = fixing({"main.tf": 'resource "x" "a" {\n  a = 1\n}\n'}, [breaks])
    assert result.files == {}
    assert [one.title for one in result.refusals] == ["break"]


def test_a_fix_that_breaks_a_chart_is_not_made_and_the_others_are(fixing):
    template = HEAD + (
        'spec:\n  a: {{ .Values.a }}\n  b: 1\n  c: 1\n{{- if eq (toString .Values.a) "2" }}{{ fail "not 2" }}{{ end }}\n'
    )
    files = {"web/Chart.yaml": CHART, "web/values.yaml": "a: 1\n", "web/templates/a.yaml": template}
    result = fixing(files, [setter("a", "2"), setter("b", "2"), setter("c", "2")], unsafe=True)
    assert list(result.files) == ["web/templates/a.yaml"]
    assert text_of(result, "web/templates/a.yaml") == template.replace("b: 1", "b: 2").replace("c: 1", "c: 2")
    assert [one.title for one in result.refusals] == ["set a: 2"]
    assert "not 2" in result.refusals[0].why
    assert not result.report.failures


def test_objects_of_one_template_line_share_its_edit(fixing):
    template = "{{- range list 1 2 }}\n---\n" + HEAD.replace("one", "n{{ . }}") + "spec:\n  a: 1\n{{- end }}\n"
    files = {"web/Chart.yaml": CHART, "web/templates/a.yaml": template}
    result = fixing(files, [setter("a", "2")])
    assert text_of(result, "web/templates/a.yaml") == template.replace("a: 1", "a: 2")


def test_nothing_is_written_before_it_is_asked(fixing, tmp_path):
    text = HEAD + "spec: {a: 1}\n"
    result = fixing({"a.yaml": text}, [setter("a", "2")])
    assert (tmp_path / "a.yaml").read_text() == text
    result.write(tmp_path)
    assert (tmp_path / "a.yaml").read_text() == HEAD + "spec: {a: 2}\n"


def test_permissions_stay_and_no_other_file_is_left(fixing, tmp_path):
    result = fixing({"a.yaml": HEAD + "spec: {a: 1}\n"}, [setter("a", "2")])
    (tmp_path / "a.yaml").chmod(0o640)
    result.write(tmp_path)
    assert stat.S_IMODE((tmp_path / "a.yaml").stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]


def test_a_link_inside_the_root_stays_a_link(tmp_path):
    (tmp_path / "real.txt").write_text("old\n")
    (tmp_path / "a.yaml").symlink_to("real.txt")
    write_all(tmp_path, {"a.yaml": (b"old\n", b"new\n")})
    assert (tmp_path / "a.yaml").is_symlink()
    assert (tmp_path / "real.txt").read_text() == "new\n"


def test_nothing_outside_the_root_is_written(fixing, tmp_path):
    result = fixing({"in/a.yaml": HEAD + "spec: {a: 1}\n"}, [setter("a", "2")])
    inner = tmp_path / "in"
    inner.rename(tmp_path / "moved")
    outside = tmp_path.parent / f"{tmp_path.name}-outside"
    (tmp_path / "moved").rename(outside)
    inner.symlink_to(outside)
    with pytest.raises(WriteError, match="leads outside"):
        result.write(tmp_path)
    assert (outside / "a.yaml").read_text() == HEAD + "spec: {a: 1}\n"


@pytest.mark.parametrize(
    ("place", "said"), [("k8s/b.yaml", "the file is read-only"), ("k8s", "its folder is read-only")]
)
def test_what_is_read_only_is_told_before_anything_is_written(fixing, tmp_path, place, said):
    text = HEAD + "spec: {a: 1}\n"
    result = fixing({"a.yaml": text, "k8s/b.yaml": text.replace("one", "two")}, [setter("a", "2")])
    mode = (tmp_path / place).stat().st_mode
    (tmp_path / place).chmod(0o555 if place == "k8s" else 0o444)
    with pytest.raises(WriteError, match=rf"k8s/b.yaml: cannot be written: {said}"):
        result.write(tmp_path)
    (tmp_path / place).chmod(mode)
    assert (tmp_path / "a.yaml").read_text() == text


def test_a_file_that_someone_changed_meanwhile_is_not_overwritten(fixing, tmp_path):
    result = fixing({"a.yaml": HEAD + "spec: {a: 1}\n"}, [setter("a", "2")])
    (tmp_path / "a.yaml").write_text("mine\n")
    with pytest.raises(WriteError, match="changed while"):
        result.write(tmp_path)
    assert (tmp_path / "a.yaml").read_text() == "mine\n"


def test_a_failing_disk_leaves_the_file_as_it_was(fixing, tmp_path, monkeypatch):
    text = HEAD + "spec: {a: 1}\n"
    result = fixing({"a.yaml": text}, [setter("a", "2")])

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(WriteError, match="No space left on device"):
        result.write(tmp_path)
    assert (tmp_path / "a.yaml").read_text() == text
    assert [path.name for path in tmp_path.iterdir()] == ["a.yaml"]
