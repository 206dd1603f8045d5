"""Kustomizations into units: built by `kustomize` or `kubectl kustomize` where all they need is in the repository."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opslint.model.kube import KubeObject
from opslint.model.limits import RENDER_BYTES, RENDER_SECONDS
from opslint.model.project import Unit
from opslint.model.records import dataclass, field
from opslint.model.report import Notice
from opslint.model.source import Source
from opslint.read.environments import environment_of_directory
from opslint.read.files import is_within
from opslint.read.kustomize_changes import Changes
from opslint.read.kustomize_map import KustomizeMap
from opslint.read.kustomize_tree import Tree, read_tree
from opslint.read.manifests import folder_environment
from opslint.read.yaml import read_yaml

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from opslint.model.node import Node
    from opslint.model.project import SourceFile
    from opslint.model.settings import Settings

    Progress = Callable[[str, int, int], None]

_ORIGIN: Final = "    config.kubernetes.io/origin: |"
_ORIGIN_PATH: Final = re.compile(r"^ {6}path: (.+)$", re.MULTILINE)
_NOTE: Final = "its resources are read as plain files"


@dataclass(slots=True)
class Kustomized:
    """What was built.

    `consumed` are the manifests that are part of built units only, `plain` maps a file of a kustomization that was not
    built to the reason. All paths are relative to the root.
    """

    units: list[Unit] = field(default_factory=list)
    files: list[SourceFile] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)
    consumed: set[str] = field(default_factory=set)
    plain: dict[str, str] = field(default_factory=dict)
    built: int = 0


def build_kustomizations(
    root: Path, paths: Sequence[str], settings: Settings, progress: Progress | None = None
) -> Kustomized:
    """Build every kustomization that no other one uses, each into a unit. Never raises for what the files hold."""
    result = Kustomized()
    tops = _tops([read_tree(root, path) for path in paths])
    command = _command(root)
    built: list[Tree] = []
    for number, tree in enumerate(tops):
        if progress is not None:
            progress("building kustomizations", number, len(tops))
        why = _build(root, tree, command, settings, result)
        if why is None:
            built.append(tree)
            continue
        path, line, reason = why
        result.notices.append(Notice(path, line, f"{reason}: the kustomization {tree.path} is not built, {_NOTE}"))
        reason = f"kustomization {tree.path} is not built"
        result.plain |= dict.fromkeys((*tree.kustomizations, *tree.resources), reason)
        if any(document["secretGenerator"].present for document in tree.documents):
            unit = _unit(tree, settings)  # of what it would generate nothing is known but what is written there
            unit.open(reason)
            result.units.append(unit)
    seen: set[str] = set()
    for tree in built:
        for file in tree.files:
            path = file.source.path
            if path not in result.plain and path not in seen:
                seen.add(path)
                result.files.append(file)
    result.consumed = seen
    result.built = len({path for tree in built for path in tree.kustomizations} & set(paths))
    return result


def _tops(trees: Sequence[Tree]) -> list[Tree]:
    """Return the trees that no other one uses; of a ring, the first. A component is never built alone."""
    whole = [tree for tree in trees if not tree.is_component]
    used = {path for tree in whole for path in tree.kustomizations[1:]}
    tops = [tree for tree in whole if tree.path not in used]
    covered = {path for tree in tops for path in tree.kustomizations}
    for tree in whole:
        if tree.path not in covered:
            tree.obstacle = tree.path, 0, "kustomizations that use one another in a ring"
            tops.append(tree)
            covered.update(tree.kustomizations)
    return tops


def _command(root: Path) -> list[str] | None:
    """Return the command that builds; a program of the linted repository is none."""
    bound = os.path.realpath(root)
    for name, arguments in (("kustomize", ["build"]), ("kubectl", ["kustomize"])):
        found = shutil.which(name)
        if found is not None and os.path.isabs(found) and not is_within(os.path.realpath(found), bound):  # noqa: PTH117
            return [found, *arguments]
    return None


def _build(
    root: Path, tree: Tree, command: list[str] | None, settings: Settings, result: Kustomized
) -> tuple[str, int, str] | None:
    """Build one tree into a unit; return place and reason when that cannot be."""
    if tree.obstacle is not None or tree.source is None:
        return tree.obstacle or (tree.path, 0, "it cannot be read")
    if command is None:
        return tree.path, 0, "neither kustomize nor kubectl is on the PATH"
    text, error = _run(root, tree, command)
    if error:
        return tree.path, 0, error
    unit = _unit(tree, settings)
    changes = Changes(root, tree.documents)
    for part in re.split(r"^---\n", text, flags=re.MULTILINE):
        if part.strip():
            _object(part, tree, KustomizeMap(tree.source, changes), unit)
    result.units.append(unit)
    return None


def _unit(tree: Tree, settings: Settings) -> Unit:
    environment = folder_environment(tree.folder)
    if not environment.name:
        environment = environment_of_directory(tree.folder)
    unit = Unit(
        id=tree.folder or ".",
        kind="kustomization",
        path=tree.folder,
        environment=environment,
        namespace=tree.namespace or settings.namespace,
    )
    unit.kustomizations.extend(KubeObject(document, unit) for document in tree.documents)
    return unit


def _object(text: str, tree: Tree, source_map: KustomizeMap, unit: Unit) -> None:
    """Add one built object to the unit."""
    plain, origin = _without_origin(text)
    source = Source(tree.path, plain, "rendered", origin=source_map)
    parsed = read_yaml(source)
    if parsed.errors:
        unit.open("what was built is not valid YAML")
        return
    for document in parsed.documents:
        if document.is_map and document["apiVersion"].present and document["kind"].present:
            source_map.built = document
            source_map.original = _original(document, tree, origin)
            unit.objects.append(KubeObject(document, unit))


def _original(built: Node, tree: Tree, origin: str) -> Node | None:
    """Return the document that a built object was made of: prefixes and suffixes of names are allowed for."""
    path = _ORIGIN_PATH.search(origin)
    # Kustomize writes the path from a folder of its own: its end tells the file.
    inner = re.sub(r"^(\.\./)+", "", path[1]) if path else ""
    paths = [path for path in tree.resources if inner and (inner == path or inner.endswith(f"/{path}"))]
    kind, name = built["kind"].text, built["metadata"]["name"].text
    if paths:
        same = [one for one in tree.resources[max(paths, key=len)] if one["kind"].text == kind]
    elif "Generator" in origin:
        return None
    else:  # a patch that sets the annotations takes the origin away
        same = [one for documents in tree.resources.values() for one in documents if one["kind"].text == kind]
    for fits in (name.__eq__, name.__contains__):
        found = [one for one in same if one["metadata"]["name"].text and fits(one["metadata"]["name"].text)]
        if found:
            return max(found, key=lambda one: len(one["metadata"]["name"].text))
    return same[0] if paths and len(same) == 1 else None


def _without_origin(text: str) -> tuple[str, str]:
    """Return a built object without the annotation that tells its origin, and the lines of that."""
    lines = text.split("\n")
    try:
        metadata = lines.index("metadata:")
        annotations = lines.index("  annotations:", metadata)
        start = lines.index(_ORIGIN, annotations)
    except ValueError:
        return text, ""
    end = start + 1
    while end < len(lines) and lines[end].startswith("      "):
        end += 1
    found = "\n".join(lines[start:end])
    del lines[start:end]
    alone = annotations + 1 == start and not (start < len(lines) and lines[start].startswith("    "))
    if alone:
        del lines[annotations]
    return "\n".join(lines), found


def _run(root: Path, tree: Tree, command: list[str]) -> tuple[str, str]:
    """Return what the tool builds, or what it says is wrong.

    It builds through a kustomization of ours in a folder of ours, which asks for the origin of every object. Its
    environment holds no plugins, no cluster and no way to the network.
    """
    with tempfile.TemporaryDirectory(prefix="opslint-") as made:
        folder = os.path.realpath(made)
        target = os.path.realpath(root / tree.folder)
        try:
            relative = os.path.relpath(target, folder).replace(os.sep, "/")
        except ValueError:  # another drive
            return "", "it is on another drive than the folder for temporary files"
        wrapper = f"resources:\n- {_quoted(relative)}\nbuildMetadata: [originAnnotations]\n"
        Path(folder, "kustomization.yaml").write_text(wrapper, encoding="utf-8")
        try:
            process = subprocess.Popen(  # noqa: S603 - a list, no shell; the program is not of the repository
                [*command, folder],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=folder,
                env=_environment(folder),
                start_new_session=True,
            )
        except OSError as error:
            return "", f"{command[0]} does not start ({error.strerror})"
        try:
            out, err = process.communicate(timeout=RENDER_SECONDS)
        except subprocess.TimeoutExpired:
            _end(process)
            return "", f"building took longer than {RENDER_SECONDS:g} seconds"
        except BaseException:  # Ctrl-C: the tool must not outlive the run
            _end(process)
            raise
    if process.returncode:
        return "", _reason(err.decode("utf-8", "replace"), folder)
    if len(out) > RENDER_BYTES:
        return "", f"it builds to more than {RENDER_BYTES // 10**6} MB"
    return out.decode("utf-8", "replace"), ""


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the tool with all that it started."""
    with suppress(OSError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    process.communicate()


def _reason(text: str, folder: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("# Warning")]
    said = (
        " ".join(lines).removeprefix("error: ").removeprefix("Error: ").replace(f"{folder}/", "").replace(folder, ".")
    )
    return f"kustomize says: {said[:300]}" if said else "kustomize failed without a word"


def _quoted(path: str) -> str:
    return "'" + path.replace("'", "''") + "'"


def _environment(folder: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT", "TMPDIR", "TEMP", "TMP") if name in os.environ}
    nowhere = "http://127.0.0.1:9"  # the discard port: nothing that is asked for over HTTP arrives
    return kept | {
        "HOME": folder,
        "USERPROFILE": folder,
        "XDG_CONFIG_HOME": folder,
        "XDG_CACHE_HOME": folder,
        "KUSTOMIZE_PLUGIN_HOME": folder,
        "KUBECONFIG": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_ALLOW_PROTOCOL": "none",
        "GIT_TERMINAL_PROMPT": "0",
        "HTTP_PROXY": nowhere,
        "HTTPS_PROXY": nowhere,
        "http_proxy": nowhere,
        "https_proxy": nowhere,
        "NO_PROXY": "",
        "no_proxy": "",
    }
