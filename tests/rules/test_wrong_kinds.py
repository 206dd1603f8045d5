"""No rule crashes on an object of any kind that rules read, whatever stands in its fields."""

import copy
import json
from datetime import date
from itertools import count
from pathlib import Path

import pytest
from every_example import paths

from opslint.engine.packs import load_packs
from opslint.engine.run import lint
from opslint.model.settings import Settings
from opslint.model.source import Source
from opslint.read.yaml import read_yaml
from opslint.testing import cases_of, examples_of

PACKS = load_packs()
RULES = [rule for pack in PACKS for rule in pack.rules]
CASES = Path(__file__).parents[1] / "cases"
GONE = object()
WRONG = [
    None,
    [],
    {},
    "",
    "text",
    7,
    -1.5,
    True,
    [None],
    [[7, "text"]],
    [{}],
    {"": None},
    "{{ .Values.x }}",
    "${X}",
    GONE,
]
EACH = 1  # mutations of one path
TOGETHER = 30  # mutated objects of one unit
RUNS = 8  # in which all kinds are tried
ROUTE = "{parentRefs: [{name: g}], rules: [{backendRefs: [{name: web, port: 80}]}]}"
POD = "{containers: [{name: web, image: 'registry.example/web:1', env: [{name: A, valueFrom: {secretKeyRef: {name: s}}}]}]}"
# Kinds that no example or case has.
MORE = f"""
{{apiVersion: karpenter.k8s.aws/v1alpha1, kind: AWSNodeTemplate, metadata: {{name: a}}, spec: {{subnetSelector: {{a: b}}}}}}
---
{{apiVersion: v1, kind: PodTemplate, metadata: {{name: a}}, template: {{metadata: {{labels: {{a: b}}}}, spec: {POD}}}}}
---
{{apiVersion: gateway.networking.k8s.io/v1, kind: GRPCRoute, metadata: {{name: a, namespace: shop}}, spec: {ROUTE}}}
---
{{apiVersion: gateway.networking.k8s.io/v1alpha2, kind: TCPRoute, metadata: {{name: a, namespace: shop}}, spec: {ROUTE}}}
---
{{apiVersion: gateway.networking.k8s.io/v1alpha2, kind: TLSRoute, metadata: {{name: a, namespace: shop}}, spec: {ROUTE}}}
---
apiVersion: argoproj.io/v1alpha1
kind: ApplicationSet
metadata: {{name: a, namespace: argocd}}
spec:
  generators: [{{list: {{elements: [{{env: prod}}]}}}}, {{git: {{repoURL: "https://git.example.com", directories: [{{path: x}}]}}}}]
  template: {{metadata: {{name: a}}, spec: {{source: {{chart: c, repoURL: r, helm: {{values: "a: 1"}}}}, destination: {{namespace: x}}}}}}
---
{{apiVersion: kustomize.toolkit.fluxcd.io/v1, kind: Kustomization, metadata: {{name: a}}, spec: {{path: ./x, targetNamespace: y}}}}
---
{{apiVersion: trust.cert-manager.io/v1alpha1, kind: Bundle, metadata: {{name: a}}, spec: {{sources: [{{useDefaultCAs: true}}]}}}}
---
{{apiVersion: elbv2.k8s.aws/v1beta1, kind: TargetGroupBinding, metadata: {{name: a}}, spec: {{serviceRef: {{name: web, port: 80}}}}}}
---
{{apiVersion: snapshot.storage.k8s.io/v1, kind: VolumeSnapshot, metadata: {{name: a}}, spec: {{volumeSnapshotClassName: b}}}}
---
{{apiVersion: vpcresources.k8s.aws/v1beta1, kind: SecurityGroupPolicy, metadata: {{name: a}}, spec: {{podSelector: {{}}}}}}
---
apiVersion: policies.kyverno.io/v1
kind: MutatingPolicy
metadata: {{name: a}}
spec: {{matchConstraints: {{resourceRules: [{{resources: [pods]}}]}}, mutations: [{{patchType: JSONPatch, jsonPatch: {{expression: x}}}}]}}
---
apiVersion: policies.kyverno.io/v1
kind: GeneratingPolicy
metadata: {{name: a}}
spec: {{matchConstraints: {{resourceRules: [{{resources: [namespaces]}}]}}, generate: [{{expression: NetworkPolicy}}]}}
---
apiVersion: policies.kyverno.io/v1
kind: NamespacedValidatingPolicy
metadata: {{name: a}}
spec:
  matchConstraints: {{resourceRules: [{{resources: [pods]}}]}}
  validations: [{{expression: "object.spec.containers.all(c, c.image.startsWith('x'))"}}]
"""


def documents(texts):
    found = []
    for path, text in texts:
        if path.endswith((".yaml", ".json")) and "/templates/" not in path:
            found += [document.plain() for document in read_yaml(Source(path, text)).documents]
    return [one for one in found if isinstance(one, dict) and isinstance(one.get("kind"), str)]


def changed(value, path, new):
    value = copy.deepcopy(value)
    place = value
    for key in path[:-1]:
        place = place[key]
    if new is GONE:
        del place[path[-1]]
    else:
        place[path[-1]] = new
    return value


def corpus():
    """Objects by kind: as few as have all fields that one of the kind has in an example or a case."""
    examples = [one for rule in RULES for one in examples_of(rule)]
    examples += [case for path in sorted(CASES.glob("*.md")) for case in cases_of(path)]
    every = documents([("more.yaml", MORE), *(file for one in examples for file in one.files.items())])
    by_kind = {}
    for one in sorted(every, key=lambda one: -len(list(paths(one)))):
        seen, kept = by_kind.setdefault(one["kind"], (set(), []))
        fields = {tuple(key for key in path if isinstance(key, str)) for path in paths(one)}
        if not fields <= seen:
            seen |= fields
            kept.append(one)
    return {kind: kept for kind, (_, kept) in sorted(by_kind.items())}


CORPUS = corpus()
BASE = [kept[0] for kept in CORPUS.values()]


def mutated(kind):
    turn = count()
    tried = set()
    for one in CORPUS[kind]:
        for path in paths(one):
            field = tuple(key if isinstance(key, str) else 0 for key in path)
            if field in tried:
                continue
            tried.add(field)
            for _ in range(EACH):
                yield changed(one, path, WRONG[next(turn) % len(WRONG)])


@pytest.mark.parametrize("kinds", [tuple(CORPUS)[at::RUNS] for at in range(RUNS)], ids=range(RUNS))
def test_no_rule_crashes_on_a_wrong_object(kinds, tmp_path):
    parts = {"base": BASE}
    for kind in kinds:
        objects = list(mutated(kind))
        assert len(objects) > 1
        parts |= {f"{kind}-{at}": objects[at : at + TOGETHER] for at in range(0, len(objects), TOGETHER)}
    for name, part in parts.items():
        folder = tmp_path / "overlays" / name
        folder.mkdir(parents=True)
        (folder / "all.yaml").write_text("\n---\n".join(json.dumps(one) for one in part))
    settings = Settings(
        root=str(tmp_path), preset="all", as_of=date(2026, 11, 22), target_version="1.34", no_cache=True
    )
    report = lint([str(tmp_path)], settings, PACKS)
    assert report.files == len(parts)
    assert [(failure.path, failure.message) for failure in report.failures if failure.kind == "rule"] == []


def test_every_kind_that_a_rule_is_run_for_is_among_them():
    asked = {name for rule in RULES if rule.each.what in {"kind", "workload"} for name in rule.each.names}
    assert asked - set(CORPUS) == set()
