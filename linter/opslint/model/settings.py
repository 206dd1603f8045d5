"""What the user asked for: configuration file and command line, already merged and checked."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opslint.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from opslint.model.source import Location


class ChartEnvironment(NamedTuple):
    """One release of a chart: its values files (relative to the chart, else to the root), namespace and settings."""

    name: str
    values: tuple[str, ...] = ()
    namespace: str = ""
    release_name: str = ""
    set: Mapping[str, object] = {}


class TerraformEnvironment(NamedTuple):
    """One set of var files of a root module."""

    name: str
    var_files: tuple[str, ...] = ()


class ClusterSettings(NamedTuple):
    """What the configuration says of a cluster."""

    name: str
    terraform: str = ""
    version: str = ""
    environment: str = ""
    account: str = ""
    region: str = ""
    units: tuple[str, ...] = ()
    location: Location | None = None


class SuppressSettings(NamedTuple):
    """A suppression of the configuration."""

    rule: str
    resource: str = ""
    path: str = ""
    reason: str = ""
    until: date | None = None
    location: Location | None = None


class Settings(NamedTuple):
    """Everything that changes what a run reads, judges or shows. Paths are relative to `root`."""

    root: str = ""  # absolute directory that bounds all reading
    project: str = ""  # folder of the configuration: what is read around a named file; "" is the root
    target_version: str = ""  # "", "1.34", "next" or "1.33,1.34"
    target_source: str = ""  # flag | configuration
    target_location: Location | None = None
    as_of: date | None = None  # None: today
    preset: str = "recommended"
    select: tuple[str, ...] = ()
    extend_select: tuple[str, ...] = ()
    ignore: tuple[str, ...] = ()
    severity: Mapping[str, str] = {}
    fail_on: str = "medium"
    exclude: tuple[str, ...] = ()
    per_path: Mapping[str, Mapping[str, tuple[str, ...]]] = {}
    suppress: tuple[SuppressSettings, ...] = ()
    require_reason: bool = False
    foreign_suppressions: bool = True
    registries: tuple[str, ...] = ()
    accounts: Mapping[str, str] = {}
    system_namespaces: tuple[str, ...] = ()
    known_objects: tuple[str, ...] = ()
    extra_podspecs: Mapping[str, str] = {}
    rules: Mapping[str, Mapping[str, Any]] = {}
    rule_locations: Mapping[str, Location] = {}  # of the keys under `rules:`, "id" and "id.option"
    selector_locations: Mapping[str, Location] = {}  # of the names in `select`, `ignore`, `severity`, …
    clusters: tuple[ClusterSettings, ...] = ()
    charts: Mapping[str, tuple[ChartEnvironment, ...]] = {}  # by chart path
    terraform: Mapping[str, tuple[TerraformEnvironment, ...]] = {}  # by root module path
    helm_engine: str = "auto"  # auto | embedded | binary
    include_vendored: bool = False
    baseline: str = ""
    # command line only
    env: tuple[str, ...] = ()  # keep these environments
    cluster: tuple[str, ...] = ()
    helm_values: tuple[tuple[str, str], ...] = ()  # (chart path or "", file)
    helm_set: tuple[tuple[str, str], ...] = ()  # (chart path or "", key=value)
    release_name: str = ""
    namespace: str = ""
    tf_var_files: tuple[str, ...] = ()
    tf_vars: tuple[str, ...] = ()
    tf_env: bool = False
    jobs: int = 0
    no_cache: bool = False
    show_suppressed: bool = False
    changed_since: str = ""  # a revision of git: keep what has to do with files that changed since
