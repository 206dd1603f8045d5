"""Terraform as rules see it: blocks with resolved arguments, module calls, root modules."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.model.records import NamedTuple, dataclass, field

if TYPE_CHECKING:
    from opslint.model.node import Node
    from opslint.model.project import Environment
    from opslint.model.report import Notice
    from opslint.model.source import Location


@dataclass(slots=True, eq=False)
class Block:
    """A resource or data block, or a virtual one that an adapter made of a module call.

    `body` is the map of arguments, resolved; nested blocks are lists of maps (`body.one("vpc_config")`). An argument
    that another place supplies has that place in `node.via`. A computed attribute is Unknown with its address as `why`.
    """

    mode: str  # "resource" | "data"
    type: str  # aws_db_instance
    name: str
    address: str  # module.eks.aws_eks_cluster.this[0]
    body: Node
    root: RootModule
    header: Location  # the block's own header, or the module call of a virtual block
    virtual: bool = False  # made of a module's inputs: an absent argument stands at the module call
    stand_in: bool = False  # count or for_each unknown: one instance stands for all
    call: ModuleCall | None = None  # the innermost module call it came through
    provider: str = ""  # local name or alias of the provider configuration, "" for the default

    def __getitem__(self, key: str) -> Node:
        return self.body[key]

    @property
    def environment(self) -> Environment:
        """The environment of the root module's var-file set."""
        return self.root.environment


@dataclass(slots=True, eq=False)
class ModuleCall:
    """A `module` block.

    `how` says how it was seen: `local` (directory read), `installed` (`.terraform/modules`), `adapter` (a table),
    `plan` (all that is in it is in a plan), `opaque` (its resources are unknown: "X is missing" rules are silent when
    it could provide X).
    """

    name: str
    address: str  # module.eks
    source: str  # "" when unknown
    version: str  # constraint, "" when absent
    body: Node
    root: RootModule
    header: Location
    how: str = "opaque"
    major: int | None = None  # of an adapter, when the constraint or the inputs decide it

    def __getitem__(self, key: str) -> Node:
        return self.body[key]

    @property
    def environment(self) -> Environment:
        """The environment of the root module's var-file set."""
        return self.root.environment


class Backend(NamedTuple):
    """Where the state of a root module is kept.

    `type` is `s3` and the like, `cloud` for a cloud block, `terragrunt` where that tool writes the backend.
    `files` are the settings files (`*.tfbackend`, `backend*.hcl`) of its environment, which `terraform init
    -backend-config` merges into the block: one of them each time.
    """

    type: str
    body: Node
    header: Location
    files: tuple[Node, ...] = ()


@dataclass(slots=True, eq=False)
class RootModule:
    """One root module evaluated with one set of var files."""

    path: str  # directory, relative, "" for the root of the run
    environment: Environment
    blocks: list[Block] = field(default_factory=list)
    calls: list[ModuleCall] = field(default_factory=list)
    providers: list[tuple[str, Node]] = field(default_factory=list)  # (name, arguments)
    settings: list[Node] = field(default_factory=list)  # bodies of `terraform` blocks
    unknown_arguments: int = 0
    backend: Backend | None = None
    var_files: tuple[str, ...] = ()  # of its environment, beside those Terraform reads by itself
    locked: bool = False  # a .terraform.lock.hcl lies beside it
    generated: bool = False  # Terragrunt may write its backend and providers: what its files lack may be there
    plan: str = ""  # the path of the plan whose values it has
    notices: list[Notice] = field(default_factory=list)  # what was cut or not read; grows while rules read values

    secrets: list[Location] = field(default_factory=list)  # the texts that supply sensitive variables

    def note(self, notice: Notice) -> None:
        """Add a notice, once."""
        if notice not in self.notices:
            self.notices.append(notice)

    @property
    def opaque(self) -> tuple[ModuleCall, ...]:
        """The module calls that could not be seen through."""
        return tuple(call for call in self.calls if call.how == "opaque")
