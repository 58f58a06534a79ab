"""Reading: ours strictly, other people's with remarks, and anything else as FormatError."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from warc_cases import ODD, PAGE, PLAIN, SECRET, chunked, response, written
from warcio.archiveiterator import ArchiveIterator
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from archiver.errors import FormatError
from archiver.warc import record as record_module
from archiver.warc.read import Record, check_digests, read_records
from archiver.warc.record import format_header, parse_foreign_header, parse_header
from archiver.warc.segments import segment_root
from archiver.warc.unpack import MAX_EMPTY

GOOD, _ = written({"plain": PLAIN})


def read(data: bytes, **options: object) -> list[Record]:
    return list(read_records(io.BytesIO(data), **options))  # type: ignore[arg-type]


def by_warcio(gzipped: bool, version: str = "1.0") -> bytes:
    out = io.BytesIO()
    writer = WARCWriter(out, gzip=gzipped, warc_version=version)
    writer.write_record(writer.create_warcinfo_record("a.warc", {"software": "other"}))
    for at in range(5):
        head = StatusAndHeaders("200 OK", [("Transfer-Encoding", "chunked"), ("X", str(at))], protocol="HTTP/1.1")
        body = io.BytesIO(chunked(PAGE * (at + 1)))
        writer.write_record(
            writer.create_warc_record(f"http://a.example/{at}", "response", payload=body, http_headers=head)
        )
    return out.getvalue()


def test_specimen_of_record_module() -> None:
    lines = [line.strip() for line in (record_module.__doc__ or "").split("\n") if line.startswith("    ")]
    raw = "".join(lines).replace(r"\r\n", "\r\n").encode()
    (found,) = read(raw)
    assert found.block().read() == b"hello"
    assert check_digests(found) == [("WARC-Block-Digest", "ok")]
    assert format_header(found.headers) == raw[: found.header_length]


def test_offsets() -> None:
    for found in read(GOOD):
        assert GOOD[found.offset :].startswith(b"WARC/1.1\r\n")
        block = GOOD[found.block_offset : found.block_offset + found.block_length]
        assert found.block_offset == found.offset + found.header_length
        assert found.block().read() == block
        view = found.block()
        view.seek(-3, io.SEEK_END)
        assert view.read() == block[-3:]
        view.seek(2)
        assert view.read(4) == block[2:6] and view.tell() == min(6, len(block))


def test_a_changed_block_is_noticed() -> None:
    bad = GOOD.replace(b"Monday", b"Friday", 1)
    states = {r.get("WARC-Type"): check_digests(r) for r in read(bad)}
    assert states["response"] == [("WARC-Block-Digest", "failed"), ("WARC-Payload-Digest", "failed")]
    assert states["request"] == [("WARC-Block-Digest", "ok")]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (b"WARC/1.1", b"WARC/1.0", "not WARC/1.1"),
        (b"WARC-Type: warcinfo", b"WARC-Type:  warcinfo", "not a value"),
        (b"WARC-Type: warcinfo", b"WARC-Type: warcinfo ", "not a value"),
        (b"WARC-Type: warcinfo", b"WARC-Type:warcinfo", "not a name"),
        (b"WARC-Type: warcinfo", b"WARC-Type: conversion", "has the type"),
        (b"WARC-Type: warcinfo", b"WARC-Type: war\xffcinfo", "not UTF-8"),
        (b"WARC-Type: warcinfo\r\n", b"WARC-Type: warcinfo\n", "not a value"),
        (b"WARC-Type: warcinfo\r\n", b"WARC-Type: warcinfo\r\n folded\r\n", "not a name"),
        (b"WARC-Type: warcinfo\r\n", b"", "WARC-Type is missing"),
        (b"WARC-Type: warcinfo\r\n", b"WARC-Type: warcinfo\r\nwarc-type: warcinfo\r\n", "stands twice"),
        (b"Content-Length: ", b"Content-Length: 0", "not a content-length"),
        (b"Content-Length: ", b"Content-Length: +", "not a content-length"),
        (b"Content-Length: ", b"Content-Length: 9", "byte 0"),
        (b"Content-Length: ", b"Content-Length: 999999999999999", "not a content-length"),
        (b"Date: 2026", b"Date: 26", "not a warc-date"),
        (b"<urn:uuid:", b"urn:uuid:", "not a warc-record-id"),
        (b"000002>", b"000001>", "two records are called"),
        (b"Digest: sha256:", b"Digest: SHA256:", "is not sha256"),
        (b"\r\n\r\nWARC/1.1", b"\r\n\r\n\r\nWARC/1.1", "byte"),
        (b"\r\n\r\nWARC/1.1\r\n", b"\r\n\n\nWARC/1.1\r\n", "two empty lines"),
    ],
)
def test_strict(old: bytes, new: bytes, message: str) -> None:
    assert old in GOOD
    with pytest.raises(FormatError, match="(?i)" + message):
        read(GOOD.replace(old, new, 1))


def test_every_truncation_is_noticed() -> None:
    ends = {r.block_offset + r.block_length + 4 for r in read(GOOD)}
    for at in range(len(GOOD)):
        if at in ends:
            continue
        with pytest.raises(FormatError):
            read(GOOD[:at])
    with pytest.raises(FormatError):
        read(GOOD + b"\r\n")


def test_a_block_that_is_not_there() -> None:
    raw = GOOD[: read(GOOD)[1].block_offset + 10]
    records = read_records(io.BytesIO(raw))
    next(records)
    with pytest.raises(FormatError, match="the file ends"):
        next(records).block().read()


def test_limits() -> None:
    with pytest.raises(FormatError, match="longer than 65536"):
        read(b"WARC/1.1\r\n" + b"a" * 70_000)
    with pytest.raises(FormatError, match="longer than 65536"):
        read(b"WARC/1.1\r\n" + b"A: b\r\n" * 20_000)
    with pytest.raises(FormatError):
        read(b"WARC/1.1\r\n" + b"".join(b"A%d: b\r\n" % at for at in range(100)) + b"\r\n")


@given(st.integers(0, len(GOOD) - 1), st.binary(min_size=1, max_size=3), st.booleans())
@settings(max_examples=100, deadline=None)
def test_damage_gives_records_or_format_error(at: int, new: bytes, foreign: bool) -> None:
    bad = GOOD[:at] + new + GOOD[at + len(new) :]
    try:
        for found in read_records(io.BytesIO(bad), foreign=foreign):
            check_digests(found)
        segment_root(io.BytesIO(bad), SECRET)
    except FormatError:
        return


@given(st.binary(max_size=200), st.booleans())
@settings(max_examples=100, deadline=None)
def test_any_bytes(data: bytes, packed: bool) -> None:
    for raw in (data, b"WARC/1.0\r\nContent-Length: 5\r\n" + data, b"\x1f\x8b\x08" + data):
        try:
            for found in read_records(io.BytesIO(gzip.compress(raw) if packed else raw), foreign=True):
                check_digests(found)
                found.block().read()
        except FormatError:
            pass


@given(
    st.lists(st.tuples(st.from_regex(r"[A-Za-z][A-Za-z0-9-]{0,8}", fullmatch=True), st.text(max_size=20)), max_size=5)
)
@settings(max_examples=100, deadline=None)
def test_what_format_header_writes_parse_header_reads(extra: list[tuple[str, str]]) -> None:
    fields = (
        ("WARC-Type", "metadata"), ("WARC-Record-ID", "<urn:uuid:1>"), ("WARC-Date", "2026-11-23T13:02:11Z"), *extra,
        ("Content-Length", "0"),
    )  # fmt: skip
    try:
        raw = format_header(fields)
    except FormatError:
        return
    assert parse_header(raw) == fields
    assert parse_foreign_header(raw)[:2] == ("WARC/1.1", fields)


@pytest.mark.parametrize("gzipped", [False, True])
@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_foreign_as_warcio_writes_it(gzipped: bool, version: str) -> None:
    data = by_warcio(gzipped, version)
    mine = read(data, foreign=True)
    theirs = [(r.rec_headers.headers, r.raw_stream.read()) for r in ArchiveIterator(io.BytesIO(data), True)]
    assert [(list(r.headers), r.block().read()) for r in mine] == theirs
    for found in mine:
        assert found.remarks == (("written as WARC/1.0",) if version == "1.0" else ())
        assert {state for _, state in check_digests(found)} <= {"ok"}
    assert [state for r in mine[1:] for _, state in check_digests(r)] == ["ok", "ok"] * 5


def test_foreign_gzip_of_the_whole_file() -> None:
    data = gzip.compress(by_warcio(False))
    mine = read(data, foreign=True)
    assert len(mine) == 6
    assert [r.block().read() for r in reversed(mine)] == [
        r.raw_stream.read() for r in ArchiveIterator(io.BytesIO(gzip.decompress(data)), no_record_parse=True)
    ][::-1]


def test_foreign_spelling() -> None:
    raw = (
        b"WARC/1.0\nwarc-type : response\nWARC-Target-URI:<http://a.example/>\n  folded\nnonsense\n"
        b"X: \xff\nContent-Length:5\n\nhello\n\n\nWARC/0.18\r\nContent-Length: 0\r\n\r\n"
    )
    first, second = read(raw, foreign=True)
    assert first.get("WARC-Type") == "response" and first.get("warc-target-uri") == "<http://a.example/> folded"
    assert first.block().read() == b"hello"
    assert first.remarks == (
        "the header is not UTF-8", "written as WARC/1.0", "lines end with LF alone",
        "a header line without a colon: 'nonsense'", "folded header lines", "WARC-Record-ID is missing",
        "WARC-Date is missing",
    )  # fmt: skip
    assert "3 bytes of empty lines before the record" in second.remarks


@pytest.mark.parametrize(
    "raw",
    [
        b"", b"\r\n", b"hello", b"WARC/1.0\r\n\r\n", b"WARC/1.0\r\nContent-Length: x\r\n\r\n",
        b"WARC/1.0\r\nContent-Length: 5\r\n\r\nhell", b"WARC/2.0\r\nContent-Length: 0\r\n\r\n",
        b"WARC/1.0\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nhello!", b"\r\n" * 100,
        b"WARC/1.0\r\nContent-Length: " + b"9" * 30 + b"\r\n\r\n",
    ],
)  # fmt: skip
def test_foreign_nonsense(raw: bytes) -> None:
    for data in (raw, gzip.compress(raw)):
        with pytest.raises(FormatError):
            read(data, foreign=True)


def test_packed_bombs_are_bounded() -> None:
    with pytest.raises(FormatError, match="unpacks to more"):
        read(gzip.compress(a_record("X: 1", bytes(9 << 20))), foreign=True, max_unpacked=1 << 20)
    with pytest.raises(FormatError, match="empty gzip members"):
        read(gzip.compress(b"") * (MAX_EMPTY + 2), foreign=True)
    with pytest.raises(FormatError, match="ends early"):
        read(gzip.compress(GOOD)[:-50], foreign=True)
    with pytest.raises(FormatError, match="damaged"):
        read(by_warcio(True) + b"junk", foreign=True)
    large = a_record("X: 1", os.urandom(200_000)) * 3
    back_and_forth = read(gzip.compress(large), foreign=True, max_unpacked=700_000)
    with pytest.raises(FormatError, match="too often"):
        for _ in range(100):
            back_and_forth[-1].block().read()
            back_and_forth[0].block().read()


def a_record(fields: str, block: bytes) -> bytes:
    return f"WARC/1.0\r\n{fields}\r\nContent-Length: {len(block)}\r\n\r\n".encode() + block + b"\r\n\r\n"


def test_digests_in_other_spellings() -> None:
    sha1 = hashlib.sha1(b"hello").digest()
    for value, state in (
        (f"sha1:{base64.b32encode(sha1).decode()}", "ok"),
        (f"sha1:{base64.b32encode(sha1).decode().lower()}", "ok"),
        (f"SHA-1:{sha1.hex().upper()}", "ok"),
        (f"sha1:{base64.b64encode(sha1).decode()}", "ok"),
        (f"md5:{hashlib.md5(b'hello').hexdigest()}", "ok"),
        (f"sha512:{base64.urlsafe_b64encode(hashlib.sha512(b'hello').digest()).decode()}", "ok"),
        (f"sha1:{sha1.hex()[:-1]}0", "failed"),
        ("sha1:", "not checked"), ("crc32:00000000", "not checked"), ("nonsense", "not checked"),
        ("sha1:" + "!" * 32, "not checked"),
    ):  # fmt: skip
        (found,) = read(a_record(f"WARC-Block-Digest: {value}", b"hello"), foreign=True)
        ((_, said),) = check_digests(found)
        assert said.startswith(state), value


def test_payload_digest_of_the_entity_is_honest_too() -> None:
    block = response(b"Transfer-Encoding: chunked\r\n", chunked(PAGE))
    for payload, state in ((PAGE, "ok"), (chunked(PAGE), "ok"), (b"", "failed")):
        said = hashlib.sha256(payload).hexdigest()
        fields = f"Content-Type: application/http;msgtype=response\r\nWARC-Payload-Digest: sha256:{said}"
        (found,) = read(a_record(fields, block), foreign=True)
        assert check_digests(found) == [("WARC-Payload-Digest", state)]


def test_revisit() -> None:
    fields = (
        "WARC-Type: revisit\r\nWARC-Profile: http://netpreserve.org/warc/1.1/revisit/identical-payload-digest\r\n"
        "Content-Type: application/http; msgtype=response\r\nWARC-Payload-Digest: sha256:" + "0" * 64
    )
    (found,) = read(a_record(fields, b"HTTP/1.1 200 OK\r\n\r\n"), foreign=True)
    ((_, state),) = check_digests(found)
    assert state.startswith("not checked (the payload of a revisit")


def test_our_own_is_good_foreign_warc() -> None:
    data, _ = written(ODD)
    ours, theirs = read(data), read(data, foreign=True)
    assert [(r.headers, r.offset, r.block_offset) for r in ours] == [
        (r.headers, r.offset, r.block_offset) for r in theirs
    ]
    assert all(r.remarks == () for r in theirs)
