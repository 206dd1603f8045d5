"""Versions that are none, or that nothing is known of: one clear message, with its place."""

import pytest

from opslint.cli.main import main

MANIFEST = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"


@pytest.fixture
def run(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "a.yaml").write_text(MANIFEST)

    def call(*arguments):
        status = main([*arguments, "--select", "removed-api", "--format", "json", "."])
        captured = capsys.readouterr()
        return status, captured.out, captured.err

    return call


@pytest.mark.parametrize(
    ("version", "message"),
    [
        ("1.99", "Kubernetes 1.99 is not a version that opslint knows (1.8 to 1."),
        ("1.33,1.3", "Kubernetes 1.3 is not a version that opslint knows"),
        ("latest", "'latest' is no Kubernetes version such as 1.34"),
    ],
)
def test_on_the_command_line(run, version, message):
    status, out, error = run("--target-version", version)
    assert (status, out) == (2, "")
    assert message in error
    assert "internal error" not in error


def test_in_the_configuration_with_its_line(run, tmp_path):
    (tmp_path / ".opslint.yaml").write_text('preset: strict\ntarget_version: "1.99"\n')
    status, out, error = run()
    assert (status, out) == (2, "")
    assert ".opslint.yaml:2:17: target version: Kubernetes 1.99 is not a version that opslint knows" in error


def test_what_a_cluster_reports_is_its_minor(run):
    status, out, _ = run("--target-version", "v1.31.7-eks-abc1234")
    assert status == 0
    assert '"kubernetes": "1.31"' in out


@pytest.mark.parametrize("version", ["1.99", "latest"])
def test_a_cluster_of_an_unknown_version_is_said_and_the_next_source_used(run, tmp_path, version):
    (tmp_path / "main.tf").write_text(f'resource "aws_eks_cluster" "a" {{\n  version = "{version}"\n}}\n')
    status, out, error = run()
    assert status == 0
    assert '"kind": "newest"' in out
    assert "main.tf:2" in error
    assert "the next source of a target is used" in error
