"""Step 10's work on one WARC: records, digests, segments, and whether the facts say what the exchanges say.

Everything streams: a WARC of any size is read in flat memory. A bundle may hold a WARC in part (archiver.verify.parts):
its whole records are looked at like any others. Bodies of pages that were read: archiver.verify.bodies.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator

from archiver import digest
from archiver.errors import FormatError, MissingError, ProofError, StoreError
from archiver.evidence import Evidence
from archiver.model.encoding import clean
from archiver.model.facts import Hop, SnapshotFacts
from archiver.model.manifest import ObjectRef, Tree
from archiver.verify import parts
from archiver.verify.layout import PROOF
from archiver.warc.http import split_message
from archiver.warc.read import FAILED, Record, check_digests, read_records
from archiver.warc.segments import segment_root
from archiver.warc.write import MAX_CERTIFICATES, PEM

Problem = tuple[str, str]  # code, message

_BEGIN, _END = b"-----BEGIN CERTIFICATE-----\n", b"-----END CERTIFICATE-----\n"


def check_warc(
    evidence: Evidence, name: str, ref: ObjectRef, secret: bytes | None, facts: SnapshotFacts | None
) -> Iterator[Problem]:
    """Everything wrong with one WARC."""
    try:
        with evidence.open(name) as stream:
            found = _Found()
            for record in read_records(stream):
                yield from found.take(record)
            if facts is not None:
                yield from _compare_facts(found.responses, found.certificates, facts)
        if secret is not None:
            with evidence.open(name) as stream:
                count, root = segment_root(stream, secret)
            if ref.segments != Tree(count, root):
                yield "segments-root", "the segments do not give the root in the manifest"
    except MissingError as error:
        yield "content-not-checked", error.message
    except StoreError as error:
        yield "file-unreadable", error.message
    except FormatError as error:
        yield "warc-bad", error.message


class _Found:
    """The records of one WARC that its facts speak of."""

    def __init__(self) -> None:
        self.responses: list[Record] = []
        self.certificates: dict[str, Record] = {}

    def take(self, record: Record) -> Iterator[Problem]:
        """Sort a record in; what is wrong with its digests."""
        for header, state in check_digests(record):
            if state == FAILED:
                yield "warc-digest", f"record at byte {record.offset}: {header} is not that of the block"
        kind = record.get("WARC-Type")
        if kind in ("response", "resource", "revisit"):
            self.responses.append(record)
        elif kind == "metadata" and record.get("Content-Type") == PEM:
            self.certificates[record.get("WARC-Refers-To") or ""] = record


def check_part(evidence: Evidence, name: str, ref: ObjectRef, facts: SnapshotFacts | None) -> Iterator[Problem]:
    """Everything wrong with a WARC of which parts are here, and what of it could not be looked at."""
    try:
        shown = parts.check_part(evidence, ref, name)
        with evidence.open(name + PROOF) as proof, evidence.open(name) as data:
            found = _Found()
            for record in parts.records_of(proof, data):
                if isinstance(record, Record):
                    yield from found.take(record)
            compared = 0
            if facts is not None:
                compared = len({hop.record for hop in facts.hops} & {_id(record) for record in found.responses})
                yield from _compare_some(found, facts)
        exchanges = f"; {compared} of {len(facts.hops)} exchanges are whole" if facts is not None and facts.hops else ""
        yield (
            "content-not-checked",
            f"of the WARC {shown.shown:,} of {shown.count:,} segments are here, each proven{exchanges}",
        )
    except ProofError as error:
        yield "parts-bad", error.message
    except MissingError as error:
        yield "parts-bad", f"{error.where or name} is missing"
    except StoreError as error:
        yield "file-unreadable", error.message
    except FormatError as error:
        yield "warc-bad", error.message


def _compare_some(found: _Found, facts: SnapshotFacts) -> Iterator[Problem]:
    """The facts against the records that are here whole."""
    hops = {hop.record: (place, hop) for place, hop in enumerate(facts.hops, 1)}
    if facts.outcome == "file":
        if found.responses:
            yield from _compare_file(found.responses, facts)
        return
    for record in _exchanged(found.responses, facts):
        if _id(record) not in hops:
            yield "facts-differ", f"the response {_id(record)} is stored, and the facts do not list it"
            continue
        place, hop = hops[_id(record)]
        certificate = found.certificates.get(_id(record))
        stored = _stored(record, certificate, hop)
        if certificate is None:
            del stored["certificates"]
        for key, (there, said) in stored.items():
            if there != said:
                yield "facts-differ", f"hop {place}: {key} is {there!r} in the exchange, {said!r} in the facts"


def _exchanged(records: list[Record], facts: SnapshotFacts) -> list[Record]:
    """The records that hops speak of: a browser's visit has the document after scripts behind its exchanges."""
    made = facts.rendered and bool(records) and records[-1].get("WARC-Type") == "resource"
    return records[:-1] if made else records


def _id(record: Record) -> str:
    return record.get("WARC-Record-ID") or ""


def _compare_facts(responses: list[Record], certificates: dict[str, Record], facts: SnapshotFacts) -> Iterator[Problem]:
    if facts.outcome == "file":
        yield from _compare_file(responses, facts)
        return
    responses = _exchanged(responses, facts)
    if len(responses) != len(facts.hops):
        yield "facts-differ", f"{len(responses)} responses are stored, the facts list {len(facts.hops)}"
    for place, (record, hop) in enumerate(zip(responses, facts.hops, strict=False), 1):
        stored = _stored(record, certificates.get(record.get("WARC-Record-ID") or ""), hop)
        for key, (there, said) in stored.items():
            if there != said:
                yield "facts-differ", f"hop {place}: {key} is {there!r} in the exchange, {said!r} in the facts"
    document = facts.document
    if facts.hops and (document is not None and document.status is not None) != (facts.outcome == "response"):
        yield "facts-differ", f"the outcome {facts.outcome!r} does not fit the last exchange"
    addresses = {hop.url for hop in facts.hops} | ({facts.request.url} if facts.request else set())
    if facts.final_url is not None and facts.final_url not in addresses:
        yield "facts-differ", f"no exchange has the final address {facts.final_url!r}"
    if facts.file is not None or facts.origin == "local file":
        yield "facts-differ", "the facts speak of a local file, and an exchange is stored"


def _stored(record: Record, certificate: Record | None, hop: Hop) -> dict[str, tuple[object, object]]:
    """Name -> what the WARC says, what the facts say."""
    tls = hop.tls
    spoken = [hop.http.lower()] if hop.http else []
    spoken += [tls.version.lower().replace("tlsv", "tls/")] if tls is not None else []
    found: dict[str, tuple[object, object]] = {
        "type": (record.get("WARC-Type"), "response"),
        "record": (record.get("WARC-Record-ID"), hop.record),
        "url": (record.get("WARC-Target-URI"), hop.url),
        "ip": (record.get("WARC-IP-Address"), hop.ip),
        "date": (record.get("WARC-Date"), hop.started),
        "truncated": (record.get("WARC-Truncated"), hop.truncated),
        "received": (record.block_length, hop.received),
        "protocols": (record.values("WARC-Protocol"), tuple(spoken)),
        "cipher": (record.get("WARC-Cipher-Suite"), tls.cipher if tls is not None else None),
        "certificates": (_chain(certificate), tls.chain if tls is not None else ()),
    }
    head = split_message(record.block()).final
    if head is None or b"\n" in head.raw:  # a start line that was cut off may say 20 where 200 was meant
        found["status"] = (head.status if head is not None else None, hop.status)
    if head is not None and head.complete and head.status is not None:
        found["reason"] = (clean(head.reason or "", 200), hop.reason or "")
        found["location"] = (clean(head.get("Location") or "", 8000) or None, hop.location)
    return found


def _chain(record: Record | None) -> tuple[str, ...]:
    """The digests of the certificates in a PEM block that archiver writes: base64 between two lines, nothing else."""
    if record is None:
        return ()
    found = []
    for part in record.block().read(MAX_CERTIFICATES + 1).split(_BEGIN)[1:]:
        text, end, rest = part.partition(_END)
        if not end or rest:
            raise FormatError("the certificates are not in the form that archiver writes")
        try:
            found.append(digest.of_bytes(base64.b64decode(text.replace(b"\n", b""), validate=True)))
        except ValueError:
            raise FormatError("a certificate is not base64") from None
    return tuple(found)


def _compare_file(responses: list[Record], facts: SnapshotFacts) -> Iterator[Problem]:
    """A sealed file: one resource record, and nothing that looks as if it had come from the web."""
    if facts.file is None or facts.origin != "local file" or facts.hops or facts.request or facts.final_url:
        yield "facts-differ", "the facts of a local file speak of something else"
    if len(responses) != 1 or responses[0].get("WARC-Type") != "resource":
        yield "facts-differ", "not exactly one file is stored"
        return
    record, file = responses[0], facts.file
    if file is not None:
        for key, there, said in (
            ("size", record.block_length, file.size),
            ("media type", record.get("Content-Type"), file.media_type),
        ):
            if there != said:
                yield "facts-differ", f"the file's {key} is {there!r} in the WARC, {said!r} in the facts"
