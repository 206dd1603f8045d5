"""Which releases of cluster controllers the repository deploys: by installed charts, image tags, chart dependencies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NamedTuple
from weakref import WeakKeyDictionary

from opslint.engine.images import parse_image
from opslint.engine.installs import Install, all_installs
from opslint.model.patterns import regex
from opslint.model.terraform import Block
from opslint_schemas import release

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.kube import KubeObject
    from opslint.model.node import Node
    from opslint.model.project import Chart, Project

_EXACT: Final = regex(r"[v=]?(\d+\.\d+(?:\.\d+)?(?:[-+][\w.+-]*)?)\Z")
# Chart: the component it installs, and how the chart's version tells the component's: `same`, or the component's
# release is (major, minor + offset). None: it does not; then only an image tag in the values would.
# Sources: version and appVersion in the charts' own Chart.yaml over their releases.
_CHARTS: Final[dict[str, tuple[str, str | tuple[int, int, int] | None]]] = {
    "karpenter": ("karpenter", "same"),
    "karpenter-crd": ("karpenter", "same"),
    "cert-manager": ("cert-manager", "same"),
    "external-secrets": ("external-secrets", "same"),
    "keda": ("keda", "same"),
    "crossplane": ("crossplane", "same"),
    "istiod": ("istio", "same"),
    "base": ("istio", "same"),
    "traefik": ("traefik", "same"),  # its rows are counted in versions of the chart
    "kyverno": ("kyverno", (3, 1, 10)),  # chart 3.5 has Kyverno 1.15
    "aws-load-balancer-controller": ("aws-load-balancer-controller", (1, 2, 0)),  # chart 1.14 has 2.14
    "cluster-autoscaler": ("cluster-autoscaler", None),
    "ingress-nginx": ("ingress-nginx", None),
    "velero": ("velero", None),
    "argo-cd": ("argo-cd", None),
    "argo-rollouts": ("argo-rollouts", None),
    "argo-workflows": ("argo-workflows", None),
}
# What an image's repository ends with, whatever registry mirrors it.
_IMAGES: Final = {
    "karpenter/controller": "karpenter",
    "cert-manager-controller": "cert-manager",
    "external-secrets/external-secrets": "external-secrets",
    "kyverno/kyverno": "kyverno",
    "kedacore/keda": "keda",
    "istio/pilot": "istio",
    "crossplane/crossplane": "crossplane",
    "autoscaling/cluster-autoscaler": "cluster-autoscaler",
    "ingress-nginx/controller": "ingress-nginx",
    "nginx-ingress-controller": "ingress-nginx",
    "aws-load-balancer-controller": "aws-load-balancer-controller",
    "velero/velero": "velero",
    "argoproj/argocd": "argo-cd",
    "argoproj/argo-rollouts": "argo-rollouts",
    "argoproj/workflow-controller": "argo-workflows",
    "sig-storage/snapshot-controller": "external-snapshotter",
}
# Other products under a name of the table.
_OTHERS: Final = ("bitnami/nginx-ingress-controller", "rancher/nginx-ingress-controller", "nginx/nginx-ingress")


class Release(NamedTuple):
    """A release of a component that somebody deploys.

    `version` is the component's own (`1.15`, not the chart's), "" when it cannot be told; `at` is the node that says
    it, `named` how it is written, for messages; `owner` what deploys it.
    """

    component: str
    version: str
    at: Node
    named: str
    owner: KubeObject | Block | Chart


_known: WeakKeyDictionary[Project, list[Release]] = WeakKeyDictionary()


def releases_of(project: Project, component: str = "") -> list[Release]:
    """Return the releases of a component (all of them without one), those of an unknown version too."""
    found = _known.get(project)
    if found is None:
        found = _known[project] = [*_installed(project), *_dependencies(project), *_images(project)]
    return [one for one in found if one.component == component] if component else found


def _installed(project: Project) -> Iterator[Release]:
    for install in all_installs(project):
        name = install.chart.rstrip("/").rpartition("/")[2]
        if name not in _CHARTS or (name == "base" and not _is_istio(install)):
            continue
        component, _ = _CHARTS[name]
        version = install.version.text if install.version.known else ""
        told = _tag(install) or component_version(name, version)
        at = install.version if install.version.present else install.at
        yield Release(component, told, at, f"chart {name} {version}".rstrip(), install.owner)


def _is_istio(install: Install) -> bool:
    repository = install.owner["repository"] if isinstance(install.owner, Block) else install.at
    return repository.known and "istio" in f"{repository.text} {install.chart}"


def _tag(install: Install) -> str:
    """The image tag among the values: it wins over the chart's own."""
    image = install.values.get("image")
    tag = image.get("tag") if isinstance(image, dict) else None
    return _exact(tag) if isinstance(tag, str) else ""


def component_version(chart: str, version: str) -> str:
    """Return the version of the component that a version of its chart installs, "" when that cannot be told."""
    exact = _exact(version)
    rule = _CHARTS[chart][1]
    if not exact or rule is None:
        return ""
    numbers = release(exact)
    if rule == "same" or not isinstance(rule, tuple):
        return exact
    chart_major, major, offset = rule
    if numbers[0] == chart_major:
        return ".".join(map(str, (major, numbers[1] + offset)))
    # From 3.0 on the load balancer controller's chart has its own version.
    return exact if chart == "aws-load-balancer-controller" and numbers[0] > major else ""


def _dependencies(project: Project) -> Iterator[Release]:
    for chart in project.charts:
        listed = chart.metadata["dependencies"] if chart.metadata.known else chart.metadata
        for entry in listed if listed.known else ():
            if not entry.known or not entry["name"].known or entry["name"].text not in _CHARTS:
                continue
            name, node = entry["name"].text, entry["version"]
            if name == "base" or not node.known:
                continue
            named = f"chart {name} {node.text}".rstrip()
            yield Release(_CHARTS[name][0], component_version(name, node.text), node, named, chart)


def _images(project: Project) -> Iterator[Release]:
    for item in project.objects:
        if not item.is_workload:
            continue
        for one in _containers(item):
            image = parse_image(one.text)
            if image is None or image.repository.endswith(_OTHERS):
                continue
            for end, component in _IMAGES.items():
                if image.repository == end or image.repository.endswith(f"/{end}"):
                    yield Release(component, _exact(image.tag), one, f"image {end}:{image.tag}".rstrip(":"), item)


def _containers(item: KubeObject) -> Iterator[Node]:
    spec = item.pod_spec if item.pod_template.known else item.pod_template
    if not spec.known or not spec["containers"].known:
        return
    for one in spec["containers"]:
        if one.known and one["image"].known:
            yield one["image"]


def _exact(version: str) -> str:
    match = _EXACT.match(version.strip())
    return match[1] if match else ""


__all__ = ["Release", "component_version", "releases_of"]
