"""Secrets that stand readable in the repository."""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING, Final

from opslint.api import (
    RECOMMENDED,
    KubeObject,
    Location,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    Unit,
    any_of,
    committed,
    glob_matches,
    kind,
    regex,
    rule,
    unit,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# Whole values that are nobody's secret, but stand where somebody is to put one. A pattern is tried only on what holds
# one of its words.
_PLACEHOLDERS: Final = (
    (
        ("change", "replace"),
        regex(
            r"""(?isx) change[-_ ]?(me|it|this)!*
            | (to[-_ ]?be[-_ ])?(replaced?|changed)([-_ ]?(me|this|with)\b.*)?"""
        ),
    ),
    (
        ("your", "<", "[", "$", "{{", "%", "ref+", "vault:"),
        regex(r"(?is)your.*|<.*>|\[.*\]|.*\$\{.*\}.*|\$\(.*\)|.*\{\{.*\}\}.*|%.*%|ref\+.*|vault:.*"),
    ),
    (
        ("example", "dummy", "placeholder", "redacted", "todo", "fixme", "tbd"),
        regex(
            r"""(?isx) (an?[-_ ]|my[-_ ]?)?(example|dummy|placeholder|redacted|todo|fixme|tbd)
            ([-_ ]?(value|password|secret|key|token|user|username))? | .*[A-Z0-9/]EXAMPLE(KEY)?"""
        ),
    ),
    (("used",), regex(r"(?i)(value[-_ ])?(is[-_ ])?(not[-_ ]used|unused)")),
)
_WORDS: Final = frozenset(  # values that only say what is wanted
    {"name", "username", "user", "password", "passwd", "secret", "token", "none", "null"}
    | {"apikey", "api-key", "api_key", "api key"}
)
# Secrets of Terraform in the provider's own words.
TYPED: Final = ("kubernetes_secret", "kubernetes_secret_v1")
PUBLIC_KEYS: Final = ("ca.crt", "tls.crt", "*.pub")
# A name to log in with opens nothing without its password, which is reported by its own key.
_USER_KEY: Final = regex(r"(?i)(.*[-_.])?user([-_.]?name)?|.*[a-z]User(name|Name)?")
# Where to connect and how, which stands in the same Secret as the password.
_SETTING_KEY: Final = regex(
    r"""(?ix) (.*[-_.])? (host(name)? | port | db | database | (db|database)[-_.]?name | region | bucket | endpoint
    | ssl[-_.]?mode | schema | protocol | scheme | env | environment | log[-_.]?level | time[-_.]?zone | charset)"""
)
_SETTINGS: Final = (  # one of them is in each such key
    *("host", "port", "db", "database", "region", "bucket", "endpoint", "ssl", "schema", "protocol", "scheme", "env"),
    *("log", "time", "charset"),
)
_SETTING_END: Final = regex(r".*[a-z](Host(name|Name)?|Port|Database|Region|Bucket|Endpoint|Schema|Protocol|Scheme)")
# An address alone opens nothing; a path may (webhooks), and so may a user or a query.
_BARE_URL: Final = regex(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^@/?#\s]+/?")
_PEM_BEGIN: Final = regex(r"-----BEGIN ([A-Z0-9 ]+)-----")
_PUBLIC_PEM: Final = frozenset({"CERTIFICATE", "PUBLIC KEY", "RSA PUBLIC KEY", "TRUSTED CERTIFICATE", "X509 CRL"})


@rule(
    each=any_of(kind("Secret", groups=("",)), unit()),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    cis=["EKS 1.8.0 4.4.2", "K8s 1.12 5.4.2"],
    options={
        "test_paths": "globs of paths that are skipped",
        "placeholders": "further values that are placeholders",
    },
    forms={"placeholders": "regex"},
)
def plaintext_secret(
    item: KubeObject | Unit, project: Project, *, test_paths: tuple[str, ...] = (), placeholders: tuple[str, ...] = ()
) -> Problems:
    """A Secret with real values is committed in a manifest.

    Base64 is no encryption: whoever can read the repository, its forks, its CI logs or a laptop's clone has the value,
    and it stays in the history after it was deleted. Keep the value in AWS Secrets Manager or Parameter Store and let
    External Secrets bring it into the cluster, or encrypt the file with SOPS or as a SealedSecret. A value that was
    committed once has to be changed where it is used, not only removed here.

    Placeholders, user names, certificates and encrypted files pass, and settings that say where to connect and how
    (host, port, database, region and the like). A kustomization's `secretGenerator` counts with its literals, `envs`
    and `files`; of one that cannot be built only the literals are seen. Of `kubernetes_secret` resources
    terraform-plaintext-secret speaks. Leave it for fixtures of tests, with `test_paths`.

    ```yaml bad
    apiVersion: v1
    kind: Secret
    metadata: {name: smtp, namespace: shop}
    stringData:
      password: bibimbap-7-Hongdae  # <-
    ```

    ```yaml good
    apiVersion: external-secrets.io/v1
    kind: ExternalSecret
    metadata: {name: smtp, namespace: shop}
    spec:
      secretStoreRef: {kind: ClusterSecretStore, name: aws}
      target: {name: smtp}
      data:
        - secretKey: password
          remoteRef: {key: shop/smtp, property: password}
    ```

    See <https://kubernetes.io/docs/concepts/configuration/secret/> and
    <https://docs.aws.amazon.com/eks/latest/userguide/manage-secrets.html>.
    """
    for title, key, value, node in _generated(item) if isinstance(item, Unit) else _entries(item):
        if not _is_secret(key, value, placeholders):
            continue
        place = _place(node, value)
        path = "" if place is None else place.source.path
        if place is None or any(glob_matches(path, glob) for glob in test_paths):
            continue
        yield Problem(f"{title} holds {key} in plain text", place, secret=True)


def _entries(item: KubeObject) -> Iterator[tuple[str, str, str, Node]]:
    """Yield the title of a Secret, and key, value and node of each entry that this rule speaks of."""
    if item.block is not None and item.block.type in TYPED:
        return  # terraform-plaintext-secret speaks of it
    if item.root["sops"].present or item.root["type"].text == "kubernetes.io/service-account-token":
        return
    for key, node in item.root["data"].items():
        if node.known and node.text:
            yield item.title, key, _decoded(node.text), node
    for key, node in item.root["stringData"].items():
        if node.known and node.text:
            yield item.title, key, node.text, node


def _generated(item: Unit) -> Iterator[tuple[str, str, str, Node]]:
    """Yield what a kustomization that is not built would generate; a built one has its Secrets."""
    for kustomization in item.kustomizations if not item.objects else ():
        for generator in kustomization.root["secretGenerator"]:
            for literal in generator["literals"]:
                if literal.known:
                    key, _, value = literal.text.partition("=")
                    yield f"Secret/{generator['name'].text}", key, value.strip("\"'"), literal


def _decoded(text: str) -> str:
    """The text behind base64, the text itself when it is none, and what it has of text when it is binary."""
    try:
        raw = base64.b64decode("".join(text.split()), validate=True)
    except (binascii.Error, ValueError):
        return text
    return raw.decode("utf-8", "replace")


def _is_secret(key: str, value: str, placeholders: tuple[str, ...]) -> bool:
    text = value.strip()
    if not text or text.startswith("ENC[") or is_placeholder(text):
        return False
    if "://" in text and _BARE_URL.fullmatch(text) is not None:
        return False
    name = key.lower()
    if "user" in name and _USER_KEY.fullmatch(key) is not None:
        return False
    if "@" not in text and any(map(name.__contains__, _SETTINGS)) and _is_setting(key):
        return False
    if any(glob_matches(key, glob) for glob in PUBLIC_KEYS):
        return False
    blocks = _PEM_BEGIN.findall(text) if "-----" in text else ()
    if blocks and _PUBLIC_PEM.issuperset(blocks):
        return False
    return not any(re.search(pattern, text) for pattern in placeholders)


def _is_setting(key: str) -> bool:
    return _SETTING_KEY.fullmatch(key) is not None or _SETTING_END.fullmatch(key) is not None


def is_placeholder(text: str) -> bool:
    """Return whether a value is one that somebody is to replace, or a word for it."""
    lower = text.lower()
    if lower in _WORDS or len(set(text)) == 1 or len(set(lower)) == 1:
        return True
    return any(
        any(map(lower.__contains__, words)) and pattern.fullmatch(text) is not None for words, pattern in _PLACEHOLDERS
    )


def _place(node: Node, value: str) -> Node | Location | None:
    """Where the value stands, as itself or in base64; None when a chart makes it up."""
    if node.source.origin is None:
        return node
    return committed(node, value) or (committed(node, node.text) if node.text != value else None)
