"""What a recheck found: its facts (recheck/v1), and a verdict for each statement (verdicts/v1). Format, with specimens:
docs/formats/recheck.md.

Specimen of a verdict, one of those in `verdicts`:

    {
     "id": "s3",
     "verdict": "reworded",
     "reason": null,
     "places": [
      {
       "source": "page",
       "exact": "“Five men”",
       "text": [2211, 2221],
       "bytes": [18822, 18836],
       "digest": "sha256:…"
      }
     ],
     "diff": [["=", "“"], ["-", "Four"], ["+", "Five"], ["=", " men”"]],
     "signs": ["number"],
     "attribution": []
    }

(lists are broken here only where it helps). What a verdict claims about words can be checked against the bytes that
were received (archiver.verify.rechecks); that something is removed, and all attribution, is the program's judgement.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, get_args

from archiver.model import records
from archiver.model.encoding import encode_document, parse, refuse_newer
from archiver.model.facts import Source
from archiver.model.values import check_digest, check_natural, check_record_id, check_salt, check_time, need

ROLE = "verdicts"
MAX_BYTES = 256 << 20  # of a verdicts object
MAX_VERDICTS = 100_000
VerdictName = Literal["verbatim", "moved", "typographic", "reworded", "removed", "page-gone", "unknown"]
VERDICTS: tuple[str, ...] = get_args(VerdictName)
STANDS = frozenset({"verbatim", "moved", "typographic"})
Against = Literal["live page", "other address", "saved file", "bundle"]
_ID = re.compile(r"s[1-9][0-9]{0,8}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Change:
    """`field` said `old` and says `new`; null where it says nothing."""

    field: str
    old: str | None
    new: str | None


@dataclass(frozen=True, slots=True)
class BundleSource:
    """The bundle of another collector that was compared with: its SHA-256 and size, the identity of the archive that it
    comes from, the manifest of the snapshot in it and when that says that it was made, who signed, and what `verify`
    said of it here."""

    digest: str
    size: int
    archive: str
    snapshot: str
    time: str
    signers: tuple[str, ...]
    verified: str


@dataclass(frozen=True, slots=True)
class RecheckFacts:
    """How a recheck was made. `source`: the bytes of the new snapshot that were compared; `kind`, `reasons`, `status`:
    what the new page is; `page`: changes of headline, bylines and dates; `differs`: in what the visit could not repeat
    the first one."""

    version: ClassVar[str] = "recheck/v1"
    comparer: str
    thresholds: dict[str, Any]
    against: Against
    source: Source | None
    status: int | None
    kind: str
    reasons: tuple[str, ...]
    page: tuple[Change, ...]
    differs: tuple[str, ...]
    bundle: BundleSource | None
    statements: int
    salt: str


@dataclass(frozen=True, slots=True)
class PlaceRecord:
    """Where one part of a statement was found: in the page text; or in the article as its JSON-LD gives it, which
    has no ranges."""

    source: Literal["page", "json-ld"]
    exact: str
    text: tuple[int, int] | None
    bytes: tuple[int, int] | None
    digest: str | None


@dataclass(frozen=True, slots=True)
class VerdictRecord:
    """The verdict on one statement; one place for each of its parts, null where it was not found. `diff`: pieces, each
    with `=`, `-` or `+` before it; `=` and `-` joined are the statement's text, `=` and `+` the words that were found.
    """

    id: str
    verdict: VerdictName
    reason: str | None
    places: tuple[PlaceRecord | None, ...]
    diff: tuple[tuple[str, str], ...]
    signs: tuple[str, ...]
    attribution: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Verdicts:
    """One verdict for each statement of the reading that was compared, in its order."""

    version: ClassVar[str] = "verdicts/v1"
    verdicts: tuple[VerdictRecord, ...]
    salt: str


def encode_facts(facts: RecheckFacts) -> bytes:
    """The bytes of a recheck's facts object. Raises FormatError for one that must not be written."""
    validate_facts(facts)
    return encode_document(records.to_plain(facts))


def decode_facts(data: bytes) -> RecheckFacts:
    """The facts of a recheck. Raises FormatError, NewerVersionError."""
    facts = records.decode(RecheckFacts, data)
    validate_facts(facts)
    return facts


def encode(found: Verdicts) -> bytes:
    """The bytes of a verdicts object. Raises FormatError for one that must not be written."""
    validate(found)
    return encode_document(records.to_plain(found))


def decode(data: bytes) -> Verdicts:
    """The verdicts in a document. Raises FormatError, NewerVersionError."""
    refuse_newer(data, Verdicts.version)
    plain = parse(data, MAX_BYTES)
    found = records.from_plain(Verdicts, plain, "verdicts")
    validate(found)
    need(encode_document(plain) == data, "verdicts: not in the one layout that archiver writes")
    return found


def validate_facts(facts: RecheckFacts) -> None:
    """Raises FormatError unless the values are ones that may be written."""
    check_salt(facts.salt)
    need(bool(facts.comparer), "recheck: no comparer")
    need(bool(facts.kind), "recheck: no kind")
    check_natural(facts.statements, "statements")
    if facts.status is not None:
        check_natural(facts.status, "status")
    if facts.source is not None:
        check_record_id(facts.source.record, "source record")
        check_digest(facts.source.digest, "source digest")
        check_natural(facts.source.size, "source size")
    need((facts.bundle is not None) == (facts.against == "bundle"), "recheck: a bundle is described where one is meant")
    if facts.bundle is not None:
        check_natural(facts.bundle.size, "bundle size")
        check_time(facts.bundle.time, "bundle time")
        for value in (facts.bundle.digest, facts.bundle.archive, facts.bundle.snapshot):
            check_digest(value, "bundle")
    need(all(change.old != change.new for change in facts.page), "recheck: a change that changes nothing")


def validate(found: Verdicts) -> None:
    """Raises FormatError unless the values are ones that may be written. Whether the words stand where a verdict says
    is for verification to find out: that takes the page text."""
    check_salt(found.salt)
    need(len(found.verdicts) <= MAX_VERDICTS, f"{len(found.verdicts)} verdicts; at most {MAX_VERDICTS}")
    before = 0
    for item in found.verdicts:
        need(_ID.fullmatch(item.id) is not None, f"not a statement's id: {item.id[:20]!r}")
        number = int(item.id[1:])
        need(number > before, f"verdicts: {item.id} does not come after s{before}")
        before = number
        _check_verdict(item)


def _check_verdict(item: VerdictRecord) -> None:
    need(bool(item.places), f"{item.id}: no parts")
    there = [place for place in item.places if place is not None]
    stands = item.verdict in STANDS
    need(not stands or len(there) == len(item.places), f"{item.id}: {item.verdict}, and a part was not found")
    need(item.verdict != "reworded" or bool(there), f"{item.id}: reworded, and nothing was found")
    lost = item.verdict in ("removed", "page-gone", "unknown")
    need(not lost or not there, f"{item.id}: {item.verdict}, and something was found")
    need(item.verdict != "verbatim" or not item.diff, f"{item.id}: verbatim, and something changed")
    need(
        item.verdict not in ("typographic", "reworded") or bool(item.diff), f"{item.id}: {item.verdict} without a diff"
    )
    need(not lost or not (item.diff or item.signs or item.attribution), f"{item.id}: changes of what was not found")
    need(item.verdict != "unknown" or bool(item.reason), f"{item.id}: unknown without a reason")
    for place in there:
        _check_place(item.id, place)
    for sign, text in item.diff:
        need(sign in ("=", "-", "+") and bool(text), f"{item.id}: a diff is made of =, - and + with words")
    need(all(change.old != change.new for change in item.attribution), f"{item.id}: a change that changes nothing")


def _check_place(name: str, place: PlaceRecord) -> None:
    need(bool(place.exact), f"{name}: a place without words")
    need(
        (place.text is not None) == (place.source == "page"), f"{name}: what stands in the page has a range of its text"
    )
    need((place.bytes is None) == (place.digest is None), f"{name}: a byte range and its digest go together")
    need(place.bytes is None or place.text is not None, f"{name}: bytes without text")
    for found in (place.text, place.bytes):
        need(found is None or 0 <= found[0] < found[1], f"{name}: a range that is empty or reversed")
    if place.digest is not None:
        check_digest(place.digest, f"{name}: digest")
