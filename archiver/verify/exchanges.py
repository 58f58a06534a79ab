"""Step 10's work on one WARC: records, digests, segments, and whether the facts say what the exchanges say."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import BinaryIO

from archiver import digest
from archiver.errors import ArchiverError, FormatError, MissingError, ProofError
from archiver.evidence import Evidence
from archiver.model.facts import Hop, SnapshotFacts, Source
from archiver.model.manifest import ObjectRef, Tree
from archiver.warc.http import entity_body, split_message
from archiver.warc.read import Record, check_digests, read_records
from archiver.warc.segments import segment_root

MAX_BODY = 512 << 20  # bytes of a decoded body that are read into memory to be compared with the page text


def check_warc(
    evidence: Evidence, name: str, ref: ObjectRef, secret: bytes | None, facts: SnapshotFacts | None
) -> Iterator[tuple[str, str]]:
    """Code and message of everything wrong with one WARC."""
    responses: list[Record] = []
    try:
        with evidence.open(name) as stream:
            for record in read_records(stream):
                for header, state in check_digests(record):
                    if state != "ok":
                        yield "warc-digest", f"record at byte {record.offset}: {header} is not that of the block"
                if record.get("WARC-Type") in ("response", "resource", "revisit"):
                    responses.append(record)
                    if facts is not None:
                        yield from _compare_hop(record, len(responses) - 1, facts)
        if facts is not None and facts.outcome != "file" and len(responses) != len(facts.hops):
            yield "facts-differ", f"{len(responses)} responses are stored, the facts list {len(facts.hops)}"
        if secret is not None:
            with evidence.open(name) as stream:
                count, root = segment_root(stream, secret)
            if ref.segments != Tree(count, root):
                yield "segments-root", "the segments do not give the root in the manifest"
    except MissingError as error:
        yield "content-not-checked", error.message
    except FormatError as error:
        yield "warc-bad", error.message


def _compare_hop(record: Record, place: int, facts: SnapshotFacts) -> Iterator[tuple[str, str]]:
    if facts.outcome == "file" or place >= len(facts.hops):
        return
    hop = facts.hops[place]
    stored = {
        "record": record.get("WARC-Record-ID"),
        "url": record.get("WARC-Target-URI"),
        "ip": record.get("WARC-IP-Address"),
        "truncated": record.get("WARC-Truncated"),
        "received": str(record.block_length),
        "status": str(_status(record)),
    }
    said = {key: _spelled(hop, key) for key in stored}
    for key, value in stored.items():
        if said[key] != value and not (key == "received" and record.get("WARC-Type") == "revisit"):
            yield "facts-differ", f"hop {place + 1}: {key} is {value!r} in the exchange, {said[key]!r} in the facts"


def _spelled(hop: Hop, key: str) -> str | None:
    value = getattr(hop, key)
    return str(value) if key in ("received", "status") else value


def _status(record: Record) -> int | None:
    final = split_message(record.block()).final
    return final.status if final is not None else None


def body_of(evidence: Evidence, name: str, source: Source) -> bytes:
    """The decoded body of one record. Raises ProofError if it is not the one that the reading names."""
    with evidence.open(name) as stream:
        for record in read_records(stream):
            if record.get("WARC-Record-ID") != source.record:
                continue
            body, complete = _decoded(record, stream)
            found = "sha256:" + hashlib.sha256(body).hexdigest()
            if found != source.digest or len(body) != source.size:
                raise ProofError(f"the body of {source.record} is {found}, the reading names {source.digest}")
            if complete != source.complete:
                raise ProofError(f"the body of {source.record}: completeness differs from what the reading says")
            return body
    raise ProofError(f"no record {source.record} in the WARC")


def _decoded(record: Record, _stream: BinaryIO) -> tuple[bytes, bool]:
    if record.get("WARC-Type") == "resource":
        data = record.block().read(MAX_BODY + 1)
        if len(data) > MAX_BODY:
            raise FormatError(f"a body of more than {MAX_BODY} bytes is not read into memory")
        return data, True
    message = split_message(record.block())
    if message.final is None:
        raise ArchiverError("the response has no head")
    block = record.block()
    block.seek(message.body_offset)
    decoded = entity_body(message.final, block, MAX_BODY)
    missing = [problem for problem in decoded.problems if "not decoded" in problem]
    if missing:
        raise FormatError(missing[0])
    return decoded.data, decoded.complete


assert digest  # the spelling above is digest's own
