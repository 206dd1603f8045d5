"""What validation costs beside reading: measured against each other on the same machine, the best of three runs."""

from time import perf_counter

from opslint.engine.validate import violations_of
from opslint.model.settings import Settings
from opslint.read.plan import read_project

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {{name: d{0}, namespace: shop}}
spec:
  replicas: 3
  selector: {{matchLabels: {{app: d{0}}}}}
  template:
    metadata:
      labels: {{app: d{0}}}
    spec:
      securityContext: {{runAsNonRoot: true}}
      containers:
        - name: web
          image: registry.example/web:1.4
          ports: [{{name: http, containerPort: 8080}}]
          env: [{{name: A, value: a}}, {{name: B, value: "1"}}]
          resources: {{requests: {{cpu: 100m, memory: 128Mi}}, limits: {{memory: 128Mi}}}}
          readinessProbe: {{httpGet: {{path: /, port: http}}}}
          volumeMounts: [{{name: tmp, mountPath: /tmp}}]
      volumes: [{{name: tmp, emptyDir: {{}}}}]
"""
OTHERS = """\
---
apiVersion: v1
kind: Service
metadata: {{name: s{0}, namespace: shop}}
spec: {{selector: {{app: d{0}}}, ports: [{{port: 80, targetPort: http}}]}}
---
apiVersion: v1
kind: ConfigMap
metadata: {{name: c{0}, namespace: shop}}
data: {{a: b, c: d}}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {{name: r{0}, namespace: shop}}
rules: [{{apiGroups: [""], resources: [pods], verbs: [get]}}]
"""


def test_validating_two_thousand_objects_takes_less_than_reading_them(tmp_path):
    text = "---\n".join((DEPLOYMENT + OTHERS).format(number) for number in range(500))
    (tmp_path / "a.yaml").write_text(text)
    settings = Settings(root=str(tmp_path), target_version="1.34", no_cache=True)
    reading, validating = [], []
    for _ in range(3):
        start = perf_counter()
        project = read_project([str(tmp_path)], settings).project
        read = perf_counter()
        found = [one for item in project.objects for one in violations_of(item, project)]
        reading.append(read - start)
        validating.append(perf_counter() - read)
    assert len(project.objects) == 2000
    assert found == []
    assert min(validating) < min(reading)
