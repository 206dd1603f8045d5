"""The versions that clusters had before a change: the Terraform of an earlier revision, evaluated as today's is."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from opslint.model.project import Cluster, Project

_SUFFIXES: Final = (".tf", ".tofu", ".tf.json", ".tfvars", ".tfvars.json")
_known: WeakKeyDictionary[Project, dict[tuple[str, str, str], str]] = WeakKeyDictionary()


def earlier_version(cluster: Cluster, project: Project) -> str:
    """Return the version that the same cluster had at the merge base of `--changed-since`.

    It is the one of the same address in the same root module and environment. "" without such a revision, when the
    cluster was not there, and when its version cannot be told.
    """
    if not project.settings.changed_since or cluster.block is None:
        return ""
    found = _known.get(project)
    if found is None:
        found = _known[project] = _versions(project)
    return found.get(_key(cluster), "")


def _key(cluster: Cluster) -> tuple[str, str, str]:
    block = cluster.block
    return (block.root.path, block.address, cluster.environment.name) if block is not None else ("", "", "")


def _versions(project: Project) -> dict[tuple[str, str, str], str]:
    from opslint.engine.changed import ChangedError, changed_files, files_before

    settings = project.settings
    folders = {_folder(file.source.path) for file in project.files if file.source.path.endswith(_SUFFIXES)}

    def is_terraform(path: str) -> bool:
        return path.endswith(_SUFFIXES) and _folder(path) in folders

    root = Path(settings.root)
    try:
        if not any(map(is_terraform, changed_files(root, settings.changed_since))):
            return {}
        return _evaluated(files_before(root, settings.changed_since, is_terraform), project)
    except (ChangedError, OSError):
        return {}  # the run itself says what is wrong with the revision


def _evaluated(files: dict[str, bytes], project: Project) -> dict[tuple[str, str, str], str]:
    import tempfile

    from opslint.read.discover import TerraformDirectory
    from opslint.read.terraform import clusters, read_terraform

    with tempfile.TemporaryDirectory(prefix="opslint-earlier-") as folder:
        root = Path(folder).resolve()
        listed: dict[str, list[str]] = {}
        for path, content in files.items():
            target = root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            listed.setdefault(_folder(path), []).append(path)
        directories = [TerraformDirectory(path, tuple(sorted(names))) for path, names in sorted(listed.items())]
        settings = project.settings._replace(root=str(root), changed_since="")
        modules = read_terraform(directories, settings, root).modules
        # Values are computed when they are asked for: here, while the files are there.
        return {
            _key(one): one.version.text
            for one in clusters(modules, settings)
            if one.version.known and one.version.is_scalar
        }


def _folder(path: str) -> str:
    folder = str(PurePosixPath(path).parent)
    return "" if folder == "." else folder


__all__ = ["earlier_version"]
