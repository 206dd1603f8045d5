"""What tables of modules cannot say in data: numbers and texts made of several inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opslint.model.node import Unknown
from opslint.read.evaluate.form import Made, Raw
from opslint.read.evaluate.functions.encoding import json_text
from opslint.read.evaluate.values import glue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from opslint.read.module_blocks import Entry, Inputs


def _flag(inputs: Inputs, name: str, *, default: bool = False) -> bool | None:
    cell = inputs.cell(name)
    value = default if cell is None else cell.open()
    return None if isinstance(value, Unknown) else value in (True, "true")


def _length(inputs: Inputs, name: str) -> int | None:
    cell = inputs.cell(name)
    value = [] if cell is None else cell.open()
    if isinstance(value, Unknown):
        return None
    return len(value) if isinstance(value, (list, dict)) else 0


_LONGEST: Final = ("private_subnets", "elasticache_subnets", "database_subnets", "redshift_subnets")


def _nat_gateways(inputs: Inputs, _table: Mapping[str, Any]) -> int | None:
    """One, one for each zone, or one for each subnet of the longest list of private subnets."""
    if _flag(inputs, "enable_nat_gateway") is not True:
        return 0 if _flag(inputs, "enable_nat_gateway") is False else None
    single = _flag(inputs, "single_nat_gateway")
    if single is not False:
        return 1 if single else None
    each_zone = _flag(inputs, "one_nat_gateway_per_az")
    if each_zone is not False:
        return _length(inputs, "azs") if each_zone else None
    lengths = [_length(inputs, name) for name in _LONGEST]
    known = [length for length in lengths if length is not None]
    return max(known) if len(known) == len(lengths) else None


def _listed(inputs: Inputs, table: Mapping[str, Any]) -> int | None:
    """As many as the list of an input has members."""
    return _length(inputs, table["of"])


COUNTS: Final[dict[str, Callable[[Inputs, Mapping[str, Any]], int | None]]] = {
    "nat_gateways": _nat_gateways,
    "listed": _listed,
}


# -- trust policies of roles for service accounts
def _plain(raw: Raw) -> Any:
    value = raw.open()
    if isinstance(value, dict):
        return {key: _plain(member) for key, member in value.items()}
    if isinstance(value, list):
        return [_plain(member) for member in value]
    return value


def _input(inputs: Inputs, name: str, default: Any) -> Any:
    cell = inputs.cell(name)
    value = None if cell is None else _plain(cell)
    return default if value is None else value


def _statement(provider: Any, conditions: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": provider},
        "Condition": {test: entries for test, entries in conditions.items() if entries},
    }


def _issuer(provider: Any) -> str:
    """Return the issuer in a provider's ARN, `*` when it is unknown."""
    return provider.partition("oidc-provider/")[2] or "*" if isinstance(provider, str) else "*"


def _subjects(accounts: Any) -> Any:
    if not isinstance(accounts, list):
        return accounts
    names = (one if isinstance(one, (str, Unknown)) else Unknown("a service account") for one in accounts)
    return [glue(["system:serviceaccount:", name]) for name in names]


def _policy(statements: list[dict[str, Any]], inputs: Inputs, name: str) -> Raw:
    cell = inputs.cell(name)
    place = inputs.place if cell is None else cell.place()
    return Made(json_text({"Version": "2012-10-17", "Statement": statements}), place)


def _irsa_trust(inputs: Inputs, _spec: Mapping[str, Any], _entry: Entry | None) -> Raw | None:
    """iam-role-for-service-accounts(-eks): `oidc_providers` with their service accounts."""
    providers = _input(inputs, "oidc_providers", {})
    test = _input(inputs, "assume_role_condition_test", _input(inputs, "trust_condition_test", "StringEquals"))
    if not isinstance(providers, dict) or not isinstance(test, str):
        return Made(Unknown("oidc_providers"), inputs.place)
    statements = []
    for entry in providers.values():
        if not isinstance(entry, dict):
            return Made(Unknown("oidc_providers"), inputs.place)
        provider = entry.get("provider_arn", Unknown("provider_arn"))
        issuer = _issuer(provider)
        claims = {
            f"{issuer}:sub": _subjects(entry.get("namespace_service_accounts", [])),
            f"{issuer}:aud": "sts.amazonaws.com",
        }
        statements.append(_statement(provider, {test: claims}))
    return _policy(statements, inputs, "oidc_providers")


def _oidc_trust(inputs: Inputs, _spec: Mapping[str, Any], _entry: Entry | None) -> Raw | None:
    """iam-assumable-role-with-oidc: provider addresses with full subjects, or with wildcards."""
    urls = [_input(inputs, "provider_url", ""), *_as_list(_input(inputs, "provider_urls", []))]
    exact = _input(inputs, "oidc_fully_qualified_subjects", [])
    loose = _input(inputs, "oidc_subjects_with_wildcards", [])
    statements = []
    for url in urls:
        if url == "":
            continue
        issuer = url.removeprefix("https://") if isinstance(url, str) else "*"
        provider = glue([Unknown("the account"), ":oidc-provider/", url if isinstance(url, Unknown) else issuer])
        conditions: dict[str, dict[str, Any]] = {}
        if exact:
            conditions["StringEquals"] = {f"{issuer}:sub": exact}
        if loose:
            conditions["StringLike"] = {f"{issuer}:sub": loose}
        statements.append(_statement(provider, conditions))
    return _policy(statements, inputs, "oidc_fully_qualified_subjects")


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _cluster_trust(inputs: Inputs, _spec: Mapping[str, Any], _entry: Entry | None) -> Raw | None:
    """iam-eks-role: clusters by name with their service accounts."""
    accounts = _input(inputs, "cluster_service_accounts", {})
    test = _input(inputs, "assume_role_condition_test", "StringEquals")
    if not isinstance(accounts, dict) or not isinstance(test, str):
        return Made(Unknown("cluster_service_accounts"), inputs.place)
    provider = Unknown("the cluster's OpenID provider")
    statements = [_statement(provider, {test: {"*:sub": _subjects(entry)}}) for entry in accounts.values()]
    return _policy(statements, inputs, "cluster_service_accounts")


# -- members and states
def _listed_member(inputs: Inputs, spec: Mapping[str, Any], entry: Entry | None) -> Raw | None:
    """The member of a list of the input, for a resource that is counted by it."""
    cell = inputs.cell(spec["of"])
    value = None if cell is None else cell.open()
    if isinstance(value, list) and entry is not None and entry.key.isdigit() and int(entry.key) < len(value):
        member: Raw = value[int(entry.key)]
        return member
    return Made(Unknown(f"a member of {spec['of']}"), inputs.place if cell is None else cell.place())


def _versioning_status(inputs: Inputs, _spec: Mapping[str, Any], _entry: Entry | None) -> Raw | None:
    """s3-bucket: `enabled` as a bool, or `status` as a bool or text."""
    cell = inputs.cell("versioning")
    value = _input(inputs, "versioning", {})
    if cell is None:
        return None
    if not isinstance(value, dict):
        return Made(value, cell.place())
    status = value.get("enabled", value.get("status", True))
    if isinstance(status, str) and status not in {"true", "false"}:
        return Made(status.lower().title(), cell.place())
    if isinstance(status, Unknown):
        return Made(Unknown(status.why), cell.place())
    return Made("Enabled" if status in (True, "true") else "Suspended", cell.place())


def _backup_status(inputs: Inputs, _spec: Mapping[str, Any], _entry: Entry | None) -> Raw | None:
    """efs: ENABLED unless `enable_backup_policy` says no."""
    cell = inputs.cell("enable_backup_policy")
    flag = _flag(inputs, "enable_backup_policy", default=True)
    place = inputs.place if cell is None else cell.place()
    return Made(Unknown("enable_backup_policy") if flag is None else "ENABLED" if flag else "DISABLED", place)


FORMULAS: Final[dict[str, Callable[[Inputs, Mapping[str, Any], Entry | None], Raw | None]]] = {
    "backup_status": _backup_status,
    "listed_member": _listed_member,
    "versioning_status": _versioning_status,
    "irsa_trust": _irsa_trust,
    "oidc_trust": _oidc_trust,
    "cluster_trust": _cluster_trust,
}
