"""The text files that make a folder a bag (RFC 8493), each in the one spelling that archiver writes.

    bagit.txt                 BagIt-Version: 1.0 / Tag-File-Character-Encoding: UTF-8
    bag-info.txt              label: value, in a fixed order, from bundle.json and the payload's size
    manifest-sha256.txt       64 hexadecimal digits, two blanks, name; the files under data/, in byte order
    tagmanifest-sha256.txt    the same for the files beside data/, but itself and its signature

Specimen of a line: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  data/chain/000.json
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import BinaryIO

from archiver.bundle.container import check_name
from archiver.bundle.record import BundleRecord
from archiver.errors import FormatError

BAGIT = "bagit.txt"
INFO = "bag-info.txt"
MANIFEST = "manifest-sha256.txt"
TAG_MANIFEST = "tagmanifest-sha256.txt"
TAG_SIGNATURE = "tagmanifest-sha256.txt.sig"
BAGIT_TEXT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
MAX_LINE = 67 + 200  # bytes: digest, blanks, newline, name

_LINE = re.compile(rb"([0-9a-f]{64})  ([A-Za-z0-9._/-]{1,200})\n", re.ASCII)


def info(record: BundleRecord, payload_bytes: int, payload_files: int) -> bytes:
    """bag-info.txt."""
    return (
        f"Bag-Software-Agent: {record.software}\n"
        f"Bagging-Date: {record.created[:10]}\n"
        f"External-Description: Evidence of captured web pages. Begin with README.txt.\n"
        f"External-Identifier: {record.archive}\n"
        f"Payload-Oxum: {payload_bytes}.{payload_files}\n"
    ).encode("ascii")


def line(name: str, digest: str) -> bytes:
    """One line of a manifest, for a digest spelled `sha256:…`."""
    return f"{digest[7:]}  {name}\n".encode("ascii")


def lines(digests: Iterable[tuple[str, str]]) -> Iterator[bytes]:
    """A manifest's lines for names with their digests, which come in byte order."""
    for name, digest in digests:
        yield line(name, digest)


def parse(stream: BinaryIO, where: str) -> Iterator[tuple[str, str]]:
    """Names with their digests, line by line. Raises FormatError for any spelling or order that is not ours."""
    before = ""
    while raw := stream.readline(MAX_LINE + 1):
        match = _LINE.fullmatch(raw)
        if match is None:
            raise FormatError(f"not a line of digest and name: {raw[:100]!r}", where=where)
        name = match[2].decode("ascii")
        check_name(name)
        if name <= before:
            raise FormatError(f"{name!r} stands twice or out of byte order", where=where)
        yield name, "sha256:" + match[1].decode("ascii")
        before = name
