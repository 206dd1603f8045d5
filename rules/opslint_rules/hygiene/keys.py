"""Keys of mappings."""

from __future__ import annotations

from opslint.api import (
    RECOMMENDED,
    DuplicateKey,
    Fix,
    Location,
    Problem,
    Problems,
    Project,
    RemoveText,
    Safety,
    Severity,
    SourceFile,
    Span,
    file,
    rule,
)


@rule(
    each=file(),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    fixable="unsafe",
)
def duplicate_key(item: SourceFile, project: Project) -> Problems:
    """A key appears twice in one mapping, and one of the values silently disappears.

    Most tools keep the last one and say nothing, others refuse the file, so it works on one machine and fails in the
    next pipeline. What is lost is often a whole block: a second `resources:` or `env:` further down, pasted in or left
    over from a merge, takes the place of the first. In an object of Terraform the last one wins too.

    A key that overrides what a merge key (`<<`) brought in is meant, and passes.

    ```yaml bad
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: worker, namespace: shop}
    data:
      QUEUE: orders
      THREADS: "4"
      QUEUE: orders-v2  # <-
    ```

    When both values are equal nothing is lost yet, and the entry that loses can go:

    ```yaml bad
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: worker, namespace: shop}
    data:
      QUEUE: orders
      THREADS: "4"
      QUEUE: orders  # <-
    ```

    ```yaml fixed
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: worker, namespace: shop}
    data:
      THREADS: "4"
      QUEUE: orders
    ```

    ```yaml good
    apiVersion: v1
    kind: ConfigMap
    metadata: {name: worker, namespace: shop}
    data:
      QUEUE: orders-v2
      THREADS: "4"
    ```

    See <https://yaml.org/spec/1.2.2/#3213-node-comparison>.
    """
    for one in item.duplicates:
        said = "both values are equal" if one.equal else "the first value is lost"
        message = f"key {one.key} appears twice in one mapping: {said}"
        severity = Severity.LOW if one.equal else None
        yield Problem(message, one.kept, also=(("first", one.lost),), fix=_fix(one), severity=severity)


def _fix(one: DuplicateKey) -> Fix | None:
    """Remove the line of the entry that loses, when it is a line of its own and says the same."""
    source, span = one.lost.source, one.lost.span
    line, after = source.line(span.line), source.line(span.line + 1)
    before, value = line[: span.column - 1], line[span.end_column - 1 :]
    if not one.equal or before.strip() or not value.removeprefix(":").strip() or source.kind not in {"yaml", "values"}:
        return None
    indent = len(after) - len(after.lstrip())
    if after.strip() and (indent > span.column - 1 or after.lstrip().startswith("- ")):
        return None
    whole = Location(source, Span(span.line, 1, span.line + 1, 1))
    return Fix("Remove the first of the two equal entries", (RemoveText(whole),), Safety.UNSAFE)
