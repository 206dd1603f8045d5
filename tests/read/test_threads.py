"""Work in threads: the order of what is returned, errors, and the end."""

import threading

import pytest

from opslint.read.threads import in_threads


def test_results_have_the_order_of_the_items_whoever_is_first():
    second = threading.Event()

    def first(item):
        if item == 0:
            assert second.wait(10)  # so another worker took the next meanwhile
        else:
            second.set()
        return item * 10

    told = []
    assert in_threads([first, first], range(5), told.append) == [0, 10, 20, 30, 40]
    assert told == [1, 2, 3, 4, 5]


def test_each_worker_has_one_item_at_a_time():
    busy = threading.Lock()

    def alone(item):
        assert busy.acquire(blocking=False)
        try:
            return item
        finally:
            busy.release()

    assert in_threads([alone], range(50), lambda _: None) == list(range(50))


def test_what_a_worker_raises_is_raised_and_nothing_more_is_begun():
    begun = []

    def fail(item):
        begun.append(item)
        raise RuntimeError("broken")

    with pytest.raises(RuntimeError, match="broken"):
        in_threads([fail], range(9), lambda _: None)
    assert begun == [0]


def test_an_end_from_outside_is_not_held_up_by_what_is_under_way():
    hold = threading.Event()

    def work(item):
        if item:
            hold.wait(60)
        return item

    def stop(_done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        in_threads([work, work], range(9), stop)
    assert not hold.is_set()
    hold.set()
