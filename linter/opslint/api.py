"""All that a rule pack may import: the decorator, the items, the problems and the shared notions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opslint.engine.accounts import (
    BUILT_IN_ROLES,
    RBAC_GROUP,
    TOKEN_OF,
    Subject,
    account_of,
    bindings_of,
    bindings_to,
    find_account,
    granting,
    role_of,
    subjects_of,
    uses_account,
)
from opslint.engine.callers import at_caller
from opslint.engine.committed import committed
from opslint.engine.constraints import is_bounded
from opslint.engine.contexts import (
    capabilities,
    capability,
    effective,
    has_own_users,
    is_windows,
    put,
    set_by_policy,
    switch_off,
)
from opslint.engine.documents import HOLE, json_with_holes, place_within, text_with_holes, yaml_with_holes
from opslint.engine.earlier import earlier_version
from opslint.engine.eks import addons_of, has_auto_mode, node_group_name, self_managed_versions
from opslint.engine.environment import environment_of
from opslint.engine.images import Image, parse_image
from opslint.engine.installs import Install, installs_of
from opslint.engine.named import objects_named
from opslint.engine.node_groups import KARPENTER_MODULE, group_key
from opslint.engine.pods import (
    OPERATOR_KINDS,
    Labels,
    budget_selects,
    budgets_of,
    containers_of,
    is_referenced,
    labels_of,
    made_by_operator,
    may_meet,
    reference_of,
    selected_by_budget,
    selected_by_service,
    services_of,
    share_namespace,
    template_of,
)
from opslint.engine.quantities import quantity, quantity_of
from opslint.engine.releases import Release, releases_of
from opslint.engine.repair.scalars import yaml_string
from opslint.engine.replicas import SCALED_KINDS, Replicas, autoscaler_of, is_scaled, replicas_of, target_of
from opslint.engine.resources import has_resource, int_or_percent, percent
from opslint.engine.rule import (
    OPT_IN,
    RECOMMENDED,
    STRICT,
    any_of,
    chart,
    cluster,
    container,
    file,
    kind,
    module_call,
    project,
    resource,
    root_module,
    rule,
    suppression,
    unit,
    workload,
)
from opslint.engine.schedules import cron_fields, duration_seconds, longest_gap_hours
from opslint.engine.selectors import selects, selects_labels
from opslint.engine.terraform import (
    all_accounts_known,
    all_regions_known,
    allowed_majors,
    argument_of,
    asked_minor,
    beside,
    cause_of,
    cluster_of,
    elsewhere,
    is_literal,
    is_named,
    known_accounts,
    known_regions,
    may_name,
    may_refer_to,
    minor_of,
    name_of,
    name_pattern,
    opaque_beside,
    opaque_could_provide,
    opaque_receives,
    provider_accounts,
    refers_to,
    refers_to_any,
    registry_name,
    same_run,
    set_argument,
    set_value,
)
from opslint.engine.trust import Trust, trusts_of
from opslint.engine.unrendered import left_out
from opslint.engine.validate import Violation, violations_of
from opslint.engine.waiting import may_be_named
from opslint.model.cached import once
from opslint.model.finding import (
    Add,
    Append,
    AppendBlock,
    AppendDocument,
    Change,
    Fix,
    Problem,
    Problems,
    Remove,
    RemoveText,
    Rename,
    Replace,
    Safety,
    Set,
    Severity,
)
from opslint.model.kube import Container, KubeObject, Workload
from opslint.model.node import Node, Undecided
from opslint.model.patterns import has_placeholder, regex
from opslint.model.project import Chart, Cluster, DuplicateKey, Environment, Project, SourceFile, Target, Unit
from opslint.model.records import NamedTuple
from opslint.model.semver import satisfies, with_prereleases
from opslint.model.source import Location, Span
from opslint.model.suppression import Suppression
from opslint.model.terraform import Backend, Block, ModuleCall, RootModule
from opslint_schemas import lifecycle, load, release

if TYPE_CHECKING:
    from opslint_schemas import components, crds, fields

__all__ = [
    "BUILT_IN_ROLES",
    "HOLE",
    "KARPENTER_MODULE",
    "OPERATOR_KINDS",
    "OPT_IN",
    "RBAC_GROUP",
    "RECOMMENDED",
    "SCALED_KINDS",
    "STRICT",
    "TOKEN_OF",
    "Add",
    "Append",
    "AppendBlock",
    "AppendDocument",
    "Backend",
    "Block",
    "Change",
    "Chart",
    "Cluster",
    "Container",
    "DuplicateKey",
    "Environment",
    "Fix",
    "Image",
    "Install",
    "KubeObject",
    "Labels",
    "Location",
    "ModuleCall",
    "NamedTuple",
    "Node",
    "Problem",
    "Problems",
    "Project",
    "Release",
    "Remove",
    "RemoveText",
    "Rename",
    "Replace",
    "Replicas",
    "RootModule",
    "Safety",
    "Set",
    "Severity",
    "SourceFile",
    "Span",
    "Subject",
    "Suppression",
    "Target",
    "Trust",
    "Undecided",
    "Unit",
    "Violation",
    "Workload",
    "account_of",
    "addons_of",
    "all_accounts_known",
    "all_regions_known",
    "allowed_majors",
    "any_of",
    "argument_of",
    "asked_minor",
    "at_caller",
    "autoscaler_of",
    "beside",
    "bindings_of",
    "bindings_to",
    "budget_selects",
    "budgets_of",
    "capabilities",
    "capability",
    "cause_of",
    "chart",
    "cluster",
    "cluster_of",
    "committed",
    "components",
    "container",
    "containers_of",
    "crds",
    "cron_fields",
    "duration_seconds",
    "earlier_version",
    "effective",
    "elsewhere",
    "environment_of",
    "fields",
    "file",
    "find_account",
    "granting",
    "group_key",
    "has_auto_mode",
    "has_own_users",
    "has_placeholder",
    "has_resource",
    "installs_of",
    "int_or_percent",
    "is_bounded",
    "is_literal",
    "is_named",
    "is_referenced",
    "is_scaled",
    "is_windows",
    "json_with_holes",
    "kind",
    "known_accounts",
    "known_regions",
    "labels_of",
    "left_out",
    "lifecycle",
    "load",
    "longest_gap_hours",
    "made_by_operator",
    "may_be_named",
    "may_meet",
    "may_name",
    "may_refer_to",
    "minor_of",
    "module_call",
    "name_of",
    "name_pattern",
    "node_group_name",
    "objects_named",
    "once",
    "opaque_beside",
    "opaque_could_provide",
    "opaque_receives",
    "parse_image",
    "percent",
    "place_within",
    "project",
    "provider_accounts",
    "put",
    "quantity",
    "quantity_of",
    "reference_of",
    "refers_to",
    "refers_to_any",
    "regex",
    "registry_name",
    "release",
    "releases_of",
    "replicas_of",
    "resource",
    "role_of",
    "root_module",
    "rule",
    "same_run",
    "satisfies",
    "selected_by_budget",
    "selected_by_service",
    "selects",
    "selects_labels",
    "self_managed_versions",
    "services_of",
    "set_argument",
    "set_by_policy",
    "set_value",
    "share_namespace",
    "subjects_of",
    "suppression",
    "switch_off",
    "target_of",
    "template_of",
    "text_with_holes",
    "trusts_of",
    "unit",
    "uses_account",
    "violations_of",
    "with_prereleases",
    "workload",
    "yaml_string",
    "yaml_with_holes",
]


def __getattr__(name: str) -> Any:  # typed above, for type checkers
    """Open a table when a rule first asks for it: most runs need none of these."""
    if name not in {"components", "crds", "fields"}:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    globals()[name] = module = import_module(f"opslint_schemas.{name}")
    return module
