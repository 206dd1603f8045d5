"""Fixes of pods in charts: a values key, a literal line, and the only entry of a map."""

from opslint.cli.main import main

TEMPLATE = """\
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
  hostNetwork: {{ .Values.host.network }}
  hostPID: true
  containers:
    - name: web
      image: registry.example/web:1
      securityContext:
        privileged: true
    - name: agent
      image: registry.example/agent:1
      securityContext: {{- toYaml .Values.agent | nindent 8 }}
"""
VALUES = "host:\n  network: true # for the agent\nagent:\n  privileged: true\n  runAsUser: 0\n"


def test_what_a_chart_switches_on_is_switched_off(tmp_path, monkeypatch):
    chart = tmp_path / "c"
    (chart / "templates").mkdir(parents=True)
    template, values = chart / "templates" / "a.yaml", chart / "values.yaml"
    (chart / "Chart.yaml").write_text("apiVersion: v2\nname: c\nversion: 1.0.0\n")
    template.write_text(TEMPLATE)
    values.write_text(VALUES)
    monkeypatch.chdir(tmp_path)
    selected = "privileged-container,host-namespace"
    assert main(["check", ".", "--select", selected, "--fix", "--unsafe-fixes"]) == 0
    assert template.read_text() == TEMPLATE.replace("hostPID: true", "hostPID: false").replace(
        "privileged: true", "privileged: false"
    )
    assert values.read_text() == VALUES.replace("true", "false")
