"""What fixes copy from one place to another reads there as it read before: a label `1` stays a text."""

import pytest

from opslint.cli.main import main
from opslint.model.source import Source
from opslint.read.yaml import read_yaml

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: "2048", namespace: "7"}
spec:
  replicas: 3
  selector:
    matchLabels: {app: "2048", "on": yes-it-is}
  template:
    metadata:
      labels: {LABELS}
    spec:
      containers: [{name: game, image: "registry.example/game:2.1"}]
"""


def documents(text):
    file = read_yaml(Source("a.yaml", text))
    assert not file.errors
    return [document.plain() for document in file.documents]


@pytest.mark.parametrize("rule", ["missing-pdb", "no-topology-spread", "selector-label-mismatch"])
def test_labels_and_names_that_read_as_numbers(rule, tmp_path, monkeypatch):
    labels = "app: web" if rule == "selector-label-mismatch" else 'app: "2048", "on": yes-it-is'
    (tmp_path / "a.yaml").write_text(DEPLOYMENT.replace("LABELS", labels))
    monkeypatch.chdir(tmp_path)
    assert main(["--select", rule, "--fix", "--unsafe-fixes", "-q", "."]) == 0
    wanted = {"app": "2048", "on": "yes-it-is"}
    deployment, *more = documents((tmp_path / "a.yaml").read_text())
    if rule == "missing-pdb":
        assert more[0]["metadata"] == {"name": "2048", "namespace": "7"}
        assert more[0]["spec"]["selector"]["matchLabels"] == wanted
    elif rule == "no-topology-spread":
        (constraint,) = deployment["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert constraint["labelSelector"]["matchLabels"] == wanted
    else:
        assert deployment["spec"]["template"]["metadata"]["labels"] == wanted
