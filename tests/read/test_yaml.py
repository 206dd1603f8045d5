"""Reading YAML and JSON: documents, places, errors, limits."""

from __future__ import annotations

import gc

import pytest
from kept import assert_same_reading, through_the_cache

from opslint.model import limits
from opslint.model.source import Source
from opslint.read.yaml import YamlFile, collector_paused, read_yaml
from opslint.read.yaml_limits import is_shallow_json


def read(text: str) -> YamlFile:
    file = read_yaml(Source("a.yaml", text))
    assert_same_reading(file, through_the_cache(file))
    return file


def plain(text: str) -> object:
    file = read(text)
    assert not file.errors
    (document,) = file.documents
    return document.plain()


def places(file: YamlFile) -> list[tuple[int, int]]:
    return [(error.line, error.column) for error in file.errors]


def test_documents_in_order_without_the_empty_ones() -> None:
    file = read("---\n# nothing\n---\na: 1\n---\n~\n---\nb: 2\n...\n---\nnull\n")
    assert [document.plain() for document in file.documents] == [{"a": 1}, {"b": 2}]
    assert file.errors == []


def test_empty_text_has_no_documents() -> None:
    assert read("").documents == []
    assert read("# only a comment\n").documents == []


def test_json_with_tabs_is_read() -> None:
    assert plain('\n\t{"a":\t1,\n\t"b":[1,\n\t\t{"c":"d\\/e"}]}\n') == {"a": 1, "b": [1, {"c": "d/e"}]}


def test_json_escapes_of_large_characters_keep_their_length() -> None:
    file = read('{"a": "\\ud83d\\ude00", "b": 1}')
    assert file.errors == []
    assert file.documents[0]["b"].location.text == "1"


def test_looks_may_refuse_the_text() -> None:
    file = read_yaml(Source("a.yaml", "a: [\n"), looks=lambda text: "kind" in text)
    assert (file.documents, file.errors) == ([], [])


def test_what_the_second_parser_stumbles_over_is_an_error_with_a_place() -> None:
    file = read("ok: 1\n---\n[http://y:80,\n%YAML 1.1\n]\n---\nok: 2\n")
    assert [document.plain() for document in file.documents] == [{"ok": 1}, {"ok": 2}]
    assert [(one.line, one.column, one.message) for one in file.errors] == [(2, 1, "could not be read")]


# -- places


def test_places_are_in_code_points_with_windows_line_breaks() -> None:
    file = read("é: ü # x\r\nb:\r\n  - ï: '日本'\r\n    c: 5\r\n")
    document = file.documents[0]
    assert document["b"][0]["c"].location.text == "5"
    assert document["b"][0]["c"].extent.line == 4
    span = document["b"][0]["ï"].extent
    assert (span.line, span.column, span.end_column) == (3, 8, 12)
    assert document["é"].location.text == "ü"


@pytest.mark.parametrize("odd", ["\r", "\x85", "\u2028"])
def test_line_breaks_that_only_yaml_knows_do_not_shift_places(odd: str) -> None:
    file = read(f"# x{odd}a: 1\n---\nb: 22\n")
    assert file.documents[-1]["b"].location.text == "22"
    assert file.documents[-1]["b"].extent.line == 3


def test_extent_of_a_block_collection_ends_with_its_last_value() -> None:
    source = Source("a.yaml", "a:\n  b: |\n    text\n\n\n# about c\nc:\n  - d: 1  # one\n# end\n")
    document = read_yaml(source).documents[0]
    a, c = document["a"].extent, document["c"].extent
    assert (a.line, a.column, a.end_line, a.end_column) == (2, 3, 3, 9)
    assert (c.line, c.column, c.end_line, c.end_column) == (8, 3, 8, 9)


def test_extent_of_a_scalar_leaves_out_its_anchor_and_tag() -> None:
    document = read('a: &x foo\nb: !!str "1"\nc:\nd: &y\n  e: 1\n').documents[0]
    assert document["a"].location.text == "foo"
    assert document["b"].location.text == '"1"'
    assert document["c"].extent.column == 3
    assert document["d"].extent.line == 5


def test_key_spans() -> None:
    document = read('x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  "a": 5\n').documents[0]
    span = document["y"]["a"].key_span
    assert span is not None
    assert (span.line, span.column, span.end_column) == (4, 3, 6)
    assert document["y"]["b"].key_span is None
    assert document["y"]["b"].extent.line == 1


def test_an_aliased_value_stands_at_its_anchor_and_its_parent_ends_on_its_own() -> None:
    document = read("x: &x foo\ny:\n  z: *x\nw: 1\n").documents[0]
    assert document["y"]["z"].extent.line == 1
    assert document["y"].extent.line == 3
    assert document["y"].extent.end_line == 3


# -- keys


def test_keys_that_are_no_strings_are_their_text() -> None:
    assert plain("1: a\ntrue: b\n? [x, y]\n: c\n{{ .v }}: d\n") == {
        "1": "a",
        "true": "b",
        "[x, y]": "c",
        "{{ .v }}": "d",
    }


def test_what_stands_in_a_list_is_opened_with_it():
    root = read(
        "a: &a {x: 1}\nb:\n  - {y: 'z', n: [1, [{m: ~}]]}\n  - {<<: *a, y: 2}\n  - text\n  - {? [k] : v}\n"
    ).documents[0]
    items = list(root["b"])
    assert [one.is_map for one in items] == [True, True, False, True]
    assert [one["y"].value for one in items] == ["z", 2, None, None]
    assert items[1]["x"].number == 1
    assert items[0]["n"][1][0]["m"].exists
    assert items[0]["n"][1][0]["m"].path == ("b", 0, "n", 1, 0, "m")
    assert items[3]["[k]"].text == "v"
    assert root["b"].plain() == [{"y": "z", "n": [1, [{"m": None}]]}, {"x": 1, "y": 2}, "text", {"[k]": "v"}]


def test_merge_keys_are_applied_behind_the_own_ones() -> None:
    text = "x: &x {a: 1, b: 2}\ny: &y {b: 3, c: 4}\nz:\n  <<: [*x, *y]\n  a: 9\nq: {'<<': 1}\n"
    value = plain(text)
    assert isinstance(value, dict)
    assert value["z"] == {"a": 9, "b": 2, "c": 4}
    assert value["q"] == {"<<": 1}


def test_an_anchor_may_be_defined_again() -> None:
    file = read("a: &x 1\nb: *x\nc: &x {d: [2, 'z']}\ne: *x\n---\nf: 3\n")
    assert file.errors == []
    assert [document.plain() for document in file.documents] == [
        {"a": 1, "b": 1, "c": {"d": [2, "z"]}, "e": {"d": [2, "z"]}},
        {"f": 3},
    ]


def test_duplicate_keys() -> None:
    file = read("a: 1\nb: {c: 1, c: 1}\na: '1'\n<<: {}\n<<: {}\n")
    found = [(one.key, one.lost.span.line, one.kept.span.line, one.equal) for one in file.duplicates]
    assert found == [("a", 1, 3, False), ("c", 2, 2, True)]
    assert [one.kept.span.column for one in file.duplicates] == [1, 11]
    assert file.documents[0]["a"].text == "1"
    assert file.documents[0]["a"].extent.line == 3


def test_merged_keys_are_no_duplicates() -> None:
    assert read("x: &x {a: 1}\ny:\n  a: 2\n  <<: *x\n").duplicates == []


def test_equal_values_of_duplicates_may_be_collections() -> None:
    file = read("a: {b: [1, x]}\na:\n  b:\n    - 1\n    - x\na: {b: [1, y]}\n")
    assert [one.equal for one in file.duplicates] == [True, False]


# -- errors


def test_the_other_documents_of_a_broken_file_are_kept_at_their_lines() -> None:
    file = read('a: 1\n---\nb: "x\n---\nc: 2\n---\nd: [1\n---\ne: 5\n')
    assert [document.plain() for document in file.documents] == [{"a": 1}, {"c": 2}, {"e": 5}]
    assert [document.extent.line for document in file.documents] == [1, 5, 9]
    assert [(error.line, error.message.partition(" (")[0]) for error in file.errors] == [
        (4, "found unexpected document indicator"),
        (8, "did not find expected ',' or ']'"),
    ]
    assert "that began on line 3" in file.errors[0].message


def test_a_scalar_document_in_front_of_an_error_is_not_read_twice() -> None:
    file = read("foo\n---\nb: {a: 1\n---\nc: \x01\n---\nd: 1\n")
    assert [document.plain() for document in file.documents] == ["foo", {"d": 1}]
    assert places(file) == [(4, 1), (5, 4)]


def test_a_forbidden_character_has_its_place_and_documents_around_it_are_kept() -> None:
    file = read("a: é\n---\nb: ü\x07\n---\nc: 3\n")
    assert places(file) == [(3, 5)]
    assert "0x07" in file.errors[0].message
    assert [document.plain() for document in file.documents] == [{"a": "é"}, {"c": 3}]


def test_nul_and_half_surrogates_are_errors() -> None:
    assert places(read("a: \x00\n")) == [(1, 4)]
    file = read("a: 1\n---\nb: \udc80\n---\nc: 1\n")
    assert places(file) == [(3, 4)]
    assert len(file.documents) == 2


def test_a_tab_is_named() -> None:
    file = read("a:\n\tb: 1\n")
    assert places(file) == [(2, 1)]
    assert file.errors[0].message == "a tab may not indent YAML"


def test_a_reserved_character_is_named() -> None:
    file = read("a: @foo\n")
    assert places(file) == [(1, 4)]
    assert file.errors[0].message == "`@` cannot begin a value: quote the value"


def test_a_document_with_text_after_its_end_is_dropped() -> None:
    file = read(" b: 1\n b: 2\nc: 2\n---\nd: 1\n")
    assert [document.plain() for document in file.documents] == [{"d": 1}]
    assert file.duplicates == []
    assert places(file) == [(3, 1)]


def test_an_unknown_alias_is_an_error() -> None:
    file = read("a: *b\n---\nc: 1\n")
    assert places(file) == [(1, 4)]
    assert len(file.documents) == 1


def test_errors_per_file_are_limited() -> None:
    file = read("---\na: [\n" * 50)
    assert len(file.errors) == limits.ERRORS_PER_FILE
    assert file.errors[-1].message.endswith("the rest was not read")


# -- limits


@pytest.mark.parametrize(
    ("text", "column"),
    [("[" * 100_000, 501), ("{a: " * 100_000, 2001), ("- " * 100_000, 1001), ("? " * 100_000, 1001)],
    ids=["list", "map", "block", "keys"],
)
def test_nesting_is_limited_before_anything_is_composed(text: str, column: int) -> None:
    file = read(f"{text}\n---\nok: 1\n---\n" + "[" * 600 + "]" * 600)
    assert places(file) == [(1, column), (5, 501)]
    assert "500 levels" in file.errors[0].message
    assert [document.plain() for document in file.documents] == [{"ok": 1}]


@pytest.mark.parametrize("step", ["\n", "\r"])
def test_nesting_over_lines_is_limited(step: str) -> None:
    text = step.join(" " * depth + "a:" for depth in range(3_000))
    assert len(read(text).errors) == 1
    assert read(text).documents == []


def test_the_depth_limit_is_exact() -> None:
    depth = limits.YAML_DEPTH
    assert read("[" * depth + "]" * depth).errors == []
    assert places(read("[" * (depth + 1) + "]" * (depth + 1))) == [(1, depth + 1)]


def test_the_depth_limit_is_exact_for_a_large_json() -> None:
    much = "[" + ", ".join(["{}"] * 2_000) + "]"
    for extra, errors in ((0, 0), (1, 1)):
        depth = limits.YAML_DEPTH - 1 + extra
        file = read('{"a": ' + "[" * depth + "]" * depth + f', "a": {much}}}')
        assert len(file.errors) == errors
        assert len(file.documents) == 1 - errors


@pytest.mark.parametrize(
    ("text", "shallow"),
    [
        ('{"a": [1, {"b": "[["}]}', True),
        ("[" * 500 + "]" * 500, True),
        ("[" * 501 + "]" * 501, False),
        ("[" * 100_000, False),
        ("[a]", False),
        ("a: 1", False),
    ],
)
def test_shallow_json(text: str, shallow: bool) -> None:
    assert is_shallow_json(text) is shallow


def test_brackets_in_a_text_are_no_nesting() -> None:
    file = read("a: '" + "[{" * 5_000 + "'\n")
    assert file.errors == []
    assert len(file.documents) == 1


def test_aliases_are_limited() -> None:
    text = "x: &x 1\n" + "".join(f"a{number}: *x\n" for number in range(limits.YAML_ALIASES))
    assert read(text).errors == []
    file = read(f"{text}b: *x\n---\nok: *y\n---\nok: 1\n")
    assert [error.line for error in file.errors] == [1, 104]
    assert [document.plain() for document in file.documents] == [{"ok": 1}]


def test_aliases_are_only_weighed_where_a_collection_has_one(monkeypatch: pytest.MonkeyPatch) -> None:
    weighed: list[int] = []

    def weigh(_root: object, characters: int) -> None:
        weighed.append(characters)

    monkeypatch.setattr("opslint.read.yaml_compose.alias_problem", weigh)
    read("a: &a 1\n# * a star\nb: x *y\nc: *a\n")
    assert weighed == []
    shared = "a: &a [1]\nb: *a\n"
    read(shared)
    assert weighed == [len(shared)]


def test_expansion_is_limited_without_expanding() -> None:
    lines = ["a: &a [x, x, x, x, x, x, x, x, x]"]
    for before, name in zip("abcdefgh", "bcdefghi", strict=True):
        lines.append(f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]")
    file = read("\n".join(lines) + "\n---\nok: 1\n")
    assert places(file) == [(1, 1)]
    assert "10 times the text" in file.errors[0].message
    assert [document.plain() for document in file.documents] == [{"ok": 1}]


def test_an_alias_of_what_holds_it_is_an_error() -> None:
    file = read("a: &a\n  b: [*a]\n---\nok: 1\n")
    assert "alias of itself" in file.errors[0].message
    assert file.errors[0].line == 2
    assert len(file.documents) == 1


def test_depth_counts_what_aliases_add() -> None:
    lines = ["a0: &a0 " + "[" * 90 + "1" + "]" * 90]
    lines += [f"a{n}: &a{n} " + "[" * 90 + f"*a{n - 1}" + "]" * 90 for n in range(1, 7)]
    file = read("\n".join(lines))
    assert file.documents == []
    assert "once its aliases are followed" in file.errors[0].message


def test_a_star_that_is_no_alias_is_text() -> None:
    assert plain("a: '&b'\nc: \"*/5 * * * *\"\nd: x *y\n") == {"a": "&b", "c": "*/5 * * * *", "d": "x *y"}


# -- the collector


def test_the_collector_is_paused_and_comes_back() -> None:
    assert gc.isenabled()
    with collector_paused():
        assert not gc.isenabled()
        with collector_paused():
            read("a: 1")
        assert not gc.isenabled()
    assert gc.isenabled()


def test_a_collector_that_was_off_stays_off() -> None:
    gc.disable()
    try:
        read("a: 1")
        assert not gc.isenabled()
    finally:
        gc.enable()


def test_a_colon_within_a_flow_value_is_text():
    text = "a: [--url=http://x, 1]\n---\nimage: {name: web, image: nginx:1.25, on: yes}\n---\nb: c\n"
    result = read_yaml(Source("a.yaml", text))
    assert result.errors == []
    first, second, third = result.documents
    assert first.plain() == {"a": ["--url=http://x", 1]}
    assert second["image"]["image"].text == "nginx:1.25"
    assert second["image"]["image"].location.text == "nginx:1.25"
    assert second["image"]["on"].is_true
    assert third.plain() == {"b": "c"}
    assert third["b"].span.line == 5
