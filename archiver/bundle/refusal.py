"""Why a zip is refused, in words. Nothing here decides: the container compares, and asks here what to say."""

from __future__ import annotations

from collections.abc import Sequence

from archiver.bundle.zipformat import END, End, Entry, Listed

_METHODS = {8: "deflate", 9: "deflate64", 12: "bzip2", 14: "LZMA", 93: "zstd", 95: "xz", 99: "AES"}
_EXTRAS = {
    0x0001: "zip64",
    0x000A: "NTFS times",
    0x5455: "Unix times",
    0x7875: "Unix owner",
    0x7075: "a second name in Unicode",
    0x6375: "a comment in Unicode",
    0x9901: "AES encryption",
}


def name_fault(name: bytes) -> str | None:
    """What is wrong with a file's name, None if that is not the matter."""
    shown = repr(name.decode("utf-8", "backslashreplace")[:120])
    if name.startswith((b"/", b"\\")):
        return f"{shown}: an absolute path"
    if name[1:2] == b":":
        return f"{shown}: a path with a drive letter"
    if b".." in name.replace(b"\\", b"/").split(b"/"):
        return f"{shown}: a path that leads out of the folder"
    if b"\\" in name:
        return f"{shown}: a backslash in a name"
    if b"\0" in name:
        return f"{shown}: a NUL in a name"
    if name.endswith(b"/"):
        return f"{shown}: a folder has an entry of its own"
    if not name.isascii():
        return f"{shown}: a name that is not ASCII"
    if not name or b"//" in name or len(name) > 200 or b"." in name.split(b"/"):
        return f"{shown}: an empty, dotted or over-long name"
    if not all(chr(c).isalnum() or c in b"._-/" for c in name):
        return f"{shown}: a name with other characters than letters, digits, dot, underscore and hyphen"
    return None


def entry_fault(listed: Listed | None) -> str:
    """What is wrong with a line of the directory."""
    if listed is None:
        return "its directory is cut short or malformed"
    fault = name_fault(listed.name)
    if fault is not None:
        return fault
    shown = repr(listed.name.decode("ascii", "backslashreplace")[:120])
    kind = listed.attributes >> 16 & 0o170000
    if listed.flags & 0x2041:
        return f"{shown}: is encrypted"
    if listed.method:
        return f"{shown}: is compressed ({_METHODS.get(listed.method, f'method {listed.method}')}), not stored"
    if listed.made_by >> 8 == 3 and kind == 0o120000:
        return f"{shown}: is a symbolic link"
    if listed.made_by >> 8 == 3 and kind not in (0, 0o100000):
        return f"{shown}: is no ordinary file"
    if listed.flags & 0x0008:
        return f"{shown}: its size stands after its data"
    if listed.flags & 0x0800:
        return f"{shown}: is marked as UTF-8, where ASCII needs no mark: two readings of one name"
    if listed.comment:
        return f"{shown}: has a comment"
    if listed.extra:
        kind = int.from_bytes(listed.extra[:2], "little")
        return f"{shown}: has an extra field ({_EXTRAS.get(kind, f'{kind:#06x}')}) that archiver does not write"
    return f"{shown}: its line in the directory is not as archiver writes it (date, mode, version or sizes)"


def order_fault(name: str, before: Sequence[Entry]) -> str:
    """Why a name may not follow these."""
    if any(entry.name == name for entry in before):
        return f"{name!r}: the name stands twice"
    return f"{name!r}: the files are not in byte order of their names"


def place_fault(entry: Entry, place: int) -> str:
    """Why a file may not begin there."""
    if entry.offset < place:
        return f"{entry.name!r}: overlaps the file before it"
    what = "before the first file" if place == 0 else "between two files"
    return f"{entry.name!r}: {entry.offset - place} bytes {what} belong to none"


def count_fault(end: End, count: int, place: int) -> str:
    """Why directory and end do not fit."""
    if count != end.count:
        return f"its directory lists {count} files, its end says {end.count}"
    if place > end.offset:
        return "its last file runs into the directory"
    return f"{end.offset - place} bytes before the directory belong to no file"


def length_fault(end: End, total: int) -> str:
    """Why the end and the file's length do not fit."""
    if end.offset + end.size > total:
        return "its end points beyond the file: cut short, or data before it was removed"
    return "its directory does not reach to its end: bytes before, after or between, or a second directory"


def end_fault(tail: bytes) -> str:
    """Why no end was found at the end."""
    place = tail.rfind(END)
    if place < 0:
        return "is no zip file, or its end is missing"
    if place + 22 > len(tail):
        return "its end is cut short"
    comment = int.from_bytes(tail[place + 20 : place + 22], "little")
    if comment and place + 22 + comment == len(tail):
        return "has a comment at its end"
    return f"{len(tail) - place - 22} bytes follow its end"
