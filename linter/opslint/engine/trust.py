"""Trust policies of IAM roles: which service accounts of a cluster may take a role."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from opslint.engine.documents import HOLE, json_with_holes
from opslint.model.patterns import glob_matches, regex
from opslint.model.records import NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from opslint.model.terraform import Block

_ACTIONS: Final = frozenset({"sts:assumerolewithwebidentity", "sts:*", "*", HOLE})
# Issuers of others than an EKS cluster: their subjects are not service accounts.
_FOREIGN: Final = (
    "token.actions.githubusercontent.com",
    "accounts.google.com",
    "cognito-identity",
    "gitlab",
    "app.terraform.io",
)
_ANY: Final = frozenset({"*", "system:serviceaccount:*", "system:serviceaccount:*:*"})
_WILD: Final = regex(r"[*?]")


class Trust(NamedTuple):
    """A statement that lets service accounts take a role; `exact` and `like` are the subjects of its conditions.

    `open` is true for a statement without any condition on the subject.
    """

    exact: tuple[str, ...]
    like: tuple[str, ...]
    open: bool

    @property
    def values(self) -> tuple[str, ...]:
        """The subjects, as written."""
        return self.exact + self.like

    def admits(self, subject: str) -> bool:
        """True when the statement lets the subject in, or may do so: unknown pieces fit everything."""
        return (
            self.open
            or any(_fits(subject, value, "") for value in self.exact)
            or any(_fits(subject, value, "*?") for value in self.like)
        )

    def literal_wildcards(self) -> Iterator[str]:
        """Yield the subjects with a wildcard that is compared literally, and so fits nothing."""
        yield from (value for value in self.exact if _WILD.search(value))

    def any_account(self, allowed: Iterable[str]) -> str:
        """Say why every service account may take the role, "" when not every one may."""
        if self.open:
            return "its trust policy has no condition on the subject"
        wide = next((value for value in self.like if value in _ANY), "")
        return f"its trust policy admits {wide}" if wide and not any(glob_matches(wide, one) for one in allowed) else ""


def trusts_of(role: Block) -> list[Trust]:
    """Return the statements of a role's trust policy that are for service accounts; none when it cannot be read."""
    policy = json_with_holes(role["assume_role_policy"])
    statements = policy.get("Statement") if isinstance(policy, dict) else None
    found = []
    for statement in _list(statements):
        if not isinstance(statement, dict):
            return []
        if statement.get("Effect") not in ("Allow", HOLE) or not _assumes(statement) or _is_foreign(statement):
            continue
        trust = _trust(statement.get("Condition"))
        if trust is None:
            return []
        found.append(trust)
    return found


def _assumes(statement: dict[str, Any]) -> bool:
    return any(str(action).lower() in _ACTIONS for action in _list(statement.get("Action")))


def _is_foreign(statement: dict[str, Any]) -> bool:
    principal = statement.get("Principal")
    issuers = _list(principal.get("Federated")) if isinstance(principal, dict) else []
    return not issuers or all(any(host in str(issuer) for host in _FOREIGN) for issuer in issuers)


def _trust(conditions: Any) -> Trust | None:
    """Return what the conditions ask of the subject; None when they cannot be told."""
    if conditions is None or conditions == []:
        return Trust((), (), open=True)
    if not isinstance(conditions, dict):
        return None
    exact: list[str] = []
    like: list[str] = []
    asked = False
    for operator, entries in conditions.items():
        if not isinstance(entries, dict) or HOLE in operator:
            return None
        for key, values in entries.items():
            if not key.endswith(":sub"):
                if (HOLE in key or "*" in key) and not key.endswith(":aud"):
                    return None  # it may be the subject: an unknown piece of a key reads as a star
                continue
            asked = True
            name = operator.lower().rpartition(":")[2].removesuffix("ifexists")
            texts = [str(value) for value in _list(values)]
            if name == "stringlike":
                like += texts
            elif name in {"stringequals", "stringequalsignorecase"}:
                exact += texts
            else:
                return None  # a negated or numeric test: not worth guessing
    return Trust(tuple(exact), tuple(like), open=not asked)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [] if value is None else [value]


def _fits(subject: str, value: str, special: str) -> bool:
    """Compare with a value in which only the `special` characters are wildcards; unknown pieces fit everything."""
    literal = "".join(f"[{char}]" if char in "*?[" and char not in special else char for char in value)
    return glob_matches(subject, literal.replace(HOLE, "*"))
