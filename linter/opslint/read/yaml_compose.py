"""Composes YAML and JSON with libyaml, document by document, within our limits and with all that is wrong told."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Final

from opslint.model.limits import ERRORS_PER_FILE, YAML_ALIASES, YAML_DEPTH
from opslint.model.node import Node
from opslint.model.patterns import regex
from opslint.model.project import DuplicateKey
from opslint.model.records import NamedTuple
from opslint.model.source import Location
from opslint.read.yaml import YamlProblem
from opslint.read.yaml_anchors import EventComposer
from opslint.read.yaml_form import YamlForm
from opslint.read.yaml_limits import (
    Part,
    alias_problem,
    has_odd_breaks,
    is_shallow_json,
    may_be_deep,
    most_aliases,
    same,
    split_documents,
    survey,
    too_deep,
)

if TYPE_CHECKING:
    from opslint.read.yaml import YamlFile

# JSON may write a character beyond U+FFFF as two escapes, which libyaml refuses. The stand-in is as long.
_SURROGATES: Final = regex(r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}")
_STAND_IN: Final = "\\\\ufffd\\\\ufffd"
_NOT_THE_END: Final = "did not find expected <document start>"
UNEXPECTED_COLON: Final = "found unexpected ':'"  # what libyaml says where a URL stands unquoted in a flow collection
_TOO_DEEP: Final = f"nested more than {YAML_DEPTH} levels deep"


def compose(result: YamlFile) -> bool:
    """Read the text of a result into it; return False when that was stopped by something else than the text."""
    reading = _Reading(result)
    reading.run()
    return not reading.short_of_memory


def _as_yaml(text: str) -> str:
    """Return a text of the same length in which what JSON allows and libyaml does not is replaced."""
    start = len(text) - len(text.lstrip(" \t\r\n"))
    if text[start : start + 1] not in {"{", "["}:
        return text
    if "\\u" in text:
        text = _SURROGATES.sub(_STAND_IN, text)
    return text[:start].replace("\t", " ") + text[start:] if start else text


@cache
def _composer() -> tuple[type[Any], object]:
    """Return the composer class, and the tag it gives to every node that has none of its own."""
    from ruamel.yaml.cyaml import CParser  # type: ignore[attr-defined]
    from ruamel.yaml.tag import Tag

    untagged = Tag(suffix="")

    class Composer(CParser):  # type: ignore[misc]
        """libyaml's parser and composer without the library's resolver, which costs twice the composing."""

        def resolve(self, kind: object, value: object, implicit: object) -> object:  # noqa: ARG002
            """Return the tag of what has none."""
            return untagged

        def descend_resolver(self, parent: object, index: object) -> None:
            """Do nothing: values are resolved when they are read."""

        def ascend_resolver(self) -> None:
            """Do nothing."""

    return Composer, untagged


def pure_parser(text: str) -> Any:
    """Return ruamel's own parser: forty times slower, but it allows `[--url=http://x]`, as Kubernetes and Helm do."""
    from ruamel.yaml import YAML

    return YAML(typ="safe", pure=True).get_constructor_parser(text)[1]


class _Failed(NamedTuple):
    """Where composing stopped: 0-based line of the source, and what kind of failure it was."""

    line: int
    kind: str  # text (characters that YAML refuses), syntax; anchor, colon: allowed, but not by libyaml


class _Reading:
    """The reading of one text into one result."""

    def __init__(self, result: YamlFile) -> None:
        self.result, self.source = result, result.source
        text = result.source.text
        self.text = text = _as_yaml(text)
        aliases = most_aliases(text)
        self.shared, self.crowded = aliases > 0, aliases > YAML_ALIASES
        self.odd = has_odd_breaks(text)
        self.short_of_memory = False

    def run(self) -> None:
        """Read everything, then put what was found in order."""
        text, result = self.text, self.result
        begin, line = 0, 0
        if self.odd or may_be_deep(text):
            for part in split_documents(text):
                if (self.odd or may_be_deep(text, part.start, part.end)) and not self._is_shallow(part):
                    self._read(Part(begin, part.start, line))
                    begin, line = part.end, part.line + text.count("\n", part.start, part.end)
        self._read(Part(begin, len(text), line))
        result.errors.sort(key=lambda problem: (problem.line, problem.column))
        result.duplicates.sort(key=lambda duplicate: duplicate.lost.span)

    def _full(self) -> bool:
        return len(self.result.errors) >= ERRORS_PER_FILE

    def _fail(self, line: int, column: int, message: str) -> None:
        """Note an error at a 1-based place, once."""
        problem = YamlProblem(line, column, message)
        errors = self.result.errors
        if problem in errors or self._full():
            return
        if len(errors) == ERRORS_PER_FILE - 1:
            problem = YamlProblem(line, column, f"{message}; after {ERRORS_PER_FILE} errors the rest was not read")
        errors.append(problem)

    def _place(self, part: Part, line: int, column: int, index: int) -> tuple[int, int]:
        """Return the 1-based place of a mark in the text of a part."""
        if self.odd:
            return self.source.position(part.start + index)
        return part.line + line + 1, column + 1

    def _is_shallow(self, part: Part) -> bool:
        """Look at the events of a part before anything is composed: False, with an error, when it is too deep."""
        from ruamel.yaml.error import YAMLError

        composer, _ = _composer()
        text = self.text[part.start : part.end]
        if is_shallow_json(text):
            return True
        try:
            mark = too_deep(composer(text))
        except (YAMLError, UnicodeEncodeError):
            return True  # what was read up to the error is not too deep; composing it tells the error
        if mark is None:
            return True
        self._fail(*self._place(part, *mark), _TOO_DEEP)
        return False

    def _read(self, part: Part) -> None:
        """Read the documents of a stretch of the text; after an error go on with the next document."""
        waiting = [part]
        while waiting and not self._full():
            part = waiting.pop()
            before = len(self.result.documents), len(self.result.duplicates)
            ends, failed = self._compose(part)
            if failed is None:
                continue
            parts = list(split_documents(self.text[: part.end], part.start, part.line))
            at = max((i for i, one in enumerate(parts) if one.line <= failed.line), default=0)
            if failed.kind == "text":
                # The characters are looked at some way ahead: documents in front of them may not have been read yet.
                del self.result.documents[before[0] :], self.result.duplicates[before[1] :]
            elif failed.kind == "anchor":
                self._compose(parts[at], redefine=True)
            elif failed.kind == "colon":
                at = min(at, next((i for i, one in enumerate(parts) if one.line >= ends), at))
                self._compose(parts[at], pure=True)
            else:
                # An unclosed quote is told at the next document's `---`: the failed one may stand before the error.
                at = min(at, next((i for i, one in enumerate(parts) if one.line >= ends), at))
            if at + 1 < len(parts):
                waiting.append(Part(parts[at + 1].start, part.end, parts[at + 1].line))
            if failed.kind == "text" and at:
                waiting.append(Part(part.start, parts[at].start, part.line))

    def _compose(self, part: Part, *, redefine: bool = False, pure: bool = False) -> tuple[int, _Failed | None]:
        """Compose the documents of a part; return the line at which the last one ended, and what stopped it."""
        from ruamel.yaml.error import MarkedYAMLError, YAMLError
        from ruamel.yaml.reader import ReaderError

        composer, untagged = _composer()
        text = self.text
        ends, before = part.line, len(self.result.documents)
        if part.start == part.end:
            return ends, None
        if part.start or part.end != len(text):
            text = text[part.start : part.end]
        form = YamlForm(self.source, untagged, part.line, part.start, by_offset=self.odd)
        try:
            if pure:
                parser = EventComposer(pure_parser(text), untagged)
            else:
                parser = EventComposer(composer(text), untagged) if redefine else composer(text)
            while parser.check_node():
                root = parser.get_node()
                ends = part.line + root.end_mark.line
                self._add(root, form)
        except ReaderError as error:
            index = len(text.encode()[: error.position].decode(errors="ignore"))
            line, column = self.source.position(part.start + index)
            self._fail(line, column, f"the character {error.character:#04x} is not allowed in YAML")
            return ends, _Failed(line - 1, "text")
        except UnicodeEncodeError as error:
            line, column = self.source.position(part.start + error.start)
            self._fail(line, column, "half a surrogate pair is not a character")
            return ends, _Failed(line - 1, "text")
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = self._place(part, mark.line, mark.column, mark.index) if mark else (part.line + 1, 1)
            if not redefine and str(error.context or "").startswith("found duplicate anchor"):
                return ends, _Failed(line - 1, "anchor")
            if not pure and error.problem == UNEXPECTED_COLON:
                return ends, _Failed(line - 1, "colon")
            self._fail(line, column, self._message(error, part))
            if error.problem == _NOT_THE_END and len(self.result.documents) > before:
                self._drop_document()
            return ends, _Failed(line - 1, "syntax")
        except (YAMLError, MemoryError, IndexError) as error:  # the pure parser's scanner does not look at the end
            self.short_of_memory |= isinstance(error, MemoryError)
            said = "" if isinstance(error, IndexError) else str(error).partition("\n")[0]
            self._fail(part.line + 1, 1, said or "could not be read")
            return ends, _Failed(ends, "syntax")
        return ends, None

    def _drop_document(self) -> None:
        """Forget the last document: its text went on, but not as a part of it."""
        extent = self.result.documents.pop().extent
        start = extent.line, extent.column
        self.result.duplicates[:] = [
            one for one in self.result.duplicates if (one.lost.span.line, one.lost.span.column) < start
        ]

    def _message(self, error: Any, part: Part) -> str:
        """Return the parser's own words on one line, with the place where the unfinished thing began."""
        problem = str(error.problem or error.context)
        mark = error.problem_mark
        if problem == _NOT_THE_END:
            problem = "text after the end of the document: check the indentation, or begin it with `---`"
        if mark is not None and problem == "found character that cannot start any token":
            line, column = self._place(part, mark.line, mark.column, mark.index)
            found = self.source.line(line)[column - 1 : column]
            problem = (
                "a tab may not indent YAML" if found == "\t" else f"`{found}` cannot begin a value: quote the value"
            )
        if not error.context or error.context_mark is None or error.context == "while scanning for the next token":
            return problem
        line, _ = self._place(part, error.context_mark.line, error.context_mark.column, error.context_mark.index)
        return f"{problem} ({error.context} that began on line {line})"

    def _add(self, root: Any, form: YamlForm) -> None:
        """Keep a document that is within the limits and is not empty."""
        if root.id == "scalar" and form.open(root) is None:
            return
        seen = survey(root, shared=self.shared)
        if seen.aliased or self.crowded:
            found = alias_problem(root, len(self.text))
            if found is not None:
                span = form.extent(found[1])
                self._fail(span.line, span.column, found[0])
                return
        if seen.deep is not None:
            span = form.extent(seen.deep)
            self._fail(span.line, span.column, _TOO_DEEP)
            return
        self.result.documents.append(Node(self.source, root, form))
        for mapping in seen.repeated:
            self._add_duplicates(mapping, form)

    def _add_duplicates(self, mapping: Any, form: YamlForm) -> None:
        """Note each key that another entry of its mapping overrides."""
        last: dict[str, tuple[Any, Any]] = {}
        for key, value in mapping.value:
            if key.id != "scalar" or (key.value == "<<" and not key.style):
                continue
            lost = last.get(key.value)
            if lost is not None:
                places = Location(self.source, form.extent(lost[0])), Location(self.source, form.extent(key))
                self.result.duplicates.append(DuplicateKey(key.value, *places, equal=same(lost[1], value)))
            last[key.value] = key, value
