"""Charts that something in the repository installs, and what they are given."""

import pytest

from opslint.engine.installs import all_installs, installs_of

RELEASE = """\
variable "unset" {}
resource "helm_release" "v" {
  chart   = "%s"
  version = "1.2.3"
%s
}
"""


def terraform(values="", chart="velero"):
    return {"main.tf": RELEASE % (chart, values)}


def argo(helm="{}", chart="velero"):
    source = f"{{chart: {chart}, targetRevision: 1.2.3, repoURL: https://charts.example.com, helm: {helm}}}"
    return {
        "app.yaml": "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: v}\n"
        f"spec: {{source: {source}, destination: {{namespace: v}}}}\n"
    }


def flux(more=""):
    return {
        "release.yaml": "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nmetadata: {name: v}\n"
        f"spec: {{chart: {{spec: {{chart: velero, version: 1.2.3}}}}{more}}}\n"
    }


SET = '  set = [{ name = "a.b", value = "1" }]'
CASES = {
    "terraform": (terraform(), {}, True),
    "terraform values": (
        terraform('  values = [yamlencode({ a = { b = 1 } }), "a: {c: 2}"]'),
        {"a": {"b": 1, "c": 2}},
        True,
    ),
    "terraform unknown values": (terraform("  values = [var.unset]"), {}, False),
    "terraform set": (terraform(SET), {"a": {"b": "1"}}, True),
    "terraform set block": (terraform('  set {\n    name = "a"\n    value = 2\n  }'), {"a": 2}, True),
    "terraform oci": (terraform(chart="oci://registry.example.com/charts/velero"), {}, True),
    "argo": (argo(), {}, True),
    "argo values": (argo("{values: 'a: {b: 1}', valuesObject: {a: {c: 2}}}"), {"a": {"b": 1, "c": 2}}, True),
    "argo parameters": (argo("{parameters: [{name: a.b, value: '1'}]}"), {"a": {"b": "1"}}, True),
    "argo files": (argo("{valueFiles: [values.yaml]}"), {}, False),
    "argo null": (argo("null"), {}, True),
    "flux": (flux(), {}, True),
    "flux values": (flux(", values: {a: 1}"), {"a": 1}, True),
    "flux values from": (flux(", valuesFrom: [{kind: ConfigMap, name: v}]"), {}, False),
}


@pytest.mark.parametrize(("files", "values", "complete"), CASES.values(), ids=CASES)
def test_an_install_and_its_values(read, files, values, complete):
    (found,) = installs_of(read(files), "velero")
    assert (found.version.text, found.values, found.complete) == ("1.2.3", values, complete)


def test_every_way_of_all_charts(read):
    project = read(terraform(chart="calico") | argo(chart="karpenter") | flux())
    assert sorted(one.chart for one in all_installs(project)) == ["calico", "karpenter", "velero"]
    assert installs_of(project, "loki") == []


def test_values_are_read_once_however_many_rules_ask(read):
    project = read(terraform('  values = ["a: 1"]') | argo(chart="karpenter"))
    assert installs_of(project, "velero")[0] is installs_of(project, "velero")[0]
    assert installs_of(project, "karpenter")[0] in all_installs(project)


def test_what_is_read_while_a_value_is_assumed_is_not_kept(read):
    project = read(terraform('  count = 1\n  values = [var.unset == "a" ? "a: 1" : "a: 2"]'))
    (before,) = all_installs(project)
    node = before.owner["values"][0]
    found = []
    for raw in node.alternatives():
        node.assume(raw)
        found.append(all_installs(project)[0].values)
        node.unassume()
    assert (found, before.values, all_installs(project)[0].values) == ([{"a": 1}, {"a": 2}], {}, {})


def test_several_sources_of_one_application(read):
    text = (
        "apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata: {name: v}\nspec:\n"
        "  sources: [{chart: a, targetRevision: 1}, {path: manifests}, null, 7, {chart: b, targetRevision: 2}]\n"
    )
    assert [(one.chart, one.version.text) for one in all_installs(read({"a.yaml": text}))] == [("a", "1"), ("b", "2")]


def test_an_application_of_another_group_is_none(read):
    files = {path: text.replace("argoproj.io", "app.k8s.io") for path, text in argo().items()}
    assert all_installs(read(files)) == []


def test_keys_may_be_known_where_values_are_not(read):
    (found,) = all_installs(read(terraform("  values = [yamlencode({ configuration = { bucket = var.unset } })]")))
    assert found.tells("schedules")
    assert not found.tells("configuration")


def test_a_dot_in_a_name_is_one_with_a_backslash(read):
    files = terraform('  set = [{ name = "a.eks\\\\.io/role", value = "r" }]')
    assert all_installs(read(files))[0].values == {"a": {"eks.io/role": "r"}}
