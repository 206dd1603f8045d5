"""Properties that are computed once."""

from opslint.model.cached import cached


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
