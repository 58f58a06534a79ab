"""What a screen reader would say of a page, as text: a line for each thing, indented by its place in the tree.

RootWebArea "Harbour news"
  heading "Bridge stays shut"
  paragraph
    StaticText "“The bridge stays shut,” Ann Lee said."
"""

from __future__ import annotations

from typing import Any

MAX_NODES = 200_000
MAX_DEPTH = 60  # spaces of indent
_SILENT = ("none", "generic", "InlineTextBox", "LineBreak", "ignored")


def outline(nodes: list[dict[str, Any]]) -> str:
    """The text of what Accessibility.getFullAXTree gives."""
    by_id = {str(node.get("nodeId")): node for node in nodes[:MAX_NODES]}
    lines: list[str] = []
    seen: set[str] = set()
    roots = [str(node.get("nodeId")) for node in nodes[:MAX_NODES] if node.get("parentId") is None]
    stack = [(name, 0) for name in reversed(roots)]
    while stack:
        name, depth = stack.pop()
        node = by_id.get(name)
        if node is None or name in seen:
            continue
        seen.add(name)
        role = _value(node, "role") or "?"
        words = " ".join(_value(node, "name").split())
        spoken = not node.get("ignored") and role not in _SILENT
        if spoken:
            lines.append("  " * min(depth, MAX_DEPTH) + role + (f' "{words}"' if words else ""))
        below = depth + 1 if spoken else depth
        stack += [(str(child), below) for child in reversed(node.get("childIds") or [])]
    return "\n".join(lines) + "\n"


def _value(node: dict[str, Any], key: str) -> str:
    held = node.get(key)
    return str(held.get("value") or "") if isinstance(held, dict) else ""
