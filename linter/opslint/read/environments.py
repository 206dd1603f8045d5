"""Which environment a word, a file or a directory names, and whether that is production."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Final

from opslint.model.patterns import regex
from opslint.model.project import Environment

if TYPE_CHECKING:
    from collections.abc import Iterator

_PROD: Final = frozenset({"prod", "production", "prd", "live", "prod1", "prod2"})
_NONPROD: Final = frozenset(
    {
        "dev",
        "devel",
        "develop",
        "development",
        "test",
        "testing",
        "tst",
        "qa",
        "uat",
        "sit",
        "int",
        "integration",
        "stage",
        "staging",
        "stg",
        "preprod",
        "preproduction",
        "nonprod",
        "nonproduction",
        "nprd",
        "sandbox",
        "sbx",
        "demo",
        "local",
        "localhost",
        "minikube",
        "kind",
        "ci",
        "preview",
        "pr",
        "ephemeral",
        "lab",
        "labs",
        "perf",
        "loadtest",
        "playground",
        "acceptance",
        "acc",
        "e2e",
    }
)
# Words of file names that also mean other things: they name an environment only when they stand alone.
_ALONE: Final = frozenset({"local", "kind", "ci", "pr", "int", "acc", "live", "lab", "labs", "preview", "demo", "test"})
_NEGATION: Final = frozenset({"pre", "non", "not", "no"})
_SPLIT = regex(r"[^a-z0-9]+")


def stage_of(word: str) -> str:
    """Return prod, nonprod or unknown for the name of an environment.

    A name may have several parts (`eu-prod`, `pre-prod`); a sign of non-production outweighs one of production.
    """
    parts = [part for part in _SPLIT.split(word.lower()) if part]
    found = "unknown"
    for position, part in enumerate(parts):
        bare = part.rstrip("0123456789") or part
        if part in _NONPROD or bare in _NONPROD:
            return "nonprod"
        if part in _PROD or bare in _PROD:
            if position and parts[position - 1] in _NEGATION:
                return "nonprod"
            found = "prod"
    return found


def environment_of_file(name: str) -> str:
    """Return the environment that a values or variables file is for, "" for none.

    `values-prod.yaml`, `prod.tfvars`, `values.eu-prod.yml` and `staging/terraform.tfvars` (the last folder counts
    when the file's own name says nothing) all name one.
    """
    path = PurePosixPath(name)
    stem = re.sub(r"\.(ya?ml|json|tfvars|auto|gotmpl|tpl)\b", "", path.name.lower())
    for prefix in ("values", "terraform", "vars", "variables", "helmfile", "config"):
        if stem.startswith(prefix):
            stem = stem.removeprefix(prefix)
            break
    stem = stem.strip("-_.")
    if stem:
        return stem if is_environment(stem) else ""
    folder = path.parent.name.lower()
    return folder if folder and is_environment(folder) else ""


def is_environment(word: str) -> bool:
    """Return True when a name is one of an environment."""
    parts = [part for part in _SPLIT.split(word.lower()) if part]
    if len(parts) != 1 and not any(part in _PROD or (part in _NONPROD and part not in _ALONE) for part in parts):
        return False
    return stage_of(word) != "unknown"


def environment_words(name: str) -> Iterator[str]:
    """Yield the words of a name, of a namespace or a release for one, that name an environment.

    A word that also means something else counts only at the end: `shop-test` is a test environment, `test-runner` none.
    """
    words = re.split(r"[-_.]", name)
    for at, word in enumerate(words):
        if is_environment(word) and (at == len(words) - 1 or is_environment(f"x-{word}")):
            yield word


def environment_of_directory(path: str) -> Environment:
    """Return the environment that a directory is for, by the last of its folders that names one."""
    for folder in reversed(PurePosixPath(path).parts):
        if is_environment(folder):
            return Environment(folder, stage_of(folder), f"directory {folder}")
    return Environment()
