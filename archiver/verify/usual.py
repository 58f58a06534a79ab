"""The manifests of which archives are full, recognised at a glance: a snapshot and a reading as archiver writes them.

One expression says everything that `archiver.model.manifest.decode` would find out step by step, at a quarter of its
cost. What does not fit (other events, later versions, mistakes, the last days of a month) is left to `decode`, which
decides. A test asserts that whatever is recognised here is decoded there to the same values.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from archiver.tlog.merkle import EMPTY_ROOT

_DIGEST = r"sha256:[0-9a-f]{64}"
_NUMBER = r"[1-9][0-9]{0,14}"
_EMPTY = "sha256:" + EMPTY_ROOT.hex()


def _object(role: str, media_type: str, size: str = _NUMBER, tree: str | None = None) -> str:
    shape = (
        rf'  \{{\n   "role": "{role}",\n   "digest": "({_DIGEST})",\n   "size": ({size}),\n'
        rf'   "media_type": "{re.escape(media_type)}"'
    )
    if tree is not None:
        shape += rf',\n   "{tree}": \{{\n    "count": {_NUMBER},\n    "root": "({_DIGEST})"\n   \}}'
    return shape + r"\n  \}"


_SNAPSHOT = ",\n".join(
    (
        _object("facts", "application/json"),
        _object("warc", "application/warc", tree="segments"),
        _object("segment-secret", "application/octet-stream", "32"),
    )
)
_READING = ",\n".join(
    (
        _object("facts", "application/json"),
        _object("page-text", "text/plain"),
        _object("statements", "application/jsonl", tree="leaves"),
    )
)
_USUAL = re.compile(
    rf"""\{{
 "archiver": "manifest/v1",
 "archive": "({_DIGEST})",
 "sequence": ({_NUMBER}),
 "previous": \{{
  "manifest": "({_DIGEST})",
  "signature": "({_DIGEST})"
 \}},
 "keys": "({_DIGEST})",
 "signer": "(SHA256:[A-Za-z0-9+/]{{42}}[AEIMQUYcgkosw048])",
 "event": "(?:snapshot",
 "time": "TIME",
 "subject": null,
 "objects": \[
{_SNAPSHOT}
 \]|reading",
 "time": "TIME",
 "subject": "({_DIGEST})",
 "replaces": null,
 "objects": \[
{_READING}
 \]),
 "salt": "[A-Za-z0-9+/]{{21}}[AQgw]=="
\}}
""".replace(
        "TIME",
        r"[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])"
        r"T(?:[01][0-9]|2[0-3])(?::[0-5][0-9]){2}\.[0-9]{3}Z",
    ),
    re.ASCII,
)

_SNAPSHOT_ROLES = ("facts", "warc", "segment-secret")
_READING_ROLES = ("facts", "page-text", "statements")


class Usual(NamedTuple):
    """What the recognised manifest says; objects are role, digest, size."""

    event: str
    sequence: int
    archive: str
    previous: str
    previous_signature: str
    keys: str
    signer: str
    subject: str | None
    objects: tuple[tuple[str, str, int], ...]


def recognise(data: bytes) -> Usual | None:
    """The manifest in `data` if it is a usual one, else None."""
    match = _USUAL.fullmatch(data.decode("latin-1"))
    if match is None:
        return None
    archive, sequence, before, signature, keys, signer, *rest = match.groups()
    subject = rest[7]
    if subject is None:
        event, roles = "snapshot", _SNAPSHOT_ROLES
        facts, facts_size, one, one_size, root, other, other_size = rest[:7]
    else:
        event, roles = "reading", _READING_ROLES
        facts, facts_size, one, one_size, other, other_size, root = rest[8:]
    if root == _EMPTY:
        return None
    objects = (
        (roles[0], facts, int(facts_size)),
        (roles[1], one, int(one_size)),
        (roles[2], other, int(other_size)),
    )
    return Usual(event, int(sequence), archive, before, signature, keys, signer, subject, objects)
