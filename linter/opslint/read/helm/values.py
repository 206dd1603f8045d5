"""Where each key of a YAML file stands: a small tree of places, for values files and Chart.yaml."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from opslint.model.limits import YAML_DEPTH
from opslint.model.records import dataclass, field
from opslint.model.source import Location, Source, Span
from opslint.read.kept_texts import kept_texts

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

Path: TypeAlias = tuple[str | int, ...]

ITEM: Final = "*"  # in a path: some item of a list, or some entry of a map, that a range walks over


class BadYaml(ValueError):  # noqa: N818 - says what it is, and is caught by name
    """A YAML text that does not parse; `line` is 1-based."""

    def __init__(self, message: str, line: int) -> None:
        super().__init__(message)
        self.line = line


@dataclass(slots=True, eq=False)
class Place:
    """A value of a YAML text with its span.

    `kind` is scalar, map or list; `text` a scalar's value as text; `plain` whether it is unquoted. `entries` are the
    children by key or index, `keys` the spans of a map's keys. An alias shares the anchor's place.
    """

    kind: str
    span: Span
    text: str = ""
    plain: bool = False
    entries: dict[str | int, Place] = field(default_factory=dict)
    keys: dict[str | int, Span] = field(default_factory=dict)

    @property
    def is_null(self) -> bool:
        """True for a null, which leaves a chart's default in place or removes it."""
        return self.kind == "scalar" and self.plain and self.text in {"", "~", "null", "Null", "NULL"}

    def get(self, *path: str | int) -> Place | None:
        """Return the place at a path, None when there is none."""
        place: Place | None = self
        for key in path:
            place = place.entries.get(key) if place is not None else None
        return place

    def scalar(self, *path: str | int) -> str:
        """Return a scalar's text at a path, "" when it is missing or no scalar."""
        place = self.get(*path)
        return place.text if place is not None and place.kind == "scalar" and not place.is_null else ""

    def walk(self, path: Path = ()) -> Iterator[tuple[Path, Place]]:
        """Yield every place under this one with its path, depth first; each place once."""
        stack: list[tuple[Path, Place]] = [(path, self)]
        seen: set[int] = set()
        while stack:
            here, place = stack.pop()
            if id(place) in seen:
                continue
            seen.add(id(place))
            yield here, place
            stack.extend(((*here, key), place.entries[key]) for key in reversed(place.entries))


def read_places(text: str) -> Place:
    """Return the first document of a YAML text as places; an empty text is an empty map. Raises BadYaml.

    Reads events instead of composing: libyaml's composer crashes the interpreter on deep nesting.
    """
    texts = kept_texts()
    kept = None if texts is None else texts.find("places", text)
    root = _read(text) if kept is None else restored(kept)
    if texts is not None and kept is None:
        texts.keep("places", text, partial(kept_form, root))
    if isinstance(root, BadYaml):
        raise root
    return root


def _read(text: str) -> Place | BadYaml:
    try:
        return _parsed(text)
    except BadYaml as error:
        return error


def kept_form(root: Place | BadYaml) -> Any:
    """Return all places of a text as plain tuples, the root first; what they hold is told by index."""
    if isinstance(root, BadYaml):
        return str(root), root.line
    places = [root]
    at = {id(root): 0}
    for place in places:
        for child in place.entries.values():
            if id(child) not in at:
                at[id(child)] = len(places)
                places.append(child)
    return [
        (
            place.kind,
            tuple(place.span),
            place.text,
            place.plain,
            [(key, at[id(child)]) for key, child in place.entries.items()],
            [(key, tuple(span)) for key, span in place.keys.items()],
        )
        for place in places
    ]


def restored(kept: Any) -> Place | BadYaml:
    """Return what `kept_form` was given."""
    if kept.__class__ is tuple:
        return BadYaml(*kept)
    places = [Place(kind, Span(*span), text, plain, {}, {}) for kind, span, text, plain, _, _ in kept]
    for place, (_, _, _, _, entries, keys) in zip(places, kept, strict=True):
        place.entries = {key: places[at] for key, at in entries}
        place.keys = {key: Span(*span) for key, span in keys}
    return places[0]


def _parsed(text: str) -> Place:
    from _ruamel_yaml import CParser  # heavy, needed only when there is a chart
    from ruamel.yaml.error import MarkedYAMLError, YAMLError

    from opslint.read.yaml_compose import UNEXPECTED_COLON, pure_parser

    try:
        try:
            return _Reader(CParser(text)).document()
        except MarkedYAMLError as error:
            if error.problem != UNEXPECTED_COLON:
                raise
            return _Reader(pure_parser(text)).document()
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise BadYaml(error.problem or "not valid YAML", mark.line + 1 if mark else 1) from error
    except IndexError as error:  # the pure parser's scanner does not look at the end
        raise BadYaml("not valid YAML", 1) from error
    except (YAMLError, UnicodeError) as error:
        raise BadYaml(str(error).splitlines()[0] if str(error) else "not valid YAML", 1) from error


class _Reader:
    """Builds places from parser events."""

    def __init__(self, parser: Any) -> None:
        self._parser = parser
        self._anchors: dict[str, Place] = {}

    def document(self) -> Place:
        root: Place | None = None
        stack: list[tuple[Place, list[tuple[str, Span]]]] = []  # the open collections, with a map's pending key
        while True:
            event = self._parser.get_event()
            name = type(event).__name__
            if name == "StreamEndEvent" or (name == "DocumentEndEvent" and root is not None):
                return root if root is not None else Place("map", Span(1, 1, 1, 1))
            if name in {"MappingEndEvent", "SequenceEndEvent"}:
                place, _ = stack.pop()
                place.span = _span(place.span, event.end_mark)
                continue
            made = self._place(name, event)
            if made is None:
                continue
            if stack:
                _attach(*stack[-1], made)
            elif root is None:
                root = made
            if made.kind != "scalar" and name != "AliasEvent":
                if len(stack) >= YAML_DEPTH:
                    raise BadYaml("nested too deeply", made.span.line)
                stack.append((made, []))

    def _place(self, name: str, event: Any) -> Place | None:
        if name == "AliasEvent":
            found = self._anchors.get(event.anchor)
            return found or Place("scalar", _marks(event.start_mark, event.end_mark))
        span = _marks(event.start_mark, event.end_mark) if event.start_mark else Span(1, 1, 1, 1)
        if name == "ScalarEvent":
            made = Place("scalar", span, event.value, event.style in {None, ""})
        elif name == "MappingStartEvent":
            made = Place("map", span)
        elif name == "SequenceStartEvent":
            made = Place("list", span)
        else:
            return None
        if event.anchor:
            self._anchors[event.anchor] = made
        return made


def _attach(parent: Place, pending: list[tuple[str, Span]], made: Place) -> None:
    if parent.kind == "list":
        parent.entries[len(parent.entries)] = made
    elif not pending:
        pending.append((made.text, made.span))
    else:
        key, span = pending.pop()
        if key == "<<" and made.kind != "scalar":
            for source in [made] if made.kind == "map" else made.entries.values():
                for name, child in source.entries.items():
                    parent.entries.setdefault(name, child)
                    if name in source.keys:
                        parent.keys.setdefault(name, source.keys[name])
        else:
            parent.entries[key] = made
            parent.keys[key] = span


def _marks(start: Any, end: Any) -> Span:
    return Span(start.line + 1, start.column + 1, end.line + 1, end.column + 1)


def _span(span: Span, end: Any) -> Span:
    return Span(span.line, span.column, end.line + 1, end.column + 1)


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """One set of values a chart is rendered with.

    `places` are those of `source`, None for values given without a file. `prefix` is put before a path that is
    looked up here (a subchart's values stand under its name in the parent's). `given` are the paths of a layer
    without a file.
    """

    source: Source | None
    places: Place | None
    prefix: tuple[str, ...] = ()
    given: tuple[Path, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """A values key: its own place, and its scalar's when it holds one."""

    path: Path
    key: Location
    scalar: Location | None
    place: Place


def find(layers: Sequence[Layer], path: Path, shown: str = "") -> Found | None:
    """Return the key that supplies `path`: the last layer that has it wins; None when no file's key does.

    `shown` is the text that was printed: it tells which item of a list is meant where the path only says "some item".
    """
    for layer in reversed(layers):
        # Globals are shared: they stand at the top of every parent's values, and under a subchart's name as well.
        wanted = (path,) if path[:1] == ("global",) else ()
        for full in ((*layer.prefix, *path), *wanted):
            if layer.source is None or layer.places is None:
                if any(full[: len(given)] == given or given[: len(full)] == full for given in layer.given):
                    return None
                continue
            answer = _lookup(layer.source, layer.places, full, len(full) - len(path), shown)
            if answer is not None:
                return answer if isinstance(answer, Found) else None
    return None


def _lookup(source: Source, root: Place, full: Path, skip: int, shown: str) -> Found | bool | None:
    """Return the key, False when this layer replaces a parent of it with something else, None when it is silent."""
    place, key = root, root.span
    for depth, name in enumerate(full):
        if name == ITEM:
            if not depth or not place.entries:
                return None
            item = _item(place, full[depth + 1 :], shown)
            if item is not None:
                return _lookup(source, root, (*full[:depth], item, *full[depth + 1 :]), skip, shown)
            return Found(full[skip:], Location(source, key), None, place)
        child = place.entries.get(name)
        if child is None:
            replaced = place.kind == "list" or (place.kind == "scalar" and not place.is_null)
            return False if replaced and depth else None
        key = place.keys.get(name, child.span)
        place = child
    if place.is_null:
        return None
    scalar = Location(source, place.span) if place.kind == "scalar" else None
    return Found(full[skip:], Location(source, key), scalar, place)


def _item(place: Place, rest: Path, shown: str) -> str | int | None:
    """Return the one item of a collection that holds the text shown; None when none or several do."""
    if not shown or ITEM in rest:
        return None
    found = [key for key, item in place.entries.items() if (inner := item.get(*rest)) and inner.text.strip() == shown]
    return found[0] if len(found) == 1 else None
