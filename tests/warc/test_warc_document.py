"""docs/formats/warc.md: its specimen is what the writer writes, and its rules alone give its root."""

from __future__ import annotations

import hashlib
import hmac
import io
import re
from pathlib import Path

from warc_cases import DATE, SECRET, fixed_ids

from archiver.tlog import merkle
from archiver.warc import http
from archiver.warc.http import http_parts
from archiver.warc.read import check_digests, read_records
from archiver.warc.segments import segment_leaves, segment_root
from archiver.warc.write import WarcWriter

DOCUMENT = (Path(__file__).parents[2] / "docs/formats/warc.md").read_text("utf-8")


def fenced(kind: str) -> str:
    found = re.search(rf"^```{kind}\n(.*?)^```$", DOCUMENT.split("## Specimen")[1], re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1]


SPECIMEN = fenced("warc").replace("\n", "\r\n").encode()


def test_the_writer_writes_the_specimen() -> None:
    out = io.BytesIO()
    writer = WarcWriter(out, fixed_ids(), SECRET)
    writer.write_info(DATE, {"software": "archiver/0.1", "format": "WARC File Format 1.1"})
    blocks = [record.block().read() for record in read_records(io.BytesIO(SPECIMEN))]
    writer.write_exchange(
        uri="https://news.example/bridge",
        date=DATE,
        ip="192.0.2.7",
        response=blocks[1],
        request=blocks[2],
        certificates_pem=blocks[3],
        protocols=("http/1.1", "tls/1.3"),
        cipher="TLS_AES_128_GCM_SHA256",
    )
    summary = writer.finish()
    assert out.getvalue() == SPECIMEN
    assert f"{summary.size} bytes" in DOCUMENT and f"`{summary.digest}`" in DOCUMENT


def test_verifying_step_by_step() -> None:
    stream = io.BytesIO(SPECIMEN)
    assert all(state == "ok" for record in read_records(stream) for _, state in check_digests(record))
    count, root = segment_root(stream, SECRET)
    assert f"its {count} segments" in DOCUMENT and f"The root is `{root}`." in DOCUMENT
    lines = [
        f"{s.index:>2}  {s.kind:<12} {s.offset:>5} {s.length:>4}  {leaf.hex()}"
        for s, leaf in segment_leaves(stream, SECRET)
    ]
    assert fenced("segments") == "".join(line + "\n" for line in lines)


def test_the_root_from_the_table_alone() -> None:
    leaves = []
    for line in fenced("segments").splitlines():
        number, _, offset, length, said = line.split()
        salt = hmac.new(SECRET, int(number).to_bytes(8, "big"), hashlib.sha256).digest()
        segment = SPECIMEN[int(offset) : int(offset) + int(length)]
        leaves.append(hashlib.sha256(b"\0" + salt + segment).digest())
        assert leaves[-1].hex() == said
    assert f"sha256:{merkle.root(leaves).hex()}" in DOCUMENT


def test_specimen_of_the_http_module() -> None:
    lines = [line[4:] for line in (http.__doc__ or "").split("\n") if line.startswith("    ")]
    rows = [re.fullmatch(r"(.*?) +([a-z-]+)", line) for line in lines]
    expected = [(row[2], row[1].replace(r"\r\n", "\r\n").encode()) for row in rows if row is not None]
    assert len(expected) == len(lines) == 7
    block = b"".join(data for _, data in expected)
    found = [(p.kind, block[p.offset : p.offset + p.length]) for p in http_parts(io.BytesIO(block), len(block))]
    assert found == expected


def test_the_limits_are_the_documented_ones() -> None:
    from archiver.warc import read, record

    assert f"{record.MAX_HEADER:,} bytes and {record.MAX_FIELDS} fields" in DOCUMENT
    assert f"{read.MAX_RECORDS:,} records" in DOCUMENT
    assert f"after {http.MAX_HEAD_LINES} lines" in DOCUMENT
    assert f"beyond {http.RATIO_FROM >> 20} MiB, at {http.RATIO} times" in DOCUMENT
