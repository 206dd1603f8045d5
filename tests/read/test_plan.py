"""The order of reading as a whole: nothing to judge is never a pass."""


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
