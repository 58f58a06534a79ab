"""What a received file is, and the page in it: HAR, MHTML, WARC, WACZ, a bag, a bundle of archiver's, a page alone.

`format_of` looks at the bytes; `page_in` takes the page out, `same_page` takes it out again from where it was. In files
with several pages the main one is taken, or the one that is asked for.
"""

from __future__ import annotations

import functools
import io
from collections.abc import Iterator
from typing import BinaryIO

from archiver.errors import ArchiverError, FormatError, MissingError
from archiver.foreign import loose_json
from archiver.foreign.har import looks_like_har, pages_in_har
from archiver.foreign.index import lines
from archiver.foreign.mhtml import looks_like_mhtml, pages_in_mhtml
from archiver.foreign.page_in import HTML, MAX_WHOLE, Candidate, again, choose, pages_in_html, spell_time
from archiver.foreign.wacz import MAX_PAGE, PACKAGE
from archiver.foreign.warcs import is_warc, looks_like_warc
from archiver.foreign.zip_files import ZipFiles, is_zip
from archiver.model.manifest import MAX_BYTES, decode
from archiver.model.received import Format, PageIn
from archiver.warc.http import split_message, stream_body
from archiver.warc.read import Record, read_records

MAX_HEAD = 1 << 20  # bytes of a response that are looked at before it is chosen
SUFFIXES: dict[str, Format] = {
    ".har": "har", ".mhtml": "mhtml", ".mht": "mhtml", ".warc": "warc", ".wacz": "wacz", ".html": "html",
    ".htm": "html", ".xhtml": "html",
}  # fmt: skip
_DATA = "data/"


def format_of(stream: BinaryIO, name: str) -> Format:
    """What a file is, by its bytes; by its name where these do not say."""
    stream.seek(0)
    start = stream.read(8192)
    stream.seek(0)
    if is_zip(stream):
        return _zip_format(stream, name)
    if start[:5] == b"WARC/" or (start[:2] == b"\x1f\x8b" and looks_like_warc(stream)):
        return "warc"
    if looks_like_mhtml(start):
        return "mhtml"
    if looks_like_har(start):
        return "har"
    lower = name.lower().removesuffix(".gz")
    if start.lstrip(b"\xef\xbb\xbf \t\r\n\x0c").lower().startswith((b"<!doctype html", b"<html")):
        return "html"
    return SUFFIXES.get(lower[lower.rfind(".") :] if "." in lower else "", "other")


def _zip_format(stream: BinaryIO, name: str) -> Format:
    try:
        names = set(ZipFiles(stream).names())
    except FormatError:
        return "wacz" if name.lower().endswith(".wacz") else "other"
    if PACKAGE in names:
        return "wacz"
    folders = {one.rpartition("/")[0] for one in names if one.rpartition("/")[2] == "bagit.txt"}
    if len(folders) != 1:
        return "wacz" if name.lower().endswith(".wacz") else "other"
    folder = folders.pop()
    return "bundle" if f"{folder}/bundle.json".lstrip("/") in names else "bag"


def page_in(stream: BinaryIO, kind: Format, media_type: str, wanted: str | None = None) -> tuple[Candidate, bytes]:
    """The page that is meant, and its body. Raises MissingError (there is none, and why), FormatError."""
    if wanted is None:
        for url in _main_urls(stream, kind):
            try:
                return _taken(choose(_candidates(stream, kind, media_type), url))
            except MissingError:
                continue
    return _taken(choose(_candidates(stream, kind, media_type), wanted))


def same_page(stream: BinaryIO, kind: Format, page: PageIn) -> bytes:
    """The body at the place where the page was. Raises MissingError, FormatError."""
    return _taken(again(_candidates(stream, kind, page.media_type), page.part))[1]


def _taken(found: Candidate) -> tuple[Candidate, bytes]:
    body = found.body()
    if not body:
        raise MissingError("the page in it is empty")
    return found, body


def _candidates(stream: BinaryIO, kind: Format, media_type: str) -> Iterator[Candidate]:
    if kind == "har":
        return pages_in_har(stream)
    if kind == "mhtml":
        return pages_in_mhtml(stream)
    if kind == "html" or (kind == "other" and media_type in (*HTML, "text/plain")):
        return pages_in_html(stream, media_type)
    if kind == "warc":
        return _in_warc(stream, "")
    if kind in ("wacz", "bag", "bundle"):
        return _in_zip(ZipFiles(stream), kind)
    raise MissingError("a file of this kind has no page in it that could be read")


def _in_zip(files: ZipFiles, kind: Format) -> Iterator[Candidate]:
    """The responses of every WARC, and in a bag of each page that lies there."""
    for name in _bundled(files) if kind == "bundle" else files.names():
        if kind == "bundle" or is_warc(name):
            yield from _in_warc(files.open(name), f"{name}, ")  # left open: bodies are read after this has ended
        elif kind == "bag" and name.lower().endswith((".html", ".htm")):
            for found in pages_in_html(files.open(name), "text/html"):
                yield Candidate(name, found.url, found.time, found.media_type, None, found.body)


def _bundled(files: ZipFiles) -> Iterator[str]:
    """The WARCs of the snapshots in a bundle, the newest first."""
    there = {name.partition("/")[2]: name for name in files.names()}
    numbered = [name for name in there if name.startswith("data/chain/") and name.endswith(".json")]
    for name in sorted(numbered, reverse=True):
        try:
            with files.open(there[name]) as stream:
                manifest = decode(stream.read(MAX_BYTES + 1))
        except ArchiverError:
            continue  # its verification said what is wrong
        ref = manifest.object("warc") if manifest.event in ("snapshot", "import") else None
        if ref is not None:
            hexadecimal = ref.digest.removeprefix("sha256:")
            place = there.get(f"{_DATA}objects/sha256/{hexadecimal[:2]}/{hexadecimal[2:]}")
            if place is not None:
                yield place


def _in_warc(stream: BinaryIO, where: str) -> Iterator[Candidate]:
    for record in read_records(stream, foreign=True):
        kind = (record.get("WARC-Type") or "").lower()
        if kind not in ("response", "resource"):
            continue
        status: int | None = None
        media_type = record.get("Content-Type") or ""
        if record.is_http:
            head = split_message(record.block().read(MAX_HEAD)).final
            status, media_type = (head.status, head.get("Content-Type") or "") if head is not None else (0, "")
        url = (record.get("WARC-Target-URI") or "").strip("<>") or None
        yield Candidate(
            f"{where}record at byte {record.offset}", url, spell_time(record.get("WARC-Date")), media_type, status,
            functools.partial(_record_body, record),
        )  # fmt: skip


def _record_body(record: Record) -> bytes:
    block = record.block()
    if not record.is_http:
        return block.read(min(record.block_length, MAX_WHOLE))
    head = split_message(block.read(min(record.block_length, MAX_HEAD))).final
    message = split_message(record.block())
    if head is None or message.final is None:
        raise FormatError("the response has no head")
    block = record.block()
    block.seek(message.body_offset)
    out = io.BytesIO()
    decoded = stream_body(message.final, block, MAX_WHOLE, out.write)
    if any("not decoded" in problem for problem in decoded.problems):
        raise FormatError(f"the body cannot be decoded here: {decoded.problems[0]}")
    return out.getvalue()


def _main_urls(stream: BinaryIO, kind: Format) -> Iterator[str]:
    """The addresses that a WACZ gives as its main page, then its first pages."""
    if kind != "wacz":
        return
    try:
        files = ZipFiles(stream)
        with files.open(PACKAGE) as listed:
            url = loose_json.text(loose_json.parse_object(listed.read(MAX_HEAD)), "mainPageUrl")
        if url:
            yield url
        with files.open("pages/pages.jsonl") as listed:
            for number, line in enumerate(lines(listed, MAX_PAGE)):
                url = loose_json.text(loose_json.parse_object(line), "url")
                if url:
                    yield url
                if number == 10:
                    return
    except ArchiverError:
        return  # the check of the package says what is wrong with it
