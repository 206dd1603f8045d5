"""Variables of Flux Kustomizations are replaced as Flux does; what only a cluster could tell is unknown."""

import pytest

from opslint.model.settings import Settings
from opslint.read.plan import read_project

MANIFEST = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\n  labels: {a: b}\ndata:\n"
    "  plain: ${size}\n  quoted: '${size}'\n  part: a-${name}-b\n  default: ${gone:=5}\n  dash: ${gone:-x}\n"
    "  empty: ${empty:=y}\n  set: ${empty=y}\n  none: ${gone}\n  escaped: $${size}\n  cut: ${name:0:3}\n  on: ${on}\n"
    "  number: ${float}\n  shell: $size and $(size)\n"
)
VARIABLES = "{size: '3', name: shop, empty: '', on: 'true', float: '1.5'}"


def kustomization(more):
    return (
        "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nmetadata: {name: web, namespace: flux-system}\n"
        f"spec:\n  path: ./apps/web\n  sourceRef: {{kind: GitRepository, name: x}}\n{more}"
    )


@pytest.fixture
def read(tmp_path):
    """Write files and read them: `read(postBuild, files) -> (the ConfigMap that is applied, its unit, the notices)`."""

    def run(build, files=(), manifest=MANIFEST):
        more = f"  postBuild: {build}\n" if build else ""
        written = {".git/HEAD": "", "apps/web/a.yaml": manifest, "clusters/prod/web.yaml": kustomization(more)}
        for path, text in (written | dict(files)).items():
            (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / path).write_text(text, encoding="utf-8")
        reading = read_project([str(tmp_path)], Settings(root=str(tmp_path)))
        (unit,) = (unit for unit in reading.project.units if unit.id == "apps/web")
        (item,) = unit.objects
        return item, unit, [notice.message for notice in reading.coverage.notices]

    return run


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("plain", 3),
        ("quoted", "3"),
        ("part", "a-shop-b"),
        ("default", 5),
        ("dash", "x"),
        ("empty", "y"),
        ("set", None),
        ("none", None),
        ("escaped", "${size}"),
        ("on", True),
        ("number", 1.5),
        ("shell", "$size and $(size)"),
    ],
)
def test_values(read, key, value):
    item, unit, notices = read(f"{{substitute: {VARIABLES}}}")
    node = item.root["data"][key]
    assert (node.value, type(node.value)) == (value, type(value))
    assert (unit.closed, notices) == (True, [])


def test_functions_of_texts_are_unknown(read):
    node = read(f"{{substitute: {VARIABLES}}}")[0].root["data"]["cut"]
    assert (node.known, node.why) == (False, "${name:0:3} of Kustomization/web at clusters/prod/web.yaml:2")


def test_the_place_of_a_variable_is_told(read):
    node = read(f"{{substitute: {VARIABLES}}}")[0].root["data"]["part"]
    assert [(label, place.source.path, place.span.line) for label, place in node.via] == [
        ("variable name", "clusters/prod/web.yaml", 7)
    ]
    assert (node.source.path, node.span.line) == ("apps/web/a.yaml", 9)


def test_variables_of_a_config_map_yield_to_those_of_the_kustomization(read):
    config = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: vars, namespace: flux-system}\n"
        "data: {size: '9', name: mapped}\n"
    )
    build = "{substitute: {size: '3'}, substituteFrom: [{kind: ConfigMap, name: vars}]}"
    item, unit, notices = read(build, {"clusters/prod/vars.yaml": config})
    assert (item.root["data"]["plain"].value, item.root["data"]["part"].text) == (3, "a-mapped-b")
    assert (unit.closed, notices) == (True, [])


@pytest.mark.parametrize("source", ["{kind: Secret, name: vars}", "{kind: ConfigMap, name: vars}"])
def test_what_a_cluster_holds_is_unknown_and_said(read, source):
    item, unit, notices = read(f"{{substitute: {{size: '3'}}, substituteFrom: [{source}]}}")
    assert item.root["data"]["plain"].value == 3
    for key in ("part", "default", "none"):
        assert not item.root["data"][key].known
    assert item.root["data"]["part"].unknown.parts[0] == "a-"
    why = "variables of Kustomization/web at clusters/prod/web.yaml:2 are read from the cluster"
    assert unit.open_because == (why,)
    assert notices == [f"Kustomization/web: {why}"]


def test_a_config_map_that_may_be_missing_is_no_gap(read):
    item, unit, _ = read("{substituteFrom: [{kind: ConfigMap, name: vars, optional: true}]}")
    assert (unit.closed, item.root["data"]["default"].value) == (True, 5)


@pytest.mark.parametrize("build", ["", "{substitute: {}}"])
def test_without_variables_the_text_stays_or_is_empty(read, build):
    item, _, _ = read(build)
    assert item.root["data"]["plain"].value == (None if build else "${size}")


def test_an_object_may_be_left_out(read):
    manifest = MANIFEST.replace("labels: {a: b}", "labels: {kustomize.toolkit.fluxcd.io/substitute: disabled}")
    item, _, _ = read(f"{{substitute: {VARIABLES}}}", manifest=manifest)
    assert item.root["data"]["plain"].value == "${size}"


def test_a_fix_keeps_the_variable(lint_files):
    from opslint.api import STRICT, Fix, Problem, Safety, Set, Severity, kind, rule

    @rule(each=kind("ConfigMap"), severity=Severity.LOW, preset=STRICT)
    def some_rule(item, project):
        """Each one."""
        for key in ("plain", "own"):
            node = item.root["data"][key]
            yield Problem(key, node, fix=Fix("Set it", (Set(node, "4"),), Safety.SAFE))

    files = {
        "clusters/prod/web.yaml": kustomization("  postBuild: {substitute: {size: '3'}}\n"),
        "apps/web/a.yaml": MANIFEST + "  own: 1\n",
    }
    report = lint_files(files, [some_rule])
    assert {finding.message: bool(finding.fix.edits) for finding in report.findings} == {"plain": False, "own": True}
