"""What a SARIF run says of itself: where it ran, on what, and what went wrong."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlsplit, urlunsplit

from opslint.model.finding import Severity
from opslint.output.escape import plain_message, without_surrogates
from opslint.output.masking import MASK

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from opslint.model.report import Report
    from opslint.output.context import OutputContext

ROOT: Final = "%SRCROOT%"
LEVELS: Final = {
    Severity.CRITICAL: "error",
    Severity.HIGH: "error",
    Severity.MEDIUM: "warning",
    Severity.LOW: "note",
    Severity.INFO: "note",
}
_WITH_VALUES: Final = ("--helm-set", "--tf-var")  # options whose values may be passwords


@lru_cache(maxsize=4096)
def uri_path(path: str) -> str:
    """Return a path as a relative URI reference; bytes that are no UTF-8 are percent-encoded as they are."""
    return quote(path.encode("utf-8", "surrogateescape"), safe="/-._~")


def artifact(path: str) -> dict[str, object]:
    """Return the artifactLocation of a path below the root."""
    return {"uri": uri_path(path), "uriBaseId": ROOT}


def root_uri(context: OutputContext) -> dict[str, object]:
    """Return the `uri` of the root, with the slash that a base needs; nothing when the root is not to be told."""
    if not context.root:
        return {}
    uri = Path(context.root).as_uri()
    return {"uri": uri if uri.endswith("/") else f"{uri}/"}


def automation() -> dict[str, object]:
    """Return the run's category; GitHub replaces the alerts of the same category only."""
    return {"id": "opslint/", "description": {"text": "Static checks of Helm charts, manifests and Terraform."}}


def invocation(report: Report, context: OutputContext, left_out: str) -> dict[str, object]:
    """Return the invocation with a notification for every error and notice; `left_out` says what the file omits."""
    notifications = [
        _notification("error", f"{item.kind}-error", item.path, item.line, item.message) for item in report.failures
    ]
    notifications += [
        _notification("note", "notice", item.path, item.line, item.message) for item in report.coverage.notices
    ]
    if left_out:
        notifications.append(_notification("warning", "results-left-out", "", 0, left_out))
    found: dict[str, object] = {"executionSuccessful": not report.incomplete}
    if context.command_line:
        found["arguments"] = [without_surrogates(argument) for argument in _masked(context.command_line)]
    if context.root:
        found["workingDirectory"] = root_uri(context)
    found["toolExecutionNotifications"] = notifications
    return found


def _notification(level: str, kind: str, path: str, line: int, message: str) -> dict[str, object]:
    text = plain_message(message).rstrip()
    notification: dict[str, object] = {
        "descriptor": {"id": kind},
        "level": level,
        "message": {"text": text if text.endswith((".", "!", "?")) else f"{text}."},
    }
    if path:
        physical: dict[str, object] = {"artifactLocation": artifact(path)}
        if line:
            physical["region"] = {"startLine": line}
        notification["locations"] = [{"physicalLocation": physical}]
    return notification


def _masked(arguments: Sequence[str]) -> Iterator[str]:
    """Return the arguments without the values of `--helm-set key=value` and `--tf-var key=value`."""
    value_next = False
    for argument in arguments:
        option, equals, value = argument.partition("=")
        if value_next:
            yield _without_value(argument)
        elif option in _WITH_VALUES and equals:
            yield f"{option}={_without_value(value)}"
        else:
            yield argument
        value_next = not value_next and argument in _WITH_VALUES


def _without_value(setting: str) -> str:
    key, equals, _ = setting.partition("=")
    return f"{key}={MASK}" if equals else MASK


def provenance(context: OutputContext) -> list[dict[str, object]]:
    """Return the repository, commit and branch; nothing when the repository or the commit is not known."""
    uri = _repository_uri(context.repository)
    if not context.revision or not uri:
        return []
    details: dict[str, object] = {"repositoryUri": uri, "revisionId": context.revision}
    if context.branch:
        details["branch"] = without_surrogates(context.branch)
    details["mappedTo"] = {"uriBaseId": ROOT}
    return [details]


def _repository_uri(remote: str) -> str:
    """Return a remote's URL as https, without user, password and `.git`; "" for what is none (a folder)."""
    if "://" not in remote and ":" in remote and "@" in remote.partition(":")[0]:
        host, _, path = remote.partition(":")  # git@host:owner/name.git
        remote = f"ssh://{host}/{path}"
    parts = urlsplit(remote)
    if parts.scheme not in {"https", "http", "ssh", "git"} or not parts.hostname:
        return ""
    scheme = "http" if parts.scheme == "http" else "https"
    port = f":{parts.port}" if parts.port and parts.scheme in {"http", "https"} else ""
    return urlunsplit((scheme, parts.hostname + port, quote(parts.path.removesuffix(".git"), safe="/-._~%"), "", ""))
