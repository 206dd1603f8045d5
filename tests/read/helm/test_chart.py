import gzip
import io
import tarfile

import pytest

from opslint.read.helm import archive
from opslint.read.helm.archive import BadArchive, pack, unpack
from opslint.read.helm.chart import load_chart
from opslint.read.helm.ignore import HelmIgnore

CHART = "apiVersion: v2\nname: x\nversion: 1.0.0\n"
DB = b"apiVersion: v2\nname: db\nversion: 1.0.0\n"


def tgz(*members):
    """Pack (name, data or a type of link) without any check."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as tar:
        for name, data in members:
            info = tarfile.TarInfo(name)
            if isinstance(data, bytes):
                info.size = len(data)
                tar.addfile(info, io.BytesIO(data))
            else:
                info.type, info.linkname = data.encode(), "/etc/passwd"
                tar.addfile(info)
    return out.getvalue()


# -- archives
def test_pack_and_unpack_are_inverse():
    files = {"Chart.yaml": b"name: x", "templates/a.yaml": b"a" * 100_000, "long/" + "n" * 200: b"1"}
    assert unpack(pack(files, "x")) == files


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ([("x/../../evil", b"1")], "leads out"),
        ([("/x/evil", b"1")], "leads out"),
        ([("C:/x/evil", b"1")], "leads out"),
        ([("x\\..\\..\\evil", b"1")], "leads out"),
        ([("x/link", tarfile.SYMTYPE.decode())], "link or a device"),
        ([("x/link", tarfile.LNKTYPE.decode())], "link or a device"),
        ([("x/fifo", tarfile.FIFOTYPE.decode())], "link or a device"),
        ([("Chart.yaml", b"1")], "not in the chart's directory"),
        ([("x/big", b"0" * (archive.CHART_FILE_BYTES + 1))], "too large"),
        ([(f"x/{i}", b"0" * 600) for i in range(4)], "too large"),
    ],
)
def test_hostile_archives_are_refused(members, words):
    with pytest.raises(BadArchive, match=words):
        unpack(tgz(*members), budget=2000 if len(members) > 1 else archive.CHART_BYTES)


def test_bombs_are_refused_before_they_are_unpacked():
    assert unpack(gzip.compress(b"\0" * 50_000_000), budget=1_000_000) == {}  # ends at the first empty block
    header = tarfile.TarInfo("x/pax")
    header.type, header.size = tarfile.XHDTYPE, 40_000_000
    bomb = gzip.compress(header.tobuf() + b"0" * 40_000_000)
    with pytest.raises(BadArchive, match="limit"):
        unpack(bomb, budget=1_000_000)


def test_too_many_files_are_refused(monkeypatch):
    monkeypatch.setattr(archive, "CHART_FILES", 3)
    with pytest.raises(BadArchive, match="more than 3 files"):
        unpack(tgz(*((f"x/{i}", b"") for i in range(4))))


@pytest.mark.parametrize(
    "data",
    [b"", b"no archive", gzip.compress(b"no tar" * 200), tgz(("x/a", b"1"))[:30]],
    ids=["empty", "text", "no tar", "cut off"],  # the bytes hold the time
)
def test_broken_archives_are_refused(data):
    with pytest.raises(BadArchive, match="not a readable chart archive"):
        unpack(data)


def test_refused_subchart_is_a_failure_and_the_rest_is_read(write):
    root = write({"x/Chart.yaml": CHART, "x/charts/evil.tgz": tgz(("x/../evil", b"1")), "x/templates/a.yaml": "a: 1"})
    chart = load_chart(root, "x")
    assert [(one.path, one.message) for one in chart.failures] == [
        ("x/charts/evil.tgz", "refused: x/../evil leads out of the archive")
    ]
    assert chart.readable
    assert "templates/a.yaml" in chart.files


# -- directories
def test_links_that_leave_the_root_are_refused(write, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "secret.yaml").write_text("password: 1")
    root = write({"x/Chart.yaml": CHART, "shared/b.yaml": "b: 1", "x/templates/a.yaml": "a: 1"})
    (root / "x/templates/secret.yaml").symlink_to(outside / "secret.yaml")
    (root / "x/files").symlink_to(outside)
    (root / "x/templates/b.yaml").symlink_to(root / "shared/b.yaml")
    (root / "x/loop").symlink_to(root / "x")
    chart = load_chart(root, "x")
    assert sorted(one.path for one in chart.failures) == ["x/files", "x/templates/secret.yaml"]
    assert sorted(chart.files) == ["Chart.yaml", "templates/a.yaml", "templates/b.yaml"]


def test_chart_that_is_a_link_to_the_outside_is_refused(write, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "Chart.yaml").write_text(CHART)
    root = write({"a": ""})
    (root / "x").symlink_to(outside)
    chart = load_chart(root, "x")
    assert not chart.readable
    assert [(one.path, one.kind) for one in chart.failures] == [("x", "chart")]


def test_file_dependencies_outside_the_root_are_not_read(write, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (outside / "Chart.yaml").write_bytes(DB)
    dependency = f"dependencies:\n- {{name: db, version: 1.0.0, repository: 'file://{outside}'}}\n"
    chart = load_chart(write({"x/Chart.yaml": CHART + dependency}), "x")
    assert [item.name for item in chart.lacking] == ["db"]
    assert list(chart.files) == ["Chart.yaml"]


def test_file_dependencies_are_read_by_relative_and_by_absolute_path(write):
    root = write({"libs/db/Chart.yaml": DB, "x/values.yaml": ""})
    for place in ("../libs/db", f"{root}/libs/db"):
        write({"x/Chart.yaml": f"{CHART}dependencies:\n- {{name: db, version: 1.0.0, repository: 'file://{place}'}}\n"})
        chart = load_chart(root, "x")
        assert [(part.name, part.home) for part in chart.parts()] == [("x", "x"), ("db", "libs/db")]


def test_charts_that_depend_on_each_other_end(write):
    def uses(name, other):
        return f"apiVersion: v2\nname: {name}\nversion: 1.0.0\ndependencies:\n- {{name: {other}, version: 1.0.0, repository: 'file://../{other}'}}\n"

    chart = load_chart(write({"a/Chart.yaml": uses("a", "b"), "b/Chart.yaml": uses("b", "a")}), "a")
    assert [part.name for part in chart.parts()] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("name: [}", 1, "not valid YAML"),
        ("a: 1\nb: : 2\n", 2, "not valid YAML"),
        ("version: 1.0.0\n", 1, "no usable `name`"),
        ("- a\n", 1, "no usable `name`"),
        ("name: ../x\n", 1, "no usable `name`"),
        ("[" * 50_000, 1, "nested too deeply"),
    ],
)
def test_unusable_chart_yaml_is_a_failure_with_its_line(write, text, line, words):
    chart = load_chart(write({"x/Chart.yaml": text}), "x")
    assert not chart.readable
    assert [(one.path, one.line) for one in chart.failures] == [("x/Chart.yaml", line)]
    assert words in chart.failures[0].message


def test_large_files_are_a_failure(write):
    root = write({"x/Chart.yaml": CHART, "x/big.bin": b"0" * (archive.CHART_FILE_BYTES + 1)})
    chart = load_chart(root, "x")
    assert [(one.path, one.kind) for one in chart.failures] == [("x/big.bin", "limit")]


def test_chart_in_the_root_itself(write):
    chart = load_chart(write({"Chart.yaml": CHART, "templates/a.yaml": "a: 1", "values.yaml": "a: 1"}), ".")
    assert (chart.path, chart.source("templates/a.yaml").path) == ("", "templates/a.yaml")
    assert chart.source("values.yaml").kind == "values"


# -- .helmignore
@pytest.mark.parametrize(
    ("rules", "path", "directory", "ignored"),
    [
        ("*.bak", "a/b.bak", False, True),
        ("*.bak", "a/b.bak/c", False, False),
        ("/a", "a", False, True),
        ("/a", "b/a", False, False),
        ("a/b", "a/b", False, True),
        ("a/*", "a/b/c", False, False),
        ("ci/", "ci", True, True),
        ("ci/", "ci", False, False),
        ("# ci\n\n", "ci", False, False),
        ("[ab].y", "b.y", False, True),
        ("a?c", "abc", False, True),
        ("!*.yaml", "a.txt", False, True),
        ("!*.yaml", "a.yaml", False, False),
        ("", "templates/.hidden", False, True),
        ("a/**/b", "a/x/b", False, False),
        ("[", "[", False, False),
    ],
)
def test_helmignore(rules, path, directory, ignored):
    assert HelmIgnore(rules).ignores(path, directory=directory) is ignored


# -- subcharts
def test_archived_subchart_stands_at_its_entry(write, engine):
    from opslint.model.source import Confidence, Span
    from opslint.read.helm.engine import render_release
    from opslint.read.helm.releases import Release

    inner = pack({"Chart.yaml": DB, "templates/db.yaml": b"db: 1\n", "crds/c.yaml": b"kind: C\n"}, "db")
    dependencies = "dependencies:\n- name: db\n  version: 1.0.0\n  repository: oci://example.com/charts\n"
    root = write({"x/Chart.yaml": CHART + dependencies, "x/charts/db-1.0.0.tgz": inner})
    chart = load_chart(root, "x")
    assert (chart.failures, chart.lacking) == ([], ())
    crd, template = render_release(engine, chart, Release("r"), 33, []).sources
    assert (crd.path, crd.vendored) == ("x/charts/db-1.0.0.tgz/crds/c.yaml", True)
    assert (template.path, template.vendored) == ("x/charts/db-1.0.0.tgz/templates/db.yaml", True)
    for source in (crd, template):
        origin = source.origin.locate(Span(1, 1, 1, 3))
        assert (origin.location.source.path, origin.location.text) == ("x/Chart.yaml", "db")
        assert origin.location.span.line == 5
        assert origin.confidence is Confidence.BLOCK


def test_third_party_helper_leads_to_the_line_that_calls_it(write, engine):
    from opslint.model.source import Confidence, Span
    from opslint.read.helm.engine import render_release
    from opslint.read.helm.releases import Release

    library = b"apiVersion: v2\nname: db\ntype: library\nversion: 1.0.0\n"
    helper = b'{{ define "db.labels" }}\nhelped: {{ .Values.v }}\n{{ end }}'
    dependencies = "dependencies:\n- name: db\n  version: 1.0.0\n  repository: oci://example.com/charts\n"
    files = {
        "x/Chart.yaml": CHART + dependencies,
        "x/values.yaml": "v: 1\n",
        "x/templates/a.yaml": 'a: 1\nlabels:\n  {{- include "db.labels" . | nindent 2 }}\n',
    }
    unpacked = files | {"x/charts/db/Chart.yaml": library, "x/charts/db/templates/_h.tpl": helper}
    packed = {"x/charts/db.tgz": pack({"Chart.yaml": library, "templates/_h.tpl": helper}, "db")}
    labels = []
    for content, clear in ((unpacked, True), (files | packed, False)):
        root = write(content)
        (source,) = render_release(engine, load_chart(root, "x"), Release("r"), 33, []).sources
        line = next(i for i, text in enumerate(source.text.splitlines(), 1) if "helped" in text)
        origin = source.origin.locate(Span(line, 11, line, 12))
        assert (origin.location.source.path, origin.location.span.line) == ("x/templates/a.yaml", 3)
        assert origin.confidence is Confidence.LINE
        assert origin.editable.text == "1"
        labels.append([label for label, _ in origin.related])
        if clear:
            import shutil

            shutil.rmtree(root / "x/charts")
    assert labels == [["printed by this helper", "values key v"], ["values key v"]]


def test_one_subchart_under_two_names(write, engine):
    from opslint.read.helm.engine import render_release
    from opslint.read.helm.releases import Release

    dependencies = "dependencies:\n- {name: db, alias: one, version: 1.0.0}\n- {name: db, alias: two, version: 1.0.0}\n"
    root = write(
        {
            "x/Chart.yaml": CHART + dependencies,
            "x/values.yaml": "one: {size: 1}\ntwo:\n  size: 2\n",
            "x/charts/db/Chart.yaml": DB,
            "x/charts/db/templates/db.yaml": "size: {{ .Values.size }}\n",
        }
    )
    from opslint.model.source import Span

    sources = render_release(engine, load_chart(root, "x"), Release("r"), 33, []).sources
    edits = sorted(source.origin.locate(Span(1, 7, 1, 8)).editable.span.line for source in sources)
    assert edits == [1, 3]
    assert [source.path for source in sources] == ["x/charts/db/templates/db.yaml"] * 2


def test_library_chart_is_not_rendered_alone():
    from pathlib import Path

    chart = load_chart(Path(__file__).parents[2] / "charts", "libcommon")
    assert (chart.readable, chart.is_library, chart.renderable) == (True, True, False)
