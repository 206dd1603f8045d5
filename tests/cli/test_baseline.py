"""`opslint baseline` and `--baseline`, with the real engine."""

import json

import pytest

from opslint.cli.main import main

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: {name}, namespace: shop}}
spec:
  replicas: 3
  selector: {{matchLabels: {{app: {name}}}}}
  template:
    metadata: {{labels: {{app: {name}}}}}
    spec: {{hostNetwork: true, containers: [{{name: web, image: "registry.example.com/web:1.2.3"}}]}}
"""
FILE = ".opslint-baseline.json"


@pytest.fixture
def run(folder, capsys):
    """Run the command line: `run(*arguments) -> (status, stdout, stderr)`."""

    def call(*arguments):
        status = main(list(arguments))
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


def write(folder, **files):
    for name, text in files.items():
        path = folder / "k8s" / f"{name}.yaml"
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)


def entries(folder):
    return {(one["path"], one["rule"]) for one in json.loads((folder / FILE).read_text())["findings"]}


def lint(run, *arguments):
    """Return how many findings are shown, and how many are in the baseline."""
    _, out, _ = run("--format", "json", "--select", "host-namespace", *arguments)
    report = json.loads(out)
    return len(report["findings"]), report["summary"]["hidden"]["baseline"]


def test_write_then_only_new_ones(run, folder):
    write(folder, a=DEPLOYMENT.format(name="a"))
    status, out, err = run("baseline", "--select", "host-namespace", ".")
    assert (status, out) == (0, "")
    assert f"{FILE}: one finding (1 new, 0 gone)" in err
    assert "baseline: .opslint-baseline.json" in err
    write(folder, b=DEPLOYMENT.format(name="b"))
    assert lint(run) == (2, 0)
    assert lint(run, "--baseline", FILE) == (1, 1)
    (folder / ".opslint.yaml").write_text(f"baseline: {FILE}\n")
    assert lint(run) == (1, 1)
    status, out, _ = run("--select", "host-namespace", "--show-suppressed", "--format", "json")
    assert [one["suppressed"] and one["suppressed"]["kind"] for one in json.loads(out)["findings"]] == [
        "baseline",
        None,
    ]


def test_a_file_that_is_there_is_left_alone(run, folder):
    write(folder, a=DEPLOYMENT.format(name="a"))
    (folder / FILE).write_text("mine")
    status, _, err = run("baseline")
    assert status == 2
    assert "is there already; --refresh writes it anew" in err
    assert (folder / FILE).read_text() == "mine"


def test_prune_only_takes_away_and_refresh_takes_today(run, folder):
    select = ("--select", "host-namespace")
    write(folder, a=DEPLOYMENT.format(name="a"), b=DEPLOYMENT.format(name="b"))
    run("baseline", *select)
    write(folder, a=DEPLOYMENT.format(name="a").replace("hostNetwork: true, ", ""), c=DEPLOYMENT.format(name="c"))
    assert run("baseline", "--prune", *select)[0] == 0
    assert entries(folder) == {("k8s/b.yaml", "host-namespace")}
    assert run("baseline", "--refresh", *select)[0] == 0
    assert entries(folder) == {("k8s/b.yaml", "host-namespace"), ("k8s/c.yaml", "host-namespace")}


def test_what_was_not_linted_stays(run, folder):
    write(folder, a=DEPLOYMENT.format(name="a"))
    (folder / "other").mkdir()
    (folder / "other/b.yaml").write_text(DEPLOYMENT.format(name="b"))
    run("baseline", "--select", "host-namespace,missing-pdb")
    before = entries(folder)
    (folder / "k8s/a.yaml").write_text("kind: ConfigMap\napiVersion: v1\nmetadata: {name: a, namespace: shop}\n")
    assert run("baseline", "--prune", "--select", "host-namespace", "other")[0] == 0
    assert entries(folder) == before
    assert run("baseline", "--prune", "--select", "host-namespace", "k8s")[0] == 0
    assert before - entries(folder) == {("k8s/a.yaml", "host-namespace")}
    assert ("k8s/a.yaml", "missing-pdb") in before


def test_an_incomplete_run_writes_nothing(run, folder):
    write(folder, a=DEPLOYMENT.format(name="a"), b="apiVersion: v1\nkind: [\n")
    status, _, err = run("baseline")
    assert status == 3
    assert "is not written" in err
    assert err.startswith("error: k8s/b.yaml:3: ")
    assert not (folder / FILE).exists()
    assert run("baseline", "--allow-incomplete")[0] == 0
    assert (folder / FILE).exists()


def test_what_has_no_line_is_said_without_one(run, folder):
    (folder / "a.yaml").mkdir()
    assert run("baseline", ".")[2].startswith("error: .: no Helm chart")


@pytest.mark.parametrize("command", [(), ("baseline", "--refresh"), ("baseline", "--prune")])
def test_a_newer_file_is_one_message(run, folder, command):
    write(folder, a=DEPLOYMENT.format(name="a"))
    (folder / FILE).write_text('{"version": 9, "findings": []}')
    status, out, err = run(*command, "--baseline", FILE, ".")
    assert (status, out) == (2, "")
    assert (
        err
        == f"error: {FILE}: was written by a newer opslint (version 9 of the file, 1 is known here): update opslint\n"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--write", "--prune"), "do not go together"),
        (("-",), "standard input has none"),
        (("--prune",), "there is no such baseline"),
    ],
)
def test_wrong_usage(run, folder, arguments, message):
    write(folder, a=DEPLOYMENT.format(name="a"))
    status, _, err = run("baseline", *arguments)
    assert status == 2
    assert message in err


def test_the_summary_counts_what_is_hidden(run, folder):
    write(folder, a=DEPLOYMENT.format(name="a"))
    run("baseline", "--select", "host-namespace")
    _, out, _ = run("--select", "host-namespace", "--baseline", FILE)
    assert "1 in the baseline" in out
