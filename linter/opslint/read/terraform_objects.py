"""The Kubernetes objects that Terraform applies: kubernetes_manifest, kubectl_manifest and the typed resources."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.model.kube import POD_TEMPLATE, KubeObject, unpack
from opslint.model.node import Node
from opslint.model.project import Unit
from opslint.model.records import dataclass, field
from opslint.model.report import Failure, Notice
from opslint.read import hcl
from opslint.read.evaluate.form import Cell, Raw
from opslint.read.evaluate.trace import follow
from opslint.read.kubernetes_fields import ObjectForm, is_typed, typed_object
from opslint.read.terraform_texts import Line, Text, documents_source, filled, gapped, has_gap, text_of
from opslint.read.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from opslint.model.project import Cluster
    from opslint.model.settings import Settings
    from opslint.model.source import Location
    from opslint.model.terraform import Block, RootModule
    from opslint.read.evaluate.scope import Origin as Expression

MANIFEST: Final = "kubernetes_manifest"
TEXT: Final = "kubectl_manifest"
# What puts objects into the cluster that are not seen: a reference to one of them is not missing.
_UNSEEN: Final = (
    "helm_release",
    "kubernetes_config_map_v1_data",
    "kubernetes_secret_v1_data",
    "kustomization_resource",
)


@dataclass(slots=True)
class TerraformObjects:
    """A unit for each root module that makes objects, for the cluster that the root module itself declares.

    `consumed` are the files whose content is applied by Terraform: they are not manifests of their own.
    """

    units: list[Unit] = field(default_factory=list)
    consumed: set[str] = field(default_factory=set)
    failures: list[Failure] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


def find_objects(modules: Iterable[RootModule], clusters: Iterable[Cluster], settings: Settings) -> TerraformObjects:
    """Return the units of the objects that root modules make. Never raises for what the files hold."""
    result = TerraformObjects()
    declaring: dict[int, list[str]] = {}
    for cluster in clusters:
        if cluster.block is not None:
            declaring.setdefault(id(cluster.block.root), []).append(cluster.id)
    for module in modules:
        own = declaring.get(id(module), [])
        for unit in _Reader(module, settings, result).read():
            result.units.append(unit)
            if len(own) == 1:
                unit.goes_to = own[0]
    return result


def drop_copies(units: Iterable[Unit], others: Iterable[Unit]) -> list[Unit]:
    """Leave out of units of Terraform the objects that equal one of a manifest: it is judged in its own file."""
    known: dict[tuple[str, str, str], list[KubeObject]] = {}
    for unit in others:
        if unit.kind == "manifests":
            for item in unit.objects:
                known.setdefault((item.api_version, item.kind, item.name), []).append(item)
    kept: list[Unit] = []
    for unit in units:
        unit.objects = [item for item in unit.objects if not _is_copy(item, known)]
        if unit.objects:
            kept.append(unit)
    return kept


def _is_copy(item: KubeObject, known: Mapping[tuple[str, str, str], list[KubeObject]]) -> bool:
    found = known.get((item.api_version, item.kind, item.name), ()) if item.name else ()
    if not found:
        return False
    plain = item.root.plain()
    return any(one.root.plain() == plain for one in found)


class _Reader:
    """Reads the objects of one root module: a unit for each alias of the provider, as that is another cluster."""

    def __init__(self, module: RootModule, settings: Settings, result: TerraformObjects) -> None:
        self._module, self._settings, self._result = module, settings, result
        self._units: dict[str, Unit] = {}

    def read(self) -> list[Unit]:
        """Return the units that have objects."""
        module = self._module
        unseen = [f"{call.address} may make objects: its module is not there" for call in module.opaque]
        for block in module.blocks:
            if block.mode != "resource":
                continue
            if block.type in _UNSEEN:
                unseen.append(f"{block.address} brings objects that are not in it")
            for root in self._roots(block):
                gap = _unknown_frame(root)
                if gap is not None:
                    self._unread(block, gap.why)
                    continue
                unit = self._unit(block)
                unit.objects.append(KubeObject(root, unit, block))
                if block.stand_in:
                    unit.open(f"how many there are of {block.address} is not known")
                elif not _is_named(unit.objects[-1]):
                    unit.open(f"the name, namespace or labels of {block.address} are not known")
        for unit in self._units.values():
            for why in unseen:
                unit.open(why)
        return [unit for unit in self._units.values() if unit.objects]

    def _unit(self, block: Block) -> Unit:
        alias = block.provider.partition(".")[2]
        unit = self._units.get(alias)
        if unit is None:
            module = self._module
            environment = module.environment
            names = [f"terraform:{module.path or '.'}", *([alias] if alias else [])]
            unit = self._units[alias] = Unit(
                id=":".join(names) + (f"@{environment.name}" if environment.name else ""),
                kind="terraform",
                path=module.path,
                environment=environment,
                namespace=self._settings.namespace,
            )
        return unit

    def _roots(self, block: Block) -> Iterator[Node]:
        if block.type == MANIFEST:
            yield from self._manifest(block)
        elif block.type == TEXT:
            yield from self._text(block)
        elif is_typed(block.type):
            yield _object(typed_object(block.type, block.body.raw), block)

    def _manifest(self, block: Block) -> Iterator[Node]:
        """Yield the object of a kubernetes_manifest; one that is read from YAML has its places there."""
        node = block["manifest"]
        origin = _argument_of(node.raw, "yamldecode")
        text = text_of(origin) if origin is not None else None
        if text is not None and not (has_gap(text.text) and node.known):
            yield from self._documents(block, text)
        elif node.known and node.is_map:
            yield _object(node.raw, block)
        else:
            self._unread(block, node.why)

    def _text(self, block: Block) -> Iterator[Node]:
        """Yield the objects of a kubectl_manifest."""
        node = block["yaml_body"]
        raw = node.raw
        encoded = _argument_of(raw, "yamlencode", "jsonencode")
        if encoded is not None and isinstance(raw, Cell):
            root = _object(raw.at(encoded), block)
            if root.known and root.is_map:
                yield root
                return
        origin = raw.origin if isinstance(raw, Raw) else None
        text = _with_value(text_of(origin) if origin is not None else None, node)
        if text is None:
            self._unread(block, node.why)
        else:
            yield from self._documents(block, text)

    def _documents(self, block: Block, text: Text) -> Iterator[Node]:
        source = documents_source(text, self._used_by(block, text))
        parsed = read_yaml(source)
        if parsed.errors:
            self._fail(block, text, parsed.errors[0].line, parsed.errors[0].message)
            return
        if text.lines[0].source.kind == "yaml":  # a file, as it is or as a template
            self._result.consumed.add(text.lines[0].source.path)
        for document in parsed.documents:
            root = filled(document, text)
            if root.known and root.is_map:
                for item in unpack(root):
                    if item["apiVersion"].present and item["kind"].present:
                        yield item

    def _used_by(self, block: Block, text: Text) -> tuple[tuple[str, Location], ...]:
        line = text.lines[0]
        header = block.header
        inside = line.source is header.source and block.body.extent.line <= line.number <= block.body.extent.end_line
        return () if inside else ((f"applied by {block.address}", header),)

    def _fail(self, block: Block, text: Text, number: int, message: str) -> None:
        line = text.lines[min(number, len(text.lines)) - 1]
        self._unit(block).open(f"{block.address} could not be read")
        if has_gap(text.text):
            said = f"{block.address} is not judged: what is unknown in its text leaves no YAML"
            self._result.notices.append(Notice(line.source.path, line.number, said))
        else:
            failure = Failure(line.source.path, line.number, f"the text of {block.address}: {message}", "yaml")
            if failure not in self._result.failures:
                self._result.failures.append(failure)

    def _unread(self, block: Block, why: str) -> None:
        self._unit(block).open(f"{block.address} is not known")
        header = block.header
        said = f"{block.address} is not judged: its object is not known ({why or 'not in the files'})"
        notice = Notice(header.source.path, header.span.line, said)
        if notice not in self._result.notices:
            self._result.notices.append(notice)


def _unknown_frame(root: Node) -> Node | None:
    """Return the first part of an object's frame that is unknown: without it nothing can be said of the object.

    The frame is kind and metadata, and of a workload everything around its containers.
    """
    kind = root["kind"]
    paths: list[tuple[str, ...]] = [("kind",), ("apiVersion",), ("metadata",)]
    pods = POD_TEMPLATE.get(kind.text) if kind.known else None
    if pods is not None:
        paths += [pods[:end] for end in range(1, len(pods) + 1)]
        paths += [(*pods, "metadata"), (*pods, "spec")]
    for path in paths:
        node = root.at(*path)
        if not node.known:
            return node
    return None


def _is_named(item: KubeObject) -> bool:
    """Return whether all that others may know an object by is known."""
    nodes = [item.metadata["name"], item.metadata["namespace"], item.metadata["labels"]]
    if item.is_workload:
        nodes.append(item.pod_template["metadata"]["labels"])
    return all(node.known for part in nodes for node in part.walk())


def _object(raw: Raw, block: Block) -> Node:
    document = block.body.source
    return Node(document, raw, ObjectForm(document))


def _argument_of(raw: object, *functions: str) -> Expression | None:
    """Return the argument of the call that makes a value, None when no call of these functions does."""
    origin = raw.origin if isinstance(raw, Raw) else None
    if origin is None:
        return None
    end = follow(origin).origin
    if end.node[0] == hcl.CALL and end.node[3] in functions and end.node[4]:
        return end._replace(node=end.node[4][0])
    return None


def _with_value(text: Text | None, node: Node) -> Text | None:
    """Return the text with the argument's value; one whose lines cannot be told stands at the argument."""
    if not node.known:
        return text or _in_pieces(node)
    if text is not None and text.text == node.text:
        return text
    lines = node.text.count("\n") + 1
    if text is not None and len(text.lines) == lines:
        return Text(node.text, text.lines)
    return Text(node.text, [Line(node.source, node.span.line)] * lines) if node.text else None


def _in_pieces(node: Node) -> Text | None:
    unknown = node.unknown
    return gapped(unknown, Line(node.source, node.span.line)) if unknown is not None and unknown.parts else None


__all__ = ["TerraformObjects", "drop_copies", "find_objects"]
