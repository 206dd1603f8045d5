"""Writing Terraform files and reading them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from opslint.model.settings import Settings
from opslint.read.terraform import TerraformDirectory, TerraformResult, read_terraform

if TYPE_CHECKING:
    from opslint.model.terraform import Block, RootModule

SUFFIXES = (".tf", ".tofu", ".tf.json")


def read(root: Path, files: dict[str, str], settings: Settings | None = None) -> TerraformResult:
    """Write files, and read every directory that has Terraform files."""
    found: dict[str, list[str]] = {}
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        if name.endswith(SUFFIXES) and ".terraform" not in name:
            found.setdefault(str(Path(name).parent).removeprefix("."), []).append(name)
    directories = [TerraformDirectory(path, tuple(sorted(names))) for path, names in sorted(found.items())]
    return read_terraform(directories, settings or Settings(root=str(root)), root)


def only(result: TerraformResult, type_: str) -> Block:
    (block,) = [block for module in result.modules for block in module.blocks if block.type == type_]
    return block


def addresses(result: TerraformResult) -> list[str]:
    return [block.address for module in result.modules for block in module.blocks]


def read_module(root: Path, text: str) -> RootModule:
    (root / "main.tf").write_text(text)
    (module,) = read_terraform([TerraformDirectory("", ("main.tf",))], Settings(), root).modules
    return module
