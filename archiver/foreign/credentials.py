"""Requests in a received file that carried cookies or passwords of whoever recorded it: such a file is not to be shown
around unseen.
"""

from __future__ import annotations

from typing import BinaryIO

from archiver.errors import FormatError
from archiver.foreign.har import requests_in_har
from archiver.foreign.wacz_write import CREDENTIALS, MAX_HEAD
from archiver.foreign.warcs import is_warc
from archiver.foreign.zip_files import ZipFiles
from archiver.model.received import Format
from archiver.warc.http import split_message
from archiver.warc.read import read_records

_NAMES = frozenset(name.lower() for name in CREDENTIALS)


def count_credentials(stream: BinaryIO, kind: Format) -> int | None:
    """How many requests carried some; None where that could not be seen to the end."""
    try:
        if kind == "har":
            return sum(1 for names in requests_in_har(stream) if not _NAMES.isdisjoint(names))
        if kind == "warc":
            return _in_warc(stream)
        if kind in ("wacz", "bag", "bundle"):
            return _in_zip(ZipFiles(stream), kind)
    except FormatError:
        return None
    return None if kind == "other" else 0


def _in_zip(files: ZipFiles, kind: Format) -> int:
    count = 0
    for name in files.names():
        if is_warc(name) or (kind == "bundle" and "/data/objects/" in name):
            with files.open(name) as data:
                if kind == "bundle" and data.read(5) != b"WARC/":
                    continue
                count += _in_warc(data)
        elif name.endswith(".zip"):
            raise FormatError("a zip in a zip is not looked into")
    return count


def _in_warc(stream: BinaryIO) -> int:
    count = 0
    for record in read_records(stream, foreign=True):
        if (record.get("WARC-Type") or "").lower() == "request":
            head = split_message(record.block().read(min(record.block_length, MAX_HEAD))).final
            count += head is None or any(head.values(name) for name in CREDENTIALS)
    return count
