"""The manifest: the signed JSON record of one event. Format: docs/formats/manifest.md.

Specimen (a snapshot):

    {
     "archiver": "manifest/v1",
     "archive": "sha256:0d1c…",
     "sequence": 41,
     "previous": {
      "manifest": "sha256:77ab…",
      "signature": "sha256:9c02…"
     },
     "keys": "sha256:0d1c…",
     "signer": "SHA256:mVZTmgXsWbm/3Fg4…",
     "event": "snapshot",
     "time": "2026-11-23T13:02:11.482Z",
     "subject": null,
     "objects": [
      {
       "role": "facts",
       …
      }
     ],
     "salt": "3q2+7wAAAAAAAAAAAAAAAA=="
    }

A manifest is a seal, not a record of content: no URL, title, name or quoted word stands in it. What an event adds
to the common keys stands between `subject` and `objects` (model.events). Bytes are verified before they are parsed,
and are never re-serialised in order to verify: `decode` refuses what `encode` would not have written.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

from archiver.errors import FormatError
from archiver.model.encoding import encode_document, refuse_newer
from archiver.model.events import (
    EXTRA_KEY,
    BundleRef,
    Continues,
    Identity,
    KeyChange,
    StampRef,
    check_extra,
)
from archiver.model.objects import ObjectRef, Tree, check_objects, object_layout, read_object
from archiver.model.records import to_plain, value_of
from archiver.model.values import (
    SALT_BYTES,
    check_digest,
    check_fingerprint,
    check_natural,
    check_salt,
    check_time,
    need,
    refuse,
    spell_salt,
)

__all__ = [
    "EVENTS",
    "EXTRA_KEY",
    "MAX_BYTES",
    "NEEDS_SUBJECT",
    "SALT_BYTES",
    "VERSION",
    "BundleRef",
    "Continues",
    "Event",
    "Identity",
    "KeyChange",
    "Manifest",
    "ObjectRef",
    "Previous",
    "StampRef",
    "Tree",
    "check_time",
    "decode",
    "encode",
    "spell_salt",
    "validate",
]

VERSION = "manifest/v1"
MAX_BYTES = 65_535  # a log's entry has a 16-bit length (C2SP tlog-tiles)

Event = Literal["genesis", "snapshot", "reading", "recheck", "import", "key", "stamp", "export", "takedown", "note"]
EVENTS: tuple[str, ...] = get_args(Event)
# The events that speak about an earlier manifest name it in `subject`; all others have null there.
NEEDS_SUBJECT = frozenset({"reading", "recheck", "takedown", "note"})


@dataclass(frozen=True, slots=True)
class Previous:
    """The manifest before this one and its signature file (the bytes of `.sig`)."""

    manifest: str
    signature: str


@dataclass(frozen=True, slots=True)
class Manifest:
    """One event; `extra` holds what `EXTRA_KEY` names for it, else None."""

    version: ClassVar[str] = VERSION
    archive: str | None
    sequence: int
    previous: Previous | None
    keys: str | None
    signer: str
    event: str
    time: str
    subject: str | None
    extra: Any
    objects: tuple[ObjectRef, ...]
    salt: str

    def object(self, role: str) -> ObjectRef | None:
        """The object of that role; there is one at most."""
        return next((ref for ref in self.objects if ref.role == role), None)


def encode(manifest: Manifest) -> bytes:
    """The bytes of a manifest. Raises FormatError for one that must not be written."""
    validate(manifest)
    data = _layout(manifest)
    if len(data) > MAX_BYTES:
        raise FormatError(f"manifest of {len(data)} bytes; a log entry holds at most {MAX_BYTES}")
    return data


def decode(data: bytes) -> Manifest:
    """The manifest in `data`. Raises NewerVersionError, or FormatError for any spelling that is not ours."""
    if len(data) > MAX_BYTES:
        raise FormatError(f"manifest of {len(data)} bytes; at most {MAX_BYTES}")
    refuse_newer(data, VERSION)
    try:
        # No hooks for duplicate keys, floats and the like: whatever they would find, the comparison below finds too.
        plain = json.loads(data.decode("ascii"))
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not JSON in ASCII: {str(error)[:200] or 'nested too deeply'}") from None
    manifest = _from_plain(plain)
    validate(manifest)
    if _layout(manifest) != data:
        raise FormatError("manifest is not in the one layout that archiver writes (order, spacing or escapes)")
    return manifest


_BEFORE = ("archiver", "archive", "sequence", "previous", "keys", "signer", "event", "time", "subject")
_KEYS = {
    event: (*_BEFORE, *([EXTRA_KEY[event][0]] if event in EXTRA_KEY else []), "objects", "salt") for event in EVENTS
}


def _from_plain(plain: Any) -> Manifest:
    if not isinstance(plain, dict) or plain.get("archiver") != VERSION:
        raise FormatError(f"not a manifest: the first key is not archiver: {VERSION}")
    event = plain.get("event")
    if event not in EVENTS:
        refuse("event", event, "one that is known")
    if tuple(plain) != _KEYS[event]:
        odd = sorted(set(plain) ^ set(_KEYS[event]))
        raise FormatError(f"manifest keys missing, unknown or out of order: {', '.join(odd)[:200] or 'order'}")
    if not isinstance(plain["objects"], list):
        raise FormatError("objects is not a list")
    extra = None
    if event in EXTRA_KEY:
        key, kind = EXTRA_KEY[event]
        extra = value_of(kind, plain[key], key)
    previous = plain["previous"]
    return Manifest(
        plain["archive"],
        plain["sequence"],
        None if previous is None else _previous(previous),
        plain["keys"],
        plain["signer"],
        event,
        plain["time"],
        plain["subject"],
        extra,
        tuple([read_object(item) for item in plain["objects"]]),
        plain["salt"],
    )


def _previous(plain: Any) -> Previous:
    if not isinstance(plain, dict) or tuple(plain) != ("manifest", "signature"):
        raise FormatError("previous: keys missing, unknown or out of order")
    return Previous(plain["manifest"], plain["signature"])


def validate(manifest: Manifest) -> None:
    """Raises FormatError unless every value of the manifest is one that may be written."""
    event = manifest.event
    need(event in EVENTS, "event is unknown")
    sequence = check_natural(manifest.sequence, "sequence")
    if event == "genesis":
        need(sequence == 0, "genesis has sequence 0")
        need(manifest.archive is None and manifest.previous is None and manifest.keys is None, "genesis names nothing")
    else:
        need(sequence > 0, "only genesis has sequence 0")
        check_digest(manifest.archive, "archive")
        check_digest(manifest.keys, "keys")
        if manifest.previous is None:
            raise FormatError("previous is missing")
        check_digest(manifest.previous.manifest, "previous manifest")
        check_digest(manifest.previous.signature, "previous signature")
    if event in NEEDS_SUBJECT:
        check_digest(manifest.subject, "subject")
    else:
        need(manifest.subject is None, f"a {event} has no subject")
    check_fingerprint(manifest.signer, "signer")
    check_time(manifest.time)
    check_salt(manifest.salt)
    check_extra(event, manifest.extra, sequence)
    check_objects(event, manifest.objects)


def _quoted(value: str | None) -> str:
    return "null" if value is None else f'"{value}"'


def _layout(manifest: Manifest) -> bytes:
    """The same bytes as encode_document of the whole, at a tenth of its cost: the chain is verified by the 100,000."""
    lines = [
        "{",
        f' "archiver": "{VERSION}",',
        f' "archive": {_quoted(manifest.archive)},',
        f' "sequence": {manifest.sequence},',
    ]
    if manifest.previous is None:
        lines.append(' "previous": null,')
    else:
        lines.append(
            f' "previous": {{\n  "manifest": "{manifest.previous.manifest}",\n'
            f'  "signature": "{manifest.previous.signature}"\n }},'
        )
    lines.append(f' "keys": {_quoted(manifest.keys)},')
    lines.append(f' "signer": "{manifest.signer}",\n "event": "{manifest.event}",\n "time": "{manifest.time}",')
    lines.append(f' "subject": {_quoted(manifest.subject)},')
    if manifest.event in EXTRA_KEY:
        lines.append(_extra_layout(EXTRA_KEY[manifest.event][0], manifest.extra))
    if manifest.objects:
        lines.append(' "objects": [\n' + ",\n".join(object_layout(ref) for ref in manifest.objects) + "\n ],")
    else:
        lines.append(' "objects": [],')
    lines.append(f' "salt": "{manifest.salt}"\n}}\n')
    return "\n".join(lines).encode("ascii")


def _extra_layout(key: str, extra: Any) -> str:
    if extra is None or isinstance(extra, str):
        return f' "{key}": {_quoted(extra)},'
    inner = encode_document({key: to_plain(extra)}).decode("ascii")
    return inner[2:-3] + ","  # without the braces and the newlines around it
