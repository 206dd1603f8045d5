"""What rules ask of Terraform: references between blocks, accounts and regions, what an unseen module may hold."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final

from opslint.engine.node_groups import KARPENTER_MODULE
from opslint.model.finding import Add, Fix, Safety, Set
from opslint.model.node import Unknown
from opslint.model.patterns import regex

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opslint.model.node import Node
    from opslint.model.project import Project
    from opslint.model.source import Location
    from opslint.model.terraform import Block, ModuleCall

# The few arguments that hold ARNs: reading all would evaluate everything.
_ARN_ARGUMENTS: Final = frozenset(
    {"arn", "kms_key_arn", "kms_key_id", "permissions_boundary", "policy_arn", "principal_arn", "role_arn"}
)
_ARN_ACCOUNT: Final = regex(r"\barn:aws[\w-]*:[\w-]*:[\w-]*:(\d{12}):")
_ACCOUNT: Final = regex(r"\A\d{12}\Z")
_LITERAL: Final = regex(r'"[^"$%\\\n]*"|-?\d+(?:\.\d+)?|true|false|null')
_MINOR: Final = regex(r"v?1\.(\d{1,3})(?:[.+-].*)?")
_GLOB: Final = regex(r"[*?[]")
_WRITTEN_UNDER: Final = regex(r"([\w-]+)\"?\s*[=:]\s*$")
_INDEX: Final = regex(r"\[[^\]]*\]")
_NAMES: Final = ("name", "identifier", "id", "bucket", "cluster_identifier", "global_cluster_identifier")
# `aws_vpc.this.id`, `data.aws_region.current.name`, `module.vpc.vpc_id`; what another state holds may be anything.
_DECLARED: Final = regex(r"(?!data\.terraform_remote_state\.)(?:data\.|module\.|[a-z0-9]+_[\w-]+\.)")
_OWN: Final = regex(r"(?!data\.)(?:module\.|[a-z0-9]+_[\w-]+\.)")
# The modules in front of `aws_vpc.this.id` or `data.aws_vpc.this.id`, if it is of one; not `module.vpc.vpc_id`.
_WITHIN: Final = regex(r"(?:module\.[\w-]+(?:\[[^\]]*\])?\.)+(?=(?:data\.)?[a-z0-9]+_[\w-]+\.)")
# The outputs by which the known modules hand out each of their resources.
_OUTPUTS: Final = {
    "aws_db_instance": regex(r"db_instance_(?:arn|identifier|name|resource_id)"),
    "aws_dynamodb_table": regex(r"dynamodb_table_(?:arn|id)"),
    "aws_ecr_repository": regex(r"repository_(?:arn|name|url|registry_id)"),
    "aws_eks_cluster": regex(r"cluster_(?:arn|id|name|version|endpoint)"),
    "aws_iam_role": regex(r"(?:iam_)?(?:role_)?(?:arn|name|unique_id)"),
    "aws_rds_cluster": regex(r"cluster_(?:arn|id|resource_id)"),
    "aws_s3_bucket": regex(r"s3_bucket_(?:arn|id)"),
    "aws_vpc": regex(r"vpc_(?:arn|id)"),
}


# -- references
def refers_to(node: Node, block: Block) -> bool:
    """True when an argument is (or is made of) an attribute of the block: by reference, or by literal name or id."""
    unknown = node.unknown
    if unknown is not None:
        return any(_is_attribute(why, block) for why in _causes(unknown))
    return is_named(node, block)


def may_refer_to(node: Node, block: Block, others: list[Block]) -> bool:
    """True when an argument is an attribute of the block, or may be.

    That is an unknown, or a literal beside a block whose name is unknown, unless it is an attribute of one of the
    others.
    """
    if refers_to(node, block):
        return True
    if node.known and not _has_unknown_name(block):
        return False
    return not refers_to_any(node, others)


def _has_unknown_name(block: Block) -> bool:
    return any(block[key].present and not block[key].known for key in _NAMES)


def refers_to_any(node: Node, blocks: list[Block]) -> bool:
    """True when an argument is an attribute of one of the blocks: then it cannot be one of another."""
    return any(refers_to(node, block) for block in blocks)


def _causes(unknown: Unknown) -> Iterator[str]:
    yield unknown.why
    for part in unknown.parts:
        if isinstance(part, Unknown):
            yield from _causes(part)


def cause_of(node: Node) -> str:
    """Return the address of what an unknown value comes from, as its own module writes it; "" for a known one."""
    return _local(node.why)


def _local(why: str) -> str:
    return _WITHIN.sub("", why, count=1) if why.startswith("module.") else why


def _is_attribute(why: str, block: Block) -> bool:
    cause, address = _bare(why), _bare(block.address)
    if cause == address or cause.startswith(address + "."):
        return True
    call = block.call
    if not block.virtual or call is None:
        return False
    prefix, outputs = _bare(call.address) + ".", _OUTPUTS.get(block.type)
    return cause.startswith(prefix) and outputs is not None and outputs.fullmatch(cause[len(prefix) :]) is not None


def _is_free(unknown: Unknown | None) -> bool:
    """True for an unknown that may have any value: an input, not an attribute of something that is declared."""
    return unknown is not None and not all(_DECLARED.match(_local(why)) for why in _causes(unknown))


def _bare(address: str) -> str:
    return _INDEX.sub("", address)


def same_run(block: Block, other: Block) -> bool:
    """True unless the two are of one root module with different var files: dev's blocks do not see prod's."""
    return block.root is other.root or block.root.path != other.root.path


def beside(block: Block, project: Project, *types: str) -> list[Block]:
    """Return the resources of these types of the block's own root module: only those can refer to it."""
    return [other for other in project.resources(*types) if block.root is other.root]


def elsewhere(block: Block, project: Project, *types: str) -> list[Block]:
    """Return the resources of these types of other root modules: they may know the block by its name (`may_name`)."""
    return [other for other in project.resources(*types) if block.root.path != other.root.path]


def is_named(node: Node, block: Block) -> bool:
    """True when an argument is the literal name or id of the block."""
    if not node.known or not node.text:
        return False
    names = [block[key] for key in _NAMES]
    return any(name.known and name.present and name.text == node.text for name in names)


def may_name(node: Node, block: Block) -> bool:
    """True when an argument of another root module is the block's name, or may be: no attribute of that one's own."""
    if node.known:
        return is_named(node, block) or _has_unknown_name(block)
    return node.unknown is not None and not all(_OWN.match(_local(why)) for why in _causes(node.unknown))


# -- names
def name_of(block: Block) -> str:
    """Return the name a resource gets in AWS, its address (or its module call's) when that cannot be told."""
    call = block.call if block.virtual else None
    nodes = [block[key] for key in _NAMES]
    nodes += [block["tags"]["Name"]] if block["tags"].known else []
    nodes += [call["name"]] if call is not None else []
    found = next((node.text for node in nodes if node.known and node.text), "")
    if not found and block.virtual and call is None:
        return block.name  # what eksctl makes: its address is nothing that anyone has written
    return found or (call.address if call is not None else block.address)


def name_glob(block: Block, key: str = "name", prefix: str = "name_prefix") -> str:
    """Return the glob of all names a resource may get, as far as the files tell.

    An unknown name leaves its known pieces; without a name it is the prefix and what the provider appends.
    """
    name, start = block[key], block[prefix]
    if name.present:
        glob = _glob(name.unknown or name.text) + _appended(block)
    else:
        # Without either the provider makes up "terraform-" and a time (resource.UniqueIdPrefix of its SDK).
        glob = (_glob(start.unknown or start.text) if start.present else "terraform-") + "*"
    return glob


def _appended(block: Block) -> str:
    """The iam module of major 6 takes a name as a prefix, unless `use_name_prefix` is false."""
    call = block.call
    if not block.virtual or call is None or not call.source.endswith("//modules/iam-role-for-service-accounts"):
        return ""
    switch = call["use_name_prefix"]
    if not switch.known:
        return "*"
    return "" if switch.is_false else "-*"


def _glob(value: object) -> str:
    if isinstance(value, Unknown):
        return "".join(map(_glob, value.parts)) if value.parts else "*"
    return _GLOB.sub(r"[\g<0>]", str(value))


# -- clusters
def cluster_of(block: Block, project: Project) -> Block | None:
    """Return the aws_eks_cluster that a node group or add-on belongs to: its module's, or the one it names."""
    clusters = beside(block, project, "aws_eks_cluster")
    if block.virtual:
        called = next((one for one in clusters if one.virtual and one.call is block.call), None)
        if called is not None:
            return called
    named = block["cluster_name"]
    found = next((one for one in clusters if refers_to(named, one)), None)
    if found is not None:
        return found
    return next((one for one in elsewhere(block, project, "aws_eks_cluster") if is_named(named, one)), None)


def minor_of(text: str) -> int | None:
    """Return 31 for `1.31`, `v1.31.7` or `1.31.7-eksbuild.2`; None when the text is no version of Kubernetes 1.x."""
    match = _MINOR.fullmatch(text.strip())
    return int(match[1]) if match else None


def asked_minor(project: Project, control: int) -> int | None:
    """Return the newest minor the user asked to judge a control plane against, None when nobody asked."""
    wanted = project.settings.target_version
    if wanted == "next":
        return control + 1
    return max((minor for part in wanted.split(",") if (minor := minor_of(part)) is not None), default=None)


# -- modules that could not be seen through
def opaque_could_provide(project: Project, *words: str) -> bool:
    """True when a module that could not be seen through may hold what looks missing: its source or name says so.

    Without words every opaque module counts; Karpenter's, whose few resources are known, never does.
    """
    calls = [call for module in project.modules for call in module.opaque if registry_name(call) != KARPENTER_MODULE]
    return any(not words or any(word in f"{call.source} {call.name}".lower() for word in words) for call in calls)


def opaque_beside(block: Block, *words: str) -> bool:
    """True when a module of the same root that could not be seen through has one of the words in its source or name."""
    return any(word in f"{call.source} {call.name}".lower() for call in block.root.opaque for word in words)


def opaque_receives(block: Block, besides: str = "") -> bool:
    """True when an opaque module (whose registry name does not begin with `besides`) gets an attribute of the block."""
    calls = [call for call in block.root.opaque if not besides or not registry_name(call).startswith(besides)]
    return any(_receives(call, block) for call in calls)


def _receives(call: ModuleCall, block: Block) -> bool:
    return any(refers_to(node, block) or _is_free(node.unknown) for node in call.body.walk())


# -- versions of modules
def registry_name(call: ModuleCall) -> str:
    """Return `namespace/name/provider//submodule` of a registry or GitHub source, "" for any other."""
    from opslint.read.module_adapters import normal_source

    return normal_source(call.source)


def allowed_majors(call: ModuleCall) -> tuple[int, ...]:
    """Return the majors that the version constraint of a registry module allows (of 0 to 99), all without one."""
    from opslint.read.module_adapters import allows

    return tuple(major for major in range(100) if allows(call.version, major)) if call.version else tuple(range(100))


# -- accounts and regions
@lru_cache(maxsize=4)
def provider_accounts(project: Project) -> frozenset[str]:
    """Return the AWS account ids that the providers are bound to: `allowed_account_ids` and the assumed roles."""
    return frozenset(_ids(_of_providers(project)))


@lru_cache(maxsize=4)
def known_accounts(project: Project) -> frozenset[str]:
    """Return the AWS account ids of the configuration, the providers and the ARNs of resource arguments."""
    found = set(project.settings.accounts) | provider_accounts(project)
    found |= {one.account for one in project.settings.clusters if one.account}
    found |= _ids(node for module in project.modules for block in module.blocks for node in _arns(block))
    return frozenset(found)


@lru_cache(maxsize=4)
def all_accounts_known(project: Project) -> bool:
    """True when no provider and no ARN could name an account that cannot be told from the files."""
    nodes = [node for module in project.modules for block in module.blocks for node in _arns(block)]
    return not any(_is_free(node.unknown) for node in (*nodes, *_of_providers(project)))


def _ids(nodes: Iterable[Node]) -> set[str]:
    texts = [node.text for node in nodes if node.known]
    return {text for text in texts if _ACCOUNT.match(text)} | {
        id_ for text in texts for id_ in _ARN_ACCOUNT.findall(text)
    }


def _of_providers(project: Project) -> list[Node]:
    """The account ids and role ARNs of the providers."""
    found: list[Node] = []
    for module in project.modules:
        for _, provider in module.providers:
            allowed, role = provider["allowed_account_ids"], provider["assume_role"]
            found += list(allowed) if allowed.known else [allowed]
            if role.known and provider.one("assume_role").known:
                found.append(provider.one("assume_role")["role_arn"])
            elif role.present:
                found.append(role)
    return found


def _arns(block: Block) -> list[Node]:
    """The texts of the arguments that hold ARNs."""
    return [node for name, node in block.body.items() if name in _ARN_ARGUMENTS and node.present]


@lru_cache(maxsize=4)
def known_regions(project: Project) -> frozenset[str]:
    """Return the AWS regions of the configuration and of the providers."""
    found = {one.region for one in project.settings.clusters if one.region}
    for module in project.modules:
        for _, provider in module.providers:
            region = provider["region"]
            if region.known and region.text:
                found.add(region.text)
    return frozenset(found)


@lru_cache(maxsize=4)
def all_regions_known(project: Project) -> bool:
    """True when every AWS provider names its region: one that does not takes it from the environment."""
    providers = [node for module in project.modules for name, node in module.providers if _is_aws(name)]
    return bool(providers) and all(node["region"].known and node["region"].text for node in providers)


def _is_aws(name: str) -> bool:
    return name.partition(".")[0] == "aws"


def ignores_changes(block: Block, key: str) -> bool:
    """True when Terraform leaves an argument of a resource alone (`lifecycle { ignore_changes = … }`)."""
    if not block["lifecycle"].known:
        return False
    ignored = block.body.one("lifecycle")["ignore_changes"]
    return ignored.known and any(node.known and node.text in {key, "all"} for node in ignored)


# -- fixes
def is_literal(node: Node) -> bool:
    """True when the value is written right there as a plain scalar: no variable, no expression."""
    return not node.via and node.exists and _LITERAL.fullmatch(node.location.text) is not None


def set_value(node: Node, name: str, value: str, safety: Safety) -> Fix:
    """Return the fix that gives an argument that is written another value, `value` being HCL text.

    A value that comes from a variable is only described, with the place that supplies it: another caller may share the
    variable.
    """
    title = f"set {name} = {value}"
    if is_literal(node):
        return Fix(title, (Set(node, value),), safety)
    return Fix(f"{title} at {_place(node.via[-1][1])}" if node.via else title, (), Safety.SHOWN)


def argument_of(node: Node) -> str:
    """Return the name a value is written under: that of the module's input, where a module makes an argument of it."""
    span = node.location.span
    match = _WRITTEN_UNDER.search(node.source.line(span.line)[: span.column - 1])
    return match[1] if match else str(node.key)


def set_argument(block: Block, key: str, value: str, safety: Safety, given: str = "") -> Fix:
    """Return the fix that gives an argument a value, `value` being HCL text (see `set_value`), or adds it.

    `given` is the module's input for a block that a module call stands for, when it differs from `key`.
    """
    name = given if block.virtual and given else key
    if block[key].exists:
        return set_value(block[key], name, value, safety)
    body = block.call.body if block.virtual and block.call is not None else block.body
    return Fix(f"set {name} = {value}", (Add(body, name, value),), safety)


def _place(location: Location) -> str:
    return f"{location.source.path}:{location.span.line}"
