"""The repository as one Project: everything rules may look at."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Final

from opslint.model.cached import cached
from opslint.model.patterns import glob_matches
from opslint.model.records import NamedTuple, dataclass, field

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from opslint.model.kube import KubeObject
    from opslint.model.node import Node
    from opslint.model.settings import Settings
    from opslint.model.source import Location, Source
    from opslint.model.terraform import Block, ModuleCall, RootModule


class Environment(NamedTuple):
    """What a unit or a root module is deployed as.

    `stage` is prod, nonprod or unknown (treated as prod); `sign` says what told it.
    """

    name: str = ""
    stage: str = "unknown"
    sign: str = ""

    @property
    def is_nonprod(self) -> bool:
        """True only on an explicit sign."""
        return self.stage == "nonprod"


class Target(NamedTuple):
    """A Kubernetes version to judge against, and what named it.

    `minor` is the minor of Kubernetes 1.x. `kind` is flag, configuration, cluster, or newest (the newest EKS version
    known); `location` the place in a file that says so. `after` marks the version after the upgrade (`next`).
    """

    id: str
    minor: int
    kind: str
    location: Location | None = None
    after: bool = False

    @property
    def version(self) -> str:
        """`1.34`."""
        return f"1.{self.minor}"

    @property
    def statement(self) -> str:
        """For messages: `the target is 1.34 (infra/prod.tfvars:3)`."""
        after = " after the upgrade" if self.after else ""
        return f"the target{after} is {self.version} ({self.provenance})"

    @property
    def provenance(self) -> str:
        """What named the target, for messages: `infra/prod.tfvars:3`, `--target-version` and the like."""
        if self.location is not None:
            return f"{self.location.source.path}:{self.location.span.line}"
        return {
            "flag": "--target-version",
            "configuration": "configuration",
            "newest": "the newest EKS version known",
        }.get(self.kind, self.kind)


@dataclass(slots=True, eq=False)
class Cluster:
    """An EKS cluster that Terraform or eksctl declares."""

    id: str  # configuration's name, else the address
    name: Node
    version: Node
    environment: Environment
    block: Block | None = None

    @property
    def title(self) -> str:
        """Its name where the files tell it, else its id."""
        return self.name.text if self.name.known and self.name.text else self.id


class _Holder:
    """What holds Kubernetes objects; the lists that it gives are shared: they are not to be changed."""

    if TYPE_CHECKING:

        @property
        def objects(self) -> list[KubeObject]:
            """All of them, in the order they were read."""

    @cached
    def _by_kind(self) -> dict[str, list[KubeObject]]:
        index: dict[str, list[KubeObject]] = defaultdict(list)
        for item in self.objects:
            index[item.kind].append(item)
        return dict(index)

    @cached
    def _by_place(self) -> dict[tuple[str, str], list[KubeObject]]:
        index: dict[tuple[str, str], list[KubeObject]] = defaultdict(list)
        for item in self.objects:
            index[item.kind, item.namespace].append(item)
        return dict(index)

    @cached
    def _by_name(self) -> dict[str, dict[str, list[KubeObject]]]:
        return {}  # of the kinds that were asked for by name: those of most never are

    @cached
    def _of_kinds(self) -> dict[tuple[str, ...], list[KubeObject]]:
        return {}

    def of_kind(self, *kinds: str, namespace: str | None = None) -> list[KubeObject]:
        """Return its objects of these kinds, all of them for no kind, in the order they were read."""
        if not kinds:
            found = self.objects
            return found if namespace is None else [item for item in found if item.namespace == namespace]
        if namespace is not None:
            lists = [self._by_place.get((kind, namespace), []) for kind in kinds]
            return lists[0] if len(lists) == 1 else [item for found in lists for item in found]
        if len(kinds) == 1:
            return self._by_kind.get(kinds[0], [])
        known = self._of_kinds
        if kinds not in known:  # many rules ask for the same ones, of every item
            known[kinds] = [item for kind in kinds for item in self._by_kind.get(kind, ())]
        return known[kinds]

    def named(self, kind: str, name: str) -> list[KubeObject]:
        """Return its objects of a kind and a name, in the order they were read."""
        known = self._by_name
        if kind not in known:
            index = known[kind] = {}
            for item in self.of_kind(kind):
                index.setdefault(item.name, []).append(item)
        return known[kind].get(name, [])


@dataclass(eq=False)
class Unit(_Holder):
    """What is applied together to one cluster.

    `kind` is release (chart x values), kustomization, application, manifests, terraform (objects inside .tf), stdin or
    stored (a Helm release kept in a dump).
    `closed` is true when all its parts were readable: reference rules are silent on a unit that is not.
    `targets` has one entry, or one per cluster when the unit is mapped to none of several.
    """

    id: str  # charts/api@prod, manifests, …
    kind: str
    path: str
    environment: Environment
    namespace: str = ""  # of objects that name none; "" when unknown
    closed: bool = True
    targets: tuple[Target, ...] = ()
    cluster: Cluster | None = None
    chart: Chart | None = None
    objects: list[KubeObject] = field(default_factory=list)
    open_because: tuple[str, ...] = ()  # why it is not closed, for people
    # Of a release that does not render: objects of which the apiVersion and the kind alone are known, as its templates
    # have them. Only rules that ask for such get them.
    literals: list[KubeObject] = field(default_factory=list)
    kustomizations: list[KubeObject] = field(default_factory=list)  # what it was built by: no objects of a cluster
    declared_by: str = ""  # the Application or Flux Kustomization that applies it, with its place
    goes_to: str = ""  # the name of the cluster that its own files give, if any

    def open(self, why: str) -> None:
        """Note that a part of it is not known, and why."""
        self.closed = False
        if why not in self.open_because:
            self.open_because += (why,)

    @cached
    def workloads(self) -> list[KubeObject]:
        """Its objects that hold a pod template."""
        return [item for item in self.objects if item.is_workload]


class ChartRelease(NamedTuple):
    """A release that a chart was rendered as.

    `values` are the paths of its values files beside the default ones, weakest first; `source` says what declares it:
    configuration, a values file's name, an Application's place, …
    """

    unit: str
    name: str
    namespace: str
    environment: Environment
    values: tuple[str, ...]
    source: str
    rendered: bool
    sources: tuple[Source, ...] = ()  # what was rendered, and the manifests of crds/


@dataclass(slots=True, eq=False)
class Chart:
    """A chart of the repository; `metadata` is Chart.yaml, `values` the default values (missing nodes when absent).

    `unrendered` are the places of the template branches that no release renders, `missing` the dependencies that are
    declared and not there, `subcharts` the Chart.yaml files of those below it that ask for a version of Kubernetes.
    """

    path: str
    name: str
    metadata: Node
    values: Node
    rendered: bool = False
    library: bool = False
    releases: list[ChartRelease] = field(default_factory=list)
    unrendered: list[Location] = field(default_factory=list)
    missing: list[tuple[str, Location]] = field(default_factory=list)
    subcharts: list[Node] = field(default_factory=list)


class DuplicateKey(NamedTuple):
    """A key written twice in one mapping: the first entry loses."""

    key: str
    lost: Location
    kept: Location
    equal: bool = False


@dataclass(slots=True, eq=False)
class SourceFile:
    """A file that was read, with what was found in its text."""

    source: Source
    duplicates: list[DuplicateKey] = field(default_factory=list)
    environment: Environment = field(default_factory=Environment)


SYSTEM_NAMESPACES: Final = frozenset({"kube-system", "kube-public", "kube-node-lease"})


@dataclass(eq=False)
class Project(_Holder):
    """Everything of one run. Built once by `read`, never changed by rules."""

    units: Sequence[Unit]
    charts: Sequence[Chart]
    modules: Sequence[RootModule]
    clusters: Sequence[Cluster]
    files: Sequence[SourceFile]
    settings: Settings
    as_of: date
    eksctl: Sequence[RootModule] = ()  # the resources of each ClusterConfig of eksctl

    @cached
    def objects(self) -> list[KubeObject]:
        """All Kubernetes objects, unit by unit."""
        return [item for unit in self.units for item in unit.objects]

    @cached
    def _blocks(self) -> dict[tuple[str, str], list[Block]]:
        index: dict[tuple[str, str], list[Block]] = defaultdict(list)
        for module in (*self.modules, *self.eksctl):
            for block in module.blocks:
                index[block.mode, block.type].append(block)
        return dict(index)

    def resources(self, *types: str) -> list[Block]:
        """Return the resources of these types, of all root modules, virtual ones included."""
        return [block for type_ in types for block in self._blocks.get(("resource", type_), ())]

    def data(self, *types: str) -> list[Block]:
        """Return the data blocks of these types."""
        return [block for type_ in types for block in self._blocks.get(("data", type_), ())]

    @cached
    def calls(self) -> list[ModuleCall]:
        """All module calls."""
        return [call for module in self.modules for call in module.calls]

    @property
    def has_terraform(self) -> bool:
        """True when any root module was read."""
        return bool(self.modules)

    @cached
    def system_namespaces(self) -> frozenset[str]:
        """Kubernetes' own namespaces and those of the configuration."""
        return SYSTEM_NAMESPACES | frozenset(self.settings.system_namespaces)

    def is_system(self, item: KubeObject) -> bool:
        """True for an object of a system namespace."""
        return item.namespace in self.system_namespaces

    def knows(self, kind: str, namespace: str, name: str) -> bool:
        """True when the configuration says that the object exists outside the repository (`known_objects`)."""
        patterns: Iterable[str] = self.settings.known_objects
        if not patterns:
            return False
        wanted = f"{kind}/{namespace}/{name}"
        return any(glob_matches(wanted, pattern) for pattern in patterns)
