"""The objects of a manifest: what each is, its SHA-256, its size. Format: docs/formats/manifest.md.

Specimen (as it stands in `objects`):

    {
     "role": "warc",
     "digest": "sha256:77ab…",
     "size": 48213,
     "media_type": "application/warc",
     "segments": {
      "count": 57,
      "root": "sha256:9c02…"
     }
    }

Some roles have a meaning, and with it a media type, events that may have them, and companions; others may be named
freely. A role stands once at most.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from archiver.digest import is_digest
from archiver.errors import FormatError
from archiver.model.values import check_digest, check_natural, need, refuse
from archiver.tlog.merkle import EMPTY_ROOT

SECRET_BYTES = 32
NEEDS_FACTS = frozenset({"snapshot", "reading", "recheck", "import", "takedown", "note"})

_ROLE = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}", re.ASCII)
_EMPTY = "sha256:" + EMPTY_ROOT.hex()
_RECEIVED = frozenset({"snapshot", "import"})
_READ = frozenset({"reading"})
# Role -> media type, and the events that may have it (None: any but genesis, which has no objects).
_ROLES: dict[str, tuple[str, frozenset[str] | None]] = {
    "facts": ("application/json", None),
    "warc": ("application/warc", _RECEIVED),
    "segment-secret": ("application/octet-stream", _RECEIVED),
    "page-text": ("text/plain", _READ),
    "statements": ("application/jsonl", _READ),
}


@dataclass(frozen=True, slots=True)
class Tree:
    """An RFC 6962 tree over parts of an object: number of leaves and root."""

    count: int
    root: str


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """One immutable object of a manifest: what it is, its SHA-256, its size in bytes."""

    role: str
    digest: str
    size: int
    media_type: str
    segments: Tree | None = None  # of a WARC
    leaves: Tree | None = None  # of the lines of a statements object


_OBJECT = ("role", "digest", "size", "media_type")


def read_object(plain: Any) -> ObjectRef:
    """The entry that a JSON value is; its values are not checked yet. Raises FormatError."""
    keys = tuple(plain) if isinstance(plain, dict) else ()
    segments = leaves = None
    if keys == (*_OBJECT, "segments"):
        segments = _tree(plain["segments"])
    elif keys == (*_OBJECT, "leaves"):
        leaves = _tree(plain["leaves"])
    elif keys != _OBJECT:
        raise FormatError(f"object: keys missing, unknown or out of order: {', '.join(keys)[:200]}")
    return ObjectRef(plain["role"], plain["digest"], plain["size"], plain["media_type"], segments, leaves)


def _tree(plain: Any) -> Tree:
    if not isinstance(plain, dict) or tuple(plain) != ("count", "root"):
        raise FormatError("object: a tree has a count and a root, in this order")
    return Tree(plain["count"], plain["root"])


def check_objects(event: str, objects: Sequence[ObjectRef]) -> None:
    """Raises FormatError unless these are objects that a manifest of that event may have."""
    need(event != "genesis" or not objects, "genesis has no objects")
    for ref in objects:
        _check_object(ref, event)
    roles = {ref.role for ref in objects}
    need(len(roles) == len(objects), "a role stands twice in objects")
    need("facts" in roles or event not in NEEDS_FACTS, f"a {event} has facts")
    need(("warc" in roles) == ("segment-secret" in roles), "a warc and its segment-secret go together")
    need("statements" not in roles or "page-text" in roles, "statements need the page text that they are anchored in")


def _check_object(ref: ObjectRef, event: str) -> None:
    if not isinstance(ref.role, str) or _ROLE.fullmatch(ref.role) is None:
        refuse("role", ref.role, "a word in lower case")
    if not isinstance(ref.media_type, str) or _MEDIA_TYPE.fullmatch(ref.media_type) is None:
        refuse("media_type", ref.media_type, "a media type without parameters, in lower case")
    if not is_digest(ref.digest):
        refuse("object digest", ref.digest, "a digest")
    check_natural(ref.size, "object size")
    known = _ROLES.get(ref.role)
    if known is not None:
        need(ref.media_type == known[0], f"{ref.role} has media type {known[0]}")
        need(known[1] is None or event in known[1], f"a {event} has no {ref.role}")
        need(ref.role != "segment-secret" or ref.size == SECRET_BYTES, f"a segment-secret has {SECRET_BYTES} bytes")
    need((ref.segments is not None) == (ref.role == "warc"), "segments belong to a warc, and a warc has them")
    need((ref.leaves is not None) == (ref.role == "statements"), "leaves belong to statements, and those have them")
    tree = ref.segments or ref.leaves
    if tree is not None:
        check_natural(tree.count, "tree count")
        check_digest(tree.root, "tree root")
        need((tree.count == 0) == (tree.root == _EMPTY), "a tree of nothing has the root of nothing, and no other has")


def object_layout(ref: ObjectRef) -> str:
    """Its lines in a manifest, without the final comma and newline."""
    text = (
        f'  {{\n   "role": "{ref.role}",\n   "digest": "{ref.digest}",\n   "size": {ref.size},\n'
        f'   "media_type": "{ref.media_type}"'
    )
    for name, tree in (("segments", ref.segments), ("leaves", ref.leaves)):
        if tree is not None:
            text += f',\n   "{name}": {{\n    "count": {tree.count},\n    "root": "{tree.root}"\n   }}'
    return text + "\n  }"
