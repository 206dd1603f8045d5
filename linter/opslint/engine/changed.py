"""Which files changed since a revision of git, what was in them, and which findings have to do with them.

git is asked, but never allowed to run what a repository configures: no monitor, no external diff, no text conversion,
no filter, no submodule, no helper that fetches; and it takes no locks.
"""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING, Final
from weakref import WeakKeyDictionary

from opslint.model.cached import cached

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from opslint.engine.select import Selected
    from opslint.model.finding import Finding
    from opslint.model.project import Project

_SECONDS: Final = 60
_BYTES: Final = 2_000_000
_FILES: Final = frozenset({"100644", "100755"})
_OF_KUBERNETES: Final = (".yaml", ".yml", ".tpl", ".txt")
_SAFE: Final = ("-c", "core.fsmonitor=false", "-c", "core.untrackedCache=false", "-c", "core.pager=cat")
_DIFF: Final = ("--name-only", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--ignore-submodules=all")


class ChangedError(Exception):
    """git cannot tell what changed."""


def changed_files(root: Path, revision: str) -> frozenset[str]:
    """Return the files that differ from the merge base of `revision` and HEAD, untracked ones included.

    Paths are relative to `root`, the top of the work tree, with `/`; deleted files count.

    Raises:
        ChangedError: there is no git or no repository, or no such revision, or it has nothing in common with HEAD.
    """
    if not (root / ".git").exists():
        raise ChangedError(f"--changed-since: {root} is no git repository")
    git = _Git(root)
    base = git.base(revision)
    filters = tuple(git.no_filters())
    tracked = git.ask((*filters, "diff", *_DIFF, base, "--"), "what changed cannot be told")
    untracked = git.ask(("ls-files", "-z", "--others", "--exclude-standard"), "untracked files cannot be listed")
    return frozenset(os.fsdecode(name) for name in (tracked + untracked).split(b"\0") if name)


class Asked:
    """What `changed_files` says, asked in a thread: git works while the files are read."""

    def __init__(self, root: Path, revision: str) -> None:
        self._said: frozenset[str] | Exception | None = None
        self._thread = Thread(target=self._ask, args=(root, revision), daemon=True)
        self._thread.start()

    def _ask(self, root: Path, revision: str) -> None:
        try:
            self._said = changed_files(root, revision)
        except Exception as error:  # noqa: BLE001 - raised where the answer is wanted
            self._said = error

    def answer(self) -> frozenset[str]:
        """Return the files, as soon as git has said which. Raises ChangedError."""
        self._thread.join()
        if isinstance(self._said, frozenset):
            return self._said
        raise self._said or ChangedError("--changed-since: git was not asked to the end")


_asked: WeakKeyDictionary[Project, Asked] = WeakKeyDictionary()


def remember(project: Project, asked: Asked) -> None:
    """Let `changed_in` answer for a project with what was asked before it was read."""
    _asked[project] = asked


def changed_in(project: Project) -> frozenset[str]:
    """Return the files that changed since the revision of a project's settings. Raises ChangedError."""
    asked = _asked.get(project)
    if asked is None:
        asked = _asked[project] = Asked(Path(project.settings.root), project.settings.changed_since)
    return asked.answer()


def files_before(root: Path, revision: str, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """Return what the files with a wanted path held at the merge base of `revision` and HEAD.

    Links, submodules, files of more than 2 MB and those that a partial clone lacks are left out. Paths are relative to
    `root`, the top of the work tree.

    Raises:
        ChangedError: as for `changed_files`.
    """
    if not (root / ".git").exists():
        raise ChangedError(f"--changed-since: {root} is no git repository")
    git = _Git(root)
    listed = git.ask(("ls-tree", "-r", "-z", "-l", "--full-tree", git.base(revision)), "its files cannot be listed")
    paths: dict[str, str] = {}
    for entry in listed.split(b"\0"):
        head, _, name = entry.partition(b"\t")
        path = os.fsdecode(name)
        mode, _, id_, size = (*head.decode("ascii").split(), "", "", "", "")[:4]
        if mode in _FILES and size.isdecimal() and int(size) <= _BYTES and wanted(path):
            paths[path] = id_
    texts = git.contents(set(paths.values()))
    return {path: texts[id_] for path, id_ in paths.items() if id_ in texts}


def _program(name: str) -> str | None:
    """Return the program of the PATH; not one of a relative folder, which could be within what is linted."""
    for folder in os.get_exec_path():
        path = os.path.join(folder, name)  # noqa: PTH118 - importing shutil for this takes as long as git itself
        if os.path.isabs(folder) and os.path.isfile(path) and os.access(path, os.X_OK):  # noqa: PTH113, PTH117
            return path
    return None


class _Git:
    def __init__(self, root: Path) -> None:
        found = _program("git.exe" if os.name == "nt" else "git")
        if found is None:
            raise ChangedError("--changed-since needs git, and there is none on the PATH")
        self._start = (found, "--no-optional-locks", *_SAFE, "-C", str(root))
        # An allow-list of no protocol: a partial clone cannot fetch what it lacks, nor start a helper for it.
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        self._environment = kept | {"GIT_ALLOW_PROTOCOL": "", "GIT_TERMINAL_PROMPT": "0", "GIT_NO_LAZY_FETCH": "1"}

    def base(self, revision: str) -> str:
        """Return the commit that a revision has in common with HEAD."""
        done = self.run(("merge-base", "--end-of-options", f"{revision}^{{commit}}", "HEAD"))
        if not done.returncode:
            return done.stdout.decode("ascii", "replace").split("\n", 1)[0]
        # Which of the two is it that git does not know?
        commit = self.line(
            ("rev-parse", "--verify", "--quiet", "--end-of-options", f"{revision}^{{commit}}"),
            f"there is no revision {revision!r} (in CI, fetch it first: fetch-depth: 0)",
        )
        return self.line(
            ("merge-base", commit, "HEAD"),
            f"{revision!r} and HEAD have no commit in common (a shallow clone has not: fetch-depth: 0)",
        )

    def contents(self, ids: Collection[str]) -> dict[str, bytes]:
        """Return the blobs with these ids, without those that are not there."""
        given = "".join(f"{id_}\n" for id_ in sorted(ids)).encode()
        answer = self.ask(("cat-file", "--batch"), "files cannot be read", given)
        found: dict[str, bytes] = {}
        at = 0
        while (end := answer.find(b"\n", at)) >= 0:
            id_, _, size = answer[at:end].decode("ascii", "replace").partition(" blob ")
            at = end + 1
            if size.isdecimal():  # else: "<id> missing", with nothing behind it
                found[id_] = answer[at : at + int(size)]
                at += int(size) + 1
        return found

    def run(self, arguments: Sequence[str], given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
        try:
            return subprocess.run(  # noqa: S603 - a list, no shell; what it may run is named above
                [*self._start, *arguments],
                capture_output=True,
                check=False,
                env=self._environment,
                input=given,
                timeout=_SECONDS,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise ChangedError(f"--changed-since: git does not answer: {error}") from error

    def ask(self, arguments: Sequence[str], otherwise: str, given: bytes = b"") -> bytes:
        done = self.run(arguments, given)
        if done.returncode:
            said = done.stderr.decode("utf-8", "replace").strip().splitlines()
            raise ChangedError(f"--changed-since: {otherwise}" + (f": {said[-1]}" if said else ""))
        return done.stdout

    def line(self, arguments: Sequence[str], otherwise: str) -> str:
        return self.ask(arguments, otherwise).decode("utf-8", "replace").split("\n", 1)[0]

    def no_filters(self) -> Iterator[str]:
        """Yield the settings that switch off every clean filter: a diff would run it over files of the work tree."""
        listed = self.run(("config", "-z", "--name-only", "--get-regexp", r"^filter\."))
        names = {name.rpartition(".")[0] for name in os.fsdecode(listed.stdout).split("\0") if name}
        for name in sorted(names):
            for key, value in (("clean", ""), ("process", ""), ("required", "false")):
                yield from ("-c", f"{name}.{key}={value}")


class Changes:
    """Tells which findings have to do with files that changed, and which rules could say such."""

    def __init__(self, project: Project) -> None:
        """Look at what changed. Raises ChangedError."""
        self._project = project
        self._changed = changed = changed_in(project)
        self._folders = {path.rpartition("/")[0] for path in changed}
        self._units = set(_changed_units(changed, project))

    def touch(self, finding: Finding) -> bool:
        """True when a file of the finding's unit changed, or a place that belongs to the finding stands in one."""
        here = finding.location.source.path
        if here in self._changed or any(place.source.path in self._changed for _, place in finding.related):
            return True
        if finding.unit in self._units and finding.unit:
            return True
        folder = here.rpartition("/")[0]
        if finding.unit == folder and folder in self._folders and finding.resource.kind:
            return True  # the manifests of a folder are applied together
        return not finding.unit and "" in self._units and bool(finding.resource.address or finding.rendered)

    def worth_asking(self, rules: Sequence[Selected]) -> list[Selected]:
        """Return the rules without those about Terraform alone, when all that changed is in charts and manifests.

        What those say stands in Terraform and belongs to a root module, so nothing of it would be kept.
        """
        roots = {"", *(module.path for module in self._project.modules)}
        if self._units.isdisjoint(roots) and all(map(self.in_kubernetes, self._changed)):
            return [one for one in rules if one.rule.applies_to != "terraform"]
        return list(rules)

    def in_kubernetes(self, path: str) -> bool:
        """True for a file of a chart, and for a manifest that is no configuration of eksctl."""
        if not path.endswith(_OF_KUBERNETES) or path in self._eksctl:
            return False
        return path in self._manifests or path.startswith(self._charts)

    @cached
    def _eksctl(self) -> frozenset[str]:
        made = self._project.eksctl
        return frozenset(block.header.source.path for module in made for block in module.blocks)

    @cached
    def _manifests(self) -> frozenset[str]:
        return frozenset(item.source.path for item in self._project.objects)

    @cached
    def _charts(self) -> tuple[str, ...]:
        return tuple(f"{chart.path}/" for chart in self._project.charts if chart.path)


def _changed_units(changed: frozenset[str], project: Project) -> Iterator[str]:
    """Yield the paths of charts and root modules of which a file changed."""
    for chart in project.charts:
        values = {path for release in chart.releases for path in release.values}
        if any(not chart.path or path.startswith(chart.path + "/") for path in changed) or values & changed:
            yield chart.path
    for module in project.modules:
        files = {block.header.source.path for block in module.blocks} | {
            call.header.source.path for call in module.calls
        }
        files |= {block.body.source.path for block in module.blocks}
        beside = any(path.rpartition("/")[0] == module.path and ".tf" in path for path in changed)
        if beside or not changed.isdisjoint((*files, *module.var_files)):
            yield module.path
