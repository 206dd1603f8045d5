"""Objects against their schemas: Kubernetes' own at each target, and those of the project's custom resources."""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

from opslint.engine.validate.known import is_known_to_fit, note_fit
from opslint.model.records import NamedTuple
from opslint.model.source import Location

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from opslint.engine.validate.explain import Flaw
    from opslint.engine.validate.shapes import Shapes
    from opslint.model.kube import KubeObject
    from opslint.model.node import Node
    from opslint.model.project import Project, Target

__all__ = ["Violation", "violations_of"]


class Violation(NamedTuple):
    """A field that does not fit.

    `kind` is unknown, missing, value or schema (of a CustomResourceDefinition that cannot be used); `node` the field,
    `path` its path in words, `at` the place to show: of an unknown field its key. `said` is what is wrong with it,
    `near` the names or values that may be meant, `known` when Kubernetes has an unknown field. `target` is None when
    it is so at all targets of the unit.
    """

    kind: str
    node: Node
    path: str
    at: Node | Location
    said: str
    near: tuple[str, ...]
    known: str
    target: Target | None


_shapes: dict[int, Shapes] = {}


def violations_of(item: KubeObject, project: Project) -> Iterator[Violation]:
    """Yield what does not fit the schema of the object at the targets of its unit, each field once.

    Objects of APIs that a target does not have, and custom resources that the project does not define, pass.
    """
    found: dict[tuple[object, ...], tuple[Flaw, list[Target]]] = {}
    plain: Any = None
    for target in item.unit.targets:
        if is_known_to_fit(item.root, target.minor):
            continue
        surely_fits = _cheap_test(item.api_version, item.kind, target.minor)
        if surely_fits is not None and surely_fits(item.root):
            note_fit(item.root, target.minor)
            continue
        schemas = _schemas_for(item, project, target.minor)
        if not schemas:
            continue
        if plain is None:
            plain = item.root.plain()
        for flaw in _flaws(plain, schemas, target.minor, secret=item.kind == "Secret"):
            found.setdefault((flaw.kind, flaw.path), (flaw, []))[1].append(target)
    for flaw, targets in found.values():
        yield _violation(item, flaw, None if len(targets) == len(item.unit.targets) else targets[0])
    if item.kind == "CustomResourceDefinition" and not found:
        from opslint.engine.place import field_path
        from opslint.engine.validate.custom import schema_errors

        for path, said in schema_errors(item):
            node = item.root.at(*path)
            yield Violation("schema", node, field_path(node), node, said, (), "", None)


def _schemas_for(item: KubeObject, project: Project, minor: int) -> list[dict[str, Any]]:
    from opslint_schemas import objects

    name = objects.definition_of(item.api_version, item.kind, minor)
    if name is not None:
        return [{"$ref": objects.PREFIX + name}]
    if not project.of_kind("CustomResourceDefinition"):
        return []
    from opslint.engine.validate.custom import custom_schemas

    return [one.schema for one in custom_schemas(item, project)]


@cache
def _cheap_test(api_version: str, kind: str, minor: int) -> Callable[[Node], bool] | None:
    """Return what tells that an object fits Kubernetes' own schema of its kind, None for a kind without one."""
    from opslint_schemas import objects

    name = objects.definition_of(api_version, kind, minor)
    if name is None:
        return None
    from opslint.engine.validate.composed import surely_fits

    return partial(surely_fits, shape=_shapes_of(minor).shape({"$ref": objects.PREFIX + name}))


def _flaws(plain: Any, schemas: list[dict[str, Any]], minor: int, *, secret: bool) -> list[Flaw]:
    """Return what is wrong by the schema that fits best."""
    from opslint.engine.validate.shapes import fits

    shapes = _shapes_of(minor)
    found: list[list[Flaw]] = []
    for schema in schemas:
        value = plain
        if "$ref" not in schema:
            from opslint.engine.validate.custom import without_nulls

            value = without_nulls(plain, schema)
        if fits(value, shapes.shape(schema)):
            return []
        from opslint.engine.validate.explain import explain

        found.append(explain(value, schema, minor, secret=secret))
    return min(found, key=len)


def _shapes_of(minor: int) -> Shapes:
    shapes = _shapes.get(minor)
    if shapes is None:
        from opslint.engine.validate.shapes import Shapes
        from opslint_schemas import objects

        def resolve(reference: str) -> dict[str, Any]:
            return objects.definition(reference[len(objects.PREFIX) :], minor)

        shapes = _shapes[minor] = Shapes(resolve)
    return shapes


def _violation(item: KubeObject, flaw: Flaw, target: Target | None) -> Violation:
    from opslint.engine.place import field_path

    node = item.root.at(*flaw.path)
    at: Node | Location = node
    if flaw.kind == "unknown" and node.parent is not None:
        key = node.key_span
        if key is not None:
            at = Location(node.parent.source, key)
    return Violation(flaw.kind, node, field_path(node), at, flaw.said, flaw.near, flaw.known, target)
