"""Generated templates: without their markers they print what they print plainly, and every text leads to its line."""

import re
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opslint.model.source import Confidence
from opslint.read.helm.backend import Request
from opslint.read.helm.chart import LoadedChart, Part
from opslint.read.helm.engine import render_release
from opslint.read.helm.markers import instrument
from opslint.read.helm.releases import Release
from opslint.read.helm.strip import strip
from opslint.read.helm.templates import analyse
from opslint.read.helm.values import read_places

CHART_YAML = "apiVersion: v2\nname: x\nversion: 1.0.0\n"
VALUES = "a: v\nblank: ''\nm: {k: 1, z: [1]}\nl: [1, 2]\ne: []\nt: '{{ .Values.a }}'\n"
PAGE = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

SPACE = st.sampled_from(["", " ", "\n", "\n  ", " \n\n", "\r\n", "\t"])
PLAIN_TEXT = st.sampled_from(["a: b", "- x", "key:", "\n", "  ", "\n  c: 1\n", "é", "#", "}}", "{ { ", '"', "\n---\n"])
COMMENT = st.sampled_from(["{{/* a }} */}}", "{{- /* b\n */ -}}", "{{/*\n{{ .Values.a }}\n*/ -}}"])
DASH = st.sampled_from(["", "- "])
VALUE = st.sampled_from(
    [
        ".Values.a",
        ".Values.blank",
        '"x"',
        '"}}"',
        "`{{`",
        "'x'",
        ".Values.m | toYaml",
        ".Values.a | nindent 2",
        "`\n y`",
        "tpl .Values.t .",
        'printf "%s-%s" .Values.a "\\"}}"',
        "index .Values.l 0",
        '.Values.none | default "d"',
        "$.Values.a",
        '(dict "k" .Values.a).k',
    ]
)
CALLS = st.sampled_from(
    [
        'include "h1" .',
        'include "h2" . | nindent 2',
        'include "h1" . | quote',
        'template "h2" .',
        'include "h1" . | indent 3',
        'include "h2" . | trim',
        'include "h2" . | upper',
        'nindent 1 (include "h1" .)',
        'eq (include "h1" .) "a: b"',
        'include "h1" . | trunc 3',
        'include "h2" . | b64enc | b64dec',
        'printf "%s" (include "h1" .)',
        'include (print "h" 1) .',
        'tpl (include "h1" .) .',
    ]
)
HEADS = (
    "if .Values.a",
    "if .Values.no",
    "if and .Values.a (not .Values.no)",
    'if eq (include "h1" .) "x"',
    "range .Values.l",
    "range $i, $v := .Values.l",
    "with .Values.m",
    "with $x := .Values.a",
    "range .Values.e",
)
ELSES = ("else", "else if .Values.a", "else if .Values.no")


@st.composite
def action(draw, body):
    left, right = draw(DASH), draw(st.sampled_from([" ", " -"]))
    return "{{" + left + " " + body + right + "}}"


@st.composite
def printed(draw, values=VALUE):
    return draw(action(draw(values)))


def blocks(inner, heads):
    @st.composite
    def block(draw):
        head = draw(st.sampled_from(heads))
        opening, closing = draw(action(head)), draw(action("end"))
        middle = draw(inner)
        if draw(st.booleans()):
            word = draw(st.sampled_from(ELSES)) if head.startswith("if") else "else"
            middle += draw(action(word)) + draw(inner)
        # Within `range` and `with` the dot is another.
        middle = re.sub(r"(?<![\w$)])\.Values", "$.Values", middle)
        middle = re.sub(r"(include|template) (\S+|\(.*?\)) \.", r"\1 \2 $", middle)
        return opening + re.sub(r"(tpl .*?) \.( -?}})", r"\1 $\2", middle) + closing

    return block()


def template(*leaves, heads=HEADS):
    inner = st.recursive(
        st.one_of(*leaves),
        lambda children: st.one_of(blocks(children, heads), st.lists(children, max_size=3).map("".join)),
        max_leaves=6,
    )
    return st.lists(inner, min_size=1, max_size=5).map("".join)


# Helpers print no blank values: `trim` around one is what the comparison with the plain text is for.
HELPER = template(PLAIN_TEXT, SPACE, COMMENT, printed(st.sampled_from([".Values.a", '"x"'])), heads=HEADS[:3])
BODY = template(PLAIN_TEXT, SPACE, COMMENT, printed(), action("$y := 1"), CALLS.flatmap(action))


def chart_of(text, helpers):
    files = {
        "Chart.yaml": CHART_YAML,
        "values.yaml": VALUES,
        "templates/a.yaml": text,
        "templates/_h.tpl": helpers,
    }
    chart = LoadedChart("x", Path(), {path: data.encode() for path, data in files.items()})
    chart.part = Part("", "x", "x", read_places(CHART_YAML))
    return chart


@PAGE
@given(BODY, HELPER, HELPER)
def test_stripped_text_is_the_plain_text(engine, text, first, second):
    helpers = '{{ define "h1" }}' + first + '{{ end }}{{- define "h2" -}}' + second + "{{- end -}}"
    chart = chart_of(text, helpers)
    templates = analyse({"templates/a.yaml": text, "templates/_h.tpl": helpers})
    done = instrument(templates, frozenset(templates.names))
    plain, other = engine.render(chart, [{}, done.texts], Request("r", "n", "v1.33.0"))
    assert (plain.kind, other.kind) == ("", ""), (plain.message, other.message)
    stripped = strip(other.files["x/templates/a.yaml"])
    assert stripped.text == plain.files["x/templates/a.yaml"]
    # Nothing is printed in front of the first marker, and each marker is of one of the two files.
    assert not stripped.text[: stripped.starts[0] if stripped.starts else None].strip()
    assert all(done.marks[number].file in chart.files for number in stripped.numbers)


# -- every text leads to its own line
WORD = re.compile(r"w\d+w")
TEXT = st.sampled_from(["\n@: 1", " @", "\n\n  - @\n", "@", "\n# @ é"])
PLAIN_CALLS = ('include "h1" .', 'include "h2" . | nindent 2', 'template "h2" .', 'nindent 1 (include "h1" .)')
QUIET = st.sampled_from([".Values.a", "`\n y`", ".Values.m | toYaml | nindent 4"])
WORDS = template(TEXT, SPACE, COMMENT, printed(QUIET), st.sampled_from(PLAIN_CALLS).flatmap(action))
HELPER_WORDS = template(TEXT, SPACE, COMMENT, printed(QUIET), heads=HEADS[:3])


def numbered(text, start):
    """Put a word of its own for each @."""
    parts = text.split("@")
    return "".join(f"w{start + at}w{part}" if at else part for at, part in enumerate(parts)), start + len(parts)


def line_of(text, word):
    return text[: text.index(word)].count("\n") + 1


@PAGE
@given(WORDS, HELPER_WORDS, HELPER_WORDS)
def test_every_word_leads_to_its_own_line(engine, text, first, second):
    helpers = '{{ define "h1" }}' + first + '{{ end }}{{- define "h2" -}}' + second + "{{- end -}}"
    text, count = numbered(text, 0)
    helpers, _ = numbered(helpers, count)
    result = render_release(engine, chart_of(text, helpers), Release("r"), 33, [])
    assert (result.failures, result.notices, result.rounds) == ([], [], 1)
    for source in result.sources:
        for match in WORD.finditer(source.text):
            origin = source.origin.locate(source.span(*match.span()))
            path, home = ("x/templates/a.yaml", text) if match[0] in text else ("x/templates/_h.tpl", helpers)
            place = (origin.location.source.path, origin.location.span.line)
            assert place == (path, line_of(home, match[0])), (match[0], source.text)
            assert origin.confidence is Confidence.EXACT
