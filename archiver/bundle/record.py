"""bundle.json: what the exporter says of a bundle: whose archive, which manifests were chosen, what was left out.

Specimen (a document in the one JSON layout):

    {
     "archiver": "bundle/v1",
     "archive": "sha256:0d1c…",
     "size": 57,
     "created": "2026-11-24T09:00:00.000Z",
     "software": "archiver/0.1.0",
     "renderer": "1",
     "exporter": "SHA256:mVZTmgXsWbm/3Fg4…",
     "selected": [
      41,
      42
     ],
     "withheld": []
    }

`selected`: the manifests whose objects are in the bundle. All others in it (genesis, key events, the last leaf, …) are
there for what they bind, without their objects. `withheld`: objects of selected manifests that were left out, each
with `sequence`, `role`, `digest` and `shown`: how many of its lines or segments are here all the same.
"""

from __future__ import annotations

import hashlib
import itertools
import re
from dataclasses import dataclass
from typing import ClassVar

from archiver import digest
from archiver.errors import FormatError
from archiver.model import records
from archiver.model.encoding import encode_document
from archiver.model.manifest import check_time
from archiver.model.records import to_plain

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}", re.ASCII)
_SOFTWARE = re.compile(r"[A-Za-z0-9._+/-]{1,80}", re.ASCII)
_ROLE = re.compile(r"[a-z][a-z0-9-]{0,39}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Withheld:
    """An object that a selected manifest names and the exporter left out, but for `shown` parts of it."""

    sequence: int
    role: str
    digest: str
    shown: int = 0


@dataclass(frozen=True, slots=True)
class BundleRecord:
    """bundle.json. `size`: of the log at the bundle's checkpoint; `exporter`: OpenSSH fingerprint."""

    version: ClassVar[str] = "bundle/v1"
    archive: str
    size: int
    created: str
    software: str
    renderer: str
    exporter: str
    selected: tuple[int, ...]
    withheld: tuple[Withheld, ...]


def encode(record: BundleRecord) -> bytes:
    """The bytes of bundle.json. Raises FormatError for a record that must not be written."""
    _validate(record)
    return encode_document(to_plain(record))


def decode(data: bytes) -> BundleRecord:
    """The record in bundle.json. Raises FormatError, NewerVersionError."""
    record = records.decode(BundleRecord, data)
    _validate(record)
    return record


def _validate(record: BundleRecord) -> None:
    check_time(record.created)
    good = (
        digest.is_digest(record.archive)
        and _FINGERPRINT.fullmatch(record.exporter)
        and _SOFTWARE.fullmatch(record.software)
        and _SOFTWARE.fullmatch(record.renderer)
        and record.size > 0
        and _rising(record.selected)
        and all(0 <= number < record.size for number in record.selected)
        and _rising([(item.sequence, item.role, item.digest) for item in record.withheld])
        and all(item.shown >= 0 for item in record.withheld)
    )
    if not good:
        raise FormatError("bundle.json: a value is malformed or out of range")
    chosen = set(record.selected)
    for item in record.withheld:
        if not digest.is_digest(item.digest) or not _ROLE.fullmatch(item.role) or item.sequence not in chosen:
            raise FormatError("bundle.json: a withheld object is malformed or of no selected manifest")


def _rising(values: tuple[int, ...] | list[tuple[int, str, str]]) -> bool:
    return all(left < right for left, right in itertools.pairwise(values))  # type: ignore[operator]


def folder_name(record: BundleRecord) -> str:
    """The folder that holds the bag, `evidence-9f86d081-41-5c1e07aa`: archive, first selected manifest, this record.

    Two different bundles never unpack into one folder, and a bundle's own name does not change its bytes.
    """
    first = record.selected[0] if record.selected else 0
    return f"evidence-{record.archive[7:15]}-{first}-{hashlib.sha256(encode(record)).hexdigest()[:8]}"
