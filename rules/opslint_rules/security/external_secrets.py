"""Secrets of AWS that manifests read and Terraform makes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    HOLE,
    STRICT,
    Block,
    KubeObject,
    NamedTuple,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    beside,
    glob_matches,
    has_placeholder,
    json_with_holes,
    kind,
    known_accounts,
    name_glob,
    name_of,
    opaque_could_provide,
    refers_to,
    regex,
    rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_GROUPS: Final = ("external-secrets.io", "secrets-store.csi.x-k8s.io")
_TYPES: Final = {"SecretsManager": "aws_secretsmanager_secret", "ParameterStore": "aws_ssm_parameter"}
_NOUNS: Final = {"SecretsManager": "secret", "ParameterStore": "parameter"}
_WORDS: Final = {"SecretsManager": ("secret",), "ParameterStore": ("ssm", "parameter")}
_ARN: Final = regex(r"arn:aws[\w-]*:(?:secretsmanager|ssm):[\w-]*:\d*:(?:secret:|parameter(?=/))(.+)")
_SUFFIX: Final = regex(r"-[A-Za-z0-9]{6}\Z")
_ACCOUNT: Final = regex(r"arn:aws[\w-]*:iam::(\d{12}):")
_ENTRY: Final = regex(r"(?m)^\s*-\s")
_FIELD: Final = regex(r"(?m)^\s*(?P<key>objectName|objectType):\s*[\"']?(?P<value>[^\"'\s#]+)")
_MANAGED: Final = "rds!"


class Read(NamedTuple):
    """An entry that something reads: of which service, under which name, and which key of its JSON text."""

    service: str
    name: str
    field: str
    at: Node
    store: KubeObject | None


@rule(
    each=kind("ExternalSecret", "ClusterExternalSecret", "SecretProviderClass", groups=_GROUPS),
    severity=Severity.HIGH,
    preset=STRICT,
    applies_to="cross",
    options={"known_secrets": "globs of names that are created elsewhere"},
)
def external_secret_undeclared(item: KubeObject, project: Project, *, known_secrets: tuple[str, ...] = ()) -> Problems:
    """An ExternalSecret reads a Secrets Manager or Parameter Store entry that Terraform does not create.

    The operator then reports SecretSyncedError on the ExternalSecret, where nobody looks, and the pods wait for a
    Secret that never comes, or go on with the old one until they restart. Usually the name has changed on one side, or
    the chart of one environment names the secret of another that this account does not have.

    Names are compared with the secrets (or parameters) of the Terraform that is read along, ARNs by their name. Where
    the text of a secret is written out as JSON, `property` must be one of its keys, and a store that names a region
    must name the secret's. Without any such resource, or where a name or a module cannot be told, the rule is silent,
    and passwords that RDS manages pass. Leave it for secrets of other teams, and list them in `known_secrets`.

    ```yaml bad
    apiVersion: external-secrets.io/v1
    kind: ClusterSecretStore
    metadata: {name: aws}
    spec: {provider: {aws: {service: SecretsManager, region: eu-central-1}}}
    ---
    apiVersion: external-secrets.io/v1
    kind: ExternalSecret
    metadata: {name: db, namespace: shop}
    spec:
      secretStoreRef: {kind: ClusterSecretStore, name: aws}
      data:
        - secretKey: password
          remoteRef:
            key: shop/prod/db  # <- Terraform makes shop/prod/database
            property: password
    ```
    ```hcl bad
    resource "aws_secretsmanager_secret" "database" {
      name = "shop/prod/database"
    }
    ```

    ```yaml good
    apiVersion: external-secrets.io/v1
    kind: ClusterSecretStore
    metadata: {name: aws}
    spec: {provider: {aws: {service: SecretsManager, region: eu-central-1}}}
    ---
    apiVersion: external-secrets.io/v1
    kind: ExternalSecret
    metadata: {name: db, namespace: shop}
    spec:
      secretStoreRef: {kind: ClusterSecretStore, name: aws}
      data:
        - secretKey: password
          remoteRef:
            key: shop/prod/database
            property: password
    ```
    ```hcl good
    resource "aws_secretsmanager_secret" "database" {
      name = "shop/prod/database"
    }
    ```

    See <https://external-secrets.io/latest/provider/aws-secrets-manager/>,
    <https://external-secrets.io/latest/provider/aws-parameter-store/> and
    <https://docs.aws.amazon.com/secretsmanager/latest/userguide/integrating_csi_driver.html>.
    """
    for read in _reads(item, project):
        if (
            has_placeholder(read.name)
            or any(glob_matches(read.name, glob) for glob in known_secrets)
            or read.name.startswith(_MANAGED)
        ):
            continue
        declared = project.resources(_TYPES[read.service])
        if not declared or opaque_could_provide(project, *_WORDS[read.service]):
            continue
        found = [one for one in declared if _may_be(one, read)]
        if not found:
            yield Problem(
                f"{item.title} reads the {_NOUNS[read.service]} {read.name}, which Terraform does not declare"
                f"{_nearest(read, declared)}",
                read.at,
            )
            continue
        yield from _field(item, read, found, project)
        yield from _region(item, read, found)


def _reads(item: KubeObject, project: Project) -> Iterator[Read]:
    if item.kind == "SecretProviderClass":
        if item.spec["provider"].text == "aws":
            yield from _provided(item.spec["parameters"]["objects"])
        return
    spec = item.spec["externalSecretSpec"] if item.kind == "ClusterExternalSecret" else item.spec
    store = _store(spec["secretStoreRef"], project)
    provider = store.spec["provider"]["aws"] if store is not None else item.root["\0"]
    service = provider["service"].text
    if store is None or service not in _TYPES or _is_foreign(provider["role"].text, project):
        return
    for entry in spec["data"]:
        if not entry["sourceRef"].present:
            remote = entry["remoteRef"]
            yield Read(service, _name(remote["key"].text), remote["property"].text, remote["key"], store)
    for entry in spec["dataFrom"]:
        key = entry["extract"]["key"]
        if key.text and not entry["sourceRef"].present:
            yield Read(service, _name(key.text), entry["extract"]["property"].text, key, store)


def _store(reference: Node, project: Project) -> KubeObject | None:
    wanted = reference["kind"].text or "SecretStore"
    named = [one for one in project.of_kind(wanted) if one.name == reference["name"].text]
    return named[0] if len(named) == 1 else None


def _is_foreign(role: str, project: Project) -> bool:
    """True when a store takes a role of an account that is none of the project's."""
    match = _ACCOUNT.match(role) if role else None
    return match is not None and match[1] not in known_accounts(project)


def _provided(objects: Node) -> Iterator[Read]:
    """Yield the entries of a SecretProviderClass, whose `objects` is a text of YAML."""
    for entry in _ENTRY.split(objects.text)[1:]:
        fields = {match["key"]: match["value"] for match in _FIELD.finditer(entry)}
        name, type_ = fields.get("objectName", ""), fields.get("objectType", "secretsmanager")
        service = "ParameterStore" if type_ == "ssmparameter" else "SecretsManager"
        if name:
            yield Read(service, _name(name), "", objects, None)


def _name(key: str) -> str:
    match = _ARN.fullmatch(key) if key.startswith("arn:") else None
    return match[1] if match else key


def _may_be(block: Block, read: Read) -> bool:
    glob = name_glob(block)
    names = {read.name, _SUFFIX.sub("", read.name), "/" + read.name.lstrip("/"), read.name.lstrip("/")}
    if read.service == "SecretsManager":
        names = {read.name, _SUFFIX.sub("", read.name)} if _ARN.fullmatch(read.at.text) else {read.name}
    return any(glob_matches(name, glob) for name in names)


def _nearest(read: Read, declared: list[Block]) -> str:
    from difflib import get_close_matches

    names = [name_of(one) for one in declared if one["name"].known and one["name"].text]
    found = get_close_matches(read.name, names, n=1, cutoff=0.6)
    return f"; the nearest is {found[0]}" if found else ""


def _field(item: KubeObject, read: Read, found: list[Block], project: Project) -> Problems:
    """Say that no secret of that name has the key, where their texts are written out as JSON."""
    if not read.field or read.service != "SecretsManager":
        return
    texts = [_keys(one, project) for one in found]
    keys = set().union(*(one for one in texts if one is not None))
    if None in texts or not keys or read.field in keys or read.field.partition(".")[0] in keys:
        return
    yield Problem(
        f"{item.title} reads {read.field} of the secret {read.name}, which holds {', '.join(sorted(keys))} only",
        read.at,
    )


def _keys(secret: Block, project: Project) -> set[str] | None:
    """Return the keys of a secret's JSON text; None when they cannot be told or change outside of Terraform."""
    versions = [
        one
        for one in beside(secret, project, "aws_secretsmanager_secret_version")
        if refers_to(one["secret_id"], secret)
    ]
    if len(versions) != 1 or versions[0]["lifecycle"].present:
        return None
    document = json_with_holes(versions[0]["secret_string"])
    if not isinstance(document, dict) or any(HOLE in key for key in document):
        return None
    return set(document)


def _region(item: KubeObject, read: Read, found: list[Block]) -> Problems:
    if read.store is None:
        return
    wanted = read.store.spec["provider"]["aws"]["region"]
    regions = [region for one in found for region in _regions(one)]
    if not wanted.text or any(not region for region in regions) or wanted.text in regions:
        return
    yield Problem(
        f"{read.store.title} looks in {wanted.text}, and the {_NOUNS[read.service]} {read.name} is in"
        f" {', '.join(sorted(set(regions)))}",
        read.at,
        also=(("the region of the store", wanted),),
    )


def _regions(block: Block) -> Iterator[str]:
    """Yield the regions a secret is in, "" for one that cannot be told."""
    yield region_of(block)
    if not block["replica"].known:
        yield ""
        return
    for replica in block["replica"]:
        yield replica["region"].text if replica.known and replica["region"].known else ""


def region_of(block: Block) -> str:
    """Return the AWS region of a resource: its own, or its provider's; "" when it cannot be told."""
    own = block["region"]
    if own.present and not block.virtual:
        return own.text if own.known else ""
    wanted = block.provider or "aws"
    for name, provider in block.root.providers:
        if name in {wanted, wanted.rpartition(".")[2]} or f"aws.{name}" == wanted:
            return provider["region"].text if provider["region"].known else ""
    return ""
