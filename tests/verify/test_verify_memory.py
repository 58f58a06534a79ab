"""Memory stays flat: a body of a gigabyte and an archive of many manifests take the space of small ones."""

from __future__ import annotations

import hashlib
import io
import json
import subprocess
import sys
from pathlib import Path

import pytest
from simulator import Simulator

from archiver import digest
from archiver.model import facts as facts_model
from archiver.model.facts import Hop, ReadingFacts, Source
from archiver.model.manifest import ObjectRef, Tree, encode
from archiver.verify.layout import object_path
from archiver.warc.record import uuid_urn
from archiver.warc.write import WarcWriter

PROGRAM = """
import json, sys
from pathlib import Path
from archiver.store.folder import ArchiveFolder
from archiver.verify.policy import Policy
from archiver.verify.run import verify
report = verify(ArchiveFolder(Path(sys.argv[1])), Policy(depth=sys.argv[2]))
peak = Path('/proc/self/status').read_text().split('VmHWM:')[1].split()[0]
print(json.dumps({'peak': int(peak) >> 10, 'failed': report.failed, 'counts': report.counts, 'size': report.size,
                  'open': [f.code for f in report.findings if f.weight.value != 'remark']}))
"""

pytestmark = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="peak memory is read from /proc")


def measured(root: Path, depth: str = "content") -> dict[str, object]:
    out = subprocess.run([sys.executable, "-c", PROGRAM, str(root), depth], check=True, capture_output=True, text=True)
    return json.loads(out.stdout)  # type: ignore[no-any-return]


class Film(io.RawIOBase):
    """A response with a body of so many bytes, made when it is read."""

    def __init__(self, size: int, media_type: str) -> None:
        self.head = f"HTTP/1.1 200 OK\r\nContent-Type: {media_type}\r\nContent-Length: {size}\r\n\r\n".encode()
        self.length, self._at = len(self.head) + size, 0
        self._block = hashlib.shake_256(b"film").digest(1 << 16)

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        self._at = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self.length}[whence] + offset
        return self._at

    def digest(self) -> str:
        """Of the body."""
        state, left = hashlib.sha256(), self.length - len(self.head)
        while left:
            state.update(self._block[:left])
            left -= min(left, len(self._block))
        return "sha256:" + state.hexdigest()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        view = memoryview(buffer).cast("B")
        if self._at < len(self.head):
            piece = self.head[self._at :]
        else:
            begin = (self._at - len(self.head)) % len(self._block)
            piece = self._block[begin : begin + self.length - self._at]
        piece = piece[: len(view)]
        view[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def film_archive(root: Path, size: int) -> Path:
    """A snapshot of a film, its WARC on disk alone, and a reading that looked at no words."""
    root.mkdir()
    archive, url, film = Simulator(), "https://news.example/film", Film(size, "video/mp4")
    date, secret = archive.clock(), archive.entropy(32)
    with (root / "film.warc").open("w+b") as out:
        writer = WarcWriter(out, lambda: uuid_urn(archive.entropy(16)), secret)
        writer.write_info(date, {"software": "simulator", "format": "WARC File Format 1.1"})
        ids = writer.write_exchange(
            uri=url,
            date=date,
            ip="192.0.2.7",
            request=b"GET /film HTTP/1.1\r\nHost: news.example\r\n\r\n",
            response=io.BufferedReader(film, 1 << 20),
            response_length=film.length,
            protocols=("http/1.1",),
        )
        made = writer.finish()
    assert made.segments is not None
    path = root / object_path(made.digest)
    path.parent.mkdir(parents=True)
    (root / "film.warc").rename(path)
    tree = Tree(made.segments.count, made.segments.root)
    hop = Hop(
        url, 200, "OK", "HTTP/1.1", None, "192.0.2.7", 443, None, None, date, film.length, None, (), ids.response_id
    )
    facts = archive._facts(date, hops=(hop,), request_url=url, final_url=url, outcome="response")
    archive._seal_snapshot(
        facts, b"", ObjectRef("warc", made.digest, made.size, "application/warc", segments=tree), secret
    )
    del archive.files[object_path(made.digest)]  # it is on disk
    source = Source(ids.response_id, film.digest(), size, "video/mp4", (), True, None, None, None)
    found = ReadingFacts("rule", source, "not html", (), None, {}, 0, (), archive._salt())
    entry = archive._put("facts", facts_model.encode(found), "application/json")
    archive._add("reading", [entry], subject=digest.of_bytes(archive.manifests[1]))
    return archive.write_to(root)


@pytest.mark.parametrize(
    ("size", "limit"), [(96 << 20, 100), pytest.param(1 << 30, 150, marks=pytest.mark.slow)], ids=["96 MB", "1 GB"]
)
def test_a_large_body(tmp_path: Path, size: int, limit: int) -> None:
    found = measured(film_archive(tmp_path / "archive", size))
    assert found["failed"] is False, found
    assert found["counts"] == {"snapshots": 1, "readings": 1, "statements": 0}
    assert set(found["open"]) <= {"signer-unconfirmed"}  # type: ignore[call-overload]
    assert int(found["peak"]) < limit  # type: ignore[call-overload]


@pytest.mark.slow
def test_a_hundred_thousand_manifests(tmp_path: Path) -> None:
    archive = Simulator()
    name = digest.of_bytes(b"x")
    objects = (
        ObjectRef("facts", name, 1830, "application/json"),
        ObjectRef("warc", name, 48213, "application/warc", segments=Tree(21, name)),
        ObjectRef("segment-secret", name, 32, "application/octet-stream"),
    )
    while archive.last < 99_999:
        with archive.batch():
            for _ in range(min(1000, 99_999 - archive.last)):
                archive.raw(encode(archive.draft("snapshot", objects)))
    found = measured(archive.write_to(tmp_path / "archive"), "seal")
    assert found["failed"] is False
    assert found["size"] == 100_000
    assert int(found["peak"]) < 300  # type: ignore[call-overload]
