"""The page in somebody else's file: what could be read as one, and which of them is meant.

A candidate's `part` names its place in the file in such a way that it is found again, for ever: what was sealed as the
page can be taken out of the file again and compared.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO

from archiver.errors import FormatError, MissingError

MAX_WHOLE = 64 << 20  # bytes of a HAR or MHTML file, which must be read as a whole, and of a body
HTML = ("text/html", "application/xhtml+xml")
READ = (*HTML, "text/plain")
MAX_CANDIDATES = 1_000_000
_SAVED = re.compile(r"\bPage saved with SingleFile\s{1,4}url: {0,4}(\S{1,8000})", re.ASCII)
_SAVED_DATE = re.compile(r"\bsaved date: {0,4}(\w{3} \w{3} \d{2} \d{4} \d{2}:\d{2}:\d{2}) GMT([+-]\d{4})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Candidate:
    """Something in a file that may be a page. `status`: of its response, None where the file has none."""

    part: str
    url: str | None
    time: str | None
    media_type: str
    status: int | None
    body: Callable[[], bytes]

    @property
    def kind(self) -> str:
        """The media type alone, in lower case."""
        return self.media_type.partition(";")[0].strip().lower()


def choose(candidates: Iterable[Candidate], wanted: str | None = None) -> Candidate:
    """The page that is meant: the first HTML (or else plain text) that a server answered well, of the address `wanted`
    if one is. Raises MissingError, with the reason."""
    plain: Candidate | None = None
    refused: Candidate | None = None
    for number, candidate in enumerate(candidates):
        if number == MAX_CANDIDATES:
            break
        if candidate.kind not in READ or (
            wanted is not None and candidate.url not in (wanted, wanted.partition("#")[0])
        ):
            continue
        if candidate.status is not None and not 200 <= candidate.status < 300:
            if not 300 <= candidate.status < 400:
                refused = refused or candidate
            continue
        if candidate.kind in HTML:
            return candidate
        plain = plain or candidate
    if plain is not None:
        return plain
    if wanted is not None and refused is None:
        raise MissingError(f"there is no page of {wanted[:300]} in it")
    if refused is not None:
        raise MissingError(f"the page in it was answered with status {refused.status}: not read")
    raise MissingError("there is no page in it that could be read")


def again(candidates: Iterable[Candidate], part: str) -> Candidate:
    """The candidate at that place. Raises MissingError."""
    for candidate in candidates:
        if candidate.part == part:
            return candidate
    raise MissingError(f"there is no {part[:200]} in it")


def whole(stream: BinaryIO) -> bytes:
    """A file that must be read as a whole. Raises FormatError for one that is too large."""
    size = stream.seek(0, 2)
    stream.seek(0)
    if size > MAX_WHOLE:
        raise FormatError(f"a file of this kind is read as a whole; {size} bytes are more than {MAX_WHOLE}")
    return stream.read(size)


def page_saved(start: bytes) -> tuple[str | None, str | None]:
    """Address and time that SingleFile writes into the first comment of a page that it saves."""
    text = start[:16384].decode("utf-8", "replace")
    url, date = _SAVED.search(text), _SAVED_DATE.search(text)
    time = None
    if date is not None:
        try:
            moment = datetime.strptime(f"{date[1]} {date[2]}", "%a %b %d %Y %H:%M:%S %z")
            time = spell_time(moment.isoformat())
        except ValueError:
            time = None
    return (url[1] if url else None), time


def pages_in_html(stream: BinaryIO, media_type: str) -> Iterator[Candidate]:
    """A file that is a page itself."""
    stream.seek(0)
    url, time = page_saved(stream.read(16384))
    yield Candidate("file", url, time, media_type, None, lambda: whole(stream))


def spell_time(said: Any) -> str | None:
    """A time as archiver writes it (UTC, milliseconds), None for what is none."""
    if not isinstance(said, str) or len(said) > 60:
        return None
    try:
        moment = datetime.fromisoformat(said.replace("Z", "+00:00"))
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z" if moment.year >= 1000 else None
