"""`dataclass`, `field`, `replace` and `NamedTuple` as the standard library means them, made at a tenth of the cost.

`dataclasses` writes the methods of every class as text and compiles it, and `typing.NamedTuple` compiles every
annotation and a constructor: at hundreds of classes that was a fifth of a short run. Here the methods are closures,
named tuples of one size share what is compiled, and annotations stay text, which needs `from __future__ import
annotations`. Type checkers see the originals. Known are `frozen`, `slots` and `eq`, and fields with a
`default_factory`, which may be no arguments (`init=False`). What else those can do, fields of a base class and
`__post_init__` among it, is not here: a class that wants it is refused, with a TypeError.
"""

from __future__ import annotations

from collections import namedtuple
from functools import cache
from operator import attrgetter
from reprlib import recursive_repr
from types import FunctionType
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from dataclasses import dataclass, field, replace  # noqa: TID251 - for type checkers
    from typing import NamedTuple  # noqa: TID251

_MOST: Final = 12  # fields of nearly every named tuple
_OF_A_CLASS: Final = frozenset({"__dict__", "__weakref__"})  # a class with slots gets none of the first


class _Factory:
    """The default of a field: what makes a new value for each instance."""

    __slots__ = ("init", "make")

    def __init__(self, make: Callable[[], object], *, init: bool) -> None:
        self.make, self.init = make, init


def _field(*, default_factory: Callable[[], object], init: bool = True, repr: bool = True) -> Any:  # noqa: A002 - as theirs
    if init is not repr:
        raise TypeError("a field is an argument and shown, or neither")
    return _Factory(default_factory, init=init)


def _dataclass(
    plain: type | None = None, /, *, frozen: bool = False, slots: bool = False, eq: bool = True
) -> type | Callable[[type], type]:
    def make(cls: type) -> type:
        every = tuple(name for name, text in _annotations(vars(cls)) if not text.startswith("ClassVar"))
        defaults = {name: vars(cls)[name] for name in every if name in vars(cls)}
        own = {name: one.make for name, one in defaults.items() if isinstance(one, _Factory) and not one.init}
        names = tuple(name for name in every if name not in own)
        _refuse_unknown(cls, names, defaults)
        made = _with_slots(cls, every) if slots else cls
        methods = {"__init__": _init(made, names, defaults, own), "__repr__": _repr}
        if eq:
            methods |= _equality(names, frozen=frozen)
        if frozen:
            methods |= {"__setattr__": _refuse, "__delattr__": _refuse}
        for name, method in methods.items():
            if name == "__init__" or name not in vars(cls):
                setattr(made, name, method)
        for name, value in defaults.items():
            if isinstance(value, _Factory) and not slots:
                delattr(made, name)
        made.__match_args__ = names  # type: ignore[attr-defined,misc]
        return made

    return make if plain is None else make(plain)


def _annotations(space: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a class body annotates. Raises TypeError for annotations that are not text."""
    found = list(space.get("__annotations__", {}).items())
    if not found or not all(isinstance(text, str) for _, text in found):
        raise TypeError("annotations of a record are text: it needs fields, and `from __future__ import annotations`")
    return found


def _refuse_unknown(cls: type, names: Sequence[str], defaults: Mapping[str, object]) -> None:
    """Raise TypeError for what a dataclass of the standard library means and this one does not."""
    title = cls.__qualname__
    if hasattr(cls, "__post_init__"):
        raise TypeError(f"{title}: __post_init__ is not called")
    if any("__match_args__" in vars(base) for base in cls.__mro__[1:]):
        raise TypeError(f"{title}: fields of a base class are not its own")
    _refuse_gap(title, names, defaults)
    for name, default in defaults.items():
        if type(default).__hash__ is None:
            raise TypeError(f"{title}: all would share the default of {name!r}: use default_factory")


def _refuse_gap(title: str, names: Sequence[str], defaults: Mapping[str, object]) -> None:
    given = [name in defaults for name in names]
    if given != sorted(given):
        raise TypeError(f"{title}: a field without a default follows one that has it")


def _with_slots(cls: type, names: Sequence[str]) -> type:
    """Return the class once more, with slots: they cannot be put into one that exists."""
    space = {name: value for name, value in vars(cls).items() if name not in _OF_A_CLASS and name not in names}
    made = type(cls)(cls.__name__, cls.__bases__, {**space, "__slots__": names})
    made.__qualname__ = cls.__qualname__
    return made


def _init(
    cls: type, names: Sequence[str], defaults: Mapping[str, object], own: Mapping[str, Callable[[], object]]
) -> Callable[..., None]:
    count, title = len(names), cls.__name__
    space = vars(cls)
    slots = "__slots__" in space
    puts = [space[name].__set__ for name in names] if slots else []
    makes = [(space[name].__set__, make) for name, make in own.items()]

    def init(self: Any, *given: object, **named: object) -> None:
        if len(given) != count or named:
            rest = names[len(given) :]
            if rest and len(rest) == len(named) and named.keys() == set(rest):
                given = (*given, *map(named.__getitem__, rest))
            else:
                given = _arranged(title, names, defaults, given, named)
        if slots:
            for put, value in zip(puts, given):  # noqa: B905 - of one length, and hot
                put(self, value)
            for put, make in makes:
                put(self, make())
        else:
            self.__dict__.update(zip(names, given))  # noqa: B905

    return init


def _arranged(
    title: str,
    names: Sequence[str],
    defaults: Mapping[str, object],
    given: tuple[object, ...],
    named: dict[str, object],
) -> tuple[object, ...]:
    """Return a value for each field, in order. Raises TypeError as a call does that does not fit."""
    if len(given) > len(names):
        raise TypeError(f"{title}() takes {len(names)} arguments, not {len(given)}")
    values = list(given)
    for name in names[len(given) :]:
        if name in named:
            values.append(named.pop(name))
        elif name in defaults:
            default = defaults[name]
            values.append(default.make() if type(default) is _Factory else default)
        else:
            raise TypeError(f"{title}() needs a value for {name!r}")
    if named:
        raise TypeError(f"{title}() takes no second or no argument {', '.join(map(repr, named))}")
    return tuple(values)


@recursive_repr("...")
def _repr(self: Any) -> str:
    shown = ", ".join(f"{name}={getattr(self, name)!r}" for name in self.__match_args__)
    return f"{type(self).__qualname__}({shown})"


def _equality(names: Sequence[str], *, frozen: bool) -> dict[str, Any]:
    values = attrgetter(*names)

    def equal(self: object, other: object) -> bool:
        return values(self) == values(other) if type(other) is type(self) else NotImplemented

    def number(self: object) -> int:
        return hash(values(self))

    return {"__eq__": equal, "__hash__": number if frozen else None}


def _refuse(self: object, name: str, _: object = None) -> None:
    raise AttributeError(f"{type(self).__name__} is frozen: {name!r} cannot be changed")


def _replace(item: Any, /, **changes: object) -> Any:
    values = {name: getattr(item, name) for name in type(item).__match_args__}
    return type(item)(**(values | changes))


class _TupleType(type):
    """Makes a named tuple of a class with annotations."""

    def __new__(cls, title: str, bases: tuple[type, ...], space: dict[str, Any]) -> Any:
        if not bases:
            return super().__new__(cls, title, bases, space)
        if len(bases) > 1:
            raise TypeError(f"{title}: a NamedTuple has no second base")
        names = tuple(name for name, _ in _annotations(space))
        defaults = {name: space[name] for name in names if name in space}
        _refuse_gap(title, names, defaults)
        if any(name.startswith("_") for name in names):
            raise TypeError(f"{title}: a field of a NamedTuple does not start with _")
        new = _of_size(len(names))
        getters = _getters(max(len(names), _MOST))  # those of most classes are the first of these
        # Fields are read by what namedtuple made for their numbers; only the names of arguments are the class's own.
        code = new.__code__.replace(co_varnames=("cls", *names), co_qualname=f"{title}.__new__")
        own: dict[str, Any] = {"_fields": names, "__match_args__": names, "_field_defaults": defaults, "__slots__": ()}
        own["__new__"] = FunctionType(code, new.__globals__, "__new__", tuple(defaults.values()))
        own["__doc__"] = f"{title}({', '.join(names)})"
        return type(title, (tuple,), own | _OF_TUPLES | space | dict(zip(names, getters)))  # noqa: B905


@cache
def _of_size(count: int) -> FunctionType:
    """Return what makes a tuple of so many arguments: compiled once a size."""
    arguments = "".join(f"f{number}, " for number in range(count))
    made: FunctionType = eval(  # noqa: S307
        f"lambda cls, {arguments}: make(cls, ({arguments}))", {"make": tuple.__new__, "__builtins__": {}}
    )
    return made


@cache
def _getters(count: int) -> list[Any]:
    """Return what reads each of so many fields of a tuple."""
    numbers = [f"f{number}" for number in range(count)]
    plain: Any = namedtuple("_Plain", numbers)  # type: ignore[misc] # noqa: PYI024
    return [vars(plain)[number] for number in numbers]


def _make(cls: Any, values: Iterable[object]) -> Any:
    made = tuple.__new__(cls, values)
    if len(made) != len(cls._fields):
        raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
    return made


def _tuple_replace(self: Any, /, **changes: object) -> Any:
    made = self._make(map(changes.pop, self._fields, self))
    if changes:
        raise ValueError(f"Got unexpected field names: {list(changes)!r}")
    return made


def _tuple_repr(self: Any) -> str:
    shown = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
    return f"{type(self).__name__}({shown})"


def _as_tuple(self: Any) -> tuple[object, ...]:
    return tuple(self)


def _as_dict(self: Any) -> dict[str, object]:
    return dict(zip(self._fields, self, strict=True))


class _NamedTuple(metaclass=_TupleType):
    __slots__ = ()


_OF_TUPLES: Final = {
    "__getnewargs__": _as_tuple,
    "__replace__": _tuple_replace,
    "__repr__": _tuple_repr,
    "_asdict": _as_dict,
    "_make": classmethod(_make),
    "_replace": _tuple_replace,
}

if not TYPE_CHECKING:
    dataclass, field, replace, NamedTuple = _dataclass, _field, _replace, _NamedTuple

__all__ = ["NamedTuple", "dataclass", "field", "replace"]
