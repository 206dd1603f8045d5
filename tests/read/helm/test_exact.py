"""Every line of the charts in tests/charts carries a word of its own, so the right place of each finding is known."""

import re
from pathlib import Path

import pytest

from opslint.model.settings import Settings
from opslint.model.source import Confidence, Span
from opslint.read.helm.engine import render_release
from opslint.read.helm.releases import releases

CHARTS = Path(__file__).parents[2] / "charts"
WORD = re.compile(r"u\d{4}")


def places(*patterns):
    """Return {word: (path, line)} of all words in these files."""
    found = {}
    for pattern in patterns:
        for path in filter(Path.is_file, CHARTS.glob(pattern)):
            for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
                for word in WORD.findall(line):
                    assert word not in found
                    found[word] = (path.relative_to(CHARTS).as_posix(), number)
    return found


TEMPLATES = places("shop/templates/**/*", "shop/charts/db/templates/*", "libcommon/templates/*")
VALUES = places("shop/values*.yaml", "shop/charts/db/values.yaml")


@pytest.fixture(scope="module")
def rendered(engine):
    from opslint.read.helm.chart import load_chart

    shop = load_chart(CHARTS, "shop")
    assert shop.failures == []
    return {
        release.environment.name: render_release(engine, shop, release, 33, [])
        for release in releases(shop, Settings(root=str(CHARTS)))
    }


def lines(result):
    for source in result.sources:
        if source.kind == "rendered":
            for number, text in enumerate(source.text.splitlines(), 1):
                if text.strip():
                    yield source, number, text


def test_environments(rendered):
    assert sorted(rendered) == ["dev", "prod"]
    assert [(r.failures, r.notices, r.rounds) for r in rendered.values()] == [([], [], 1)] * 2


def test_every_line_lands_on_the_template_line_that_printed_it(rendered):
    seen = set()
    for result in rendered.values():
        for source, number, text in lines(result):
            words = [word for word in WORD.findall(text) if word in TEMPLATES]
            seen.update(words)
            words = [word for word in words if word not in {"u3001", "u4033"}]  # went through a helper or an argument
            if not words:
                continue
            start = len(text) - len(text.lstrip()) + 1
            origin = source.origin.locate(Span(number, start, number, len(text) + 1))
            path, line = TEMPLATES[words[0]]
            # The action over two lines begins on the line before its word.
            expected = (path, line - 1 if words[0] == "u4028" else line)
            assert (origin.location.source.path, origin.location.span.line) == expected, text
            assert origin.confidence is (Confidence.LINE if words[0] == "u4007" else Confidence.EXACT)
    # What no environment prints: the else branches, the empty securityContext.
    assert set(TEMPLATES) - seen == {"u3004", "u4011", "u4016"}


def test_words_land_on_their_own_line(rendered):
    """The place of a word itself (a scalar, a comment): 100 % of them, from its own column."""
    for result in rendered.values():
        for source, number, text in lines(result):
            for match in WORD.finditer(text):
                if match[0] not in TEMPLATES or match[0] in {"u3001", "u4033"}:
                    continue  # printed through a function: the call's line, tested below
                origin = source.origin.locate(Span(number, match.start() + 1, number, match.end() + 1))
                assert (origin.location.source.path, origin.location.span.line) == TEMPLATES[match[0]]


def test_columns_are_those_of_the_template_line(rendered):
    for source, number, text in lines(rendered["prod"]):
        if text.strip() == "kind: Deployment # u4002":
            origin = source.origin.locate(Span(number, 7, number, 17))
            assert origin.location.span == Span(3, 1, 3, 25)
            assert origin.location.text == text
        if "u4004" in text:
            origin = source.origin.locate(Span(number, 9, number, 19))
            assert origin.location.span.column == 3
            assert origin.location.text.startswith("name: {{ include")


def test_values_lines_name_their_key(rendered):
    """A word that came from a values file: the key is related, by its own line."""
    seen = set()
    for result in rendered.values():
        for source, number, text in lines(result):
            for match in WORD.finditer(text):
                if match[0] not in VALUES:
                    continue
                origin = source.origin.locate(Span(number, match.start() + 1, number, match.end() + 1))
                keys = {
                    (place.source.path, place.span.line): label
                    for label, place in origin.related
                    if label.startswith("values key ")
                }
                expected = VALUES[match[0]]
                assert expected in keys, (text, keys)
                seen.add(match[0])
    assert set(VALUES) - seen == {"u1002"}  # replaced in both environments


def find(result, needle):
    return next((source, number, text) for source, number, text in lines(result) if needle in text)


def value(result, needle):
    """Return the origin of the value on the line with `needle`."""
    source, number, text = find(result, needle)
    start = text.index(": ") + 3
    end = len(text.partition(" #")[0]) + 1
    return source.origin.locate(Span(number, start, number, end))


def test_scalar_that_came_whole_is_editable(rendered):
    dev, prod = rendered["dev"], rendered["prod"]
    replicas = value(dev, "u4010")
    assert (replicas.editable.source.path, replicas.editable.text) == ("shop/values-dev.yaml", "1")
    replicas = value(prod, "u4010")
    assert (replicas.editable.source.path, replicas.editable.text) == ("shop/values.yaml", "3")
    cpu = value(prod, "cpu: u2003m")
    assert (cpu.editable.source.path, cpu.editable.span) == ("shop/values-prod.yaml", Span(5, 10, 5, 16))
    cpu = value(prod, "cpu: u1005m")
    assert (cpu.editable.source.path, cpu.editable.text) == ("shop/values.yaml", "u1005m")
    zone = value(dev, "u8006")
    assert (zone.editable.source.path, zone.editable.text) == ("shop/values.yaml", "u1013")


def test_subchart_values(rendered):
    size = value(rendered["dev"], "u8004")
    assert (size.editable.source.path, size.editable.text) == ("shop/values.yaml", "u1012Gi")
    storage = value(rendered["dev"], "u8005")
    assert (storage.editable.source.path, storage.editable.text) == ("shop/charts/db/values.yaml", "u7001")


def test_scalar_put_together_is_not_editable(rendered):
    image = value(rendered["prod"], "u4019")
    assert image.editable is None
    assert [label for label, _ in image.related] == ["values key image.repository", "values key image.tag"]
    assert [place.source.path for _, place in image.related] == ["shop/values.yaml", "shop/values-prod.yaml"]


def test_helper_with_a_dict_argument(rendered):
    image = value(rendered["prod"], "u4026")
    labels = [label for label, _ in image.related]
    assert labels == ["included here", "values key image.repository", "values key image.tag"]
    assert image.related[0][1].source.path == "shop/templates/deployment.yaml"
    assert image.location.text == "{{ .image.repository }}:{{ .image.tag }}"


def test_helper_lines_name_their_calls(rendered):
    source, number, text = find(rendered["prod"], "more-u3005")
    origin = source.origin.locate(Span(number, 5, number, len(text) + 1))
    assert [(label, place.source.path, place.text) for label, place in origin.related] == [
        ("included here", "shop/templates/_helpers.tpl", '{{ include "shop.more" . }}'),
        ("included here", "shop/templates/deployment.yaml", '{{- include "shop.labels" . | nindent 4 }}'),
    ]


def test_helper_consumed_by_a_function_is_known_by_its_call(rendered):
    source, number, text = find(rendered["prod"], "u4004")
    origin = source.origin.locate(Span(number, text.index("shop-") + 1, number, text.index(" #")))
    assert (origin.location.source.path, origin.location.span.line) == TEMPLATES["u4004"]
    assert origin.confidence is Confidence.LINE


def test_key_in_front_of_a_printed_value_names_the_values_key(rendered):
    source, number, text = find(rendered["prod"], "resources:")
    start = text.index("resources") + 1
    origin = source.origin.locate(Span(number, start, number, start + 9))
    assert [label for label, _ in origin.related] == ["values key resources"]


def test_parts_of_the_chart_have_their_sources(rendered):
    result = rendered["dev"]
    assert sorted(source.path for source in result.sources) == [
        "shop/charts/db/templates/claim.yaml",
        "shop/crds/widget.yaml",
        "shop/templates/deployment.yaml",
        "shop/templates/service.yaml",
        "shop/templates/tests/ping.yaml",
    ]
    assert {source.path for source in result.sources if source.kind != "rendered"} == {"shop/crds/widget.yaml"}
    assert not any(source.vendored for source in result.sources)  # db is a folder of this repository


def test_branches_that_no_environment_renders(rendered):
    dev, prod = (rendered[name].unrendered for name in ("dev", "prod"))
    assert len(dev & prod) == 3  # two else branches, the securityContext
    assert rendered["dev"].branches_unrendered == 3
