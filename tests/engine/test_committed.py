"""Where the repository holds a text that an object has."""

import pytest

from opslint.engine.committed import committed

CHART = {
    "chart/Chart.yaml": "apiVersion: v2\nname: shop\nversion: 1.0.0\n",
    "chart/values.yaml": "password: hunter22\nuser: shop\nhost: db\nkey: |\n  first line\n  second line\n",
}
SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: db}
stringData:
  whole: {{ .Values.password }}
  quoted: {{ .Values.password | quote }}
  written: correct-horse
  random: {{ randAlphaNum 12 | quote }}
  joined: {{ printf "%s:%s" .Values.user .Values.host }}
  copied: {{ .Values.key | trim | quote }}
  file: |
    user = {{ .Values.user }}
    password = battery-staple
"""


@pytest.mark.parametrize(
    ("key", "text", "place"),
    [
        ("whole", "hunter22", ("chart/values.yaml", 1)),
        ("quoted", "hunter22", ("chart/values.yaml", 1)),
        ("written", "correct-horse", ("chart/templates/secret.yaml", 7)),
        ("random", "", None),
        ("joined", "shop:db", None),
        ("file", "battery-staple", ("chart/templates/secret.yaml", 13)),
        ("copied", "", ("chart/values.yaml", 4)),
    ],
)
def test_of_a_chart(read, key, text, place):
    project = read(CHART | {"chart/templates/secret.yaml": SECRET})
    (secret,) = project.of_kind("Secret")
    node = secret.root["stringData"][key]
    found = committed(node, text or node.text)
    assert (found and (found.source.path, found.span.line)) == place


def test_of_a_manifest_it_is_the_line_of_the_text(read):
    text = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata:\n  one: x\n  many: |\n    a = 1\n    b = 2\n"
    (item,) = read({"a.yaml": text}).objects
    lines = [committed(item.root["data"][key], part).span.line for key, part in (("one", "x"), ("many", "b = 2"))]
    assert lines == [5, 8]
