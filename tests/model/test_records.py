"""Records behave as dataclasses and named tuples do, class by class beside the originals."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import sys
import typing

import pytest

from opslint.model import records


def make_class(made, field, **options):
    @made(**options)
    class Part:
        """A part."""

        name: str
        number: int = 3
        items: list[str] = field(default_factory=list)
        seen: list[int] = field(default_factory=list, init=False, repr=False)

        def doubled(self):
            return self.number * 2

    return Part


NO_ARGUMENT = {"default_factory": list, "init": False, "repr": False}
PLAIN = [
    {"slots": True},
    {"slots": True, "eq": False},
    {"frozen": True, "slots": True},
    {"slots": True, "frozen": True},
]


@pytest.mark.parametrize("options", PLAIN, ids=str)
def test_a_record_is_made_shown_and_compared_as_a_dataclass(options):
    ours, theirs = (make_class(one.dataclass, one.field, **options) for one in (records, dataclasses))
    for cls in (ours, theirs):
        assert cls.__doc__ == "A part."
        assert cls.__match_args__ == ("name", "number", "items")
        one = cls("a", items=["x"])
        assert (one.name, one.number, one.items, one.seen, one.doubled()) == ("a", 3, ["x"], [], 6)
        assert repr(one).endswith("Part(name='a', number=3, items=['x'])")
        assert (one == cls("a", 3, ["x"])) is options.get("eq", True)
        assert one != cls("b", 3, ["x"])
        assert one != ("a", 3, ["x"], [])
        assert not hasattr(one, "__dict__")
        assert cls("a").items is not cls("a").items


@pytest.mark.parametrize("one", [records, dataclasses])
def test_a_record_without_slots_keeps_its_own_attributes(one):
    @one.dataclass(eq=False)
    class Open:
        name: str
        found: dict[str, int] = one.field(default_factory=dict)

    first = Open(name="a")
    first.found["x"] = 1
    first.more = 2
    assert (Open("b").found, first.more) == ({}, 2)
    assert not hasattr(Open, "found")
    assert repr(first).endswith("Open(name='a', found={'x': 1})")


@pytest.mark.parametrize("one", [records, dataclasses])
def test_what_is_frozen_cannot_be_changed_and_hashes_by_value(one):
    cls = one.dataclass(frozen=True, slots=True)(type("Point", (), {"__annotations__": {"x": "int", "y": "int"}}))
    point = cls(1, 2)
    with pytest.raises(AttributeError):
        point.x = 3
    with pytest.raises(AttributeError):
        del point.x
    assert {point: "here"}[cls(1, 2)] == "here"


@pytest.mark.parametrize("one", [records, dataclasses])
def test_what_compares_by_value_and_can_change_has_no_hash(one):
    cls = one.dataclass(slots=True)(type("Point", (), {"__annotations__": {"x": "int"}}))
    with pytest.raises(TypeError):
        hash(cls(1))


@pytest.mark.parametrize("one", [records, dataclasses])
@pytest.mark.parametrize(
    ("given", "named"),
    [
        ((), {}),
        (("a", 1, [], [], 5), {}),
        (("a",), {"name": "b"}),
        (("a",), {"other": 1}),
        (("a", 1, []), {"seen": []}),
        (("a", 1, [], []), {}),
    ],
)
def test_arguments_that_do_not_fit_are_refused(one, given, named):
    with pytest.raises(TypeError):
        make_class(one.dataclass, one.field, slots=True)(*given, **named)


@pytest.mark.parametrize("one", [records, dataclasses])
def test_replace_copies_all_arguments_and_nothing_else(one):
    cls = make_class(one.dataclass, one.field, frozen=True, slots=True)
    first = cls("a", 1, ["x"])
    first.seen.append(7)
    second = one.replace(first, name="b")
    assert (second.name, second.number, second.items, second.seen) == ("b", 1, ["x"], [])
    with pytest.raises(TypeError):
        one.replace(first, other=1)


@pytest.mark.parametrize("one", [records, dataclasses])
def test_a_method_of_the_class_wins(one):
    @one.dataclass(slots=True)
    class Loud:
        name: str

        def __repr__(self):
            return "LOUD"

        def __eq__(self, other):
            return True

        __hash__ = None

    assert repr(Loud("a")) == "LOUD"
    assert Loud("a") == 5


def test_a_record_that_holds_itself_can_be_shown():
    @records.dataclass(slots=True, eq=False)
    class Ring:
        to: object = None

    ring = Ring()
    ring.to = ring
    assert repr(ring).endswith("Ring(to=...)")


def body(*names, **space):
    return {"__annotations__": dict.fromkeys(names, "str"), "__module__": __name__, "__qualname__": "Part"} | space


@pytest.mark.parametrize(
    ("space", "said"),
    [
        (body("name", __post_init__=lambda self: None), "__post_init__"),
        (body("name", name=[]), "default_factory"),
        (body("name", "number", name="a"), "without a default"),
        (body(), "needs fields"),
        (body("name") | {"__annotations__": {"name": str}}, "from __future__"),
    ],
)
def test_a_class_that_would_be_another_than_a_dataclass_is_refused(space, said):
    with pytest.raises(TypeError, match=said):
        records.dataclass(type("Part", (), space))


def test_fields_of_a_base_class_are_refused():
    base = records.dataclass(type("Base", (), body("name")))
    with pytest.raises(TypeError, match="base class"):
        records.dataclass(type("Part", (base,), body("number")))


def test_a_field_that_is_no_argument_may_stand_before_one_without_a_default():
    cls = records.dataclass(type("Part", (), body("seen", "name", seen=records.field(**NO_ARGUMENT))), slots=True)
    assert (cls("a").name, cls("a").seen) == ("a", [])


@pytest.mark.parametrize(
    ("bases", "space", "said"),
    [
        ((records.NamedTuple,), body("name", "number", name="a"), "without a default"),
        ((records.NamedTuple,), body(), "needs fields"),
        ((records.NamedTuple,), body("_name"), "start with _"),
        ((records.NamedTuple, typing.Generic), body("name"), "second base"),
    ],
)
def test_a_class_that_would_be_another_than_a_named_tuple_is_refused(bases, space, said):
    with pytest.raises(TypeError, match=said):
        type(records.NamedTuple)("Part", bases, space)


def test_only_what_is_known_may_be_asked_of_a_field():
    with pytest.raises(TypeError):
        records.field(default_factory=list, init=False)
    with pytest.raises(TypeError):
        records.field(default=1)


class Ours(records.NamedTuple):
    """A pair."""

    left: str
    right: typing.Sequence[str] = ()

    @property
    def size(self):
        return len(self.left) + len(self.right)

    @classmethod
    def empty(cls):
        return cls("")

    def __str__(self):
        return self.left


class Theirs(typing.NamedTuple):
    """A pair."""

    left: str
    right: typing.Sequence[str] = ()

    @property
    def size(self):
        return len(self.left) + len(self.right)

    @classmethod
    def empty(cls):
        return cls("")

    def __str__(self):
        return self.left


@pytest.mark.parametrize("cls", [Ours, Theirs])
def test_a_named_tuple_is_as_that_of_typing(cls):
    one = cls("ab", right="c")
    assert one == ("ab", "c")
    assert (cls._fields, cls._field_defaults, cls.__match_args__) == (("left", "right"), {"right": ()}, cls._fields)
    assert (one.size, str(one), cls.empty(), one._replace(left="x")) == (3, "ab", ("", ()), ("x", "c"))
    assert repr(one) == f"{cls.__name__}(left='ab', right='c')"
    assert (cls.__doc__, cls.__module__, cls.__mro__[1:]) == ("A pair.", __name__, (tuple, object))
    assert set(cls.__annotations__) == {"left", "right"}
    assert (one._asdict(), copy.copy(one), pickle.loads(pickle.dumps(one))) == ({"left": "ab", "right": "c"}, one, one)
    assert type(pickle.loads(pickle.dumps(one))) is cls
    assert cls._make(["a", "b"]) == ("a", "b")
    for values in (["a"], ["a", "b", "c"]):
        with pytest.raises(TypeError, match="Expected 2 arguments"):
            cls._make(values)
    unexpected = TypeError if cls is Theirs and sys.version_info >= (3, 13) else ValueError
    with pytest.raises(unexpected, match="middle"):
        one._replace(middle="x")
    with pytest.raises(AttributeError):
        one.left = "y"
    with pytest.raises(TypeError, match=rf"{cls.__name__}.__new__\(\) missing .* 'left'"):
        cls()
    with pytest.raises(TypeError, match="middle"):
        cls("a", middle="b")


def test_named_tuples_of_one_size_keep_their_own_names():
    class Other(records.NamedTuple):
        first: str
        second: str = "-"

        def __repr__(self):
            return "other"

    assert (Other("a").first, Other(first="a").second, repr(Other("a"))) == ("a", "-", "other")
    assert not hasattr(Other("a"), "left")
    assert Other.__doc__ == "Other(first, second)"
