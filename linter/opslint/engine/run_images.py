"""Container images that Terraform runs outside Kubernetes: Lambda, ECS, App Runner, Batch."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opslint.engine.documents import HOLE, json_with_holes, place_within, text_with_holes
from opslint.model.node import Node
from opslint.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.model.project import Project
    from opslint.model.source import Location
    from opslint.model.terraform import Block

_LAMBDA: Final = "aws_lambda_function"
_ECS: Final = "aws_ecs_task_definition"
_APP_RUNNER: Final = "aws_apprunner_service"
_BATCH: Final = "aws_batch_job_definition"


class RunImage(NamedTuple):
    """An image that a resource runs: `image` is "" when it is not known, `container` when it has no name."""

    block: Block
    container: str
    image: str
    at: Location


def run_images(project: Project) -> Iterator[RunImage]:
    """Yield the images of the resources that run some; a resource without an image has none."""
    for block in project.resources(_LAMBDA, _ECS, _APP_RUNNER, _BATCH):
        if block.type == _LAMBDA:
            yield from _of_argument(block, block["image_uri"])
        elif block.type == _ECS:
            yield from _of_document(block, block["container_definitions"])
        elif block.type == _BATCH:
            yield from _of_document(block, block["container_properties"])
        else:
            source = block.body.one("source_configuration")
            repository = source.one("image_repository") if source.known else source
            yield from _of_argument(block, repository["image_identifier"] if repository.known else repository)


def _of_argument(block: Block, node: Node) -> Iterator[RunImage]:
    if node.present:
        yield _run(block, "", text_with_holes(node), node)


def _of_document(block: Block, node: Node) -> Iterator[RunImage]:
    if not node.present:
        return
    document = json_with_holes(node)
    entries = document if isinstance(document, list) else [document]
    if document is None or HOLE in entries:
        yield _run(block, "", None, node)
    for entry in entries:
        if isinstance(entry, dict) and "image" in entry:
            yield _run(block, _text(entry.get("name")), _text(entry["image"]), node)


def _text(value: Any) -> str:
    return value if isinstance(value, str) and HOLE not in value else ""


def _run(block: Block, container: str, image: str | None, node: Node) -> RunImage:
    text = _text(image).strip()
    at = place_within(node, text) if text else node
    return RunImage(block, container, text, at.location if isinstance(at, Node) else at)


__all__ = ["RunImage", "run_images"]
