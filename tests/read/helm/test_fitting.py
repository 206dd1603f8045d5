"""What happens when a chart renders, but not with markers: the places that are lost are few, and told."""

import pytest

from opslint.model.source import Confidence, Span
from opslint.read.helm.backend import Answer
from opslint.read.helm.chart import load_chart
from opslint.read.helm.engine import render_release
from opslint.read.helm.markers import REMAINS
from opslint.read.helm.releases import Release

CHART = "apiVersion: v2\nname: x\nversion: 1.0.0\n"
# `b` is read by `a` as YAML: with a marker in front of its first key, `a` does not find that key.
CONSUMED = {
    "templates/a.yaml": '{{ $b := include (print "x/templates/" "b.yaml") . | fromYaml }}\nv: {{ $b.top.inner }}\nw: 1\n',
    "templates/b.yaml": "top:\n  inner: 1\n",
    "templates/c.yaml": "\nc: 1\n",
}


def places(result):
    """Return where the last line of each source comes from, by the source's path."""
    found = {}
    for source in result.sources:
        number = source.line_count
        origin = source.origin.locate(Span.of_line(number, source.line(number)))
        found[source.path] = (origin.location.span.line, origin.confidence)
    return found


def test_only_the_template_that_does_not_bear_markers_loses_its_lines(render):
    result = render(CONSUMED)
    assert result.failures == []
    assert places(result) == {
        "x/templates/a.yaml": (3, Confidence.EXACT),
        "x/templates/b.yaml": (1, Confidence.FILE),
        "x/templates/c.yaml": (2, Confidence.EXACT),
    }
    (notice,) = result.notices
    assert (notice.path, notice.line) == ("x/templates/b.yaml", 0)
    assert "name the template but not its line" in notice.message
    assert "nil pointer evaluating" in notice.message


def test_what_does_not_bear_markers_is_known_to_the_next_release(write, engine):
    root = write({"x/Chart.yaml": CHART} | {f"x/{path}": text for path, text in CONSUMED.items()})
    chart = load_chart(root, "x")
    first, second = (render_release(engine, chart, Release("r"), 33, []) for _ in range(2))
    assert first.rounds > second.rounds == 1
    assert places(first) == places(second)
    assert first.notices == second.notices != []


class Picky:
    """An engine that fails where one of these templates has markers, `named` or not, with an answer of this kind."""

    def __init__(self, engine, culprits, kind="HelmRenderError", *, named=True):
        self.engine, self.culprits, self.kind, self.named = engine, culprits, kind, named
        self.failed = 0

    def render(self, chart, texts, request):
        return [self._one(chart, changed, request) for changed in texts]

    def _one(self, chart, changed, request):
        bad = [path for path in self.culprits if REMAINS.search(changed.get(path, ""))]
        if not bad:
            return self.engine.render(chart, [changed], request)[0]
        self.failed += 1
        where = f'template: x/{bad[0]}:1:2: executing "x/{bad[0]}" at <.>: ' if self.named else ""
        return Answer(kind=self.kind, message=f"{where}it does not go")


def run(write, engine, count, culprits, **how):
    files = {f"x/templates/t{number:02}.yaml": f"\nkey{number}: 1\n" for number in range(count)}
    chart = load_chart(write({"x/Chart.yaml": CHART} | files), "x")
    picky = Picky(engine, [f"templates/t{number:02}.yaml" for number in culprits], **how)
    return picky, render_release(picky, chart, Release("r"), 33, [])


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("culprits", [(0,), (11,), (3, 7)])
def test_the_templates_to_blame_are_found_among_many(write, engine, culprits, named):
    _, result = run(write, engine, 12, culprits, named=named)
    assert result.failures == []
    lost = [path for path, place in places(result).items() if place == (1, Confidence.FILE)]
    assert lost == [f"x/templates/t{number:02}.yaml" for number in culprits]
    assert all(place == (2, Confidence.EXACT) for path, place in places(result).items() if path not in lost)
    assert [notice.path for notice in result.notices] == lost
    assert all("it does not go" in notice.message for notice in result.notices)


def test_a_search_ends_where_every_template_is_to_blame(write, engine):
    picky, result = run(write, engine, 60, range(60), named=False)
    assert picky.failed <= 25
    assert set(places(result).values()) == {(1, Confidence.FILE)}
    assert len(result.notices) == 60


@pytest.mark.parametrize("kind", ["timeout", "dead", "limit"])
def test_what_takes_too_much_with_markers_costs_the_largest_templates(write, engine, kind):
    files = {
        "x/templates/large.yaml": "{{ range until 200 }}\nk{{ . }}: 1\n{{ end }}",
        "x/templates/small.yaml": "\na: 1\n",
    }
    chart = load_chart(write({"x/Chart.yaml": CHART} | files), "x")
    picky = Picky(engine, ["templates/large.yaml"], kind, named=False)
    result = render_release(picky, chart, Release("r"), 33, [])
    assert picky.failed == 1
    assert places(result) == {
        "x/templates/large.yaml": (1, Confidence.FILE),
        "x/templates/small.yaml": (2, Confidence.EXACT),
    }
    assert [notice.path for notice in result.notices] == ["x/templates/large.yaml"]


def test_all_of_it_taking_too_much_is_not_tried_for_long(write, engine):
    picky, result = run(write, engine, 12, range(12), kind="timeout", named=False)
    assert picky.failed <= 3
    assert len(result.notices) == 12


def test_a_helper_of_a_template_without_markers_is_called_as_it_is(write, engine):
    files = {
        "x/templates/_h.tpl": '{{ define "h" }}\nh: 1\n{{- end }}',
        "x/templates/a.yaml": 'a: 1\n{{- include "h" . }}\n',
    }
    chart = load_chart(write({"x/Chart.yaml": CHART} | files), "x")
    result = render_release(Picky(engine, ["templates/_h.tpl"]), chart, Release("r"), 33, [])
    (source,) = result.sources
    assert source.text == "a: 1\nh: 1\n"
    assert places(result) == {"x/templates/a.yaml": (2, Confidence.LINE)}
    assert result.notices == []  # the line of the call is a line


def test_lines_without_a_place_of_their_own_are_told(render):
    files = {
        "templates/_h.tpl": '{{ define "x.blank" }}\n\n{{ "" }}\nkey: 1\nother: 2\n{{ end }}',
        "templates/a.yaml": 'a:\n  {{- include "x.blank" . | trim | nindent 2 }}\nc: 1\n',
    }
    (notice,) = render(files).notices
    assert notice.path == "x/templates/a.yaml"
    assert notice.message == "text from x.blank is placed at the line that calls the helper"
    text = "a: 1\n{{- range until (randInt 20 4000 | int) }}\nx{{ . }}-{{ randAlpha 4 }}: 1\n{{- end }}\nb: 2\n"
    (notice,) = render(files | {"templates/a.yaml": text}).notices
    assert "stand at the nearest known line" in notice.message


def test_a_template_that_holds_marker_characters_is_told(render):
    result = render({"templates/a.yaml": "a: \ue0f0\n", "templates/b.yaml": "b: 1\n"})
    assert places(result)["x/templates/b.yaml"] == (1, Confidence.EXACT)
    (notice,) = result.notices
    assert notice.path == "x/templates/a.yaml"
    assert "private-use characters" in notice.message


def test_a_template_that_is_not_utf_8_is_told(render):
    (notice,) = render({"templates/a.yaml": b"a: \xff\n"}).notices
    assert notice.message.endswith("it is not UTF-8")


def test_a_vendored_chart_is_not_told_of(render):
    files = {
        "Chart.yaml": CHART + "dependencies:\n- {name: db, version: 1.0.0, repository: 'https://example.com'}\n",
        "charts/db/Chart.yaml": "apiVersion: v2\nname: db\nversion: 1.0.0\n",
        "charts/db/templates/a.yaml": "a: \ue0f0\n",
    }
    assert render(files).notices == []
