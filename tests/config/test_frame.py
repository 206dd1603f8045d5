"""The own check of a configuration: places, near names, and the verdicts of the jsonschema library."""

import json

import jsonschema
import pytest

from opslint.config.document import open_document
from opslint.config.error import ConfigError
from opslint.config.frame import check_frame
from opslint_schemas import load

SCHEMA = load("config.schema")

VALID = [
    "{}",
    'target_version: "1.34"',
    "target_version: next",
    'target_version: "1.33, v1.34.2,next"',
    "as_of: 2026-11-22",
    "preset: strict",
    "select: []",
    "extend_select: [missing-cpu-limit]\nignore: [secret-as-env-var, cost]",
    "severity: {gp2-storage: info}",
    "fail_on: never",
    'exclude: ["vendor/**"]',
    'per_path: {"charts/legacy/**": {ignore: [security]}}',
    'suppress: [{rule: missing-pdb, resource: "Deployment/batch/*", reason: r, until: 2027-01-31}]',
    "require_reason: true\nforeign_suppressions: false",
    'registries: ["a"]\nsystem_namespaces: [kube-system]\nknown_objects: ["Secret/*/tls-*"]',
    'accounts: {"123456789012": prod}',
    "accounts: {123456789012: prod}",
    'extra_podspecs: {"example.com/Worker": "spec.template.spec"}',
    "rules: {missing-pdb: {min_replicas: 3, x: [1, {a: b}]}}",
    (
        'clusters: {prod: {terraform: module.eks, version: "1.34", environment: prod, account: "123456789012", '
        'region: r, units: ["k8s/**"]}}'
    ),
    (
        "charts: [{path: c, environments: {dev: {values: [v.yaml], namespace: shop, release_name: r, "
        "set: {replicas: 3, debug: true, x: null, z: text}}}}]"
    ),
    "terraform: [{path: infra, environments: {dev: {var_files: [dev.tfvars]}}}]",
    "helm: {engine: embedded, include_vendored: true}",
    "baseline: .opslint-baseline.json",
]
# Each with the place of its first error and a part of its message.
INVALID = [
    ("preset: strict\nignor: [cost]", 2, 1, "unknown key 'ignor'; did you mean \"ignore\"?"),
    ("fail-on: high", 1, 1, 'did you mean "fail_on"?'),
    ("zzzzz: 1", 1, 1, "known are target_version, as_of"),
    ("target_version: 1.30", 1, 17, "target_version must be text, not a number: write it in quotes"),
    ('target_version: "2.1"', 1, 17, "but 1.34 or next or 1.33,1.34 is wanted"),
    ('target_version: "1.34,"', 1, 17, "is wanted"),
    ("as_of: yesterday", 1, 8, "a date such as 2027-01-31 is wanted"),
    ("as_of: 20261122", 1, 8, "must be text, not a number"),
    ("preset: strickt", 1, 9, 'did you mean "strict"?'),
    ("select: security", 1, 9, "select must be a list, not text: write [security]"),
    ("ignore:\n", 1, 1, "ignore must be a list, not nothing"),
    ("ignore: [cost, 3]", 1, 16, "ignore[1] must be text, not a number"),
    ("severity: {gp2-storage: terrible}", 1, 25, "severity.gp2-storage is 'terrible'"),
    ("severity: [a]", 1, 1, "severity must be a mapping, not a list"),
    ("fail_on: warning", 1, 10, "one of critical, high, medium, low, info, never"),
    ("require_reason: 1", 1, 17, "require_reason must be true or false, not a number"),
    ('require_reason: "true"', 1, 17, "must be true or false, not text"),
    ("per_path: {a: {ignores: [x]}}", 1, 16, "unknown key 'ignores' in per_path.a; did you mean \"ignore\"?"),
    ("suppress: [{reason: x}]", 1, 12, "suppress[0] needs the key 'rule'"),
    ("suppress:\n  - rule: a\n    untill: 2027-01-31", 3, 5, 'did you mean "until"?'),
    ("accounts: {prod: '1'}", 1, 12, "accounts: the key 'prod' is not of the form"),
    ("accounts: {prod: '1'}", 1, 12, "is not of the form 123456789012"),
    ("known_objects: [Secret/*/a, tls]", 1, 29, "known_objects[1] is 'tls', but Secret/*/tls-* is wanted"),
    ("extra_podspecs: {Worker: spec}", 1, 18, "the key 'Worker' is not of the form example.com/Worker"),
    ('extra_podspecs: {a.b/Worker: "spec.pods[0]"}', 1, 30, "but spec.template.spec is wanted"),
    ("rules: {missing-pdb: 3}", 1, 22, "rules.missing-pdb must be a mapping"),
    ("clusters: {prod: {acount: a}}", 1, 19, "unknown key 'acount' in clusters.prod"),
    ("clusters: {prod: {account: 123456789012}}", 1, 28, "write it in quotes"),
    ('clusters: {prod: {version: "1.34,1.35"}}', 1, 28, "clusters.prod.version is '1.34,1.35', but 1.34 is wanted"),
    ("charts: [{environments: {}}]", 1, 10, "charts[0] needs the key 'path'"),
    (
        "charts: [{path: c, environments: {dev: {set: {a: [1]}}}}]",
        1,
        47,
        "must be text or a number or true or false or nothing",
    ),
    ("helm: {engine: docker}", 1, 16, "one of auto, embedded, binary"),
    ("terraform: {path: infra}", 1, 1, "terraform must be a list, not a mapping"),
    ("baseline: [a]", 1, 1, "baseline must be text"),
    ("[a]", 1, 1, "the configuration must be a mapping, not a list"),
    ("text", 1, 1, "the configuration must be a mapping, not text"),
]


def document(tmp_path, text):
    file = tmp_path / ".opslint.yaml"
    file.write_text(text, encoding="utf-8")
    return open_document(file, ".opslint.yaml")


def library_accepts(value):
    return jsonschema.Draft202012Validator(SCHEMA).is_valid(value)


@pytest.mark.parametrize("text", VALID)
def test_accepts_what_the_schema_accepts(tmp_path, text):
    root = document(tmp_path, text)
    assert [str(error) for error in check_frame(root, SCHEMA)] == []
    assert library_accepts(root.plain())


@pytest.mark.parametrize(("text", "line", "column", "message"), INVALID)
def test_rejects_what_the_schema_rejects_and_says_where(tmp_path, text, line, column, message):
    root = document(tmp_path, text)
    first = next(check_frame(root, SCHEMA))
    assert message in first.message
    assert (first.path, first.line, first.column) == (".opslint.yaml", line, column)
    assert first.text == text.splitlines()[line - 1]
    assert not library_accepts(root.plain())


def test_all_valid_keys_are_covered():
    """The list above would go stale when the schema grows."""
    text = "\n".join(VALID)
    assert [key for key in SCHEMA["properties"] if f"{key}:" not in text] == []


def test_schema_is_valid_and_uses_only_known_keywords():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    known = {
        *(
            "$schema",
            "$id",
            "title",
            "description",
            "default",
            "examples",
            "format",
            "$defs",
            "$ref",
            "type",
            "enum",
            "pattern",
        ),
        *("properties", "additionalProperties", "propertyNames", "required", "items"),
    }

    def keywords(schema):
        for key, value in schema.items():
            yield key
            if key in {"properties", "$defs"}:
                for one in value.values():
                    yield from keywords(one)
            elif key in {"items", "additionalProperties", "propertyNames"} and isinstance(value, dict):
                yield from keywords(value)

    assert set(keywords(SCHEMA)) <= known


def test_finds_every_error(tmp_path):
    root = document(tmp_path, "preset: x\nselect: y\nfoo: 1")
    assert [error.line for error in check_frame(root, SCHEMA)] == [1, 2, 3]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("preset: strict\n---\npreset: all\n", "a second document"),
        ("preset: strict\npreset: all\n", "written twice"),
        ("preset: [\n", "flow"),
    ],
)
def test_broken_documents(tmp_path, text, message):
    with pytest.raises(ConfigError, match=message) as caught:
        document(tmp_path, text)
    assert caught.value.path == ".opslint.yaml"
    assert caught.value.line >= 1


def test_not_utf8(tmp_path):
    file = tmp_path / ".opslint.yaml"
    file.write_bytes(b"preset: strict\n# caf\xe9\n")
    with pytest.raises(ConfigError, match="not UTF-8") as caught:
        open_document(file, "x")
    assert caught.value.line == 2


def test_plain_toml_has_the_line_of_its_table(tmp_path):
    file = tmp_path / "pyproject.toml"
    file.write_text('[project]\nname = "x"\n\n[tool.opslint]\nignor = []\nas_of = 2026-11-22\n', encoding="utf-8")
    root = open_document(file, "pyproject.toml")
    (error,) = check_frame(root, SCHEMA)
    assert (error.line, error.column) == (4, 1)
    assert 'did you mean "ignore"' in error.message
    assert json.dumps(root.plain()) == '{"ignor": [], "as_of": "2026-11-22"}'
