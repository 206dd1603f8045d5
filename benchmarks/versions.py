"""`make bench`, facts and schemas: what validation costs beside reading, what loading data costs, and its size.

Each figure is the best of several processes or runs, so that a busy machine matters less.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path
from time import process_time

from opslint.engine.validate import violations_of
from opslint.model.settings import Settings
from opslint.read.plan import read_project

ROOT = Path(__file__).resolve().parent.parent
LOADING = {
    # Beside what every run imports anyway (typing alone costs more than these data).
    "lifecycle data": (
        "from opslint_schemas import lifecycle\nlifecycle.api('batch/v1beta1', 'CronJob')",
        "import opslint.engine.run",
        3,
    ),
    "schemas of one minor, eight kinds": (
        "for one in KINDS: fits({}, shapes_of(34).shape({'$ref': objects.PREFIX + objects.definition_of(*one, 34)}))",
        (
            "from opslint_schemas import objects\nfrom opslint.engine.validate import _shapes_of as shapes_of\n"
            "from opslint.engine.validate.shapes import fits\n"
            "KINDS = [('v1', 'Pod'), ('v1', 'Service'), ('apps/v1', 'Deployment'), ('batch/v1', 'CronJob'),\n"
            "('networking.k8s.io/v1', 'Ingress'), ('policy/v1', 'PodDisruptionBudget'), ('v1', 'ConfigMap'),\n"
            "('rbac.authorization.k8s.io/v1', 'ClusterRole')]"
        ),
        30,
    ),
}
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


def validation(folder: Path) -> None:
    """Print what validating 2,000 mixed objects takes of the time that reading them takes."""
    text = "---\n".join((DEPLOYMENT + OTHERS).format(number) for number in range(500))
    (folder / "a.yaml").write_text(text, encoding="utf-8")
    settings = Settings(root=str(folder), target_version="1.34", no_cache=True)
    ratios = []
    for _ in range(5):
        start = process_time()
        project = read_project([str(folder)], settings).project
        read = process_time()
        found = [one for item in project.objects for one in violations_of(item, project)]
        ratios.append((process_time() - read) / (read - start))
        assert not found  # noqa: S101 - they are all valid
    print(f"{'validating 2,000 objects / reading them':<58} {statistics.median(ratios):7.2f}  goal < 1")


def loading() -> None:
    """Print what a fresh process takes to load each kind of data, the best of nine."""
    for name, (code, before, goal) in LOADING.items():
        script = f"import time\n{before}\nstart = time.perf_counter()\n{code}\nprint(time.perf_counter() - start)"
        runs = [subprocess.run([sys.executable, "-c", script], capture_output=True, check=True) for _ in range(9)]  # noqa: S603
        print(f"{name:<58} {min(float(run.stdout) for run in runs) * 1000:7.2f} ms  goal < {goal} ms")


def size() -> None:
    """Print the size of all data as it lies in a wheel."""
    files = [path for path in (ROOT / "schemas/opslint_schemas").rglob("*") if path.suffix in {".json", ".z"}]
    packed = sum(len(zlib.compress(path.read_bytes())) for path in files)
    print(f"{'all data of schemas/ in the wheel':<58} {packed / 1000:7.0f} KB  goal < 400 KB")


def main() -> None:
    """Run them."""
    with tempfile.TemporaryDirectory(prefix="opslint-bench-") as name:
        validation(Path(name))
    loading()
    size()


if __name__ == "__main__":
    main()
