"""The commands: known before any is loaded."""

from __future__ import annotations

from typing import Final

# Name: module, and the line in the overview (so that the overview loads none of them).
COMMANDS: Final = {
    "check": ("opslint.cli.check", "Lint; what runs when no command is named."),
    "inventory": ("opslint.cli.inventory", "Show how opslint sees a repository: units, clusters, charts."),
    "images": ("opslint.cli.images", "List every image that the workloads run, and where it is named."),
    "render": ("opslint.cli.render", "Print a chart's manifests, with each line's template line."),
    "upgrade": (
        "opslint.cli.upgrade",
        "Lay out a cluster's upgrade, hop by hop: what to change, where, in which order.",
    ),
    "baseline": ("opslint.cli.baseline", "Take the findings of today as known, so that only new ones are reported."),
    "init": ("opslint.cli.init", "Write a commented configuration, a pre-commit entry and a workflow."),
    "rules": ("opslint.cli.rules", "List and search the rules."),
    "explain": ("opslint.cli.explain", "Show a rule's page: why it matters, examples, options."),
    "schema": ("opslint.cli.schema", "Print the JSON Schema of the configuration."),
}
