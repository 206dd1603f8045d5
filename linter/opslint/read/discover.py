"""Finds what there is to read: charts, manifests, kustomizations and Terraform directories."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from opslint.model.patterns import regex
from opslint.model.records import NamedTuple, dataclass, field
from opslint.model.report import Failure, Notice
from opslint.read.files import is_within
from opslint.read.ignore import Ignore
from opslint.read.walk import Walk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_MANIFESTS: Final = (".yaml", ".yml", ".json")
_TERRAFORM: Final = (".tf", ".tofu", ".tf.json", ".tfvars", ".tfvars.json")
_KUSTOMIZATIONS: Final = frozenset({"kustomization.yaml", "kustomization.yml", "Kustomization"})
# Large, frequent, and never a manifest.
_NEVER: Final = frozenset({"package.json", "package-lock.json", "composer.json", "tsconfig.json", "pnpm-lock.yaml"})
# What belongs to a chart even where the chart is the root of a repository that holds more than the chart.
_CHART_PARTS: Final = frozenset({"templates", "charts", "crds", "ci", "files", "tests"})
_KEYS: Final = tuple(regex(rf"""^(["']?){key}\1[ \t]*:""", re.MULTILINE) for key in ("apiVersion", "kind"))
_JSON_KEYS: Final = tuple(regex(rf'"{key}"\s*:') for key in ("apiVersion", "kind"))


class TerraformDirectory(NamedTuple):
    """A directory with Terraform files; both are relative to the root of the run ("" is the root itself)."""

    path: str
    files: tuple[str, ...]


@dataclass(slots=True)
class Discovery:
    """What was found; all paths are relative to the root of the run, with `/`, sorted."""

    charts: list[str] = field(default_factory=list)  # directories with a Chart.yaml, "" for the root itself
    manifests: list[str] = field(default_factory=list)  # YAML and JSON files that may hold manifests
    kustomizations: list[str] = field(default_factory=list)  # their files
    terraform: list[TerraformDirectory] = field(default_factory=list)
    terragrunt: list[str] = field(default_factory=list)  # files named terragrunt.hcl
    bases: list[str] = field(default_factory=list)  # directories that were named, the deepest first; "" is left out
    named: frozenset[str] = frozenset()  # files that were named
    report_only: frozenset[str] | None = None  # files to report on, None: everything
    stdin: bool = False
    failures: list[Failure] = field(default_factory=list)
    notices: list[Notice] = field(default_factory=list)


def looks_like_manifest(text: str) -> bool:
    """Return whether a text has `apiVersion` and `kind` at its left edge, or as keys of JSON."""
    if "apiVersion" not in text or "kind" not in text:
        return False
    keys = _JSON_KEYS if text.lstrip("\ufeff \t\r\n")[:1] in {"{", "["} else _KEYS
    return all(key.search(text) for key in keys)


def find_root(paths: Sequence[str]) -> Path:
    """Return the directory that bounds a run: the repository's root above the first path, else the current directory.

    When a path lies outside it, the deepest directory that holds everything.
    """
    here = os.path.realpath(".")
    directories = []
    for path in paths:
        if path != "-":
            real = os.path.realpath(path)
            directories.append(real if os.path.isdir(real) else os.path.dirname(real))  # noqa: PTH112, PTH120
    first = Path(directories[0] if directories else here)
    root = next((str(up) for up in (first, *first.parents) if os.path.exists(up / ".git")), here)  # noqa: PTH110 - never raises
    if all(is_within(directory, root) for directory in directories):
        return Path(root)
    return Path(os.path.commonpath(directories))


def discover(paths: Sequence[str], root: Path, exclude: Sequence[str] = (), project: str = "") -> Discovery:
    """List what is under the paths (relative to the current directory; `-` is standard input, none is `.`).

    A file as a path limits the report to it. What is around it is listed too: `project`, the folder of its
    configuration; else its repository; else its chart or its Terraform directory. A named file is read even when git
    ignores it, but not when `exclude` names it.
    """
    return _Search(root, exclude, project).run(paths or ["."])


class _Search:
    def __init__(self, root: Path, exclude: Sequence[str], project: str) -> None:
        self.root, self.project = os.path.realpath(root), project
        self.result = Discovery()
        try:
            ignore = Ignore(Path(self.root), exclude)
        except (ValueError, re.error) as error:
            self.result.failures.append(Failure("", 0, f"an exclude pattern is not valid: {error}", "input"))
            ignore = Ignore(Path(self.root))
        self.walk = Walk(self.root, ignore)
        self.named: set[str] = set()
        self.directories: set[str] = set()
        self.excluded = False

    def run(self, paths: Sequence[str]) -> Discovery:
        result = self.result
        for path in paths:
            self._take(path)
        self._walk()
        self._sort()
        result.failures += self.walk.failures
        result.notices += self.walk.notices
        result.bases = sorted(self.directories - {""}, key=lambda path: (-path.count("/"), path))
        result.named = frozenset(self.named)
        result.report_only = self._report_only()
        if not (result.stdin or result.failures or self.excluded) and not (
            result.charts or result.manifests or result.kustomizations or result.terraform or result.terragrunt
        ):
            shown = ", ".join(paths)
            message = f"no Helm chart, manifest or Terraform file under {shown}"
            result.failures.append(Failure(paths[0], 0, message, "input"))
        return result

    def _take(self, path: str) -> None:
        """Sort one path argument in."""
        if path == "-":
            self.result.stdin = True
            return
        try:
            real = os.path.realpath(path)
            exists = os.path.exists(real)  # noqa: PTH110
        except ValueError:
            real, exists = "", False
        if not exists:
            self.result.failures.append(Failure(path, 0, "there is no such file or directory", "input"))
        elif not is_within(real, self.root):
            self.result.failures.append(Failure(path, 0, f"lies outside {self.root}", "input"))
        else:
            relative = os.path.relpath(real, self.root).replace(os.sep, "/")
            relative = "" if relative == "." else relative
            if os.path.isdir(real):  # noqa: PTH112
                self.directories.add(relative)
            elif self.walk.ignore.excluded(relative):
                self.excluded = True
            else:
                self.named.add(relative)

    def _is_chart(self, directory: str) -> bool:
        return os.path.isfile(os.path.join(self.root, directory, "Chart.yaml"))  # noqa: PTH113, PTH118

    def _chart_around(self, directory: str) -> str | None:
        """Return the chart that a directory is in: of a vendored subchart, the chart it is vendored in."""
        found = None
        for up in _upward(directory):
            if self._is_chart(up) and (found is None or _is_vendored(found, up)):
                found = up
        return found

    def _walk(self) -> None:
        """Walk what the arguments stand for, then what no walk has found of the named files."""
        walk = self.walk
        if self.named:
            inside = self.project and any(path.startswith(self.project + "/") for path in self.named)
            if inside or os.path.exists(os.path.join(self.root, ".git")):  # noqa: PTH110, PTH118
                walk.walk(self.project if inside else "")
        for directory in sorted(self.directories):
            chart = None if self._is_chart(directory) else self._chart_around(directory)
            walk.walk(directory if chart is None else chart)
            walk.walk(directory)  # a chart's own walk leaves out what git ignores, a named directory is never left out
        for path in sorted(self.named):
            directory, _, name = path.rpartition("/")
            if name in walk.files.get(directory, ()):
                continue
            chart = self._chart_around(directory)
            if chart is not None:
                walk.walk(chart)
            names = walk.files.setdefault(directory, [])
            if name.endswith(_TERRAFORM):
                around = os.listdir(os.path.join(self.root, directory))  # noqa: PTH118, PTH208
                names += [one for one in around if one.endswith(_TERRAFORM) and one not in names]
            if name not in names:
                names.append(name)

    def _sort(self) -> None:
        """Tell charts, manifests, kustomizations and Terraform apart."""
        files, result = self.walk.files, self.result
        charts = {directory for directory, names in files.items() if "Chart.yaml" in names}
        for chart in sorted(charts):
            around = [up for up in _upward(chart) if up != chart and up in charts]
            if chart in self.directories or not any(_is_vendored(chart, up) for up in around):
                result.charts.append(chart)
        for directory in sorted(files):
            names = sorted(files[directory])
            prefix = f"{directory}/" if directory else ""
            terraform = tuple(prefix + name for name in names if name.endswith(_TERRAFORM))
            result.terragrunt += [prefix + name for name in names if name == "terragrunt.hcl"]
            owner = next((up for up in _upward(directory) if up in charts), None)
            if terraform and not (owner is not None and _is_part(directory, owner)):
                result.terraform.append(TerraformDirectory(directory, terraform))
            if owner is None or (owner == "" and directory and not _is_part(directory, owner)):
                result.kustomizations += [prefix + name for name in names if name in _KUSTOMIZATIONS]
                result.manifests += [prefix + name for name in names if self._may_be_manifest(prefix, name)]
        if result.kustomizations:
            from opslint.read.kustomize_files import internals

            inner = {path for one in result.kustomizations for path in internals(Path(self.root), one)}
            result.manifests = [path for path in result.manifests if path not in inner or path in self.named]
        result.manifests.sort()
        result.kustomizations.sort()

    def _may_be_manifest(self, prefix: str, name: str) -> bool:
        if not name.endswith(_MANIFESTS) or name in _NEVER or name in _KUSTOMIZATIONS or name.endswith(_TERRAFORM):
            return False
        target = self.walk.links.get(prefix + name)
        if target is None:
            return True
        directory, _, target_name = target.rpartition("/")
        return target_name not in self.walk.files.get(directory, ())  # else it is read under its own path

    def _report_only(self) -> frozenset[str] | None:
        inner = {directory for directory in self.directories if not self._is_chart(directory)}
        if not self.named and not any(self._chart_around(directory) is not None for directory in inner):
            return None
        return frozenset(self.named | set(self._under(self.directories)))

    def _under(self, directories: set[str]) -> Iterator[str]:
        for directory, names in self.walk.files.items():
            if not directories.isdisjoint(_upward(directory)):
                for name in names:
                    yield f"{directory}/{name}" if directory else name


def _upward(directory: str) -> Iterator[str]:
    """Yield the directory and those above it, up to the root ("")."""
    yield directory
    while directory:
        directory = directory.rpartition("/")[0]
        yield directory


def _is_vendored(chart: str, around: str) -> bool:
    """Return whether a chart is in another's `charts/`."""
    return chart.startswith(f"{around}/charts/" if around else "charts/") and chart != around


def _is_part(directory: str, chart: str) -> bool:
    """Return whether a directory in a chart is one of those that belong to it alone."""
    inside = directory[len(chart) :].lstrip("/")
    return inside.partition("/")[0] in _CHART_PARTS
