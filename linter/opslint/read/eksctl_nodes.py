"""Node groups of eksctl under the names that Terraform has for their arguments."""

from __future__ import annotations

from typing import Final

from opslint.model.node import Node, Unknown
from opslint.model.patterns import regex
from opslint.read.eksctl_form import RELEASE, Made, Value, entries

_EFFECTS: Final = {
    "NoSchedule": "NO_SCHEDULE",
    "NoExecute": "NO_EXECUTE",
    "PreferNoSchedule": "PREFER_NO_SCHEDULE",
}
# https://docs.aws.amazon.com/eks/latest/APIReference/API_Nodegroup.html (amiType): beginnings, or the whole
_FAMILIES: Final = {
    "AmazonLinux2": "AL2_",
    "AmazonLinux2023": "AL2023_",
    "Bottlerocket": "BOTTLEROCKET_",
    "WindowsServer2019CoreContainer": "WINDOWS_CORE_2019_x86_64",
    "WindowsServer2019FullContainer": "WINDOWS_FULL_2019_x86_64",
    "WindowsServer2022CoreContainer": "WINDOWS_CORE_2022_x86_64",
    "WindowsServer2022FullContainer": "WINDOWS_FULL_2022_x86_64",
}
_GRAVITON: Final = regex(r"(?:[a-z]+\d+g[a-z]*|a1)\.")
_ACCELERATED: Final = regex(r"(?:p|g|inf|trn|dl|vt)\d")


def instance_types(group: Node) -> list[Value]:
    """Return the instance types that a node group names."""
    listed = (group["instanceType"], *group["instanceTypes"], *group["instancesDistribution"]["instanceTypes"])
    return [node for node in listed if node.present and node.text != "mixed"]


def ami_type(group: Node, types: list[Value], at: Node) -> Made | None:
    """Return the type of a node group's image, as far as its family and instances tell."""
    family = group["amiFamily"]
    if not family.present:
        return Made(Unknown("an image of its own") if group["ami"].present else RELEASE, at)
    start = _FAMILIES.get(family.text, "")
    texts = [node.text for node in types if isinstance(node, Node)]
    if start.endswith("_") and texts and not any(map(_ACCELERATED.match, texts)):
        arm = [_GRAVITON.match(text) is not None for text in texts]
        architecture = "ARM_64" if all(arm) else "x86_64"
        return Made(f"{start}{architecture}{'_STANDARD' if start == 'AL2023_' else ''}", family)
    if start.endswith("_"):
        # Which architecture it is, the instances decide.
        return Made(Unknown("the instances", parts=(start, Unknown("the instances"))), family)
    return Made(start or Unknown(f"the family {family.text}"), family)


def taints(node: Node) -> Value | None:
    """Return the blocks of taints, which are a list of maps, or a map of `value:Effect` by key."""
    if not node.present:
        return None
    found: list[Value] = []
    if node.is_map:
        for key, item in node.items():
            value, _, effect = item.text.rpartition(":")
            found.append(_taint(Made(key, item), Made(value, item), Made(_EFFECTS.get(effect, effect), item), item))
    for item in entries(node):
        effect_node = item["effect"]
        made = Made(_EFFECTS.get(effect_node.text, effect_node.text), effect_node)
        found.append(_taint(item["key"], item["value"], made, item))
    return Made(found, node)


def _taint(key: Value, value: Value, effect: Made, at: Node) -> Made:
    return Made({"key": key, "value": value, "effect": effect}, at)
