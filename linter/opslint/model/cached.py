"""What is computed once: properties (`functools.cached_property` takes a lock in Python 3.11) and functions."""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

_Item = TypeVar("_Item")
_Value = TypeVar("_Value")
_UNMADE: Final = object()

# The nodes that are read as one of their alternatives just now: what is worked out meanwhile holds only so long.
assumed: Final[list[object]] = []


class cached(Generic[_Value]):  # noqa: N801 - used as a decorator, like property
    """Keep what a method returns in the instance's `__dict__`, where later reads find it without any call.

    Nothing is kept while a node is assumed.
    """

    def __init__(self, function: Callable[[Any], _Value]) -> None:
        self._function, self._name, self.__doc__ = function, function.__name__, function.__doc__

    @overload
    def __get__(self, item: None, owner: type) -> cached[_Value]: ...
    @overload
    def __get__(self, item: object, owner: type) -> _Value: ...
    def __get__(self, item: object | None, owner: type) -> cached[_Value] | _Value:
        """Compute it, unless the class itself is asked."""
        if item is None:
            return self
        value: _Value = self._function(item)
        if not assumed:
            item.__dict__[self._name] = value
        return value


def once(function: Callable[[_Item], _Value]) -> Callable[[_Item], _Value]:
    """Keep what a function of one item returns in the item's `__dict__`, so that all rules work it out once.

    The answer is shared: callers must not change it. An exception is not kept; nothing is while a node is assumed.
    """
    name = f"{function.__module__}.{function.__qualname__}"

    @wraps(function)
    def kept(item: _Item) -> _Value:
        if assumed:
            return function(item)
        known = item.__dict__
        value: Any = known.get(name, _UNMADE)
        if value is _UNMADE:
            value = known[name] = function(item)
        return value  # type: ignore[no-any-return]

    return kept
