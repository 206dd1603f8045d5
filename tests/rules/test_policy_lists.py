"""The list that a fix of policy-skips-init-containers copies stands at the left, its lines as they were to each other."""

import textwrap

from hypothesis import given
from hypothesis import strategies as st

from opslint_rules.security.policies_init import _to_the_left


@given(
    st.lists(st.sampled_from(["- a: 1", "  b: 2", "    - c", "      # said", "", "   ", "- \tx"]), max_size=6),
    st.integers(0, 4),
)
def test_a_list_moves_to_the_left_as_dedent_moves_it(lines, deep):
    text = textwrap.indent("\n".join(lines), " " * deep)
    assert _to_the_left(text) == textwrap.dedent(text)
