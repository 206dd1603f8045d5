"""Terraform written as JSON (`.tf.json`), read into the same tree as HCL.

JSON does not say what is a block and what an attribute; Terraform knows from the provider's schema. Without one: the
blocks of the language are known by name; inside resources, data sources and providers an object, or a list of objects,
is a block unless its name is one of those that hold free keys (tags, labels, …). Every string is a template, except
where Terraform takes a reference or a type: there it is read as an expression. A NUM may be negative here.
"""

from __future__ import annotations

import re
from typing import Any, Final

from opslint.model.limits import ERRORS_PER_FILE
from opslint.read.hcl.bodies import read_template_value, read_value
from opslint.read.hcl.json_text import offsets, read_json
from opslint.read.hcl.nodes import ATTR, BLOCK, OBJ, STR, TMPL, TUP, Body, HclError, HclProblem, Node, Parsed
from opslint.read.hcl.pace import reading_pace

_LABELS: Final = {
    "resource": 2,
    "data": 2,
    "ephemeral": 2,
    "variable": 1,
    "output": 1,
    "module": 1,
    "provider": 1,
    "check": 1,
    "terraform": 0,
    "locals": 0,
    "moved": 0,
    "import": 0,
    "removed": 0,
}
# blocks that the language itself has inside others: the number of their labels
_NESTED: Final[dict[str, dict[str, int]]] = {
    "terraform": {"backend": 1, "cloud": 0, "required_providers": 0, "provider_meta": 1},
    "cloud": {"workspaces": 0},
    "variable": {"validation": 0},
    "output": {"precondition": 0},
    "lifecycle": {"precondition": 0, "postcondition": 0},
    "check": {"data": 2, "assert": 0},
    "removed": {"lifecycle": 0, "provisioner": 1},
}
_RESOURCE: Final = {"lifecycle": 0, "provisioner": 1, "connection": 0, "dynamic": 1, "timeouts": 0}
_BY_SHAPE: Final = frozenset({"resource", "data", "ephemeral", "provider", ""})  # "" is any block inside these
_FREE_KEYS: Final = re.compile(
    r"(?!default_tags|ignore_tags)(?:.*_)?(?:tags|labels|annotations|parameters|variables|triggers|keepers|headers|options|settings|selector|map|"
    r"mappings|environment_variables|triggers_replace|match_labels|data|string_data|values|providers|context|tags_all)"
).fullmatch
_EXPRESSIONS: Final = frozenset({"depends_on", "provider", "providers", "ignore_changes", "replace_triggered_by"})
_EXPRESSIONS_IN: Final = {"variable": {"type"}, "moved": {"from", "to"}, "import": {"to"}, "removed": {"from"}}
_COMMENT: Final = "//"


def parse_json(text: str, *, variables: bool = False) -> Parsed:
    """Read a file of Terraform's JSON. Never raises: what could not be read is in `errors`.

    With `variables` it is a file of values for variables (`.tfvars.json`): attributes only, and strings as they stand.
    """
    nul = text.find("\0")
    if nul >= 0:
        return Parsed([], [HclProblem(nul, "a NUL character: this is not a text file")])
    if text[:1] == "\ufeff":
        text = " " + text[1:]
    with reading_pace():
        root, error = read_json(text)
        reader = _TreeReader(text)
        if error is not None:
            reader.problems.append(HclProblem(error.offset, error.message))
        body: Body = []
        if root is not None:
            for item in reader.objects(root, "the file"):
                body += reader.variables(item) if variables else reader.top_level(item)
        return Parsed(body, sorted(reader.problems)[:ERRORS_PER_FILE])


class _TreeReader:
    """The way from JSON values to blocks and attributes."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.problems: list[HclProblem] = []

    def objects(self, node: Node, what: str) -> list[Node]:
        """Return the objects that stand for the bodies of a block: the object itself or the objects of a list."""
        if node[0] == OBJ:
            return [node]
        if node[0] == TUP:
            found: list[Node] = []
            for item in node[3]:
                found += self.objects(item, what) if item[0] == OBJ else []
                if item[0] != OBJ:
                    self._problem(item[1], f"expected an object for {what}")
            return found
        if node[3] is not None:
            self._problem(node[1], f"expected an object for {what}")
        return []

    def top_level(self, node: Node) -> Body:
        """Return the blocks of a file's object."""
        body: Body = []
        for key, value in node[3]:
            name = key[3]
            if name == _COMMENT:
                continue
            if name in _LABELS:
                body += self._blocks(key, value, _LABELS[name], name)
            else:
                body.append(self._attribute(key, value, ""))
        return body

    def variables(self, node: Node) -> Body:
        """Return the attributes of a file that gives values to variables."""
        return [(ATTR, key[1], value[2], key[3], value) for key, value in node[3]]

    def _blocks(self, key: Node, value: Node, labels: int, inside: str, above: tuple[Any, ...] = ()) -> Body:
        """Return the blocks that a key stands for: its labels are the next levels of keys."""
        body: Body = []
        for item in self.objects(value, key[3]):
            if len(above) < labels:
                for label, inner in item[3]:
                    if label[3] != _COMMENT:
                        body += self._blocks(key, inner, labels, inside, (*above, (label[3], label[1], label[2])))
            else:
                start = above[-1][1] if above and value[0] == OBJ else item[1] if value[0] == TUP else key[1]
                header_end = item[1] + 1
                content = self._content(item, inside)
                body.append((BLOCK, start, item[2], key[3], above, header_end, content))
        return body

    def _content(self, node: Node, inside: str) -> Body:
        """Return the body of a block of the kind `inside` ("" for one that only the provider knows)."""
        nested = _NESTED.get(inside, {})
        if inside in _BY_SHAPE and inside != "provider":
            nested = _RESOURCE
        body: Body = []
        seen: set[str] = set()
        for key, value in node[3]:
            name = key[3]
            if name == _COMMENT:
                continue
            if name in nested and value[0] in (OBJ, TUP):
                kind = "data" if name == "data" else "lifecycle" if name == "lifecycle" else ""
                kind = "cloud" if name == "cloud" else kind
                body += self._blocks(key, value, nested[name], "locals" if name == "required_providers" else kind)
            elif inside in _BY_SHAPE and _looks_like_block(name, value):
                body += self._blocks(key, value, 0, "")
            else:
                if name in seen:
                    self._problem(key[1], f"the attribute {name} is set twice")
                seen.add(name)
                body.append(self._attribute(key, value, inside))
        return body

    def _attribute(self, key: Node, value: Node, inside: str) -> Node:
        name = key[3]
        as_expression = name in _EXPRESSIONS or name in _EXPRESSIONS_IN.get(inside, ())
        return (ATTR, key[1], value[2], name, self._value(value, as_expression=as_expression))

    def _value(self, node: Node, *, as_expression: bool) -> Node:
        """Return a value with its strings read as templates, or as expressions."""
        kind, start, end, content = node
        if kind == STR:
            return self._string(node, as_expression=as_expression)
        if kind == TUP:
            return (TUP, start, end, [self._value(item, as_expression=as_expression) for item in content])
        if kind == OBJ:
            items = [
                (self._string(key, as_expression=False), self._value(value, as_expression=as_expression))
                for key, value in content
                if key[3] != _COMMENT
            ]
            return (OBJ, start, end, items)
        return node

    def _string(self, node: Node, *, as_expression: bool) -> Node:
        content = node[3]
        if not as_expression and "${" not in content and "%{" not in content:
            return node
        places = offsets(self.text, node)
        try:
            inner = read_value(content) if as_expression else read_template_value(content)
        except HclError as error:
            self._problem(_place(places, error.offset), error.message)
            return node
        if inner[0] == STR and not as_expression:
            return (STR, node[1], node[2], inner[3])
        moved: Node = _moved(inner, places)
        if moved[0] == TMPL and not as_expression:
            return (TMPL, node[1], node[2], *moved[3:])
        return moved

    def _problem(self, offset: int, message: str) -> None:
        self.problems.append(HclProblem(offset, message))


def _is_list_of_objects(value: Node) -> bool:
    return value[0] == TUP and bool(value[3]) and all(item[0] == OBJ for item in value[3])


def _looks_like_block(name: str, value: Node) -> bool:
    """Tell whether a key of a resource is likely a block."""
    return (value[0] == OBJ and _FREE_KEYS(name) is None) or _is_list_of_objects(value)


def _place(places: list[int] | int, offset: int) -> int:
    return places + offset if isinstance(places, int) else places[min(offset, len(places) - 1)]


def _moved(item: Any, places: list[int] | int) -> Any:
    """Return a node with its offsets in the string replaced by those in the file."""
    if type(item) is tuple:
        if item and type(item[0]) is int:
            inner = [_moved(part, places) for part in item[3:]]
            return (item[0], _place(places, item[1]), _place(places, item[2]), *inner)
        return tuple([_moved(part, places) for part in item])
    if type(item) is list:
        return [_moved(part, places) for part in item]
    return item
