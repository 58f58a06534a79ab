"""Page text v1: the frozen projection of a page in which statements are anchored. docs/formats/page-text.md defines it.

Specimen: b'<title>x</title><h1>Dam&shy;age</h1><p>She said: <q>No&nbsp;comment</q>,\\n <b>twice</b>.' projects to
"Dam\\u00adage\\nShe said: No\\u00a0comment, twice." and there the characters 18 to 28, "No comment", stand on
b"No&nbsp;comment".
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from typing import Any, Protocol

from archiver.errors import FormatError, NewerVersionError
from archiver.page.decode import Decoded, decode, decode_known, decode_slice
from archiver.page.decoders import Places
from archiver.page.marks import FOLLOWED, Mark, Marker
from archiver.page.tokens import Comment, EndTag, StartTag, Text, Tokenizer
from archiver.page.writer import LINE, SPACE, Runs, Writer, has_controls

VERSION = "page-text/v1"
SALT = 16  # bytes

# Raw text that no browser shows. (<xmp> and <plaintext> are shown.)
DROPPED = frozenset({"script", "style", "title", "textarea", "noscript", "iframe", "noembed", "noframes"})
# A tag of one of these breaks the line.
_BLOCKS = """
    address article aside blockquote body br caption center dd details dialog dir div dl dt fieldset figcaption
    figure footer form frameset h1 h2 h3 h4 h5 h6 head header hgroup hr html legend li listing main menu nav ol
    optgroup option p plaintext pre search section select summary table tbody tfoot thead tr ul xmp
"""
BLOCKS = frozenset(_BLOCKS.split())
CELLS = frozenset({"td", "th"})  # a tag of one of these, or of <text> in SVG, separates words
_BREAKS = dict.fromkeys(CELLS, SPACE) | dict.fromkeys(BLOCKS, LINE)

_PARAGRAPH = re.compile(r"(?>\r\n|[\r\n])[\t\f ]*+(?:\r\n|[\r\n])|\Z")
_MALFORMED = re.compile("[\t\f\r]|[ \n][ \n]|\\A[ \n]|[ \n]\\Z")


@dataclass(frozen=True, slots=True)
class PageText:
    """The projection of one body. `plain`: the body was read as text/plain."""

    text: str
    places: Places
    encoding: str
    encoding_source: str
    marks: tuple[Mark, ...]
    plain: bool = False

    def bytes_of(self, index: int) -> tuple[int, int]:
        """The bytes of the body on which character `index` stands; a separator that the projection wrote (" " or a line
        feed) stands on those between its neighbours."""
        return self.places.start(index), self.places.end(index)


class Watcher(Protocol):
    """Is shown tags and what the projection drops; it cannot change the projection.

    It sees the tags of `names`, those that stand in a dropped template, in SVG or MathML or where text is hidden
    (`shown` is false), and the first one after these. `at`: how many characters the page text has.
    """

    names: frozenset[str]

    def source(self, text: str) -> None:
        """The decoded page, before all else."""

    def start(self, tag: StartTag, at: int, shown: bool) -> None: ...

    def end(self, tag: EndTag, at: int, shown: bool) -> None: ...

    def raw(self, name: str, text: Text) -> None:
        """A piece of the text of an element in DROPPED."""

    def comment(self, comment: Comment) -> None: ...


def project(body: bytes, content_type: str | None, watcher: Watcher | None = None) -> PageText:
    """The page text of an HTML document. `content_type` is the Content-Type header's value. Any bytes have one; raises
    FormatError only for a body above `archiver.page.decode.MAX_BODY`."""
    decoded = decode(body, content_type)
    writer, marker = Writer(), Marker()
    if watcher is not None:
        watcher.source(decoded.text)
    _project_html(decoded.text, writer, marker, watcher, xml=is_xml(content_type))
    return _page(writer, decoded, marker, plain=False)


def project_known(body: bytes, encoding: str, watcher: Watcher) -> None:
    """Show `watcher` an HTML document once more, whose encoding is known. Raises FormatError for an unknown one."""
    decoded = decode_known(body, encoding)
    watcher.source(decoded.text)
    _project_html(decoded.text, Writer(), Marker(), watcher)


def project_plain(body: bytes, content_type: str | None) -> PageText:
    """The page text of a text/plain document: blank lines end a paragraph, other line ends are white space."""
    decoded = decode(body, content_type, html=False)
    writer = Writer()
    _project_plain(decoded.text, writer)
    return _page(writer, decoded, Marker(), plain=True)


def project_slice(piece: bytes, encoding: str, *, plain: bool = False) -> str:
    """The projection of some bytes of a body whose encoding is known, read from the data state on. Raises FormatError
    for an encoding that the Encoding Standard does not have."""
    source = decode_slice(piece, encoding)
    writer = Writer()
    if plain:
        _project_plain(source, writer)
    else:
        _project_html(source, writer, Marker())
    return writer.text()


def byte_range(page: PageText, body: bytes, start: int, end: int) -> tuple[int, int] | None:
    """The bytes on which the characters start:end of the page text stand, if these bytes alone project to exactly those
    characters; else None (in a text area's or CDATA section's middle, in iso-2022-jp, at a separator's edge, …)."""
    if not 0 <= start < end <= len(page.text):
        return None
    first, last = page.places.start(start), page.places.end(end - 1)
    same = project_slice(body[first:last], page.encoding, plain=page.plain) == page.text[start:end]
    return (first, last) if same else None


def encode_object(salt: bytes, text: str) -> bytes:
    """The stored form: a line of version and salt (so that the object's digest is no guessing oracle), and the text."""
    if len(salt) != SALT:
        raise FormatError(f"the salt of a page text has {SALT} bytes, not {len(salt)}")
    if _MALFORMED.search(text) or has_controls(text):
        raise FormatError("not a page text: a control character, or white space that the projection does not write")
    try:
        return f"{VERSION} {base64.b64encode(salt).decode('ascii')}\n{text}\n".encode()
    except UnicodeEncodeError:
        raise FormatError("not a page text: a lone surrogate") from None


def decode_object(data: bytes) -> tuple[bytes, str]:
    """(salt, text) of a stored page text. Raises NewerVersionError for another version's, FormatError for any spelling
    that `encode_object` would not have written."""
    line, separator, rest = data.partition(b"\n")
    match = re.fullmatch(rb"page-text/v([1-9][0-9]{0,8}) ([A-Za-z0-9+/]{22}==)", line)
    if match is None or not separator:
        if re.match(rb"page-text/v[1-9][0-9]* ", line) and not line.startswith(b"page-text/v1 "):
            raise NewerVersionError(f"a page text of a version other than {VERSION}")
        raise FormatError(f"a page text begins with a line {VERSION!r}, a space, and 16 bytes in base64")
    if match[1] != b"1":
        raise NewerVersionError(f"a page text of version {match[1].decode()}; this program knows 1")
    try:
        text = rest.decode("utf-8")
    except UnicodeDecodeError:
        raise FormatError("a page text is UTF-8; this one is not") from None
    salt = base64.b64decode(match[2])
    if not text.endswith("\n") or encode_object(salt, text[:-1]) != data:
        raise FormatError("not a page text in its one accepted spelling")
    return salt, text[:-1]


def _page(writer: Writer, decoded: Decoded, marker: Marker, *, plain: bool) -> PageText:
    text = writer.text()
    marks = marker.finish(text)
    places = Runs(text, writer, decoded.places)
    return PageText(text, places, decoded.encoding, decoded.source, marks, plain)


def is_xml(content_type: str | None) -> bool:
    """Whether a Content-Type value says application/xhtml+xml."""
    return (content_type or "").split(";")[0].strip("\t\n\r ").lower() == "application/xhtml+xml"


def _project_html(
    source: str, writer: Writer, marker: Marker, watcher: Watcher | None = None, *, xml: bool = False
) -> None:
    tokens = Tokenizer(source, xml=xml)
    context = tokens.context
    watched = watcher.names if watcher is not None else frozenset()
    templates: list[bool] = []  # the open <template>s: is its content dropped? (That of a shadow root is shown.)
    dropped = 0  # how many of them are
    was_shown = True
    token: Any  # its type is compared and not asked for: thousands of times a page
    for token in tokens:
        kind = type(token)
        if kind is Text:
            if dropped or context.hidden:
                continue
            if tokens.raw in DROPPED:
                if watcher is not None:
                    watcher.raw(tokens.raw, token)
            elif token.verbatim:
                writer.verbatim(token.data, token.start)
            else:
                writer.reference(token.data, token.start, token.end)
        elif kind is StartTag or kind is EndTag:
            name = token.name
            if name == "template" and not context.foreign:
                if kind is StartTag:
                    shown = token.attributes().get("shadowrootmode", "").lower() in ("open", "closed")
                    templates.append(not shown)
                    dropped += not shown
                elif templates:
                    dropped -= templates.pop()
            elif not (dropped or context.hidden):
                if name in _BREAKS:
                    writer.separate(_BREAKS[name])
                elif name == "text" and context.foreign:
                    writer.separate(SPACE)
                if name in FOLLOWED:
                    (marker.start if kind is StartTag else marker.end)(name, len(writer))
            shown = not (dropped or context.foreign or context.hidden)
            if watcher is not None and (name in watched or not (shown and was_shown)):
                (watcher.start if kind is StartTag else watcher.end)(token, len(writer), shown)
            was_shown = shown
        elif watcher is not None and kind is Comment:
            watcher.comment(token)


def _project_plain(source: str, writer: Writer) -> None:
    at = 0
    for blank in _PARAGRAPH.finditer(source):
        writer.verbatim(source[at : blank.start()], at)
        writer.separate(LINE)
        at = blank.end()
