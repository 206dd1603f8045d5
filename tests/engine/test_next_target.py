"""`--target-version next`: what is so today is told apart from what the upgrade makes so."""

import json

from opslint.engine.packs import load_packs
from opslint.engine.run import lint
from opslint.model.settings import Settings
from opslint.output import OutputContext, render
from opslint.testing import AS_OF

CLUSTER = 'resource "aws_eks_cluster" "shop" {\n  name = "shop"\n  version = "1.24"\n}\n'
OBJECTS = """\
apiVersion: networking.k8s.io/v1beta1
kind: Ingress
metadata: {name: gone}
---
apiVersion: policy/v1beta1
kind: PodDisruptionBudget
metadata: {name: going}
"""


def report_of(folder, files, *select, target="next"):
    for path, text in files.items():
        (folder / path).write_text(text)
    settings = Settings(
        root=str(folder), target_version=target, target_source="flag", as_of=AS_OF, select=select, no_cache=True
    )
    report = lint([str(folder)], settings, load_packs())
    assert report.failures == ()
    return report


def test_a_removal_today_and_one_after_the_upgrade(tmp_path):
    report = report_of(tmp_path, {"main.tf": CLUSTER, "a.yaml": OBJECTS}, "removed-api")
    gone, going = report.findings
    assert (gone.resource.name, gone.after) == ("gone", False)
    assert (going.resource.name, going.after) == ("going", True)
    assert "the target is 1.24 (main.tf:3)" in gone.message
    assert "the target after the upgrade is 1.25 (main.tf:3)" in going.message
    assert "2 problems: 2 high; 1 only after the upgrade" in render("text", report, OutputContext("0"))


def test_json_names_the_target_of_each_finding(tmp_path):
    report = report_of(tmp_path, {"main.tf": CLUSTER, "a.yaml": OBJECTS}, "removed-api")
    written = json.loads(render("json", report, OutputContext("0")))
    after = {target["id"]: target["after_upgrade"] for target in written["targets"]}
    assert sorted(after.values()) == [False, True]
    assert [[after[id_] for id_ in finding["targets"]] for finding in written["findings"]] == [[False], [True]]


def test_a_controller_that_only_the_upgrade_makes_too_old(tmp_path):
    release = 'resource "helm_release" "k" {\n  name = "k"\n  chart = "karpenter"\n  version = "%s"\n}\n'
    cluster = CLUSTER.replace("1.24", "1.33")
    for version, after in (("1.5.0", True), ("1.4.0", False)):
        report = report_of(tmp_path, {"main.tf": cluster + release % version}, "controller-version-incompatible")
        (finding,) = report.findings
        assert finding.after is after


def test_without_next_nothing_is_after_the_upgrade(tmp_path):
    report = report_of(tmp_path, {"a.yaml": OBJECTS}, "removed-api", target="1.24,1.25")
    assert [(finding.after, finding.targets) for finding in report.findings] == [(False, ("1.24",)), (False, ("1.25",))]
