"""What would be found in a live page or a local file: fetched, read, and forgotten. Nothing is sealed or written."""

from __future__ import annotations

import contextlib
import mimetypes
import os
import re
import threading
from dataclasses import dataclass
from pathlib import Path

from archiver.archive import system_clock
from archiver.errors import FetchError, StoreError, UsageError
from archiver.model.statement import StatementRecord
from archiver.store.settings import Settings
from archiver.work import read as reader
from archiver.work.targets import target_of
from archiver.work.wishes import Wishes, fetcher_of, in_force

NO_RECORD = "<urn:uuid:00000000-0000-4000-8000-000000000000>"  # nothing is stored, so no record can be named
_REF = re.compile(r"[0-9]+(#s[0-9]+)?|latest|sha256:[0-9a-f]*", re.ASCII)


@dataclass(frozen=True, slots=True)
class Preview:
    """What was found, and in what."""

    source: str
    kind: str
    reasons: tuple[str, ...]
    title: str | None
    records: list[StatementRecord]


def is_live(subject: str) -> bool:
    """Whether a subject names a file or an address rather than something in the archive."""
    return Path(subject).exists() or _REF.fullmatch(subject) is None


def preview(subject: str, *, allow_private: bool, language: str | None) -> Preview:
    """Read a live page or a local file. Raises UsageError, StoreError, FetchError."""
    target = target_of(subject)
    material = _of_file(Path(target.path)) if target.path else _of_url(target.url, allow_private)
    reading = reader.read(material, os.urandom, language)
    records = [record for record, _ in reading.records]
    reasons = () if reading.facts.kind in ("article", "plain text") else reading.facts.reasons
    return Preview(target.path or material.final_url, reading.facts.kind, reasons, reading.title, records)


def _of_file(path: Path) -> reader.Material:
    kind = mimetypes.guess_type(path.name)[0] or "text/html"
    if kind not in (*reader.HTML_TYPES, "text/plain"):
        raise UsageError(f"{path}: statements are found in HTML and plain text, not in {kind}")
    try:
        with path.open("rb") as stream:
            body = stream.read(reader.MAX_READ + 1)
    except OSError as error:
        raise StoreError(f"could not be read: {error.strerror}", where=str(path)) from None
    return reader.Material(NO_RECORD, body, True, (), kind, None, (), "", "")


def _of_url(url: str, allow_private: bool) -> reader.Material:
    wishes = Wishes(allow_private=allow_private)
    settings, _ = in_force(Settings(), wishes, dict(os.environ))
    fetcher = fetcher_of(system_clock, settings, wishes, threading.Event())
    try:
        visit = fetcher.fetch(url)
        if not visit.exchanges or visit.outcome != "response":
            raise FetchError(visit.error or "no response", where=url, hint=visit.hint, retryable=visit.retryable)
        with contextlib.closing(visit):
            last = visit.exchanges[-1]
            cut = last.truncated is not None
            return reader.material_of_response(
                NO_RECORD, last.response, last.status, last.fields, visit.requested_url, visit.final_url, cut
            )
    finally:
        fetcher.close()
