"""What the fixes of backup rules write, beyond the examples of their pages."""

from opslint.engine.packs import load_packs
from opslint.testing import Example, fix_mismatches

PACKS = load_packs()

VELERO = """\
apiVersion: velero.io/v1
kind: Schedule
metadata: {name: daily, namespace: velero}
spec:
  schedule: "0 2 * * *"
  template:
    includedNamespaces:
      # what the shop needs
      - shop  # the shop
%s    ttl: 720h
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: index, namespace: search}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: numbers, namespace: "42"}
"""


def mends(rule, before, after):
    example = Example(rule, "bad", {"a.yaml": before}, (rule,), fixed={"a.yaml": after})
    return list(fix_mismatches(example, PACKS))


def test_namespaces_join_the_list_of_the_schedule():
    after = VELERO % '      - search\n      - "42"\n'
    assert mends("velero-namespace-uncovered", VELERO % "", after) == []


def test_which_of_two_schedules_is_meant_is_not_told():
    other = VELERO.partition("---\n")[0].replace("daily", "weekly")
    text = f"{other % ''}---\n{VELERO % ''}"
    (said, *more) = mends("velero-namespace-uncovered", text, text)
    assert "is not expected here: namespace search is in no active Velero schedule" in said
    assert len(more) == 1
