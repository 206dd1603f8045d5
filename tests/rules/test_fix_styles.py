"""Every fix of a manifest, in every style that YAML is written in: it changes the same fields and nothing else.

The examples of the rules' pages are written anew in each style. What the fixes change, by what is read before and
after, is what they change in the example as its page has it; lines of other fields stay as they are, to the byte;
fixing again changes nothing.
"""

import json
import re
from datetime import date
from difflib import SequenceMatcher
from typing import NamedTuple

import pytest

from opslint.engine.packs import load_packs
from opslint.engine.repair.passes import repair
from opslint.engine.run import lint
from opslint.model.settings import Settings
from opslint.model.source import Location, Source
from opslint.read.scalars import plain_scalar
from opslint.read.yaml import read_yaml
from opslint.testing import MARK, examples_of

PACKS = load_packs()
RULES = [rule for pack in PACKS for rule in pack.rules if rule.fixable != "no" and rule.applies_to != "terraform"]
MARKS = re.compile(rf"[ \t]*{MARK.pattern}", re.MULTILINE)


class Style(NamedTuple):
    """How a document is written."""

    indent: int = 2
    item: int = 0  # columns of a list's `-` beyond its key
    quote: str = ""  # around texts
    comment: str = ""  # behind each scalar, with the number of its line
    above: str = ""  # a line above each entry of a block
    flow: int = 99  # the depth from which collections are written in brackets
    as_json: bool = False
    newline: str = "\n"
    end: str = "\n"
    anchors: bool = False  # each map has one
    aliases: bool = False  # what stands there already is referred to
    merged: bool = False  # the maps of a list take their entries from one above
    listed: bool = False  # all documents are the items of one List
    start: str = ""


STYLES = {
    "indent 4, lists at their key": Style(indent=4, quote="'"),
    "indented lists": Style(item=2, quote='"'),
    "flow": Style(flow=1),
    "flow in block": Style(flow=3),
    "comments": Style(comment=" # say {}", newline="\r\n"),
    "tabs in comments": Style(comment="\t#\tsay\t{}", end=""),
    "comments above": Style(above="# about {}", item=2, start="# the shop\n---\n", end="\n...\n"),
    "anchors": Style(anchors=True),
    "aliases": Style(aliases=True),
    "merge keys": Style(merged=True),
    "List": Style(listed=True, indent=4, item=4),
    "List in flow": Style(listed=True, flow=2),
    "JSON": Style(as_json=True, listed=True),
}
# What is only shown there, and why.
SHOWN = {
    # The map would be left empty: the comment, or the anchor, between its key and its only entry has no place then.
    "comments above": {"pod-blocks-node-drain", "privileged-container"},
    "anchors": {"pod-blocks-node-drain", "privileged-container"},
    # What an alias shares is changed in every place.
    "aliases": {"pod-blocks-node-drain", "privileged-container", "unknown-port-reference"},
    "merge keys": {
        "amazon-linux-2-nodes",
        "dangling-binding",
        "karpenter-budget-extreme",
        "karpenter-no-spot",
        "privilege-escalation-allowed",
        "privileged-container",
        "unknown-port-reference",
    },
    # A JSON file has one document.
    "JSON": {"missing-pdb"},
}


class Writer:
    def __init__(self, style):
        self.style = style
        self.count = 0
        self.seen = {}

    def document(self, value):
        self.seen = {}
        if self.style.as_json:
            return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
        if self.style.merged:
            value = self.with_bases(value)
        return "\n".join(self.block(value, 0, 0)) + "\n"

    def with_bases(self, value):
        """The first map of each list takes its entries from one that stands at the top of the document."""
        bases = {}

        def below(one):
            if isinstance(one, dict):
                return {key: below(inner) for key, inner in one.items()}
            if isinstance(one, list) and one and all(isinstance(inner, dict) and inner for inner in one):
                name = f"x-base-{len(bases)}"
                bases[name] = Anchored(name, dict(one[0]))
                return [Merging(name, {}), *one[1:]]
            return [below(inner) for inner in one] if isinstance(one, list) else one

        rest = below(value)
        return {**bases, **rest}

    def scalar(self, value, *, key=False):
        if not isinstance(value, str):
            return json.dumps(value)
        plain = (
            isinstance(plain_scalar(value), str)
            and re.fullmatch(r"[\w./][\w./ -]*(?:[:][\w./-]+)*", value) is not None
            and not value.endswith((" ", ":"))
        )
        if not key and self.style.quote == "'" and "\n" not in value and "\\" not in value:
            return "'" + value.replace("'", "''") + "'"
        if not key and self.style.quote == '"':
            return json.dumps(value, ensure_ascii=False)
        return value if plain else json.dumps(value, ensure_ascii=False)

    def flow(self, value):
        if isinstance(value, dict) and not isinstance(value, Merging):
            inner = (f"{self.scalar(key, key=True)}: {self.flow(one)}" for key, one in value.items())
            return "{" + ", ".join(inner) + "}"
        if isinstance(value, Merging):
            return f"{{<<: *{value.name}}}"
        if isinstance(value, list):
            return "[" + ", ".join(map(self.flow, value)) + "]"
        return self.scalar(value)

    def say(self):
        self.count += 1
        return self.style.comment.format(self.count)

    def head(self, value):
        """Return the anchor in front of a collection, or the alias in place of it."""
        if isinstance(value, Anchored):
            return f" &{value.name}", False
        if self.style.anchors and isinstance(value, dict) and value:
            self.count += 1
            return f" &a{self.count}", False
        if self.style.aliases and isinstance(value, (dict, list)) and value:
            text = json.dumps(value, sort_keys=True)
            if text in self.seen:
                return f" *{self.seen[text]}", True
            self.seen[text] = f"a{len(self.seen)}"
            return f" &{self.seen[text]}", False
        return "", False

    def entry(self, opening, value, column, depth):
        """Lines of `opening` (a key with its colon, or a dash) and its value; `column` is where the value's block is."""
        if not isinstance(value, (dict, list)):
            return [f"{opening} {self.scalar(value)}{self.say()}"]
        head, is_alias = self.head(value)
        if is_alias:
            return [opening + head + self.say()]
        if not value and not isinstance(value, Merging):
            return [f"{opening}{head} {'{}' if isinstance(value, dict) else '[]'}{self.say()}"]
        if depth >= self.style.flow:
            return [f"{opening}{head} {self.flow(value)}{self.say()}"]
        lines = self.block(value, column, depth)
        if opening.endswith("-") and not head and not self.style.above:
            lines[0] = opening + " " * (column - len(opening)) + lines[0].lstrip()
            return lines
        return [opening + head, *lines]

    def block(self, value, column, depth):
        pad = " " * column
        lines = []
        if isinstance(value, Merging):
            lines.append(f"{pad}<<: *{value.name}")
        if isinstance(value, dict):
            for key, one in value.items():
                if self.style.above:
                    self.count += 1
                    lines.append(pad + self.style.above.format(self.count))
                step = self.style.item if isinstance(one, list) else self.style.indent
                lines += self.entry(f"{pad}{self.scalar(key, key=True)}:", one, column + step, depth + 1)
        else:
            for one in value:
                lines += self.entry(f"{pad}-", one, column + 2, depth + 1)
        return lines


class Anchored(dict):
    def __init__(self, name, entries):
        super().__init__(entries)
        self.name = name


class Merging(dict):
    def __init__(self, name, entries):
        super().__init__(entries)
        self.name = name


def written(documents, style):
    writer = Writer(style)
    if style.listed:
        documents = [{"apiVersion": "v1", "kind": "List", "items": documents}]
    text = style.start + "---\n".join(map(writer.document, documents))
    return (text.removesuffix("\n") + style.end).replace("\n", style.newline)


def read(path, text):
    parsed = read_yaml(Source(path, text, absolute="/" + path))
    assert parsed.errors == []
    return parsed.documents


def unpacked(documents):
    for one in documents:
        if isinstance(one, dict) and one.get("kind") == "List":
            yield from unpacked(one["items"])
        else:
            yield one


def plain(path, text):
    return [
        {key: inner for key, inner in one.items() if not key.startswith("x-base-")} if isinstance(one, dict) else one
        for one in unpacked([document.plain() for document in read(path, text)])
    ]


def differences(before, after, path=()):
    """Yield (path, old, new) of the fields that differ; `...` where there is none."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in {**before, **after}:
            yield from differences(before.get(key, ...), after.get(key, ...), (*path, key))
    elif isinstance(before, list) and isinstance(after, list):
        for at in range(max(len(before), len(after))):
            old = before[at] if at < len(before) else ...
            yield from differences(old, after[at] if at < len(after) else ..., (*path, at))
    elif before != after or type(before) is not type(after):
        yield path, before, after


def mended(files, example, folder):
    """The files after all fixes."""
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text.encode())
    settings = Settings(
        root=str(folder),
        target_version=example.settings.get("target", "" if any(path.endswith(".tf") for path in files) else "1.34"),
        target_source="configuration",
        as_of=date.fromisoformat(example.settings.get("as-of", "2026-11-22")),
        select=example.rules,
        rules={example.rules[0]: example.options} if example.options else {},
        no_cache=True,
    )
    result = repair(lambda: lint([str(folder)], settings, PACKS, fixing=True), folder, unsafe=True)
    assert not result.report.failures
    assert result.refusals == []
    result.write(folder)
    again = repair(lambda: lint([str(folder)], settings, PACKS, fixing=True), folder, unsafe=True)
    assert again.files == {}, "fixing twice changes something"
    return {path: (folder / path).read_bytes().decode() for path in files}


def can_restyle(path, text):
    return path.endswith(".yaml") and "{{" not in text and "/templates/" not in path and not path.endswith("Chart.yaml")


def touched(path, text, changes):
    """The numbers of the lines on which a changed field stands, or the brackets that it is written in."""
    lines = set()
    roots = [item for document in read(path, text) for item in expanded(document)]
    for (number, *keys), _, new in changes:
        if number >= len(roots):
            continue  # a document was added
        steps = [roots[number]]
        for key in keys:
            if not steps[-1][key].exists:
                break
            steps.append(steps[-1][key])
        own = steps[-1]
        outer = own
        while outer.parent is not None and text_of(outer.parent).startswith(("{", "[")):
            outer = outer.parent
        if len(steps) == len(keys) + 1 or text_of(outer).startswith(("{", "[")):  # else a line is added to a block
            lines |= set(range(outer.extent.line, outer.extent.end_line + 1))
            gone = [steps[-2]] if new is ... else []  # an empty map stands behind its key
            lines |= {one.key_span.line for one in (own, outer, *gone) if one.key_span is not None}
    return lines


def expanded(document):
    if document["kind"].known and document["kind"].text == "List":
        for item in document["items"]:
            yield from expanded(item)
    else:
        yield document


def text_of(node):
    return Location(node.source, node.extent).text


EXAMPLES = [
    example
    for rule in RULES
    for example in examples_of(rule)
    if example.fixed and any(can_restyle(path, text) for path, text in example.files.items())
]


@pytest.fixture(scope="module")
def fixes(tmp_path_factory):
    """(example, its files without marks, what its fixes change in each YAML file) of each."""
    found = []
    for number, example in enumerate(EXAMPLES):
        files = {path: MARKS.sub("", text) for path, text in example.files.items()}
        after = mended(files, example, tmp_path_factory.mktemp(str(number)))
        changes = {
            path: changes_of(plain(path, text), plain(path, after[path]))
            for path, text in files.items()
            if can_restyle(path, text)
        }
        found.append((example, files, changes))
    return found


def changes_of(before, after):
    return list(differences(dict(enumerate(before)), dict(enumerate(after))))


def lost_lines(before, after):
    """The numbers of the lines that are not there any more as they were."""
    lines = before.splitlines(keepends=True), after.splitlines(keepends=True)
    for tag, start, end, _, _ in SequenceMatcher(None, *lines, autojunk=False).get_opcodes():
        if tag in {"replace", "delete"}:
            yield from range(start + 1, end + 1)


@pytest.mark.parametrize("name", STYLES)
def test_a_fix_changes_the_same_fields_and_nothing_else_in_every_style(name, fixes, tmp_path):
    style, wrong, shown = STYLES[name], [], set()
    for number, (example, files, changes) in enumerate(fixes):
        styled, target = {}, {}
        for path, text in files.items():
            target[path] = path.replace(".yaml", ".json") if style.as_json and path in changes else path
            documents = [document.plain() for document in read(path, text)]
            styled[target[path]] = written(documents, style) if path in changes else text
        after = mended(styled, example, tmp_path / str(number))
        for path, wanted in changes.items():
            old, new = styled[target[path]], after[target[path]]
            assert plain(path, old) == plain(path, files[path])
            made = changes_of(plain(path, old), plain(path, new))
            if any(change not in wanted for change in made):
                wrong.append(f"{example.name}: {made} instead of {wanted}")
            if len(made) < len(wanted):
                shown.add(example.rules[0])
            lost = set(lost_lines(old, new)) - touched(path, old, wanted)
            if not old.endswith("\n"):
                lost.discard(len(old.splitlines()))  # a document was appended behind it
            if lost:
                wrong.append(f"{example.name}: lines {sorted(lost)} changed")
            if style.as_json:
                json.loads(new)
            if style.newline == "\r\n" and "\n" in new.replace("\r\n", ""):
                wrong.append(f"{example.name}: line breaks of two kinds")
    assert wrong == []
    assert shown == SHOWN.get(name, set())
