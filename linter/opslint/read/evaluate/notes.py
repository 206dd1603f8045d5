"""What an evaluation leaves out, said once and with its place."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from opslint.model.limits import FOR_EACH
from opslint.model.node import Unknown
from opslint.model.report import Notice
from opslint.read.evaluate.values import BOUNDED, Value

if TYPE_CHECKING:
    from opslint.model.source import Source
    from opslint.read.evaluate.scope import Origin, Scope


def note(scope: Scope, source: Source, start: int, message: str) -> None:
    """Say it at a place of a module's text; for a third party's module at the call that leads to it."""
    if not source.vendored:
        notice = Notice(source.path, source.position(start)[0], message)
    elif scope.header is not None:
        notice = Notice(scope.header.source.path, scope.header.span.line, message)
    else:
        notice = Notice(scope.module.path or ".", 0, message)
    scope.workspace.note(notice)


def cut(scope: Scope, origin: Origin, what: str, number: int) -> None:
    """Say that of many instances only the first ones are judged one by one."""
    message = f"{what} makes {number:,}: {FOR_EACH} of them are judged one by one, the others as one"
    note(scope, origin.source, origin.node[1], message)


def bound(scope: Scope, origin: Origin, value: Value) -> None:
    """Say that a number of instances is not known because making it would take too much."""
    why = next((why for why in BOUNDED if value.why.endswith(why)), "") if isinstance(value, Unknown) else ""
    if why:
        note(scope, origin.source, origin.node[1], f"{why}: one instance stands for all of them")


def ring(scope: Scope, key: object) -> None:
    """Say that a local value needs itself. Terraform refuses it; here it is unknown and the rest goes on."""
    if isinstance(key, tuple) and key[0] == "local" and key[1] in scope.module.locals:
        placed = scope.module.locals[key[1]]
        note(
            scope,
            placed.source,
            placed.node[1],
            f"local.{key[1]} needs itself: Terraform refuses it, its value is unknown",
        )


def call(scope: Scope, node: Any, message: str) -> None:
    """Say it of a function call, at its place where one text of the module has it there."""
    fitting = [source for source in scope.module.sources if _reads_as(node, source)]
    if len(fitting) == 1:
        note(scope, fitting[0], node[1], message)
    else:
        scope.workspace.note(Notice(scope.module.path or ".", 0, message))


def _reads_as(node: Any, source: Source) -> bool:
    text = source.text
    return text.startswith(node[3], node[1]) and text[node[2] - 1 : node[2]] == ")"
