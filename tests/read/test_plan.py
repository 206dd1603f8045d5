"""The order of reading as a whole: nothing to judge is never a pass."""

import pytest

from opslint.api import STRICT, Problem, Severity, container, rule


def test_yaml_without_any_object_is_no_pass(lint_files):
    report = lint_files({"ci.yaml": "on: push\njobs: {}\n"})
    (failure,) = report.failures
    assert failure.kind == "input"
    assert "no Kubernetes object" in failure.message


def test_a_named_file_without_an_object_is_fine(lint_files):
    report = lint_files({"values.yaml": "a: 1\n"}, paths=("values.yaml",))
    assert report.failures == ()


def test_a_dump_without_objects_is_fine_but_no_dump_is_not(lint_files):
    dump = "apiVersion: v1\nkind: List\nitems: []\n"
    assert lint_files({}, paths=("-",), stdin=dump).failures == ()
    assert [failure.kind for failure in lint_files({}, paths=("-",), stdin="\n").failures] == ["input"]


WORKER = """\
apiVersion: example.com/v1
kind: Worker
metadata: {name: queue, namespace: shop}
spec:
  template:
    metadata: {labels: {app: queue}}
    spec:
      containers: [{name: main, image: "a/b:1"}]
"""


@pytest.mark.parametrize(
    ("text", "path", "labels"),
    [
        (WORKER, "spec.template.spec", {"app": "queue"}),
        (WORKER.replace("  template:\n    metadata: {labels: {app: queue}}\n    spec:", "  pods:\n   inner:"), "spec.pods.inner", {}),
        ('resource "kubernetes_manifest" "a" {\n  manifest = yamldecode(<<-E\n' + WORKER + "E\n  )\n}\n", "spec.template.spec", {"app": "queue"}),
    ],
)  # fmt: skip
def test_the_pods_of_a_custom_kind_are_judged(lint_files, text, path, labels):
    seen = []

    @rule(each=container(), severity=Severity.LOW, preset=STRICT)
    def has_pods(item, project):
        """Sees a container."""
        seen.append((item.owner.title, item.image.text, dict(item.owner.pod_labels)))
        yield Problem("seen", item.root)

    files = {"main.tf" if text.startswith("resource") else "a.yaml": text}
    assert len(lint_files(files, [has_pods], extra_podspecs={"example.com/Worker": path}).findings) == 1
    assert seen == [("Worker/queue", "a/b:1", labels)]
    assert lint_files(files, [has_pods], extra_podspecs={"example.org/Worker": path}).findings == ()
