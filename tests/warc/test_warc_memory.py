"""Memory does not grow with a response: 30 MB in the ordinary tests, 300 MB in the slow ones."""

from __future__ import annotations

import hashlib
import io
import tracemalloc
from pathlib import Path

import pytest
from warc_cases import DATE, REQUEST, SECRET, fixed_ids

from archiver.warc.read import check_digests, read_records
from archiver.warc.segments import segment_root
from archiver.warc.write import WarcWriter

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n"
MB = 1 << 20


@pytest.mark.parametrize("size", [30 * MB, pytest.param(300 * MB, marks=pytest.mark.slow)])
def test_flat_memory(tmp_path: Path, size: int) -> None:
    source, path = tmp_path / "response", tmp_path / "a.warc"
    with source.open("wb") as out:
        out.write(HEAD)
        out.truncate(len(HEAD) + size)
    tracemalloc.start()
    try:
        with source.open("rb") as response, path.open("wb") as out:
            writer = WarcWriter(out, fixed_ids(), SECRET)
            writer.write_info(DATE, {})
            writer.write_exchange(uri="http://a.example/", date=DATE, ip=None, request=REQUEST, response=response)
            summary = writer.finish()
        with path.open("rb") as stream:
            assert all(state == "ok" for record in read_records(stream) for _, state in check_digests(record))
            assert summary.segments is not None
            assert segment_root(stream, SECRET) == (summary.segments.count, summary.segments.root)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6 * MB
    with path.open("rb") as stream:
        assert summary.digest == "sha256:" + hashlib.file_digest(stream, "sha256").hexdigest()


def test_one_endless_line_is_not_held() -> None:
    data = b"HTTP/1.1 200 OK\r\nA: " + bytes(30 * MB)
    source, out = io.BytesIO(data), Sink()
    writer = WarcWriter(out, fixed_ids(), SECRET)
    tracemalloc.start()
    try:
        writer.write_exchange(uri="http://a.example/", date=DATE, ip=None, request=REQUEST, response=source)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 6 * MB
    assert writer.finish().size > 30 * MB


class Sink(io.BytesIO):
    """Forgets what it is given."""

    def write(self, data: object) -> int:
        return len(data)  # type: ignore[arg-type]
