"""What happens when rendering fails, or when markers change it."""

import pytest

from opslint.model.source import Confidence, Span


def at(source, number):
    text = source.text.splitlines()[number - 1]
    start = len(text) - len(text.lstrip()) + 1
    origin = source.origin.locate(Span(number, start, number, len(text) + 1))
    return origin.location.source.path, origin.location.span.line, origin.confidence


@pytest.mark.parametrize(
    ("template", "line", "words"),
    [
        ("a: 1\nb: {{ .Values.b.c }}\n", 2, "nil pointer evaluating"),
        ('a: 1\n\nb: {{ required "need b" .Values.b }}\n', 3, "need b"),
        ('{{ fail "no way" }}\n', 1, "no way"),
        ('a: 1\n{{ include "gone" . }}\n', 2, 'no template "gone"'),
        ("a: 1\nb: {{ nofunction 1 }}\n", 2, 'function "nofunction" not defined'),
        ("a: 1\nb: {{ if }}\n", 2, "missing value for if"),
        ('a: 1\nb: {{ tpl "{{ .Values.q.r }}" . }}\n', 2, "nil pointer evaluating"),
    ],
)
def test_errors_stand_at_the_template_line(render, template, line, words):
    (failure,) = render({"templates/a.yaml": template}).failures
    assert (failure.path, failure.line, failure.kind) == ("x/templates/a.yaml", line, "chart")
    assert words in failure.message
    assert "\n" not in failure.message


def test_missing_value_names_what_helps(render):
    files = {"templates/a.yaml": 'a: {{ required "need a" .Values.a.b }}\n', "ci/bad-values.yaml": "c: 1\n"}
    (failure,) = render(files | {"values.yaml": "a: {}\n"}, helm_values=(("", "values.yaml"),)).failures
    assert "--helm-set a.b=…" in failure.message
    assert "--helm-values FILE" in failure.message
    assert "ci/bad-values.yaml" in failure.message


def test_error_in_a_subchart_stands_there(render):
    files = {
        "charts/db/Chart.yaml": "name: db\nversion: 1.0.0\napiVersion: v2\n",
        "charts/db/templates/b.yaml": '\n{{ fail "x" }}',
    }
    (failure,) = render(files).failures
    assert (failure.path, failure.line) == ("x/charts/db/templates/b.yaml", 2)


def test_values_errors_stand_at_the_values(render):
    (failure,) = render({"values.yaml": "a: 1\nb: [\n", "templates/a.yaml": "a: 1\n"}).failures
    assert failure.path == "x/values.yaml"
    assert failure.line in {2, 3}
    schema = '{"required": ["zone"]}'
    (failure,) = render({"values.yaml": "a: 1\n", "values.schema.json": schema, "values-prod.yaml": "b: 1\n"}).failures
    assert failure.path == "x/values-prod.yaml"
    assert "zone" in failure.message


def test_markers_that_change_the_output_cost_only_their_helper(render):
    """`trim` sees a marker that prints nothing: the helper is left out, others keep their lines."""
    files = {
        "templates/_h.tpl": (
            '{{ define "blank" }}\n\n{{ "" }}\nkey: 1\nother: 2\n{{ end }}\n{{ define "good" }}\ngood: 1\n{{ end }}'
        ),
        "templates/a.yaml": 'a:\n  {{- include "blank" . | trim | nindent 2 }}\nb:\n  {{- include "good" . | nindent 2 }}\nc: 1\n',
    }
    result = render(files)
    assert result.rounds == 2
    (source,) = result.sources
    assert source.text.splitlines()[:3] == ["a:", "  key: 1", "  other: 2"]
    assert at(source, 2) == ("x/templates/a.yaml", 2, Confidence.BLOCK)
    good = source.text.splitlines().index("  good: 1") + 1
    assert at(source, good) == ("x/templates/_h.tpl", 8, Confidence.EXACT)
    assert at(source, len(source.text.splitlines())) == ("x/templates/a.yaml", 5, Confidence.EXACT)


def test_what_was_learned_serves_the_next_release(write, engine):
    from opslint.read.helm.chart import load_chart
    from opslint.read.helm.engine import render_release
    from opslint.read.helm.releases import Release

    root = write(
        {
            "x/Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\n",
            "x/templates/a.yaml": '{{ define "h" }}\n\n{{ "" }}\nkey: 1\n{{ end }}\na:\n  {{- include "h" . | trim | nindent 2 }}\n',
        }
    )
    chart = load_chart(root, "x")
    assert [render_release(engine, chart, Release("r"), 33, []).rounds for _ in range(2)] == [2, 1]


def test_random_values_keep_the_lines(render):
    text = 'a: 1\npassword: {{ randAlphaNum 20 }}\nsum: {{ include "x/templates/b.yaml" . | sha256sum }}\nb: 2\n'
    result = render({"templates/a.yaml": text, "templates/b.yaml": "b: 1\n"})
    assert result.rounds == 1
    source = next(source for source in result.sources if source.path.endswith("a.yaml"))
    assert [at(source, line) for line in range(1, 5)] == [
        ("x/templates/a.yaml", 1, Confidence.EXACT),
        ("x/templates/a.yaml", 2, Confidence.LINE),
        ("x/templates/a.yaml", 3, Confidence.LINE),
        ("x/templates/a.yaml", 4, Confidence.EXACT),
    ]


def test_output_that_depends_on_its_own_length_is_aligned(render):
    """A random number of lines: what the two renderings share keeps its place, the rest the line before it."""
    text = "a: 1\n{{- range until (randInt 20 4000 | int) }}\nx{{ . }}-{{ randAlpha 4 }}: 1\n{{- end }}\nb: 2\nc: 3\n"
    result = render({"templates/a.yaml": text})
    (source,) = result.sources
    lines = source.text.splitlines()
    assert at(source, 1) == ("x/templates/a.yaml", 1, Confidence.EXACT)
    assert at(source, len(lines)) == ("x/templates/a.yaml", 6, Confidence.EXACT)
    path, _, confidence = at(source, 5)
    assert path == "x/templates/a.yaml"
    assert confidence in {Confidence.BLOCK, Confidence.EXACT}


def test_values_with_marker_characters_cost_the_lines_of_their_template_only(render):
    forged = "\ue0f0\ue10f\ue10f\ue10f\ue10f\ue10f\ue0f1"
    files = {
        "values.yaml": f'a: "{forged}"\n',
        "templates/a.yaml": "b: 1\na: {{ .Values.a }}\n",
        "templates/b.yaml": "b: 1\nc: 2\n",
    }
    first, second = render(files).sources
    assert at(first, 2) == ("x/templates/a.yaml", 1, Confidence.FILE)
    assert at(second, 2) == ("x/templates/b.yaml", 2, Confidence.EXACT)


def test_windows_line_ends_and_byte_order_marks(render):
    files = {"templates/a.yaml": b"\xef\xbb\xbfa: 1\r\nb: {{ .Values.b }}\r\n", "values.yaml": b"\xef\xbb\xbfb: 2\r\n"}
    (source,) = render(files).sources
    assert at(source, 2) == ("x/templates/a.yaml", 2, Confidence.EXACT)
    assert source.origin.locate(Span(2, 4, 2, 5)).editable.text == "2"


def test_templates_that_are_no_text_are_not_in_the_way(render):
    result = render({"templates/a.yaml": "a: 1\n", "templates/logo.bin": b"\xff\xfe\x00"})
    assert [failure.message for failure in result.failures] == []
    assert at(result.sources[0], 1)[:2] == ("x/templates/a.yaml", 1)


def test_notes_and_empty_templates_are_dropped(render):
    files = {
        "templates/NOTES.txt": "hello",
        "templates/a.yaml": "{{ if .Values.no }}\na: 1\n{{ end }}",
        "templates/_h.tpl": "",
    }
    result = render(files)
    assert result.sources == []
    assert result.branches_unrendered == 1


def test_values_layers(render):
    files = {
        "values.yaml": "a: {b: 1, c: 2}\nl: [1, 2]\n",
        "values-prod.yaml": "a:\n  b: 3\nl: [9]\n",
        "templates/a.yaml": "b: {{ .Values.a.b }}\nc: {{ .Values.a.c }}\nl: {{ index .Values.l 0 }}\ns: {{ .Values.s }}\n",
    }
    result = render(files, helm_set=(("x", "s=5,t=6"), ("other", "s=7")))
    (source,) = result.sources
    assert source.text == "b: 3\nc: 2\nl: 9\ns: 5\n"
    found = [source.origin.locate(Span(line, 4, line, 5)).editable for line in range(1, 5)]
    assert [(one.source.path, one.span.line) if one else None for one in found] == [
        ("x/values-prod.yaml", 2),
        ("x/values.yaml", 1),
        ("x/values-prod.yaml", 3),
        None,  # given on the command line
    ]


def test_a_template_that_helm_quotes_is_cut_short(render):
    files = {
        "values.yaml": f"t: '{'word ' * 400}{{{{ .Values.q.r }}}} \"end\"'\n",
        "templates/a.yaml": "a: {{ tpl .Values.t . }}\n",
    }
    (failure,) = render(files).failures
    assert (failure.path, failure.line) == ("x/templates/a.yaml", 1)
    assert "nil pointer evaluating" in failure.message
    assert "word …" in failure.message
    assert len(failure.message) < 500
