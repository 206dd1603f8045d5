"""Constraints of `kubeVersion`, with the verdicts that Helm gives."""

import pytest

from opslint.model.semver import satisfies, with_prereleases

EKS = "1.34.0-eks-0"


@pytest.mark.parametrize(
    ("version", "constraint", "verdict"),
    [
        ("1.34.0", ">=1.25.0", True),
        (EKS, ">=1.25.0", False),
        (EKS, ">=1.25.0-0", True),
        (EKS, ">= 1.25-0", True),
        (EKS, "*", False),
        ("1.34.0", "*", True),
        (EKS, ">= 1.19.0-0 < 1.34.0-0", False),
        (EKS, ">=1.25.0-0, <2.0.0", True),
        ("1.33.4", "1.19 - 1.33", True),
        ("1.34.0", "1.19 - 1.33", False),
        ("1.34.0", "~1.34", True),
        ("1.35.0", "~1.34", False),
        ("1.34.0", "^1.30", True),
        ("2.0.0", "^1.30", False),
        ("0.3.1", "^0.2", False),
        ("1.34.0", "~1.33.0", False),
        ("1.34.9", "1.34.x", True),
        ("1.34.5", "<=1.34", True),
        ("1.34.5", ">1.34", False),
        ("1.35.0", ">1.34", True),
        ("1.34.0", "!=1.34.x", False),
        ("1.34.0", "=1.34.0", True),
        ("1.30.0", "<1.20 || >=1.25", True),
        ("1.2.3", "about 1.2", None),
        ("1.2.3", "", None),
    ],
)
def test_a_constraint_is_judged_as_helm_does(version, constraint, verdict):
    assert satisfies(version, constraint) is verdict


def test_bounds_get_a_prerelease_once():
    assert with_prereleases(">=1.25 <1.40.0 || >=1.50.0-0") == ">=1.25.0-0 <1.40.0-0 || >=1.50.0-0"
    assert with_prereleases("1.25.x") == "1.25.x"
