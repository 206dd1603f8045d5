"""`opslint check`, and that it is what runs when no command is named."""

import io
import json
import sys
from datetime import date

import pytest

from opslint.cli.check import exit_status
from opslint.engine.packs import PackError
from opslint.engine.select import SelectionError
from opslint.model import limits
from opslint.model.source import Location, Source, Span

FAILURE = ("k8s/b.yaml", 3, "does not parse", "yaml")


@pytest.mark.parametrize(
    ("severities", "failures", "options", "status"),
    [
        ([], [], {}, 0),
        (["low", "info"], [], {}, 0),
        (["medium"], [], {}, 1),
        (["critical"], [FAILURE], {}, 1),
        ([], [FAILURE], {}, 3),
        (["low"], [FAILURE], {}, 3),
        (["low"], [FAILURE], {"allow_incomplete": True}, 0),
        (["high"], [FAILURE], {"allow_incomplete": True}, 1),
        (["critical"], [], {"exit_zero": True}, 0),
        (["critical"], [FAILURE], {"exit_zero": True}, 3),
    ],
)
def test_exit_status(report_of, severities, failures, options, status):
    assert exit_status(report_of(*severities, failures=failures), "medium", **options) == status


def test_exit_status_by_fail_on(report_of):
    report = report_of("low")
    assert [exit_status(report, least) for least in ("critical", "high", "medium", "low", "info", "never")] == [
        *(0, 0, 0, 1, 1, 0)
    ]


def test_check_is_the_default(cli, engine, folder):
    (folder / "k8s").mkdir()
    for arguments, paths in [
        ([], ["."]),
        (["check"], ["."]),
        (["k8s"], ["k8s"]),
        (["--quiet", "k8s", "."], ["k8s", "."]),
        (["check", "k8s"], ["k8s"]),
        (["--", "k8s"], ["k8s"]),
    ]:
        assert cli(*arguments)[0] == 0
        assert engine.paths == paths
    assert engine.settings.root == str(folder)


def test_a_command_goes_before_a_folder_of_its_name(cli, engine, folder):
    (folder / "rules").mkdir()
    status, out, err = cli("rules")
    assert status == 0
    assert "missing-pdb" in out
    assert "./rules" in err
    assert engine.calls == 0
    for arguments in (["./rules"], ["check", "rules"]):
        status, _, err = cli(*arguments)
        assert (status, engine.paths, err) == (0, arguments[-1:], "")
    (folder / "rules").rmdir()
    assert cli("rules")[2] == ""


def test_options_become_settings(cli, engine, folder):
    (folder / "api").mkdir()
    for name in ("api/Chart.yaml", "v.yaml", "prod.tfvars"):
        (folder / name).touch()
    status, _, err = cli(
        *("-k", "v1.33,next", "--select", "a,b", "--select", "c", "--extend-select", "d", "--ignore", "e,f"),
        *("--preset", "strict", "--fail-on", "never", "--exclude", "tmp", "--env", "prod,dev", "--cluster", "main"),
        *("--as-of", "2026-11-22", "--helm-values", "v.yaml", "--helm-values", "api=v.yaml", "--helm-set", "a=b=c"),
        *("--helm-set", "api=x.y=1", "--release-name", "r", "--namespace", "n", "--helm-engine", "binary"),
        *("--include-vendored", "--tf-var-file", "./prod.tfvars", "--tf-var", "x=1", "--tf-env", "--jobs", "3"),
        *("--no-cache", "--show-suppressed", "."),
    )
    assert (status, err) == (0, "")
    settings = engine.settings
    assert (settings.target_version, settings.target_source) == ("1.33,next", "flag")
    assert (settings.select, settings.extend_select, settings.ignore) == (("a", "b", "c"), ("d",), ("e", "f"))
    assert (settings.preset, settings.fail_on, settings.exclude) == ("strict", "never", ("tmp",))
    assert (settings.env, settings.cluster, settings.as_of) == (("prod", "dev"), ("main",), date(2026, 11, 22))
    assert settings.helm_values == (("", "v.yaml"), ("api", "v.yaml"))
    assert settings.helm_set == (("", "a=b=c"), ("api", "x.y=1"))
    assert (settings.release_name, settings.namespace, settings.helm_engine) == ("r", "n", "binary")
    assert (settings.tf_var_files, settings.tf_vars, settings.tf_env) == (("prod.tfvars",), ("x=1",), True)
    assert (settings.include_vendored, settings.show_suppressed, settings.no_cache) == (True, True, True)
    assert settings.jobs == 3


def test_paths_of_options_are_relative_to_the_current_directory(cli, engine, folder, monkeypatch):
    (folder / "infra").mkdir()
    (folder / "infra" / "dev.tfvars").touch()
    monkeypatch.chdir(folder / "infra")
    assert cli("--tf-var-file", "dev.tfvars", "--exclude", "modules/x")[0] == 0
    assert engine.settings.tf_var_files == ("infra/dev.tfvars",)
    assert engine.settings.exclude == ("/infra/modules/x",)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "no file or folder 'nowhere'"),
        (["explian"], 'did you mean the command "explain"'),
        (["--fromat", "json"], "--format"),
        (["--format", "xml"], "'sarif'"),
        (["-k", "1.x"], "no Kubernetes version"),
        (["--as-of", "tomorrow"], "no date"),
        (["--helm-values", "nowhere.yaml"], "there is no file 'nowhere.yaml'"),
        (["--helm-values", "nochart=x"], "not the folder of a chart"),
        (["--helm-set", "x"], "NAME=VALUE"),
        (["--tf-var", "=1"], "NAME=VALUE"),
        (["--config", "nowhere.yaml"], "cannot be read"),
        (["-o", "a", "-o", "b"], "FORMAT=FILE"),
        (["-o", "json=a", "-o", "./a"], "one place"),
        (["-o", "no/where"], "there is no folder"),
        (["--select", ""], "it names nothing"),
        (["--select", ","], "it names nothing"),
        (["--env", ""], "it names nothing"),
        (["--cluster", " "], "it names nothing"),
        (["--exclude", "[z-a]"], "--exclude: '[z-a]' is no pattern of a .gitignore"),
        (["-o", "."], "is a folder"),
    ],
)
def test_wrong_usage_is_2_before_any_work(cli, engine, arguments, message):
    status, out, err = cli(*arguments)
    assert (status, out, engine.calls) == (2, "", 0)
    assert message in err


def test_configuration_errors_show_the_line(cli, folder):
    (folder / ".opslint.yaml").write_text("preset: strict\nignor: [cost]\nfoo: 1\n")
    status, out, err = cli()
    assert (status, out) == (2, "")
    assert err.splitlines()[:3] == [
        "error: .opslint.yaml:2:1: unknown key 'ignor'; did you mean \"ignore\"?",
        "2 | ignor: [cost]",
        "  | ^",
    ]
    assert ".opslint.yaml:3:1: unknown key 'foo'" in err


def test_selection_and_pack_errors(cli, engine, monkeypatch):
    engine.error = SelectionError(
        "no rule is named x", Location(Source("a.yaml", "rules: {x: {}}\n"), Span(1, 9, 1, 10))
    )
    status, _, err = cli()
    assert status == 2
    assert err == "error: a.yaml:1:9: no rule is named x\n1 | rules: {x: {}}\n  |         ^\n"
    engine.error = SelectionError("no rule is named y")
    assert cli()[2] == "error: no rule is named y\n"

    def fail(_):
        raise PackError("no rule pack is installed")

    monkeypatch.setattr("opslint.engine.packs.load_packs", fail)
    assert cli() == (2, "", "error: no rule pack is installed\n")


def test_findings_and_incomplete_runs_decide_the_status(cli, engine, report_of):
    engine.report = report_of("high")
    assert cli("-f", "json")[0] == 1
    assert cli("-f", "json", "--fail-on", "critical")[0] == 0
    assert cli("-f", "json", "--exit-zero")[0] == 0
    engine.report = report_of("low", failures=[FAILURE], notices=[("Chart.yaml", 0, "not vendored")])
    status, out, err = cli("-f", "json")
    assert status == 3
    assert json.loads(out)["errors"][0]["line"] == 3
    assert err.splitlines() == [
        "error: k8s/b.yaml:3: does not parse",
        "note: Chart.yaml: not vendored",
        "error: incomplete: one thing could not be read or judged, so this is no pass (--allow-incomplete makes it one)",
    ]
    status, _, err = cli("-f", "json", "--allow-incomplete", "--quiet")
    assert (status, err) == (0, "error: k8s/b.yaml:3: does not parse\n")


def test_messages_on_standard_error_are_data(cli, engine, report_of):
    engine.report = report_of(failures=[("a\x1b[31m.yaml", 1, "bad\r\x07", "yaml")])
    assert not {"\x1b", "\r", "\x07"} & set(cli("-f", "json")[2])


def test_reports_go_to_files_beside_the_terminal(cli, engine, report_of, folder):
    engine.report = report_of("high")
    status, out, _ = cli("--output", "json=out.json", "--output", "sarif=out.sarif", "-f", "concise")
    assert status == 1
    assert "k8s/a.yaml:1:1" in out
    assert json.loads((folder / "out.json").read_text())["findings"][0]["rule_id"] == "rule-0"
    assert json.loads((folder / "out.sarif").read_text())["version"] == "2.1.0"


def test_output_takes_the_report_of_format(cli, folder):
    status, out, _ = cli("-f", "json", "-o", "out.json")
    assert (status, out) == (0, "")
    assert json.loads((folder / "out.json").read_text())["schema_version"] == 1


def test_a_mistyped_format_of_output_is_no_file_name(cli, folder):
    status, _, err = cli("-o", "jsn=out.json")
    assert status == 2
    assert "there is no format 'jsn', did you mean \"json\"? For a file of that name, write ./jsn=out.json." in err
    assert not (folder / "jsn=out.json").exists()
    assert cli("-o", "./jsn=out.json")[0] == 0
    assert (folder / "jsn=out.json").exists()


def test_output_to_standard_output(cli):
    assert json.loads(cli("-f", "json", "-o", "-")[1])["schema_version"] == 1
    assert json.loads(cli("-o", "json=-")[1])["schema_version"] == 1


def test_a_full_disk_is_2(cli):
    status, _, err = cli("-f", "json", "-o", "/dev/full")
    assert (status, err) == (2, "error: cannot write /dev/full: No space left on device\n")


def standard_input(monkeypatch, content):
    stream = io.TextIOWrapper(io.BytesIO(content), encoding="utf-8")
    monkeypatch.setattr(sys, "stdin", stream)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_dash_reads_standard_input(cli, engine, monkeypatch, encoding):
    standard_input(monkeypatch, "kind: Café\n".encode(encoding))
    assert cli("-")[0] == 0
    assert (engine.paths, engine.stdin) == (["-"], "kind: Café\n")


def test_standard_input_that_is_no_text(cli, monkeypatch):
    standard_input(monkeypatch, b"a\xff\xfe")
    status, _, err = cli("-")
    assert status == 2
    assert "standard input is not UTF-8 text (byte 2)" in err


def test_standard_input_has_the_limit_of_a_file(cli, monkeypatch):
    monkeypatch.setattr(limits, "FILE_BYTES", 10)
    standard_input(monkeypatch, b"kind: Pod\n")
    assert cli("-")[0] == 0
    standard_input(monkeypatch, b"kind: Pod \n")
    status, _, err = cli("-")
    assert status == 2
    assert "standard input is larger than" in err


def test_a_broken_configuration_is_told_before_standard_input_is_waited_for(cli, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".opslint.yaml").write_text("preset: [\n")
    standard_input(monkeypatch, b"kind: Pod\n")
    status, _, err = cli("-")
    assert (status, ".opslint.yaml:2" in err) == (2, True)
    assert sys.stdin.buffer.read() == b"kind: Pod\n"


def test_standard_input_is_left_alone_otherwise(cli, engine, monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    assert cli()[0] == 0
    assert engine.stdin is None


def test_a_crash_is_one_line(cli, engine, monkeypatch):
    engine.error = ZeroDivisionError("oh")
    status, out, err = cli()
    assert (status, out) == (2, "")
    assert err.startswith("error: internal error: ZeroDivisionError: oh\n")
    assert "Traceback" not in err
    assert "Traceback" in cli("--verbose")[2]
    monkeypatch.setenv("OPSLINT_DEBUG", "1")
    assert "Traceback" in cli()[2]


def test_a_helper_that_died_is_not_taken_for_a_closed_pipe(cli, engine):
    engine.error = BrokenPipeError(32, "Broken pipe")
    status, _, err = cli()
    assert status == 2
    assert "a process that helped with reading ended" in err


def test_interrupted(cli, engine):
    engine.error = KeyboardInterrupt()
    status, out, err = cli()
    assert (status, out, err.strip()) == (130, "", "")


def test_an_interrupt_that_a_library_made_an_error_of_is_no_crash(cli, engine):
    engine.error = RuntimeError("Error calling __set_name__ on 'Field' instance")
    engine.error.__cause__ = KeyboardInterrupt()
    status, out, err = cli()
    assert (status, out, err.strip()) == (130, "", "")


@pytest.fixture
def cli_with_finding(cli, engine, report_of):
    engine.report = report_of("high")
    return cli


@pytest.mark.parametrize(
    ("option", "environment", "colored"),
    [
        ("auto", {}, False),
        ("always", {}, True),
        ("always", {"NO_COLOR": "1"}, True),
        ("never", {"FORCE_COLOR": "1"}, False),
        ("auto", {"FORCE_COLOR": "1"}, True),
        ("auto", {"FORCE_COLOR": ""}, False),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
    ],
)
def test_colors(cli_with_finding, monkeypatch, option, environment, colored):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert ("\x1b[" in cli_with_finding("--color", option)[1]) is colored


def test_files_are_never_colored(cli, engine, report_of, folder):
    engine.report = report_of("high")
    cli("--color", "always", "-o", "out.txt")
    assert "\x1b" not in (folder / "out.txt").read_text()


def test_verbose_names_the_inputs(cli, folder):
    (folder / ".opslint.yml").write_text("preset: strict\n")
    err = cli("--verbose")[2]
    assert f"root: {folder}" in err
    assert f"configuration: {folder / '.opslint.yml'}" in err


def test_statistics(cli, engine, report_of):
    engine.report = report_of("high", "low")
    out, err = cli("--statistics", "-f", "json")[1:]
    assert "findings by rule" not in out
    assert "findings by rule:" in err
    assert err.split("rule-1", 1)[1].split()[0] == "1"
    assert "in all" in err


def test_version_with_dates(cli):
    status, out, _ = cli("--version", "--verbose")
    assert status == 0
    assert out.splitlines()[0].startswith("opslint ")
    assert "data as of 20" in out


def test_help_lists_commands_and_options_of_check(cli):
    status, out, _ = cli("--help")
    assert status == 0
    for word in ("explain", "--target-version", "--helm-values", "--tf-env", "Exit status:", "Examples:"):
        assert word in out
    assert "--fail-on" in cli("check", "-h")[1]


def test_options_that_do_nothing_yet_are_refused(cli):
    for option in ("--fix", "--baseline", "--changed-since", "--policies"):
        assert cli(option)[0] == 2
