"""The zip of a bundle: other programs read what we write, and we read nothing else than what we write."""

from __future__ import annotations

import io
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from hostile_zips import FILES, FOLDER, HOSTILE, VECTORS, assemble, good, vector
from hypothesis import given, settings
from hypothesis import strategies as st
from vector_files import load

from archiver.bundle.container import MAX_FILES, ZipContainer, ZipWriter, check_name
from archiver.bundle.zipformat import Entry, central_header, end_records, local_header, parse_directory, parse_end
from archiver.errors import FormatError, MissingError, StoreError


def read_all(data: bytes) -> dict[str, bytes]:
    container = ZipContainer(io.BytesIO(data))
    found = {name: container.open(name).read() for name in container.names()}
    if not all(container.crc_holds(name) for name in found):
        raise FormatError("a CRC-32 is wrong")
    return found


def test_what_is_written_is_read() -> None:
    container = ZipContainer(io.BytesIO(good()))
    assert container.folder == FOLDER and read_all(good()) == FILES
    assert container.size("data/a") == 6 and container.size("data/c") is None
    with pytest.raises(MissingError):
        container.open("data/c")
    assert ZipWriter(io.BytesIO(), FOLDER).finish() == 22


def test_the_standard_library_writes_the_same() -> None:
    """So nothing about it is peculiar: any program reads it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        for name, data in FILES.items():
            info = zipfile.ZipInfo(f"{FOLDER}/{name}", (1980, 1, 1, 0, 0, 0))
            info.external_attr, info.create_system = 0o100644 << 16, 3
            zipped.writestr(info, data)
    assert out.getvalue() == good()


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_zips(name: str) -> None:
    stored = (VECTORS / f"bad-{name}.vector").read_bytes()
    assert stored == vector(name), "tests/bundle/hostile_zips.py writes the vectors"
    found = load(VECTORS / f"bad-{name}.vector")
    with pytest.raises(FormatError) as caught:
        read_all(found.body)
    assert HOSTILE[name][1] in caught.value.message


def test_vectors_are_all_known() -> None:
    names = {path.stem.removeprefix("bad-") for path in VECTORS.glob("*.vector")}
    assert names == {*HOSTILE, "good"}
    assert read_all(load(VECTORS / "good.vector").body) == FILES


def test_every_byte_counts() -> None:
    """Whatever is changed in the zip is noticed: by the directory's spelling, or by the CRC while reading."""
    for place in range(len(good())):
        for mask in (0x01, 0x20, 0xFF):
            data = bytearray(good())
            data[place] ^= mask
            with pytest.raises(FormatError):
                read_all(bytes(data))


def test_crc() -> None:
    data = good().replace(b"first", b"worst")
    container = ZipContainer(io.BytesIO(data))
    assert [container.crc_holds(name) for name in FILES] == [True, False, True]
    stream = container.open("data/b")
    stream.seek(3)
    assert stream.read() == b"ond\n" and container.crc_holds("data/b")
    with pytest.raises(MissingError):
        container.crc_holds("data/c")


def test_every_cut_counts() -> None:
    for length in range(len(good())):
        with pytest.raises(FormatError):
            read_all(good()[:length])


@given(st.binary(max_size=400))
def test_any_bytes(data: bytes) -> None:
    with pytest.raises(FormatError):
        ZipContainer(io.BytesIO(data))


@settings(max_examples=300)
@given(st.data())
def test_splices(data: st.DataObject) -> None:
    """A stretch removed, repeated, moved or overwritten."""
    base = good()
    low, high = sorted(data.draw(st.tuples(*[st.integers(0, len(base))] * 2)))
    piece = data.draw(st.one_of(st.binary(max_size=30), st.just(base[low:high]), st.just(base[low:high] * 2)))
    at = data.draw(st.integers(0, len(base)))
    spliced = data.draw(st.sampled_from([base[:low] + piece + base[high:], base[:at] + piece + base[at:]]))
    if spliced != base:
        with pytest.raises(FormatError):
            read_all(spliced)


def test_names() -> None:
    for name in ("a", "data/chain/x001/234.json.sig", "a-b_c.d", "..a", "a..b"):
        check_name(name)
    for name in ("", "/a", "a/", "a//b", "..", "a/../b", "a b", "é", "a\n", "a\\b", "C:a", "\udce9", "x" * 201):
        with pytest.raises(FormatError):
            check_name(name)


def test_the_writer_keeps_the_order_and_the_promised_size() -> None:
    writer = ZipWriter(io.BytesIO(), FOLDER)
    writer.add("b", [b"x"])
    with pytest.raises(FormatError, match="byte order"):
        writer.add("a", [b"x"])
    with pytest.raises(FormatError, match="has 3 bytes, not 4"):
        writer.add("c", [b"xyz"], 4)
    with pytest.raises(FormatError):
        ZipWriter(io.BytesIO(), "a b")


def test_a_full_disk_is_said() -> None:
    with Path("/dev/full").open("wb", buffering=0) as out, pytest.raises(StoreError, match="No space"):
        ZipWriter(out, FOLDER).add("a", [b"x"])


def test_seeking_in_a_member() -> None:
    stream = ZipContainer(io.BytesIO(good())).open("data/b")
    assert stream.read(3) == b"sec" and stream.seek(-2, io.SEEK_END) == 5
    assert stream.read() == b"d\n" and stream.read() == b"" and stream.seek(0) == 0
    assert stream.readline() == b"second\n" and stream.seek(100) == 100 and stream.read(5) == b""


@pytest.mark.parametrize(
    ("size", "offset", "wide"),
    [
        (0xFFFFFFFE, 0, False),
        (0xFFFFFFFF, 0, True),
        (1 << 40, 0, True),
        (5, 0xFFFFFFFE, False),
        (5, 0xFFFFFFFF, True),
        (1 << 33, 1 << 33, True),
    ],
)
def test_zip64_only_where_it_is_needed(size: int, offset: int, wide: bool) -> None:
    entry = Entry("f/a", size, 7, offset)
    header = central_header(entry)
    (listed,) = parse_directory(header)
    assert listed is not None and listed.entry == entry
    assert (len(header) > 46 + 3) == wide
    local = local_header(entry)
    assert len(local) == entry.data_offset - entry.offset
    assert (len(local) > 30 + 3) == (size >= 0xFFFFFFFF)


def test_ends() -> None:
    for numbers in ((1, 2, 3), (0xFFFF, 2, 3), (1 << 20, 1 << 33, 1 << 34), (1, 0xFFFFFFFF, 3), (1, 2, 1 << 40)):
        end = parse_end(end_records(*numbers))
        assert end is not None and (end.count, end.size, end.offset) == numbers


def test_more_than_65535_files() -> None:
    files = [(f"{FOLDER}/{number:06d}", b"") for number in range(66_000)]
    data = assemble(files)
    assert len(list(ZipContainer(io.BytesIO(data)).names())) == 66_000
    with zipfile.ZipFile(io.BytesIO(data)) as zipped:
        assert len(zipped.namelist()) == 66_000


def test_four_million_entries_are_refused_unread() -> None:
    size = 4_000_000 * 47
    data = bytes(1000) + end_records(4_000_000, size, 1000 - 22)
    with pytest.raises(FormatError, match="claims 4,000,000 files"):
        ZipContainer(io.BytesIO(data))
    with pytest.raises(FormatError):  # a modest count over a huge directory
        ZipContainer(io.BytesIO(bytes(1000) + end_records(10, size, 1000)))
    assert MAX_FILES == 262_144


def test_a_huge_directory_is_not_read() -> None:
    class Sparse(io.RawIOBase):
        """Half a terabyte of zeros, and an end that calls them a directory."""

        end = end_records(10, 1 << 39, 0)

        def seek(self, offset: int, whence: int = 0) -> int:
            self.place = offset if whence == 0 else (1 << 39) + len(self.end) + offset
            return self.place

        def read(self, size: int = -1) -> bytes:
            assert 0 <= size <= 1 << 20
            whole = bytes(size) if self.place + size <= 1 << 39 else None
            return whole if whole is not None else (bytes(size) + self.end)[-size:]

    tracemalloc.start()
    try:
        with pytest.raises(FormatError):
            ZipContainer(Sparse())  # type: ignore[arg-type]
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_other_programs_read_it(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    path.write_bytes(good())
    with zipfile.ZipFile(path) as zipped:
        assert zipped.testzip() is None
    code = f"import zipfile,sys; sys.exit(zipfile.ZipFile({str(path)!r}).testzip() is not None)"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_an_entry_of_5_gib(tmp_path: Path) -> None:
    """Headers only: the file is sparse, and nobody reads its middle."""
    import zlib

    path, size = tmp_path / "big.zip", 5 << 30
    small = Entry(f"{FOLDER}/b", 1, zlib.crc32(b"x"), 0)
    big = Entry(f"{FOLDER}/a", size, 0, 0)
    small = Entry(small.name, 1, small.crc, big.end)
    with path.open("wb") as out:
        out.write(local_header(big))
        out.seek(big.end)
        out.write(local_header(small) + b"x")
        directory = central_header(big) + central_header(small)
        out.write(directory + end_records(2, len(directory), small.end))
    container = ZipContainer(path)
    assert container.size("a") == size and container.open("b").read() == b"x"
    with zipfile.ZipFile(path) as zipped:
        assert [info.file_size for info in zipped.infolist()] == [size, 1]
        assert zipped.read(f"{FOLDER}/b") == b"x"
    container.close()


def test_the_wide_end_must_be_the_one_spelling() -> None:
    data = assemble([(f"{FOLDER}/{number:06d}", b"") for number in range(65_535)])
    assert len(list(ZipContainer(io.BytesIO(data)).names())) == 65_535
    for place, value in ((len(data) - 22 - 20 - 56 + 12, 20), (len(data) - 22 - 4, 2), (len(data) - 22 - 20 - 4, 1)):
        changed = bytearray(data)
        struct.pack_into("<H", changed, place, value)
        with pytest.raises(FormatError):
            ZipContainer(io.BytesIO(bytes(changed)))
