"""Objects that do not fit their schema."""

from __future__ import annotations

from opslint.api import (
    RECOMMENDED,
    Fix,
    KubeObject,
    Problem,
    Problems,
    Project,
    Rename,
    Safety,
    Severity,
    Violation,
    kind,
    rule,
    violations_of,
)


@rule(
    each=kind(),
    severity=Severity.HIGH,
    preset=RECOMMENDED,
    related={"kube-linter": ["schema-validation"]},
    fixable="unsafe",
    options={"unknown_fields": "report fields the schema does not know"},
)
def invalid_manifest(item: KubeObject, project: Project, *, unknown_fields: bool = True) -> Problems:
    """The object does not fit its schema at the target version, so the API server rejects it or drops the field.

    A field with a letter too many, or one level too high, is the worst kind: clients that do not ask for strict
    validation get it accepted, the field is dropped without a word, and what it should have set is simply not there.
    A wrong type, a missing required field or a value that is none of the allowed ones stops the apply, often halfway
    through a release. Scalars mean what Kubernetes takes them for: an unquoted `yes`, `on` or `8080` is no text.

    Built-in objects are checked at the target version, custom resources by the CustomResourceDefinitions of the
    project. Leave a finding on an unknown field only when a newer cluster than the target gets the object too, or
    switch them off with `unknown_fields: false`.

    ```yaml bad target=1.34
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      replica: 3  # <- did you mean replicas?
      selector:
        matchLabels: {app: web}
      template:
        metadata:
          labels: {app: web}
        spec:
          containers:
            - name: web
              image: registry.example/web:1.4
              imagePullPolicy: Allways  # <- none of the allowed values
              env:
                - {name: DEBUG, value: no}  # <- a boolean
              resources:
                limits: {memory: 512MB}  # <- no quantity
    ```

    ```yaml fixed target=1.34
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      replicas: 3
      selector:
        matchLabels: {app: web}
      template:
        metadata:
          labels: {app: web}
        spec:
          containers:
            - name: web
              image: registry.example/web:1.4
              imagePullPolicy: Allways  # <-
              env:
                - {name: DEBUG, value: no}  # <-
              resources:
                limits: {memory: 512MB}  # <-
    ```

    ```yaml good target=1.34
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      replicas: 3
      selector:
        matchLabels: {app: web}
      template:
        metadata:
          labels: {app: web}
        spec:
          containers:
            - name: web
              image: registry.example/web:1.4
              imagePullPolicy: Always
              env:
                - {name: DEBUG, value: "no"}
              resources:
                limits: {memory: 512Mi}
    ```

    See <https://kubernetes.io/docs/reference/using-api/api-concepts/#field-validation> and
    <https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/>.
    """
    for one in violations_of(item, project):
        if one.kind != "unknown":
            meant = f"; did you mean {' or '.join(one.near)}?" if one.near else ""
            message = f"{item.title}: {one.path} {one.said}{meant}{_when(one)}"
        elif unknown_fields:
            message = f"{item.title}: {_unknown(one)}"
        else:
            continue
        yield Problem(message, one.at, fix=_fix(one), secret=item.kind == "Secret", target=one.target)


def _unknown(one: Violation) -> str:
    """`spec has no field replica; did you mean replicas?`."""
    above = one.path.removesuffix(f".{one.node.key}") if one.path != one.node.key else "the object"
    said = f"{above} has no field {one.node.key}{_when(one)}"
    if one.near:
        return f"{said}; did you mean {' or '.join(one.near)}?"
    return f"{said}; {one.known}" if one.known else said


def _when(one: Violation) -> str:
    """Name the target when it is not so at all of them, or when the version makes the difference."""
    if one.target is not None:
        return f" in Kubernetes {one.target.version} ({one.target.provenance})"
    return " at the target version" if one.known and not one.near else ""


def _fix(one: Violation) -> Fix | None:
    if one.kind != "unknown" or len(one.near) != 1:
        return None
    return Fix(f"Rename the field to {one.near[0]}", (Rename(one.node, one.near[0]),), Safety.UNSAFE)
