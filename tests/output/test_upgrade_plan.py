"""Plans built by hand: names that want to be obeyed, and what each format says of a hop."""

import re
from datetime import date

import pytest
from icalendar import Calendar

from opslint.engine.support_dates import Dated
from opslint.engine.upgrade import Addon, ClusterLine, Hop, NodeGroup, Support, UpgradePlan
from opslint.engine.upgrade_steps import Step
from opslint.model.report import Failure
from opslint.output import OutputContext
from opslint.output.upgrade_plan import UPGRADE_FORMATS, render_plan

DAY = date(2026, 11, 22)
NAME = "\x1b[31mred\x1b[0m\u202e`x`|<b>|"


def groups(name):
    return (
        NodeGroup(name, ""),
        NodeGroup(f"{name}-lazy", None),
        NodeGroup(f"{name}-old", "1.31", f"{name}.tf", 9, 'version = "1.31.2"'),
        NodeGroup(f"{name}-new", "1.34", f"{name}.tf", 10, 'version = "1.34"'),
    )


def plan_of(name):
    line = ClusterLine(name, name, "1.33", f"{name}.tf", 3, 'version = "1.33"')
    step = Step(
        0, f"CronJob/{name}", f"{name}.yaml", 1, "removed-api", True, "batch/v1beta1", "batch/v1", "", ((name, name),)
    )
    support = Support("1.33", "standard", date(2026, 11, 22), None, name)
    hop = Hop(
        "1.33", "1.34", (support,), (step,), (Addon(name, "v1", "v2", "a.tf", 1),), (line,), groups(name), (name,)
    )
    return UpgradePlan(
        before="1.33",
        after="1.34",
        as_of=DAY,
        clusters=(line,),
        given=False,
        today=(),
        hops=(hop,),
        dates=(
            Dated(DAY.replace(year=2025), "support of the past"),
            Dated(DAY, f"support of {name}", (name,), "", f"{name}.tf", 1),
            Dated(DAY.replace(day=30), "review", (name,), months=3),
        ),
        further=None,
        suppressed=1,
        failures=(Failure(f"{name}.yaml", 1, name, "yaml"),),
        unclear=((name, name, 1),),
    )


@pytest.mark.parametrize("format_", UPGRADE_FORMATS)
@pytest.mark.parametrize("width", [0, 60])
def test_hostile_names_do_nothing(format_, width):
    text = render_plan(format_, plan_of(NAME), OutputContext("0", width=width))
    if format_ == "ics":
        text = text.replace("\r\n", "\n")
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    if format_ == "markdown":
        assert "<b>" not in text


def test_the_text_fits_the_terminal():
    text = render_plan("text", plan_of("shop"), OutputContext("0", width=72))
    assert max(len(line) for line in text.splitlines() if "https://" not in line) <= 72


def test_the_hop_says_what_moves_and_what_the_line_becomes():
    text = render_plan("text", plan_of("shop"), OutputContext("0"))
    assert "BLOCKS  shop.yaml:1  CronJob/shop  batch/v1beta1 → batch/v1  (by hand)" in text
    assert "fields: shop → shop" in text
    assert 'shop.tf:3  version = "1.34"  (shop)' in text
    assert "shop: v1 declared, newest seen for 1.34: v2" in text
    assert "2026-11-22  today" in text
    assert "\x1b" not in text


def test_nodes_with_a_version_of_their_own_are_told_from_those_that_follow():
    text = render_plan("text", plan_of("shop"), OutputContext("0"))
    assert 'shop.tf:9  version = "1.34.2"  (node group shop-old, pinned to 1.31)' in text
    assert "node groups shop follow the control plane's version" in text
    assert "node groups shop-lazy: their version is decided at apply" in text
    assert "shop-new" not in text
    markdown = render_plan("markdown", plan_of("shop"), OutputContext("0"))
    assert '- [ ] shop.tf:9: `version = "1.34.2"` (node group shop-old, pinned to 1.31)' in markdown


def test_production_waits_for_what_was_tried_elsewhere():
    dev = ClusterLine("dev", "dev", "1.33", "dev.tf", 3, 'version = "1.33"', nonprod=True)
    plan = plan_of("shop")
    (hop,) = plan.hops
    plan = plan._replace(hops=(hop._replace(lines=(dev, *hop.lines)),))
    for format_ in ("text", "markdown"):
        text = render_plan(format_, plan, OutputContext("0"))
        before, found, after = text.partition("watch it for one or two weeks before production")
        assert "dev.tf:3" in before
        assert found
        assert "shop.tf:3" in after
    assert "one or two weeks" not in render_plan("text", plan_of("shop"), OutputContext("0"))


def test_the_calendar_has_what_lies_ahead():
    events = Calendar.from_ical(render_plan("ics", plan_of("shop"), OutputContext("0"))).walk("vevent")
    end, review = events
    assert (end.decoded("dtstart"), end.decoded("dtend")) == (DAY, date(2026, 11, 23))
    assert end.decoded("dtstamp").isoformat() == "2026-11-22T00:00:00+00:00"
    assert (str(end["summary"]), str(end["description"])) == ("support of shop ends (shop)", "shop.tf:1")
    (alarm,) = end.walk("valarm")
    assert alarm.decoded("trigger").days == -90
    assert review["rrule"].to_ical() == b"FREQ=MONTHLY;INTERVAL=3;BYDAY=2MO"
    assert review.walk("valarm") == []


def test_an_event_keeps_its_uid_when_its_day_moves():
    def uids(day):
        dates = (Dated(day, "support", ("a",)), Dated(day, "support", ("b",)))
        text = render_plan("ics", plan_of("shop")._replace(dates=dates), OutputContext("0"))
        return [str(event["uid"]) for event in Calendar.from_ical(text).walk("vevent")]

    first = uids(DAY)
    assert first == uids(date(2027, 1, 1))
    assert len(set(first)) == 2
