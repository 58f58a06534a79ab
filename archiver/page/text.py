"""Page text v1: the frozen projection of a page in which statements are anchored. docs/formats/page-text.md defines it.

Specimen: b'<title>x</title><h1>Dam&shy;age</h1><p>She said: <q>No&nbsp;comment</q>,\\n <b>twice</b>.' projects to
"Dam\\u00adage\\nShe said: No\\u00a0comment, twice." and there the characters 18 to 28, "No comment", stand on
b"No&nbsp;comment".
"""

from __future__ import annotations

import base64
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from archiver.errors import FormatError, NewerVersionError
from archiver.page.decode import Decoded, decode, decode_known, decode_slice
from archiver.page.decoders import POSITION
from archiver.page.marks import Mark, Marker
from archiver.page.tokens import Comment, EndTag, StartTag, Text, Tokenizer

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
_NONE, _SPACE, _LINE = 0, 1, 2
_BREAKS = dict.fromkeys(CELLS, _SPACE) | dict.fromkeys(BLOCKS, _LINE)
_SEPARATORS = ("", " ", "\n")

_WHITE = "\t\n\f\r "
_RUN = re.compile(r"[^\t\n\f\r ]++(?: [^\t\n\f\r ]++)*+")
_PARAGRAPH = re.compile(r"(?:\r\n|[\r\n])[\t\f ]*(?:\r\n|[\r\n])|\Z")
# C0 controls but the white space, DEL, C1 controls, noncharacters: no JSON text should have to carry them.
_NOT_TEXT = "\0-\x08\x0b\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef" + "".join(
    chr(plane | last) for plane in range(0, 0x110000, 0x10000) for last in (0xFFFE, 0xFFFF)
)
_REPLACED = re.compile(f"[{_NOT_TEXT}]")
_MALFORMED = re.compile(f"[{_NOT_TEXT}\t\f\r]|[ \n][ \n]|\\A[ \n]|[ \n]\\Z")


@dataclass(frozen=True, slots=True)
class PageText:
    """The projection of one body.

    Character i of `text` stands on the bytes starts[i]:ends[i] of the body; a separator that the projection wrote (" "
    or a line feed) on those between its neighbours. `plain`: the body was read as text/plain."""

    text: str
    starts: array[int]
    ends: array[int]
    encoding: str
    encoding_source: str
    marks: tuple[Mark, ...]
    plain: bool = False


class Watcher(Protocol):
    """Is shown every tag and what the projection drops; it cannot change the projection.

    `at`: how many characters the page text has; `shown`: neither in a template that is dropped nor in SVG or MathML.
    """

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
    writer, marker = _Writer(decoded.starts, decoded.ends), Marker()
    if watcher is not None:
        watcher.source(decoded.text)
    _project_html(decoded.text, writer, marker, watcher)
    return _page(writer, decoded, marker, plain=False)


def project_known(body: bytes, encoding: str, watcher: Watcher) -> None:
    """Show `watcher` an HTML document once more, whose encoding is known. Raises FormatError for an unknown one."""
    decoded = decode_known(body, encoding)
    watcher.source(decoded.text)
    _project_html(decoded.text, _Writer(decoded.starts, decoded.ends), Marker(), watcher)


def project_plain(body: bytes, content_type: str | None) -> PageText:
    """The page text of a text/plain document: blank lines end a paragraph, other line ends are white space."""
    decoded = decode(body, content_type, html=False)
    writer = _Writer(decoded.starts, decoded.ends)
    _project_plain(decoded.text, writer)
    return _page(writer, decoded, Marker(), plain=True)


def project_slice(piece: bytes, encoding: str, *, plain: bool = False) -> str:
    """The projection of some bytes of a body whose encoding is known, read from the data state on. Raises FormatError
    for an encoding that the Encoding Standard does not have."""
    source = decode_slice(piece, encoding)
    positions = range(len(source) + 1)
    writer = _Writer(positions[:-1], positions[1:])
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
    first, last = page.starts[start], page.ends[end - 1]
    same = project_slice(body[first:last], page.encoding, plain=page.plain) == page.text[start:end]
    return (first, last) if same else None


def encode_object(salt: bytes, text: str) -> bytes:
    """The stored form: a line of version and salt (so that the object's digest is no guessing oracle), and the text."""
    if len(salt) != SALT:
        raise FormatError(f"the salt of a page text has {SALT} bytes, not {len(salt)}")
    if _MALFORMED.search(text):
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


def _page(writer: _Writer, decoded: Decoded, marker: Marker, *, plain: bool) -> PageText:
    text = writer.text()
    marks = marker.finish(text)
    return PageText(text, writer.starts, writer.ends, decoded.encoding, decoded.source, marks, plain)


class _Writer:
    """Takes characters with their places in the decoded source, and writes white space as page text v1 does."""

    def __init__(self, source_starts: Sequence[int], source_ends: Sequence[int]) -> None:
        self._source_starts, self._source_ends = source_starts, source_ends
        self._parts: list[str] = []
        self._pending = _NONE
        self.starts, self.ends = array(POSITION), array(POSITION)

    def __len__(self) -> int:
        return len(self.starts)

    def text(self) -> str:
        return _REPLACED.sub("\ufffd", "".join(self._parts))

    def separate(self, strength: int) -> None:
        """Ask for a separator before the next character, if one comes; a line break wins over a space."""
        if strength > self._pending:
            self._pending = strength

    def verbatim(self, data: str, start: int) -> None:
        """`data` stands at `start` of the source, one character for one."""
        at = 0
        for run in _RUN.finditer(data):
            first, after = run.span()
            if first > at:
                self.separate(_SPACE)
            at = after
            self._separator(start + first)
            self._parts.append(run[0])
            self.starts.extend(self._source_starts[start + first : start + after])
            self.ends.extend(self._source_ends[start + first : start + after])
        if at < len(data):
            self.separate(_SPACE)

    def reference(self, data: str, start: int, end: int) -> None:
        """All characters of `data` stand on source[start:end] together."""
        for character in data:
            if character in _WHITE:
                self.separate(_SPACE)
                continue
            self._separator(start)
            self._parts.append(character)
            self.starts.append(self._source_starts[start])
            self.ends.append(self._source_ends[end - 1])

    def _separator(self, before: int) -> None:
        """Write what is pending between the last character and the one at source[before]."""
        if self._pending and self._parts:
            self._parts.append(_SEPARATORS[self._pending])
            self.starts.append(self.ends[-1])
            self.ends.append(self._source_starts[before])
        self._pending = _NONE


def _project_html(source: str, writer: _Writer, marker: Marker, watcher: Watcher | None = None) -> None:
    tokens = Tokenizer(source)
    context = tokens.context
    templates: list[bool] = []  # the open <template>s: is its content dropped? (That of a shadow root is shown.)
    dropped = 0  # how many of them are
    for token in tokens:
        if isinstance(token, Text):
            if dropped or context.hidden:
                continue
            if tokens.raw in DROPPED:
                if watcher is not None:
                    watcher.raw(tokens.raw, token)
            elif token.verbatim:
                writer.verbatim(token.data, token.start)
            else:
                writer.reference(token.data, token.start, token.end)
        elif isinstance(token, (StartTag, EndTag)):
            name = token.name
            if name == "template" and not context.foreign:
                if isinstance(token, StartTag):
                    shown = token.attributes().get("shadowrootmode", "").lower() in ("open", "closed")
                    templates.append(not shown)
                    dropped += not shown
                elif templates:
                    dropped -= templates.pop()
            elif not dropped:
                strength = _BREAKS.get(name, _NONE)
                writer.separate(_SPACE if name == "text" and context.foreign else strength)
                if isinstance(token, StartTag):
                    marker.start(name, len(writer))
                else:
                    marker.end(name, len(writer))
            if watcher is not None:
                shown = not (dropped or context.foreign)
                if isinstance(token, StartTag):
                    watcher.start(token, len(writer), shown)
                else:
                    watcher.end(token, len(writer), shown)
        elif watcher is not None and isinstance(token, Comment):
            watcher.comment(token)


def _project_plain(source: str, writer: _Writer) -> None:
    at = 0
    for blank in _PARAGRAPH.finditer(source):
        writer.verbatim(source[at : blank.start()], at)
        writer.separate(_LINE)
        at = blank.end()
