"""Which values file supplied an imported value."""

import pytest

from opslint.model.source import Span

IMPORTS = """\
dependencies:
  - name: sub
    alias: other
    version: 1.0.0
    import-values:
      - data
      - {child: default.data, parent: my.imports}
      - {child: flat, parent: .}
"""
FILES = {
    "Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\n" + IMPORTS,
    "values.yaml": "both: 2\nmy:\n  imports:\n    top: 2\nother:\n  exports: {data: {passed: 2}}\n",
    "values-prod.yaml": "user: 3\nother:\n  default:\n    data:\n      late: 3\n",
    "charts/sub/Chart.yaml": "apiVersion: v2\nname: sub\nversion: 1.0.0\n",
    "charts/sub/values.yaml": (
        "exports:\n  data:\n    own: 1\n    both: 1\n    user: 1\n    passed: 1\n"
        "default:\n  data:\n    deep: 1\n    top: 1\n    late: 1\n"
        "flat:\n  here: 1\n"
    ),
}
SUB, TOP, PROD = "x/charts/sub/values.yaml", "x/values.yaml", "x/values-prod.yaml"


@pytest.mark.parametrize(
    ("key", "text", "path", "line"),
    [
        ("own", "1", SUB, 3),
        ("both", "2", TOP, 1),
        ("user", "3", PROD, 1),
        ("passed", "2", TOP, 6),
        ("my.imports.deep", "1", SUB, 9),
        ("my.imports.top", "2", TOP, 4),
        ("my.imports.late", "1", SUB, 11),
        ("here", "1", SUB, 13),
    ],
)
def test_imported_values_are_found_where_they_are_written(render, key, text, path, line):
    (source,) = render(FILES | {"templates/a.yaml": f"a: {{{{ .Values.{key} }}}}\n"}).sources
    assert source.text == f"a: {text}\n"
    origin = source.origin.locate(Span(1, 4, 1, 5))
    assert (origin.editable.source.path, origin.editable.span.line) == (path, line)
    assert [label for label, _ in origin.related] == [f"values key {key}"]


def test_imports_are_taken_before_the_command_line_is_looked_at(render):
    files = FILES | {"templates/a.yaml": "a: {{ .Values.own }}\nb: {{ .Values.both }}\n"}
    (source,) = render(files, helm_set=(("", "other.exports.data.own=7,both=8"),)).sources
    assert source.text == "a: 1\nb: 8\n"
    assert source.origin.locate(Span(1, 4, 1, 5)).editable.span.line == 3
    assert source.origin.locate(Span(2, 4, 2, 5)).related == ()
