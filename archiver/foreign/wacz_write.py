"""Writes WACZ packages (1.1.1) that replay programs show: WARCs as they are, an index, pages, digests, our signature.

Deterministic: the same parts and time give the same bytes. Everything is stored, nothing packed; the files stand in
this order: archive/*.warc, indexes/index.cdx, pages/pages.jsonl, what else is given, datapackage.json,
datapackage-digest.json.

`signedData`, which other programs look at, is not written: it takes ECDSA keys alone, and one of its readers calls any
such signature valid. Beside it stands `archiverSignature`: an SSHSIG over the bytes of datapackage.json, namespace
`archiver-wacz-v1`, which ssh-keygen checks too.

An index gives nothing of requests. Those that carried credentials (Cookie, Authorization, Proxy-Authorization) are left
out whole, and counted, and their ids wherever they stand: a package is for showing; the bundle in it proves.
"""

from __future__ import annotations

import hashlib
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from archiver import digest
from archiver.errors import FormatError, RefusedError
from archiver.foreign.surt import surt
from archiver.signing.keys import Signer
from archiver.signing.sshsig import WACZ
from archiver.warc.http import HttpHead, split_message
from archiver.warc.read import read_records
from archiver.warc.record import TRAILER, Record, format_header

SIGNATURE = "archiverSignature"
CREDENTIALS = ("Cookie", "Authorization", "Proxy-Authorization")
MAX_HEAD = 1 << 20  # bytes of a message that are looked at
_NAMING = ("WARC-Concurrent-To", "WARC-Refers-To")
_PAIR = re.compile(rb"[^\s;,=]+=[^\s;,]+")
_SHOWN = ("response", "resource", "revisit")
_TIME = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True, slots=True)
class Page:
    """A page that the package shows: as its index has it, with what it is called."""

    url: str
    time: str  # as WARC-Date has it
    title: str | None
    id: str


@dataclass(frozen=True, slots=True)
class Part:
    """A file of the package; `open` gives its bytes from the start."""

    name: str
    size: int
    open: Callable[[], BinaryIO]


@dataclass(slots=True)
class Written:
    """What became of it: requests that were left out, files with digest and size, bytes of the zip."""

    left_out: int = 0
    resources: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0


def write_wacz(
    out: BinaryIO,
    warcs: Iterable[Part],
    pages: Iterable[Page],
    more: Iterable[Part],
    *,
    title: str,
    created: str,
    software: str,
    signer: Signer | None,
    credentials: bool = False,
) -> Written:
    """Write a package into an empty seekable stream. `warcs` are archiver's own; `credentials`: requests that carried
    some stay in. Raises FormatError, StoreError, RefusedError for credentials that would leave in a response."""
    written, lines = Written(), list[tuple[str, str, str]]()
    shown = list(pages)
    with zipfile.ZipFile(out, "w", zipfile.ZIP_STORED, allowZip64=True) as package:
        for part in warcs:
            name = f"archive/{part.name}"
            with part.open() as stream:
                pieces = _records(stream, part.name, lines, written, credentials=credentials)
                written.resources.append(_add(package, name, pieces, part.size))
        index = b"".join(f"{key} {time} {told}\n".encode() for key, time, told in sorted(lines))
        written.resources.append(_add(package, "indexes/index.cdx", [index], len(index)))
        listed = _pages(shown)
        written.resources.append(_add(package, "pages/pages.jsonl", [listed], len(listed)))
        for part in more:
            with part.open() as stream:
                written.resources.append(_add(package, part.name, _pieces(stream), part.size))
        listing = _document(
            {
                "profile": "data-package",
                "wacz_version": "1.1.1",
                "title": title,
                "software": software,
                "created": created,
                **({"mainPageUrl": shown[0].url, "mainPageDate": shown[0].time} if shown else {}),
                "resources": written.resources,
            }
        )
        _add(package, "datapackage.json", [listing], len(listing))
        told: dict[str, Any] = {"path": "datapackage.json", "hash": digest.of_bytes(listing)}
        if signer is not None:
            told[SIGNATURE] = signer.sign(listing, WACZ).decode("ascii")
        last = _document(told)
        _add(package, "datapackage-digest.json", [last], len(last))
    written.size = out.tell()
    return written


def _add(package: zipfile.ZipFile, name: str, pieces: Iterable[bytes], size: int) -> dict[str, Any]:
    info = zipfile.ZipInfo(name, _TIME)
    info.external_attr, info.create_system = 0o100644 << 16, 3
    state, length = hashlib.sha256(), 0
    with package.open(info, "w", force_zip64=size >= 1 << 31) as file:
        for piece in pieces:
            file.write(piece)
            state.update(piece)
            length += len(piece)
    return {
        "name": name.rpartition("/")[2],
        "path": name,
        "hash": digest.spell(state.digest()),
        "bytes": length,
    }


def _pieces(stream: BinaryIO) -> Iterator[bytes]:
    while piece := stream.read(digest.CHUNK):
        yield piece


def _records(
    stream: BinaryIO, name: str, lines: list[tuple[str, str, str]], written: Written, *, credentials: bool
) -> Iterator[bytes]:
    """The bytes of a WARC, without requests that carried credentials; what its responses give in the index.

    The id of such a request goes too, where another record names it: whoever had that could put the WARC together from
    a guess of what is left out, and try it against the digest that its manifest gives.
    """
    secret = frozenset[str]() if credentials else _left_out(stream, name)
    offset = 0
    for record in read_records(stream):
        if record.get("WARC-Record-ID") in secret:
            written.left_out += 1
            continue
        told = tuple((key, value) for key, value in record.headers if not (key in _NAMING and value in secret))
        header = format_header(told) if told != record.headers else None
        begin = record.offset if header is None else record.block_offset
        length = record.block_offset + record.block_length + len(TRAILER) - begin
        if record.get("WARC-Type") in _SHOWN:
            lines.append(_line(record, name, offset, length + len(header or b"")))
        if header is not None:
            yield header
        offset += length + len(header or b"")
        yield from _copied(stream, begin, length)


def _left_out(stream: BinaryIO, name: str) -> frozenset[str]:
    """The ids of requests with credentials. Raises RefusedError where a response repeats a cookie that somebody gave
    along: responses are whole, so it would leave with them."""
    found, given, held = set[str](), set[bytes](), set[bytes]()
    pending: set[bytes] = set()  # what the response before its request sets
    for record in read_records(stream):
        kind = record.get("WARC-Type")
        if kind not in ("request", "response"):
            continue
        head = split_message(record.block().read(MAX_HEAD)).final
        if kind == "response":
            held |= pending
            pending = _pairs(head, "Set-Cookie")
            continue
        if _has_credentials(head):
            found.add(record.get("WARC-Record-ID") or "")
            given |= _pairs(head, "Cookie") - held  # what no server gave in this visit
        if not given.isdisjoint(pending):
            raise RefusedError(
                "a response repeats a cookie that was sent with --cookie: it would leave with the package",
                where=name,
                hint="a bundle withholds both: archiver export -o FILE.zip",
            )
    return frozenset(found)


def _pairs(head: HttpHead | None, name: str) -> set[bytes]:
    text = "; ".join(head.values(name)) if head is not None else ""
    return set(_PAIR.findall(text.encode("latin-1", "replace")))


def _copied(stream: BinaryIO, offset: int, length: int) -> Iterator[bytes]:
    while length:
        stream.seek(offset)
        piece = stream.read(min(length, digest.CHUNK))
        if not piece:
            raise FormatError("the WARC is cut off")
        yield piece
        offset, length = offset + len(piece), length - len(piece)


def _has_credentials(head: HttpHead | None) -> bool:
    return head is None or any(head.values(name) for name in CREDENTIALS)


def _line(record: Record, name: str, offset: int, length: int) -> tuple[str, str, str]:
    url = record.get("WARC-Target-URI") or ""
    mime, status = (record.get("Content-Type") or "").split(";")[0].strip(), 200
    if record.is_http:
        head = split_message(record.block().read(MAX_HEAD)).final
        mime = ((head.get("Content-Type") if head is not None else None) or "").split(";")[0].strip().lower()
        status = (head.status if head is not None else None) or 200
    told = {
        "url": url,
        "mime": mime or "application/octet-stream",
        "status": status,
        "digest": record.get("WARC-Payload-Digest") or record.get("WARC-Block-Digest") or "",
        "length": length,
        "offset": offset,
        "filename": name,
    }
    return surt(url), re.sub(r"[^0-9]", "", record.get("WARC-Date") or "")[:14], json.dumps(told)


def _pages(pages: Iterable[Page]) -> bytes:
    lines: list[dict[str, Any]] = [{"format": "json-pages-1.0", "id": "pages", "title": "All Pages"}]
    lines += [{"id": page.id, "url": page.url, "ts": page.time, "title": page.title or page.url} for page in pages]
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def _document(value: dict[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode() + b"\n"
