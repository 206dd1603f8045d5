"""A property that is computed once: `functools.cached_property` takes a lock in Python 3.11, which costs more."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

_Value = TypeVar("_Value")


class cached(Generic[_Value]):  # noqa: N801 - used as a decorator, like property
    """Keep what a method returns in the instance's `__dict__`, where later reads find it without any call."""

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
        item.__dict__[self._name] = value
        return value
