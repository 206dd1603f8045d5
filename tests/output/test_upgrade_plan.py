"""Plans built by hand: names that want to be obeyed, and what each format says of a hop."""

import re
from datetime import date

import pytest

from opslint.engine.support_dates import Dated
from opslint.engine.upgrade import Addon, ClusterLine, Hop, Support, UpgradePlan
from opslint.engine.upgrade_steps import Step
from opslint.model.report import Failure
from opslint.output import OutputContext
from opslint.output.upgrade_plan import UPGRADE_FORMATS, render_plan

DAY = date(2026, 11, 22)
NAME = "\x1b[31mred\x1b[0m\u202e`x`|<b>|"


def plan_of(name):
    line = ClusterLine(name, name, "1.33", f"{name}.tf", 3, 'version = "1.33"')
    step = Step(
        0, f"CronJob/{name}", f"{name}.yaml", 1, "removed-api", True, "batch/v1beta1", "batch/v1", "", ((name, name),)
    )
    support = Support("1.33", "standard", date(2026, 11, 22), None, name)
    hop = Hop("1.33", "1.34", (support,), (step,), (Addon(name, "v1", "v2", "a.tf", 1),), (line,), (name,), (name,))
    return UpgradePlan(
        before="1.33",
        after="1.34",
        as_of=DAY,
        clusters=(line,),
        given=False,
        today=(),
        hops=(hop,),
        dates=(Dated(DAY, f"support of {name}", (name,), "", f"{name}.tf", 1),),
        further=None,
        suppressed=1,
        failures=(Failure(f"{name}.yaml", 1, name, "yaml"),),
        unclear=((name, name, 1),),
    )


@pytest.mark.parametrize("format_", UPGRADE_FORMATS)
@pytest.mark.parametrize("width", [0, 60])
def test_hostile_names_do_nothing(format_, width):
    text = render_plan(format_, plan_of(NAME), OutputContext("0", width=width))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)
    if format_ == "markdown":
        assert "<b>" not in text


def test_the_text_fits_the_terminal():
    text = render_plan("text", plan_of("shop"), OutputContext("0", width=72))
    assert max(map(len, text.splitlines())) <= 72


def test_the_hop_says_what_moves_and_what_the_line_becomes():
    text = render_plan("text", plan_of("shop"), OutputContext("0"))
    assert "BLOCKS  shop.yaml:1  CronJob/shop  batch/v1beta1 → batch/v1  (by hand)" in text
    assert "fields: shop → shop" in text
    assert 'shop.tf:3  version = "1.34"  (shop)' in text
    assert "shop: v1 declared, newest seen for 1.34: v2" in text
    assert "2026-11-22  today" in text
    assert "\x1b" not in text
