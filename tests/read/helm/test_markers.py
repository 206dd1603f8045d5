from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opslint.read.helm.backend import Request
from opslint.read.helm.chart import LoadedChart, Part
from opslint.read.helm.markers import MARK, REMAINS, instrument, mark_text
from opslint.read.helm.strip import strip
from opslint.read.helm.templates import analyse
from opslint.read.helm.values import read_places


def marked(text, helpers=None):
    templates = analyse({"templates/a.yaml": text})
    done = instrument(templates, frozenset(templates.names if helpers is None else helpers))
    return MARK.sub("M", done.texts["templates/a.yaml"]).replace("\ue0f2", "'"), done.marks


def test_text_is_marked_before_its_first_character():
    text, marks = marked("\n\n  a: 1\n  b: 2\n{{ if .a }}\n  c: 1{{ end }}\n")
    assert text == "\n\n  Ma: 1\n  b: 2\n{{ if .a }}\n  Mc: 1{{ end }}\n"
    assert [(mark.line, mark.offset) for mark in marks] == [(3, 4), (6, 30)]


def test_printing_actions_take_their_left_dash_to_the_marker():
    assert marked("{{- .a -}}")[0] == '{{- "M"}}{{ .a -}}'
    assert marked("a: {{ .a }}b")[0] == 'Ma: {{"M"}}{{ .a }}Mb'
    assert marked('{{ template "x" . }}')[0] == '{{"M"}}{{ template "x" . }}'


def test_what_prints_nothing_stays():
    text = "{{ if .a }}{{ else if .b }}{{ end }}{{/* c */}}{{ $x := 1 }}{{ $x = 2 }}{{ range .a }}{{ break }}{{ end }}"
    assert marked(text) == (text, [])


def test_helpers_stay_and_get_a_marked_twin():
    text, _ = marked('{{- define "h" -}}\nx\n{{- end -}}\n{{ include "h" . | nindent 2 }}')
    assert text == (
        '{{- define "h" -}}\nx\n{{- end -}}{{ define "h\'" -}}\nMx\n{{- end -}}\n{{"M"}}{{ include "h\'" . | nindent 2 }}'
    )


def test_only_calls_that_are_plain_output_go_to_the_twin():
    define = '{{ define "h" }}x{{ end }}'
    consumed = (
        '{{ include "h" . | quote }}',
        '{{ include "h" . | trunc 3 }}',
        '{{ $x := include "h" . }}',
        '{{ if eq (include "h" .) "x" }}{{ end }}',
        '{{ printf "%s" (include "h" .) }}',
        '{{ include "other" (dict "a" (include "h" .)) }}',
    )
    for call in consumed:
        assert "h'\" " not in marked(define + call)[0].removeprefix(marked(define)[0]), call
    plain = (
        '{{ include "h" . }}',
        '{{ include "h" (dict "a" 1) | indent 2 | trim }}',
        '{{ template "h" . }}',
        '{{ nindent 4 (include "h" .) }}',
        "{{ include `h` $ | nindent 4 }}",
    )
    for call in plain:
        assert "h'" in marked(define + call)[0].removeprefix(marked(define)[0]), call


def test_helpers_left_out_are_called_as_they_are():
    text = '{{ define "h" }}x{{ end }}{{ include "h" . }}'
    assert marked(text, helpers=())[0] == '{{ define "h" }}x{{ end }}{{"M"}}{{ include "h" . }}'


def test_texts_that_hold_marker_characters_are_not_touched():
    assert analyse({"templates/a.yaml": "x: " + mark_text(1)}).files == {}


def test_strip_knows_which_marker_each_piece_follows():
    stripped = strip(f"{mark_text(18)}a\n  {mark_text(7)}b{mark_text(255)}c")
    assert stripped.text == "a\n  bc"
    assert list(zip(stripped.starts, stripped.numbers, strict=True)) == [(0, 18), (4, 7), (5, 255)]
    assert [stripped.index(offset) for offset in (0, 3, 4, 5)] == [0, 0, 1, 2]


def test_strip_removes_pieces_of_broken_markers():
    assert strip("a" + mark_text(1)[:-1] + "b" + mark_text(300)[1:] + "c" + mark_text(2) + "d").text == "abcd"
    assert not REMAINS.search(strip(mark_text(5)[:2] + "x").text)


# -- the property: markers change nothing
SPACE = st.sampled_from(["", " ", "\n", "\n  ", " \n\n"])
PLAIN_TEXT = st.sampled_from(["a: b", "- x", "key:", "\n", "  ", "\n  c: 1\n", "é", "#"])
DASH = st.sampled_from(["", "- "])
VALUE = st.sampled_from([".Values.a", ".Values.blank", '"x"', ".Values.m | toYaml", ".Values.a | nindent 2", "`\n y`"])


@st.composite
def action(draw, body):
    left, right = draw(DASH), draw(DASH)
    return (
        "{{" + left + " " + body + " " + right[::-1].strip() + "}}" if not right else "{{" + left + " " + body + " -}}"
    )


@st.composite
def printed(draw, values=VALUE):
    return draw(action(draw(values)))


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
    ]
)


def blocks(inner):
    @st.composite
    def block(draw):
        head = draw(
            st.sampled_from(["if .Values.a", "if .Values.no", "range .Values.l", "with .Values.m", "range .Values.e"])
        )
        opening, closing = draw(action(head)), draw(action("end"))
        middle = draw(inner)
        if draw(st.booleans()):
            middle += draw(action("else")) + draw(inner)
        return opening + middle.replace(" .Values", " $.Values").replace('" .', '" $') + closing

    return block()


def template(*leaves):
    leaf = st.one_of(PLAIN_TEXT, SPACE, *leaves)
    inner = st.recursive(
        leaf, lambda children: st.one_of(blocks(children), st.lists(children, max_size=3).map("".join)), max_leaves=6
    )
    return st.lists(inner, min_size=1, max_size=5).map("".join)


# Helpers print no blank values: `trim` around one is what the comparison with the plain text is for.
HELPER = template(printed(st.sampled_from([".Values.a", '"x"'])))


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(template(printed(), action("$x := 1"), CALLS.flatmap(action)), HELPER, HELPER)
def test_stripped_text_is_the_plain_text(engine, text, first, second):
    helpers = '{{ define "h1" }}' + first + '{{ end }}{{- define "h2" -}}' + second + "{{- end -}}"
    files = {
        "Chart.yaml": "apiVersion: v2\nname: x\nversion: 1.0.0\n",
        "values.yaml": "a: v\nblank: ''\nm: {k: 1, z: [1]}\nl: [1, 2]\ne: []\n",
        "templates/a.yaml": text,
        "templates/_h.tpl": helpers,
    }
    chart = LoadedChart("x", None, {path: data.encode() for path, data in files.items()})
    chart.part = Part("", "x", "x", read_places(files["Chart.yaml"]))
    templates = analyse({path: data for path, data in files.items() if path.startswith("templates/")})
    done = instrument(templates, frozenset(templates.names))
    plain, other = engine.render(chart, [{}, done.texts], Request("r", "n", "v1.33.0"))
    assert (plain.kind, other.kind) == ("", ""), (plain.message, other.message)
    stripped = strip(other.files["x/templates/a.yaml"])
    assert stripped.text == plain.files["x/templates/a.yaml"]
    # Nothing is printed in front of the first marker, and each marker is of one of the two files.
    assert not stripped.text[: stripped.starts[0] if stripped.starts else None].strip()
    assert all(done.marks[number].file in files for number in stripped.numbers)
