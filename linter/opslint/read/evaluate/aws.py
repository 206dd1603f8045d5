"""What the AWS provider would answer without a call: policy documents, and what its own configuration tells."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from opslint.model.node import Unknown
from opslint.model.patterns import regex
from opslint.read.evaluate.blocks import block_maps
from opslint.read.evaluate.functions.encoding import json_text
from opslint.read.evaluate.scope import Origin
from opslint.read.evaluate.values import Encoded, Value, first_unknown, glue, to_text

if TYPE_CHECKING:
    from opslint.read.evaluate.handles import ResourceHandle
    from opslint.read.evaluate.module import Declaration
    from opslint.read.evaluate.scope import Scope

_ROLE_ACCOUNT = regex(r"arn:aws[\w-]*:iam::(\d{12}):")


def data_attribute(handle: ResourceHandle, name: str) -> Value:
    """Return the attribute of a data block that can be told from the files, None for all others."""
    type_ = handle.declaration.labels[0]
    if type_ == "aws_iam_policy_document" and name in {"json", "minified_json"}:
        return policy_document(handle)
    if type_ in {"aws_region", "aws_caller_identity", "aws_partition"}:
        return _identity(handle, type_, name)
    return None


def _identity(handle: ResourceHandle, type_: str, name: str) -> Value:
    alias = handle.declaration.attributes.get("provider")
    wanted = ".".join(alias.node[3]) if alias is not None and isinstance(alias.node[3], list) else "aws"
    found = find_provider(handle.scope, wanted)
    if found is None:
        return None
    scope, provider = found
    region = _argument(scope, provider, "region")
    if type_ == "aws_region":
        return region if name in {"name", "id", "region"} else None
    if type_ == "aws_caller_identity":
        return _account(scope, provider) if name in {"account_id", "id"} else None
    if not isinstance(region, str):
        return None
    partition = "aws-cn" if region.startswith("cn-") else "aws-us-gov" if region.startswith("us-gov-") else "aws"
    if name in {"partition", "id"}:
        return partition
    if name == "dns_suffix":
        return "amazonaws.com.cn" if partition == "aws-cn" else "amazonaws.com"
    return None


def _argument(scope: Scope, provider: Declaration, name: str) -> Value:
    placed = provider.attributes.get(name)
    value = None if placed is None else scope.attempt(Origin(placed.node, placed.source, scope))
    return value if isinstance(value, (str, list)) else None


def _account(scope: Scope, provider: Declaration) -> Value:
    accounts = _argument(scope, provider, "allowed_account_ids")
    if isinstance(accounts, list) and len(accounts) == 1 and first_unknown(*accounts) is None:
        return to_text(accounts[0])
    for role in provider.blocks("assume_role"):
        for item in role.node[6]:
            if item[3] == "role_arn":
                value = scope.attempt(Origin(item[4], role.source, scope))
                match = _ROLE_ACCOUNT.match(value) if isinstance(value, str) else None
                if match is not None:
                    return match[1]
    return None


def find_provider(scope: Scope, name: str) -> tuple[Scope, Declaration] | None:
    """Return the configuration behind a provider's local name, with the scope it stands in."""
    from opslint.read.evaluate.module import provider_name

    here: Scope | None = scope
    while here is not None:
        for provider in here.module.providers:
            if provider_name(provider) == name:
                return here, provider
        renamed = here.providers.get(name)
        if renamed is None and "." in name:
            return None  # an alias is never handed down by itself
        name = renamed or name
        here = here.parent
    return None


# -- aws_iam_policy_document
_LISTS: Final = (
    ("actions", "Action"),
    ("not_actions", "NotAction"),
    ("resources", "Resource"),
    ("not_resources", "NotResource"),
)


def policy_document(handle: ResourceHandle) -> Value:
    """Return the JSON of an aws_iam_policy_document.

    Unknown members are parts of an Unknown text. Raises EvalError for a document that Terraform refuses.
    """
    scope, declaration, names = handle.scope, handle.declaration, handle.names
    # A statement that is not known is a member that no one can read: those that are known stand beside it.
    own = [
        item if isinstance(item, Unknown) else _statement(item)
        for item in block_maps(declaration, "statement", scope, names)
    ]
    statements: list[Value] = []
    given = {name: _documents(handle, name) for name in ("source", "override")}
    for group in (*given["source"], own, *given["override"]):
        if _may_replace(statements, group):
            return Unknown(f"{handle.address}.json")
        replaced = {item["Sid"] for item in group if isinstance(item, dict) and item.get("Sid")}
        statements = [item for item in statements if isinstance(item, Unknown) or item.get("Sid") not in replaced]
        statements += group
    document: dict[str, Any] = {"Version": "2012-10-17", "Statement": statements}
    for argument, key in (("version", "Version"), ("policy_id", "Id")):
        placed = declaration.attributes.get(argument)
        if placed is not None:
            document[key] = scope.attempt(Origin(placed.node, placed.source, scope, names))
    text = json_text(document)
    return Encoded(text, document) if isinstance(text, Unknown) and text.parts else text


def _documents(handle: ResourceHandle, kind: str) -> list[list[Value]]:
    """Return the statements of the documents that a document takes in, one Unknown for those of one nobody knows."""
    found: list[list[Value]] = []
    for name in (f"{kind}_json", f"{kind}_policy_documents"):
        placed = handle.declaration.attributes.get(name)
        if placed is None:
            continue
        value = handle.scope.attempt(Origin(placed.node, placed.source, handle.scope, handle.names))
        for text in value if isinstance(value, list) else [value]:
            if text not in (None, ""):
                found.append(_statements_in(text, f"{handle.address}.json"))
    return found


def _statements_in(text: Value, why: str) -> list[Value]:
    document: Any = text.value if isinstance(text, Encoded) else None
    if isinstance(text, str):
        try:
            document = json.loads(text)
        except (ValueError, RecursionError):
            return [Unknown(why)]
    listed = document.get("Statement") if isinstance(document, dict) else None
    statements = listed if isinstance(listed, list) else [listed]
    return [item if isinstance(item, (dict, Unknown)) else Unknown(why) for item in statements]


def _may_replace(statements: list[Value], group: list[Value]) -> bool:
    """Tell whether a statement of the group may replace one before it, both having the same name that nobody knows."""
    named = [item["Sid"] for item in statements if isinstance(item, dict) and item.get("Sid")]
    names = [item if isinstance(item, Unknown) else item.get("Sid") for item in group]
    doubtful = [isinstance(name, Unknown) for name in names]
    return (bool(named) and any(doubtful)) or (any(names) and any(isinstance(name, Unknown) for name in named))


def _statement(block: dict[str, Value]) -> dict[str, Value]:
    out: dict[str, Value] = {"Effect": _or(block.get("effect"), "Allow")}
    if block.get("sid") is not None:
        out["Sid"] = block["sid"]
    for argument, key in _LISTS:
        value = block.get(argument)
        if value is not None and value != []:
            out[key] = _lone([_policy_text(item) for item in value]) if isinstance(value, list) else value
    for argument, key in (("principals", "Principal"), ("not_principals", "NotPrincipal")):
        found = block.get(argument)
        if found is not None and found != []:
            out[key] = _principals(found)
    conditions = block.get("condition")
    if conditions:
        out["Condition"] = _conditions(conditions)
    return out


def _or(value: Value, default: str) -> Value:
    return default if value is None else value


def _lone(values: list[Value]) -> Value:
    return values[0] if len(values) == 1 else values


def _policy_text(value: Value) -> Value:
    """`&{aws:username}` stands for a policy variable."""
    if isinstance(value, Unknown):
        return glue([part.replace("&{", "${") if isinstance(part, str) else part for part in value.parts or (value,)])
    return str(to_text(value)).replace("&{", "${")


def _principals(blocks: Value) -> Value:
    if not isinstance(blocks, list):
        return blocks
    out: dict[str, Value] = {}
    for block in blocks:
        kind, identifiers = block.get("type"), block.get("identifiers")
        if isinstance(kind, Unknown):
            return Unknown(kind.why)
        if not isinstance(identifiers, list):
            out[str(kind)] = identifiers
            continue
        texts = [_policy_text(item) for item in identifiers]
        if kind == "*" and texts == ["*"]:
            return "*"
        before = out.get(str(kind), [])
        out[str(kind)] = (before if isinstance(before, list) else [before]) + texts
    return {kind: _lone(value) if isinstance(value, list) else value for kind, value in out.items()}


def _conditions(blocks: Value) -> Value:
    if not isinstance(blocks, list):
        return blocks
    out: dict[str, dict[str, Value]] = {}
    for block in blocks:
        test, variable, values = block.get("test"), block.get("variable"), block.get("values")
        unknown = first_unknown(test)
        if unknown is not None:
            return Unknown(unknown.why)
        if isinstance(variable, Unknown):
            # An OpenID issuer in a key is often unknown: the key's text is lost, its known end is not.
            variable = "".join(part if isinstance(part, str) else "*" for part in variable.parts or ("*",))
        if not isinstance(values, list):
            out.setdefault(str(test), {})[str(variable)] = values
            continue
        out.setdefault(str(test), {})[str(variable)] = _lone([_policy_text(item) for item in values])
    return out
