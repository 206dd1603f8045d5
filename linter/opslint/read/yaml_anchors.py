"""Composes documents that define an anchor twice: YAML and Kubernetes allow it, libyaml's own composer does not."""

from __future__ import annotations

from typing import Any


class EventComposer:
    """Makes the same nodes as libyaml's composer out of its events; several times slower, so only for such documents.

    Used only on text that the other composer has read up to such an anchor, after the depth of it was bounded.
    """

    def __init__(self, parser: Any, untagged: object) -> None:
        self._parser, self._untagged = parser, untagged

    def check_node(self) -> bool:
        """Return whether another document follows."""
        while self._parser.check_event():
            name = self._parser.peek_event().__class__.__name__
            if name == "DocumentStartEvent":
                return True
            self._parser.get_event()
        return False

    def get_node(self) -> Any:
        """Return the root of the next document. Raises the parser's errors, and ComposerError for an unknown alias."""
        from ruamel.yaml.composer import ComposerError
        from ruamel.yaml.nodes import MappingNode, ScalarNode, SequenceNode

        anchors: dict[str, Any] = {}
        root: Any = None
        stack: list[tuple[Any, list[Any]]] = []
        self._parser.get_event()
        while True:
            event = self._parser.get_event()
            name = event.__class__.__name__
            if name == "DocumentEndEvent":
                return root
            if name in {"SequenceEndEvent", "MappingEndEvent"}:
                node, kids = stack.pop()
                node.end_mark = event.end_mark
                if node.id == "mapping":
                    node.value.extend(zip(kids[::2], kids[1::2], strict=True))
                continue
            if name == "AliasEvent":
                if event.anchor not in anchors:
                    raise ComposerError(None, None, "found undefined alias", event.start_mark)
                node = anchors[event.anchor]
            else:
                tag = event.tag if event.tag not in {None, "!"} else self._untagged
                if name == "ScalarEvent":
                    node = ScalarNode(tag, event.value, event.start_mark, event.end_mark, event.style)
                else:
                    kind = SequenceNode if name == "SequenceStartEvent" else MappingNode
                    node = kind(tag, [], event.start_mark, None, event.flow_style)
                if event.anchor is not None:
                    anchors[event.anchor] = node
            if stack:
                stack[-1][1].append(node)
            else:
                root = node
            if name in {"SequenceStartEvent", "MappingStartEvent"}:
                stack.append((node, node.value if node.id == "sequence" else []))
