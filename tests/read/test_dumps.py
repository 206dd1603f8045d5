"""Dumps of a cluster: what a live object was applied as, and the releases that Helm keeps in it."""

import base64
import gzip
import json

import pytest

from opslint.cli.main import main
from opslint.engine.packs import load_packs
from opslint.model import limits
from opslint.read import stored_releases
from opslint.read.stored_releases import StoredError, unpack_release

CRON = 'apiVersion: batch/v1beta1\nkind: CronJob\nmetadata: {name: report}\nspec: {schedule: "0 3 * * *"}\n'
LAST = "kubectl.kubernetes.io/last-applied-configuration"


def packed(release, *, times=2):
    """Return a release as Helm keeps it; a Secret's data has the API server's base64 around it."""
    data = gzip.compress(json.dumps(release).encode(), mtime=0)
    for _ in range(times):
        data = base64.b64encode(data)
    return data.decode()


def keeper(manifest=CRON, *, version=1, status="deployed", kind="Secret", data=None, **more):
    release = {"name": "web", "namespace": "shop", "version": version, "manifest": manifest, **more}
    data = data if data is not None else packed(release, times=2 if kind == "Secret" else 1)
    name = f"sh.helm.release.v1.web.v{version}"
    labels = {"owner": "helm", "name": "web", "status": status, "version": str(version)}
    found = {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": "shop", "labels": labels},
        "data": {"release": data},
    }
    return found | ({"type": "helm.sh/release.v1"} if kind == "Secret" else {})


def budget(version="policy/v1", *, applied=None, fields=(), name="web", **metadata):
    made = {
        "apiVersion": version,
        "kind": "PodDisruptionBudget",
        "metadata": {"name": name, "namespace": "shop", **metadata},
        "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
    }
    if applied is not None:
        text = applied if isinstance(applied, str) else json.dumps(applied)
        made["metadata"]["annotations"] = {LAST: text}
    if fields:
        made["metadata"]["managedFields"] = list(fields)
    return made


RULES = {rule.id: rule for pack in load_packs() for rule in pack.rules}


@pytest.fixture
def said(lint_files):
    """Return (rule, resource's name, message, path, line) of what the upgrade rules say of a dump on standard input."""

    def run(*items, text=None, rules=("removed-api", "deprecated-api", "stale-crd-api"), target="1.34"):
        whole = text or json.dumps({"apiVersion": "v1", "kind": "List", "items": list(items)}, indent=1)
        report = lint_files({}, [RULES[rule] for rule in rules], paths=("-",), stdin=whole, target_version=target)
        lines = whole.splitlines()
        found = [
            (one.rule_id, one.resource.name, one.message, lines[one.location.span.line - 1].strip(), one.location.text)
            for one in report.findings
        ]
        return found, [failure.message for failure in report.failures]

    return run


def test_the_version_that_was_applied_counts_and_is_shown_in_its_annotation(said):
    (one,), failures = said(budget(applied={"kind": "PodDisruptionBudget", "apiVersion": "policy/v1beta1"}))
    rule, name, message, line, text = one
    assert (rule, name, text) == ("removed-api", "web", "policy/v1beta1")
    assert line.startswith(f'"{LAST}"')
    assert "uses policy/v1beta1 as last applied, which Kubernetes 1.25 no longer serves" in message
    assert failures == []


def test_an_annotation_in_yaml_is_read_as_well(said):
    text = (
        "apiVersion: v1\nkind: List\nitems:\n- apiVersion: policy/v1\n  kind: PodDisruptionBudget\n  metadata:\n"
        f"    annotations:\n      {LAST}: |\n"
        '        {"apiVersion":"policy/v1beta1","kind":"PodDisruptionBudget"}\n    name: web\n'
    )
    (one,), _ = said(text=text)
    assert one[3:] == ('{"apiVersion":"policy/v1beta1","kind":"PodDisruptionBudget"}', "policy/v1beta1")


@pytest.mark.parametrize("applied", ["no JSON", "[1]", '{"apiVersion": 1}', "[" * 100_000])
def test_what_kubectl_never_writes_is_nothing(said, applied):
    assert said(budget(applied=applied)) == ([], [])


def test_a_client_that_wrote_an_old_version_is_named(said):
    old = {"manager": "helm", "operation": "Update", "apiVersion": "policy/v1beta1", "fieldsV1": {"f:spec": {}}}
    (one,), _ = said(budget(fields=[old]))
    assert "uses policy/v1beta1 as helm wrote it" in one[2]
    assert one[4] in {'"policy/v1beta1"', "policy/v1beta1"}


def test_what_the_cluster_itself_wrote_is_not(said):
    status = {"manager": "helm", "apiVersion": "policy/v1beta1", "subresource": "status"}
    own = {"manager": "kube-controller-manager", "apiVersion": "policy/v1beta1"}
    assert said(budget(fields=[status, own])) == ([], [])


def test_one_old_version_is_said_once(said):
    old = {"manager": "kubectl", "apiVersion": "policy/v1beta1"}
    found, _ = said(budget("policy/v1beta1", applied={"apiVersion": "policy/v1beta1"}, fields=[old]))
    assert [one[4] for one in found] in (['"policy/v1beta1"'], ["policy/v1beta1"])
    assert "as " not in found[0][2].partition(",")[0]


def test_deprecated_and_custom_versions_count_too(said):
    claim = {"apiVersion": "resource.k8s.io/v1", "kind": "ResourceClaim", "metadata": {"name": "gpu"}}
    claim["metadata"]["annotations"] = {LAST: '{"apiVersion": "resource.k8s.io/v1beta2"}'}
    secret = {"apiVersion": "external-secrets.io/v1", "kind": "ExternalSecret", "metadata": {"name": "db"}}
    secret["metadata"]["annotations"] = {LAST: '{"apiVersion": "external-secrets.io/v1beta1"}'}
    found, _ = said(claim, secret, target="1.36")
    assert [(one[0], one[1]) for one in found] == [("deprecated-api", "gpu"), ("stale-crd-api", "db")]


def test_what_a_controller_makes_is_judged_as_its_owner_only_when_that_is_there(said):
    owner = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web", "controller": True}
    made = budget("policy/v1beta1", ownerReferences=[owner])
    deployment = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web", "namespace": "shop"}}
    assert said(made, deployment) == ([], [])
    assert len(said(made)[0]) == 1


# -- releases
def test_the_manifest_of_a_kept_release_is_judged(said):
    (one,), failures = said(keeper())
    assert one[:2] == ("removed-api", "report")
    assert one[3].startswith('"name": "sh.helm.release.v1.web.v1"')
    assert failures == []


def test_a_release_kept_in_a_configmap_is_judged_too(said):
    assert len(said(keeper(kind="ConfigMap"))[0]) == 1


def test_hooks_are_a_part_of_it(said):
    found, _ = said(keeper("", hooks=[{"manifest": CRON.replace("report", "hook")}, {"manifest": 1}, None]))
    assert [one[1] for one in found] == ["hook"]


def test_two_objects_of_a_release_are_two_findings(said):
    found, _ = said(keeper(CRON + "---\n" + CRON.replace("report", "second")))
    assert sorted(one[1] for one in found) == ["report", "second"]


def test_only_the_revision_that_is_deployed_counts(said):
    stale, other = keeper(version=1, status="superseded"), keeper("", version=3, status="failed")
    new = keeper(CRON.replace("report", "two"), version=2)
    found, _ = said(stale, new, other)
    assert [one[1] for one in found] == ["two"]
    assert said(stale, keeper("", version=10, status="pending-upgrade")) == ([], [])


def test_a_live_object_is_not_judged_twice_and_tells_how_its_release_has_it(said):
    live = {"apiVersion": "batch/v1", "kind": "CronJob", "metadata": {"name": "report", "namespace": "shop"}}
    live["spec"] = {"schedule": "0 3 * * *"}
    (one,), _ = said(live, keeper())
    assert "CronJob/report uses batch/v1beta1 as Helm release shop/web v1 has it" in one[2]
    assert one[3].startswith('"name": "sh.helm.release.v1.web.v1"')
    assert said(live, keeper(CRON.replace("v1beta1", "v1"))) == ([], [])


def test_the_plan_names_the_version_that_was_applied(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dump.json").write_text(json.dumps(budget(applied={"apiVersion": "policy/v1beta1"})))
    assert main(["upgrade", ".", "--from", "1.24", "--to", "1.25", "--as-of", "2026-11-22"]) == 1
    text = capsys.readouterr().out
    assert "PodDisruptionBudget/web (not served since 1.25, as last applied)  policy/v1beta1 → policy/v1" in text


BOMB = packed({"manifest": "a" * (limits.RELEASE_BYTES + 10)})


@pytest.mark.parametrize(
    ("data", "word"),
    [
        ("%%%", "neither gzip nor JSON"),
        ("a", "not base64"),
        (base64.b64encode(base64.b64encode(b"plain")).decode(), "neither gzip nor JSON"),
        (base64.b64encode(base64.b64encode(b"\x1f\x8bbroken")).decode(), "gzip is broken"),
        (base64.b64encode(base64.b64encode(gzip.compress(b"{}" * 500, mtime=0)[:-9])).decode(), "cut off"),
        (packed([1]), "no JSON object"),
        (base64.b64encode(base64.b64encode(gzip.compress(b"{", mtime=0))).decode(), "no JSON"),
        (base64.b64encode(base64.b64encode(gzip.compress(b"[" * 200_000, mtime=0))).decode(), "no JSON"),
        (packed({"name": "web"}), "no manifest"),
        (BOMB, "more than 20 MB"),
    ],
)
def test_a_broken_release_is_one_message_and_the_rest_goes_on(said, data, word):
    found, failures = said(keeper(data=data), budget("policy/v1beta1"))
    assert [one[1] for one in found] == ["web"]
    (failure,) = failures
    assert failure.startswith("Secret/sh.helm.release.v1.web.v1 keeps a Helm release that cannot be read: ")
    assert word in failure


def test_a_manifest_that_does_not_parse_names_its_line(said):
    found, failures = said(keeper(f"{CRON}---\na: [\n"))
    assert [one[1] for one in found] == ["report"]
    assert failures[0].startswith("Helm release shop/web v1, line ")


def test_all_releases_together_have_a_limit():
    text = packed({"manifest": "a" * 100})
    assert len(unpack_release(text, 100).manifest) == 100
    with pytest.raises(StoredError, match="together") as caught:
        unpack_release(text, 99)
    assert caught.value.limit


def test_a_release_that_is_not_compressed_is_read(monkeypatch):
    data = base64.b64encode(json.dumps({"name": "web", "version": "x", "manifest": ""}).encode()).decode()
    assert unpack_release(data) == ("web", "", 0, "")
    monkeypatch.setattr(stored_releases, "RELEASE_BYTES", 10)
    with pytest.raises(StoredError):
        unpack_release(packed({"manifest": "a" * 20}))
