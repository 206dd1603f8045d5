"""Dependencies that a release switches off, that are not there, or that stand elsewhere in the linted paths."""

import pytest

from opslint.model.settings import Settings
from opslint.read.helm.chart import load_chart
from opslint.read.helm.dependencies import Nearby, needed
from opslint.read.helm.releases import Release, releases
from opslint.read.plan import read_project

CHART = "apiVersion: v2\nname: x\nversion: 1.0.0\n"
DB = "apiVersion: v2\nname: db\nversion: 2.3.4\n"
GONE = "dependencies:\n  - name: gone\n    version: 1.0.0\n    repository: https://charts.example.com\n"


def missing(root, chart="x", **settings):
    loaded = load_chart(root, chart)
    (release,) = releases(loaded, Settings(root=str(root), **settings))
    return [one.dependency.name for one in needed(loaded, release) if one.part is None]


def depends(*entries):
    return CHART + "dependencies:\n" + "".join(f"- {{name: {entry}}}\n" for entry in entries)


@pytest.mark.parametrize(
    ("entry", "values", "off"),
    [
        ("db, condition: db.enabled", "db: {enabled: false}", True),
        ("db, condition: db.enabled", "db: {enabled: true}", False),
        ("db, condition: db.enabled", "db: {}", False),
        ("db, condition: db.enabled", "db: {enabled: 'false'}", False),  # a text is no switch
        ("db, condition: db.enabled", "db: {enabled: null}", False),
        ('db, condition: "a.on,db.enabled"', "a: {on: false}\ndb: {enabled: true}", True),
        ('db, condition: "a.on, db.enabled"', "a: {}\ndb: {enabled: false}", True),
        ("db, tags: [one, two]", "tags: {one: false}", True),
        ("db, tags: [one, two]", "tags: {one: false, two: true}", False),
        ("db, tags: [one]", "tags: {other: false}", False),
        ("db, tags: [one], condition: db.enabled", "tags: {one: false}\ndb: {enabled: true}", False),
        ("db, tags: [one], condition: db.enabled", "tags: {one: true}\ndb: {enabled: false}", True),
        ("db, alias: store, condition: store.enabled", "store: {enabled: false}", True),
    ],
)
def test_a_dependency_that_is_switched_off_is_not_missing(write, entry, values, off):
    root = write({"x/Chart.yaml": depends(entry), "x/values.yaml": values})
    assert missing(root) == ([] if off else ["db"])


def test_switches_of_the_engine_are_read_the_same_way(write, engine, render):
    """What Helm itself leaves out for a switch is what is not needed here."""
    from opslint.read.helm.engine import render_release

    for entry, values in (
        ("db, condition: db.enabled", "db: {enabled: false}"),
        ("db, condition: db.enabled", "db: {enabled: 'false'}"),
        ("db, condition: db.enabled", "db: {enabled: no}"),
        ('db, condition: "a.on, db.enabled"', "a: {on: true}\ndb: {enabled: false}"),
        ("db, tags: [one, two]", "tags: {one: false}"),
        ("db, tags: [one, two]", "tags: {one: false, two: true}"),
        ("db, tags: [one], condition: db.enabled", "tags: {one: true}\ndb: {enabled: false}"),
    ):
        files = {"x/Chart.yaml": depends(f"{entry}, version: 2.3.4"), "x/values.yaml": values}
        subchart = {"x/charts/db/Chart.yaml": DB, "x/charts/db/templates/a.yaml": "a: 1\n"}
        chart = load_chart(write(files | subchart), "x")
        rendered = bool(render_release(engine, chart, Release("r"), 33, []).sources)
        assert bool(list(needed(chart, Release("r")))) == rendered, (entry, values)


def test_each_release_has_its_own_switches(write):
    root = write(
        {
            "x/Chart.yaml": depends("db, condition: db.enabled"),
            "x/values.yaml": "db: {enabled: false}",
            "on.yaml": "db: {enabled: true}",
        }
    )
    assert missing(root) == []
    assert missing(root, helm_values=(("", "on.yaml"),)) == ["db"]
    assert missing(root, helm_values=(("", "on.yaml"),), helm_set=(("", "db.enabled=false"),)) == []
    loaded = load_chart(root, "x")
    for value, wanted in (({"enabled": True}, ["db"]), ({"other": 1}, [])):
        release = Release("r", set=((("db",), value),))
        assert [one.dependency.name for one in needed(loaded, release)] == wanted


def test_a_subcharts_own_dependencies_are_asked_for_where_it_is_on(write):
    inner = DB + "dependencies:\n- {name: log, condition: log.enabled}\n"
    root = write({"x/Chart.yaml": depends("db, condition: db.on"), "x/charts/db/Chart.yaml": inner})
    for values, wanted in (
        ("", ["log"]),
        ("db: {log: {enabled: false}}", []),
        ("log: {enabled: false}", ["log"]),
        ("db: {on: false}", []),
    ):
        write({"x/values.yaml": values})
        assert missing(root) == wanted, values
    write({"x/values.yaml": "", "x/charts/db/values.yaml": "log: {enabled: false}"})
    assert missing(root) == []


def reading(root, *paths, **settings):
    settings = {"root": str(root), "no_cache": True} | settings
    return read_project([str(root / path) for path in paths or (".",)], Settings(**settings))


def notices(result):
    return [(one.path, one.line, one.message) for one in result.coverage.notices]


def test_missing_dependency_is_a_notice_on_its_line(write):
    root = write({"x/Chart.yaml": CHART + GONE, "x/templates/a.yaml": "a: 1\n"})
    result = reading(root)
    ((path, line, message),) = notices(result)
    assert (path, line) == ("x/Chart.yaml", 5)
    assert "run `helm dependency build x`" in message
    (chart,) = result.project.charts
    assert [(name, place.span.line) for name, place in chart.missing] == [("gone", 5)]
    assert [unit.open_because for unit in result.project.units] == [("dependency gone is not in charts/",)]


USER = {
    "apps/x/Chart.yaml": CHART
    + "dependencies:\n- {name: db, version: 2.x.x, repository: 'oci://example.com/charts'}\n",
    "apps/x/templates/a.yaml": 'a: {{ include "db.name" . }}\n',
}


def library(version, name="db"):
    return {
        "Chart.yaml": f"apiVersion: v2\nname: {name}\nversion: {version}\ntype: library\n",
        "templates/_h.tpl": f'{{{{ define "db.name" }}}}v{version}{{{{ end }}}}',
    }


def at(folder, files):
    return {f"{folder}/{path}": text for path, text in files.items()}


def test_a_dependency_is_taken_from_a_chart_of_its_name_in_the_linted_paths(write):
    root = write(USER | at("libs/one", library("2.3.4")) | at("libs/two", library("2.11.0")))
    result = reading(root)
    assert result.failures == []
    ((path, line, message),) = notices(result)
    assert (path, line) == ("apps/x/Chart.yaml", 5)
    expected = "dependency db (oci://example.com/charts) is not in charts/: taken from libs/two (2.11.0)"
    assert message == expected
    (unit,) = (unit for unit in result.project.units if unit.path == "apps/x")
    assert unit.open_because == ()
    (release,) = next(chart for chart in result.project.charts if chart.path == "apps/x").releases
    assert [source.text for source in release.sources] == ["a: v2.11.0\n"]


@pytest.mark.parametrize("other", [library("3.0.0"), library("2.0.0-rc.1"), library("none"), library("2.1.0", "dbx")])
def test_a_chart_of_another_version_or_name_is_not_taken(write, other):
    root = write(USER | at("libs/db", other))
    result = reading(root)
    assert [path for path, _, _ in notices(result)] == ["apps/x/Chart.yaml"]
    assert "helm dependency build apps/x" in notices(result)[0][2]
    wrong = "name: db\n" in other["Chart.yaml"]
    assert ("libs/db has version" in notices(result)[0][2]) == wrong
    assert [(one.path, one.kind) for one in result.failures] == [("apps/x/templates/a.yaml", "chart")]


def test_nothing_is_taken_from_outside_the_linted_paths(write):
    root = write(USER | at("libs/db", library("2.3.4")))
    result = reading(root, "apps")
    assert [(one.path, one.kind) for one in result.failures] == [("apps/x/templates/a.yaml", "chart")]
    assert "is not in charts/, so its objects are unknown" in notices(result)[0][2]


def test_what_is_in_charts_wins_over_what_stands_elsewhere(write):
    vendored = at("apps/x/charts/db", library("2.0.0"))
    result = reading(write(USER | vendored | at("libs/db", library("2.3.4"))))
    assert notices(result) == []
    (release,) = next(chart for chart in result.project.charts if chart.path == "apps/x").releases
    assert [source.text for source in release.sources] == ["a: v2.0.0\n"]


def test_what_is_taken_brings_its_own_dependencies_and_is_no_third_partys(write):
    db = {
        "Chart.yaml": DB + "dependencies:\n- {name: log, version: 1.x, repository: 'https://example.com'}\n",
        "templates/db.yaml": 'db: {{ include "log.name" . }}\n',
    }
    log = {
        "Chart.yaml": "apiVersion: v2\nname: log\nversion: 1.5.0\ntype: library\n",
        "templates/_h.tpl": '{{ define "log.name" }}log{{ end }}',
    }
    root = write(USER | at("apps/db", db) | at("apps/log", log) | {"apps/x/templates/a.yaml": "a: 1\n"})
    result = reading(root)
    assert result.failures == []
    (release,) = next(chart for chart in result.project.charts if chart.path == "apps/x").releases
    assert {(source.path, source.vendored) for source in release.sources} == {
        ("apps/x/templates/a.yaml", False),
        ("apps/db/templates/db.yaml", False),
    }
    assert [path for path, _, _ in notices(result)] == ["apps/db/Chart.yaml", "apps/x/Chart.yaml"]


def test_charts_that_take_each_other_end(write):
    def uses(name, other):
        return f"apiVersion: v2\nname: {name}\nversion: 1.0.0\ndependencies:\n- {{name: {other}, version: 1.0.0}}\n"

    root = write({"a/Chart.yaml": uses("a", "b"), "b/Chart.yaml": uses("b", "a")})
    chart = load_chart(root, "a", Nearby(root, ["a", "b"]))
    assert [part.name for part in chart.parts()] == ["a", "b"]


def test_other_charts_are_not_read_unless_one_is_wanted(write):
    root = write({"x/Chart.yaml": CHART, "y/Chart.yaml": "name: [}"})
    nearby = Nearby(root, ["x", "y"])
    load_chart(root, "x", nearby)
    assert nearby._found is None
    assert nearby.find("x", "") == ("x", "1.0.0")
    assert nearby.find("x", ">=1.0.0") == ("x", "1.0.0")
    assert nearby.find("x", "no range") is None


@pytest.mark.parametrize(("versions", "best"), [(("none", "1.2.0"), 1), (("1.9.0", "1.10.0"), 1), (("2.0.0", ""), 0)])
def test_any_version_serves_a_dependency_that_asks_for_none(write, versions, best):
    names = [f"c{number}" for number in range(len(versions))]
    root = write(
        {f"{name}/Chart.yaml": f"name: db\nversion: {one}\n" for name, one in zip(names, versions, strict=True)}
    )
    assert Nearby(root, names).find("db", "") == (names[best], versions[best])
