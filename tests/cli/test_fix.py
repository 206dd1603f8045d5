"""`--fix`, `--unsafe-fixes` and `--diff` over a real engine and one small rule."""

import json

import pytest

from opslint.api import STRICT, Fix, Problem, Safety, Set, Severity, kind, rule
from opslint.cli.main import main
from opslint.engine.packs import Pack

HEAD = "apiVersion: v1\nkind: Thing\nmetadata: {name: one}\n"


@rule(each=kind("Thing"), severity=Severity.HIGH, preset=STRICT, fixable="safe")
def mode_is_audit(item, project):
    """A mode is audit."""
    for key, safety in (("mode", Safety.SAFE), ("risky", Safety.UNSAFE)):
        if item.root["spec"][key].text == "audit":
            change = Set(item.root["spec"][key], item.root["spec"]["to"].text or "enforce")
            yield Problem(f"{key} is audit", item.root["spec"][key], fix=Fix(f"enforce {key}", (change,), safety))


@pytest.fixture
def opslint(tmp_path, monkeypatch, capsys):
    """Run the command line in a repository of these files: `opslint({path: text}, *options)`."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    for name in ("NO_COLOR", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("opslint.engine.packs.load_packs", lambda rules_from=(): [Pack("test", (mode_is_audit,))])

    def run(files, *options):
        for path, text in files.items():
            (tmp_path / path).write_bytes(text.encode())
        status = main(["--preset", "all", "--no-cache", *options])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return run


BOTH = HEAD + "spec: {mode: audit, risky: audit}\n"


def test_fix_writes_and_reports_what_remains(opslint, tmp_path):
    status, out, _ = opslint({"a.yaml": BOTH}, "--fix")
    assert (tmp_path / "a.yaml").read_text() == HEAD + "spec: {mode: enforce, risky: audit}\n"
    assert status == 1
    assert "mode is audit" not in out
    assert "risky is audit" in out
    assert "Fixed     1 problem in 1 file\n" in out
    status, out, _ = opslint({}, "--fix", "--unsafe-fixes")
    assert (tmp_path / "a.yaml").read_text() == HEAD + "spec: {mode: enforce, risky: enforce}\n"
    assert status == 0
    assert opslint({}, "--fix", "--unsafe-fixes")[0] == 0
    assert (tmp_path / "a.yaml").read_text() == HEAD + "spec: {mode: enforce, risky: enforce}\n"


def test_machine_formats_say_it_on_standard_error(opslint):
    status, out, error = opslint({"a.yaml": BOTH}, "--fix", "--format", "json")
    assert status == 1
    assert [one["message"] for one in json.loads(out)["findings"]] == ["risky is audit"]
    assert "Fixed 1 problem in 1 file" in error


def test_reports_carry_the_edits(opslint):
    _, out, _ = opslint({"a.yaml": BOTH}, "--format", "json")
    place = {"start": {"line": 4, "column": 14}, "end": {"line": 4, "column": 19}}
    assert json.loads(out)["findings"][0]["fix"]["edits"] == [{"path": "a.yaml", **place, "text": "enforce"}]
    _, out, _ = opslint({}, "--format", "sarif")
    (fix,) = json.loads(out)["runs"][0]["results"][0]["fixes"]
    region = {"startLine": 4, "startColumn": 14, "endLine": 4, "endColumn": 19}
    assert fix["artifactChanges"][0]["replacements"] == [
        {"deletedRegion": region, "insertedContent": {"text": "enforce"}}
    ]


def test_only_what_can_be_fixed_is_said_to_be(opslint):
    text = HEAD + "spec: {mode: &m audit, other: *m}\n"
    _, out, _ = opslint({"a.yaml": text})
    assert "enforce mode" in out
    assert "--fix" not in out


DIFF = """\
--- a/a.yaml
+++ b/a.yaml
@@ -1,4 +1,4 @@
 apiVersion: v1
 kind: Thing
 metadata: {name: one}
-spec: {mode: audit}
\\ No newline at end of file
+spec: {mode: enforce}
\\ No newline at end of file
"""


def test_diff_writes_nothing(opslint, tmp_path):
    text = HEAD + "spec: {mode: audit}"
    for options in (["--diff"], ["--fix", "--diff"]):
        assert opslint({"a.yaml": text}, *options) == (1, DIFF, "Would fix 1 problem in 1 file\n")
    assert (tmp_path / "a.yaml").read_text() == text
    assert {path.name for path in tmp_path.iterdir()} == {".git", "a.yaml"}


def test_diff_is_a_patch(opslint, tmp_path):
    import subprocess

    for text in (HEAD + "spec: {mode: audit}", BOTH.replace("\n", "\r\n"), "\ufeff" + BOTH):
        patch = opslint({"a.yaml": text}, "--diff", "--unsafe-fixes")[1]
        subprocess.run(["git", "apply", "-p1", "--check"], input=patch.encode(), cwd=tmp_path, check=True)


def test_diff_shows_no_secret_of_a_line_that_is_rewritten(tmp_path, monkeypatch, capsys):
    (tmp_path / "main.tf").write_text(
        'resource "aws_db_instance" "a" {\n  manage_master_user_password = false\n'
        '  password                    = "bibimbap-7-Hongdae"\n}\n'
    )
    monkeypatch.chdir(tmp_path)
    assert main(["--diff", "--unsafe-fixes", "--preset", "strict", "."]) == 1
    lines = capsys.readouterr().out.splitlines()
    written = [line for line in lines if line[1:].startswith("  password ")]
    assert [(line[0], line.split("=")[1].strip()) for line in written] == [("-", "••••••"), ("+", "••••••")]
    assert not any("bibimbap" in line for line in lines)


def test_diff_with_nothing_to_change(opslint):
    assert opslint({"a.yaml": HEAD}, "--diff") == (0, "", "There is nothing to fix\n")
    assert opslint({"b.yaml": HEAD + "a: [\n"}, "--diff", "--quiet")[0] == 3


def test_diff_is_coloured_when_asked(opslint):
    out = opslint({"a.yaml": BOTH}, "--diff", "--color", "always")[1]
    assert "\x1b[31m-spec: {mode: audit, risky: audit}\x1b[0m\n" in out
    assert "\x1b[32m+spec: {mode: enforce, risky: audit}\x1b[0m\n" in out


def test_a_refused_fix_is_said(opslint, tmp_path):
    text = HEAD + "spec:\n  to: '[x'\n  mode: audit\n"
    status, out, error = opslint({"a.yaml": text}, "--fix")
    assert (tmp_path / "a.yaml").read_text() == text
    assert status == 1
    assert error.startswith("warning: a.yaml:6: not fixed (enforce mode): the file would not read: ")
    assert "Fixed" not in out


def test_what_cannot_be_written_is_one_message(opslint, tmp_path):
    (tmp_path / "a.yaml").write_text(BOTH)
    (tmp_path / "a.yaml").chmod(0o444)
    status, out, error = opslint({}, "--fix")
    assert (status, out, error) == (2, "", "error: a.yaml: cannot be written: the file is read-only\n")


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--unsafe-fixes"], "--unsafe-fixes goes with --fix or --diff"),
        (["--fix", "-"], "standard input cannot be fixed"),
        (["--diff", "--format", "json"], "--diff shows a diff"),
        (["--diff", "--output", "json=x.json"], "--diff shows a diff"),
    ],
)
def test_options_that_do_not_go_together(opslint, options, said):
    status, _, error = opslint({}, *options)
    assert status == 2
    assert said in error
