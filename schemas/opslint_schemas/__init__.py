"""Data of opslint: when Kubernetes, EKS and RDS versions and APIs come and go, and its JSON schemas.

The JSON files of this package are the source of truth. Each says in ``keys`` what its short keys mean, in
``sources`` where its rows come from, and in ``unverified`` what nobody could check. ``lifecycle`` and
``support`` read them with types; ``python -m opslint_schemas.check`` checks them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

__all__ = ["UnknownData", "data_as_of", "load", "release"]

# The file whose date stands for all: a check keeps the dates of all files equal.
_DATED = "kubernetes/version_skew"


class UnknownData(KeyError):  # noqa: N818 - a KeyError, said in the words of the caller
    """No data has this name."""

    def __init__(self, name: str) -> None:
        """Keep the name that was asked for."""
        super().__init__(name)
        self.name = name

    def __str__(self) -> str:
        """Return a sentence; KeyError alone would show only the quoted name."""
        return f"opslint has no data named {self.name!r}"


@cache
def load(name: str) -> Any:
    """Return the parsed JSON file of that name, such as ``kubernetes/api_lifecycle``.

    The answer is cached and shared: callers must not change it. Raises ``UnknownData`` on a wrong name.
    """
    import json  # late: costs more than a look-up; many runs never need it

    if not all(part.replace("_", "").replace(".", "").replace("-", "").isalnum() for part in name.split("/")):
        raise UnknownData(name)
    try:
        # open, because importing pathlib would cost as much as reading and parsing the file; and as bytes,
        # which saves a slow decoding with translation of line ends.
        with open(f"{__path__[0]}/{name}.json", "rb") as file:  # noqa: PTH123
            return json.loads(file.read())
    except FileNotFoundError:
        raise UnknownData(name) from None


def data_as_of() -> str:
    """Return the day the data was compiled, as an ISO date such as ``2026-11-22``."""
    return str(load(_DATED)["data_as_of"])


def release(version: str) -> tuple[int, ...]:
    """Return the numbers of a version so that they compare: "v1.10.2-eksbuild.1" is (1, 10, 2)."""
    numbers: list[int] = []
    for part in version.removeprefix("v").replace("-", ".").replace("+", ".").split("."):
        if not part.isdecimal():
            break
        numbers.append(int(part))
    return tuple(numbers)
