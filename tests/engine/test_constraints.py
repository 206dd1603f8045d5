"""Version constraints of Terraform."""

import pytest

from opslint.api import is_bounded


@pytest.mark.parametrize(
    "constraint", ["~> 5.0", "~> 5.1.2", ">= 5, < 6", "< 6", "<= 5.9", "5.21.0", "= 5.21.0", "v5.1.0"]
)
def test_bounded(constraint):
    assert is_bounded(constraint)


@pytest.mark.parametrize("constraint", ["", ">= 5", "> 5.0", "~> 5", "!= 5.3.0", ">= 5.0, != 5.3.0", "*"])
def test_open(constraint):
    assert not is_bounded(constraint)
