"""What a text shows that something fills in before it is applied."""

import pytest

from opslint.model.patterns import has_placeholder


@pytest.mark.parametrize(
    "text",
    [
        "${ROLE_ARN}",
        "velero-${cluster_name}",
        "$SECRET_NAME",
        "$(ACCOUNT)",
        "arn:aws:iam::<ACCOUNT_ID>:role/web",
        "<your role>",
        "arn:aws:iam::xxxxxxxxxxxx:role/web",
        "arn:aws:iam::ACCOUNT_ID:role/web",
        "{{ .Values.role }}",
        "%ROLE_ARN%",
    ],
)
def test_it_is_one(text):
    assert has_placeholder(text)


@pytest.mark.parametrize(
    "text",
    ["", "shop/prod/db", "arn:aws:iam::123456789012:role/web", "cost-$5", "a < b > c", "5% of 10%", "xxxx-large"],
)
def test_it_is_none(text):
    assert not has_placeholder(text)
