"""The cheap pass says of every object what jsonschema says with the same schema."""

import copy
import json
import random
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from opslint.engine.validate import violations_of
from opslint.engine.validate.custom import converted, without_nulls
from opslint.engine.validate.shapes import Shapes, fits
from opslint.model.settings import Settings
from opslint.read.plan import read_project
from opslint_schemas import objects

MINOR = 34
KINDS = [
    ("v1", "Pod"),
    ("v1", "Service"),
    ("v1", "ConfigMap"),
    ("v1", "Secret"),
    ("v1", "PersistentVolumeClaim"),
    ("apps/v1", "Deployment"),
    ("apps/v1", "StatefulSet"),
    ("batch/v1", "CronJob"),
    ("autoscaling/v2", "HorizontalPodAutoscaler"),
    ("networking.k8s.io/v1", "Ingress"),
    ("networking.k8s.io/v1", "NetworkPolicy"),
    ("policy/v1", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io/v1", "ClusterRole"),
    ("apiextensions.k8s.io/v1", "CustomResourceDefinition"),
]
CUSTOM = {
    "type": "object",
    "required": ["spec"],
    "properties": {
        "spec": {
            "type": "object",
            "required": ["size", "port"],
            "properties": {
                "size": {"type": "integer", "minimum": 1, "maximum": 9, "exclusiveMaximum": True},
                "port": {"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]},
                "mode": {"type": "string", "enum": ["fast", "slow"], "nullable": True},
                "name": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 5},
                "zone": {"type": "string", "default": "a"},
                "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                "any": {"x-kubernetes-preserve-unknown-fields": True},
                "ratio": {"type": "number", "multipleOf": 0.5},
                "labels": {"type": "object", "additionalProperties": {"type": "string"}, "maxProperties": 2},
                "list": {"type": "array", "minItems": 1, "maxItems": 2, "items": {"type": "boolean"}},
                "one": {
                    "type": "object",
                    "properties": {"a": {"type": "string"}, "b": {"type": "string"}},
                    "oneOf": [{"required": ["a"]}, {"required": ["b"]}],
                    "not": {"properties": {"a": {"enum": ["x"]}}, "required": ["a"]},
                    "allOf": [{"minProperties": 1}],
                },
                "raw": {"type": "object", "x-kubernetes-embedded-resource": True, "properties": {}},
            },
        }
    },
}
ODD = [
    None,
    True,
    0,
    1,
    -1,
    2**31,
    3.0,
    2.5,
    "",
    "text",
    "512MB",
    "1Gi",
    "x",
    "a",
    "fast",
    "eA==",
    [],
    {},
    [None],
    {"x": None},
]


def shapes():
    return Shapes(lambda reference: objects.definition(reference[len(objects.PREFIX) :], MINOR))


def made(schema, turn, depth=0):
    """A value that mostly fits the schema."""
    if "$ref" in schema:
        schema = objects.definition(schema["$ref"][len(objects.PREFIX) :], MINOR)
    if "enum" in schema:
        return turn.choice(schema["enum"])
    types = schema.get("type", ["string"])
    type_ = turn.choice([types] if isinstance(types, str) else [one for one in types if one != "null"])
    if type_ == "object":
        required = schema.get("required", ())
        fields = schema.get("properties", {})
        chosen = [key for key in fields if key in required or (depth < 6 and turn.random() < 2.2 / len(fields))]
        rest = schema.get("additionalProperties")
        more = {"k": made(rest, turn, depth + 1)} if isinstance(rest, dict) and turn.random() < 0.6 else {}
        return {key: made(fields[key], turn, depth + 1) for key in chosen} | more
    if type_ == "array":
        return [made(schema["items"], turn, depth + 1) for _ in range(turn.randint(1, 2))]
    if type_ == "string":
        texts = {"quantity": ["250m", "1Gi", ".5", " 2 ", "1e3"], "byte": ["", "eA==", "eHg=\n", "e\nHh4"]}
        return turn.choice(texts.get(schema.get("format", ""), ["web", "b", "10"]))
    return {"integer": turn.randint(0, 9), "number": turn.choice([1, 0.5]), "boolean": turn.random() < 0.5}[type_]


def places(value):
    entries = list(value.items()) if isinstance(value, dict) else list(enumerate(value))
    for key, below in entries:
        yield value, key
        if isinstance(below, (dict, list)):
            yield from places(below)


def spoilt(value, turn):
    """A copy of the value with one thing changed, or left out, or added."""
    value = copy.deepcopy(value)
    found = list(places(value))
    holder, key = turn.choice(found) if found else (value, "x")
    what = turn.randrange(4)
    if what == 0 and isinstance(holder, dict) and key in holder:
        del holder[key]
    elif what == 1 and isinstance(holder, dict):
        holder[f"{key}x"] = "new"
    else:
        holder[key] = copy.deepcopy(turn.choice(ODD))
    return value


def verdicts(schema, validator, count, turn, prune=lambda value: value):
    shape = shapes().shape(schema)
    results = []
    for number in range(count):
        value = made(schema, turn)
        if number % 2:
            value = spoilt(value, turn)
        value = prune(value)
        said = fits(value, shape)
        assert said == validator.is_valid(value), value
        results.append(said)
    return results


@pytest.mark.parametrize(("api_version", "kind"), KINDS, ids=[kind for _, kind in KINDS])
def test_verdicts_on_built_in_objects_are_those_of_jsonschema(api_version, kind):
    schema = objects.json_schema(api_version, kind, MINOR)
    results = verdicts({"$ref": schema["$ref"]}, Draft202012Validator(schema), 130, random.Random(kind))
    assert 20 < sum(results) < 125, "both verdicts occur"


def test_verdicts_on_custom_resources_are_those_of_jsonschema():
    schema = converted({**CUSTOM, "properties": {"spec": without(CUSTOM["properties"]["spec"], "ratio")}})
    validator = Draft202012Validator(objects.with_definitions(schema, MINOR))
    results = verdicts(schema, validator, 300, random.Random(5), lambda value: without_nulls(value, schema))
    assert 15 < sum(results) < 285


def test_a_keyword_that_the_cheap_pass_does_not_know_is_a_doubt_never_a_yes():
    schema = converted(CUSTOM)
    validator = Draft202012Validator(objects.with_definitions(schema, MINOR))
    shape = shapes().shape(schema)
    value = {"spec": {"size": 1, "port": 80, "ratio": 0.5}}
    assert validator.is_valid(value)
    assert not fits(value, shape)
    assert fits({"spec": {"size": 1, "port": 80}}, shape)


def without(schema, field):
    return {**schema, "properties": {key: value for key, value in schema["properties"].items() if key != field}}


def test_a_definition_is_converted_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "things.example.com"},
        "spec": {
            "group": "example.com",
            "scope": "Namespaced",
            "names": {"kind": "Thing", "plural": "things"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": CUSTOM}}],
        },
    }
    thing = {"apiVersion": "example.com/v1", "kind": "Thing", "metadata": {"name": "a"}, "spec": {"size": "x"}}
    (tmp_path / "a.yaml").write_text("\n---\n".join(map(json.dumps, (definition, thing))), encoding="utf-8")
    calls: list[object] = []

    def count(schema: object) -> dict[str, object]:
        calls.append(schema)
        return converted(schema)

    monkeypatch.setattr("opslint.engine.validate.custom.converted", count)
    project = read_project([str(tmp_path)], Settings(root=str(tmp_path), no_cache=True)).project
    assert [list(violations_of(item, project)) != [] for item in project.objects] == [False, True]
    assert len(calls) == 1
