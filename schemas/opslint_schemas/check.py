"""Check the data files: each against its JSON Schema, and all for facts that contradict each other.

``python -m opslint_schemas.check`` prints one line a problem, with the file and the key, and exits 1 when
there is one. It needs ``jsonschema``, which looking facts up never does.
"""

from __future__ import annotations

import json
import sys
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from opslint_schemas import release
from opslint_schemas.lifecycle import successor

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

_HERE = Path(__file__).resolve().parent
_SCHEMAS = _HERE / "data_schemas"
_DATA_FOLDERS = ("aws", "benchmarks", "crds", "kubernetes")
_NEWEST_NODE_SKEW = 3


def problems(root: Path = _HERE, only: Collection[str] = ()) -> list[str]:
    """Return what is wrong with the data files under a folder, "file: key: what" each.

    ``only`` limits the check to files of these names ("aws/eks_support").
    """
    found: list[str] = []
    data: dict[str, Any] = {}
    expected = {str(path.relative_to(_SCHEMAS)).removesuffix(".schema.json") for path in _SCHEMAS.glob("*/*.json")}
    present = {f"{folder}/{path.stem}" for folder in _DATA_FOLDERS for path in (root / folder).glob("*.json")}
    found += [f"{name}.json: the file is missing" for name in sorted(expected - present)]
    found += [f"{name}.json: the file has no schema" for name in sorted(present - expected)]
    for name in sorted(expected & present if not only else expected & present & set(only)):
        try:
            content = json.loads((root / f"{name}.json").read_text(encoding="utf-8"))
        except ValueError as error:
            found.append(f"{name}.json: not JSON: {error}")
            continue
        misshapen = [f"{name}.json: {line}" for line in _against_schema(name, content)]
        found += misshapen
        if not misshapen:
            data[name] = content
    for path in sorted((root / "terraform" / "modules").glob("*.json")):  # one schema for all of them
        table = json.loads(path.read_text(encoding="utf-8"))
        found += [f"terraform/modules/{path.name}: {line}" for line in _against_schema("terraform_module", table)]
    provider = root / "terraform" / "kubernetes_provider.json"
    if provider.exists():
        table = json.loads(provider.read_text(encoding="utf-8"))
        shape = [f"terraform/{provider.name}: {line}" for line in _against_schema("terraform_kubernetes", table)]
        found += shape or [f"terraform/{provider.name}: {line}" for line in _provider(table)]
    for name, content in data.items():
        # Contradictions are looked for only in data of the right shape.
        check = _CHECKS.get(name)
        found += [f"{name}.json: {line}" for line in (check(content) if check else ())]
    dates = {content["data_as_of"] for content in data.values()}
    if len(dates) > 1:
        found.append(f"data_as_of differs between files: {', '.join(sorted(dates))}")
    return found


def _against_schema(name: str, content: Any) -> Iterator[str]:
    from jsonschema import Draft202012Validator  # late: a development dependency

    schema = json.loads((_SCHEMAS / f"{name}.schema.json").read_text(encoding="utf-8"))
    for error in Draft202012Validator(schema).iter_errors(content):
        yield f"{'.'.join(map(str, error.absolute_path)) or '(top)'}: {error.message[:200]}"


def _provider(table: dict[str, Any]) -> Iterator[str]:
    """Report kinds, definitions and fields of Kubernetes' that do not exist."""
    from opslint_schemas import objects

    for type_, row in table["kinds"].items():
        version = row.get("fields_of", row["api_version"])
        if objects.definition_of(version, row["kind"], objects.NEWEST) is None:
            yield f"kinds.{type_}: there is no {row['kind']} of {version}"
    fields = objects.fields_by_short_name(objects.NEWEST)
    for part in ("names", "defaults"):
        for name, entries in table[part].items():
            known = fields.get(name)
            wanted = entries.values() if part == "names" else entries
            if known is None:
                yield f"{part}.{name}: there is no such definition"
            else:
                yield from (
                    f"{part}.{name}: there is no field {field}" for field in wanted if field not in {*known, ""}
                )


def _ordered(where: str, *steps: tuple[str, Any]) -> Iterator[str]:
    """Report neighbours that are in the wrong order; steps without a value are skipped."""
    known = [step for step in steps if step[1] is not None]
    for (before, early), (after, late) in pairwise(known):
        if early > late:
            yield f"{where}: {before} comes after {after}"


def _apis(data: dict[str, Any]) -> Iterator[str]:
    for api_version, kinds in data["apis"].items():
        for kind, row in kinds.items():
            where = f"apis.{api_version}.{kind}"
            first = None if "ib" in row else row["i"]
            yield from _ordered(where, ("introduced", first), ("deprecated", row.get("d")), ("removed", row.get("r")))
            yield from _planned(where, row)
            if row.get("r") == row["i"]:
                yield f"{where}: removed in the minor that introduced it"
            if "eks" in row and "off" not in row:
                yield f"{where}: eks is for kinds that are off by default"
            yield from _replaced(where, row, kind, data["apis"])


def _planned(where: str, row: dict[str, Any]) -> Iterator[str]:
    if "r" in row and "pr" in row:
        yield f"{where}: both removed and planned to be removed"
    if "d" in row and "pd" in row:
        yield f"{where}: both deprecated and planned to be deprecated"
    deprecated = row.get("d", row.get("pd"))
    yield from _ordered(where, ("deprecated", deprecated), ("planned removal", row.get("pr")))


def _replaced(where: str, row: dict[str, Any], kind: str, apis: dict[str, Any]) -> Iterator[str]:
    if "to" not in row:
        return
    to, to_kind = successor(row["to"], kind)
    known = apis.get(to, {}).get(to_kind)
    if known is None:
        yield f"{where}: replacement {row['to']} is not in the data"
    elif known is row:
        yield f"{where}: replaced by itself"
    elif "r" in known and known["r"] <= row.get("r", known["r"]):
        yield f"{where}: replacement {row['to']} is removed no later than what it replaces"


def _crds(data: dict[str, Any]) -> Iterator[str]:
    for api_version, kinds in data["crds"].items():
        for kind, rows in kinds.items():
            for row in rows if isinstance(rows, list) else [rows]:
                yield from _crd(f"crds.{api_version}.{kind} ({row['c']})", kind, row, data)
    for index, row in enumerate(data["fields"]):
        where = f"fields.{index} ({row['key']})"
        yield from _ordered(where, *((name, _release(row.get(key))) for name, key in _CRD_STEPS[1:3]))


_CRD_STEPS = (("introduced", "i"), ("deprecated", "d"), ("removed", "r"), ("dropped from the schema", "x"))


def _crd(where: str, kind: str, row: dict[str, Any], data: dict[str, Any]) -> Iterator[str]:
    component = data["components"].get(row["c"])
    if component is None:
        yield f"{where}: component is not in the table"
    elif any(_release(row[key]) > release(component["newest"]) for key in "idr" if key in row):
        yield f"{where}: a version is newer than the newest one read, {component['newest']}"
    # What was there in the oldest version read may have been introduced and deprecated before it.
    steps = [(name, _release(row.get(key))) for name, key in _CRD_STEPS]
    yield from _ordered(where, *(steps[1:] if "f" in row else steps))
    if "r" in row and "pr" in row:
        yield f"{where}: both removed and planned to be removed"
    if row.get("r") == row["i"] and "never" not in row:
        yield f"{where}: removed in the version that introduced it"
    for key, table in (("b", "bases"), ("m", "notes")):
        if row.get(key, -1) >= len(data[table]):
            yield f"{where}: {key} points outside {table}"
    to = row.get("to", [])
    for one in [to] if isinstance(to, str) else to:
        yield from _crd_replaced(where, row, successor(one, kind), data)


def _crd_replaced(where: str, row: dict[str, Any], to: tuple[str, str], data: dict[str, Any]) -> Iterator[str]:
    found = data["crds"].get(to[0], {}).get(to[1], [])
    rows = found if isinstance(found, list) else [found]
    named = "/".join(to)
    if not rows:
        yield f"{where}: replacement {named} is not in the data"
        return
    # Versions compare only within one component.
    same = [other for other in rows if other["c"] == row["c"]]
    if any(other is row for other in same):
        yield f"{where}: replaced by itself"
    elif "r" in row and same and all("r" in other and _release(other["r"]) <= _release(row["r"]) for other in same):
        yield f"{where}: replacement {named} is removed no later than what it replaces"


def _release(version: str | None) -> Any:  # a tuple, or None to be skipped
    return None if version is None else release(version)


def _fields(data: dict[str, Any]) -> Iterator[str]:
    seen: set[tuple[str, str, str]] = set()
    for index, row in enumerate(data["fields"]):
        where = f"fields.{index} ({row['key']})"
        # 0 says that it never worked, whenever it was deprecated.
        yield from _ordered(where, ("deprecated", row.get("d")), ("without effect", row.get("r") or None))
        identity = (row["type"], row["on"], row["key"])
        if identity in seen:
            yield f"{where}: the row is there twice"
        seen.add(identity)
        if ("U" in row["e"] or "T" in row["e"]) and "u" not in row:
            yield f"{where}: evidence {row['e']} is weak, but the row does not say what is unverified"


def _skew(data: dict[str, Any]) -> Iterator[str]:
    for name, row in data["control_planes"].items():
        where, minor = f"control_planes.{name}", int(name)
        for part, (oldest, newest) in row.items():
            yield from _ordered(f"{where}.{part}", ("oldest", oldest), ("newest", newest))
        for part in ("kubelet", "kube_proxy", "controllers"):
            if row[part][1] != minor:
                yield f"{where}.{part}: must not be newer than the control plane, nor stop short of it"
        if row["kubectl"] != [minor - 1, minor + 1]:
            yield f"{where}.kubectl: must be one minor either side"
        if row["kubelet"] != row["kube_proxy"] or minor - row["kubelet"][0] > _NEWEST_NODE_SKEW:
            yield f"{where}: kubelet and kube-proxy follow one rule, at most {_NEWEST_NODE_SKEW} minors back"
    minors = sorted(map(int, data["control_planes"]))
    if minors != list(range(minors[0], minors[-1] + 1)):
        yield "control_planes: a minor is missing in between"


def _components(data: dict[str, Any]) -> Iterator[str]:
    for component, lines in data["ranges"].items():
        for line, row in lines.items():
            where = f"ranges.{component}.{line}"
            yield from _ordered(where, ("oldest", row["k8s"][0]), ("newest", row["k8s"][1]))
            yield from _ordered(where, ("release", row.get("released")), ("end", row.get("end")))
    needed = sorted(data["karpenter_minimum"].items(), key=lambda item: int(item[0]))
    for (_, older), (minor, newer) in pairwise(needed):
        if release(newer) < release(older):
            yield f"karpenter_minimum.{minor}: a newer Kubernetes needs an older Karpenter"


_WINDOW = (("release", "release"), ("end of standard support", "standard_end"), ("end of extended", "extended_end"))


def _window(where: str, row: dict[str, Any]) -> Iterator[str]:
    yield from _ordered(where, *((name, row.get(key)) for name, key in _WINDOW))


def _eks(data: dict[str, Any]) -> Iterator[str]:
    versions = sorted(data["versions"].items(), key=lambda item: release(item[0]))
    for version, row in versions:
        where = f"versions.{version}"
        yield from _window(where, row)
        upstream = ("upstream release", row["upstream_release"])
        yield from _ordered(where, upstream, ("release", row["release"]))
        yield from _ordered(where, upstream, ("upstream end", row["upstream_end"]))
    for (older, before), (newer, after) in pairwise(versions):
        yield from _ordered("versions", (f"release of {older}", before["release"]), (newer, after["release"]))


def _rds(data: dict[str, Any]) -> Iterator[str]:
    for engine, majors in data["majors"].items():
        for major, row in majors.items():
            yield from _window(f"majors.{engine}.{major}", row)
    for minor, row in data["mysql_minors"].items():
        yield from _window(f"mysql_minors.{minor}", row)
        if ".".join(minor.split(".")[:2]) not in data["majors"]["mysql"]:
            yield f"mysql_minors.{minor}: its major is not in the data"


def _addons(data: dict[str, Any]) -> Iterator[str]:
    for index, row in enumerate(data["facts"]):
        if row["source"] >= len(data["fact_sources"]):
            yield f"facts.{index}: source points outside fact_sources"
    oldest = sorted(data["vpc_cni_oldest"].items(), key=lambda item: int(item[0]))
    for (_, before), (minor, after) in pairwise(oldest):
        if release(after[0]) < release(before[0]):
            yield f"vpc_cni_oldest.{minor}: a newer Kubernetes needs an older VPC CNI"


def _images(data: dict[str, Any]) -> Iterator[str]:
    for name, row in data["families"].items():
        where = f"families.{name}"
        yield from _ordered(where, ("end of the images", row["images_end"]), ("end of the system", row.get("os_end")))
        for old, new in row["ami_types"].items():
            if not old.startswith(f"{name}_") or not new.startswith(f"{row['successor']}_"):
                yield f"{where}.ami_types.{old}: must lead from {name} to {row['successor']}"


def _charts(data: dict[str, Any]) -> Iterator[str]:
    for name, row in data["charts"].items():
        if row.get("version") == "same" and "same_from" in row:
            yield f"charts.{name}: the versions are the same anyhow, same_from says nothing"
        offset = row.get("version")
        if isinstance(offset, dict) and row.get("same_from", offset["chart_major"] + 1) <= offset["chart_major"]:
            yield f"charts.{name}: same_from must be above the major that has an offset"
    for end in data["others"]:
        if not any(end.endswith(known) for known in data["images"]):
            yield f"others: {end} ends with no entry of images, so it need not be told apart"


_CHECKS = {
    "aws/eks_addons": _addons,
    "aws/eks_support": _eks,
    "aws/node_images": _images,
    "aws/rds_support": _rds,
    "crds/api_lifecycle": _crds,
    "kubernetes/api_lifecycle": _apis,
    "kubernetes/component_charts": _charts,
    "kubernetes/component_support": _components,
    "kubernetes/field_lifecycle": _fields,
    "kubernetes/version_skew": _skew,
}


def main(arguments: list[str] | None = None) -> int:
    """Check the package's data, or that of the folder given, and return the exit code."""
    chosen = sys.argv[1:] if arguments is None else arguments
    found = problems(Path(chosen[0]) if chosen else _HERE)
    for line in found:
        sys.stdout.write(f"{line}\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
