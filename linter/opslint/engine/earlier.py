"""The versions that clusters had before a change: the files of an earlier revision, read as today's are."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from opslint.model.project import Cluster, Project
    from opslint.model.terraform import RootModule

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
    from opslint.engine.changed import ChangedError, changed_in, files_before

    settings = project.settings
    folders = {_folder(file.source.path) for file in project.files if file.source.path.endswith(_SUFFIXES)}
    configs = {module.path for module in project.eksctl}

    def is_wanted(path: str) -> bool:
        return path in configs or (path.endswith(_SUFFIXES) and _folder(path) in folders)

    root = Path(settings.root)
    try:
        if not any(map(is_wanted, changed_in(project))):
            return {}
        files = files_before(root, settings.changed_since, is_wanted)
        terraform = {path: content for path, content in files.items() if path not in configs}
        made = _of_eksctl({path: files[path] for path in configs & files.keys()}, project)
        return _evaluated(terraform, project) | _told(made, project)
    except (ChangedError, OSError):
        return {}  # the run itself says what is wrong with the revision


def _of_eksctl(files: dict[str, bytes], project: Project) -> list[RootModule]:
    from opslint.model.source import Source
    from opslint.read.eksctl import read_cluster_config
    from opslint.read.manifests import is_cluster_config
    from opslint.read.yaml import read_yaml

    environments = {module.path: module.environment for module in project.eksctl}
    return [
        read_cluster_config(root, environments[path])
        for path, content in files.items()
        for root in read_yaml(Source(path, content.decode("utf-8", "replace"))).documents
        if root.is_map and is_cluster_config(root)
    ]


def _told(modules: list[RootModule], project: Project) -> dict[tuple[str, str, str], str]:
    from opslint.read.terraform import clusters

    return {
        _key(one): one.version.text
        for one in clusters(modules, project.settings)
        if one.version.known and one.version.is_scalar
    }


def _evaluated(files: dict[str, bytes], project: Project) -> dict[tuple[str, str, str], str]:
    import tempfile

    from opslint.read.discover import TerraformDirectory
    from opslint.read.terraform import read_terraform

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
        return _told(modules, project)


def _folder(path: str) -> str:
    folder = str(PurePosixPath(path).parent)
    return "" if folder == "." else folder


__all__ = ["earlier_version"]
