"""The `import` and `source` objects of an import: what was received as a file, and from whom. Format:
docs/formats/import.md.

Specimen of an `import` object:

    {
     "archiver": "import/v1",
     "statement": "received as a file, not captured by us",
     "format": "har",
     "digest": "sha256:3b0c…",
     "size": 48213,
     "checked": null,
     "page": {
      "part": "entry 3",
      "url": "https://news.example/bridge",
      "time": "2026-11-23T13:02:11.482Z",
      "record": "<urn:uuid:00000000-0000-4000-8000-000000000002>",
      "digest": "sha256:8b59…",
      "size": 79,
      "media_type": "text/html; charset=utf-8"
     },
     "credentials": 2,
     "problems": [],
     "salt": "3q2+7wAAAAAAAAAAAAAAAA=="
    }

`url` and `time` of a page are what the file says of it: claims. `source` stands apart, so that an import can be shown
without saying who brought it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Literal

from archiver.model import records
from archiver.model.encoding import encode_document
from archiver.model.values import check_digest, check_natural, check_record_id, check_salt, check_time, need

ROLE, SOURCE_ROLE, FILE_ROLE = "import", "source", "file"
STATEMENT = "received as a file, not captured by us"
Format = Literal["har", "mhtml", "warc", "wacz", "html", "bundle", "bag", "other"]
MAX_PART = 4300  # characters


@dataclass(frozen=True, slots=True)
class StepResult:
    """One step of the check, as in a verify report."""

    number: int
    name: str
    outcome: Literal["passed", "failed", "not checked"]


@dataclass(frozen=True, slots=True)
class Checked:
    """What our check said of the file as it was received, in the words of a verify report. `archive`: that of a bundle;
    `signers`: fingerprints of the keys whose signatures held, believed or not."""

    kind: str
    archive: str | None
    signers: tuple[str, ...]
    verdict: str
    exit_code: int
    steps: tuple[StepResult, ...]


@dataclass(frozen=True, slots=True)
class PageIn:
    """The page that was taken out to be read: where it is in the file, and in the WARC. `digest`, `size`: its body."""

    part: str
    url: str | None
    time: str | None
    record: str
    digest: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Received:
    """What was received. `digest` and `size` are of the file. `credentials`: how many requests in it carried cookies or
    passwords of whoever recorded it; None where that could not be seen."""

    version: ClassVar[str] = "import/v1"
    statement: str
    format: Format
    digest: str
    size: int
    checked: Checked | None
    page: PageIn | None
    credentials: int | None
    problems: tuple[str, ...]
    salt: str


@dataclass(frozen=True, slots=True)
class SourceOf:
    """From whom, and how, as the importer says."""

    version: ClassVar[str] = "source/v1"
    given_by: str | None
    note: str | None
    time: str
    salt: str


def encode(found: Received | SourceOf) -> bytes:
    """The bytes of the object. Raises FormatError for one that must not be written."""
    _validate(found)
    return encode_document(records.to_plain(found))


def decode(data: bytes) -> Received:
    """The `import` object in a document. Raises FormatError, NewerVersionError."""
    found = records.decode(Received, data)
    _validate(found)
    return found


def decode_source(data: bytes) -> SourceOf:
    """The `source` object in a document. Raises FormatError, NewerVersionError."""
    found = records.decode(SourceOf, data)
    _validate(found)
    return found


def _validate(found: Received | SourceOf) -> None:
    check_salt(found.salt)
    if isinstance(found, SourceOf):
        check_time(found.time, "source")
        need(found.given_by is not None or found.note is not None, "source: says nothing")
        return
    need(found.statement == STATEMENT, "import: another statement than this version makes")
    check_digest(found.digest, "file")
    check_natural(found.size, "file")
    if found.credentials is not None:
        check_natural(found.credentials, "credentials")
    if found.checked is not None:
        need(bool(found.checked.verdict) and 0 <= found.checked.exit_code <= 4, "import: no result of a check")
        if found.checked.archive is not None:
            check_digest(found.checked.archive, "archive")
        numbers = [step.number for step in found.checked.steps]
        need(numbers == sorted(set(numbers)), "import: steps of a check are in order")
    if found.page is not None:
        page = found.page
        need(0 < len(page.part) <= MAX_PART, "import: a page stands somewhere in its file")
        check_record_id(page.record, "page")
        check_digest(page.digest, "page")
        check_natural(page.size, "page")
        if page.time is not None:
            check_time(page.time, "page")
