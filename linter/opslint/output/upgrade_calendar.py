"""The dates of an upgrade plan as a calendar (RFC 5545): ends of support with a reminder, reviews again and again.

The same plan makes the same bytes: the day of the plan stands in for the moment of writing. An event keeps its UID
while it is about the same thing, so that importing a newer calendar moves it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from opslint.output.escape import visible
from opslint.output.selection import place
from opslint.output.upgrade_words import dated_words

if TYPE_CHECKING:
    from icalendar import Event

    from opslint.engine.support_dates import Dated
    from opslint.engine.upgrade import UpgradePlan
    from opslint.output.context import OutputContext

_NOTICE: Final = timedelta(days=90)  # a quarter, the window that eks-support-ending warns in


def render(plan: UpgradePlan, context: OutputContext) -> str:
    """Return what lies ahead of the day of the plan as an iCalendar text."""
    from icalendar import Calendar

    calendar = Calendar()
    calendar.add("prodid", f"-//opslint//opslint {context.tool_version}//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    for one in plan.dates:
        if one.day >= plan.as_of:
            calendar.add_component(_event(one, plan))
    return str(calendar.to_ical(sorted=False), "utf-8")


def _event(one: Dated, plan: UpgradePlan) -> Event:
    from icalendar import Alarm, Event

    summary = visible(dated_words(one, plan.as_of))
    event = Event()
    event.add("uid", _uid(one))
    event.add("dtstamp", datetime(plan.as_of.year, plan.as_of.month, plan.as_of.day, tzinfo=UTC))
    event.add("dtstart", one.day)
    event.add("dtend", one.day + timedelta(days=1))
    event.add("summary", summary)
    if one.path:
        event.add("description", visible(place(one.path, one.line)))
    event.add("transp", "TRANSPARENT")
    if one.months:
        event.add("rrule", {"freq": "monthly", "interval": one.months, "byday": "2MO"})
        return event
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", summary)
    alarm.add("trigger", -_NOTICE)
    event.add_component(alarm)
    return event


def _uid(one: Dated) -> str:
    from hashlib import sha256

    text = "\0".join((one.what, one.then, *one.whose))
    return f"{sha256(text.encode('utf-8', 'surrogatepass')).hexdigest()[:32]}@opslint"
