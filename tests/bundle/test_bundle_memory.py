"""Memory does not grow with what is exported: 100 MB in the ordinary tests, 1 GB and 5 GiB (zip64) in the slow ones."""

from __future__ import annotations

import hashlib
import io
import tracemalloc
import zipfile
from pathlib import Path
from typing import BinaryIO, cast

import pytest
from bundle_cases import CAPTURED, CREATED, SIGNER, MemoryArchive, small_page

from archiver import digest
from archiver.bundle.build import build
from archiver.bundle.check import check_bundle
from archiver.bundle.read import BundleEvidence
from archiver.bundle.withhold import Withholding
from archiver.model.manifest import ObjectRef, Tree
from archiver.verify.layout import object_path
from archiver.verify.policy import Policy
from archiver.verify.run import verify
from archiver.warc.write import WarcWriter

MB = 1 << 20


class Zeros(io.RawIOBase):
    """So many zero bytes, and where they come from."""

    def __init__(self, length: int) -> None:
        self.length, self._place = length, 0

    def open(self) -> BinaryIO:
        return cast(BinaryIO, Zeros(self.length))

    def read(self, size: int = -1) -> bytes:
        count = min(self.length - self._place, size if size >= 0 else self.length)
        self._place += count
        return bytes(count)


class Sparse:
    """A file in which zeros become holes: a test of 5 GiB needs no such disk."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("wb+")

    def write(self, data: bytes) -> int:
        if len(data) == MB and not any(data[:: MB // 64]) and data == bytes(MB):
            self._file.seek(len(data), io.SEEK_CUR)
        else:
            self._file.write(data)
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def close(self) -> None:
        self._file.close()


@pytest.mark.parametrize(
    "size", [100 * MB, pytest.param(1024 * MB, marks=pytest.mark.slow), pytest.param(5 << 30, marks=pytest.mark.slow)]
)
def test_flat_memory(tmp_path: Path, size: int) -> None:
    archive = MemoryArchive()
    state = hashlib.sha256()
    for _ in range(size // MB):
        state.update(bytes(MB))
    ref = ObjectRef(
        "warc", "sha256:" + state.hexdigest(), size, "application/warc", segments=Tree(1, "sha256:" + "0" * 64)
    )
    archive.big[object_path(ref.digest)] = Zeros(size)
    facts, _, secret = small_page().snapshot(archive)
    archive.add("snapshot", objects=(facts, ref, secret))
    archive.seal()
    path = tmp_path / "big.zip"
    out = Sparse(path)
    tracemalloc.start()
    try:
        built = build(archive, [1], SIGNER, cast(BinaryIO, out), created=CREATED)
        out.close()
        policy = Policy(signers={SIGNER.public.fingerprint: "me"}, depth="objects")
        with BundleEvidence(path) as evidence:
            report = verify(evidence, policy, bundle_step=check_bundle)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert built.size == path.stat().st_size > size
    assert report.exit_code == 0 and report.steps[9].checked == 3, report.findings
    assert peak < 24 * MB  # of which the templates take most
    with zipfile.ZipFile(path) as zipped:
        info = zipped.getinfo(f"{built.folder}/data/{object_path(ref.digest)}")
        assert info.file_size == size and bool(info.extra) == (size >= 1 << 32)


class OnDisk:
    """An object that lies in a file."""

    def __init__(self, path: Path) -> None:
        self.path, self.length = path, path.stat().st_size

    def open(self) -> BinaryIO:
        return self.path.open("rb")


@pytest.mark.parametrize("size", [64 * MB, pytest.param(1024 * MB, marks=pytest.mark.slow)])
def test_flat_memory_of_a_part(tmp_path: Path, size: int) -> None:
    """A WARC of which one line is left out: cut, proven, written and checked, never held."""
    archive = MemoryArchive()
    ids = (f"<urn:uuid:00000000-0000-4000-8000-{n:012d}>" for n in range(9))
    path, body = tmp_path / "big.warc", tmp_path / "body"
    with body.open("wb") as stream:
        stream.write(b"HTTP/1.1 200 OK\r\nContent-Type: video/mp4\r\n\r\n")
        for _ in range(size // MB):
            stream.write(bytes(MB))
    with path.open("wb") as out, body.open("rb") as response:
        writer = WarcWriter(out, lambda: next(ids), bytes(32))
        writer.write_info(CAPTURED, {"software": "archiver/0.1"})
        request = b"GET / HTTP/1.1\r\nHost: a.example\r\nCookie: a=1\r\n\r\n"
        writer.write_exchange(uri="http://a.example/", date=CAPTURED, ip=None, request=request, response=response)
        done = writer.finish()
    assert done.segments is not None
    tree = Tree(done.segments.count, done.segments.root)
    warc = ObjectRef("warc", done.digest, done.size, "application/warc", segments=tree)
    archive.big[object_path(done.digest)] = OnDisk(path)
    facts, _, _ = small_page().snapshot(archive)
    archive.add("snapshot", objects=(facts, warc, archive.put("segment-secret", bytes(32))))
    archive.seal()
    out_path = tmp_path / "part.zip"
    tracemalloc.start()
    try:
        with out_path.open("wb+") as out:
            built = build(archive, [1], SIGNER, out, created=CREATED, withhold=Withholding(credentials=True))
        with BundleEvidence(out_path) as evidence:
            report = verify(evidence, Policy(signers={SIGNER.public.fingerprint: "me"}), bundle_step=check_bundle)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert built.record.withheld[1].shown == tree.count - 3 and built.size > size
    assert not report.failed, report.findings
    assert peak < 24 * MB


def test_what_was_hashed_is_what_is_there() -> None:
    for hashed in (digest.of_stream, digest.of_large):
        for size in (0, 1, MB, 3 * MB + 1):
            assert hashed(Zeros(size).open()) == (digest.of_bytes(bytes(size)), size)
