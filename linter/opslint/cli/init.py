"""`opslint init`: the first files of a repository that is to be linted."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import click

from opslint.cli.streams import say, stop

_EPILOG: Final = """\
\b
Examples:
  opslint init                     .opslint.yaml, .pre-commit-config.yaml and .github/workflows/opslint.yml
  opslint init --no-workflow       without the workflow
  opslint init deploy              in another folder

\b
Exit status: 0; 2 for a file that cannot be written.
"""

_CONFIGURATION: Final = """\
# opslint's configuration; paths and globs are relative to this file. `opslint rules` lists the rules,
# `opslint explain RULE` shows a rule and its options, `opslint inventory` how this repository is seen.

# Kubernetes version to judge against; default: what your Terraform declares, else the newest EKS version known.
# target_version: "1.34"

preset: recommended  # recommended | strict | all
fail_on: medium      # least severity that fails a run: critical | high | medium | low | info | never

# ignore: [missing-cpu-limit]        # rule ids, areas or tags that do not run
# extend_select: [missing-cpu-limit] # rules to run besides the preset's
# severity: {gp2-storage: info}      # severities of your own
# exclude: ["vendor/**"]             # what is not read, as in a .gitignore
# rules:
#   missing-pdb: {min_replicas: 3}   # options of rules

# Findings that are meant, each with its reason; beside a line: `# opslint: ignore[rule] reason until 2027-01-31`.
# suppress:
#   - {rule: missing-pdb, resource: "Deployment/batch/*", reason: "may be evicted", until: 2027-01-31}
# require_reason: true

# Findings that were there before: `opslint baseline` writes the file, then only new ones are reported.
# baseline: .opslint-baseline.json

# What a chart is released as, where neither Argo CD, Flux nor Terraform of this repository says it.
# charts:
#   - path: charts/api
#     environments:
#       dev: {values: [values-dev.yaml], namespace: api-dev}
#       prod: {values: [values-prod.yaml], namespace: api}

# The var files each Terraform root module is applied with.
# terraform:
#   - path: infra
#     environments: {dev: {var_files: [dev.tfvars]}, prod: {var_files: [prod.tfvars]}}
"""

_HOOK: Final = """\
  - repo: https://github.com/opslint/opslint
    rev: v{version}
    hooks:
      - id: opslint
"""

_WORKFLOW: Final = """\
# Lints on every push and pull request. Pushes show their findings under Security > Code scanning; pull requests get
# annotations and a summary of what has to do with the files they change.
name: opslint

on:
  push:
    branches: [main, master]
  pull_request:

permissions:
  contents: read
  security-events: write  # to upload the findings

jobs:
  opslint:
    runs-on: ubuntu-latest
    steps:
      - uses: actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1  # v7.0.1
        with:
          fetch-depth: 0  # the history that changed-since compares with
          persist-credentials: false
      - uses: opslint/opslint@v{version}
        with:
          changed-since: ${{{{ github.base_ref && format('origin/{{0}}', github.base_ref) || '' }}}}
"""


@click.command(epilog=_EPILOG)
@click.argument("folder", default=".", type=click.Path(exists=True, file_okay=False), metavar="[FOLDER]")
@click.option("--pre-commit/--no-pre-commit", default=True, help="Write .pre-commit-config.yaml (default: yes).")
@click.option("--workflow/--no-workflow", default=True, help="Write .github/workflows/opslint.yml (default: yes).")
def init(folder: str, *, pre_commit: bool, workflow: bool) -> int:
    """Write a commented `.opslint.yaml`, a pre-commit entry and a workflow for code scanning.

    A file that is there is never touched: what it lacks is printed instead.
    """
    from opslint import __version__
    from opslint.config.find import NAMES

    root = Path(folder)
    other = next((name for name in NAMES if (root / name).exists()), NAMES[0])
    _write(root, other, _CONFIGURATION)
    if pre_commit:
        hook = _HOOK.format(version=__version__)
        if not _write(root, ".pre-commit-config.yaml", f"repos:\n{hook}"):
            say(f"to run opslint before each commit, add to its `repos:`\n{hook.rstrip()}")
    if workflow:
        _write(root, ".github/workflows/opslint.yml", _WORKFLOW.format(version=__version__))
    return 0


def _write(root: Path, name: str, text: str) -> bool:
    """Write a new file and say so; False when there is one, which is left as it is."""
    path = root / name
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError:
        say(f"{path} is there already: left as it is", "note")
        return False
    except OSError as error:
        stop(f"cannot write {path}: {error.strerror or error}")
    say(f"{path} written")
    return True
