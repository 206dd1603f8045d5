"""Paths that the generators of an ApplicationSet deploy."""

from functools import partial

import pytest
from deployed_paths import application_set, config_map, read_deployed
from readings import notices as said


@pytest.fixture
def read(tmp_path):
    """Write files and read them: `read(files) -> Reading`."""
    return partial(read_deployed, tmp_path)


FOLDERS = {f"k8s/{name}/a.yaml": config_map(name) for name in ("a", "b", "c")}


def units_of(reading):
    return sorted(unit.id for unit in reading.project.units if unit.kind == "application")


@pytest.mark.parametrize(
    ("generators", "units"),
    [
        ("[{list: {elements: [{name: a}, {name: b}]}}]", ["k8s/a", "k8s/b"]),
        ("[{list: {elementsYaml: '[{name: a}, {name: b}]'}}]", ["k8s/a", "k8s/b"]),
        (
            "[{list: {elements: [{name: a, env: x}, {name: b, env: y}]}, selector: {matchLabels: {env: y}}}]",
            ["k8s/b"],
        ),
        (
            (
                "[{list: {elements: [{name: a, big: x}, {name: b}]}, "
                "selector: {matchExpressions: [{key: big, operator: DoesNotExist}]}}]"
            ),
            ["k8s/b"],
        ),
        (
            (
                "[{list: {elements: [{name: a}, {name: b}, {name: c}]}, "
                "selector: {matchExpressions: [{key: name, operator: NotIn, values: [a]}, "
                "{key: name, operator: In, values: [a, b]}, {key: name, operator: Exists}]}}]"
            ),
            ["k8s/b"],
        ),
        # The second of a matrix may use what the first one gives.
        (
            (
                "[{matrix: {generators: [{list: {elements: [{folder: k8s}]}}, "
                "{git: {repoURL: shop, directories: [{path: '{{folder}}/*'}], values: {name: '{{path.basename}}'}}}]}}]"
            ),
            ["k8s/a", "k8s/b", "k8s/c"],
        ),
        # What overrides nothing is left out; keys of the first that nothing overrides stay.
        (
            (
                "[{merge: {mergeKeys: [id], generators: [{list: {elements: [{id: '1', name: a}, {id: '2', name: b}]}}, "
                "{list: {elements: [{id: '2', name: c}, {id: '3', name: b}]}}]}}]"
            ),
            ["k8s/a", "k8s/c"],
        ),
    ],
)
def test_generators_that_files_resolve(read, generators, units):
    path, name = ("'{{path}}'", "'{{path.basename}}'") if "git:" in generators else ("'k8s/{{name}}'", "'{{name}}'")
    reading = read(FOLDERS | {"apps/all.yaml": application_set(generators, path=path, name=name)})
    assert units_of(reading) == units
    assert said(reading) == []


def test_a_prefix_keeps_the_paths_of_two_git_generators_apart(read):
    generators = (
        "[{matrix: {generators: [{git: {repoURL: shop, pathParamPrefix: one, directories: [{path: 'k8s/*'}]}}, "
        "{git: {repoURL: shop, pathParamPrefix: two, files: [{path: '{{one.path}}/size.json'}]}}]}}]"
    )
    files = FOLDERS | {"k8s/b/size.json": '{"size": 2}'}
    text = application_set(generators, path="'{{two.path}}'", name="'{{one.path.basename}}-{{size}}'")
    assert units_of(read(files | {"apps/all.yaml": text})) == ["k8s/b"]


@pytest.mark.parametrize(
    ("expression", "unit"),
    [
        ("{{ .name | lower }}", "k8s/a"),
        ('{{ .name | trimPrefix "x" | lower }}', "k8s/a"),
        ('{{ .gone | default "b" }}', "k8s/b"),
        ('{{ default "c" .gone }}', "k8s/c"),
        ("{{ .name | normalize }}", "k8s/a"),
        ('{{ .name | lower | replace "a" "c" }}', "k8s/c"),
    ],
)
def test_functions_of_go_templates(read, expression, unit):
    text = application_set("[{list: {elements: [{name: A}]}}]", path=f"'k8s/{expression}'", name="x", go=True)
    assert units_of(read(FOLDERS | {"apps/all.yaml": text})) == [unit]


@pytest.mark.parametrize(
    ("generators", "what"),
    [
        ("[{clusters: {}}]", "the clusters generator"),
        ("[{pullRequest: {github: {}}}]", "the pullRequest generator"),
        ("[{scmProvider: {github: {}}}]", "the scmProvider generator"),
        ("[{clusters: {}}, {scmProvider: {}}, {clusters: {}}]", "the clusters generator, the scmProvider generator"),
        ("[{matrix: {generators: [{clusters: {}}, {list: {elements: [{a: b}]}}]}}]", "the clusters generator"),
        ("[{merge: {mergeKeys: [a], generators: []}}]", "the merge generator without generators"),
        (
            "[{git: {repoURL: 'https://github.com/shop/other', directories: [{path: 'k8s/*'}]}}]",
            "the git generator of another repository",
        ),
        (
            "[{list: {elements: [{name: a}], template: {spec: {source: {path: x}}}}}]",
            "the template of the list generator",
        ),
    ],
)
def test_what_files_do_not_resolve_is_said_with_its_place(read, generators, what):
    remote = {".git/config": '[remote "origin"]\n\turl = https://github.com/shop/shop\n'}
    reading = read(FOLDERS | remote | {"apps/all.yaml": application_set(generators)})
    message = f"ApplicationSet/all: {what} cannot be told from files: what it deploys is not, or not all, known"
    assert said(reading) == [("apps/all.yaml", 2, message)]


def test_one_generator_that_is_not_resolved_keeps_the_others(read):
    text = application_set("[{clusters: {}}, {list: {elements: [{name: a}]}}]")
    reading = read(FOLDERS | {"apps/all.yaml": text})
    assert (units_of(reading), len(said(reading))) == (["k8s/a"], 1)


def test_a_function_that_is_not_known_is_said(read):
    text = application_set("[{list: {elements: [{name: a}]}}]", path="'k8s/{{ .name | sha256sum }}'", go=True)
    ((_, _, message),) = said(read(FOLDERS | {"apps/all.yaml": text}))
    assert message.startswith("ApplicationSet/all: {{ .name | sha256sum }} cannot be told from files")


def test_an_application_set_of_another_repository_is_left_alone(read):
    remote = {".git/config": '[remote "origin"]\n\turl = https://github.com/shop/shop\n'}
    text = application_set("[{clusters: {}}]", url="https://github.com/shop/elsewhere")
    assert said(read(FOLDERS | remote | {"apps/all.yaml": text})) == []
