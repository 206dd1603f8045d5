"""The fixes of the upgrade rules: after them the same run finds nothing, and everything else stays as it was."""

import pytest

from opslint.cli.main import main

pytestmark = pytest.mark.usefixtures("one_engine")

CLUSTER = 'resource "aws_eks_cluster" "shop" {\n  name    = "shop"\n  version = "1.34"\n}\n'
CASES = {
    "chart-kubeversion-excludes-cluster": (
        "api/Chart.yaml",
        'apiVersion: v2\nname: api\nversion: 1.0.0\nkubeVersion: ">=1.25 <2.0.0"  # EKS\n',
        'apiVersion: v2\nname: api\nversion: 1.0.0\nkubeVersion: ">=1.25.0-0 <2.0.0-0"  # EKS\n',
    ),
    "stale-api-reference": (
        "hpa.yaml",
        (
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\n"
            "spec:\n  scaleTargetRef: {apiVersion: apps/v1beta1, kind: Deployment, name: web}\n"
        ),
        (
            "apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {name: web}\n"
            "spec:\n  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}\n"
        ),
    ),
    "stale-crd-api": (
        "secret.yaml",
        "apiVersion: external-secrets.io/v1beta1\nkind: ExternalSecret\nmetadata: {name: db}\n",
        "apiVersion: external-secrets.io/v1\nkind: ExternalSecret\nmetadata: {name: db}\n",
    ),
    "obsolete-setting": (
        "web.yaml",
        (
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\n  annotations:\n    a: b\n"
            "    kubernetes.io/ingress.class: alb\nspec:\n  defaultBackend: {}\n---\n"
            "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: alb}\n---\n"
            "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  serviceAccount: web\n  nodeSelector:\n"
            "    beta.kubernetes.io/os: linux\n"
        ),
        (
            "apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata:\n  name: web\n  annotations:\n    a: b\n"
            "spec:\n  defaultBackend: {}\n  ingressClassName: alb\n---\n"
            "apiVersion: networking.k8s.io/v1\nkind: IngressClass\nmetadata: {name: alb}\n---\n"
            "apiVersion: v1\nkind: Pod\nmetadata: {name: web}\nspec:\n  serviceAccountName: web\n  nodeSelector:\n"
            "    kubernetes.io/os: linux\n"
        ),
    ),
    "pod-blocks-node-drain": (
        "web.yaml",
        (
            "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: web}\nspec:\n  template:\n    metadata:\n      annotations:\n"
            '        a: b\n        karpenter.sh/do-not-disrupt: "true"\n    spec: {containers: [{name: c, image: c}]}\n'
        ),
        (
            "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: web}\nspec:\n  template:\n    metadata:\n      annotations:\n"
            "        a: b\n    spec: {containers: [{name: c, image: c}]}\n"
        ),
    ),
    "webhook-can-block-cluster": (
        "hook.yaml",
        (
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: a}\nwebhooks:\n"
            '  - name: a.example.com\n    rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]\n'
        ),
        (
            "apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingWebhookConfiguration\nmetadata: {name: a}\nwebhooks:\n"
            '  - name: a.example.com\n    rules: [{apiGroups: [""], apiVersions: [v1], operations: [CREATE], resources: [pods]}]\n'
            "    namespaceSelector:\n      matchExpressions:\n        - key: kubernetes.io/metadata.name\n"
            "          operator: NotIn\n          values: [kube-system]\n"
        ),
    ),
}


@pytest.mark.parametrize("rule", CASES)
def test_the_fix_mends_it_and_nothing_else(rule, tmp_path, monkeypatch, capsys):
    path, before, after = CASES[rule]
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / "main.tf").write_text(CLUSTER)
    place = tmp_path / path
    place.parent.mkdir(exist_ok=True)
    place.write_text(before)
    arguments = [".", "--select", rule, "--fail-on", "info"]
    assert main(arguments) == 1
    assert main([*arguments, "--fix", "--unsafe-fixes"]) == 0
    assert place.read_text() == after
    assert main(arguments) == 0
    assert "internal error" not in capsys.readouterr().err


def test_an_apiversion_that_the_deployed_controller_does_not_serve_yet_is_not_written(tmp_path, monkeypatch):
    path, before, _ = CASES["stale-crd-api"]
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()
    (tmp_path / path).write_text(before)
    release = '\nresource "helm_release" "e" {\n  name = "e"\n  chart = "external-secrets"\n  version = "0.14.4"\n}\n'
    (tmp_path / "main.tf").write_text(CLUSTER + release)
    main([".", "--select", "stale-crd-api", "--fix", "--unsafe-fixes"])
    assert (tmp_path / path).read_text() == before
