"""Images named by their content."""

from __future__ import annotations

from typing import Final

from opslint.api import (
    OPT_IN,
    Container,
    Problem,
    Problems,
    Project,
    Severity,
    container,
    glob_matches,
    parse_image,
    regex,
    rule,
)

_DIGEST: Final = regex(r"sha256:[0-9a-f]{64}")


@rule(
    each=container(),
    severity=Severity.LOW,
    preset=OPT_IN,
    aliases={"checkov": ["CKV_K8S_43"], "kyverno": ["require-image-checksum", "resolve-image-to-digest"]},
    options={"allow": "globs of registries and repositories whose tags cannot be moved"},
)
def image_without_digest(item: Container, project: Project, *, allow: tuple[str, ...] = ()) -> Problems:
    """An image is not pinned by digest.

    A tag is a name that the registry's owner may give to something else: after a stolen push token or a rebuild the
    same manifest runs other code, and no diff shows it. With a digest the node runs exactly what was tested and
    scanned.

    It needs a tool that writes the digests (Renovate, the deploy pipeline), so it is off unless selected. It is
    little gain for repositories with immutable tags: list them under `allow`. Kyverno's `verifyImages` writes digests
    itself and passes for the images it covers.

    ```yaml bad
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:2.1  # <-
    ```

    ```yaml good
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:2.1@sha256:4355a46b19d348dc2f57c046f8ef63d4538ebb936000f3c9ee954a27460dd865
    ```

    See <https://kubernetes.io/docs/concepts/containers/images/#image-names>.
    """
    image = parse_image(item.image.text)
    if image is None or _DIGEST.fullmatch(image.digest):
        return
    name = image.full_repository
    if any(glob_matches(name, glob) or name.startswith(glob.rstrip("/*") + "/") for glob in allow):
        return
    if _is_resolved(item, name):
        return
    what = f"the digest {image.digest}, which is no SHA-256" if image.digest else "no digest"
    yield Problem(f"container {item.name} of {item.owner.title} uses {item.image.text} with {what}", item.image)


def _is_resolved(item: Container, name: str) -> bool:
    """True when a Kyverno policy of the unit writes the digest at admission."""
    for policy in item.unit.of_kind("ClusterPolicy", "Policy"):
        for step in policy.spec["rules"]:
            for check in step["verifyImages"]:
                globs = [*check["imageReferences"].texts(), *check["image"].texts()]
                if not check["mutateDigest"].is_false and any(_covers(glob, item.image.text, name) for glob in globs):
                    return True
    return False


def _covers(glob: str, reference: str, name: str) -> bool:
    return any(glob_matches(text, glob) for text in (reference, name, f"{name}:latest"))
