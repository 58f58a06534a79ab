"""Anchors: where words stand, said three ways (W3C Web Annotation Data Model, section 4.2).

    exact, prefix, suffix   TextQuoteSelector: the words, and up to 48 characters before and after them
    text                    TextPositionSelector: code points start:end of the page text
    bytes, digest           DataPositionSelector: bytes start:end of the decoded body, and the SHA-256 of these bytes

`check_part` applies the steps below; the numbers are those of docs/formats/page-text.md, "Verifying an anchor".

Specimen: in b"<p>He said: <q>Never &amp; nowhere</q>." the words "Never & nowhere" are the text 9:24, the bytes 15:34.
"""

from __future__ import annotations

from dataclasses import dataclass

from archiver import digest as digests
from archiver.errors import ProofError, UsageError
from archiver.page.text import PageText, byte_range, project_slice

CONTEXT_MIN, CONTEXT_MAX = 32, 48  # characters of prefix and of suffix, where the text has that many


@dataclass(frozen=True, slots=True)
class Part:
    """One run of words of a statement. `bytes` and `digest` are None together: then the words cannot be cut out of the
    body (see `archiver.page.text.byte_range`)."""

    exact: str
    text: tuple[int, int]
    bytes: tuple[int, int] | None
    digest: str | None
    prefix: str
    suffix: str


def make_part(page: PageText, body: bytes, start: int, end: int) -> Part:
    """The anchor of the characters start:end of the page text, which was projected from `body`."""
    exact = page.text[start:end]
    if not 0 <= start < end <= len(page.text) or exact[0] in " \n" or exact[-1] in " \n":
        raise UsageError(f"an anchor needs words that do not begin or end with white space, not {start}:{end}")
    place = byte_range(page, body, start, end)
    return Part(
        exact=exact,
        text=(start, end),
        bytes=place,
        digest=digests.of_bytes(body[place[0] : place[1]]) if place else None,
        prefix=_before(page.text, start),
        suffix=_after(page.text, end),
    )


def check_part(
    page_text: str,
    body: bytes | None,
    encoding: str,
    exact: str,
    text_range: tuple[int, int],
    byte_range: tuple[int, int] | None,
    digest: str | None,
    *,
    plain: bool = False,
) -> None:
    """Check every selector that is given against the page text and, unless it is None, the body. Raises ProofError that
    names the selector which failed. It does not check that the page text is the projection of the body: `project` does.
    """
    # 1. The text position selector cuts the exact words out of the page text.
    start, end = text_range
    if not 0 <= start < end <= len(page_text) or page_text[start:end] != exact:
        raise ProofError(f"text position {start}:{end}: the page text does not have the exact words there")
    # 2. A data position selector and the digest of its bytes come together.
    if (byte_range is None) != (digest is None):
        raise ProofError("data position: byte range and digest come together, and only one of them is given")
    if byte_range is None or body is None:
        return
    # 3. It lies inside the body.
    first, last = byte_range
    if not 0 <= first < last <= len(body):
        raise ProofError(f"data position {first}:{last}: not inside the body of {len(body)} bytes")
    # 4. Its bytes have the digest.
    piece = body[first:last]
    if digests.of_bytes(piece) != digest:
        raise ProofError(f"data position {first}:{last}: the bytes have another digest")
    # 5. Their projection is the exact words.
    if project_slice(piece, encoding, plain=plain) != exact:
        raise ProofError(f"data position {first}:{last}: the bytes do not project to the exact words")


def find_all(text: str, needle: str) -> list[int]:
    """Where `needle` stands in `text`, from left to right, without overlaps. An empty needle stands nowhere."""
    places, at = [], text.find(needle) if needle else -1
    while at >= 0:
        places.append(at)
        at = text.find(needle, at + len(needle))
    return places


def _before(text: str, start: int) -> str:
    """Up to CONTEXT_MAX characters, cut at the start of a word if that leaves CONTEXT_MIN."""
    context = text[max(0, start - CONTEXT_MAX) : start]
    if start <= CONTEXT_MAX or text[start - CONTEXT_MAX - 1] in " \n":
        return context
    for at in range(CONTEXT_MAX - CONTEXT_MIN):
        if context[at] in " \n":
            return context[at + 1 :]
    return context


def _after(text: str, end: int) -> str:
    context = text[end : end + CONTEXT_MAX]
    if end + CONTEXT_MAX >= len(text) or text[end + CONTEXT_MAX] in " \n":
        return context
    for at in range(CONTEXT_MAX - 1, CONTEXT_MIN - 1, -1):
        if context[at] in " \n":
            return context[:at]
    return context
