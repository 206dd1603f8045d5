"""Which service accounts a trust policy lets in."""

import json

import pytest

from opslint.engine.trust import Trust, trusts_of
from opslint.model.settings import Settings
from opslint.read.plan import read_project

ISSUER = "oidc.eks.us-east-1.amazonaws.com/id/A"
PRINCIPAL = {"Federated": f"arn:aws:iam::123456789012:oidc-provider/{ISSUER}"}


def statement(**changes):
    return {"Effect": "Allow", "Action": "sts:AssumeRoleWithWebIdentity", "Principal": PRINCIPAL, **changes}


@pytest.fixture
def trusts(tmp_path):
    def read(text):
        (tmp_path / "main.tf").write_text(
            f'variable "free" {{}}\nresource "aws_iam_role" "r" {{\nassume_role_policy = {text}\n}}\n', encoding="utf-8"
        )
        project = read_project([str(tmp_path)], Settings(root=str(tmp_path))).project
        (role,) = project.resources("aws_iam_role")
        return trusts_of(role)

    return read


def policy(*statements):
    return f"<<EOT\n{json.dumps({'Statement': list(statements)})}\nEOT"


@pytest.mark.parametrize(
    ("operator", "value", "admitted"),
    [
        ("StringEquals", "system:serviceaccount:shop:api", True),
        ("StringEquals", ["system:serviceaccount:shop:web", "system:serviceaccount:shop:api"], True),
        ("StringEquals", "system:serviceaccount:shop:*", False),
        ("StringLike", "system:serviceaccount:shop:*", True),
        ("StringLike", "system:serviceaccount:shop:ap?", True),
        ("ForAnyValue:StringLike", "system:serviceaccount:*:api", True),
        ("StringEqualsIfExists", "system:serviceaccount:shop:web", False),
        ("StringLike", "system:serviceaccount:web:*", False),
    ],
)
def test_conditions_on_the_subject(trusts, operator, value, admitted):
    (trust,) = trusts(policy(statement(Condition={operator: {f"{ISSUER}:sub": value}})))
    assert trust.admits("system:serviceaccount:shop:api") is admitted
    assert not trust.open


@pytest.mark.parametrize(
    "changes",
    [
        {"Effect": "Deny"},
        {"Effect": ["Allow"]},
        {"Effect": {}},
        {"Action": "sts:AssumeRole"},
        {"Principal": {"Service": "ec2.amazonaws.com"}},
        {"Principal": {"Federated": "arn:aws:iam::123456789012:oidc-provider/token.actions.githubusercontent.com"}},
    ],
)
def test_statements_for_others_do_not_count(trusts, changes):
    assert trusts(policy(statement(**changes))) == []


@pytest.mark.parametrize(
    "condition",
    [
        {"StringNotEquals": {f"{ISSUER}:sub": "system:serviceaccount:shop:web"}},
        {"StringEquals": {"*": "system:serviceaccount:shop:web"}},
    ],
)
def test_a_condition_that_cannot_be_told_makes_the_whole_policy_unknown(trusts, condition):
    assert trusts(policy(statement(), statement(Condition=condition))) == []


def test_no_condition_on_the_subject_is_open(trusts):
    (trust,) = trusts(policy(statement(Condition={"StringEquals": {f"{ISSUER}:aud": "sts.amazonaws.com"}})))
    assert trust == Trust((), (), open=True)
    assert trust.any_account(()) == "its trust policy has no condition on the subject"


def test_a_wildcard_for_everything_is_said_unless_it_is_allowed():
    trust = Trust((), ("system:serviceaccount:*:*",), open=False)
    assert "system:serviceaccount:*:*" in trust.any_account(())
    assert trust.any_account(("system:*",)) == ""
    assert Trust((), ("system:serviceaccount:shop:*",), open=False).any_account(()) == ""


def test_many_wildcards_do_not_backtrack():
    assert not Trust((), ("*a" * 40 + "z",), open=False).admits("a" * 80)


def test_unknown_pieces_fit_everything(trusts):
    subject = "system:serviceaccount:${var.free}:api"
    (trust,) = trusts(policy(statement(Condition={"StringEquals": {f"{ISSUER}:sub": subject}})))
    assert trust.admits("system:serviceaccount:shop:api")
    assert not trust.admits("system:serviceaccount:shop:web")


@pytest.mark.parametrize("text", ["var.free", '"no JSON"', '"[]"', "null"])
def test_what_is_no_policy_has_no_statements(trusts, text):
    assert trusts(text) == []
