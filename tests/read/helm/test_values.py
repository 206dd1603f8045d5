import pytest

from opslint.model.source import Source, Span
from opslint.read.helm.calls import context_of
from opslint.read.helm.provenance import dotted, paths_within
from opslint.read.helm.scope import ROOT, Ref, Scope
from opslint.read.helm.strip import align, alike
from opslint.read.helm.values import BadYaml, Layer, find, read_places


def layer(text, *prefix):
    return Layer(Source("v.yaml", text, "values"), read_places(text), prefix)


def test_places_have_spans_in_code_points():
    root = read_places("é: 'ü'  # c\nb:\n  - {c: 1}\n")
    assert root.get("é").span == Span(1, 4, 1, 7)
    assert root.get("b", 0, "c").span == Span(3, 9, 3, 10)
    assert root.keys["b"] == Span(2, 1, 2, 2)


def test_anchors_and_merges_lead_to_what_was_written():
    root = read_places("x: &a {k: 1}\ny: *a\nz:\n  <<: *a\n  m: 2\n")
    assert root.get("y", "k").span.line == root.get("z", "k").span.line == 1
    assert root.get("z", "m").text == "2"


def test_an_unquoted_url_in_a_flow_collection_is_read_as_helm_reads_it():
    places = read_places("{a: {url: https://x.example},\n list: [http://y:80, z]}\n")
    assert places.scalar("a", "url") == "https://x.example"
    assert places.scalar("list", 0) == "http://y:80"
    found = places.get("list", 1)
    assert found is not None
    assert found.span == Span(2, 22, 2, 23)
    assert found.plain
    with pytest.raises(BadYaml) as caught:
        read_places("a: [http://y,\nb: {c: ]}\n")
    assert caught.value.line == 2


def test_hostile_yaml_is_an_error_with_a_line():
    for text in ("[" * 100_000, "a: {" * 50_000, "a: *gone\nb: [", "\x00", "- " * 60_000):
        with pytest.raises(BadYaml):
            read_places(text)
    assert read_places("a: *gone\n").scalar("a") == ""
    loop = read_places("a: &a [*a]\n")
    assert sum(1 for _ in loop.walk()) == 2


def test_what_the_second_parser_stumbles_over_is_an_error():
    with pytest.raises(BadYaml, match="not valid YAML"):
        read_places("[http://y:80,\n%YAML 1.1\n]\n")


def test_last_layer_with_the_key_wins():
    layers = [layer("a: {b: 1}\nl: [1, 2]\n"), layer("a:\n  c: 2\nl: [3]\n")]
    assert find(layers, ("a", "b")).scalar.span.line == 1
    assert find(layers, ("a", "c")).scalar.span.line == 2
    assert find(layers, ("l", 0)).place.text == "3"
    assert find(layers, ("l", 1)) is None  # the list was replaced as a whole
    assert find(layers, ("x",)) is None
    assert find([*layers, Layer(None, None, (), (("a",),))], ("a", "b")) is None
    assert find([layer("a: {b: 1}\n"), layer("a: null\n")], ("a", "b")).place.text == "1"
    assert find([layer("a: {b: 1}\n"), layer("a: text\n")], ("a", "b")) is None


def test_item_of_a_range_is_told_by_what_was_printed():
    layers = [layer("l:\n- {n: a, v: 1}\n- {n: b, v: 1}\n")]
    found = find(layers, ("l", "*", "n"), "b")
    assert (dotted(found.path), found.scalar.span.line) == ("l[1].n", 3)
    several = find(layers, ("l", "*", "v"), "1")
    assert (dotted(several.path), several.scalar, several.key.span.line) == ("l[*].v", None, 1)


def test_subchart_values_and_globals():
    layers = [layer("size: 1\n"), layer("db: {size: 2}\nglobal: {zone: a}\n", "db")]
    assert find(layers, ("size",)).place.text == "2"
    assert find(layers, ("global", "zone")).place.text == "a"
    assert dotted(find(layers, ("size",)).path) == "size"


@pytest.mark.parametrize(
    ("body", "paths"),
    [
        (".Values.a.b", ["a.b"]),
        ("$.Values.a | default .Values.b", ["a", "b"]),
        ('index .Values "a-b" "c" | quote', ["a-b.c"]),
        ("index .Values.l 0", ["l[0]"]),
        ('(index .Values "a-b").c', ["a-b.c"]),
        ('( index $.Values.x "a-b" "d" ).c.e | quote', ["x.a-b.d.c.e"]),
        ('quote (index .Values "a-b")', ["a-b"]),
        ('printf "%s" (get .Values "a").b', ["a.b"]),
        ("(.Values.a).b", ["a.b"]),
        ("((.Values.a).b).c", ["a.b.c"]),
        ('printf "%s .Values.no" .Values.a', ["a"]),
        (".Release.Name", []),
        ("$root.Values.a", ["a"]),
        (".Values", []),
        ("`.Values.no` | quote", []),
    ],
)
def test_values_that_an_action_reads(body, paths):
    assert [dotted(ref.path) for ref in Scope().refs(body)] == paths


def test_scopes_follow_with_range_and_variables():
    inside = Scope().enter("with", "with .Values.a")
    assert inside.refs(".b") == [Ref(("a", "b"))]
    assert inside.refs(".") == [Ref(("a",))]
    assert inside.refs("$.Values.c") == [Ref(("c",))]
    ranged = Scope().enter("range", "range $k, $v := .Values.m")
    assert ranged.refs("$v.x") == [Ref(("m", "*", "x"))]
    assert ranged.refs("$k") == []
    assert Scope().assign("$x := .Values.a.b").refs("$x.c") == [Ref(("a", "b", "c"))]
    assert Scope().assign("$x := add .Values.a 1").refs("$x") == []
    assert Scope().enter("if", "if .Values.a").refs(".Values.b") == [Ref(("b",))]


def test_what_is_printed_as_it_is():
    scope = Scope()
    for body in (
        ".Values.a",
        "toYaml .Values.a | nindent 4",
        '.Values.a | default "x" | quote',
        'required "m" .Values.a',
    ):
        assert scope.whole(body) == [Ref(("a",))]
    for body in ("add .Values.a 1", 'printf "%s" .Values.a', ".Values.a | upper", '"x"'):
        assert scope.whole(body) == []


def test_arguments_of_helpers():
    assert context_of('include "h" .', Scope()) == ROOT
    assert context_of('include "h" .Values.a | nindent 2', Scope()) == Ref(("a",))
    assert context_of('include "h" (dict "a" .Values.x.y "b" $ "c" (list 1 2))', Scope()) == {
        "a": Ref(("x", "y")),
        "b": ROOT,
        "c": None,
    }


def test_paths_within_printed_yaml():
    printed = "\n    limits:\n      cpu: 1\n    list:\n    - a: x\n"
    paths = paths_within(printed)
    assert paths[1, 4] == ("limits",)
    assert paths[2, 6] == ("limits", "cpu")
    assert paths[2, 11] == ("limits", "cpu")
    assert paths[4, 9] == ("list", 0, "a")
    assert paths_within("a: [") == {}
    assert paths_within("") == {}


def test_texts_that_differ_in_values_only_are_alike():
    found = alike("a: 1\nsum: abc\n", "a: 1\nsum: d\n")
    assert (found.whole, found.lines, found.equal) == (False, [0, 1, 2], [True, False, True])
    assert alike("a: 1\n", "a: 1\n").whole
    assert alike("a: 1\n", "b: 1\n") is None
    assert alike("a: 1\n", "  a: 1\n") is None
    assert alike("a: 1\n", "a: 1\n\n") is None


def test_alignment_by_common_lines():
    found = align("a\nb\nc\nd", "a\nx\ny\nc\nd")
    assert found.lines == [0, None, 3, 4]
    assert found.known == 3


@pytest.mark.parametrize(
    ("body", "refs"),
    [
        (' dig "a" "b" "" .Values.m ', [Ref(("m", "a", "b"))]),
        (' (dig "a" (dict) .Values.m) | quote', [Ref(("m", "a"))]),
        (' dig "a" .Values.d .Values.m', [Ref(("m", "a"))]),
        (' dig "a" 3 $.Values.m | int', [Ref(("m", "a"))]),
        (' dig "a" "x" .m', [Ref(("m", "a"), relative=True)]),
        (" dig `a` nil .Values ", [Ref(("a",))]),
        (' .Values | dig "a" "b" "x" ', [Ref(("a", "b"))]),
        (' $.Values.m | dig "a" 3 | int', [Ref(("m", "a"))]),
        (' (.Values.m | dig "a" (dict)).b', [Ref(("m", "a"))]),
        (' .m | dig "a" "x"', [Ref(("m", "a"), relative=True)]),
    ],
)
def test_dig_reads_a_key(body, refs):
    argument = Ref((), relative=True)
    assert (Scope(argument) if refs[0].relative else Scope()).refs(body) == refs


def test_a_dug_scalar_is_printed_as_it_is_and_a_default_is_no_values_key(render):
    files = {
        "values.yaml": "m:\n  a: 1\n",
        "templates/a.yaml": 'a: {{ dig "a" 5 .Values.m }}\nb: {{ dig "b" 5 .Values.m }}\n',
    }
    (source,) = render(files).sources
    assert source.text == "a: 1\nb: 5\n"
    first, second = (source.origin.locate(Span(line, 4, line, 5)) for line in (1, 2))
    assert (first.editable.source.path, first.editable.span.line) == ("x/values.yaml", 2)
    assert (second.editable, second.related) == (None, ())


def test_a_key_of_a_map_that_a_helper_prints_without_others_is_found_behind_the_indent_of_its_call(render):
    files = {
        "values.yaml": "pod:\n  enabled: true\n  user: 0\n  caps:\n    - ALL\n",
        "templates/_h.tpl": '{{- define "h" -}}\n{{- omit .map "enabled" | toYaml -}}\n{{- end -}}\n',
        "templates/a.yaml": 'a:\n  - b: {{- include "h" (dict "map" .Values.pod) | nindent 6 }}\n',
    }
    (source,) = render(files).sources
    assert source.text == "a:\n  - b:\n      caps:\n      - ALL\n      user: 0\n"
    item, user = (
        source.origin.locate(Span(line, column, line, end)) for line, column, end in ((4, 9, 12), (5, 13, 14))
    )
    assert [(place.editable.source.path, place.editable.span.line) for place in (item, user)] == [
        ("x/values.yaml", 5),
        ("x/values.yaml", 3),
    ]
    assert user.location.source.path == "x/templates/_h.tpl"
