"""An alert is recognised again after edits that do not touch it: whole runs, as SARIF gives them to code scanning."""

import json
from datetime import date

import pytest

from opslint.engine.packs import load_packs
from opslint.engine.run import lint
from opslint.model.settings import Settings
from opslint.output import OutputContext, render

pytestmark = pytest.mark.usefixtures("one_engine")

MANIFESTS = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      hostNetwork: true  # why
      containers: [{name: web, image: "nginx:1.27"}]
---
apiVersion: v1
kind: Pod
metadata: {name: other, namespace: shop}
spec: {hostNetwork: true, containers: [{name: other, image: "nginx:1.27"}]}
"""
TEMPLATE = """\
{{- /* the server */}}
apiVersion: apps/v1
kind: Deployment
metadata: {name: {{ .Values.name }}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      hostNetwork: {{ .Values.hostNetwork }}
      containers: [{name: web, image: "nginx:1.27"}]
"""
FILES = {
    "k8s/shop.yaml": MANIFESTS,
    "charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n",
    "charts/web/values.yaml": "# defaults\nname: web\nhostNetwork: true\n",
    "charts/web/templates/web.yaml": TEMPLATE,
    "infra/db.tf": """\
# the shop's database
resource "aws_db_instance" "shop" {
  identifier          = "shop"
  engine              = "postgres"
  publicly_accessible = var.public
}

variable "public" {
  default = true
}
""",
}
DOCUMENTS = MANIFESTS.split("---\n")


def alerts(folder, changes=None):
    """Return {(file, resource): fingerprint} of a run over the files with some of them changed."""
    for name, text in (FILES | (changes or {})).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    settings = Settings(
        root=str(folder), select=("host-namespace", "rds-public"), as_of=date(2026, 11, 22), no_cache=True
    )
    report = lint([str(folder)], settings, load_packs(), None)
    assert not report.failures
    context = OutputContext("1.0", root=str(folder))
    (run,) = json.loads(render("sarif", report, context))["runs"]
    found = {}
    for result in run["results"]:
        place = result["locations"][0]
        who = place["logicalLocations"][0]["fullyQualifiedName"]
        key = (place["physicalLocation"]["artifactLocation"]["uri"], who)
        assert key not in found
        found[key] = result["partialFingerprints"]["primaryLocationLineHash"]
    return found


@pytest.mark.parametrize(
    "changes",
    [
        {"k8s/shop.yaml": "# a comment\n\n" + MANIFESTS},
        {"k8s/shop.yaml": MANIFESTS.replace("# why", "# for another reason")},
        {"k8s/shop.yaml": "---\n".join([DOCUMENTS[1], DOCUMENTS[0]])},
        {"k8s/shop.yaml": MANIFESTS.replace("  replicas: 2\n", "").replace("\nspec:\n", "\nspec:\n  replicas: 2\n")},
        {"k8s/shop.yaml": MANIFESTS.replace("nginx:1.27", "nginx:1.28")},
        {"charts/web/values.yaml": "hostNetwork: true\nmore: 1\nname: web\n"},
        {"charts/web/templates/web.yaml": "{{/* more */}}\n\n" + TEMPLATE.replace("the server", "a server")},
        {"infra/db.tf": "\n\n# more\n" + FILES["infra/db.tf"].replace("the shop's", "our")},
        {"infra/db.tf": FILES["infra/db.tf"].replace('  engine              = "postgres"\n', "")},
        {"README.md": "# A shop\n"},
    ],
)
def test_edits_elsewhere_open_no_new_alert(tmp_path, changes):
    before = alerts(tmp_path)
    assert len(before) == 4
    assert alerts(tmp_path, changes) == before


@pytest.mark.parametrize(
    ("name", "old", "new", "fresh"),
    [
        ("k8s/shop.yaml", "name: other, namespace", "name: another, namespace", 1),
        ("charts/web/values.yaml", "name: web", "name: server", 1),
        ("infra/db.tf", '"aws_db_instance" "shop"', '"aws_db_instance" "store"', 1),
    ],
)
def test_another_resource_is_another_alert(tmp_path, name, old, new, fresh):
    before = set(alerts(tmp_path).values())
    after = set(alerts(tmp_path, {name: FILES[name].replace(old, new)}).values())
    assert (len(before), len(after)) == (4, 4)
    assert len(after - before) == fresh


def test_all_alerts_differ(tmp_path):
    found = alerts(tmp_path)
    assert len(set(found.values())) == len(found)
