"""The fixes of Karpenter's pools: what they leave is what the API of that version takes."""

import pytest

from opslint.cli.main import main

POOL = "apiVersion: karpenter.sh/{version}\nkind: NodePool\nmetadata: {{name: a}}\nspec:\n  disruption:\n"


@pytest.mark.parametrize(
    ("version", "before", "after"),
    [
        (
            "v1",
            "    consolidationPolicy: WhenEmpty\n    consolidateAfter: Never\n",
            "    consolidationPolicy: WhenEmptyOrUnderutilized\n    consolidateAfter: 30s\n",
        ),
        # v1beta1 has consolidateAfter beside WhenEmpty only.
        (
            "v1beta1",
            "    consolidationPolicy: WhenEmpty\n    consolidateAfter: Never\n",
            "    consolidationPolicy: WhenUnderutilized\n",
        ),
        (
            "v1beta1",
            "    consolidationPolicy: WhenUnderutilized\n    consolidateAfter: Never\n",
            "    consolidationPolicy: WhenUnderutilized\n",
        ),
    ],
)
def test_consolidation_is_switched_on(tmp_path, monkeypatch, version, before, after):
    pool, head = tmp_path / "pool.yaml", POOL.format(version=version)
    pool.write_text(head + before)
    monkeypatch.chdir(tmp_path)
    main(["check", ".", "--select", "karpenter-consolidation-off", "--fix", "--unsafe-fixes"])
    assert pool.read_text() == head + after
