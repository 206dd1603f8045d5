"""Lifecycle policies of ECR that leave images out, or that ECR refuses."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opslint.api import (
    HOLE,
    STRICT,
    Block,
    NamedTuple,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    beside,
    glob_matches,
    json_with_holes,
    name_of,
    parse_image,
    refers_to,
    resource,
    rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_COUNTING: Final = frozenset({"imageCountMoreThan", "sinceImagePushed", "sinceImagePulled", "sinceImageTransitioned"})
_DOCUMENT: Final = "aws_ecr_lifecycle_policy_document"


class Entry(NamedTuple):
    """A rule of a policy; a value that only an apply could tell is `HOLE`, one that is absent None."""

    priority: Any
    status: Any
    prefixes: Any
    patterns: Any
    counts: Any
    unit: Any
    number: Any

    @property
    def name(self) -> str:
        """How messages call it."""
        return f"rule {self.priority}" if _told(self.priority) else "a rule"


@rule(
    each=resource("aws_ecr_lifecycle_policy"),
    severity=Severity.LOW,
    preset=STRICT,
    applies_to="terraform",
    options={"max_images": "upper bound of countNumber for imageCountMoreThan"},
)
def ecr_lifecycle_incomplete(item: Block, project: Project, *, max_images: int | None = None) -> Problems:
    """The lifecycle policy leaves untagged or tagged images unbounded, or will be rejected by ECR.

    Every push that moves a tag leaves an untagged image behind, and every release a tagged one. A policy that is about
    one kind only lets the other grow and be charged without end. What ECR rejects is found at the apply, and the
    repository keeps the policy it had, or none.

    Policies in JSON, of `jsonencode` and of `aws_ecr_lifecycle_policy_document` are read. Reported: no rule for
    untagged (or any) images; none for tagged ones; the same priority twice; `any` before a rule it would swallow;
    `tagged` without prefixes and patterns; a `countUnit` where there must be none, or none where there must be one.
    With manifests in the run: rules for tagged images that match none of the tags deployed from the repository.
    Empty policies are reported by ecr-no-lifecycle. Leave it for repositories that keep all releases on purpose.

    ```hcl bad
    resource "aws_ecr_lifecycle_policy" "api" {
      repository = "shop-api"
      policy = jsonencode({  # <- untagged images stay forever
        rules = [{
          rulePriority = 1
          selection = {
            tagStatus      = "tagged"
            tagPatternList = ["v*"]
            countType      = "imageCountMoreThan"
            countNumber    = 30
          }
          action = { type = "expire" }
        }]
      })
    }
    ```

    ```hcl good
    resource "aws_ecr_lifecycle_policy" "api" {
      repository = "shop-api"
      policy = jsonencode({
        rules = [
          {
            rulePriority = 1
            selection = {
              tagStatus   = "untagged"
              countType   = "sinceImagePushed"
              countUnit   = "days"
              countNumber = 7
            }
            action = { type = "expire" }
          },
          {
            rulePriority = 2
            selection = {
              tagStatus      = "tagged"
              tagPatternList = ["v*"]
              countType      = "imageCountMoreThan"
              countNumber    = 30
            }
            action = { type = "expire" }
          },
        ]
      })
    }
    ```

    See <https://docs.aws.amazon.com/AmazonECR/latest/userguide/lifecycle_policy_parameters.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ecr_lifecycle_policy>.
    """
    policy = item["policy"]
    entries = _entries(policy, project)
    if not entries:
        return
    owner = _owner(item, project)
    for said in (*_gaps(entries), *_rejections(entries), *_too_many(entries, max_images)):
        yield Problem(f"lifecycle policy of {owner}: {said}", policy)
    tags = _deployed(item, project)
    if tags and _misses(entries, tags):
        shown = ", ".join(sorted(tags)[:3])
        yield Problem(
            f"lifecycle policy of {owner}: its rules for tagged images match none of the deployed tags ({shown})",
            policy,
        )


def _told(value: Any) -> bool:
    return value is not None and HOLE not in str(value)


# -- reading
def _entries(policy: Node, project: Project) -> list[Entry]:
    """Return the rules of a policy, none when it cannot be read."""
    for data in project.data(_DOCUMENT):
        if not policy.known and refers_to(policy, data):
            return list(_of_document(data))
    document = json_with_holes(policy)
    rules = document.get("rules") if isinstance(document, dict) else None
    if not isinstance(rules, list) or not all(isinstance(one, dict) for one in rules):
        return []
    found = []
    for one in rules:
        selection = one.get("selection")
        if not isinstance(selection, dict):
            return []
        keys = ("tagStatus", "tagPrefixList", "tagPatternList", "countType", "countUnit", "countNumber")
        found.append(Entry(one.get("rulePriority"), *(selection.get(key) for key in keys)))
    return found


def _of_document(data: Block) -> Iterator[Entry]:
    for one in data["rule"]:
        selection = one.one("selection")
        keys = ("tag_status", "tag_prefix_list", "tag_pattern_list", "count_type", "count_unit", "count_number")
        yield Entry(_plain(one["priority"]), *(_plain(selection[key]) for key in keys))


def _plain(node: Node) -> Any:
    if not node.known:
        return HOLE
    if not node.present:
        return None
    return [_plain(one) for one in node] if node.is_list else node.value


# -- judging
def _gaps(entries: list[Entry]) -> Iterator[str]:
    if any(not _told(one.status) for one in entries):
        return
    statuses = {one.status for one in entries}
    if not statuses & {"untagged", "any"}:
        yield "no rule is about untagged images, which stay forever"
    bounded = [one for one in entries if one.status in {"tagged", "any"}]
    if not any(not _told(one.counts) or one.counts in _COUNTING for one in bounded):
        yield "no rule is about tagged images, which stay forever"


def _rejections(entries: list[Entry]) -> Iterator[str]:
    priorities = [one.priority for one in entries if _told(one.priority)]
    double = sorted({str(one) for one in priorities if priorities.count(one) > 1})
    if double:
        yield f"several rules have the priority {', '.join(double)}, which ECR rejects"
    for one in entries:
        if one.status == "any" and any(_is_later(other, one) for other in entries):
            yield f"{one.name} is for any image and must have the highest number: ECR rejects rules after it"
        if one.status == "tagged" and not one.prefixes and not one.patterns:
            yield f"{one.name} is for tagged images and has neither tagPrefixList nor tagPatternList: ECR rejects it"
        if one.counts == "imageCountMoreThan" and one.unit is not None:
            yield f"{one.name} counts images and has a countUnit: ECR rejects it"
        if one.counts == "sinceImagePushed" and one.unit is None:
            yield f"{one.name} counts days and has no countUnit: ECR rejects it"


def _is_later(other: Entry, one: Entry) -> bool:
    numbers = (other.priority, one.priority)
    return all(isinstance(number, (int, float)) for number in numbers) and other.priority > one.priority


def _too_many(entries: list[Entry], most: int | None) -> Iterator[str]:
    for one in entries:
        kept = one.number
        if most is not None and one.counts == "imageCountMoreThan" and isinstance(kept, (int, float)) and kept > most:
            yield f"{one.name} keeps {kept} images, more than {most}"


# -- manifests
def _owner(item: Block, project: Project) -> str:
    found = _repository(item, project)
    name = item["repository"]
    if found is not None:
        return f"ECR repository {name_of(found)}"
    return f"ECR repository {name.text}" if name.known and name.text else name_of(item)


def _repository(item: Block, project: Project) -> Block | None:
    repositories = beside(item, project, "aws_ecr_repository")
    if item.virtual:
        return next((one for one in repositories if one.call is item.call), None)
    return next((one for one in repositories if refers_to(item["repository"], one)), None)


def _deployed(item: Block, project: Project) -> set[str]:
    """Return the tags of all images that manifests take from the repository."""
    found = _repository(item, project)
    name = found["name"] if found is not None else item["repository"]
    if not name.known or not name.text:
        return set()
    tags = set()
    for workload in (one for unit in project.units for one in unit.workloads):
        for container in workload.containers:
            image = parse_image(container.image.text) if container.image.known else None
            if image is not None and image.ecr is not None and image.repository == name.text and image.tag:
                tags.add(image.tag)
    return tags


def _misses(entries: list[Entry], tags: set[str]) -> bool:
    """True when there are rules for tagged images, and none of them matches any of the tags."""
    if any(one.status == "any" or not _told(one.status) for one in entries):
        return False
    globs: list[Any] = []
    for one in entries:
        if one.status == "tagged":
            lists = (one.prefixes or [], one.patterns or [])
            if not all(isinstance(texts, list) and all(_told(text) for text in texts) for texts in lists):
                return False
            globs += [f"{text}*" for text in lists[0]] + [str(text) for text in lists[1]]
    return bool(globs) and not any(glob_matches(tag, str(glob)) for tag in tags for glob in globs)
