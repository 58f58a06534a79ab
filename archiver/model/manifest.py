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
to the common keys stands between `subject` and `objects` (`EXTRA_KEY`). Bytes are verified before they are parsed,
and are never re-serialised in order to verify: `decode` refuses what `encode` would not have written.
"""

from __future__ import annotations

import base64
import datetime
import re
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, get_args

from archiver.digest import is_digest
from archiver.errors import FormatError, NewerVersionError
from archiver.model.encoding import MAX_INTEGER, encode_document, parse
from archiver.model.records import from_plain, to_plain, value_of

VERSION = "manifest/v1"
MAX_BYTES = 65_535  # a log's entry has a 16-bit length (C2SP tlog-tiles)
SALT_BYTES = 16

Event = Literal["genesis", "snapshot", "reading", "recheck", "import", "key", "stamp", "export", "takedown", "note"]
EVENTS: tuple[str, ...] = get_args(Event)
# The events that speak about an earlier manifest name it in `subject`; all others have null there.
NEEDS_SUBJECT = frozenset({"reading", "recheck", "takedown", "note"})

_TIME = re.compile(r"[0-9]{4}-[01][0-9]-[0-3][0-9]T[0-2][0-9]:[0-5][0-9]:[0-5][0-9]\.[0-9]{3}Z", re.ASCII)
_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}", re.ASCII)
_ROLE = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)
_MEDIA_TYPE = re.compile(r"[a-z0-9.+-]{1,60}/[a-z0-9.+-]{1,60}", re.ASCII)
_SALT = re.compile(r"[A-Za-z0-9+/]{21}[AQgw]==", re.ASCII)
_TEXT = re.compile(r"[ -~]{1,4000}", re.ASCII)
_VERSION = re.compile(rb'\s*\{\s*"archiver"\s*:\s*"manifest/v([0-9]{1,6})"')


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


@dataclass(frozen=True, slots=True)
class Previous:
    """The manifest before this one and its signature file (the bytes of `.sig`)."""

    manifest: str
    signature: str


@dataclass(frozen=True, slots=True)
class Continues:
    """The last checkpoint of the archive that this one carries on."""

    archive: str
    size: int
    root: str


@dataclass(frozen=True, slots=True)
class Identity:
    """Genesis: the log's origin and every public key (OpenSSH lines; C2SP vkeys)."""

    origin: str
    signer: str
    recovery: str
    log: tuple[str, ...]
    continues: Continues | None


@dataclass(frozen=True, slots=True)
class KeyChange:
    """Key event. `old` and `new` are OpenSSH public key lines (signer, recovery) or vkeys (log)."""

    action: Literal["rotate", "revoke", "add"]
    role: Literal["signer", "log", "recovery"]
    old: tuple[str, ...]
    new: tuple[str, ...]
    trusted_size: int | None  # revoke: leaves before this position stay trusted
    suspected_since: str | None


@dataclass(frozen=True, slots=True)
class StampRef:
    """A time stamp or cosignature file received for the checkpoint of `checkpoint` leaves."""

    checkpoint: int
    kind: Literal["rfc3161", "opentimestamps", "cosignature"]
    file: str
    digest: str
    size: int


@dataclass(frozen=True, slots=True)
class BundleRef:
    """Export: the bundle that left, and the sequence numbers that it proves."""

    digest: str
    size: int
    sequences: tuple[int, ...]


# event -> (key, type); a reading's `replaces` may be null.
EXTRA_KEY: dict[str, tuple[str, Any]] = {
    "genesis": ("identity", Identity),
    "reading": ("replaces", str | None),
    "recheck": ("snapshot", str),
    "key": ("change", KeyChange),
    "stamp": ("stamps", tuple[StampRef, ...]),
    "export": ("bundle", BundleRef),
    "takedown": ("removed", tuple[str, ...]),
}


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
        """The first object of that role."""
        return next((ref for ref in self.objects if ref.role == role), None)


_KEYS = ("archiver", "archive", "sequence", "previous", "keys", "signer", "event", "time", "subject")


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
    version = _VERSION.match(data)
    if version and version.group(1) != b"1":
        raise NewerVersionError(f"manifest/v{version.group(1).decode()} is newer than this program ({VERSION})")
    plain = parse(data, MAX_BYTES)
    manifest = _from_plain(plain)
    validate(manifest)
    if _layout(manifest) != data:
        raise FormatError("manifest is not in the one layout that archiver writes (order, spacing or escapes)")
    return manifest


def _from_plain(plain: Any) -> Manifest:
    if not isinstance(plain, dict) or plain.get("archiver") != VERSION:
        raise FormatError(f"not a manifest: the first key is not archiver: {VERSION}")
    event = plain.get("event")
    if event not in EVENTS:
        raise FormatError(f"unknown event {str(event)[:60]!r}")
    extra_key, extra_type = EXTRA_KEY.get(event, (None, None))
    wanted = [*_KEYS, *([extra_key] if extra_key else []), "objects", "salt"]
    if list(plain) != wanted:
        odd = sorted(set(plain) ^ set(wanted))
        raise FormatError(f"manifest keys missing, unknown or out of order: {', '.join(odd)[:200] or 'order'}")
    common = {key: plain[key] for key in ("archive", "sequence", "keys", "signer", "event", "time", "subject", "salt")}
    return Manifest(
        previous=None if plain["previous"] is None else from_plain(Previous, plain["previous"], "previous"),
        extra=value_of(extra_type, plain[extra_key], extra_key) if extra_key else None,
        objects=_objects(plain["objects"]),
        **common,
    )


def _objects(plain: Any) -> tuple[ObjectRef, ...]:
    if not isinstance(plain, list):
        raise FormatError("objects is not a list")
    found = []
    for item in plain:
        if not isinstance(item, dict):
            raise FormatError("an object's entry is not an object")
        filled = {"segments": None, "leaves": None, **item}
        ordered = {field.name: filled[field.name] for field in fields(ObjectRef) if field.name in filled}
        if len(ordered) != len(filled):
            raise FormatError("an object's entry has an unknown key")
        found.append(from_plain(ObjectRef, ordered, "object"))
    return tuple(found)


def validate(manifest: Manifest) -> None:
    """Raises FormatError unless every value of the manifest is one that may be written."""
    genesis = manifest.event == "genesis"
    _need(manifest.event in EVENTS, "event is unknown")
    _need(
        type(manifest.sequence) is int and 0 <= manifest.sequence <= MAX_INTEGER,
        "sequence is no natural number",
    )
    _need(genesis == (manifest.sequence == 0), "genesis has sequence 0, and nothing else has")
    _need(genesis == (manifest.archive is None), "only genesis has a null archive")
    _need(genesis == (manifest.previous is None), "only genesis has no previous")
    _need(genesis == (manifest.keys is None), "only genesis has null keys")
    digests = [manifest.archive, manifest.keys, manifest.subject]
    if manifest.previous is not None:
        digests += [manifest.previous.manifest, manifest.previous.signature]
    _need(all(value is None or is_digest(value) for value in digests), "a digest is malformed")
    _match(_FINGERPRINT, manifest.signer, "signer")
    check_time(manifest.time)
    _need((manifest.event in NEEDS_SUBJECT) == (manifest.subject is not None), f"subject of a {manifest.event}")
    _match(_SALT, manifest.salt, "salt")
    for ref in manifest.objects:
        _check_object(ref)
    _check_extra(manifest)


def _check_object(ref: ObjectRef) -> None:
    _match(_ROLE, ref.role, "role")
    _match(_MEDIA_TYPE, ref.media_type, "media_type")
    _need(is_digest(ref.digest), "object digest is malformed")
    _need(type(ref.size) is int and 0 <= ref.size <= MAX_INTEGER, "object size is no natural number")
    for tree in (ref.segments, ref.leaves):
        if tree is not None:
            _need(type(tree.count) is int and 0 <= tree.count <= MAX_INTEGER, "tree count is no natural number")
            _need(is_digest(tree.root), "tree root is malformed")


def _check_extra(manifest: Manifest) -> None:
    if manifest.event not in EXTRA_KEY:
        _need(manifest.extra is None, f"a {manifest.event} has no extra key")
        return
    key, _ = EXTRA_KEY[manifest.event]
    _need(manifest.event == "reading" or manifest.extra is not None, f"{key} is missing")
    _check_values(to_plain(manifest.extra), key)


def _check_values(plain: Any, label: str) -> None:
    if isinstance(plain, str):
        _match(_TEXT, plain, label)
        _need('"' not in plain and "\\" not in plain, f"{label} holds a quote mark or backslash")
        if plain.startswith("sha256:") or label in ("snapshot", "replaces"):
            _need(is_digest(plain), f"{label} is a malformed digest")
    elif isinstance(plain, dict):
        for key, item in plain.items():
            _check_values(item, f"{label}.{key}")
            if key in ("digest", "root", "archive"):
                _need(is_digest(item), f"{label}.{key} is malformed")
    elif isinstance(plain, list):
        for item in plain:
            _check_values(item, label)
            _need(label != "removed" or is_digest(item), "removed holds a malformed digest")
    elif plain is not None:
        _need(type(plain) is int and 0 <= plain <= MAX_INTEGER, f"{label} is no natural number")


def check_time(text: Any) -> None:
    """Raises FormatError unless `text` is UTC with milliseconds, `2026-11-23T13:02:11.482Z`."""
    _match(_TIME, text, "time")
    try:
        datetime.datetime.fromisoformat(text)
    except ValueError:
        raise FormatError(f"time {text} does not exist") from None


def _match(pattern: re.Pattern[str], value: Any, label: str) -> None:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise FormatError(f"{label} is malformed: {str(value)[:80]!r}")


def _need(condition: bool, message: str) -> None:
    if not condition:
        raise FormatError(message)


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
        key = EXTRA_KEY[manifest.event][0]
        inner = encode_document({key: to_plain(manifest.extra)}).decode("ascii")
        lines.append(inner[2:-3] + ",")  # without the braces and the newline around it
    if manifest.objects:
        lines.append(' "objects": [\n' + ",\n".join(_object_layout(ref) for ref in manifest.objects) + "\n ],")
    else:
        lines.append(' "objects": [],')
    lines.append(f' "salt": "{manifest.salt}"\n}}\n')
    return "\n".join(lines).encode("ascii")


def _object_layout(ref: ObjectRef) -> str:
    text = (
        f'  {{\n   "role": "{ref.role}",\n   "digest": "{ref.digest}",\n   "size": {ref.size},\n'
        f'   "media_type": "{ref.media_type}"'
    )
    for name, tree in (("segments", ref.segments), ("leaves", ref.leaves)):
        if tree is not None:
            text += f',\n   "{name}": {{\n    "count": {tree.count},\n    "root": "{tree.root}"\n   }}'
    return text + "\n  }"


def spell_salt(salt: bytes) -> str:
    """The base64 of the manifest's 16 random bytes."""
    if len(salt) != SALT_BYTES:
        raise FormatError(f"a salt has {SALT_BYTES} bytes, not {len(salt)}")
    return base64.b64encode(salt).decode("ascii")
