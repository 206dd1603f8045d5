"""A repository with one chart, and what declares releases of it."""

from opslint.model.settings import Settings
from opslint.read.plan import read_project

WEB = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: '{{ .Release.Name }}', namespace: '{{ .Release.Namespace }}'}\n"
    "data:\n  size: {{ .Values.size | quote }}\n  tag: {{ .Values.image.tag | quote }}\n"
)


CHART = {
    ".git/HEAD": "",
    "charts/api/Chart.yaml": "apiVersion: v2\nname: api\nversion: 1.0.0\n",
    "charts/api/values.yaml": "size: default\nimage:\n  tag: '1'\n",
    "charts/api/values-prod.yaml": "size: file\n",
    "charts/api/values-dev.yaml": "size: small\n",
    "charts/api/templates/web.yaml": WEB,
}


SOURCE = "    repoURL: https://github.com/shop/shop.git\n    path: charts/api\n"


def application(helm="", *, name="api-prod", destination="{namespace: shop}", labels="{}", source=SOURCE):
    return (
        f"apiVersion: argoproj.io/v1alpha1\nkind: Application\nmetadata:\n  name: {name}\n  labels: {labels}\n"
        f"spec:\n  destination: {destination}\n  source:\n{source}{helm}"
    )


def data(reading):
    """Return, for each release of the chart, its id and what it rendered."""
    found = {}
    for unit in reading.project.units:
        for item in unit.of_kind("ConfigMap"):
            if unit.kind == "release":
                found[unit.id] = {key: node.text for key, node in item.root["data"].items()} | {
                    "name": item.name,
                    "namespace": item.namespace,
                }
    return found


def unit_of(reading):
    (unit,) = (unit for unit in reading.project.units if unit.kind == "release")
    return unit


def application_set(generators, helm, *, go=False, path="charts/api", name="api-{{env}}"):
    return (
        "apiVersion: argoproj.io/v1alpha1\nkind: ApplicationSet\nmetadata: {name: api}\nspec:\n"
        + ("  goTemplate: true\n" if go else "")
        + f"  generators:\n{generators}  template:\n    metadata: {{name: '{name}'}}\n    spec:\n"
        f"      destination: {{namespace: shop}}\n      source:\n        repoURL: 'https://github.com/shop/shop'\n"
        f"        path: '{path}'\n        helm:\n{helm}"
    )


def unit_of_chart(reading):
    (chart,) = (chart for chart in reading.project.charts if chart.path == "charts/api")
    return chart


def read_releases(root, files, **settings):
    """Write files beside the chart and read them."""
    for path, text in (CHART | files).items():
        target = root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
    return read_project([str(root)], Settings(root=str(root), no_cache=True, **settings))
