"""Versions of custom resources that the controllers bring and take away."""

from __future__ import annotations

from typing import Final, TypedDict

from opslint.api import (
    RECOMMENDED,
    Fix,
    KubeObject,
    NamedTuple,
    Node,
    Problem,
    Problems,
    Project,
    Release,
    Safety,
    Set,
    Severity,
    kind,
    lifecycle,
    release,
    releases_of,
    rule,
)

# Groups in which the new version takes the same fields: rewriting apiVersion is enough.
SAME_FIELDS: Final = frozenset({"external-secrets.io/v1beta1"})
# Two names of one controller, released together.
SAME_RELEASE: Final = {"karpenter-core": "karpenter", "gateway-api-experimental": "gateway-api"}


class _Api(TypedDict):
    api: str


class ApiRow(_Api, total=False):
    """A row of the user's: an API version (`group/version/Kind`), and the releases of its controller that drop it."""

    removed_in: str
    deprecated_in: str
    component: str
    replacement: str


class _Life(NamedTuple):
    """What is known of an object's API version, from the table or from the user's rows."""

    component: str
    newest: str
    deprecated: str | None
    removed: str | None
    planned: str | None
    instead: str
    needs: str | None  # the first release that serves what replaces it
    hedge: str
    never: bool = False


@rule(
    each=kind(),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    related={"pluto": ["detect-files"]},
    fixable="unsafe",
    options={
        "extra_rows": "more rows: maps of api (group/version/Kind), removed_in, deprecated_in, component, replacement",
        "assume_current_controllers": "false: report only when the controller's release is known",
    },
)
def stale_crd_api(
    item: KubeObject,
    project: Project,
    *,
    extra_rows: tuple[ApiRow, ...] = (),
    assume_current_controllers: bool = True,
) -> Problems:
    """A custom resource uses an API version that current releases of its controller no longer serve.

    Controllers drop old versions of their resources in an ordinary release, often in the one a cluster upgrade asks
    for. After it, every apply of the object fails, and a `helm upgrade` of the chart that holds it too. Raising the
    controller first and the manifests later is the wrong way round; both versions are served together only for a few
    releases.

    The release is taken from the charts that the repository installs (Terraform, Argo CD, Flux, chart dependencies) and
    from image tags. While that release still serves the version, it is reported lower, as deprecated; where no release
    is known, the current one is assumed and the message says so. Leave it for a cluster whose controllers stay where
    they are.

    ```yaml bad
    apiVersion: karpenter.sh/v1beta1  # <- Karpenter serves it until 1.0
    kind: NodePool
    metadata: {name: general}
    spec: {template: {spec: {nodeClassRef: {name: general}, requirements: []}}}
    ```

    Where the fields are the same, only the version changes:

    ```yaml bad
    apiVersion: external-secrets.io/v1beta1  # <-
    kind: ExternalSecret
    metadata: {name: erp, namespace: shop}
    spec:
      secretStoreRef: {kind: ClusterSecretStore, name: aws}
      data: [{secretKey: password, remoteRef: {key: shop/erp}}]
    ```

    ```yaml fixed
    apiVersion: external-secrets.io/v1
    kind: ExternalSecret
    metadata: {name: erp, namespace: shop}
    spec:
      secretStoreRef: {kind: ClusterSecretStore, name: aws}
      data: [{secretKey: password, remoteRef: {key: shop/erp}}]
    ```

    ```yaml good
    apiVersion: karpenter.sh/v1
    kind: NodePool
    metadata: {name: general}
    spec:
      template:
        spec:
          nodeClassRef: {group: karpenter.k8s.aws, kind: EC2NodeClass, name: general}
          requirements: []
    ```

    ```yaml bad
    apiVersion: external-secrets.io/v1beta1  # <-
    kind: SecretStore
    metadata: {name: shop, namespace: shop}
    spec: {provider: {aws: {service: SecretsManager, region: ap-northeast-2}}}
    ```

    ```yaml fixed
    apiVersion: external-secrets.io/v1
    kind: SecretStore
    metadata: {name: shop, namespace: shop}
    spec: {provider: {aws: {service: SecretsManager, region: ap-northeast-2}}}
    ```

    See <https://karpenter.sh/docs/upgrading/upgrade-guide/>,
    <https://external-secrets.io/latest/introduction/stability-support/> and
    <https://cert-manager.io/docs/releases/upgrading/>.
    """
    if not item.written and "." not in item.api_version.partition("/")[0]:
        return
    uses = [(item.api_version, "", None), *((one.api_version, f" {one.how}", one.at) for one in item.written)]
    for version, how, at in uses:
        if "." not in version.partition("/")[0]:
            continue
        life = _own_row(version, item, extra_rows) or _life(version, item, project)
        if life is None:
            continue
        known = [one for one in _releases(project, life.component) if one.version]
        newest = max(known, key=lambda one: release(one.version), default=None)
        if newest is None and not assume_current_controllers:
            continue
        said = _said(life, newest)
        if said is None:
            continue
        message, severity = said
        yield Problem(
            f"{item.title} uses {version}{how}, {message}",
            item.root["apiVersion"] if at is None else at,
            also=() if newest is None else ((f"{newest.named} is deployed here", newest.at),),
            fix=_fix(item, life, newest) if at is None else None,
            severity=severity,
        )


def _releases(project: Project, component: str) -> list[Release]:
    return releases_of(project, SAME_RELEASE.get(component, component))


def _own_row(version: str, item: KubeObject, rows: tuple[ApiRow, ...]) -> _Life | None:
    """The user's row for the object."""
    name = f"{version}/{item.kind}"
    for row in rows:
        if row["api"] == name:
            removed, deprecated = row.get("removed_in"), row.get("deprecated_in")
            newest = removed or deprecated or "0"
            return _Life(
                row.get("component", version.rpartition("/")[0]),
                newest,
                deprecated,
                removed,
                None,
                row.get("replacement", ""),
                None,
                "",
            )
    return None


def _life(version: str, item: KubeObject, project: Project) -> _Life | None:
    from opslint.api import crds

    rows = crds.crd_rows(version, item.kind)
    if not rows:
        return None
    deployed = [row for row in rows if any(one.version for one in _releases(project, row.component))]
    row = deployed[0] if len(deployed) == 1 else crds.crd(version, item.kind)
    if row is None:
        return None
    instead = _instead(row)
    needs = None
    if row.replacement is not None:
        new = crds.crd(*row.replacement)
        needs = new.introduced if new is not None and new.component == row.component else None
    hedge = f" ({row.unverified})" if row.hedged else ""
    return _Life(
        row.component,
        row.newest,
        row.deprecated,
        row.removed,
        row.planned_removal,
        instead,
        needs,
        hedge,
        never=not row.ever_served,
    )


def _instead(row: lifecycle.CrdRow) -> str:
    if not row.successors:
        return ""
    named = [version + (f" {kind_}" if kind_ != row.kind else "") for version, kind_ in row.successors]
    return named[0] if len(named) == 1 else f"{', '.join(named[:-1])} or {named[-1]}"


def _said(life: _Life, deployed: Release | None) -> tuple[str, Severity] | None:
    """Return what to say of the object's API version, and how bad it is; None when it is fine."""
    name = life.component
    here = release(deployed.version if deployed is not None else life.newest)
    instead = _to(life, deployed)
    if life.never:
        return f"which {name} lists but never served{life.hedge}{instead}", Severity.HIGH
    if life.removed is not None and here >= release(life.removed):
        if deployed is not None:
            return (
                f"which {name} {life.removed} no longer serves, and {deployed.named} is deployed{life.hedge}{instead}",
                Severity.HIGH,
            )
        assumed = f"; no file says which release runs, {life.newest} is current" if life.newest != life.removed else ""
        return f"which {name} {life.removed} no longer serves{life.hedge}{assumed}{instead}", Severity.HIGH
    if life.removed is not None and deployed is not None:
        return (
            f"which {deployed.named} still serves and {name} {life.removed} no longer does{life.hedge}{instead}",
            Severity.MEDIUM,
        )
    if life.deprecated is None or here < release(life.deprecated):
        return None
    planned = f", to be removed in {life.planned}" if life.planned else ""
    since = f"which is deprecated since {name} {life.deprecated}{planned}{life.hedge}"
    return f"{since}{instead}", Severity.MEDIUM if life.planned else Severity.LOW


def _to(life: _Life, deployed: Release | None) -> str:
    if not life.instead:
        return ""
    if _too_old(life, deployed):
        served = f"which {life.component} serves from {life.needs} on"
        return f"; use {life.instead}, {served}: raise the controller to that first"
    return f"; use {life.instead}"


def _too_old(life: _Life, deployed: Release | None) -> bool:
    """True when the deployed release does not serve the new version yet."""
    return deployed is not None and life.needs is not None and release(deployed.version) < release(life.needs)


def _fix(item: KubeObject, life: _Life, deployed: Release | None) -> Fix | None:
    if item.api_version not in SAME_FIELDS or _too_old(life, deployed):
        return None
    at: Node = item.root["apiVersion"]
    return Fix(f"Use {life.instead}", (Set(at, life.instead),), Safety.UNSAFE)
