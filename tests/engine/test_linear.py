"""Rules look at a number of nodes that grows as the manifests do, also where all share one namespace."""

import pytest

from opslint.engine.judge import judge
from opslint.engine.packs import load_packs
from opslint.engine.select import select
from opslint.model.node import Node
from opslint.model.settings import Settings
from opslint.read.plan import read_project

APPLICATION = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web-NUMBER, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web-NUMBER}}
  template:
    metadata: {labels: {app: web-NUMBER}}
    spec:
      serviceAccountName: web-NUMBER
      containers:
        - name: web
          image: registry.example/web:1.4
          ports: [{name: http, containerPort: 8080}]
          env: [{name: A, valueFrom: {secretKeyRef: {name: web-NUMBER, key: a}}}]
---
apiVersion: v1
kind: Service
metadata: {name: web-NUMBER, namespace: shop, labels: {app: web-NUMBER}}
spec: {selector: {app: web-NUMBER}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: lost-NUMBER, namespace: shop}
spec: {selector: {app: lost-NUMBER}, ports: [{name: http, port: 80, targetPort: http}]}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: lost-NUMBER, namespace: shop}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: lost-NUMBER}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web-NUMBER, namespace: shop}
spec: {maxUnavailable: 1, selector: {matchLabels: {app: web-NUMBER}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web-NUMBER, namespace: shop}
spec:
  defaultBackend: {service: {name: web-NUMBER, port: {name: http}}}
---
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata: {name: web-NUMBER, namespace: shop}
spec: {selector: {matchLabels: {app: web-NUMBER}}, endpoints: [{port: http}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web-NUMBER, namespace: shop}
spec: {podSelector: {matchLabels: {app: web-NUMBER}}, ingress: [{ports: [{port: http}]}]}
---
apiVersion: external-secrets.io/v1
kind: ExternalSecret
metadata: {name: store-NUMBER, namespace: shop}
spec: {refreshInterval: 1h, secretStoreRef: {name: store, kind: SecretStore}, target: {name: store-NUMBER}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web-NUMBER, namespace: shop}
rules: [{apiGroups: [""], resources: [pods/exec], verbs: [create]}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web-NUMBER, namespace: shop}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: web-NUMBER}
subjects: [{kind: ServiceAccount, name: web-NUMBER, namespace: shop}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web-NUMBER, namespace: shop}
spec: {minReplicas: 2, maxReplicas: 5, scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web-NUMBER}}
"""


@pytest.fixture
def looked(tmp_path, monkeypatch):
    """Return a function: how many nodes all rules ask for in a number of applications."""

    def count(number):
        folder = tmp_path / str(number)
        folder.mkdir()
        for at in range(number):
            (folder / f"{at}.yaml").write_text(APPLICATION.replace("NUMBER", str(at)))
        settings = Settings(root=str(folder), preset="all", no_cache=True)
        project = read_project([str(folder)], settings).project
        asked = []
        plain = Node.__getitem__
        with monkeypatch.context() as patch:
            patch.setattr(Node, "__getitem__", lambda node, key: asked.append(key) or plain(node, key))
            judge(project, [one for one in select(load_packs(), settings) if one.rule.applies_to != "terraform"])
        return len(asked)

    return count


def test_five_times_the_manifests_ask_five_times_as_much(looked):
    assert looked(100) < 6 * looked(20)
