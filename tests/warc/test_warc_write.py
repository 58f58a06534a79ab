"""What is written is accepted by warcio, and replays byte for byte."""

from __future__ import annotations

import hashlib
import io
import subprocess
import sys
from pathlib import Path

import pytest
from warc_cases import DATE, ODD, PAGE, PLAIN, REQUEST, SECRET, chunked, fixed_ids, written
from warcio.archiveiterator import ArchiveIterator

from archiver.errors import FormatError, UsageError
from archiver.warc.read import check_digests, read_records
from archiver.warc.record import uuid_urn
from archiver.warc.segments import segment_root
from archiver.warc.write import WarcWriter

PEM = b"-----BEGIN CERTIFICATE-----\nMAo=\n-----END CERTIFICATE-----\n"


def warcio_check(path: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("warcio")
    return subprocess.run([program, "check", "-v", path], capture_output=True, text=True, timeout=60)


def test_warcio_accepts_every_odd_response(tmp_path: Path) -> None:
    data, writer = written(ODD, certificates=PEM)
    path = tmp_path / "a.warc"
    path.write_bytes(data)
    result = warcio_check(path)
    assert (result.returncode, result.stderr) == (0, "")
    assert "fail" not in result.stdout and "exception" not in result.stdout
    assert result.stdout.count("WARC-Record-ID") == 1 + 3 * len(ODD)
    assert writer.finish().size == len(data)


def test_warcio_notices_a_changed_byte(tmp_path: Path) -> None:
    data, _ = written({"plain": PLAIN})
    path = tmp_path / "a.warc"
    path.write_bytes(data.replace(b"Monday", b"Friday", 1))
    result = warcio_check(path)
    assert result.returncode == 1
    assert "block digest failed" in result.stdout and "payload digest failed" in result.stdout


def test_warcio_replays_the_same_bytes() -> None:
    names = ("plain", "chunked", "chunked-gzip", "deflate", "close-delimited", "no-reason", "lf-only", "duplicates")
    data, _ = written({name: ODD[name] for name in names})
    pages, raw = [], []
    for record in ArchiveIterator(io.BytesIO(data), check_digests="raise"):
        if record.rec_type == "response":
            pages.append(record.content_stream().read())
    assert pages == [PAGE] * len(names)
    for record in ArchiveIterator(io.BytesIO(data), no_record_parse=True):
        if record.rec_type == "response":
            raw.append(record.raw_stream.read())
    assert raw == [ODD[name] for name in names]


def test_warcio_sees_the_same_header_lines() -> None:
    data, _ = written({"duplicates": ODD["duplicates"]})
    record = next(r for r in ArchiveIterator(io.BytesIO(data)) if r.rec_type == "response")
    assert record.http_headers.headers == [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("set-cookie", "c=3")]
    mine = next(r for r in read_records(io.BytesIO(data)) if r.get("WARC-Type") == "response")
    assert record.rec_headers.headers == list(mine.headers)


def test_blocks_and_digests_come_back() -> None:
    data, _ = written(ODD, certificates=PEM)
    blocks = []
    for record in read_records(io.BytesIO(data)):
        assert [state for _, state in check_digests(record)] == ["ok"] * len(check_digests(record))
        if record.get("WARC-Type") == "response":
            blocks.append(record.block().read())
        elif record.get("WARC-Type") == "request":
            assert record.block().read() == REQUEST
        elif record.get("WARC-Type") == "metadata":
            assert record.block().read() == PEM
            assert record.get("Content-Type") == "application/pem-certificate-chain"
            assert record.get("WARC-Refers-To") == record.get("WARC-Concurrent-To")
    assert blocks == list(ODD.values())


def test_payload_digest_only_where_everybody_agrees() -> None:
    data, _ = written(ODD)
    without = {
        (record.get("WARC-Target-URI") or "").rsplit("/", 1)[1]
        for record in read_records(io.BytesIO(data))
        if record.get("WARC-Type") == "response" and record.get("WARC-Payload-Digest") is None
    }
    assert without == {
        "early-hints", "two-interim", "interim-only", "interim-then-page", "cut-in-start-line", "cut-in-head",
        "cut-before-empty-line", "white-line", "unicode-white-line", "old", "garbage", "blank-first", "only-blank",
        "nothing", "cr-only",
    }  # fmt: skip


def test_payload_digest_is_over_the_stored_still_chunked_body() -> None:
    data, _ = written({"chunked": ODD["chunked"]})
    record = next(r for r in read_records(io.BytesIO(data)) if r.get("WARC-Type") == "response")
    assert record.get("WARC-Payload-Digest") == "sha256:" + hashlib.sha256(chunked(PAGE)).hexdigest()


def test_summary_is_of_the_very_bytes() -> None:
    data, writer = written(ODD, certificates=PEM)
    summary = writer.finish()
    assert summary.size == len(data)
    assert summary.digest == "sha256:" + hashlib.sha256(data).hexdigest()
    assert summary.segments is not None
    assert (summary.segments.count, summary.segments.root) == segment_root(io.BytesIO(data), SECRET)
    assert written(ODD, certificates=PEM)[0] == data
    assert written(ODD, None)[1].finish().segments is None


def test_exchange_fields() -> None:
    out = io.BytesIO()
    writer = WarcWriter(out, fixed_ids(), None)
    info = writer.write_info(DATE, {"software": "archiver/0.1"})
    ids = writer.write_exchange(
        uri="https://news.example/a?b=c",
        date="2026-11-23T13:02:11.482000001Z",
        ip="2001:db8::1",
        request=REQUEST,
        response=io.BytesIO(PLAIN + b"beyond"),
        response_length=len(PLAIN),
        truncated="length",
        certificates_pem=PEM,
        protocols=("http/1.1", "tls/1.3"),
        cipher="TLS_AES_128_GCM_SHA256",
    )
    _, answer, request, certificates = read_records(out)
    assert answer.get("warc-record-id") == ids.response_id and answer.block().read() == PLAIN
    assert answer.get("WARC-Truncated") == "length" and request.get("WARC-Truncated") is None
    assert answer.get("WARC-Concurrent-To") == ids.request_id == request.get("WARC-Record-ID")
    assert request.get("WARC-Concurrent-To") == ids.response_id
    assert certificates.get("WARC-Record-ID") == ids.certificates_id
    assert answer.values("WARC-Protocol") == ("http/1.1", "tls/1.3")
    assert answer.get("WARC-Cipher-Suite") == "TLS_AES_128_GCM_SHA256"
    assert answer.get("WARC-IP-Address") == "2001:db8::1"
    assert {r.get("WARC-Warcinfo-ID") for r in (answer, request, certificates)} == {info}


def test_a_local_file(tmp_path: Path) -> None:
    out = io.BytesIO()
    writer = WarcWriter(out, fixed_ids(), SECRET)
    writer.write_info(DATE, {})
    writer.write_resource("file:///letter.pdf", DATE, "application/pdf", io.BytesIO(b"%PDF-1.7"), 8)
    writer.write_resource("file:///empty", DATE, "text/plain; charset=utf-8", b"", 0)
    summary = writer.finish()
    assert summary.segments is not None and summary.segments.count == 2 + 3 + 2
    assert [r.block().read() for r in read_records(out)] == [b"", b"%PDF-1.7", b""]
    path = tmp_path / "a.warc"
    path.write_bytes(out.getvalue())
    assert warcio_check(path).returncode == 0


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("uri", "http://news.example/a b"), ("uri", "http://news.example/ä"), ("uri", "no uri"), ("uri", ""),
        ("uri", "http://news.example/\r\nWARC-Type: x"), ("date", "2026-11-23"), ("date", "2026-11-23T13:02:11+01:00"),
        ("ip", "news.example"), ("truncated", "boredom"), ("protocols", ("http/1.1\r\n",)), ("cipher", "A B"),
        ("response_length", 10**9), ("response_length", -1), ("certificates_pem", b"x" * (2 << 20)),
        ("uri", "http://news.example/" + "a" * 70_000),
    ],
)  # fmt: skip
def test_what_a_header_cannot_carry_is_refused_before_writing(name: str, value: object) -> None:
    out = io.BytesIO()
    writer = WarcWriter(out, fixed_ids(), SECRET)
    fields = {"uri": "http://news.example/", "date": DATE, "ip": None, "request": REQUEST, "response": PLAIN}
    with pytest.raises(FormatError):
        writer.write_exchange(**{**fields, name: value})  # type: ignore[arg-type]
    assert out.getvalue() == b""


def test_order_and_end() -> None:
    _, writer = written({})
    with pytest.raises(UsageError):
        writer.write_info(DATE, {})
    writer.finish()
    with pytest.raises(UsageError):
        writer.write_resource("file:///a", DATE, "text/plain", b"", 0)
    with pytest.raises(FormatError):
        WarcWriter(io.BytesIO(), fixed_ids(), b"short")
    with pytest.raises(FormatError):
        WarcWriter(io.BytesIO(), fixed_ids(), None).write_info(DATE, {"software": "a\r\nb"})
    with pytest.raises(FormatError):
        WarcWriter(io.BytesIO(), fixed_ids(), None).write_resource("file:///a", DATE, "application/http", b"", 0)


def test_ids() -> None:
    assert uuid_urn(bytes(16)) == "<urn:uuid:00000000-0000-4000-8000-000000000000>"
    assert uuid_urn(b"\xff" * 16) == "<urn:uuid:ffffffff-ffff-4fff-bfff-ffffffffffff>"
    with pytest.raises(FormatError):
        uuid_urn(b"")
