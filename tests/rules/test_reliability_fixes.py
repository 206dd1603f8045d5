"""The fixes of the reliability rules, where they are written and where none is offered."""

from opslint.cli.main import main

STORE = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: store, namespace: shop}
spec:
  replicas: 1
  template:
    metadata: {labels: {app: store}}
    spec:
      volumes: [{name: data, %s: {}}]
---
apiVersion: v1
kind: Service
metadata: {name: store, namespace: shop}
spec: {selector: {app: store}}
"""


def fixed(files, rule, tmp_path, monkeypatch):
    """Write the files, apply all fixes of a rule, and return the files as they are then."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".git").mkdir(exist_ok=True)
    for path, text in files.items():
        place = tmp_path / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text)
    main([".", "--select", rule, "--fail-on", "never", "--fix", "--unsafe-fixes"])
    return {path: (tmp_path / path).read_text() for path in files}


def test_pods_that_claim_a_volume_get_no_second_replica(tmp_path, monkeypatch):
    claiming, free = STORE % "persistentVolumeClaim", STORE % "emptyDir"
    assert fixed({"store.yaml": claiming}, "single-replica", tmp_path, monkeypatch)["store.yaml"] == claiming
    mended = fixed({"store.yaml": free}, "single-replica", tmp_path, monkeypatch)["store.yaml"]
    assert mended == free.replace("replicas: 1", "replicas: 2")


CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: store\nversion: 1.0.0\n",
    "chart/values.yaml": 'claim: ""\nupdateStrategy:\n  type: RollingUpdate\n',
    "chart/templates/_helpers.tpl": '{{- define "store.claim" -}}\n{{ .Release.Name }}-data\n{{- end }}\n',
    "chart/templates/store.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: store}
spec:
  strategy: {{- toYaml .Values.updateStrategy | nindent 4 }}
  template:
    spec:
      volumes:
        - name: data
          persistentVolumeClaim:
            claimName: {{ .Values.claim | default (include "store.claim" .) }}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: {{ include "store.claim" . }}}
spec: {accessModes: [ReadWriteOnce]}
""",
}


def test_a_computed_name_does_not_keep_the_strategy_from_being_mended(tmp_path, monkeypatch):
    mended = fixed(CHART, "shared-rwo-volume", tmp_path, monkeypatch)
    values = CHART["chart/values.yaml"].replace("RollingUpdate", "Recreate")
    assert mended == CHART | {"chart/values.yaml": values}
