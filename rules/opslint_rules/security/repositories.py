"""ECR repositories and the images that are pulled from them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from opslint.api import (
    RECOMMENDED,
    STRICT,
    Add,
    Block,
    Container,
    Fix,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    all_accounts_known,
    all_regions_known,
    container,
    environment_of,
    glob_matches,
    known_accounts,
    known_regions,
    load,
    name_glob,
    name_of,
    opaque_could_provide,
    parse_image,
    provider_accounts,
    resource,
    rule,
    same_run,
    set_argument,
    set_value,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from opslint.api import Node


@rule(
    each=container(),
    severity=Severity.MEDIUM,
    preset=RECOMMENDED,
    applies_to="cross",
    cis=["EKS 1.8.0 5.1.4"],
    options={
        "accounts": "account id -> prod, nonprod or shared",
        "known_repositories": "globs of repositories that are declared elsewhere",
    },
)
def image_repository_mismatch(
    item: Container,
    project: Project,
    *,
    accounts: Mapping[str, str] = {},
    known_repositories: tuple[str, ...] = (),
) -> Problems:
    """A workload pulls from an ECR repository, account or region that the project's Terraform does not know.

    The kubelet finds out when it pulls: `ImagePullBackOff`, on the first node that does not have the image. A
    repository that was renamed in Terraform, an account copied from another environment and a region the registry is
    not replicated to all look the same in the manifest. A production pod that pulls from a development account
    runs what nobody released.

    Accounts are those of the providers, of ARNs in the code and of the configuration; regions those of the providers
    and of ECR replication. Registries of Amazon's EKS add-ons are left alone. Without any ECR repository in Terraform,
    or where a name can be told only by an apply and may fit, the rule is silent. Leave it for repositories of another
    code base, and list them in `known_repositories`.

    ```yaml bad
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec:
          containers:
            - name: api
              image: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop-apis:v1  # <-
    ```
    ```hcl bad
    provider "aws" {
      region              = "eu-central-1"
      allowed_account_ids = ["123456789012"]
    }

    resource "aws_ecr_repository" "api" {
      name = "shop-api"
    }
    ```

    ```yaml good
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: api, namespace: shop}
    spec:
      selector: {matchLabels: {app: api}}
      template:
        metadata: {labels: {app: api}}
        spec:
          containers:
            - name: api
              image: 123456789012.dkr.ecr.eu-central-1.amazonaws.com/shop-api:v1
    ```
    ```hcl good
    provider "aws" {
      region              = "eu-central-1"
      allowed_account_ids = ["123456789012"]
    }

    resource "aws_ecr_repository" "api" {
      name = "shop-api"
    }
    ```

    See <https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html>,
    <https://docs.aws.amazon.com/eks/latest/userguide/add-ons-images.html> and
    <https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html>.
    """
    repositories = project.resources("aws_ecr_repository")
    if not repositories:
        return
    image = parse_image(item.image.text)
    if image is None or image.ecr is None or image.ecr[0] in _addon_registries():
        return
    account, region = image.ecr
    if any(glob_matches(image.repository, glob) for glob in known_repositories):
        return
    stages = {**project.settings.accounts, **accounts}
    subject = f"container {item.name} of {item.owner.title} pulls from"
    known = known_accounts(project) | frozenset(accounts)
    if known and account not in known:
        if not all_accounts_known(project):
            return
        yield Problem(f"{subject} account {account}, and the project knows only {', '.join(sorted(known))}", item.image)
        return
    if stages.get(account) == "nonprod" and environment_of(item).stage == "prod":
        yield Problem(f"{subject} account {account}, which is not production ({stages[account]})", item.image)
        return
    regions = _regions(project)
    if regions and region not in regions:
        yield Problem(f"{subject} region {region}, and the project knows only {', '.join(sorted(regions))}", item.image)
        return
    if not _is_owner(account, project) or _is_declared(image.repository, project):
        return
    nearest = _nearest(image.repository, repositories)
    hint = f"; the nearest is {name_of(nearest)}" if nearest else ""
    yield Problem(
        f"{subject} ECR repository {image.repository}, which Terraform does not declare{hint}",
        item.image,
        also=(("the nearest repository", nearest["name"]),) if nearest else (),
    )


@rule(
    each=resource("aws_ecr_repository"),
    severity=Severity.MEDIUM,
    preset=STRICT,
    aliases={"checkov": ["CKV_AWS_163"], "trivy": ["AVD-AWS-0030"]},
    cis=["EKS 1.8.0 5.1.1"],
    fixable="safe",
)
def ecr_scan_off(item: Block, project: Project) -> Problems:
    """Images pushed to the repository are not scanned.

    Known holes in the base image and its packages stay unseen until somebody looks for them by other means.

    The provider's default is off, the ecr module's on. Scanning that is set for the whole registry counts: enhanced
    scanning, or a basic rule on push whose filter matches the name. Leave it where CI scans every image.

    ```hcl bad
    resource "aws_ecr_repository" "api" {  # <- no image_scanning_configuration
      name = "shop-api"
    }
    ```

    A repository that switches it off:

    ```hcl bad
    resource "aws_ecr_repository" "web" {
      name = "shop-web"
      image_scanning_configuration {
        scan_on_push = false  # <-
      }
    }
    ```

    ```hcl fixed
    resource "aws_ecr_repository" "web" {
      name = "shop-web"
      image_scanning_configuration {
        scan_on_push = true
      }
    }
    ```

    ```hcl good
    resource "aws_ecr_repository" "api" {
      name = "shop-api"
      image_scanning_configuration {
        scan_on_push = true
      }
    }
    ```

    See <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ecr_repository>.
    """
    blocks = item["image_scanning_configuration"]
    scan = item.body.one("image_scanning_configuration")["scan_on_push"]
    if scan.is_true or any(_scans(one, item) for one in _registries(item, project)):
        return
    why = "scan_on_push is false" if scan.present else "scanning is not configured"
    said = f"images pushed to ECR repository {name_of(item)} are not scanned: {why}"
    if not blocks.present:
        yield Problem(said, item.header, fix=None if item.virtual else _scan_fix(item))
        return
    given = _given(item, "repository_image_scan_on_push")
    at = scan if given is None else given
    yield Problem(said, at, fix=set_value(at, str(at.key), "true", Safety.SAFE) if at.exists else None)


def _scan_fix(item: Block) -> Fix:
    change = Add(item.body, "image_scanning_configuration", "{\n  scan_on_push = true\n}")
    return Fix("add image_scanning_configuration with scan_on_push = true", (change,), Safety.SAFE)


def _registries(item: Block, project: Project) -> list[Block]:
    found = project.resources("aws_ecr_registry_scanning_configuration")
    return [one for one in found if same_run(one, item)]


def _scans(registry: Block, item: Block) -> bool:
    """True when the scanning of a registry covers the repository, or may do so."""
    if registry.provider != item.provider:
        return False
    kind, rules = registry["scan_type"], registry["rule"]
    if not kind.known or kind.text == "ENHANCED" or not rules.known:
        return True
    return any(_covers(one, item) for one in rules)


def _covers(entry: Node, item: Block) -> bool:
    if not entry.known or not entry["scan_frequency"].known or not entry["repository_filter"].known:
        return True
    if entry["scan_frequency"].text != "SCAN_ON_PUSH":
        return False
    name = item["name"]
    for one in entry["repository_filter"]:
        if not one.known or not one["filter"].known or not name.known:
            return True
        if glob_matches(name.text, one["filter"].text):
            return True
    return False


def _given(item: Block, key: str) -> Node | None:
    """Return the input of the module call that a virtual repository's argument comes from."""
    call = item.call if item.virtual else None
    return call[key] if call is not None and call[key].exists else None


@rule(
    each=resource("aws_ecr_repository"),
    severity=Severity.MEDIUM,
    preset=STRICT,
    aliases={"checkov": ["CKV_AWS_51"], "trivy": ["AVD-AWS-0031"]},
    related={"hardeneks": ["use_immutable_tags_with_ecr"]},
    fixable="unsafe",
    options={"accept_digests": "images that are all pinned by digest count as immutable"},
)
def ecr_mutable_tags(item: Block, project: Project, *, accept_digests: bool = False) -> Problems:
    """Tags in the repository can be overwritten, so a deployed tag may change meaning.

    A pod that restarts on a new node pulls what the tag means by then: two pods of one Deployment may run different
    code, a rollback to yesterday's tag may bring today's image, and whoever can push can replace what runs.

    The provider's default is MUTABLE, the ecr module's IMMUTABLE; MUTABLE_WITH_EXCLUSION is reported too.
    Leave it for repositories whose tags are meant to move, such as build caches.

    ```hcl bad
    resource "aws_ecr_repository" "api" {
      name                 = "shop-api"
      image_tag_mutability = "MUTABLE"  # <-
    }
    ```

    ```hcl fixed
    resource "aws_ecr_repository" "api" {
      name                 = "shop-api"
      image_tag_mutability = "IMMUTABLE"
    }
    ```

    ```hcl good
    resource "aws_ecr_repository" "api" {
      name                 = "shop-api"
      image_tag_mutability = "IMMUTABLE"
    }
    ```

    See <https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-tag-mutability.html> and
    <https://registry.terraform.io/providers/hashicorp/aws/latest/docs/resources/ecr_repository>.
    """
    mutability = item["image_tag_mutability"]
    if mutability.text.startswith("IMMUTABLE") or (accept_digests and _only_digests(item, project)):
        return
    value = mutability.text or "MUTABLE by default"
    given = "repository_image_tag_mutability"
    yield Problem(
        f"tags in ECR repository {name_of(item)} can be overwritten (image_tag_mutability is {value})",
        mutability,
        fix=set_argument(item, "image_tag_mutability", '"IMMUTABLE"', Safety.UNSAFE, given),
    )


def _only_digests(item: Block, project: Project) -> bool:
    """True when manifests use the repository, and each of them by digest."""
    name = item["name"].text
    nodes = [one.image for unit in project.units for workload in unit.workloads for one in workload.containers]
    images = [parse_image(node.text) for node in nodes if node.known]
    mine = [image for image in images if image is not None and image.ecr is not None and image.repository == name]
    return bool(mine) and all(image.digest for image in mine)


def _addon_registries() -> frozenset[str]:
    tables: Mapping[str, Mapping[str, str]] = load("aws/addon_registries")
    return frozenset(account for key in ("addons", "bootstrap", "others") for account in tables[key].values())


def _is_owner(account: str, project: Project) -> bool:
    """True when the declared repositories are surely those of the account."""
    bound = provider_accounts(project) if all_accounts_known(project) else frozenset()
    return account in bound or (not bound and known_accounts(project) <= {account} and all_accounts_known(project))


def _regions(project: Project) -> frozenset[str]:
    """Return every region images may be pulled from, none when they cannot all be told."""
    if not all_regions_known(project):
        return frozenset()
    found = set(known_regions(project))
    for block in project.resources("aws_ecr_repository"):
        region = block["region"]
        if not region.known:
            return frozenset()
        found.add(region.text)
    for block in project.resources("aws_ecr_replication_configuration"):
        for node in block.body.walk():
            if not node.known:
                return frozenset()
            if node.key == "region":
                found.add(node.text)
    return frozenset(found - {""})


def _is_declared(repository: str, project: Project) -> bool:
    """True when a repository is, or may be, declared under that name, or is made by a pull or a push."""
    if opaque_could_provide(project, "ecr", "registr", "repositor"):
        return True
    declared = (*project.resources("aws_ecr_repository"), *project.data("aws_ecr_repository"))
    if any(glob_matches(repository, name_glob(block)) for block in declared):
        return True
    prefixes = [block["ecr_repository_prefix"] for block in project.resources("aws_ecr_pull_through_cache_rule")]
    prefixes += [block["prefix"] for block in project.resources("aws_ecr_repository_creation_template")]
    return any(
        not prefix.known or prefix.text == "ROOT" or repository.startswith(prefix.text.rstrip("/") + "/")
        for prefix in prefixes
    )


def _nearest(repository: str, declared: list[Block]) -> Block | None:
    from difflib import get_close_matches

    names = {block["name"].text: block for block in declared if block["name"].known and block["name"].text}
    found = get_close_matches(repository, names, n=1, cutoff=0.6)
    return names[found[0]] if found else None
