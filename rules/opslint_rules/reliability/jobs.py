"""Jobs and CronJobs."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Final

from opslint.api import (
    STRICT,
    Fix,
    KubeObject,
    Node,
    Problem,
    Problems,
    Project,
    Safety,
    Severity,
    Workload,
    cron_fields,
    glob_matches,
    job_spec_of,
    kind,
    load,
    longest_gap_hours,
    put,
    rule,
    workload,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

LONGEST_HISTORY: Final = 10
CONTROLLER_PERIOD: Final = 10  # seconds between two looks of the CronJob controller
DAYS: Final = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@rule(
    each=workload("Job", "CronJob"),
    severity=Severity.LOW,
    preset=STRICT,
    aliases={"kyverno": ["add-ttl-jobs"]},
    related={"kube-linter": ["job-ttl-seconds-after-finished"]},
    fixable="unsafe",
    options={"max_backoff": "largest accepted backoffLimit", "require_deadline": "demand activeDeadlineSeconds"},
)
def job_unbounded(
    item: Workload, project: Project, *, max_backoff: int = 10, require_deadline: bool = False
) -> Problems:
    """A Job can retry or linger without bound.

    A Job with many retries pulls its image and starts its pod again for hours when the mistake is in the Job itself.
    Finished Jobs stay, with their pods, until somebody deletes them: thousands of them slow down the API server, and
    long histories of CronJobs do the same.

    Jobs of a CronJob are removed by its history, and hooks of Helm and Argo CD by their delete policy, so a missing
    `ttlSecondsAfterFinished` is reported for other Jobs only. Under GitOps a removed Job may be created again: leave it
    there, or make it a hook. A deadline is asked for with `require_deadline: true`.

    ```yaml bad
    apiVersion: batch/v1
    kind: Job
    metadata: {name: import, namespace: shop}
    spec:  # <-
      backoffLimit: 3
      template:
        spec:
          restartPolicy: Never
          containers: [{name: import, image: "registry.example/import:1.0"}]
    ```

    ```yaml fixed
    apiVersion: batch/v1
    kind: Job
    metadata: {name: import, namespace: shop}
    spec:
      backoffLimit: 3
      template:
        spec:
          restartPolicy: Never
          containers: [{name: import, image: "registry.example/import:1.0"}]
      ttlSecondsAfterFinished: 86400
    ```

    ```yaml good
    apiVersion: batch/v1
    kind: Job
    metadata: {name: import, namespace: shop}
    spec:
      backoffLimit: 3
      ttlSecondsAfterFinished: 86400
      template:
        spec:
          restartPolicy: Never
          containers: [{name: import, image: "registry.example/import:1.0"}]
    ```

    See <https://kubernetes.io/docs/concepts/workloads/controllers/ttlafterfinished/>.
    """
    spec = job_spec_of(item)
    backoff, deadline, ttl = spec["backoffLimit"], spec["activeDeadlineSeconds"], spec["ttlSecondsAfterFinished"]
    if (backoff.number or 0) > max_backoff:
        yield Problem(f"{item.title} retries {backoff.text} times (at most {max_backoff})", backoff)
    if require_deadline and not deadline.present:
        yield Problem(f"{item.title} has no activeDeadlineSeconds, so it may run for ever", deadline)
    if item.kind == "CronJob":
        for key in ("successfulJobsHistoryLimit", "failedJobsHistoryLimit"):
            kept = item.spec[key]
            if (kept.number or 0) > LONGEST_HISTORY:
                yield Problem(f"{item.title} keeps {kept.text} finished Jobs (at most {LONGEST_HISTORY})", kept)
        return
    removed = any(key.endswith("hook-delete-policy") for key in item.annotations)
    if not ttl.present and not removed and not item.metadata["ownerReferences"].present:
        fix = Fix("Remove it a day after it has finished", (put(ttl, "86400"),), Safety.UNSAFE)
        yield Problem(f"{item.title} has no ttlSecondsAfterFinished, so it stays when it has finished", ttl, fix=fix)


@rule(
    each=kind("CronJob", "CronWorkflow", system=False),
    severity=Severity.LOW,
    preset=STRICT,
    related={"kube-score": ["cronjob-has-deadline"]},
    fixable="unsafe",
    options={
        "require_deadline": "demand startingDeadlineSeconds",
        "allow_concurrent": "namespace/name globs of what may overlap",
    },
)
def cronjob_overlap(
    item: KubeObject, project: Project, *, require_deadline: bool = False, allow_concurrent: tuple[str, ...] = ()
) -> Problems:
    """Runs of a CronJob may pile up or be missed.

    With the default, Allow, the next run starts while the last one still works: when the database is slow, every run
    takes longer than the pause and more and more of them work on the same rows. With a `startingDeadlineSeconds` below
    ten seconds runs are left out, for the controller looks only every ten seconds.

    Forbid leaves a run out while the last one still works, Replace ends the last one. A suspended CronJob passes.
    Argo's CronWorkflow is looked at too. Leave it for runs that do not touch each other, and name those under
    `allow_concurrent`.

    ```yaml bad
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: report, namespace: shop}
    spec:
      schedule: "*/5 * * * *"
      concurrencyPolicy: Allow  # <-
      jobTemplate:
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{name: report, image: "registry.example/report:1.0"}]
    ```

    ```yaml fixed
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: report, namespace: shop}
    spec:
      schedule: "*/5 * * * *"
      concurrencyPolicy: Forbid
      jobTemplate:
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{name: report, image: "registry.example/report:1.0"}]
    ```

    ```yaml good
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: report, namespace: shop}
    spec:
      schedule: "*/5 * * * *"
      concurrencyPolicy: Forbid
      startingDeadlineSeconds: 120
      jobTemplate:
        spec:
          template:
            spec:
              restartPolicy: Never
              containers: [{name: report, image: "registry.example/report:1.0"}]
    ```

    See <https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/>.
    """
    if item.spec["suspend"].is_true or item.is_test_hook:
        return
    policy, deadline = item.spec["concurrencyPolicy"], item.spec["startingDeadlineSeconds"]
    may = any(glob_matches(f"{item.namespace}/{item.name}", glob) for glob in allow_concurrent)
    if policy.text in {"", "Allow"} and not may:
        said = "concurrencyPolicy Allow" if policy.present else "no concurrencyPolicy"
        fix = Fix("Set concurrencyPolicy: Forbid", (put(policy, "Forbid"),), Safety.UNSAFE)
        yield Problem(f"{item.title} has {said}, so its runs may pile up", policy, fix=fix)
    seconds = deadline.number
    if seconds is not None and 1 <= seconds < CONTROLLER_PERIOD:
        message = (
            f"{item.title} must start within {seconds:g} seconds, but the controller looks every {CONTROLLER_PERIOD}"
        )
        yield Problem(message, deadline)
    elif require_deadline and not deadline.present:
        yield Problem(f"{item.title} has no startingDeadlineSeconds", deadline)


@rule(
    each=workload("Job", "CronJob", system=True),
    severity=Severity.HIGH,
    preset=STRICT,
    aliases={"kube-score": ["cronjob-restartpolicy"]},
    fixable="safe",
)
def batch_spec_invalid(item: Workload, project: Project) -> Problems:
    """A Job or CronJob is rejected or never runs because of its restart policy or schedule.

    The pods of a Job must have the restart policy Never or OnFailure; without one it is Always, which the API server
    rejects. The release then stops there. A schedule of a day that does not exist is accepted and never comes, which is
    noticed when the report, the clean-up or the backup is needed.

    The schedule must have five fields or be one like `@daily`; a time zone belongs into `timeZone`, not into the
    schedule. An Indexed Job needs `completions`. There is no reason to leave it.

    ```yaml bad
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: report, namespace: shop}
    spec:
      schedule: "0 2 31 2 *"  # <-
      concurrencyPolicy: Forbid
      jobTemplate:
        spec:
          template:
            spec:
              restartPolicy: Always  # <-
              containers: [{name: report, image: "registry.example/report:1.0"}]
    ```

    ```yaml fixed
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: report, namespace: shop}
    spec:
      schedule: "0 2 31 2 *"  # <-
      concurrencyPolicy: Forbid
      jobTemplate:
        spec:
          template:
            spec:
              restartPolicy: OnFailure
              containers: [{name: report, image: "registry.example/report:1.0"}]
    ```

    ```yaml good
    apiVersion: batch/v1
    kind: CronJob
    metadata: {name: report, namespace: shop}
    spec:
      schedule: "0 2 1 * *"
      timeZone: Europe/Berlin
      concurrencyPolicy: Forbid
      jobTemplate:
        spec:
          template:
            spec:
              restartPolicy: OnFailure
              containers: [{name: report, image: "registry.example/report:1.0"}]
    ```

    See <https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/> and
    <https://kubernetes.io/docs/concepts/workloads/controllers/job/>.
    """
    policy = item.pod_spec["restartPolicy"]
    if item.pod_template.present and policy.text in {"", "Always"}:
        fix = Fix("Set restartPolicy: OnFailure", (put(policy, "OnFailure"),), Safety.SAFE)
        said = "restartPolicy Always" if policy.present else "no restartPolicy, which means Always"
        yield Problem(f"{item.title} has {said}: the API server rejects it", policy, fix=fix)
    spec = job_spec_of(item)
    if spec["completionMode"].text == "Indexed" and not spec["completions"].present:
        yield Problem(f"{item.title} is Indexed without completions", spec["completionMode"])
    if item.kind == "CronJob":
        yield from _schedule(item, item.spec["schedule"])
        zone = item.spec["timeZone"]
        if zone.present and zone.text not in _time_zones():
            from difflib import get_close_matches

            near = get_close_matches(zone.text, sorted(_time_zones()), 1)
            hint = f"; the nearest is {near[0]}" if near else ""
            yield Problem(f'{item.title} has the time zone "{zone.text}", which is no IANA name{hint}', zone)


@cache
def _time_zones() -> frozenset[str]:
    """Every name of the time zone database; Go's own names "Local" and "" are no time zones to the API server."""
    areas: dict[str, list[str]] = load("kubernetes/time_zones")["areas"]
    return frozenset(f"{area}/{name}" if area else name for area, names in areas.items() for name in names)


def _schedule(item: Workload, node: Node) -> Iterator[Problem]:
    text = node.text.strip()
    if "TZ=" in text:
        yield Problem(f"{item.title} has a time zone in its schedule, which is rejected: use timeZone", node)
    elif text and longest_gap_hours(text) is None:
        yield Problem(f'{item.title} has the schedule "{text}", which cannot be parsed', node)
    elif not text:
        yield Problem(f"{item.title} has no schedule", node)
    elif (fields := cron_fields(text)) is not None:
        _, _, days, months, weekdays = fields
        # With both fields of days limited, cron runs on the days of either.
        if len(weekdays) == 7 and not any(DAYS[month - 1] >= min(days) for month in months):
            yield Problem(f'{item.title} has the schedule "{text}", a date that does not exist', node)


@rule(
    each=workload("Pod", "ReplicaSet", "ReplicationController"),
    severity=Severity.MEDIUM,
    preset=STRICT,
    aliases={"kyverno": ["prevent-bare-pods"]},
    related={"hardeneks": ["avoid_running_singleton_pods"]},
)
def bare_pod(item: Workload, project: Project) -> Problems:
    """A Pod or ReplicaSet without a controller disappears for good when its node is drained.

    Nobody makes a bare pod anew: `kubectl drain` refuses it without `--force`, and a managed node group or Karpenter
    deletes it with its node. A ReplicaSet does replace its pods, but has no rollout: a new image reaches only pods that
    happen to be created later, and there is no way back.

    Test hooks of Helm, static pods and pods that run once (restartPolicy Never with activeDeadlineSeconds) pass. Leave
    it for a pod to look around in, which does not belong into a repository.

    ```yaml bad
    apiVersion: v1
    kind: Pod  # <-
    metadata: {name: web, namespace: shop}
    spec:
      containers: [{name: web, image: "registry.example/web:2.1"}]
    ```

    ```yaml good
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: web, namespace: shop}
    spec:
      selector: {matchLabels: {app: web}}
      template:
        metadata: {labels: {app: web}}
        spec:
          containers: [{name: web, image: "registry.example/web:2.1"}]
    ```

    See <https://kubernetes.io/docs/concepts/workloads/pods/#working-with-pods>.
    """
    if item.metadata["ownerReferences"].present:
        return
    if "etc/kubernetes/manifests/" in item.source.path or any("config.source" in key for key in item.annotations):
        return
    if item.kind != "Pod":
        yield Problem(f"{item.title} stands without a Deployment, so it has no rollouts", item.root["kind"])
        return
    spec = item.pod_spec
    is_hook = any(key.endswith("/hook") for key in item.annotations)
    if not is_hook and not (spec["restartPolicy"].text == "Never" and spec["activeDeadlineSeconds"].present):
        yield Problem(f"{item.title} has no controller: it is gone when its node is", item.root["kind"])
