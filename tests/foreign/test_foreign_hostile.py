"""Any bytes give a report: nothing raises, hangs, or takes memory that grows with what a file says of itself."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import os
import random
import struct
import tracemalloc
import zipfile
import zlib
from pathlib import Path

import pytest
from foreign_cases import auto_archiver, bag, contents, index, members, wacz, warc, zipped
from hypothesis import given
from hypothesis import strategies as st

from archiver.errors import FormatError
from archiver.foreign.check import KINDS, check_foreign, kind_of
from archiver.foreign.loose_json import parse
from archiver.foreign.zip_files import ZipFiles
from archiver.verify.policy import Policy

GOOD = {
    "wacz": zipped(wacz()),
    "packed.wacz": zipped(wacz(sign="domain"), method=zipfile.ZIP_DEFLATED),
    "warc.gz": warc(),
    "warc": warc(packed=False),
    "zip": zipped(bag(), folder="bag/"),
}


def codes(data: bytes, folder: Path, name: str) -> set[str]:
    path = folder / name
    path.write_bytes(data)
    kind = kind_of(path)
    if kind is None:
        return set()
    report = check_foreign(path, kind, Policy())
    assert report.exit_code in (1, 4)
    assert json.dumps(report.to_json())
    return {finding.code for finding in report.findings}


@pytest.mark.parametrize("suffix", GOOD)
def test_a_changed_byte_gives_a_report(suffix: str, tmp_path: Path) -> None:
    good = GOOD[suffix]
    source = random.Random(suffix)
    places = range(len(good)) if os.environ.get("FUZZ") else source.sample(range(len(good)), min(120, len(good)))
    for place in places:
        changed = bytearray(good)
        changed[place] ^= 1 << source.randrange(8)
        codes(bytes(changed), tmp_path, f"x.{suffix}")


@pytest.mark.parametrize("suffix", ["wacz", "zip"])
def test_no_byte_of_a_stored_package_changes_unnoticed(suffix: str, tmp_path: Path) -> None:
    good = GOOD[suffix]
    before = codes(good, tmp_path, f"good.{suffix}")
    source = random.Random(7)
    for place in source.sample(range(len(good)), 80):
        changed = bytearray(good)
        changed[place] ^= 1 << source.randrange(8)
        found = codes(bytes(changed), tmp_path, f"x.{suffix}")
        # Times and attributes of the zip are covered by nothing, and shown by nobody.
        assert found != before or not _says_more(bytes(changed), good), place


def _says_more(changed: bytes, good: bytes) -> bool:
    def read(data: bytes) -> dict[str, bytes]:
        files = ZipFiles(io.BytesIO(data))
        return {name: files.open(name).read() for name in files.names()}

    return read(changed) != read(good)


@given(st.binary(max_size=300), st.sampled_from(sorted(KINDS)))
def test_any_bytes_at_all(tmp_path_factory: pytest.TempPathFactory, data: bytes, kind: str) -> None:
    path = tmp_path_factory.mktemp("any") / "x.wacz"
    path.write_bytes(data)
    assert check_foreign(path, kind, Policy()).exit_code in (1, 4)


@given(st.dictionaries(st.sampled_from(["datapackage.json", "datapackage-digest.json", "indexes/index.cdx",
                                        "indexes/index.idx", "pages/pages.jsonl", "archive/data.warc.gz"]),
                       st.binary(max_size=60) | st.recursive(
                           st.none() | st.integers() | st.text(max_size=5),
                           lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
                               st.sampled_from(["resources", "path", "hash", "signedData", "url", "offset", "length",
                                                "filename", "digest", "signature", "domainCert", "created"]), inner),
                           max_leaves=8).map(lambda value: b"k 20261123130211 " * (hash(str(value)) % 2)
                                             + json.dumps(value).encode())))  # fmt: skip
def test_any_parts_at_all(tmp_path_factory: pytest.TempPathFactory, changed: dict[str, bytes]) -> None:
    path = tmp_path_factory.mktemp("any") / "x.wacz"
    path.write_bytes(zipped(wacz() | changed))
    assert check_foreign(path, "wacz", Policy()).exit_code in (1, 4)


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("archive/data.warc", b"")
    zeros = zlib.compressobj(9, zlib.DEFLATED, -15)
    data = zeros.compress(bytes(8 << 20)) + zeros.flush()
    entry = zipfile.ZipInfo("archive/data.warc")
    assert entry.filename and data
    # A zip that says 2 GiB of 8 KB of packed zeros.
    local = struct.pack("<4s5H3L2H", b"PK\3\4", 20, 0, 8, 0, 33, 0, len(data), 2 << 30, 17, 0) + b"archive/data.warc"
    central = struct.pack("<4s6H3L5H2L", b"PK\1\2", 20, 20, 0, 8, 0, 33, 0, len(data), 2 << 30, 17, 0, 0, 0, 0, 0, 0)
    central += b"archive/data.warc"
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 1, 1, len(central), len(local) + len(data), 0)
    assert codes(local + data + central + end, tmp_path, "x.wacz") >= {"container-bad"}


def test_more_bytes_than_the_zip_says(tmp_path: Path) -> None:
    raw = zipped(wacz(), method=zipfile.ZIP_DEFLATED)
    files = ZipFiles(io.BytesIO(raw))
    size = files.size("pages/pages.jsonl")
    assert size is not None
    for wrong in (size - 1, size + 1):
        lying = raw.replace(struct.pack("<L", size), struct.pack("<L", wrong))
        assert codes(lying, tmp_path, "x.wacz") >= {"file-changed"}


def test_memory_does_not_grow_with_the_package(tmp_path: Path) -> None:
    page = os.urandom(1 << 20)
    data = b"".join(members(warc(page))[1] for _ in range(24))
    names = contents() | {"archive/data.warc.gz": data}
    path = tmp_path / "large.wacz"
    path.write_bytes(zipped(wacz(names)))
    del data, names
    tracemalloc.start()
    try:
        report = check_foreign(path, "wacz", Policy())
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert report.steps[10].checked == 24
    assert peak < 8 << 20, f"{peak / 1e6:.1f} MB for a package of 24 MB"


def test_an_index_of_one_record_a_thousand_times_is_linear(tmp_path: Path) -> None:
    data = warc(bytes(4 << 20))
    line = index(data)
    names = contents() | {"archive/data.warc.gz": data, "indexes/index.cdx": line * 3000}
    path = tmp_path / "x.wacz"
    path.write_bytes(zipped(wacz(names)))
    report = check_foreign(path, "wacz", Policy())  # unpacking 4 MB for each line would take minutes
    assert "3000 lines" in report.steps[10].summary


def test_links_and_pipes_are_not_opened(tmp_path: Path) -> None:
    folder = tmp_path / "bag"
    for name, data in bag().items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "data" / "page.html").unlink()
    (folder / "data" / "page.html").symlink_to("/etc/hostname")
    os.mkfifo(folder / "data" / "pipe")
    report = check_foreign(folder, "bag", Policy())
    assert report.exit_code == 1
    assert {"container-bad", "file-missing"} <= {finding.code for finding in report.findings}


def test_a_folder_of_auto_archivers_without_reports_is_not_taken_for_one(tmp_path: Path) -> None:
    for name, data in auto_archiver().items():
        (tmp_path / name).write_bytes(data)
    assert kind_of(tmp_path) == "auto-archiver"
    (tmp_path / "zz3f8d1c.html").unlink()
    (tmp_path / "db.csv").unlink()
    assert kind_of(tmp_path) is None


@pytest.mark.parametrize(
    "data", [b'{"a":1,"a":2}', b"[" * 65 + b"]" * 65, b"NaN", b'{"a":' + b"9" * 5000 + b"}", b"\xff"]
)
def test_json_that_could_be_read_in_two_ways(data: bytes) -> None:
    with pytest.raises(FormatError):
        parse(data)


def test_gzip_bombs_in_a_warc(tmp_path: Path) -> None:
    bomb = gzip.compress(b"WARC/1.0\r\nContent-Length: 99999999999\r\n\r\n" + bytes(64 << 20), mtime=0)
    assert codes(bomb, tmp_path, "x.warc.gz") >= {"warc-damaged"}


def test_blocks_of_an_index_are_hashed_once(tmp_path: Path) -> None:
    packed = gzip.compress(contents()["indexes/index.cdx"], mtime=0)
    good = "example,news)/ 20261123130211 " + json.dumps(
        {"offset": 0, "length": len(packed), "digest": "sha256:" + hashlib.sha256(packed).hexdigest()}
    )
    meta = '!meta 0 {"format": "cdxj-gzip-1.0", "filename": "index.cdx.gz"}\n'
    names = {name: data for name, data in contents().items() if name != "indexes/index.cdx"}
    for idx, wanted in (
        (good + "\n", set[str]()),
        (good.replace("sha256:", "md9:"), set()),  # of an unknown kind
        (good.replace('"offset": 0', '"offset": 9'), {"index-differs"}),
        ((good + "\n") * 100_000, {"index-bad"}),
        (good.replace(hashlib.sha256(packed).hexdigest(), "0" * 64), {"index-differs"}),
    ):
        files = names | {"indexes/index.cdx.gz": packed, "indexes/index.idx": (meta + idx).encode()}
        found = codes(zipped(wacz(files)), tmp_path, "x.wacz")
        assert found & {"index-bad", "index-differs"} == wanted, idx[:200]
