"""Listeners of load balancers in Terraform: the half of ingress-without-tls that is not in manifests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from opslint.api import Fix, Problem, Safety, beside, name_of, refers_to

if TYPE_CHECKING:
    from collections.abc import Iterator

    from opslint.api import Block, Node, Project

LISTENERS: Final = ("aws_lb_listener", "aws_alb_listener")
# What a listener that names no policy gets. Source: AWS provider, aws_lb_listener.
_DEFAULT_POLICY: Final = "ELBSecurityPolicy-2016-08"


def listener_problems(
    item: Block, project: Project, weak_policies: tuple[str, ...], *, include_internal: bool
) -> Iterator[Problem]:
    """Yield what is wrong with a listener; one whose load balancer cannot be told passes."""
    balancers = beside(item, project, "aws_lb", "aws_alb")
    balancer = next((one for one in balancers if refers_to(item["load_balancer_arn"], one)), None)
    if balancer is None or (balancer["internal"].is_true and not include_internal):
        return
    protocol, policy = item["protocol"], item["ssl_policy"]
    is_application = balancer["load_balancer_type"].text in {"", "application"}
    name = protocol.text.upper() or ("HTTP" if is_application else "")
    if name == "HTTP" and not any(_redirects(action) for action in item["default_action"]):
        yield Problem(
            f"load balancer {name_of(balancer)} serves plain HTTP and does not redirect it",
            protocol if protocol.exists else item.header,
            fix=Fix("redirect to HTTPS in default_action", (), Safety.SHOWN),
        )
    elif name in {"HTTPS", "TLS"} and (policy.text or _DEFAULT_POLICY) in weak_policies:
        why = (
            f"{policy.text} accepts TLS 1.0 or 1.1" if policy.present else f"without ssl_policy it is {_DEFAULT_POLICY}"
        )
        yield Problem(
            f"load balancer {name_of(balancer)} accepts old TLS: {why}", policy if policy.exists else item.header
        )


def _redirects(action: Node) -> bool:
    if action["type"].text != "redirect":
        return False
    redirect = action.one("redirect")
    return redirect["protocol"].text.upper() == "HTTPS" or redirect["port"].text == "443"
