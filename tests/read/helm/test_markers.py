from opslint.read.helm.markers import MARK, REMAINS, instrument, mark_text
from opslint.read.helm.strip import strip
from opslint.read.helm.templates import analyse


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
