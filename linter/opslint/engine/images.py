"""Container image references."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from opslint.model.patterns import regex
from opslint.model.records import NamedTuple

DOCKER_HUB: Final = "docker.io"
_LEFTOVERS: Final = frozenset("{}$ <>")  # of a template
_ECR: Final = regex(
    r"(?P<account>\d{12})\.dkr[.-]ecr(?:-fips)?\.(?P<region>[a-z0-9-]+)\.(?:amazonaws\.com(?:\.cn)?|on\.aws|api\.aws)\Z"
)


class Image(NamedTuple):
    """A parsed reference; `tag` and `digest` are "" when absent."""

    registry: str  # docker.io when none is written
    repository: str  # library/nginx for an official image of Docker Hub
    tag: str
    digest: str

    @property
    def full_repository(self) -> str:
        """Registry and repository, as registries are allowed by."""
        return f"{self.registry}/{self.repository}"

    @property
    def ecr(self) -> tuple[str, str] | None:
        """(account, region) of a private Amazon ECR registry, None for every other one."""
        match = _ECR.match(self.registry) if "ecr" in self.registry else None
        return (match["account"], match["region"]) if match else None


@lru_cache(maxsize=4096)  # several rules ask for each
def parse_image(reference: str) -> Image | None:
    """Parse a reference; None when it is empty or holds what looks like a template's leftover.

    The first part is a registry when it has a dot, a colon or a capital letter, or is localhost (the rule of
    https://pkg.go.dev/github.com/distribution/reference).
    """
    text = reference.strip()
    if not text or not _LEFTOVERS.isdisjoint(text):
        return None
    text, _, digest = text.partition("@")
    first, slash, rest = text.partition("/")
    if slash and ("." in first or ":" in first or first == "localhost" or first != first.lower()):
        registry, path = first, rest
    else:
        registry, path = DOCKER_HUB, text
    path, _, tag = path.partition(":")
    if not path:
        return None
    if registry in {"index.docker.io", "registry-1.docker.io"}:
        registry = DOCKER_HUB
    if registry == DOCKER_HUB and "/" not in path:
        path = f"library/{path}"
    return Image(registry, path, tag, digest)
