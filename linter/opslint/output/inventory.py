"""How opslint sees a repository, as plain data and as JSON; `inventory.schema.json` describes every member."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from opslint.engine.images import parse_image
from opslint.output.json_text import encode, encode_list, encode_object
from opslint.read.targets import place_of_value

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from opslint.model.project import Chart, Cluster, Environment, Project, Target, Unit
    from opslint.model.report import Coverage, Failure
    from opslint.model.source import Location
    from opslint.model.terraform import ModuleCall, RootModule

Facts: TypeAlias = dict[str, Any]  # JSON: maps, lists, texts, numbers

SCHEMA_VERSION: Final = 1
LISTS: Final = ("units", "clusters", "charts", "terraform", "registries", "errors", "notices")


def inventory_of(project: Project, coverage: Coverage, failures: Sequence[Failure]) -> Facts:
    """Return what was read: `LISTS` and the members of JSON, in an order that does not depend on the run."""
    return {
        "units": [_unit(unit) for unit in sorted(project.units, key=lambda unit: (unit.id, unit.kind))],
        "clusters": [_cluster(one) for one in sorted(project.clusters, key=lambda one: one.id)],
        "charts": [_chart(chart) for chart in sorted(project.charts, key=lambda chart: chart.path)],
        "terraform": _modules(project.modules),
        "registries": _registries(project),
        "coverage": {
            "charts": {
                "found": coverage.charts_found,
                "rendered": coverage.charts_rendered,
                "branches_unrendered": coverage.branches_unrendered,
            },
            "manifests": {"found": coverage.manifests_found, "read": coverage.manifests_read},
            "kustomizations": {"found": coverage.kustomizations_found, "built": coverage.kustomizations_built},
            "terraform": {
                "files": coverage.terraform_files,
                "modules": coverage.modules,
                "opaque_modules": coverage.opaque_modules,
            },
        },
        "errors": [
            {"path": one.path or None, "line": one.line or None, "message": one.message, "kind": one.kind}
            for one in sorted(set(failures), key=lambda one: (one.path, one.line, one.message, one.kind))
        ],
        "notices": [
            {"path": one.path or None, "line": one.line or None, "message": one.message} for one in coverage.notices
        ],
    }


def to_json(found: Facts, version: str) -> str:
    """Return an inventory as one JSON object: the same bytes for the same input."""
    members = {"schema_version": encode(SCHEMA_VERSION), "tool": encode({"name": "opslint", "version": version})}
    members |= {
        name: encode_list(map(encode, value), "  ") if name in LISTS else encode(value) for name, value in found.items()
    }
    return encode_object(members) + "\n"


def _place(location: Location | None) -> Facts:
    return {
        "path": location.source.path if location else None,
        "line": location.span.line if location else None,
    }


def _environment(environment: Environment) -> Facts | None:
    if not environment.name:
        return None
    return {"name": environment.name, "stage": environment.stage, "sign": environment.sign}


def _unit(unit: Unit) -> Facts:
    return {
        "id": unit.id,
        "kind": unit.kind,
        "path": unit.path or ".",
        "environment": _environment(unit.environment),
        "cluster": unit.cluster.id if unit.cluster else None,
        "namespace": unit.namespace or None,
        "declared_by": unit.declared_by or None,
        "targets": [_target(target) for target in unit.targets],
        "closed": unit.closed,
        "open_because": list(unit.open_because),
        "objects": len(unit.objects),
    }


def _target(target: Target) -> Facts:
    return {
        "kubernetes": target.version,
        "source": {"kind": target.kind, **_place(target.location)},
        "named_by": target.provenance,
    }


def _cluster(cluster: Cluster) -> Facts:
    name, version = cluster.name, cluster.version
    place = place_of_value(version) if version.known and version.present else None
    return {
        "id": cluster.id,
        "name": name.text if name.known and name.is_scalar else None,
        "version": version.text if version.known and version.is_scalar else None,
        "version_unknown": None if version.known else version.why or "not in the files",
        "version_place": _place(place),
        "environment": _environment(cluster.environment),
        "address": cluster.block.address if cluster.block else None,
        "declared": _place(cluster.block.header if cluster.block else name.location),
    }


def _chart(chart: Chart) -> Facts:
    return {
        "path": chart.path or ".",
        "name": chart.name,
        "library": chart.library,
        "rendered": chart.rendered,
        "releases": [
            {
                "unit": release.unit,
                "name": release.name,
                "namespace": release.namespace or None,
                "environment": _environment(release.environment),
                "values": list(release.values),
                "source": release.source,
                "rendered": release.rendered,
            }
            for release in chart.releases
        ],
        "branches_unrendered": [_place(location) for location in chart.unrendered],
        "missing_dependencies": [{"name": name, **_place(location)} for name, location in chart.missing],
    }


def _modules(modules: Iterable[RootModule]) -> list[Facts]:
    by_path: dict[str, list[RootModule]] = {}
    for module in modules:
        by_path.setdefault(module.path, []).append(module)
    return [
        {
            "path": path or ".",
            "runs": [
                {
                    "environment": _environment(module.environment),
                    "var_files": list(module.var_files),
                    "plan": module.plan or None,
                    "blocks": len(module.blocks),
                }
                for module in sorted(group, key=lambda one: one.environment.name)
            ],
            "calls": _calls(call for module in group for call in module.calls),
        }
        for path, group in sorted(by_path.items())
    ]


def _calls(calls: Iterable[ModuleCall]) -> list[Facts]:
    """Return the module calls of all runs, each once."""
    found: dict[tuple[object, ...], Facts] = {}
    for call in calls:
        fact = {
            "address": call.address,
            "source": call.source or None,
            "version": call.version or None,
            "how": call.how,
            "major": call.major,
            **_place(call.header),
        }
        found.setdefault((call.address, fact["path"], fact["line"], call.how, call.major or 0), fact)
    return [found[key] for key in sorted(found, key=lambda key: tuple(map(str, key)))]


def _registries(project: Project) -> list[Facts]:
    """Return the registries by the number of containers that use them; "" stands for images that are not known."""
    images: dict[str, set[str]] = {}
    uses: Counter[str] = Counter()
    for item in project.objects:
        for container in item.containers:
            node = container.image
            text = node.text if node.known else ""
            image = parse_image(text)
            registry = image.registry if image is not None else ""
            uses[registry] += 1
            images.setdefault(registry, set()).add(text)
    return [
        {"registry": registry or None, "images": len(images[registry]), "containers": count}
        for registry, count in sorted(uses.items(), key=lambda pair: (not pair[0], -pair[1], pair[0]))
    ]
