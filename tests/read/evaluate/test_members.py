"""Members of collections: their values at once, their places when somebody asks."""

import sys
import threading

import pytest

from opslint.read.evaluate import form
from opslint.read.evaluate.limits import deep_recursion

TEXT = """\
variable "tags" {
  default = { a = "1", b = "2" }
}

resource "aws_s3_bucket" "logs" {
  tags  = var.tags
  lists = [{ name = "x" }, { name = "y" }]
}
"""


@pytest.fixture
def bucket(read):
    return read({"main.tf": TEXT}).project.resources("aws_s3_bucket")[0]


@pytest.fixture
def looked_for(monkeypatch):
    """Return the keys of the members whose place was looked for."""
    keys = []
    before = form.descend
    monkeypatch.setattr(form, "descend", lambda origin, key: keys.append(key) or before(origin, key))
    return keys


def test_values_are_read_without_looking_for_places(bucket, looked_for):
    assert bucket.body.plain()["lists"] == [{"name": "x"}, {"name": "y"}]
    assert bucket["tags"]["b"].text == "2"
    assert looked_for == []


def test_the_place_of_a_member_is_looked_for_once_with_those_around_it(bucket, looked_for):
    name = bucket["lists"][1]["name"]
    assert (name.location.text, name.location.text) == ('"y"', '"y"')
    assert looked_for == [1, "name"]


def test_a_member_stands_where_the_collection_is_used_and_says_where_it_comes_from(bucket):
    member = bucket["tags"]["b"]
    assert member.location.text == "var.tags"
    assert [(label, place.span.line, place.text) for label, place in member.via] == [("var.tags", 2, '"2"')]


def test_a_member_whose_place_nests_too_deeply_stands_at_its_block(bucket, monkeypatch):
    def fail(*_):
        raise RecursionError

    monkeypatch.setattr(form, "descend", fail)
    member = bucket["lists"][1]["name"]
    assert (member.text, member.extent.line, member.via) == ("y", 5, ())


def test_room_on_the_stack_is_given_back_at_the_end_of_the_outermost():
    before = sys.getrecursionlimit()
    with deep_recursion():
        high = sys.getrecursionlimit()
        with pytest.raises(KeyError), deep_recursion():
            raise KeyError
        assert (sys.getrecursionlimit(), high > before) == (high, True)
    assert sys.getrecursionlimit() == before


def test_room_on_the_stack_is_given_back_when_the_last_thread_is_done():
    before, seen, inside = sys.getrecursionlimit(), [], threading.Barrier(2)

    def work(longer):
        with deep_recursion():
            inside.wait()
            if longer:
                first.join()
                seen.append(sys.getrecursionlimit())

    first, second = (threading.Thread(target=work, args=(longer,)) for longer in (False, True))
    first.start()
    second.start()
    second.join()
    assert (seen[0] > before, sys.getrecursionlimit()) == (True, before)
