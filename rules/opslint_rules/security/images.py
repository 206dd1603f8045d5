"""Where images come from, and whether their names stay what they are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    RECOMMENDED,
    Container,
    Image,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    Unit,
    container,
    glob_matches,
    kind,
    known_accounts,
    once,
    parse_image,
    rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

# Registries of the EKS add-ons: https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html
ADD_ON_ACCOUNTS: Final = frozenset(
    {
        "013241004608",
        "066635153087",
        "121268973566",
        "151610086707",
        "151742754352",
        "296578399912",
        "333609536671",
        "455263428931",
        "491585149902",
        "533267051163",
        "558608220178",
        "590381155156",
        "602401143452",
        "730335286997",
        "759879836304",
        "761377655185",
        "800184023465",
        "877085696533",
        "900612956339",
        "900889452093",
        "918309763551",
        "961992271922",
    }
)
# AWS's own images of the public registry: add-ons, Karpenter, its controllers for Kubernetes.
AWS_PUBLIC: Final = (
    "public.ecr.aws/aws-*/*",
    "public.ecr.aws/eks/*",
    "public.ecr.aws/eks-distro/*",
    "public.ecr.aws/eks-distro-build-tooling/*",
    "public.ecr.aws/karpenter/*",
)


@rule(
    each=kind(),
    severity=Severity.MEDIUM,
    preset=RECOMMENDED,
    aliases={
        "trivy": ["KSV-0125"],
        "kyverno": ["restrict-image-registries", "allowed-image-repos", "advanced-restrict-image-registries"],
    },
    cis=["EKS 1.8.0 5.1.4"],
    options={
        "allowed": "registry/repository globs; a registry alone allows all its repositories",
        "skip_system": "leave system namespaces out",
    },
)
def unapproved_registry(
    item: KubeObject, project: Project, *, allowed: tuple[str, ...] = (), skip_system: bool = True
) -> Problems:
    """An image comes from a registry that is not on the approved list.

    Nobody of the team scans it, decides when it changes, or keeps it: a public image can be deleted or replaced, and
    Docker Hub limits pulls by address, so a node group that is replaced at once gets `ImagePullBackOff` for images it
    ran a minute ago. Push what is needed into the team's own registry, or set up a pull-through cache.

    Without a list the approved registries are the team's own in Amazon ECR, when Terraform declares repositories there
    and something that is applied together with the object pulls from ECR, and those of AWS's add-ons. Test hooks of
    charts count. Leave it for images that AWS or the platform team vouches for by adding their registry to `allowed`.

    ```yaml bad allowed=["registry.example"]
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: nginx:1.29.3  # <-
    ```

    ```yaml good allowed=["registry.example"]
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/mirror/nginx:1.29.3
    ```

    See <https://kubernetes.io/docs/concepts/containers/images/> and
    <https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html>.
    """
    if not item.is_workload or (skip_system and project.is_system(item)):
        return
    listed = (*allowed, *project.settings.registries)
    if not listed and not project.resources("aws_ecr_repository", "aws_ecrpublic_repository"):
        return
    if not listed and not _uses_ecr(item.unit):
        return  # the repositories are those of another part of the repository
    accounts = frozenset[str]() if listed else known_accounts(project)
    for node in _references(item):
        image = parse_image(node.text) if node.known else None
        if image is None or any(_fits(image, entry) for entry in listed):
            continue
        if not listed and _is_own(image, accounts):
            continue
        yield Problem(f"{item.title} pulls {node.text} from {image.registry}, which is not an approved registry", node)


@once
def _uses_ecr(unit: Unit) -> bool:
    """True when something that is applied together pulls an image from a private registry of ECR, or may do so."""
    return any(_is_of_ecr(node) for item in unit.workloads for node in _references(item))


def _is_of_ecr(node: Node) -> bool:
    image = parse_image(node.text) if node.known else None
    return not node.known or (image is not None and image.ecr is not None)


def _references(item: KubeObject) -> Iterator[Node]:
    for one in item.containers:
        yield one.image
    for volume in item.pod_spec["volumes"]:
        if volume["image"].present:
            yield volume["image"]["reference"]


def _fits(image: Image, entry: str) -> bool:
    name = image.full_repository
    return glob_matches(name, entry) or name.startswith(entry.rstrip("/*") + "/")


def _is_own(image: Image, accounts: frozenset[str]) -> bool:
    if image.ecr is not None:
        # Which account is ours cannot be told when the files name none.
        return not accounts or image.ecr[0] in accounts or image.ecr[0] in ADD_ON_ACCOUNTS
    return any(glob_matches(image.full_repository, glob) for glob in AWS_PUBLIC)


@rule(
    each=container(system=True),
    severity=Severity.MEDIUM,
    preset=RECOMMENDED,
    aliases={
        "checkov": ["CKV_K8S_14"],
        "trivy": ["KSV-0013"],
        "kube-linter": ["latest-tag"],
        "kube-score": ["container-image-tag"],
        "polaris": ["tagNotSpecified"],
        "kyverno": ["disallow-latest-tag"],
    },
    options={"tags": "tags that move; for example add main, master, develop, stable"},
)
def mutable_image_tag(item: Container, project: Project, *, tags: tuple[str, ...] = ("latest",)) -> Problems:
    """An image has no tag, or a tag that moves such as latest.

    What runs is then decided by the moment a node pulls it. After a drain or a scale-up two replicas of one Deployment
    may run different code, a rollback to the previous manifest changes nothing, and nobody can say afterwards which
    build an incident happened in. Use the version that the pipeline built, best with its digest.

    Leave it in namespaces for experiments.

    ```yaml bad
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:latest  # <-
    ```

    ```yaml good
    apiVersion: v1
    kind: Pod
    metadata: {name: web, namespace: shop}
    spec:
      containers:
        - name: web
          image: registry.example/web:2.1.0
    ```

    See <https://kubernetes.io/docs/concepts/containers/images/#image-names>.
    """
    image = parse_image(item.image.text)
    if image is None or image.digest:
        return
    user = f"container {item.name} of {item.owner.title} uses"
    if not image.tag:
        message = f"{user} {item.image.text} without a tag, which means latest"
    elif image.tag.lower() in {tag.lower() for tag in tags}:
        message = f"{user} the moving tag {image.tag} of {image.full_repository}"
    else:
        return
    yield Problem(message, item.image)
