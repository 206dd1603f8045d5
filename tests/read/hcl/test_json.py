"""Terraform written as JSON comes into the same tree."""

from __future__ import annotations

from typing import Any

import pytest

from opslint.read.hcl import ATTR, BLOCK, CALL, LIT, NUM, OBJ, REF, STR, TMPL, TUP, parse_json


def outline(body: list[Any]) -> list[Any]:
    """Return the names in a body: a list for a block, which begins with its type and labels."""
    return [
        [".".join([node[3], *(label[0] for label in node[4])]), *outline(node[6])] if node[0] == BLOCK else node[3]
        for node in body
    ]


def values(text: str) -> dict[str, Any]:
    """Return the attributes of `locals`."""
    parsed = parse_json(text)
    assert parsed.errors == []
    return {node[3]: node[4] for node in parsed.body[0][6]}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('{"resource": {"aws_vpc": {"a": {"x": 1}, "b": {}}}}', [["resource.aws_vpc.a", "x"], ["resource.aws_vpc.b"]]),
        (
            '{"resource": [{"aws_vpc": {"a": {"x": 1}}}, {"aws_vpc": [{"b": {}}]}]}',
            [["resource.aws_vpc.a", "x"], ["resource.aws_vpc.b"]],
        ),
        (
            '{"data": {"aws_ami": {"a": {"filter": [{"name": "x"}, {"name": "y"}]}}}}',
            [["data.aws_ami.a", ["filter", "name"], ["filter", "name"]]],
        ),
        (
            '{"resource": {"aws_eks_cluster": {"a": {"vpc_config": {"subnet_ids": []}, "tags": {"b": "c"}}}}}',
            [["resource.aws_eks_cluster.a", ["vpc_config", "subnet_ids"], "tags"]],
        ),
        (
            '{"resource": {"a": {"b": {"lifecycle": {"ignore_changes": ["x"]}, "provisioner": [{"local-exec": {"command": "x"}}]}}}}',
            [["resource.a.b", ["lifecycle", "ignore_changes"], ["provisioner.local-exec", "command"]]],
        ),
        (
            '{"resource": {"a": {"b": {"dynamic": {"c": {"for_each": [], "content": {"d": 1}}}}}}}',
            [["resource.a.b", ["dynamic.c", "for_each", ["content", "d"]]]],
        ),
        (
            '{"provider": {"aws": [{"region": "a"}, {"alias": "b", "default_tags": {"tags": {"c": "d"}}}]}}',
            [["provider.aws", "region"], ["provider.aws", "alias", ["default_tags", "tags"]]],
        ),
        (
            '{"terraform": {"required_version": "1", "backend": {"s3": {"bucket": "b"}}, "required_providers": {"aws": {"source": "x"}}}}',
            [["terraform", "required_version", ["backend.s3", "bucket"], ["required_providers", "aws"]]],
        ),
        (
            '{"module": {"m": {"source": "./x", "settings": {"a": 1}, "rules": [{"b": 1}]}}}',
            [["module.m", "source", "settings", "rules"]],
        ),
        (
            '{"variable": {"v": {"default": {"a": 1}, "validation": [{"condition": "${true}"}]}}}',
            [["variable.v", "default", ["validation", "condition"]]],
        ),
        (
            '{"locals": {"a": {"b": 1}, "c": [{"d": 1}]}, "moved": [{"from": "a.b", "to": "a.c"}]}',
            [["locals", "a", "c"], ["moved", "from", "to"]],
        ),
        ('{"//": "a comment", "output": {"//": 1, "o": {"//": 2, "value": 1}}}', [["output.o", "value"]]),
        ('[{"locals": {"a": 1}}, {"locals": {"b": 1}}]', [["locals", "a"], ["locals", "b"]]),
        ("{}", []),
        ("\ufeff{}", []),
        ('{"unheard_of": {"a": 1}, "list": [1]}', ["unheard_of", "list"]),
    ],
)
def test_blocks_and_attributes(text: str, names: list[Any]) -> None:
    parsed = parse_json(text)
    assert parsed.errors == []
    assert outline(parsed.body) == names


def test_values_of_variables_are_attributes_as_they_stand() -> None:
    text = '{"data": {"a": {"b": "${c}"}}, "module": [{"d": 1}]}'
    parsed = parse_json(text, variables=True)
    assert parsed.errors == []
    assert [(node[0], node[3]) for node in parsed.body] == [(ATTR, "data"), (ATTR, "module")]
    assert parsed.body[0][4][3][0][1][3][0][1][3] == "${c}"


def test_nodes_stand_in_the_json() -> None:
    text = '{"resource": {"aws_vpc": {"a": {"x": [1, -2.5, true, null, "s"]}}}}'
    items = [(NUM, 38, 39, 1), (NUM, 41, 45, -2.5), (LIT, 47, 51, True), (LIT, 53, 57, None), (STR, 59, 62, "s")]
    attribute = (ATTR, 32, 63, "x", (TUP, 37, 63, items))
    labels = (("aws_vpc", 14, 23), ("a", 26, 29))
    assert parse_json(text).body == [(BLOCK, 26, 64, "resource", labels, 32, [attribute])]


def test_strings_are_templates() -> None:
    text = '{"locals": {"a": "x-${var.b}", "c": "$${d}", "e": {"${var.f}": "%{ if g }h%{ endif }"}, "i": "${j}"}}'
    found = values(text)
    start = text.index("var.b")
    assert found["a"] == (TMPL, 17, 29, ["x-", (REF, start, start + 5, ["var", "b"])], 0)
    assert found["c"][0] == STR
    assert found["c"][3] == "${d}"
    assert found["e"][0] == OBJ
    assert [node[0] for node in found["e"][3][0]] == [TMPL, TMPL]
    assert found["i"][3] == [(REF, text.index("j}"), text.index("j}") + 1, ["j"])]


def test_places_behind_escapes() -> None:
    text = '{"locals": {"a": "\\"\\u00e9\\ud83d\\ude00\\n${f(\\"x\\", var.b)}"}}'
    node = values(text)["a"]
    assert node[3][0] == '"é😀\n'
    call = node[3][1]
    assert call[0] == CALL
    assert [text[part[1] : part[2]] for part in (call, *call[4])] == ['f(\\"x\\", var.b)', '\\"x\\"', "var.b"]


def test_references_and_types_are_expressions() -> None:
    text = (
        '{"variable": {"v": {"type": "list(string)"}}, "resource": {"a": {"b": {"depends_on": ["c.d"], "provider": "aws.e"}}}, '
        '"moved": {"from": "a.b", "to": "a.c"}}'
    )
    parsed = parse_json(text)
    assert parsed.errors == []
    variable, resource, moved = (node[6] for node in parsed.body)
    assert variable[0][4][0] == CALL
    assert resource[0][4][3][0] == (REF, text.index("c.d"), text.index("c.d") + 3, ["c", "d"])
    assert resource[1][4][3] == ["aws", "e"]
    assert [node[4][0] for node in moved] == [REF, REF]


@pytest.mark.parametrize(
    ("text", "errors"),
    [
        ("", [(0, "expected a JSON value")]),
        ("{", [(1, "expected a key in double quotes")]),
        ("{'a': 1}", [(1, "expected a key in double quotes")]),
        ('{"a" 1}', [(5, "expected ':' after a key")]),
        ('{"a": 1 "b": 2}', [(8, "expected ',' or '}'")]),
        ('{"a": [1 2]}', [(9, "expected ',' or ']'")]),
        ('{"a": 1,}', [(8, "expected a key in double quotes")]),
        ('{"a": [1,]}', [(9, "expected a JSON value")]),
        ('{"a": 01}', [(6, "expected a JSON value")]),
        ('{"a": tru}', [(6, "expected a JSON value")]),
        ('{"a": "x}', [(6, "expected a JSON value")]),
        ('{"a": "\\q"}', [(7, "unknown escape in a string")]),
        ('{"a": 1e999}', [(6, "a number is too large")]),
        ("{} {}", [(3, "expected the end of the file")]),
        ("1", [(0, "expected an object for the file")]),
        ('{"resource": {"a": 1}}', [(19, "expected an object for resource")]),
        ('{"locals": {"a": "${b"}}', [(21, "expected '}' after an interpolation")]),
        ('{"locals": {"a": "\\n${b"}}', [(23, "expected '}' after an interpolation")]),
        ('{"locals": {"a": 1, "a": 2}}', [(20, "the attribute a is set twice")]),
        ('{"resource": {"a": {"b": {"depends_on": ["c d"]}}}}', [(44, "expected the end of the expression")]),
    ],
)
def test_errors_have_their_places(text: str, errors: list[tuple[int, str]]) -> None:
    assert [(problem.offset, problem.message) for problem in parse_json(text).errors] == errors


def test_what_stands_before_an_error_is_kept() -> None:
    parsed = parse_json('{"locals": {"a": 1, "b": [1, 2, !, 3]}, "c": 1}')
    assert len(parsed.errors) == 1
    assert outline(parsed.body) == [["locals", "a", "b"]]
    assert [node[3] for node in parsed.body[0][6][1][4][3]] == [1, 2]
