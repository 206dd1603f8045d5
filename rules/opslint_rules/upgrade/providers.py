"""Versions of Terraform and its providers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Location,
    Node,
    Problem,
    Problems,
    Project,
    RootModule,
    Severity,
    is_bounded,
    root_module,
    rule,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

_BUILT_IN: Final = "terraform"  # terraform_data and terraform_remote_state need no plugin


@rule(
    each=root_module(),
    severity=Severity.LOW,
    preset=STRICT,
    related={"tflint": ["terraform_required_providers", "terraform_required_version"]},
    options={"accept_lock_file": "a lock file beside the module counts as an upper bound"},
)
def provider_unpinned(item: RootModule, project: Project, *, accept_lock_file: bool = True) -> Problems:
    """The root module does not bound its Terraform or provider versions.

    Without bounds a new machine, or `terraform init -upgrade`, takes the newest major of a provider, with arguments
    removed and defaults changed; the plan then differs from what runs, for a reason that no commit shows. State that a
    newer Terraform wrote cannot be read by an older one any more.

    A root module is one with a backend, a `cloud` or a provider block. It needs `required_version`, and for each
    provider it uses itself a version in `required_providers`, with an upper bound unless `.terraform.lock.hcl` lies
    beside it. Other modules need lower bounds only, and pass.

    ```hcl bad
    terraform {
      required_version = ">= 1.9"

      required_providers {
        aws = {
          source  = "hashicorp/aws"
          version = ">= 6.0"  # <- allows 7, 8, …
        }
      }
    }

    provider "aws" {
      region = "eu-west-1"
    }

    provider "helm" {}  # <-
    ```

    ```hcl good
    terraform {
      required_version = ">= 1.9"

      required_providers {
        aws = {
          source  = "hashicorp/aws"
          version = "~> 6.0"
        }
      }
    }

    provider "aws" {
      region = "eu-west-1"
    }
    ```

    See <https://developer.hashicorp.com/terraform/language/providers/requirements> and
    <https://developer.hashicorp.com/terraform/language/files/dependency-lock>.
    """
    if not (item.providers or any(body[key].exists for body in item.settings for key in ("backend", "cloud"))):
        return
    if not any(body["required_version"].exists for body in item.settings):
        body = item.settings[0] if item.settings else item.providers[0][1]
        yield Problem("the module does not say which versions of Terraform it works with: required_version", body)
    required = dict(_required(item))
    for name, place in _used(item, required).items():
        entry = required.get(name)
        version = entry if entry is None or not entry.known or not entry.is_map else entry["version"]
        if version is None or not version.present:
            shown = version if version is not None and version.exists else entry
            then = "`init -upgrade` takes the newest" if item.locked else "an init takes the newest"
            yield Problem(
                f"provider {name} has no version in required_providers: {then}",
                place if shown is None else shown,
            )
        elif version.known and not (item.locked and accept_lock_file) and not is_bounded(version.text):
            yield Problem(
                f"provider {name} has no upper bound ({version.text}), and the module no .terraform.lock.hcl",
                version,
            )


def _required(item: RootModule) -> Iterator[tuple[str, Node]]:
    """Yield the entries of `required_providers`."""
    for body in item.settings:
        blocks = body["required_providers"]
        for block in blocks if blocks.known else ():
            if block.known:
                yield from block.items()


def _used(item: RootModule, required: dict[str, Node]) -> dict[str, Node | Location]:
    """Return the providers that the module configures or has resources of, each with its first place."""
    found: dict[str, Node | Location] = {}
    for name, body in item.providers:
        found.setdefault(name.partition(".")[0], body)
    for block in item.blocks:
        if block.call is not None:
            continue
        name = block.provider.partition(".")[0] or block.type.partition("_")[0]
        # `provider = google-beta` without an alias: the resource's own prefix is not what it uses.
        if name != _BUILT_IN and not any(one.startswith(f"{name}-") for one in required):
            found.setdefault(name, block.header)
    return found
