"""Bytes of a page -> characters: which encoding, decided as the HTML standard decides it (section 13.2.3).

The first of these that names an encoding wins; `source` says which it was:

    bom         a byte order mark: EF BB BF, FE FF or FF FE (taken off the text)
    http        the charset parameter of the Content-Type header
    meta        the standard's prescan of the first 1024 bytes finds a <meta>
    xml         it finds none, but the bytes begin with an XML declaration that names an encoding
    meta-late   the tokenizer meets a <meta> that names one further on (the standard's "change the encoding")
    utf-8-guess not ASCII only, and all of it well-formed UTF-8, but perhaps for a character that the end cuts off (our
                rule; the standard leaves detection to the browser)
    default     windows-1252

Specimen: b'<meta charset=latin1>caf\\xe9' without a header is windows-1252, source "meta", and ends in "café".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from archiver.errors import FormatError
from archiver.page.charsets import ENCODINGS, find_encoding
from archiver.page.decoders import Places
from archiver.page.decoders import decode as decode_as
from archiver.page.tokens import StartTag, Tokenizer

MAX_BODY = 64 << 20  # bytes; a longer page is no article, and would take more than a gigabyte of memory
PRESCAN = 1024  # bytes

_BOMS = ((b"\xef\xbb\xbf", "utf-8"), (b"\xfe\xff", "utf-16be"), (b"\xff\xfe", "utf-16le"))
_TYPE = re.compile(r"[\t\n\r ]*[!#$%&'*+.^_`|~0-9A-Za-z-]+/[!#$%&'*+.^_`|~0-9A-Za-z-]+[\t\n\r ]*(?=;|\Z)", re.ASCII)
_PARAMETER = re.compile(r';[\t\n\r ]*([^;=]*)(?:=(?:"((?:[^"\\]|\\.)*+)(?:"|\\?\Z)[^;]*|([^;]*)))?', re.DOTALL)


@dataclass(frozen=True, slots=True)
class Decoded:
    """`places` says on which bytes of the body each character of `text` stands."""

    text: str
    places: Places
    encoding: str
    source: str


def decode(body: bytes, content_type: str | None, *, html: bool = True) -> Decoded:
    """Decode `body` as a browser does; `content_type` is the header's value. Without `html` (plain text) the bytes
    themselves are not searched for a declaration. Raises FormatError for a body above MAX_BODY."""
    if len(body) > MAX_BODY:
        raise FormatError(f"a page of {len(body)} bytes; at most {MAX_BODY} are read")
    encoding, source = determine_encoding(body, content_type, html=html)
    return _decoded(body, encoding, source)


def decode_known(body: bytes, encoding: str) -> Decoded:
    """Decode a whole body whose encoding was determined before. Raises FormatError for an unknown encoding."""
    _check_known(encoding, len(body))
    return _decoded(body, encoding, "known")


def _decoded(body: bytes, encoding: str, source: str) -> Decoded:
    skip = next((len(bom) for bom, name in _BOMS if name == encoding and body.startswith(bom)), 0)
    text, places = decode_as(body[skip:] if skip else body, encoding, skip)
    return Decoded(text, places, encoding, source)


def _check_known(encoding: str, size: int) -> None:
    if encoding not in ENCODINGS:
        raise FormatError(f"no encoding of the Encoding Standard, or not its name in lower case: {encoding[:40]!r}")
    if size > MAX_BODY:
        raise FormatError(f"a page of {size} bytes; at most {MAX_BODY} are read")


def decode_slice(piece: bytes, encoding: str) -> str:
    """The characters of a piece of a body whose encoding is known. Raises FormatError for an unknown encoding."""
    _check_known(encoding, len(piece))
    return decode_as(piece, encoding)[0]


def determine_encoding(body: bytes, content_type: str | None, *, html: bool = True) -> tuple[str, str]:
    """Name and source of the encoding, by the list at the head of this module."""
    for bom, name in _BOMS:
        if body.startswith(bom):
            return name, "bom"
    if found := header_encoding(content_type):
        return found, "http"
    if html:
        if found := prescan(body[:PRESCAN]):
            return found, "meta"
        if found := _xml_encoding(body[:PRESCAN]):
            return found, "xml"
        if found := _late_meta(body):
            return found, "meta-late"
    if body.isascii():
        return "windows-1252", "default"
    return ("utf-8", "utf-8-guess") if _is_utf8(body) else ("windows-1252", "default")


def _is_utf8(body: bytes) -> bool:
    """Whether all of it is well-formed, but perhaps for a character that the end cuts off."""
    try:
        body.decode("utf-8")
    except UnicodeDecodeError as error:
        return error.reason == "unexpected end of data"
    return True


def header_encoding(content_type: str | None) -> str | None:
    """The encoding that a Content-Type value names in its first charset parameter (MIME Sniffing, section 4.4)."""
    if content_type is None or (kind := _TYPE.match(content_type)) is None:
        return None
    for parameter in _PARAMETER.finditer(content_type, kind.end()):
        name, quoted, token = parameter.groups()
        value = (
            re.sub(r"\\(.)", r"\1", quoted, flags=re.DOTALL) if quoted is not None else (token or "").rstrip("\t\n\r ")
        )
        if name.lower() == "charset" and (value or quoted is not None):
            return find_encoding(value)
    return None


# What the prescan stops at, and one attribute of it ("get an attribute").
_PRESCAN_STOP = re.compile(rb"<(?:!--|(meta)(?=[\t\n\f\r /])|/?[a-z][^\t\n\f\r >]*|[!/?])", re.IGNORECASE)
_PRESCAN_ATTRIBUTE = re.compile(
    rb"[\t\n\f\r /]*+([^\t\n\f\r />][^\t\n\f\r /=>]*+)"
    rb"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"([^\"]*+)(?:\"|\Z)|'([^']*+)(?:'|\Z)|(?=>)"
    rb"|([^\t\n\f\r >\"'][^\t\n\f\r >]*+)|\Z))?"
)


def prescan(head: bytes) -> str | None:
    """The encoding that the first <meta> which names one names (HTML, "prescan a byte stream")."""
    if head.startswith(b"<\0?\0x\0"):
        return "utf-16le"
    if head.startswith(b"\0<\0?\0x"):
        return "utf-16be"
    at = 0
    while stop := _PRESCAN_STOP.search(head, at):
        if stop[0] == b"<!--":
            at = head.find(b"-->", stop.start() + 2) + 3
        elif stop[0] in (b"<!", b"</", b"<?"):
            at = head.find(b">", stop.end()) + 1
        else:
            attributes, at = _prescan_attributes(head, stop.end())
            if at and stop[1] and (found := meta_encoding(attributes)):
                return found
        if at < 3:  # ran out of bytes
            return None
    return None


def _prescan_attributes(head: bytes, at: int) -> tuple[dict[str, str], int]:
    """The attributes from `at` on (the first of a name counts) and where they end; 0 if the bytes run out."""
    attributes: dict[str, str] = {}
    while match := _PRESCAN_ATTRIBUTE.match(head, at):
        at = match.end()
        if at == len(head):
            return attributes, 0
        name, *values = match.groups()
        value = next((value for value in values if value is not None), b"")
        attributes.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    end = re.compile(rb"[\t\n\f\r /]*+").match(head, at)
    at = end.end() if end else at
    return attributes, at if at < len(head) else 0


def meta_encoding(attributes: dict[str, str], *, late: bool = False) -> str | None:
    """The encoding that the attributes of one <meta> declare, with the standard's two replacements. `late`: by the
    rules of the tree builder, which looks at `content` even if `charset` names no encoding; the prescan does not."""
    found = find_encoding(attributes["charset"]) if "charset" in attributes else None
    if found is None and ("charset" not in attributes or late):
        if attributes.get("http-equiv", "").lower() != "content-type":
            return None
        found = find_encoding(_content_charset(attributes.get("content", "")))
    return {"utf-16le": "utf-8", "utf-16be": "utf-8", "x-user-defined": "windows-1252"}.get(found or "", found)


_CONTENT_CHARSET = re.compile(
    r"charset[\t\n\f\r ]*=[\t\n\f\r ]*(?:\"([^\"]*)\"|'([^']*)'|([^\t\n\f\r ;\"'][^\t\n\f\r ;]*))?", re.I | re.A
)


def _content_charset(content: str) -> str:
    """HTML, "extracting a character encoding from a meta element"; "" for nothing."""
    match = _CONTENT_CHARSET.search(content)
    return next((group for group in match.groups() if group is not None), "") if match else ""


_XML_DECLARATION = re.compile(rb"<\?xml[^>]*?encoding[\0-\x20]*=[\0-\x20]*(?:\"([^\">]*)\"|'([^'>]*)')")


def _xml_encoding(head: bytes) -> str | None:
    """HTML, "get an XML encoding"."""
    match = _XML_DECLARATION.match(head)
    if match is None or b">" not in head:
        return None
    label = (match[1] if match[1] is not None else match[2]).decode("latin-1")
    found = find_encoding(label) if all(character > " " for character in label) else None
    return "utf-8" if found in ("utf-16le", "utf-16be") else found


def _late_meta(body: bytes) -> str | None:
    """The first <meta> anywhere that names an encoding, as the parser would meet it."""
    folded = body.lower()
    if b"<meta" not in folded or b"charset" not in folded:
        return None
    for token in Tokenizer(body.decode("latin-1")):
        if type(token) is StartTag and token.name == "meta" and (found := meta_encoding(token.attributes(), late=True)):
            return found
    return None
