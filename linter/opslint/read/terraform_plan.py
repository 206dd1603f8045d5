"""Plans of Terraform as JSON (`terraform show -json plan.out`): found by what they hold, and read.

The format is https://developer.hashicorp.com/terraform/internals/json-format, of the versions 1.x.
"""

from __future__ import annotations

import codecs
import json
import os
import re
from typing import TYPE_CHECKING, Any, Final

from opslint.model.limits import FILE_BYTES
from opslint.model.records import NamedTuple, dataclass, field
from opslint.model.report import Failure
from opslint.model.source import Location, Source, Span
from opslint.read import hcl
from opslint.read.files import open_bytes
from opslint.read.hcl.json_text import read_json
from opslint.read.hcl.pace import reading_pace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping
    from pathlib import Path

_HEAD: Final = 4_096  # bytes in which an unnamed file has to say that it is a plan
_MAJOR: Final = "1"
_DEPTH: Final = 200
_MARK: Final = '"format_version"'
# A plan whose keys were sorted (`jq -S`) begins with one of these, and says what it is far behind.
_SORTED = re.compile(rb'\s*\{\s*"(?:applyable|checks|complete|configuration)"\s*:')
_SECRET_NAME = re.compile(r"passw|secret|token$|credential|private_?key|api_?key", re.IGNORECASE)


class Planned(NamedTuple):
    """A resource as it will be: its values, which of them are unknown or sensitive, and the JSON node of the values."""

    address: str
    mode: str
    type: str
    name: str
    values: Mapping[str, Any]
    unknown: Any
    sensitive: Any
    node: Any


@dataclass(eq=False)
class Plan:
    """A plan that was read. `source` shows of the file only what it plans, without what is sensitive."""

    path: str
    source: Source
    content: Mapping[str, Any]
    resources: list[Planned] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """False for a plan with errors or with targets: what it does not name may exist all the same."""
        return self.content.get("complete") is not False and self.content.get("errored") is not True

    @property
    def root(self) -> Mapping[str, Any]:
        """The configuration of the root module."""
        return _map(_map(self.content.get("configuration")).get("root_module"))

    @property
    def variables(self) -> Mapping[str, Any]:
        """The values of the root module's variables, in clear text: never to be shown."""
        found = _map(self.content.get("variables"))
        return {name: entry["value"] for name, entry in found.items() if isinstance(entry, dict) and "value" in entry}

    @property
    def start(self) -> Location:
        """The first line of the file."""
        return Location(self.source, Span(1, 1, 1, 2))

    def place(self, node: Any) -> Location:
        """Return the first line of a JSON node."""
        if node is None:
            return self.start
        line, column = self.source.position(node[1])
        return Location(self.source, Span(line, column, line, column + 1))


@dataclass(slots=True)
class Plans:
    """The plans found, the files that are plans (readable or not), and what is wrong with them."""

    plans: list[Plan] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)
    failures: list[Failure] = field(default_factory=list)


def find_plans(root: Path, paths: Iterable[str], named: Collection[str]) -> Plans:
    """Read the plans among files (paths relative to the root). Never raises for what they hold.

    A file that was named is looked at whole; another one has to say what it is within its first bytes.
    """
    result = Plans()
    for path in paths:
        if path.endswith(".json") and _may_be_plan(root, path, whole=path in named):
            _take(root, path, result)
    return result


def _may_be_plan(root: Path, path: str, *, whole: bool) -> bool:
    try:
        with open(os.path.join(root, path), "rb") as file:  # noqa: PTH118, PTH123 - for every JSON file of a run
            head = file.read(FILE_BYTES if whole else _HEAD)
            if not whole and _SORTED.match(head):
                head += file.read(FILE_BYTES)
    except (OSError, ValueError):
        return False
    return any(_MARK.encode(encoding) in head for encoding in ("utf-8", "utf-16-le", "utf-16-be"))


def _take(root: Path, path: str, result: Plans) -> None:
    try:
        opened = open_bytes(root, path)
    except (OSError, ValueError):
        return  # the reader of manifests says so
    if isinstance(opened, Failure):
        result.taken.add(path)
        result.failures.append(opened)
        return
    try:
        text = _decoded(opened[0])
    except UnicodeDecodeError:
        return
    try:
        content = json.loads(text)
    except ValueError as error:
        if '"planned_values"' in text or '"resource_changes"' in text:
            result.taken.add(path)
            line = getattr(error, "lineno", 0)
            result.failures.append(Failure(path, line, "the plan is cut off or broken: it is not JSON", "terraform"))
        return
    except RecursionError:
        content = None
    problem = _problem(content)
    if problem is None:
        return
    result.taken.add(path)
    if problem:
        result.failures.append(Failure(path, 1, problem, "terraform"))
    else:
        result.plans.append(_read(path, text, content))


def _decoded(data: bytes) -> str:
    """Return the text; a shell of Windows writes UTF-16."""
    for mark in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
        if data.startswith(mark):
            return data.decode("utf-16")
    return data.decode("utf-8-sig")


def _problem(content: Any) -> str | None:
    """Return why a JSON document cannot be judged, "" when it can, None when it is neither plan nor state."""
    if not isinstance(content, dict) or not isinstance(content.get("format_version"), str):
        return None
    if "planned_values" not in content and "resource_changes" not in content:
        state = isinstance(content.get("values"), dict) and "terraform_version" in content
        return "is a state of Terraform, not a plan: write one with `terraform show -json plan.out`" if state else None
    version = content["format_version"]
    if version.partition(".")[0] != _MAJOR:
        return f"is a plan of format {version}: only the formats {_MAJOR}.x can be read"
    if not isinstance(content.get("planned_values"), dict):
        return "is a plan without planned_values: it cannot be judged"
    return ""


def _read(path: str, text: str, content: Mapping[str, Any]) -> Plan:
    with reading_pace():
        tree, _ = read_json(text)
    values_node = member(tree, "planned_values")
    changes = {
        entry["address"]: _map(entry.get("change"))
        for entry in _list(content.get("resource_changes"))
        if isinstance(entry, dict) and isinstance(entry.get("address"), str) and "deposed" not in entry
    }
    resources: list[Planned] = []
    secrets: list[tuple[int, int]] = []
    given = _given(content)
    for entry, node in _entries(_map(content["planned_values"]).get("root_module"), member(values_node, "root_module")):
        secrets += _secret_spans(member(node, "values"), entry.get("sensitive_values"))
        found = _planned(entry, node, changes)
        if found is not None:
            if given:
                found = found._replace(sensitive=_marked(found.values, found.sensitive, given))
            secrets += _secret_spans(found.node, found.sensitive)
            resources.append(found)
    source = Source(path, _without_secrets(text, values_node, secrets), "json")
    return Plan(path, source, content, resources)


def _given(content: Mapping[str, Any]) -> frozenset[str]:
    """Return the texts in variables that no default supplies: given by a tfvars file, `-var` or the environment."""
    declared = _map(_map(_map(content.get("configuration")).get("root_module")).get("variables"))
    stack = [
        entry.get("value")
        for name, entry in _map(content.get("variables")).items()
        if isinstance(entry, dict) and entry.get("value") != _map(declared.get(name)).get("default")
    ]
    found: set[str] = set()
    while stack:
        value = stack.pop()
        if isinstance(value, str) and value:
            found.add(value)
        elif isinstance(value, (dict, list)):
            stack += value.values() if isinstance(value, dict) else value
    return frozenset(found)


def _marked(value: Any, marks: Any, given: frozenset[str], name: str = "", depth: int = 0) -> Any:
    """Return the marks of what is sensitive, with secrets by their name that were given as variables.

    A plan does not tell whether such a value is written in the code.
    """
    if marks is True or depth > _DEPTH:
        return marks
    if isinstance(value, str):
        return True if value in given and _SECRET_NAME.search(name) else marks
    if isinstance(value, dict):
        known = _map(marks)
        return {key: _marked(item, known.get(key), given, key, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        inner = _list(marks)
        return [
            _marked(item, inner[at] if at < len(inner) else None, given, name, depth + 1)
            for at, item in enumerate(value)
        ]
    return marks


def _entries(module: Any, node: Any) -> Iterator[tuple[Mapping[str, Any], Any]]:
    """Yield the resources of a module and of those in it, each with its JSON node."""
    stack = [(module, node)]
    while stack:
        here, there = stack.pop()
        if not isinstance(here, dict):
            continue
        nodes = _items(member(there, "resources"))
        for number, entry in enumerate(_list(here.get("resources"))):
            if isinstance(entry, dict):
                yield entry, nodes[number] if number < len(nodes) else None
        inner = _items(member(there, "child_modules"))
        stack += [
            (child, inner[number] if number < len(inner) else None)
            for number, child in reversed(list(enumerate(_list(here.get("child_modules")))))
        ]


def _planned(entry: Mapping[str, Any], node: Any, changes: Mapping[str, Mapping[str, Any]]) -> Planned | None:
    address, mode, type_, name = (entry.get(key) for key in ("address", "mode", "type", "name"))
    values = entry.get("values")
    if not (isinstance(address, str) and isinstance(type_, str) and isinstance(name, str)):
        return None
    change = changes.get(address, {})
    after = change.get("after")
    sensitive = change["after_sensitive"] if "after_sensitive" in change else entry.get("sensitive_values")
    return Planned(
        address,
        "data" if mode == "data" else "resource",
        type_,
        name,
        after if isinstance(after, dict) else _map(values),
        change.get("after_unknown", {}),
        sensitive,
        member(node, "values"),
    )


def _without_secrets(text: str, planned: Any, secrets: list[tuple[int, int]]) -> str:
    """Return the text with blanks for everything but the planned values, and for what is sensitive in those."""
    if planned is None:
        return _blank(text)
    hidden = [(0, planned[1]), (planned[2], len(text)), *secrets]
    pieces: list[str] = []
    at = 0
    for start, end in sorted(hidden):
        if end > at:
            pieces += [text[at:start], _blank(text[max(start, at) : end])]
            at = end
    return "".join((*pieces, text[at:]))


def _blank(text: str) -> str:
    return re.sub(r"[^\n]", " ", text)


def _secret_spans(node: Any, sensitive: Any) -> Iterator[tuple[int, int]]:
    stack = [(node, sensitive)]
    while stack:
        here, marks = stack.pop()
        if here is None:
            continue
        if marks is True:
            yield here[1], here[2]
        elif isinstance(marks, dict):
            stack += [(member(here, key), inner) for key, inner in marks.items()]
        elif isinstance(marks, list):
            nodes = _items(here)
            stack += [(nodes[at] if at < len(nodes) else None, inner) for at, inner in enumerate(marks)]


def member(node: Any, key: str) -> Any:
    """Return the JSON node of a member of an object, None when there is none."""
    if node is not None and node[0] == hcl.OBJ:
        for name, value in reversed(node[3]):
            if name[3] == key:
                return value
    return None


def _items(node: Any) -> list[Any]:
    return list(node[3]) if node is not None and node[0] == hcl.TUP else []


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


__all__ = ["Plan", "Planned", "Plans", "find_plans", "member"]
