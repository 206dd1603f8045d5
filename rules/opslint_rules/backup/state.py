"""Terraform's own state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Add,
    Fix,
    Problem,
    Problems,
    Project,
    RootModule,
    Safety,
    Severity,
    regex,
    root_module,
    rule,
    set_value,
)

if TYPE_CHECKING:
    from opslint.api import Backend, Change, Node

_NOT_REAL: Final = frozenset({"examples", "example", "tests", "test", "fixtures", "modules", "module"})
_VERSION: Final = regex(r"\s*(?:>=|~>|=)?\s*(\d+)\.(\d+)(?:\.\d+)?\s*")
_DEPRECATES: Final = (1, 11)
_REQUIRED: Final = ("bucket", "key")


class Settings:
    """The settings of a backend: those of the block under those of one file that `terraform init` is given."""

    def __init__(self, block: Node, file: Node | None) -> None:
        self.block, self.file = block, file

    def __getitem__(self, key: str) -> Node:
        if self.file is not None and self.file[key].exists:
            return self.file[key]
        return self.block[key]

    @property
    def is_whole(self) -> bool:
        """False when `terraform init` has to be told more than the files say."""
        return all(self[key].present for key in _REQUIRED)

    @property
    def is_locked(self) -> bool:
        """True when two runs cannot write at once."""
        return self["use_lockfile"].is_true or self["dynamodb_table"].present


@rule(
    each=root_module(),
    severity=Severity.MEDIUM,
    preset=STRICT,
    fixable="unsafe",
    options={"require_remote": "report local state of root modules outside examples/ and tests/"},
)
def state_backend_unsafe(item: RootModule, project: Project, *, require_remote: bool = True) -> Problems:
    """Terraform state is local, unlocked or stored without encryption.

    The state is the only record of what Terraform made. Lost with a laptop, the next apply makes everything a second
    time; written by two runs at once, it forgets half of it; and it holds every password of the configuration in plain
    text.

    For the s3 backend `use_lockfile = true` (or `dynamodb_table`, deprecated since Terraform 1.11) and `encrypt = true`
    are asked for; neither is the default, though buckets encrypt new objects by themselves by now. Files that are given
    to `terraform init -backend-config` (`*.tfbackend`, `backend*.hcl` beside the module) count, and a block that leaves
    bucket or key to the command line passes. Local state is reported for root modules with a provider of their own
    outside examples and tests, unless Terragrunt writes their backend. The fix needs `terraform init -reconfigure`.
    Leave it for throw-away experiments.

    ```hcl bad
    terraform {
      backend "s3" {  # <- two runs at once overwrite each other
        bucket  = "shop-state"
        key     = "prod/terraform.tfstate"
        region  = "eu-central-1"
        encrypt = true
      }
    }
    ```

    ```hcl fixed
    terraform {
      backend "s3" {
        bucket       = "shop-state"
        key          = "prod/terraform.tfstate"
        region       = "eu-central-1"
        encrypt      = true
        use_lockfile = true
      }
    }
    ```

    ```hcl good
    terraform {
      backend "s3" {
        bucket       = "shop-state"
        key          = "prod/terraform.tfstate"
        region       = "eu-central-1"
        encrypt      = true
        use_lockfile = true
      }
    }
    ```

    See <https://developer.hashicorp.com/terraform/language/backend/s3>,
    <https://developer.hashicorp.com/terraform/language/state/locking> and
    <https://docs.aws.amazon.com/AmazonS3/latest/userguide/default-encryption-faq.html>.
    """
    backend = item.backend
    if backend is None and item.generated:
        return
    if backend is None:
        providers = [node for name, node in item.providers if name.partition(".")[0] == "aws"]
        if require_remote and providers and _NOT_REAL.isdisjoint(item.path.lower().split("/")):
            yield Problem(f"{_title(item)} keeps its state in a local file: no backend is declared", providers[0])
    elif backend.type == "local":
        if require_remote and _NOT_REAL.isdisjoint(item.path.lower().split("/")):
            yield Problem(f"{_title(item)} keeps its state in a local file", backend.header)
    elif backend.type == "s3":
        yield from _s3(item, backend)


def _title(item: RootModule) -> str:
    return f"the root module {item.path}" if item.path else "the root module"


def _s3(item: RootModule, backend: Backend) -> Problems:
    """What is wrong whichever of the settings files is given."""
    every = [Settings(backend.body, file) for file in backend.files or (None,)]
    if not all(one.is_whole for one in every):
        return
    if not any(one.is_locked for one in every):
        lock = backend.body["use_lockfile"]
        yield Problem(
            f"the state of {_title(item)} is not locked: two runs at once overwrite each other",
            lock if lock.exists else backend.header,
            fix=_fix(backend, "use_lockfile"),
        )
    elif _is_new(item) and not any(one["use_lockfile"].is_true for one in every):
        yield Problem(
            "dynamodb_table is deprecated since Terraform 1.11: use_lockfile = true locks without a table",
            every[0]["dynamodb_table"],
            severity=Severity.INFO,
        )
    if not any(one["encrypt"].is_true for one in every):
        flag = backend.body["encrypt"]
        why = "encrypt is false" if flag.present else "encrypt is not set"
        yield Problem(
            f"the state of {_title(item)} is encrypted by the bucket's default only: {why}",
            flag if flag.exists else backend.header,
            fix=_fix(backend, "encrypt"),
            severity=Severity.LOW,
        )


def _fix(backend: Backend, key: str) -> Fix:
    node = backend.body[key]
    if node.exists:
        return set_value(node, key, "true", Safety.UNSAFE)
    changes: tuple[Change, ...] = () if backend.files else (Add(backend.body, key, "true"),)
    return Fix(f"set {key} = true", changes, Safety.SHOWN if backend.files else Safety.UNSAFE)


def _is_new(item: RootModule) -> bool:
    """True when no older Terraform than 1.11 may run the module."""
    for settings in item.settings:
        for term in settings["required_version"].text.split(","):
            match = _VERSION.fullmatch(term)
            if match and (int(match[1]), int(match[2])) >= _DEPRECATES:
                return True
    return False
