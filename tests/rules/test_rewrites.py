"""API versions rewritten with the fields that move; what needs a decision is left alone, and twice is once."""

import pytest

from opslint.cli.main import main
from opslint_rules.upgrade.rewrites import SAME_FIELDS
from opslint_schemas import lifecycle, objects

pytestmark = pytest.mark.usefixtures("one_engine")

INGRESS = """\
apiVersion: %s
kind: Ingress
metadata: {name: web}
spec:
  backend:
    serviceName: fallback  # %s
    servicePort: 80
  rules:
    - http:
        paths:
          - path: /
            backend:
              serviceName: web
              servicePort: "http"
          - backend: {serviceName: web, servicePort: 8080}
            path: /x
            pathType: Prefix
"""
CASES = {
    "an Ingress": (
        INGRESS.replace("  # %s", "") % "extensions/v1beta1",
        """\
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec:
  defaultBackend:
    service:
      name: fallback
      port:
        number: 80
  rules:
    - http:
        paths:
          - path: /
            backend:
              service:
                name: web
                port:
                  name: "http"
            pathType: ImplementationSpecific
          - backend: {service: {name: web, port: {number: 8080}}}
            path: /x
            pathType: Prefix
""",
    ),
    "an Ingress as JSON": (
        (
            '{"apiVersion": "networking.k8s.io/v1beta1", "kind": "Ingress", "metadata": {"name": "web"},\n'
            ' "spec": {"backend": {"serviceName": "web", "servicePort": 80}}}\n'
        ),
        (
            '{"apiVersion": "networking.k8s.io/v1", "kind": "Ingress", "metadata": {"name": "web"},\n'
            ' "spec": {"defaultBackend": {"service": {"name": "web", "port": {"number": 80}}}}}\n'
        ),
    ),
    "an autoscaler of v2beta1": (
        """\
apiVersion: autoscaling/v2beta1
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 6
  metrics:
    - type: Resource
      resource:
        name: cpu
        targetAverageUtilization: 60
    - type: ContainerResource
      containerResource: {name: memory, container: web, targetAverageValue: 1Gi}
    - type: Pods
      pods: {metricName: rps, targetAverageValue: 10}
    - type: External
      external:
        metricName: queue
        metricSelector:
          matchLabels:
            a: b
        targetValue: "30"
    - type: Object
      object:
        metricName: hits
        target:
          kind: Ingress
          name: web
        targetValue: 2k
""",
        """\
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 6
  metrics:
    - type: Resource
      resource:
        name: cpu
        target:
          type: Utilization
          averageUtilization: 60
    - type: ContainerResource
      containerResource: {name: memory, container: web, target: {type: AverageValue, averageValue: 1Gi}}
    - type: Pods
      pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: 10}}
    - type: External
      external:
        metric:
          name: queue
          selector:
            matchLabels:
              a: b
        target:
          type: Value
          value: "30"
    - type: Object
      object:
        describedObject:
          kind: Ingress
          name: web
        metric:
          name: hits
        target:
          type: Value
          value: 2k
""",
    ),
    "a priority level": (
        (
            "apiVersion: flowcontrol.apiserver.k8s.io/v1beta2\nkind: PriorityLevelConfiguration\nmetadata: {name: a}\n"
            "spec:\n  type: Limited\n  limited:\n    assuredConcurrencyShares: 5\n"
        ),
        (
            "apiVersion: flowcontrol.apiserver.k8s.io/v1\nkind: PriorityLevelConfiguration\nmetadata: {name: a}\n"
            "spec:\n  type: Limited\n  limited:\n    nominalConcurrencyShares: 5\n"
        ),
    ),
    "a flow schema": (
        "apiVersion: flowcontrol.apiserver.k8s.io/v1beta2\nkind: FlowSchema\nmetadata: {name: a}\n",
        "apiVersion: flowcontrol.apiserver.k8s.io/v1\nkind: FlowSchema\nmetadata: {name: a}\n",
    ),
    "a Deployment": (
        (
            "apiVersion: extensions/v1beta1\nkind: Deployment\nmetadata: {name: web}\nspec:\n  rollbackTo: {revision: 1}\n"
            '  template:\n    metadata:\n      labels:\n        app: "web"\n        tier: x\n'
            "    spec: {containers: [{name: a, image: a}]}\n"
        ),
        (
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec:\n"
            '  template:\n    metadata:\n      labels:\n        app: "web"\n        tier: x\n'
            '    spec: {containers: [{name: a, image: a}]}\n  selector:\n    matchLabels:\n      app: "web"\n      tier: x\n'
        ),
    ),
    "a DaemonSet that has a selector": (
        "apiVersion: apps/v1beta2\nkind: DaemonSet\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: a}}\n",
        "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: web}\nspec:\n  selector: {matchLabels: {app: a}}\n",
    ),
    "a webhook, with what its defaults were": (
        (
            "apiVersion: admissionregistration.k8s.io/v1beta1\nkind: MutatingWebhookConfiguration\nmetadata: {name: a}\n"
            "webhooks:\n  - name: a.example.com\n    sideEffects: None\n    matchPolicy: Equivalent\n"
            "    admissionReviewVersions: [v1]\n"
        ),
        (
            "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: a}\n"
            "webhooks:\n  - name: a.example.com\n    sideEffects: None\n    matchPolicy: Equivalent\n"
            "    admissionReviewVersions: [v1]\n    failurePolicy: Ignore\n    timeoutSeconds: 30\n"
        ),
    ),
    "a budget": (
        "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nmetadata: {name: a}\nspec: {selector: {matchLabels: {a: b}}}\n",
        "apiVersion: policy/v1\nkind: PodDisruptionBudget\nmetadata: {name: a}\nspec: {selector: {matchLabels: {a: b}}}\n",
    ),
    "a signing request": (
        (
            "apiVersion: certificates.k8s.io/v1beta1\nkind: CertificateSigningRequest\nmetadata: {name: a}\n"
            "spec: {signerName: kubernetes.io/kube-apiserver-client, usages: [client auth], request: YQ==}\n"
        ),
        (
            "apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest\nmetadata: {name: a}\n"
            "spec: {signerName: kubernetes.io/kube-apiserver-client, usages: [client auth], request: YQ==}\n"
        ),
    ),
    "a review": (
        "apiVersion: authorization.k8s.io/v1beta1\nkind: SubjectAccessReview\nmetadata: {name: a}\nspec: {group: [a]}\n",
        "apiVersion: authorization.k8s.io/v1\nkind: SubjectAccessReview\nmetadata: {name: a}\nspec: {groups: [a]}\n",
    ),
    "an endpoint slice": (
        "apiVersion: discovery.k8s.io/v1beta1\nkind: EndpointSlice\nmetadata: {name: a}\nendpoints: [{addresses: [a]}]\n",
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {name: a}\nendpoints: [{addresses: [a]}]\n",
    ),
}
ALONE = {
    "a comment inside would be lost": INGRESS % ("extensions/v1beta1", "the old shop"),
    "a port's name of digits": "apiVersion: extensions/v1beta1\nkind: Ingress\nspec:\n  backend: {serviceName: a, servicePort: '80'}\n",
    "a port is missing": "apiVersion: extensions/v1beta1\nkind: Ingress\nspec:\n  backend: {serviceName: a}\n",
    "a selector that means another thing": "apiVersion: policy/v1beta1\nkind: PodDisruptionBudget\nspec: {selector: {}}\n",
    "shares of 0 that meant 30": (
        "apiVersion: flowcontrol.apiserver.k8s.io/v1beta3\nkind: PriorityLevelConfiguration\n"
        "spec: {limited: {nominalConcurrencyShares: 0}}\n"
    ),
    "no labels to select by": "apiVersion: apps/v1beta1\nkind: Deployment\nspec: {template: {metadata: {}}}\n",
    "side effects to be told": (
        "apiVersion: admissionregistration.k8s.io/v1beta1\nkind: ValidatingWebhookConfiguration\n"
        "webhooks: [{name: a, admissionReviewVersions: [v1], sideEffects: Unknown}]\n"
    ),
    "a signer that is gone": (
        "apiVersion: certificates.k8s.io/v1beta1\nkind: CertificateSigningRequest\n"
        "spec: {signerName: kubernetes.io/legacy-unknown, usages: [client auth]}\n"
    ),
    "topology": "apiVersion: discovery.k8s.io/v1beta1\nkind: EndpointSlice\nendpoints: [{topology: {a: b}}]\n",
    "a metric of no known type": (
        "apiVersion: autoscaling/v2beta1\nkind: HorizontalPodAutoscaler\nspec: {metrics: [{type: Other, other: {}}]}\n"
    ),
    "a metric without a target": (
        "apiVersion: autoscaling/v2beta1\nkind: HorizontalPodAutoscaler\n"
        "spec: {metrics: [{type: Resource, resource: {name: cpu}}]}\n"
    ),
    "a schema to be written": "apiVersion: apiextensions.k8s.io/v1beta1\nkind: CustomResourceDefinition\nspec: {version: v1}\n",
}


@pytest.fixture
def fixed(tmp_path, monkeypatch, capsys):
    """Write a file, fix what is gone or deprecated, and return its text and what is left to say."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir()

    def run(text, target="1.34", path="a.yaml", **files):
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
        for name, content in files.items():
            (place.parents[1] / name.replace("_", ".")).write_text(content)
        arguments = [".", "--select", "removed-api,deprecated-api", "-k", target, "-f", "concise"]
        main([*arguments, "--fix", "--unsafe-fixes"])
        once = place.read_text()
        main([*arguments, "--fix", "--unsafe-fixes"])
        assert place.read_text() == once
        assert "internal error" not in capsys.readouterr().err
        return once

    return run


@pytest.mark.parametrize("name", CASES)
def test_the_version_is_rewritten_with_the_fields_that_move(fixed, name):
    before, after = CASES[name]
    assert fixed(before) == after


@pytest.mark.parametrize("name", ALONE)
def test_what_a_person_must_decide_is_left_alone(fixed, name):
    assert fixed(ALONE[name]) == ALONE[name]


def test_a_version_that_the_target_does_not_serve_yet_is_not_written(fixed):
    before = "apiVersion: storage.k8s.io/v1beta1\nkind: VolumeAttributesClass\nmetadata: {name: a}\n"
    assert fixed(before, target="1.33") == before
    assert fixed(before, target="1.34") == before.replace("v1beta1", "v1")


CHART = "apiVersion: v2\nname: web\nversion: 1.0.0\n"


def test_literal_lines_of_a_template_are_rewritten(fixed):
    before, after = (
        "{{- if true }}\n" + text.replace("{name: web}", "\n  name: {{ .Release.Name }}", 1) + "{{- end }}\n"
        for text in CASES["an Ingress"]
    )
    missing = "            pathType: ImplementationSpecific\n"
    after = after.replace(missing, "").replace("- path: /\n", f"- path: /\n{missing}")  # below a line that is literal
    assert fixed(before, path="web/templates/a.yaml", Chart_yaml=CHART) == after


def test_lines_of_a_template_with_values_in_them_are_not(fixed):
    before = CASES["an Ingress"][0].replace("serviceName: fallback", "serviceName: {{ .Release.Name }}")
    assert fixed(before, path="web/templates/a.yaml", Chart_yaml=CHART) == before


def test_a_selector_is_not_made_of_rendered_labels(fixed):
    before = CASES["a Deployment"][0].replace('"web"', "{{ .Release.Name }}")
    assert fixed(before, path="web/templates/a.yaml", Chart_yaml=CHART) == before


def fields_of(name, minor, seen=()):
    """Return the fields of a definition, those of what it refers to in place."""
    if name in seen:
        return name
    schema = objects.definition(name, minor)

    def inside(one):
        if isinstance(one, dict):
            if "$ref" in one:
                return fields_of(one["$ref"].removeprefix(objects.PREFIX), minor, (*seen, name))
            return {key: inside(value) for key, value in one.items()}
        return [inside(value) for value in one] if isinstance(one, list) else one

    return inside(schema)


def pairs():
    for named in sorted(SAME_FIELDS):
        version, kind = named.split()
        row = lifecycle.api(version, kind)
        for minor in range(objects.NEWEST, objects.OLDEST - 1, -1):
            found = [objects.definition_of(one, kind, minor) for one in (version, row.replacement[0])]
            if all(found) and version != "autoscaling/v2beta2":
                yield pytest.param(*found, minor, id=named)
                break


@pytest.mark.parametrize(("old", "new", "minor"), list(pairs()))
def test_kinds_said_to_have_the_same_fields_have_them(old, new, minor):
    assert fields_of(old, minor) == fields_of(new, minor)
