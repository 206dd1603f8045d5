"""Passwords and keys that stand readable in Terraform."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    HOLE,
    STRICT,
    Block,
    Fix,
    Location,
    NamedTuple,
    Node,
    Problem,
    Problems,
    Project,
    Rename,
    RootModule,
    Safety,
    Set,
    Severity,
    any_of,
    ignores_changes,
    is_literal,
    json_with_holes,
    regex,
    resource,
    root_module,
    rule,
    text_with_holes,
)
from opslint_rules.security.literals import NAMES, is_literal_secret
from opslint_rules.security.secrets import TYPED, is_placeholder

if TYPE_CHECKING:
    from collections.abc import Iterator

_ARGUMENTS: Final = {
    "aws_db_instance": "password",
    "aws_rds_cluster": "master_password",
    "aws_docdb_cluster": "master_password",
    "aws_redshift_cluster": "master_password",
    "aws_elasticache_replication_group": "auth_token",
    "aws_secretsmanager_secret_version": "secret_string",
    "aws_ssm_parameter": "value",
}
_MANAGED: Final = "manage_master_user_password"
_MANAGEABLE: Final = frozenset({"aws_db_instance", "aws_rds_cluster"})
_RELEASE: Final = "helm_release"
_SAFE_TYPE: Final = "SecureString"
# Members of a kubernetes_secret that say where something is, not how to get in.
_PLAIN_KEYS: Final = frozenset(
    {
        "database",
        "dbname",
        "endpoint",
        "host",
        "hostname",
        "insecure",
        "name",
        "namespace",
        "port",
        "project",
        "region",
        "server",
        "type",
        "url",
        "user",
        "username",
    }
)
# What a name may end with: a key that ends with `url` may be a webhook, whose address is the secret.
_WHO_OR_WHERE: Final = frozenset({"host", "hostname", "port", "region", "user", "username"})
_WORDS: Final = regex(r"[-_./ ]")
_KEPT: Final = frozenset({"aws_secretsmanager_secret_version", "aws_ssm_parameter"})
_WITH_PASSWORD: Final = regex(r"://[^/@:\s]+:[^/@\s]+@")


class Found(NamedTuple):
    """A value that is a secret by where it stands, or maybe by its name."""

    what: str
    node: Node


@rule(
    each=any_of(resource(*_ARGUMENTS, *TYPED, _RELEASE), root_module()),
    severity=Severity.HIGH,
    preset=STRICT,
    related={"checkov": ["CKV_AWS_41"], "tflint": ["aws_write_only_arguments"]},
    fixable="unsafe",
)
def terraform_plaintext_secret(item: Block | RootModule, project: Project) -> Problems:
    """A password or key is a literal in Terraform code, defaults or tfvars.

    It is in the history, in every clone and in the logs of CI, and it is in the state as well. Let AWS make it
    (`manage_master_user_password`), or `random_password` with a write-only argument, and put nothing into the files.

    Passwords of databases, texts of secrets, parameters of type SecureString, `kubernetes_secret` (without keys such as
    `url` and `admin-user`) and sensitive values of releases are read, wherever the value comes from. Placeholders,
    texts of secrets that `ignore_changes` leaves to somebody else, random passwords, data sources and write-only
    arguments pass. A secret whose text is JSON is reported for its members whose
    names say secret. A value that was committed once has to be changed where it is used. Leave it for local test
    databases.

    ```hcl bad
    resource "aws_db_instance" "orders" {
      identifier     = "orders"
      engine         = "postgres"
      instance_class = "db.m7g.large"
      username       = "shop"
      password       = "bibimbap-7-Hongdae"  # <-
    }
    ```

    ```hcl fixed
    resource "aws_db_instance" "orders" {
      identifier                  = "orders"
      engine                      = "postgres"
      instance_class              = "db.m7g.large"
      username                    = "shop"
      manage_master_user_password = true
    }
    ```

    The key of a provider may do whatever Terraform may do, and does not expire. Let a role of the runner give it. Keys
    of local stand-ins for AWS such as `test` pass as placeholders.

    ```hcl bad
    provider "aws" {
      region     = "eu-central-1"
      access_key = "AKIAJ2XQ7L5PVN4WZ3TA"
      secret_key = "q8Zt1LkVwN5mRb2YxC7dPf4GhJ0sUaEo9iTnMy6K"  # <-
    }
    ```

    ```hcl good
    provider "aws" {
      region = "eu-central-1"
      assume_role {
        role_arn = "arn:aws:iam::123456789012:role/terraform"
      }
    }
    ```

    See <https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/rds-secrets-manager.html>,
    <https://developer.hashicorp.com/terraform/language/manage-sensitive-data> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs#authentication-and-configuration>.
    """
    if isinstance(item, RootModule):
        yield from _of_providers(item)
        return
    if item[_MANAGED].is_true:
        return
    for found in _found(item):
        if found.node.known and _is_secret(found.node.text):
            yield Problem(
                f"{found.what} of {item.address} is written in plain text",
                place_of(found.node),
                fix=_fix(item, found.node),
                secret=True,
            )


def _fix(item: Block, node: Node) -> Fix | None:
    """Return the fix that lets RDS make the password, where the password stands in the resource itself."""
    if item.type not in _MANAGEABLE:
        return None
    title = f"set {_MANAGED} = true; what reads the password has to read the secret that RDS makes"
    # With `password` RDS makes none: the one takes the place of the other.
    changes = (
        (Rename(node, _MANAGED), Set(node, "true"))
        if is_literal(node) and not (item.virtual or item[_MANAGED].exists)
        else ()
    )
    return Fix(title, changes, Safety.UNSAFE if changes else Safety.SHOWN)


def _found(item: Block) -> Iterator[Found]:
    if item.type in TYPED:
        data = item["data"]
        for key, node in data.items() if data.known else ():
            if not _is_plain(key) or (node.known and _WITH_PASSWORD.search(node.text)):
                yield Found(f"key {key}", node)
        return
    if item.type == _RELEASE:
        yield from _of_release(item)
        return
    key = _ARGUMENTS[item.type]
    node = item[key]
    if item.type == "aws_ssm_parameter" and (not item["type"].known or item["type"].text != _SAFE_TYPE):
        return
    if not node.known or not node.text or _is_filled_later(item, key):
        return
    if item.type == "aws_ssm_parameter" and _may_be_plain(item["name"]):
        return
    document = json_with_holes(node) if node.text.lstrip().startswith("{") else None
    if not isinstance(document, dict):
        yield Found(key, node)
        return
    pattern = regex(NAMES)
    for name, value in document.items():
        if isinstance(value, str) and is_literal_secret(name, value, pattern):
            yield Found(f"{name} in {key}", node)
            return


def _may_be_plain(name: Node) -> bool:
    """True for a name that is plain (see below), and for one whose end is not known."""
    text = text_with_holes(name)
    return text is None or text.endswith(HOLE) or _is_plain(text)


def _is_plain(name: str) -> bool:
    """True for a name whose last word says where something is or who it is for: `admin-user`, `/shop/db/host`."""
    return name.lower() in _PLAIN_KEYS or _WORDS.split(name.lower())[-1] in _WHO_OR_WHERE


def _is_filled_later(item: Block, key: str) -> bool:
    """True for a text that Terraform writes once and then leaves alone: somebody puts the secret in its place."""
    return item.type in _KEPT and ignores_changes(item, key)


def _of_release(item: Block) -> Iterator[Found]:
    pattern = regex(NAMES)
    for part in ("set_sensitive", "set"):
        entries = item[part]
        for entry in entries if entries.known else ():
            if not entry.known or not entry["name"].known or not entry["value"].known:
                continue
            name, value = entry["name"].text, entry["value"]
            last = name.rpartition(".")[2]
            if part == "set_sensitive" or is_literal_secret(last, value.text, pattern):
                yield Found(f"value {name}", value)


def _is_secret(text: str) -> bool:
    value = text.strip()
    return bool(value) and not value.startswith("-----BEGIN CERTIFICATE") and not is_placeholder(value)


def place_of(node: Node) -> Node | Location:
    """Return where a value is written: the variable's default or the tfvars line it came from."""
    return node.via[-1][1] if node.via else node


def _of_providers(item: RootModule) -> Iterator[Problem]:
    for name, provider in item.providers:
        key = provider["secret_key"]
        if key.known and _is_secret(key.text) and len(key.text) > len("localstack"):
            yield Problem(f"secret_key of provider {name} is written in plain text", place_of(key), secret=True)
