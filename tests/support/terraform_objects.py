"""Reading Kubernetes objects that stand in Terraform."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

from opslint.model.settings import Settings
from opslint.read.plan import Reading, read_project

if TYPE_CHECKING:
    from pathlib import Path

    from opslint.model.kube import KubeObject


def read(root: Path, files: dict[str, str], **settings: str) -> Reading:
    (root / ".git").mkdir(exist_ok=True)
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(textwrap.dedent(text).lstrip("\n"))
    return read_project([str(root)], Settings(root=str(root), **settings))  # type: ignore[arg-type]


def one(reading: Reading) -> KubeObject:
    (found,) = reading.project.objects
    return found
