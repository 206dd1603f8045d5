"""The images that a repository runs, as plain data, as JSON, as a list for a scanner and for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, TypeAlias

from opslint.engine.images import parse_image
from opslint.engine.place import origin_of
from opslint.engine.run_images import run_images
from opslint.output.escape import visible, without_commands
from opslint.output.json_text import encode, encode_list, encode_object
from opslint.output.selection import place, plural
from opslint.output.style import paint, wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opslint.engine.images import Image
    from opslint.engine.run_images import RunImage
    from opslint.model.kube import Container
    from opslint.model.project import Project
    from opslint.model.report import Failure
    from opslint.output.style import Line

Facts: TypeAlias = dict[str, Any]  # JSON: maps, lists, texts, numbers

SCHEMA_VERSION: Final = 1
_ECR: Final = "aws_ecr_repository"


def images_of(project: Project, failures: Sequence[Failure]) -> Facts:
    """Return the images by their reference with the places that use them, and what runs an image that is not known.

    The ECR repository of Terraform is told where its name is known and the same.
    """
    uses: dict[str, list[Facts]] = {}
    unknown: list[Facts] = []
    for item in project.objects:
        for container in item.containers:
            text = container.image.text if container.image.known else ""
            if parse_image(text) is None:
                unknown.append(_use(container))
            else:
                uses.setdefault(text.strip(), []).append(_use(container))
    for run in run_images(project):
        if parse_image(run.image) is None:
            unknown.append(_run(run))
        else:
            uses.setdefault(run.image, []).append(_run(run))
    declared = _declared(project)
    found = []
    for text, used in uses.items():
        image = parse_image(text)
        if image is not None:
            found.append(_image(text, image, declared) | {"uses": _distinct(used)})
    return {
        "images": sorted(found, key=lambda one: (one["registry"], one["repository"], one["image"])),
        "unknown": _distinct(unknown),
        "errors": [
            {"path": one.path or None, "line": one.line or None, "message": one.message, "kind": one.kind}
            for one in sorted(set(failures), key=lambda one: (one.path, one.line, one.message, one.kind))
        ],
    }


def _image(text: str, image: Image, declared: dict[str, Facts]) -> Facts:
    return {
        "image": text,
        "registry": image.registry,
        "repository": image.repository,
        "tag": image.tag or None,
        "digest": image.digest or None,
        "ecr_repository": declared.get(image.repository) if image.ecr is not None else None,
    }


def _declared(project: Project) -> dict[str, Facts]:
    """Return the ECR repositories of Terraform by their name."""
    found: dict[str, Facts] = {}
    for block in project.resources(_ECR):
        name = block["name"]
        if name.known and name.text:
            where = {"path": block.header.source.path, "line": block.header.span.line}
            found.setdefault(name.text, {"address": block.address, **where})
    return found


def _use(container: Container) -> Facts:
    owner = container.owner
    origin = origin_of(container.image.location)
    where = origin.editable or origin.location
    environment = owner.unit.environment
    return {
        "kind": owner.kind,
        "namespace": owner.namespace or None,
        "name": owner.name,
        "container": container.name,
        "part": container.part,
        "unit": owner.unit.id,
        "environment": environment.name or None,
        "path": where.source.path,
        "line": where.span.line,
    }


def _run(run: RunImage) -> Facts:
    """Return the use of an image by a resource of Terraform."""
    root = run.block.root
    where = origin_of(run.at).location
    return {
        "kind": run.block.type,
        "namespace": None,
        "name": run.block.address,
        "container": run.container,
        "part": "containers" if run.container else "image",
        "unit": f"terraform:{root.path or '.'}",
        "environment": root.environment.name or None,
        "path": where.source.path,
        "line": where.span.line,
    }


def _distinct(uses: list[Facts]) -> list[Facts]:
    """Return the uses in order, each once: two units may hold the same manifest."""
    keyed = {tuple("" if value is None else str(value) for value in use.values()): use for use in uses}
    return [keyed[key] for key in sorted(keyed)]


def to_json(found: Facts, version: str) -> str:
    """Return the images as one JSON object: the same bytes for the same input."""
    members = {"schema_version": encode(SCHEMA_VERSION), "tool": encode({"name": "opslint", "version": version})}
    members |= {name: encode_list(map(encode, value), "  ") for name, value in found.items()}
    return encode_object(members) + "\n"


def to_list(found: Facts) -> str:
    """Return the references alone, one a line, for an image scanner."""
    lines = sorted({visible(one["image"]) for one in found["images"]})
    return "".join(f"{line}\n" for line in lines)


def to_text(found: Facts, *, color: bool = False, width: int = 0) -> str:
    """Return the images for people; `width` is the terminal's in columns, 0 for no wrapping."""
    lines: list[Line] = []
    for indent, text, style in _lines(found):
        lines += wrap([(indent, ""), (visible(text), style)], width, indent + "  ") if text else [[]]
    return without_commands("".join(paint(line, color=color) + "\n" for line in lines))


def _lines(found: Facts) -> Iterator[tuple[str, str, str]]:
    for image in found["images"]:
        yield "", image["image"], "strong"
        declared = image["ecr_repository"]
        if declared is not None:
            yield "  ", f"{declared['address']} at {place(declared['path'], declared['line'])}", "dim"
        for use in image["uses"]:
            yield "  ", _used(use), ""
    if found["unknown"]:
        yield "", f"not known ({plural(len(found['unknown']), 'container')})", "medium"
        for use in found["unknown"]:
            yield "  ", _used(use), ""
    for error in found["errors"]:
        where = f"{place(error['path'], error['line'] or 0)}: " if error["path"] else ""
        yield "", f"not read: {where}{error['message']}", "medium"
    if not any(found.values()):
        yield "", "no workload was read", ""


def _used(use: Facts) -> str:
    part = {"initContainers": "init container", "ephemeralContainers": "ephemeral container"}.get(
        use["part"], "container"
    )
    space = f" in namespace {use['namespace']}" if use["namespace"] else ""
    environment = f", {use['environment']}" if use["environment"] else ""
    where = place(use["path"], use["line"])
    if use["kind"].startswith("aws_"):  # a resource, whose name is its address
        named = f"{part} {use['container']} of " if use["container"] else ""
        return f"{where}  {named}{use['name']}{environment}"
    return f"{where}  {part} {use['container']} of {use['kind']}/{use['name']}{space}{environment}"
