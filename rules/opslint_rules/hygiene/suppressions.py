"""Suppressions that are of no use any more, or never were."""

from __future__ import annotations

from opslint.api import (
    RECOMMENDED,
    Fix,
    Problem,
    Problems,
    Project,
    RemoveText,
    Safety,
    Severity,
    Suppression,
    rule,
    suppression,
)


@rule(
    each=suppression(),
    severity=Severity.LOW,
    preset=RECOMMENDED,
    fixable="safe",
    options={"require_reason": "every suppression must say why"},
)
def unused_suppression(item: Suppression, project: Project, *, require_reason: bool = False) -> Problems:
    """A suppression silences nothing, names an unknown rule, has expired, or lacks the reason it must give.

    A suppression that nothing needs stays where it is and waits: the day the problem comes back, it is hidden without
    anyone having decided so. One with a typo in the rule's name, or past its date, does not hide what its author
    believes it hides. All three are read for years as "someone looked at this".

    Looked at are comments (`# opslint: ignore[…]`), the annotation `opslint.dev/ignore`, the entries of `suppress:` in
    the configuration and those of the baseline. What silences nothing is reported only where a run could know: when the
    rule ran and was not silent for values that the files do not tell, and when everything was read. Comments and
    annotations for other tools are theirs to judge. With `require_reason` (here, or at the top of the configuration)
    each suppression must give a reason.

    Expired suppressions and unknown rules are reported whether or not the rule runs:

    ```yaml bad as-of=2026-11-22
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: report-writer, namespace: shop}
    spec:
      replicas: 3  # opslint: ignore[missing-pbd] may be evicted at any time  # <-
      template:
        spec:
          # opslint: ignore[host-namespace] until the agent is split, until 2026-06-30  # <-
          hostNetwork: true
    ```

    ```yaml fixed as-of=2026-11-22
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: report-writer, namespace: shop}
    spec:
      replicas: 3  # opslint: ignore[missing-pbd] may be evicted at any time  # <-
      template:
        spec:
          hostNetwork: true
    ```

    ```yaml good as-of=2026-11-22
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: report-writer, namespace: shop}
    spec:
      replicas: 3  # opslint: ignore[missing-pdb] may be evicted at any time until 2027-01-31
    ```

    To keep one, silence this rule: `# opslint: ignore-file[unused-suppression] reason`.

    See the SARIF standard on suppressions, <https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html>.
    """
    fix = Fix("Remove the suppression", (RemoveText(item.removal),), Safety.SAFE) if item.removal is not None else None
    if item.wrong:
        yield Problem(f"the suppression is not understood: {item.wrong}", item.at)
    for name, hint in item.unknown:
        yield Problem(f'the suppression names "{name}", which is no rule{hint}', item.at)
    if item.expired:
        yield Problem(f"{_title(item.rules)} expired on {item.until}: it hides nothing any more", item.at, fix=fix)
    elif item.unused and item.kind == "baseline":
        count = len(item.unused)
        entries = "one entry of the baseline matches" if count == 1 else f"{count} entries of the baseline match"
        yield Problem(f"{entries} nothing any more: opslint baseline --prune takes them away", item.at)
    elif item.unused:
        yield Problem(f"{_title(item.unused)} silences nothing: there is no such finding", item.at, fix=fix)
    if (require_reason or project.settings.require_reason) and not item.reason and item.kind != "baseline":
        yield Problem(f"{_title(item.rules)} gives no reason", item.at)


def _title(names: tuple[str, ...]) -> str:
    named = ", ".join(name for name in names if name)
    return f"the suppression of {named}" if named else "the suppression of every rule"
