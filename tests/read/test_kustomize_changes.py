"""What kustomizations change (patches, images, replicas, labels, generators) stands where it is written."""

import pytest

from opslint.model.source import Confidence

DEPLOYMENT = (
    "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 1\n  template:\n    spec:\n"
    "      containers:\n        - name: side\n          image: side:1\n        - name: web\n          image: nginx\n"
)
FILES = {
    "base/kustomization.yaml": "resources: [web.yaml]\n",
    "base/web.yaml": DEPLOYMENT,
    "over/app.ini": "[a]\n",
    "over/conf.env": "# c\nCOLOR=red\n",
    "over/pin.txt": "1\n",
    "over/kustomization.yaml": """\
namespace: shop
namePrefix: prod-
resources: [../base]
images:
  - name: nginx
    newName: registry.test/nginx
    newTag: latest
  - {name: side, digest: "sha256:aa"}
replicas:
  - {name: web, count: 3}
commonAnnotations: {team: core}
labels:
  - pairs: {tier: front}
    includeSelectors: false
configMapGenerator:
  - name: conf
    literals: [LEVEL=debug]
    files: [app.ini, other=app.ini]
    envs: [conf.env]
secretGenerator:
  - name: keys
    literals:
      - KEY=value
    files: [pin.txt]
patches:
  - target: {kind: Deployment}
    patch: |-
      - op: add
        path: /spec/template/spec/hostNetwork
        value: true
      - op: add
        path: /spec/template/spec/containers/1/securityContext
        value:
          privileged: true
      - op: add
        path: /metadata/annotations
        value: {a~b/c: 'd'}
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: web}
      spec:
        template:
          spec:
            hostPID: true
  - path: ops.yaml
    target: {kind: Deploy.*, name: w.b}
  - path: merge.yaml
""",
    "over/ops.yaml": """\
- op: add
  path: /spec/template/spec/containers/-
  value:
    name: last
    image: last:latest
- op: add
  path: /metadata/annotations/x~1y
  value: z
""",
    "over/merge.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  template:
    spec:
      containers:
        - name: web
          resources:
            limits: {cpu: 3}
""",
}
# What kustomize 5.5 prints for over/, through a kustomization that asks for origins.
BUILT = """\
apiVersion: v1
data:
  COLOR: red
  LEVEL: debug
  app.ini: |
    [a]
  other: |
    [a]
kind: ConfigMap
metadata:
  annotations:
    config.kubernetes.io/origin: |
      configuredIn: ../over/kustomization.yaml
      configuredBy:
        apiVersion: builtin
        kind: ConfigMapGenerator
    team: core
  labels:
    tier: front
  name: prod-conf-gc6cfb7fh9
  namespace: shop
---
apiVersion: v1
data:
  KEY: dmFsdWU=
  pin.txt: MQo=
kind: Secret
metadata:
  annotations:
    config.kubernetes.io/origin: |
      configuredIn: ../over/kustomization.yaml
      configuredBy:
        apiVersion: builtin
        kind: SecretGenerator
    team: core
  labels:
    tier: front
  name: prod-keys-9c56bf5695
  namespace: shop
type: Opaque
---
apiVersion: apps/v1
kind: Deployment
metadata:
  annotations:
    a~b/c: d
    config.kubernetes.io/origin: |
      configuredIn: ../over/kustomization.yaml
      configuredBy:
        apiVersion: builtin
        kind: PatchTransformer
    team: core
    x/y: z
  labels:
    tier: front
  name: prod-web
  namespace: shop
spec:
  replicas: 3
  template:
    metadata:
      annotations:
        team: core
    spec:
      containers:
      - image: registry.test/nginx:latest
        name: web
        resources:
          limits:
            cpu: 3
        securityContext:
          privileged: true
      - image: side@sha256:aa
        name: side
      - image: last:latest
        name: last
      hostNetwork: true
      hostPID: true
"""
CONTAINERS = ("spec", "template", "spec", "containers")


@pytest.fixture
def built(read, tool):
    """Return the built object of a kind."""
    tool(BUILT)
    (unit,) = (unit for unit in read(FILES).project.units if unit.kind == "kustomization")

    def of(kind):
        (item,) = unit.of_kind(kind)
        return item

    return of


@pytest.mark.parametrize(
    ("kind", "keys", "text", "file"),
    [
        ("Deployment", ("spec", "replicas"), "3", "over/kustomization.yaml"),
        ("Deployment", ("metadata", "namespace"), "shop", "over/kustomization.yaml"),
        ("Deployment", ("metadata", "labels", "tier"), "front", "over/kustomization.yaml"),
        ("Deployment", ("metadata", "annotations", "team"), "core", "over/kustomization.yaml"),
        ("Deployment", ("metadata", "annotations", "a~b/c"), "'d'", "over/kustomization.yaml"),
        ("Deployment", ("metadata", "annotations", "x/y"), "z", "over/ops.yaml"),
        ("Deployment", (*CONTAINERS, 0, "image"), "latest", "over/kustomization.yaml"),
        ("Deployment", (*CONTAINERS, 0, "name"), "web", "base/web.yaml"),
        ("Deployment", (*CONTAINERS, 0, "resources", "limits", "cpu"), "3", "over/merge.yaml"),
        ("Deployment", (*CONTAINERS, 0, "securityContext", "privileged"), "true", "over/kustomization.yaml"),
        ("Deployment", (*CONTAINERS, 0, "securityContext"), "value", "over/kustomization.yaml"),
        ("Deployment", (*CONTAINERS, 0), "name: web", "base/web.yaml"),
        ("Deployment", (*CONTAINERS, 1, "image"), '"sha256:aa"', "over/kustomization.yaml"),
        ("Deployment", (*CONTAINERS, 1), "name: side", "base/web.yaml"),
        ("Deployment", (*CONTAINERS, 2, "image"), "last:latest", "over/ops.yaml"),
        ("Deployment", (*CONTAINERS, 2), "value", "over/ops.yaml"),
        ("Deployment", ("spec", "template", "spec", "hostNetwork"), "true", "over/kustomization.yaml"),
        ("Deployment", ("spec", "template", "spec", "hostPID"), "true", "over/kustomization.yaml"),
        ("ConfigMap", ("data", "LEVEL"), "LEVEL=debug", "over/kustomization.yaml"),
        ("ConfigMap", ("data", "COLOR"), "COLOR=red", "over/conf.env"),
        ("ConfigMap", ("data", "app.ini"), "app.ini", "over/kustomization.yaml"),
        ("ConfigMap", ("data", "other"), "other=app.ini", "over/kustomization.yaml"),
        ("Secret", ("data", "KEY"), "KEY=value", "over/kustomization.yaml"),
        ("Secret", ("data", "pin.txt"), "1", "over/pin.txt"),
    ],
)
def test_what_a_kustomization_changes_stands_where_it_says_so(built, kind, keys, text, file):
    item = built(kind)
    node = item.root.at(*keys)
    assert node.present
    origin = node.source.origin.locate(node.span)
    span = origin.location.span
    line = FILES[file].split("\n")[span.line - 1]
    shown = line[span.column - 1 : span.end_column - 1 if span.end_line == span.line else None]
    assert (origin.location.source.path, shown) == (file, text)
    assert origin.confidence is Confidence.LINE


def test_a_change_names_the_line_it_changes_and_the_kustomization_it_is_used_by(built):
    item = built("Deployment")

    def related(*keys):
        node = item.root.at(*keys)
        places = node.source.origin.locate(node.span).related
        return [(label, place.source.path, place.span.line) for label, place in places]

    assert related("spec", "replicas") == [("changed from this", "base/web.yaml", 6)]
    assert related(*CONTAINERS, 2, "image") == [("used by this kustomization", "over/kustomization.yaml", 1)]
    assert related("kind") == []


def test_an_entry_of_another_generator_is_not_meant(built):
    item = built("Secret")
    origin = item.source.origin.locate(item.root["metadata"].span)
    assert (origin.location.text, origin.confidence) == ("keys", Confidence.BLOCK)


@pytest.mark.parametrize(
    "patches",
    [
        "patches: [{target: {kind: '['}, patch: '[{op: add, path: /spec/replicas, value: 3}]'}]",
        "patches: [{target: {kind: Service}, patch: '[{op: add, path: /spec/replicas, value: 3}]'}]",
        "patches: [{patch: '[{op: add, path: /spec/replicas, value: 4}]'}]",
        "patches: [{path: gone.yaml, patch: 3}, 4, {patch: '['}, {patch: '[{op: add, path: spec}, 5, {op: add}]'}]",
        "patchesJson6902: {a: 1}\nimages: [1, {name: [a]}]\nreplicas: x\nlabels: [1]\nconfigMapGenerator: [[1]]",
    ],
)
def test_a_patch_that_does_not_fit_is_not_named(read, tool, patches):
    tool("apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web\nspec:\n  replicas: 3\n")
    reading = read({"k8s/kustomization.yaml": f"resources: [web.yaml]\n{patches}\n", "k8s/web.yaml": DEPLOYMENT})
    for unit in reading.project.units:
        for item in unit.objects:
            node = item.root["spec"]["replicas"]
            origin = node.source.origin
            if origin is not None:
                found = origin.locate(node.span)
                assert (found.location.source.path, found.confidence) == ("k8s/web.yaml", Confidence.BLOCK)
