"""Properties and functions that are computed once: not while a node is assumed, and never an exception."""

import pytest

from opslint.model.cached import assumed, cached, once


class Item:
    def __init__(self):
        self.asked = 0

    @cached
    def answer(self):
        """What it is."""
        self.asked += 1
        return self.asked


def test_it_is_computed_once_for_each_instance():
    one, other = Item(), Item()
    assert (one.answer, one.answer, one.asked, other.asked) == (1, 1, 1, 0)
    assert other.answer == 1


def test_the_class_has_its_page():
    assert Item.answer.__doc__ == "What it is."


class Holder:
    """Anything that can hold an answer."""


@pytest.fixture
def calls():
    return []


@pytest.fixture
def ask(calls):
    @once
    def ask(item):
        """What it says."""
        calls.append(item)
        if len(calls) == 1 and getattr(item, "fails", False):
            raise LookupError
        return [len(calls)]

    return ask


def test_an_answer_is_kept_for_each_item(ask, calls):
    first, second = Holder(), Holder()
    assert ask(first) is ask(first)
    assert ask(second) is not ask(first)
    assert calls == [first, second]
    assert ask.__doc__ == "What it says."


def test_an_exception_is_not_kept(ask):
    item = Holder()
    item.fails = True
    with pytest.raises(LookupError):
        ask(item)
    assert ask(item) == [2]


def test_nothing_is_kept_nor_taken_while_a_node_is_assumed(ask):
    item = Holder()
    kept = ask(item)
    assumed.append(object())
    try:
        assert ask(item) == [2]
        assert ask(item) == [3]
    finally:
        assumed.pop()
    assert ask(item) is kept


def test_a_property_is_not_kept_while_a_node_is_assumed():
    item = Item()
    assumed.append(object())
    try:
        assert (item.answer, item.answer) == (1, 2)
    finally:
        assumed.pop()
    assert (item.answer, item.answer) == (3, 3)
