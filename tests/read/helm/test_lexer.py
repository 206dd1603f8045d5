from hypothesis import given, settings
from hypothesis import strategies as st

from opslint.read.helm.lexer import lex


def parts(text):
    return [text[token.start : token.end] for token in lex(text)]


def test_text_and_actions():
    assert parts("a{{ b }}c\n{{- d -}}\n") == ["a", "{{ b }}", "c\n", "{{- d -}}", "\n"]


def test_closing_braces_in_strings_do_not_end_an_action():
    for text in ('{{ "}}" }}', "{{ `}}` }}", "{{ '}' }}", '{{ "\\"}}" }}', '{{ dict "a" "{{" }}'):
        assert parts(text) == [text]


def test_comments_may_hold_anything():
    text = "{{/* it's \"}} */}}x{{- /* y */ -}}z"
    assert parts(text) == ["{{/* it's \"}} */}}", "x", "{{- /* y */ -}}", "z"]
    assert [token.word for token in lex(text)] == ["comment", "text", "comment", "text"]


def test_trim_dashes_need_white_space():
    left, right, number = lex("{{- a }}{{ a -}}{{-1}}")
    assert (left.left, left.right) == (True, False)
    assert (right.left, right.right) == (False, True)
    assert (number.left, number.body) == (False, "-1")


def test_words_and_names():
    text = (
        '{{ if a }}{{ else if b }}{{ end }}{{ range a }}{{ end }}{{ with a }}{{ end }}{{ define "n" }}{{ end }}'
        '{{ template "n" . }}{{ $x := 1 }}{{ $a, $b := 1 }}{{ $x = 2 }}{{ ifelse }}{{ eq $x 1 }}'
    )
    words = [
        "if",
        "else",
        "end",
        "range",
        "end",
        "with",
        "end",
        "define",
        "end",
        "template",
        "assign",
        "assign",
        "assign",
    ]
    assert [token.word for token in lex(text)] == [*words, "", ""]
    assert [token.name for token in lex(text) if token.name] == ["n", "n"]


def test_lines():
    assert [token.line for token in lex("a\n{{ b\n}}\n{{ c }}")] == [1, 2, 3, 4]


def test_unclosed_action_is_text():
    assert [(token.word, token.end) for token in lex("a {{ b")] == [("text", 6)]


def test_hostile_text_is_read_in_linear_time():
    assert len(lex("{{ " + "\"'`}" * 20_000)) == 1
    assert len(lex("{{" * 20_000)) == 1


@settings(max_examples=60, deadline=None)
@given(st.text(alphabet="{}-\"'`/* a\n$=", max_size=40))
def test_tokens_cover_the_text(text):
    assert "".join(parts(text)) == text
