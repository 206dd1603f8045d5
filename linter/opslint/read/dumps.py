"""What the dump of a cluster says besides its live objects: how they were applied, and the releases that Helm keeps.

The API server serves an object in every version it has, so a live object does not tell in which one it is applied. The
annotation of `kubectl apply`, `metadata.managedFields` and the manifest of a Helm release do.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from opslint.model.kube import KubeObject, Written, unpack
from opslint.model.limits import RELEASES_BYTES
from opslint.model.patterns import regex
from opslint.model.project import Unit
from opslint.model.report import Failure
from opslint.model.source import Confidence, Location, Origin, Source, Span
from opslint.read.stored_releases import Stored, StoredError, unpack_release
from opslint.read.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opslint.model.node import Node

__all__ = ["read_dump"]

LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"
_VERSION: Final = regex(r'\\?"apiVersion\\?"\s*:\s*\\?"([\w./-]+)\\?"')
_STORE_KINDS: Final = frozenset({"Secret", "ConfigMap"})


def read_dump(unit: Unit) -> tuple[list[Unit], list[Failure]]:
    """Look at a unit of dumped objects for what they were written as.

    Its objects get their `written` versions. A unit is returned for each Helm release that is kept among them, with
    those of its objects that the dump itself has not, and a failure for each release that cannot be read.
    """
    for item in unit.objects:
        item.written = tuple(_written(item))
    _mark_generated(unit.objects)
    units: list[Unit] = []
    failures: list[Failure] = []
    live = {(item.kind, item.name, item.namespace): item for item in reversed(unit.objects)}
    room = RELEASES_BYTES
    for keeper in _current(unit.objects):
        try:
            stored = unpack_release(keeper.root["data"]["release"].text, room)
        except StoredError as error:
            span = keeper.root.span
            message = f"{keeper.title} keeps a Helm release that cannot be read: {error}"
            failures.append(Failure(keeper.source.path, span.line, message, "limit" if error.limit else "yaml"))
            continue
        room -= len(stored.manifest)
        made, broken = _release_unit(keeper, stored, live)
        failures += broken
        if made.objects:
            units.append(made)
    return units, failures


# -- live objects
def _written(item: KubeObject) -> Iterator[Written]:
    """Yield the other API versions of a live object, each once."""
    if not item.metadata.known or not item.metadata.is_map:
        return
    seen = {item.api_version}
    for one in (*_applied(item), *_managed(item)):
        if one.api_version not in seen:
            seen.add(one.api_version)
            yield one


def _applied(item: KubeObject) -> Iterator[Written]:
    annotations = item.metadata["annotations"]
    node = annotations[LAST_APPLIED] if annotations.known else annotations
    if not node.known or not node.is_scalar:
        return
    try:
        applied = json.loads(node.text)
    except (ValueError, RecursionError):
        return  # not what kubectl writes
    version = applied.get("apiVersion") if isinstance(applied, dict) else None
    if isinstance(version, str) and version:
        yield Written(version, _within(node, version), "as last applied")


def _within(node: Node, version: str) -> Node | Location:
    """Where the version stands in the text of the annotation."""
    whole = node.location
    text = whole.text
    for match in _VERSION.finditer(text):
        if match[1] == version:
            at = whole.source.offset(whole.span.line, whole.span.column)
            return Location(whole.source, whole.source.span(at + match.start(1), at + match.end(1)))
    return node


def _managed(item: KubeObject) -> Iterator[Written]:
    """Yield what clients other than the cluster's own controllers wrote: those go with the cluster's version."""
    entries = item.metadata["managedFields"]
    if not entries.known:
        return
    for entry in entries:
        if not entry.known or not entry.is_map:
            continue
        version, manager = entry["apiVersion"], entry["manager"]
        if not (version.known and version.text and manager.known) or entry["subresource"].present:
            continue
        if not manager.text.startswith("kube-"):
            yield Written(version.text, version, f"as {manager.text or 'a client'} wrote it")


def _mark_generated(items: list[KubeObject]) -> None:
    """Mark what a controller made from another object of the dump: that one is judged, and is the one to change."""
    present = {(item.kind, item.name, item.namespace) for item in items}
    for item in items:
        owners = item.metadata["ownerReferences"] if item.metadata.known else item.metadata
        for owner in owners if owners.known else ():
            if owner.known and owner.is_map and owner["controller"].known and owner["controller"].is_true:
                kind, name = owner["kind"], owner["name"]
                if kind.known and name.known and (kind.text, name.text, item.namespace) in present:
                    item.generated = True


# -- releases
def _current(items: list[KubeObject]) -> list[KubeObject]:
    """Return what keeps the current revision of each release: the one deployed, else the last."""
    found: dict[tuple[str, str], tuple[tuple[bool, int], KubeObject]] = {}
    for item in items:
        if not _keeps_release(item):
            continue
        labels = item.labels
        name = labels.get("name") or item.name
        revision = labels.get("version", "")
        rank = (labels.get("status") == "deployed", int(revision) if revision.isdigit() else 0)
        known = found.get((item.namespace, name))
        if known is None or known[0] < rank:
            found[item.namespace, name] = (rank, item)
    return [item for _, item in found.values()]


def _keeps_release(item: KubeObject) -> bool:
    if item.kind not in _STORE_KINDS or not item.root["data"].known or not item.root["data"]["release"].present:
        return False
    if not item.root["data"]["release"].known:
        return False
    type_ = item.root["type"]
    return (type_.known and type_.text == "helm.sh/release.v1") or item.labels.get("owner") == "helm"


class _KeeperMap:
    """The map of a release's manifest: everything stands in the object that keeps it, shown at its name."""

    def __init__(self, keeper: KubeObject) -> None:
        node = keeper.metadata["name"]
        self._place = (node if node.present else keeper.root["kind"]).location

    def locate(self, span: Span) -> Origin:  # noqa: ARG002 - the interface of SourceMap
        """Return the name of the object that keeps the release."""
        return Origin(self._place, Confidence.BLOCK)


def _release_unit(
    keeper: KubeObject, stored: Stored, live: dict[tuple[str, str, str], KubeObject]
) -> tuple[Unit, list[Failure]]:
    namespace = stored.namespace or keeper.namespace
    named = f"Helm release {namespace}/{stored.name} v{stored.revision}"
    source = Source(named, stored.manifest, "stored", origin=_KeeperMap(keeper))
    parsed = read_yaml(source)
    line = keeper.root.span.line
    failures = [
        Failure(keeper.source.path, line, f"{named}, line {one.line} of its manifest: {one.message}", "yaml")
        for one in parsed.errors
    ]
    unit = Unit(
        id=f"{keeper.unit.id}:{namespace}/{stored.name}",
        kind="stored",
        path=keeper.unit.path,
        environment=keeper.unit.environment,
        namespace=namespace,
    )
    unit.open("a release kept in a cluster is a part of what runs there")
    for item in _objects(parsed.documents, unit):
        place = item.root["apiVersion"].location
        same = live.get((item.kind, item.name, item.namespace)) or live.get((item.kind, item.name, ""))
        if same is None:
            unit.objects.append(item)
        elif item.api_version not in {same.api_version, *(one.api_version for one in same.written)}:
            same.written += (Written(item.api_version, place, f"as {named} has it"),)
    return unit, failures


def _objects(documents: Iterable[Node], unit: Unit) -> Iterator[KubeObject]:
    for document in documents:
        if document.known and document.is_map:
            for one in unpack(document):
                if one["apiVersion"].present and one["kind"].present:
                    yield KubeObject(one, unit)
