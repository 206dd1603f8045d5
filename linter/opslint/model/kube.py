"""Kubernetes objects and the pods in them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, overload

from opslint.model.cached import cached
from opslint.model.node import Undecided
from opslint.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.node import Node
    from opslint.model.project import Unit
    from opslint.model.source import Location, Source
    from opslint.model.terraform import Block

# Where each kind keeps its pod template; the pod spec is its "spec".
POD_TEMPLATE: Final[dict[str, tuple[str, ...]]] = {
    "Deployment": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Rollout": ("spec", "template"),
    "PodTemplate": ("template",),
    "Pod": (),
}
WORKLOAD_GROUPS: Final = frozenset({"", "apps", "batch", "extensions", "argoproj.io"})
CONTAINER_LISTS: Final = ("containers", "initContainers", "ephemeralContainers")


class Written(NamedTuple):
    """Another API version that somebody wrote a live object in; `how` says by what, after "uses x": `as last applied`.

    A cluster serves an object in any version it has: what is applied the next time is in this one.
    """

    api_version: str
    at: Node | Location
    how: str


class Texts(dict[str, str]):
    """Labels or annotations as texts: going through them yields those that are known.

    Asking for one whose value is not known (or any other one, when not all keys are known) raises `Undecided`.
    """

    __slots__ = ("_open", "_whole")

    def __init__(self, node: Node) -> None:
        self._open: dict[str, Node] = {}
        self._whole: Node | None = None
        if not node.exists:
            return
        if not node.known:
            self._whole = node
            return
        for key, value in node.items():
            if value.known:
                self[key] = value.text
            else:
                self._open[key] = value

    def _ask(self, key: object) -> None:
        node = self._open.get(key) if self._open and isinstance(key, str) else None
        node = self._whole if node is None else node
        if node is not None:
            raise Undecided(node)

    @overload  # type: ignore[override]
    def get(self, key: str, default: None = None, /) -> str | None: ...
    @overload
    def get(self, key: str, default: str, /) -> str: ...
    def get(self, key: str, default: str | None = None, /) -> str | None:
        """Return the value of a key. Raises Undecided."""
        if not dict.__contains__(self, key):
            self._ask(key)
        return dict.get(self, key, default)

    def __missing__(self, key: str) -> str:
        self._ask(key)
        raise KeyError(key)

    def __contains__(self, key: object) -> bool:
        if dict.__contains__(self, key) or key in self._open:
            return True
        self._ask(key)
        return False

    @property
    def is_whole(self) -> bool:
        """True when all keys and all values are known."""
        return self._whole is None and not self._open

    def known(self, key: str) -> str:
        """Return the value of a key, "" when it is absent or not known."""
        return dict.get(self, key, "")


class KubeObject:
    """One Kubernetes document.

    `root` is the document's map; `unit` what it is applied with. An item of a `kind: List` counts as a document. Of an
    object dumped from a cluster, `written` are the other API versions it was written in, and `generated` is true when
    a controller made it from another object of the dump.
    """

    written: tuple[Written, ...] = ()
    generated: bool = False
    pods_at: tuple[str, ...] = ()  # of a custom kind that the configuration knows: the path of its pod spec
    is_literal: bool = False  # only apiVersion and kind are known, from a template that does not render

    def __init__(self, root: Node, unit: Unit, block: Block | None = None) -> None:
        self.root, self.unit = root, unit
        self.block = block  # the Terraform resource that makes it

    def __repr__(self) -> str:
        return f"<{self.kind}/{self.name} of {self.unit.id}>"

    def keep_pods_at(self, path: tuple[str, ...]) -> None:
        """Note where this custom object keeps its pod spec, and forget what was told of it without that."""
        self.pods_at = path
        for name in ("is_workload", "pod_template", "pod_spec", "pod_labels", "containers"):
            self.__dict__.pop(name, None)

    @cached
    def api_version(self) -> str:
        """`apiVersion`, "" when absent."""
        node = self.root["apiVersion"]
        return node.text if node.known else ""

    @cached
    def group(self) -> str:
        """The API group, "" for the core group."""
        return self.api_version.rpartition("/")[0]

    @cached
    def kind(self) -> str:
        """`kind`, "" when absent."""
        node = self.root["kind"]
        return node.text if node.known else ""

    @cached
    def name(self) -> str:
        """`metadata.name` (or `generateName`), "" when unknown."""
        metadata = self.metadata
        node = metadata["name"]
        if not node.present:
            node = metadata["generateName"]
        return node.text if node.known else ""

    @cached
    def namespace(self) -> str:
        """`metadata.namespace`, else the unit's; "" when neither is known."""
        node = self.metadata["namespace"]
        return (node.text if node.known else "") or self.unit.namespace

    @cached
    def metadata(self) -> Node:
        """`metadata`."""
        return self.root["metadata"]

    @cached
    def spec(self) -> Node:
        """`spec`."""
        return self.root["spec"]

    @cached
    def labels(self) -> Texts:
        """`metadata.labels` as texts."""
        return Texts(self.metadata["labels"])

    @cached
    def annotations(self) -> Texts:
        """`metadata.annotations` as texts."""
        return Texts(self.metadata["annotations"])

    @property
    def source(self) -> Source:
        """The text it stands in."""
        return self.root.source

    @cached
    def is_workload(self) -> bool:
        """True when the kind keeps a pod template."""
        return bool(self.pods_at) or (self.kind in POD_TEMPLATE and self.group in WORKLOAD_GROUPS)

    @cached
    def pod_template(self) -> Node:
        """The pod template (metadata and spec); a Pod is its own. Missing for kinds without one."""
        if self.pods_at:
            return self.root.at(*self.pods_at[:-1]) if self.pods_at[-1] == "spec" else self.root.at("\0no-template")
        if not self.is_workload:
            return self.root["spec"]["template"] if self.kind in {"", "Rollout"} else self.root.at("\0no-pods")
        return self.root.at(*POD_TEMPLATE[self.kind])

    @cached
    def pod_spec(self) -> Node:
        """The pod spec; missing for kinds without pods."""
        return self.root.at(*self.pods_at) if self.pods_at else self.pod_template["spec"]

    @cached
    def pod_labels(self) -> Texts:
        """The labels its pods get."""
        return Texts(self.pod_template["metadata"]["labels"])

    @cached
    def containers(self) -> tuple[Container, ...]:
        """All containers: main, init and ephemeral ones, in this order."""
        spec = self.pod_spec
        found = []
        for part in CONTAINER_LISTS:
            listed = spec[part]
            if listed.known and listed.is_list:
                found += [Container(node, self, part) for node in listed if node.known and node.is_map]
        return tuple(found)

    @cached
    def is_test_hook(self) -> bool:
        """True for a Helm test hook, which workload rules leave alone."""
        hooks = self.annotations.known("helm.sh/hook")
        return bool(hooks) and any(hook.strip().startswith("test") for hook in hooks.split(","))

    @cached
    def title(self) -> str:
        """`Kind/name`; where the name is unknown, of Terraform the kind and the address, of a template the kind."""
        if self.block is not None and not self.name:
            return f"{self.kind} {self.block.address}"
        if self.is_literal and not self.name:
            return self.kind
        return f"{self.kind}/{self.name}"


# The first minor at which an init container may restart always: the gate SidecarContainers was off by default at 1.28.
# https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/
NATIVE_SIDECARS: Final = 29


class Container:
    """A container of a pod spec; `part` is the list it stands in."""

    def __init__(self, root: Node, owner: KubeObject, part: str) -> None:
        self.root, self.owner, self.part = root, owner, part

    @cached
    def name(self) -> str:
        """Its name, "" when absent."""
        node = self.root["name"]
        return node.text if node.known else ""

    @property
    def is_running(self) -> bool:
        """True when it runs as long as the pod: a main container, or an init container that restarts always.

        A cluster that is too old for native sidecars drops the field: it runs such a container to its end.
        """
        if self.part != "initContainers" or self.root["restartPolicy"].text != "Always":
            return self.part == "containers"
        targets = self.unit.targets
        return not targets or any(target.minor >= NATIVE_SIDECARS for target in targets)

    @property
    def image(self) -> Node:
        """`image`."""
        return self.root["image"]

    @property
    def unit(self) -> Unit:
        """The unit of its owner."""
        return self.owner.unit


Workload = KubeObject


def unpack(root: Node) -> Iterator[Node]:
    """Yield the document, or the items of a `kind: List` (and of any `…List` with items), however nested."""
    kind = root["kind"]
    items = root["items"]
    if kind.known and kind.text.endswith("List") and items.known and items.is_list:
        for item in items:
            if item.known and item.is_map:
                yield from unpack(item)
    else:
        yield root
