"""The body that a reading was made from, found in a WARC, or in what a bundle shows of one, and decoded again.

Only the body of a page that was read is held; all else streams.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from archiver import digest
from archiver.errors import FormatError, MissingError, ProofError
from archiver.evidence import Evidence
from archiver.model.encoding import clean
from archiver.model.facts import Source
from archiver.model.manifest import ObjectRef
from archiver.page.decode import MAX_BODY
from archiver.verify import parts
from archiver.verify.layout import PROOF
from archiver.verify.parts import Fragment
from archiver.warc.http import split_message, stream_body
from archiver.warc.read import Record, read_records


@dataclass(frozen=True, slots=True)
class Body:
    """The body that a reading was made from. `data` is None if it is too large for a page, or was not read as one;
    `named`: the record that the reading names is here, with its header."""

    data: bytes | None
    content_type: str
    named: bool = True


@contextmanager
def opened(evidence: Evidence, ref: ObjectRef) -> Iterator[Iterator[Record | Fragment]]:
    """The records of a WARC; or of what a bundle shows of it, proven before anything is given, with fragments.

    Raises MissingError if neither is here; FormatError, ProofError, StoreError, also while they are read.
    """
    with ExitStack() as stack:
        name = evidence.object_name(ref.digest)
        if name is not None:
            yield read_records(stack.enter_context(evidence.open(name)))
            return
        name = parts.part_name(evidence, ref.digest)
        if name is None:
            raise MissingError("the WARC is not here")
        parts.check_part(evidence, ref, name)
        proof, data = (stack.enter_context(evidence.open(file)) for file in (name + PROOF, name))
        yield parts.records_of(proof, data)


def body_of(evidence: Evidence, ref: ObjectRef, source: Source) -> Body:
    """The decoded body of the record that a reading names, and its media type as the server gave it.

    Raises MissingError if neither the WARC nor the part of it with that body is here; ProofError if it is not the body
    that the reading names; FormatError if it cannot be decoded here.
    """
    with opened(evidence, ref) as records:
        fragments = []
        for record in records:
            if isinstance(record, Fragment):
                fragments.append(record)
            elif record.get("WARC-Record-ID") == source.record:
                return _body(record, source)
        for fragment in fragments:
            body = _fragment_body(fragment, source)
            if body is not None:
                return body
    if fragments:
        raise MissingError("the body that was read is not among the parts of the WARC that are here")
    raise ProofError(f"no record {source.record} in the WARC")


def _fragment_body(fragment: Fragment, source: Source) -> Body | None:
    """The body of a record without a header, if it is the one that the reading names; by the fields that are here."""
    fragment.stream.seek(fragment.offset)
    http = fragment.stream.read(5) == b"HTTP/"
    if not http and fragment.length != source.size:
        return None
    try:
        body = _body(fragment.as_record("application/http" if http else source.media_type), source)
    except (ProofError, FormatError):
        return None
    return Body(body.data, body.content_type, named=False)


def _body(record: Record, source: Source) -> Body:
    """Raises ProofError if it is not the body that the reading names; FormatError if it cannot be decoded here."""
    state, kept, size = hashlib.sha256(), bytearray(), 0
    hold = source.text is not None and source.size <= MAX_BODY

    def take(piece: bytes) -> None:
        nonlocal size
        state.update(piece)
        size += len(piece)
        if hold and size <= MAX_BODY:
            kept.extend(piece)

    # A reading looks at MAX_BODY bytes and one more; a longer body counts as far as it was looked at.
    most = len(source.codings)
    content_type, codings, complete, left = _decode(record, max(source.size, MAX_BODY + 1), take, most)
    found = digest.spell(state.digest())
    if found != source.digest or size != source.size:
        raise ProofError(f"the body of {source.record} is {found} ({size} bytes), the reading names {source.digest}")
    for key, there, said in (
        ("completeness", complete, source.complete),
        ("codings", codings, source.codings),
        ("media type", clean(content_type, 200), source.media_type),
    ):
        if there != said:
            raise ProofError(f"the body of {source.record}: {key} is {there!r}, the reading says {said!r}")
    if left is not None:
        raise FormatError(f"the reading was made from a body that was {left}: let it be read again")
    return Body(bytes(kept) if hold else None, content_type)


def _decode(
    record: Record, limit: int, take: Callable[[bytes], object], most: int
) -> tuple[str, tuple[str, ...], bool, str | None]:
    """Content type, codings and completeness of a body of which at most `limit` bytes, without `most` of its codings,
    go to `take`; and which codings are left that could be removed here."""
    kind = record.get("WARC-Type")
    if kind == "resource":
        wanted, block = limit, record.block()
        while wanted and (piece := block.read(min(wanted, digest.CHUNK))):
            take(piece)
            wanted -= len(piece)
        return record.get("Content-Type") or "", (), record.block_length <= limit, None
    if kind != "response":
        raise ProofError(f"record {record.get('WARC-Record-ID')} is no response")
    message = split_message(record.block())
    if message.final is None:
        return "", (), False, None
    block = record.block()
    block.seek(message.body_offset)
    decoded = stream_body(message.final, block, limit, take, most)
    for problem in decoded.problems:
        if "not decoded: no " in problem:  # a module that is not installed here
            raise FormatError(problem)
    left = next((problem for problem in decoded.problems if problem.startswith("left coded")), None)
    return message.final.get("Content-Type") or "", decoded.codings, decoded.complete, left
