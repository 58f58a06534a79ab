"""Zips that a bundle's reader must refuse: each as a function of a good one. tests/vectors/zip holds their bytes.

.venv/bin/python tests/bundle/hostile_zips.py      writes the vectors again
"""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

from archiver.bundle.container import ZipWriter
from archiver.bundle.zipformat import Entry, central_header, end_records, local_header

VECTORS = Path(__file__).parents[1] / "vectors" / "zip"
FOLDER = "evidence-9f86d081-1-5c1e07aa"
FILES = {"README.txt": b"Read me.\n", "data/a": b"first\n", "data/b": b"second\n"}


def good() -> bytes:
    """Three files as archiver writes them."""
    out = io.BytesIO()
    writer = ZipWriter(out, FOLDER)
    for name, data in FILES.items():
        writer.add(name, [data])
    writer.finish()
    return out.getvalue()


def assemble(files: list[tuple[str, bytes]]) -> bytes:
    """Our spelling for any names and order."""
    import zlib

    out, entries = bytearray(), []
    for name, data in files:
        entry = Entry(name, len(data), zlib.crc32(data), len(out))
        out += local_header(entry) + data
        entries.append(entry)
    directory = b"".join(central_header(entry) for entry in entries)
    return bytes(out) + directory + end_records(len(entries), len(directory), len(out))


def ours(*names: str) -> bytes:
    """Our spelling for these names, in one folder."""
    return assemble([(f"{FOLDER}/{name}", b"x") for name in names])


def by_zipfile(
    change: Callable[[zipfile.ZipInfo], None] = lambda info: None,
    method: int = zipfile.ZIP_STORED,
    comment: bytes = b"",
) -> bytes:
    """The same files by the standard library, with one thing changed in each."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as zipped:
        for name, data in FILES.items():
            info = zipfile.ZipInfo(f"{FOLDER}/{name}", (1980, 1, 1, 0, 0, 0))
            info.external_attr, info.create_system, info.compress_type = 0o100644 << 16, 3, method
            change(info)
            zipped.writestr(info, data)
        zipped.comment = comment
    return out.getvalue()


def patched(where: int, form: str, *values: int, central: bool = True, local: bool = False) -> bytes:
    """The good zip with fields of its first headers changed: `where` counts from the central header."""
    data = bytearray(good())
    start = data.index(b"PK\x01\x02")
    if central:
        struct.pack_into("<" + form, data, start + where, *values)
    if local:
        struct.pack_into("<" + form, data, where - 2, *values)
    return bytes(data)


def _with(field: str, value: object) -> Callable[[zipfile.ZipInfo], None]:
    return lambda info: setattr(info, field, value)


def renamed_bytes(new: bytes) -> bytes:
    """The good zip with other bytes of the same length in the first name, in both headers."""
    old = f"{FOLDER}/README.txt".encode()
    assert len(new) == len(old)
    return good().replace(old, new)


def two_directories() -> bytes:
    """A second directory, which lists other files, hides before the one that is used."""
    data = good()
    start = data.index(b"PK\x01\x02")
    directory, end = data[start:-22], data[-22:]
    decoy = directory + end
    new_end = end_records(3, len(directory), start + len(decoy))
    return data[:start] + decoy + directory + new_end


def overlapping() -> bytes:
    """Two files on the same bytes: what makes the better bombs."""
    import zlib

    entry = Entry(f"{FOLDER}/README.txt", 9, zlib.crc32(b"Read me.\n"), 0)
    out = local_header(entry) + b"Read me.\n"
    directory = central_header(entry) + central_header(Entry(f"{FOLDER}/data.txt", 9, entry.crc, 0))
    return out + directory + end_records(2, len(directory), len(out))


def gap() -> bytes:
    """Bytes between two files that no directory lists."""
    import zlib

    first = Entry(f"{FOLDER}/a", 1, zlib.crc32(b"x"), 0)
    second = Entry(f"{FOLDER}/b", 1, zlib.crc32(b"y"), first.end + 7)
    out = local_header(first) + b"x" + b"hidden!" + local_header(second) + b"y"
    directory = central_header(first) + central_header(second)
    return out + directory + end_records(2, len(directory), len(out))


def needless_zip64() -> bytes:
    """zip64 records where every number fits: two readings of the end."""
    data = good()
    start = data.index(b"PK\x01\x02")
    size = len(data) - 22 - start
    wide = struct.pack("<4sQ2H2I4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, 3, 3, size, start)
    wide += struct.pack("<4sIQI", b"PK\x06\x07", 0, start + size, 1)
    return data[:-22] + wide + data[-22:]


def count(number: int) -> bytes:
    """An end that claims so many files."""
    data = bytearray(good())
    struct.pack_into("<2H", data, len(data) - 14, number, number)
    return bytes(data)


def needless_field() -> bytes:
    """A zip64 field in a header that does not need one."""
    return by_zipfile(_with("extra", struct.pack("<2H2Q", 1, 16, 9, 9)))


WIDE = f"{FOLDER}/README.txt".encode()

# name -> bytes, and words that must stand in the error
HOSTILE: dict[str, tuple[Callable[[], bytes], str]] = {
    "not-a-zip": (lambda: b"<!doctype html><p>404", "no zip file"),
    "empty-file": (lambda: b"", "no zip file"),
    "empty-zip": (lambda: end_records(0, 0, 0), "holds no files"),
    "cut-short": (lambda: good()[:-9], "its end is cut short"),
    "cut-in-front": (lambda: good()[40:], "cut short, or data before it was removed"),
    "data-before": (lambda: b"#!/bin/sh\n" + good(), "bytes before, after or between"),
    "data-after": (lambda: good() + b"\n", "1 bytes follow its end"),
    "comment": (lambda: by_zipfile(comment=b"hello"), "comment at its end"),
    "gap": (gap, "7 bytes between two files belong to none"),
    "gap-before-directory": (
        lambda: (
            good().replace(b"PK\x01\x02", b"hidden!PK\x01\x02", 1)[:-22]
            + end_records(3, len(good()) - 22 - good().index(b"PK\x01\x02"), good().index(b"PK\x01\x02") + 7)
        ),
        "bytes before the directory belong to no file",
    ),
    "overlap": (overlapping, "overlaps the file before it"),
    "two-directories": (two_directories, "bytes before the directory belong to no file"),
    "deflate": (lambda: by_zipfile(method=zipfile.ZIP_DEFLATED), "compressed (deflate)"),
    "bzip2": (lambda: by_zipfile(method=zipfile.ZIP_BZIP2), "compressed (bzip2)"),
    "encrypted": (lambda: patched(8, "H", 1, local=True), "is encrypted"),
    "strong-encryption": (lambda: patched(8, "H", 0x41, local=True), "is encrypted"),
    "streamed": (lambda: patched(8, "H", 8, local=True), "its size stands after its data"),
    "utf-8-flag": (lambda: patched(8, "H", 0x800, local=True), "two readings of one name"),
    "unicode-name-field": (
        lambda: by_zipfile(_with("extra", struct.pack("<2HBI4s", 0x7075, 9, 1, 0, b"evil"))),
        "a second name in Unicode",
    ),
    "ntfs-times": (lambda: by_zipfile(_with("extra", struct.pack("<2H8s", 0x000A, 8, b"\0" * 8))), "NTFS times"),
    "needless-zip64-field": (needless_field, "extra field (zip64)"),
    "needless-zip64-end": (needless_zip64, "bytes before, after or between"),
    "file-comment": (lambda: by_zipfile(_with("comment", b"note")), "has a comment"),
    "dated": (lambda: by_zipfile(_with("date_time", (2026, 11, 24, 9, 0, 0))), "not as archiver writes it"),
    "executable": (lambda: by_zipfile(_with("external_attr", 0o100755 << 16)), "not as archiver writes it"),
    "made-on-windows": (lambda: by_zipfile(_with("create_system", 0)), "not as archiver writes it"),
    "symlink": (lambda: by_zipfile(_with("external_attr", 0o120777 << 16)), "is a symbolic link"),
    "device": (lambda: by_zipfile(_with("external_attr", 0o060644 << 16)), "is no ordinary file"),
    "other-disk": (lambda: patched(34, "H", 1), "not as archiver writes it"),
    "crc-differs": (lambda: patched(16, "I", 1), "differ"),
    "crc-wrong": (lambda: patched(16, "I", 1, local=True), "a CRC-32 is wrong"),
    "size-differs": (lambda: patched(20, "2I", 8, 8), "bytes between two files"),
    "packed-size-differs": (lambda: patched(20, "I", 8), "not as archiver writes it"),
    "local-name-differs": (
        lambda: good().replace(f"{FOLDER}/README.txt".encode(), f"{FOLDER}/README.exe".encode(), 1),
        "header and its line in the directory differ",
    ),
    "local-method-differs": (lambda: patched(10, "H", 8, central=False, local=True), "differ"),
    "count-too-low": (lambda: count(2), "lists 3 files, its end says 2"),
    "count-too-high": (lambda: count(4), "lists 3 files, its end says 4"),
    "directory-entry": (lambda: assemble([(f"{FOLDER}/", b""), (f"{FOLDER}/a", b"x")]), "a folder has an entry"),
    "same-name-twice": (lambda: ours("a", "a"), "stands twice"),
    "not-in-order": (lambda: ours("b", "a"), "not in byte order"),
    "case-twins": (lambda: ours("Data/a", "data/a"), "case does not count"),
    "file-and-folder": (lambda: ours("a", "a/b"), "a folder that is also a file"),
    "two-folders": (lambda: assemble([("one/a", b"x"), ("two/b", b"y")]), "one folder"),
    "no-folder": (lambda: assemble([("a", b"x")]), "one folder"),
    "traversal": (lambda: ours("../a"), "leads out of the folder"),
    "traversal-windows": (lambda: ours("..\\a"), "leads out of the folder"),
    "absolute": (lambda: assemble([("/etc/passwd", b"x")]), "an absolute path"),
    "absolute-windows": (lambda: assemble([("\\\\server\\a", b"x")]), "an absolute path"),
    "drive-letter": (lambda: assemble([("C:/a", b"x")]), "a drive letter"),
    "backslash": (lambda: ours("data\\a"), "a backslash"),
    "dot": (lambda: ours("./a"), "empty, dotted or over-long"),
    "double-slash": (lambda: ours("a//b"), "empty, dotted or over-long"),
    "nul-in-name": (lambda: ours("a\0b"), "a NUL in a name"),
    "blank-in-name": (lambda: ours("a b"), "other characters"),
    "colon-in-name": (lambda: ours("a:stream"), "other characters"),
    "long-name": (lambda: ours("a" * 180), "over-long"),
    "latin-1-name": (lambda: renamed_bytes(WIDE.replace(b"M", b"\xcd")), "not ASCII"),
    "utf-8-name": (lambda: renamed_bytes(WIDE.replace(b"ME", "É".encode())), "not ASCII"),
}


def vector(name: str) -> bytes:
    """The vector file of a case."""
    make, why = HOSTILE[name]
    return f"expect: format\nwhy: {why}\n\n".encode() + make()


if __name__ == "__main__":
    VECTORS.mkdir(parents=True, exist_ok=True)
    for name in HOSTILE:
        (VECTORS / f"bad-{name}.vector").write_bytes(vector(name))
    (VECTORS / "good.vector").write_bytes(b"expect: accepted\nwhy: three files\n\n" + good())
