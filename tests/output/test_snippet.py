"""Code frames: the caret stands under the exact text, whatever the line is made of."""

from __future__ import annotations

import pytest

from opslint.model.finding import Finding, Severity
from opslint.model.source import Confidence, Location, Source, Span
from opslint.output.masking import MASK, Masks
from opslint.output.snippet import Frame, frame
from opslint.output.style import paint, width

NO_MASKS = Masks({})


def place(text: str, mark: str, line: int = 1, kind: str = "yaml") -> Location:
    """Return the place of a text on a line of a file that holds `text`."""
    source = Source(f"a.{kind}", text, kind)
    column = source.line(line).index(mark) + 1
    return Location(source, Span(line, column, line, column + len(mark)))


def drawn(location: Location, columns: int = 80, masks: Masks = NO_MASKS, context: int = 1) -> list[str]:
    """Return a frame as plain lines."""
    return [paint(line, color=False) for line in frame(location, masks, Frame(2, columns, context=context))]


def secret(location: Location, *related: Location) -> Masks:
    """Return the masks of one secret finding."""
    places = tuple(("related", item) for item in related)
    return Masks.of(
        [Finding("r", "security", Severity.HIGH, "m", location, Confidence.EXACT, related=places, secret=True)]
    )


def test_a_line_of_context_stands_on_either_side() -> None:
    assert drawn(place("a: 1\nb: 2\nc: 3\nd: 4\n", "2", 2)) == [
        " 1 | a: 1",
        " 2 | b: 2",
        "   |    ^",
        " 3 | c: 3",
    ]


def test_an_empty_line_is_no_context() -> None:
    assert drawn(place("\nb: 2\n  \n", "b", 2)) == [" 2 | b: 2", "   | ^"]


def test_a_frame_without_context() -> None:
    assert drawn(place("a: 1\nb: 2\n", "2", 2), context=0) == [" 2 | b: 2", "   |    ^"]


@pytest.mark.parametrize(
    ("text", "mark", "caret"),
    [
        ("\tkey: value", "value", "         ^^^^^"),
        ("a\tb: value", "value", "       ^^^^^"),
        ("이름: 값", "값", "      ^^"),
        ("🙂🙂: x", "x", "      ^"),
        ("e\u0301: x", "x", "   ^"),
        ("\u202e: x", "x", "          ^"),
        ("\x1b[31m: x", "x", "       ^"),
        ("key: 최신", "최신", "     ^^^^"),
    ],
)
def test_the_caret_is_under_its_text(text: str, mark: str, caret: str) -> None:
    assert drawn(place(text, mark))[1] == f"   | {caret}"


@pytest.mark.parametrize("columns", [40, 80, 160])
@pytest.mark.parametrize("before", [0, 10, 35, 200, 5_000])
@pytest.mark.parametrize("filler", ["x", "값", "\t"])
def test_a_long_line_is_cropped_around_the_caret(columns: int, before: int, filler: str) -> None:
    text = f"first: {filler * 300}\n{filler * before}MARK{filler * 5_000}\n"
    lines = drawn(place(text, "MARK", 2), columns)
    assert all(width(line) <= columns for line in lines)
    shown, caret = next((line, lines[index + 1]) for index, line in enumerate(lines) if "MARK" in line)
    at = width(shown[: shown.index("MARK")])
    assert caret == f"   | {' ' * (at - 5)}^^^^"
    assert shown.endswith("…")
    if before >= 200:
        assert "| …" in shown
    if before == 0:
        assert shown.startswith(" 2 | MARK")


def test_a_marked_stretch_longer_than_the_screen_is_cut_with_its_caret() -> None:
    lines = drawn(place(f"key: {'x' * 500}", "x" * 500), 60)
    assert width(lines[0]) == 60
    assert width(lines[1]) <= 60
    assert lines[1].startswith("   |      ^^^^")


def test_a_line_of_megabytes_is_drawn_at_once() -> None:
    text = f"{{{'x' * 3_000_000}MARK{'y' * 3_000_000}}}"
    lines = drawn(place(text, "MARK"), 80)
    assert "MARK" in lines[0]
    assert width(lines[0]) <= 80


def test_a_span_of_several_lines_is_marked_to_the_end_of_its_first() -> None:
    source = Source("a.yaml", "a:\n  b: 1\n  c: 2\n")
    lines = drawn(Location(source, Span(2, 3, 3, 7)))
    assert lines == [" 1 | a:", " 2 |   b: 1", "   |   ^^^^", " 3 |   c: 2"]


def test_an_empty_span_has_a_caret_of_one() -> None:
    source = Source("a.yaml", "a:\n")
    assert drawn(Location(source, Span(1, 3, 1, 3))) == [" 1 | a:", "   |   ^"]


@pytest.mark.parametrize("span", [Span(9, 1, 9, 2), Span(0, 1, 0, 1)])
def test_a_line_that_is_not_there_has_no_frame(span: Span) -> None:
    assert drawn(Location(Source("a.yaml", "a: 1\n"), span)) == []


def test_a_secret_is_masked_in_its_frame_and_on_lines_around() -> None:
    text = "user: bob\npassword: hunter2\nhost: db\n"
    masks = secret(place(text, "hunter2", 2))
    assert drawn(place(text, "hunter2", 2), masks=masks) == [
        " 1 | user: bob",
        f" 2 | password: {MASK}",
        "   |           ^^^^^^",
        " 3 | host: db",
    ]
    assert drawn(place(text, "db", 3), masks=masks)[0] == f" 2 | password: {MASK}"


def test_a_secret_of_a_whole_line_keeps_its_key() -> None:
    text = "  password: hunter2\n"
    location = Location(Source("a.yaml", text), Span(1, 3, 1, 20))
    assert secret(location).text(location) == f"password: {MASK}"


def test_a_secret_of_several_lines_is_masked_whole() -> None:
    text = "key: |\n  -----BEGIN\n  hunter2\n  -----END\n"
    location = Location(Source("a.yaml", text), Span(1, 6, 4, 11))
    assert secret(location).text(location) == "\n".join((MASK, *[f"  {MASK}"] * 3))
    assert drawn(place(text, "key"), masks=secret(location)) == [f" 1 | key: {MASK}", "   | ^^^", f" 2 |   {MASK}"]


def test_a_place_that_only_names_the_secret_is_shown() -> None:
    value = place('password: "hunter2"\n', '"hunter2"')
    template = place("value: {{ .Values.db.password }}\n", ".Values.db.password", kind="template")
    assert secret(value, template).text(template) == ".Values.db.password"
    other = place("value: hunter2\n", "hunter2", kind="template")
    assert secret(value, other).text(other) == MASK


def test_overlapping_secrets_are_one_mask() -> None:
    text = "url: postgres://bob:hunter2@db/shop\n"
    masks = secret(place(text, "bob:hunter2"), place(text, "hunter2@db"))
    assert drawn(place(text, "url"), masks=masks)[0] == f" 1 | url: postgres://{MASK}/shop"
    assert masks.text(place(text, "postgres://bob")) == f"postgres://{MASK}"


@pytest.mark.parametrize(
    ("text", "mark", "shown"),
    [
        ("a:\n  token: s3cret\nb: 1\n", "token", [" 1 | a:", " 2 |   token: \u2022", " 3 | b: 1"]),
        ('a: {"token": s3cret, c: 1}\n', "token", [' 1 | a: {"token": \u2022']),
        ("- token: |\n    s3cret\n\n    s3cret\n  b: 1\n", "token", [" 1 | - token: |", " 2 |     \u2022"]),
        ("- token:\n    s3cret\n", "token", [" 1 | - token:", " 2 |     \u2022"]),
        ('password = "s3cret"\n', "password", [" 1 | password = \u2022"]),
    ],
)
def test_a_secret_that_is_found_at_its_key_is_masked_at_its_value(text: str, mark: str, shown: list[str]) -> None:
    line = next(number for number, one in enumerate(text.split("\n"), 1) if mark in one)
    location = place(text, mark, line)
    lines = [one for one in drawn(location, masks=secret(location)) if "^" not in one]
    assert [one.replace(MASK, "\u2022") for one in lines] == shown
    assert "s3cret" not in "".join(drawn(location, masks=secret(location), context=9))


def test_a_template_that_names_a_secret_is_no_secret() -> None:
    location = place("token: {{ .Values.token | b64enc }}\n", "token", kind="template")
    assert drawn(location, masks=secret(location))[0] == " 1 | token: {{ .Values.token | b64enc }}"
