"""Each thing that is made of a page has a salt, and is still what it was."""

from __future__ import annotations

import struct
import zlib

import pytest

from archiver.errors import FormatError
from archiver.work.salted import salted

SALT = bytes(range(16))


def chunks(png: bytes) -> dict[bytes, bytes]:
    found, at = {}, 8
    while at < len(png):
        (size,) = struct.unpack(">I", png[at : at + 4])
        kind, data = png[at + 4 : at + 8], png[at + 8 : at + 8 + size]
        (crc,) = struct.unpack(">I", png[at + 8 + size : at + 12 + size])
        assert crc == zlib.crc32(kind + data)
        found[kind] = data
        at += 12 + size
    return found


def picture() -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")


def test_a_picture() -> None:
    before, after = chunks(picture()), chunks(salted("image/png", picture(), SALT))
    assert list(after) == [b"IHDR", b"IDAT", b"tEXt", b"IEND"]
    assert {kind: data for kind, data in after.items() if kind != b"tEXt"} == before
    assert after[b"tEXt"] == b"Salt\0AAECAwQFBgcICQoLDA0ODw=="
    with pytest.raises(FormatError):
        salted("image/png", picture()[:-1], SALT)


def test_the_others() -> None:
    assert salted("application/pdf", b"%PDF-1.4\n%%EOF", SALT) == b"%PDF-1.4\n%%EOF\n% Salt AAECAwQFBgcICQoLDA0ODw==\n"
    assert salted("text/plain", b"a\n", SALT) == b"accessibility/v1 AAECAwQFBgcICQoLDA0ODw==\na\n"
    assert salted("multipart/related", b"From: ", SALT) == b"From: "
    for kind, data in (("image/png", picture()), ("application/pdf", b"%PDF"), ("text/plain", b"a")):
        assert salted(kind, data, SALT) != salted(kind, data, bytes(16))
