"""API versions that a Kubernetes version no longer serves, or soon will not."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from opslint.api import (
    RECOMMENDED,
    KubeObject,
    Location,
    NamedTuple,
    Node,
    Problem,
    Problems,
    Project,
    Severity,
    Target,
    glob_matches,
    kind,
    lifecycle,
    rule,
)
from opslint_rules.upgrade.rewrites import rewritten

if TYPE_CHECKING:
    from collections.abc import Iterator

SERVED_ROLES: Final = frozenset({"resource", "create-only"})


@rule(
    each=kind(literals=True),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    aliases={"kube-score": ["stable-version"], "trivy": ["KSV-0107"], "kyverno": ["check-deprecated-apis"]},
    related={
        "pluto": ["detect-files"],
        "kubent": [
            "deprecated-1-16",
            "deprecated-1-22",
            "deprecated-1-25",
            "deprecated-1-26",
            "deprecated-1-27",
            "deprecated-1-29",
            "deprecated-1-32",
        ],
        "kube-linter": ["no-extensions-v1beta"],
    },
    fixable="unsafe",
    options={"ignore_kinds": "group/version/Kind globs that are never reported"},
)
def removed_api(item: KubeObject, project: Project, *, ignore_kinds: tuple[str, ...] = ()) -> Problems:
    """The object uses an API version that the target Kubernetes version no longer serves.

    Once the control plane is upgraded, the API server answers every apply of the object with "no matches for kind".
    What is already stored keeps running, so the failure appears in the next deployment, often in the middle of a
    rollback. A Helm release that holds such an object can then neither be upgraded nor uninstalled without editing
    its stored state by hand. Move to the new version while the old cluster still serves both.

    The target is the version of the cluster that Terraform declares, or the one of `--target-version`. Leave the
    finding when the file is kept for older clusters only, and set their version as its target instead.

    ```yaml bad target=1.25
    apiVersion: batch/v1beta1  # <-
    kind: CronJob
    metadata: {name: report, namespace: shop}
    spec:
      schedule: "0 3 * * *"
      jobTemplate:
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{name: report, image: "registry.example/report:1.4"}]
    ```

    ```yaml fixed
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: report, namespace: shop}
    spec:
      schedule: "0 3 * * *"
      jobTemplate:
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{name: report, image: "registry.example/report:1.4"}]
    ```

    ```yaml good target=1.25
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: report, namespace: shop}
    spec:
      schedule: "0 3 * * *"
      jobTemplate:
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{name: report, image: "registry.example/report:1.4"}]
    ```

    See <https://kubernetes.io/docs/reference/using-api/deprecation-guide/>.
    """
    for use in () if _stays(item) else _uses(item):
        row = _row(use, item.kind, ignore_kinds)
        target = _removed_at(item, row)
        if row is not None and target is not None:
            message = (
                f"{item.title} uses {use.said}, which Kubernetes 1.{row.removed} no longer serves; {target.statement}"
            )
            yield _problem(item, use, row, message, target)


@rule(
    each=kind(literals=True),
    severity=Severity.MEDIUM,
    preset=RECOMMENDED,
    aliases={
        "pluto": ["detect-files"],
        "kubent": ["deprecated-future"],
        "kube-score": ["stable-version"],
        "trivy": ["KSV-0107"],
    },
    fixable="unsafe",
    options={
        "horizon": 'minor versions ahead that count as "removed soon"',
        "only_soon": "report only APIs removed inside the horizon",
    },
)
def deprecated_api(
    item: KubeObject,
    project: Project,
    *,
    horizon: int = 2,
    only_soon: bool = False,
) -> Problems:
    """The API version still works at the target version but is already deprecated there.

    It is work that the next upgrades will ask for, and it is cheapest now, while old and new version are both served
    and can be compared. A cluster that is upgraded two minors in a row can skip the version in which both exist.
    Versions that Kubernetes has a date for are named with it.

    Leave it when the object is about to be deleted anyway, or when no replacement exists yet.

    ```yaml bad target=1.34
    apiVersion: v1
    kind: Endpoints  # <-
    metadata: {name: erp, namespace: shop}
    subsets:
      - addresses: [{ip: 172.16.4.20}]
        ports: [{name: https, port: 443}]
    ```

    Where the fields of the next version are the same, only the version changes:

    ```yaml bad target=1.31
    apiVersion: flowcontrol.apiserver.k8s.io/v1beta3  # <-
    kind: PriorityLevelConfiguration
    metadata: {name: reports}
    spec: {type: Exempt}
    ```

    ```yaml fixed target=1.31
    apiVersion: flowcontrol.apiserver.k8s.io/v1
    kind: PriorityLevelConfiguration
    metadata: {name: reports}
    spec: {type: Exempt}
    ```

    ```yaml good target=1.34
    apiVersion: discovery.k8s.io/v1
    kind: EndpointSlice
    metadata:
      name: erp-1
      namespace: shop
      labels: {kubernetes.io/service-name: erp}
    addressType: IPv4
    endpoints: [{addresses: [172.16.4.20]}]
    ports: [{name: https, port: 443}]
    ```

    ```yaml bad target=1.35
    apiVersion: storage.k8s.io/v1beta1  # <-
    kind: VolumeAttributesClass
    metadata: {name: fast}
    driverName: ebs.csi.aws.com
    parameters: {iops: "6000"}
    ```

    ```yaml fixed
    apiVersion: storage.k8s.io/v1
    kind: VolumeAttributesClass
    metadata: {name: fast}
    driverName: ebs.csi.aws.com
    parameters: {iops: "6000"}
    ```

    See <https://kubernetes.io/docs/reference/using-api/deprecation-policy/>.
    """
    for use in () if _stays(item) else _uses(item):
        row = _row(use, item.kind, ())
        if row is None or row.deprecated is None or row.stability == "alpha" or _removed_at(item, row) is not None:
            continue
        target = next((one for one in item.unit.targets if row.deprecated <= one.minor), None)
        if target is None:
            continue
        removed = row.removed if row.removed is not None else row.planned_removal
        soon = removed is not None and removed <= target.minor + horizon
        if only_soon and not soon:
            continue
        since = f"deprecated since Kubernetes 1.{row.deprecated}"
        named = f"{use.version} {item.kind}{use.how}" if _kind_goes(row) else use.said
        if soon:
            message = f"{item.title} uses {named}, which Kubernetes 1.{removed} removes ({since})"
        else:
            message = f"{item.title} uses {named}, which is {since}"
        yield _problem(item, use, row, f"{message}; {target.statement}", target)


class _Use(NamedTuple):
    """An API version that an object is written in, how ("" for as it stands here), and where that stands."""

    version: str
    how: str
    at: Node | Location | None = None

    @property
    def said(self) -> str:
        return f"{self.version}{self.how}"


def _stays(item: KubeObject) -> bool:
    """True for an object of an API that is neither removed nor deprecated: nearly all are."""
    return not item.written and _is_current(item.api_version, item.kind)


@cache
def _is_current(version: str, kind_: str) -> bool:
    row = lifecycle.api(version, kind_)
    return row is None or (row.removed is None and row.deprecated is None)


def _uses(item: KubeObject) -> Iterator[_Use]:
    """The version of the object, and of a live one those it was written in."""
    yield _Use(item.api_version, " in a template that does not render" if item.is_literal else "")
    for one in item.written:
        yield _Use(one.api_version, f" {one.how}", one.at)


def _problem(item: KubeObject, use: _Use, row: lifecycle.ApiRow, message: str, target: Target) -> Problem:
    return Problem(
        message + _instead(row),
        item.root["kind" if _kind_goes(row) else "apiVersion"] if use.at is None else use.at,
        also=_set_here(target),
        fix=rewritten(item, row) if use.at is None and not item.is_literal else None,
        secret=item.kind == "Secret",
        target=target,
    )


def _row(use: _Use, kind_: str, ignored: tuple[str, ...]) -> lifecycle.ApiRow | None:
    """The life of an API; None for what the API server itself does not serve, or what is ignored."""
    row = lifecycle.api(use.version, kind_)
    if row is None or row.role not in SERVED_ROLES:
        return None
    name = f"{use.version}/{kind_}"
    return None if any(glob_matches(name, glob) for glob in ignored) else row


def _removed_at(item: KubeObject, row: lifecycle.ApiRow | None) -> Target | None:
    """The first target of the object that no longer serves it."""
    if row is None or row.removed is None:
        return None
    return next((one for one in item.unit.targets if row.removed <= one.minor), None)


def _set_here(target: Target) -> tuple[tuple[str, Node | Location], ...]:
    return (("target version", target.location),) if target.location is not None else ()


def _kind_goes(row: lifecycle.ApiRow) -> bool:
    """True when it is the kind that goes, not the version of its group."""
    return row.group == "" or (row.replacement is not None and row.replacement[1] != row.kind)


def _instead(row: lifecycle.ApiRow) -> str:
    if row.replacement is None:
        return ""
    version, kind_ = row.replacement
    return f"; use {version}" + (f" {kind_}" if kind_ != row.kind else "")
