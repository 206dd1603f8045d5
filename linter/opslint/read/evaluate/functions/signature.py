"""What a table of functions says of each one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from opslint.model.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Function:
    """A function and what it needs to know.

    `everything`: one unknown anywhere in an argument makes the result unknown. `arguments`: members may be unknown.
    `nothing`: the function looks at unknown arguments itself.
    """

    call: Callable[..., Any]
    needs: Literal["everything", "arguments", "nothing"] = "everything"
