"""Names and values as they are written into manifests, and which of them are secrets."""

from __future__ import annotations

import re
from functools import cache, lru_cache
from typing import TYPE_CHECKING, Final

from opslint.api import NamedTuple, regex
from opslint_rules.security.secrets import is_placeholder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.api import KubeObject, Node

# Names whose values are secret, and texts of which one is in every such name.
NAMES: Final = r"(?i)(passw(or)?d|secret|token|api_?key|private_?key|access_?key|credential)"
_WORDS: Final = (
    *("passwd", "password", "secret", "token", "credential"),
    *("apikey", "api_key", "privatekey", "private_key", "accesskey", "access_key"),
)
# A name that ends like this says where the secret is, or something about it.
ABOUT: Final = regex(
    r"""(?ix) .* (file|path|dir|name|names|arn|id|ids|ttl|url|uri|ref|refs|enabled|disabled|type|header|issuer|audience
    |timeout|length|expir\w*|expires_?in|prefix|suffix|namespace|policy|endpoint|region|period|interval|mode|format
    |version|algorithm|store|provider|class|key_?name|rotation|lifetime|duration|field|label|labels|regex|param|count
    |size|groups?|owner|email|user|username|scopes?
    |selectors?|initial_?cluster_?token)"""  # the last tells etcd clusters apart, and is no credential
)
# Values that are no secret whatever the name: booleans, numbers, durations, paths, addresses, expressions, ARNs.
HARMLESS: Final = regex(
    r"""(?ix) (true|false|yes|no|on|off|null|none|enabled|disabled|required|optional|auto|default)
    | [-+]?[\d.,]+ ([smhdw]|ms|[kmgt]i?b?)? | ([\d.]+[smhd])+
    | \.{0,2}/.* | ~/.* | [a-z]:\\.* | file:.* | arn:.* | \w[\w+.-]*://.*
    | .*[$`{}<>()].* | @.* | &.* | \*.* | !.* | ref\+.* | .*\s.* | [\w.-]+\.(svc|local)(\W.*)?"""
)
# "grafana-admin-secret": the name of an object, not what is in it.
OBJECT: Final = regex(
    r"(?i)[a-z0-9.-]*[-.](secrets?|tokens?|credentials?|passwords?|keys?|auth|creds)([-.][a-z0-9.-]*)?"
)
RECOGNISED: Final = regex(
    r"""(?x) \b(AKIA|ASIA)(?![A-Z0-9]*EXAMPLE)[A-Z0-9]{16}\b
    | -----BEGIN\ ([A-Z0-9]+\ )*PRIVATE\ KEY-----
    | \bgh[pousr]_[A-Za-z0-9]{36,}\b | \bgithub_pat_[A-Za-z0-9_]{50,}\b | \bglpat-[A-Za-z0-9_-]{20,}
    | \bxox[abprs]-[A-Za-z0-9-]{10,} | hooks\.slack\.com/services/T\w{8,}/B\w{8,}/\w{20,}
    | \beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"""
)
# One of these is in everything that RECOGNISED finds: looking for them is much cheaper.
_MARKS: Final = (
    *("AKIA", "ASIA", "PRIVATE KEY-----", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-"),
    *("xoxa-", "xoxb-", "xoxr-", "xoxs-", "xoxp-", "hooks.slack.com/services/", "eyJ"),
)
_SHORTEST: Final = 15  # characters of anything that RECOGNISED finds
ADDRESS: Final = regex(r"\b[a-z][a-z0-9+.-]*://[^\s/:@'\"]*:(?P<password>[^\s/@'\"]+)@")
ARGUMENT: Final = regex(r"--?(?P<name>[A-Za-z][\w.-]*)=(?P<value>.+)", re.DOTALL)
LINE: Final = regex(r"\s*(?:export\s+|-\s+)?[\"']?(?P<name>[A-Za-z][\w.-]*)[\"']?\s*[=:]\s*(?P<value>\S.*?)[\s,;]*")
# Files of a ConfigMap whose lines are settings; scripts, dashboards and the like are read for recognised values only.
SETTINGS: Final = (".env", ".properties", ".yaml", ".yml", ".conf", ".ini", ".cfg", ".toml", ".config")
_COMMENT_AFTER: Final = regex(r"\s+#")
COMMENT: Final = ("#", ";", "//", "--", "!")


class Literal(NamedTuple):
    """A named value; `where` says what it stands in."""

    where: str
    name: str
    value: str
    node: Node


def secrets_of(item: KubeObject, pattern: re.Pattern[str]) -> Iterator[Literal]:
    """Yield the environment variables, arguments and values of ConfigMaps that are secrets."""
    if item.kind == "ConfigMap" and item.group == "":
        for key, node in item.root["data"].items():
            if node.known and node.text and _may_hold(f"{key}\n{node.text}", pattern):
                yield from _of_text(key, node, pattern)
        return
    for one in item.containers if item.is_workload else ():
        for entry in one.root["env"]:
            named, said = entry["name"], entry["value"]
            if said.exists and said.known and named.known:
                name, value = named.text, said.text
                if value and is_literal_secret(name, value, pattern):
                    yield Literal(f"container {one.name}", name, value, said)
        for part in ("command", "args"):
            for node in one.root[part]:
                if node.known and node.is_scalar:
                    match = ARGUMENT.fullmatch(node.text) if "=" in node.text else None
                    name, value = (match["name"], match["value"]) if match else ("", node.text)
                    yield from _parts(Literal(f"container {one.name}", name, value, node), pattern)


def _may_hold(text: str, pattern: re.Pattern[str]) -> bool:
    """False when no line of a text can be a secret: it holds nothing recognisable, no address and no such name."""
    if "://" in text or _is_marked(text):
        return True
    text = text.replace("-", "_")
    if pattern.pattern == NAMES and text.isascii():
        text = text.lower()
        return any(map(text.__contains__, _WORDS))
    return _is_anchored(pattern.pattern) or pattern.search(text) is not None


@cache
def _is_anchored(pattern: str) -> bool:
    """True when an anchor or a look-around may fit a name and not the text that the name stands in."""
    return any(mark in pattern for mark in ("^", "$", "\\", "(?=", "(?!", "(?<"))


def _is_marked(text: str) -> bool:
    return any(map(text.__contains__, _MARKS))


def _recognised(value: str) -> re.Match[str] | None:
    return RECOGNISED.search(value) if len(value) >= _SHORTEST and _is_marked(value) else None


def _of_text(key: str, node: Node, pattern: re.Pattern[str]) -> Iterator[Literal]:
    where = f"key {key}"
    if "\n" not in node.text.strip():
        yield from _parts(Literal(where, key, node.text.strip(), node), pattern)
        return
    is_settings = key.lower().endswith(SETTINGS) or "." not in key
    for line in node.text.splitlines():
        if line.lstrip().startswith(COMMENT):
            continue
        match = LINE.fullmatch(line) if is_settings else None
        if match is not None:
            value = _COMMENT_AFTER.split(match["value"], maxsplit=1)[0]
            yield from _parts(Literal(where, match["name"], value.strip("\"'"), node), pattern)
        else:
            yield from _parts(Literal(where, "", line, node), pattern)


def _parts(found: Literal, pattern: re.Pattern[str]) -> Iterator[Literal]:
    """A recognisable secret inside a longer text stands for itself, so that only it is looked for and masked."""
    inside = _recognised(found.value)
    if inside:
        found = found._replace(value=inside[0])
    if is_literal_secret(found.name, found.value, pattern):
        yield found


def is_literal_secret(name: str, value: str, pattern: re.Pattern[str]) -> bool:
    """True when a value is recognisably a secret, or its name says so and nothing speaks against it."""
    if _recognised(value):
        return True
    address = ADDRESS.search(value) if "://" in value and "@" in value else None
    if address is not None:
        password = address["password"]
        return not is_placeholder(password) and HARMLESS.fullmatch(password) is None
    if len(value) < 4 or not name or not _is_secret_name(name, pattern.pattern, pattern.flags):
        return False
    return HARMLESS.fullmatch(value) is None and OBJECT.fullmatch(value) is None and not is_placeholder(value)


@lru_cache(maxsize=4096)  # names come again and again
def _is_secret_name(name: str, pattern: str, flags: int) -> bool:
    named = re.compile(pattern, flags).search(name.replace("-", "_"))
    return named is not None and ABOUT.fullmatch(name) is None
