"""The tokenizer of the HTML standard (section 13.2.5), by regular expressions, with the place of every token.

A token's `start` and `end` are indexes into the source string. Text comes in pieces: a *verbatim* piece is the source
itself, so its character i stands at start + i; a *reference* (`&amp;`) is one or two characters that stand on all of
start:end. Every step is linear in the source: each expression either consumes what it read or ends the document.

Unlike the standard, carriage returns are not turned into line feeds first (they are white space all the same, and
positions stay true), U+0000 stays in text, doctypes carry no fields, and parse errors are not reported.

Specimen: `<p class=a>Tea &amp; cake` gives StartTag p 0:11, Text "Tea " 11:15, Text "&" 15:20, Text " cake" 20:25.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from html.entities import html5
from typing import NamedTuple

from archiver.page.context import SWITCHES, Context


class Text(NamedTuple):
    data: str
    start: int
    end: int
    verbatim: bool


class StartTag(NamedTuple):
    name: str
    start: int
    end: int
    self_closing: bool
    inside: str  # what stands between name and end of the tag

    def attributes(self) -> dict[str, str]:
        """Names in ASCII lower case, references decoded; of several of one name the first."""
        found: dict[str, str] = {}
        for match in _ATTRIBUTE.finditer(self.inside):
            name, double, single, bare = match.groups()
            value = double if double is not None else single if single is not None else bare or ""
            found.setdefault(_lower(name), decode_attribute(value.replace("\0", "\ufffd")))
        return found


class EndTag(NamedTuple):
    name: str
    start: int
    end: int


class Comment(NamedTuple):
    """A comment, or what the standard turns into one (`<?php …>`, `</ …>`)."""

    data: str
    start: int
    end: int


class Doctype(NamedTuple):
    start: int
    end: int


Token = Text | StartTag | EndTag | Comment | Doctype

# Windows-1252 meanings of &#128; to &#159; (section 13.2.5.80).
_REMAP = {code: text for code in range(0x80, 0xA0) if (text := bytes([code]).decode("cp1252", "ignore"))}
_LEGACY = {name: text for name, text in html5.items() if not name.endswith(";")}
MAX_NAMES, MAX_KEPT = 1_000, 40  # names of tags that are remembered, and characters of each
_LONGEST_LEGACY = max(map(len, _LEGACY))

_TEXT = re.compile(r"(?:[^<]++|<(?![A-Za-z/!?]))++")
# Attributes up to the ">" of a tag. A "/" is left for the end of the expression if ">" follows it. No group captures
# inside the possessive repetition.
_TAG = re.compile(
    r"<(/?)([A-Za-z][^\t\n\f\r />]*+)"
    r"((?:[\t\n\f\r ]++|/(?!>)|[^\t\n\f\r />][^\t\n\f\r /=>]*+"
    r"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"[^\"]*+(?:\"|\Z)|'[^']*+(?:'|\Z)|(?=>)|[^\t\n\f\r >\"'][^\t\n\f\r >]*+))?+)*+)"
    r"(/?)>"
)
_ATTRIBUTE = re.compile(
    r"([^\t\n\f\r />][^\t\n\f\r /=>]*+)"
    r"(?:[\t\n\f\r ]*+=[\t\n\f\r ]*+(?:\"([^\"]*+)\"|'([^']*+)'|([^\t\n\f\r >\"'][^\t\n\f\r >]*+)|))?"
)
_COMMENT = re.compile(r"<!--(?:-?>|(.*?)--!?>)", re.DOTALL)
_UNFINISHED = re.compile(r"-(?:-!?)?\Z")
_REFERENCE = re.compile(r"&(?:#(?:[xX]([0-9A-Fa-f]++)|([0-9]++));?|([A-Za-z][A-Za-z0-9]{1,31}+;?))")
_SCRIPT = re.compile(r"</script(?=[\t\n\f\r />])|<!--", re.IGNORECASE | re.ASCII)
_SCRIPT_ESCAPED = re.compile(r"-->|</?script(?=[\t\n\f\r />])", re.IGNORECASE | re.ASCII)
_SCRIPT_DOUBLY = re.compile(r"-->|</script(?=[\t\n\f\r />])", re.IGNORECASE | re.ASCII)


class Tokenizer:
    """Iterate over it once for the tokens of `source`.

    After a start tag it switches as its `context` says; while raw text is being read, `raw` is the name of its
    element. With `xml` a self-closing tag has no raw text, and CDATA sections may stand anywhere.

    With `follow=False` it stays in the data state whatever tags come, as the standard's bare tokenizer does; `state`
    and `raw` then say where it begins ("data", "rcdata", "rawtext", "script", "plaintext", "cdata").
    """

    def __init__(
        self, source: str, *, xml: bool = False, state: str = "data", raw: str = "", follow: bool = True
    ) -> None:
        self.source = source
        self._xml = xml
        self.context = Context()
        self.raw = raw
        self._state = state
        self._follow = follow

    def __iter__(self) -> Iterator[Token]:
        source, size, at = self.source, len(self.source), 0
        text_at, tag_at, names = _TEXT.match, _TAG.match, _Names()
        while at < size:
            if self._state != "data":
                end = self._raw_end(at)
                yield from _pieces(source, at, end) if self._state == "rcdata" else _raw_pieces(source, at, end)
                at = end + 3 if self._state == "cdata" else end  # "]]>" belongs to it, an end tag is read as any other
                self._state = "data"
                continue
            if text := text_at(source, at):
                start, at = at, text.end()
                if source.find("&", start, at) < 0:
                    yield Text(source[start:at], start, at, True)
                else:
                    yield from _pieces(source, start, at)
            if tag := tag_at(source, at):
                slash, name, inside, closing = tag.groups()
                start, at, name, self.raw = at, tag.end(), names[name], ""
                if slash:
                    if self._follow:
                        self.context.end(name)
                    yield EndTag(name, start, at)
                else:
                    begun = StartTag(name, start, at, closing == "/", inside)
                    if self._follow and (self.context.foreign or name in SWITCHES):
                        self._enter(begun)
                    yield begun
            elif at < size:
                # A "<" and then "!", "?", "/", or the beginning of a tag that the document's end cuts off.
                token = self._markup(at)
                if token is None:
                    return
                at = token.end
                if not isinstance(token, _Nothing):
                    yield token

    def _enter(self, tag: StartTag) -> None:
        """Take in a start tag after which other rules may hold."""
        state = self.context.start(tag.name, tag.self_closing, tag.attributes)
        if state and not (self._xml and tag.self_closing):
            self._state, self.raw = state, tag.name

    def _markup(self, at: int) -> Comment | Doctype | Text | _Nothing | None:
        source, size = self.source, len(self.source)
        if source.startswith("<!--", at):
            if comment := _COMMENT.match(source, at):
                return Comment((comment[1] or "").replace("\0", "\ufffd"), at, comment.end())
            return Comment(_UNFINISHED.sub("", source[at + 4 :]).replace("\0", "\ufffd"), at, size)
        if _lower(source[at : at + 9]) == "<!doctype":
            return Doctype(at, _after(source, ">", at))
        if (self.context.foreign or self._xml) and source.startswith("<![CDATA[", at):
            self._state = "cdata"
            return _Nothing(at + 9)
        if source[at + 1] in "!?":
            return _bogus_comment(source, at, at + 2 if source[at + 1] == "!" else at + 1)
        if source[at + 1] != "/" or _LETTER.match(source, at + 2):
            return None  # a tag that is cut off
        if at + 2 == size:
            return Text("</", at, size, True)
        return _Nothing(at + 3) if source[at + 2] == ">" else _bogus_comment(source, at, at + 2)

    def _raw_end(self, at: int) -> int:
        """Where the raw text that begins at `at` ends: at its end tag, or with the document."""
        source, size = self.source, len(self.source)
        if self._state == "cdata":
            end = source.find("]]>", at)
            return size if end < 0 else end
        if self._state == "plaintext" or not self.raw:
            return size
        if self._state == "script":
            return _script_end(source, at)
        end_tag = _end_tag(self.raw).search(source, at)
        return end_tag.start() if end_tag else size


class _Names(dict[str, str]):
    """The names of one page's tags, as they are spelled and in lower case: there are few, again and again."""

    def __missing__(self, name: str) -> str:
        lower = _lower(name)
        if len(name) <= MAX_KEPT and len(self) < MAX_NAMES:
            self[name] = lower
        return lower


class _Nothing(NamedTuple):
    """Markup that is no token."""

    end: int


_LETTER = re.compile("[A-Za-z]")


@cache
def _end_tag(name: str) -> re.Pattern[str]:
    return re.compile(rf"</{re.escape(name)}(?=[\t\n\f\r />])", re.IGNORECASE | re.ASCII)


def _script_end(source: str, at: int) -> int:
    """The end of script data (sections 13.2.5.4 and 13.2.5.15 to 31): `<!--` hides a `</script>` if a `<script` came
    between, until `-->`."""
    expression = _SCRIPT
    while match := expression.search(source, at):
        found, at = _lower(match[0]), match.end()
        if found == "<!--":
            expression, at = _SCRIPT_ESCAPED, at - 2  # its own dashes may be those of "-->"
        elif found == "-->":
            expression = _SCRIPT
        elif found == "<script":
            expression = _SCRIPT_DOUBLY
        elif expression is _SCRIPT_DOUBLY:
            expression = _SCRIPT_ESCAPED
        else:
            return match.start()
    return len(source)


def _after(source: str, character: str, at: int) -> int:
    """The place after the next `character`, or the end."""
    found = source.find(character, at)
    return len(source) if found < 0 else found + 1


def _bogus_comment(source: str, start: int, inner: int) -> Comment:
    end = _after(source, ">", inner)
    data = source[inner:end]
    return Comment(data.removesuffix(">").replace("\0", "\ufffd"), start, end)


def _raw_pieces(source: str, start: int, end: int) -> Iterator[Text]:
    if start < end:
        yield Text(source[start:end], start, end, True)


def _pieces(source: str, start: int, end: int) -> Iterator[Text]:
    """The text in source[start:end], its character references decoded."""
    if source.find("&", start, end) >= 0:
        for match in _REFERENCE.finditer(source, start, end):
            if (reference := _resolve(match)) is not None:
                text, length = reference
                if start < match.start():
                    yield Text(source[start : match.start()], start, match.start(), True)
                start = match.start() + length
                yield Text(text, match.start(), start, False)
    if start < end:
        yield Text(source[start:end], start, end, True)


def _resolve(match: re.Match[str]) -> tuple[str, int] | None:
    """The text of a character reference, and how many characters of the source it took; None if it is none."""
    hexadecimal, decimal, name = match.groups()
    if name is None:
        digits, base = (decimal, 10) if hexadecimal is None else (hexadecimal, 16)
        digits = digits.lstrip("0")
        code = int(digits or "0", base) if len(digits) <= 7 else 0
        if code == 0 or code > 0x10FFFF or 0xD800 <= code < 0xE000:
            return "\ufffd", len(match[0])
        return _REMAP.get(code) or chr(code), len(match[0])
    if name.endswith(";") and name in html5:
        return html5[name], len(name) + 1
    for length in range(min(len(name), _LONGEST_LEGACY), 1, -1):
        if text := _LEGACY.get(name[:length]):
            return text, length + 1
    return None


def decode_attribute(value: str) -> str:
    """An attribute's value with its references decoded; `&copy=` and `&copyx` are none there (section 13.2.5.73)."""

    def replace(match: re.Match[str]) -> str:
        reference = _resolve(match)
        if reference is None:
            return match[0]
        text, length = reference
        after = match.start() + length
        if match[3] and value[after - 1] != ";" and _NO_REFERENCE_BEFORE.match(value, after):
            return match[0]
        return text + match[0][length:]

    return _REFERENCE.sub(replace, value) if "&" in value else value


_NO_REFERENCE_BEFORE = re.compile("[=A-Za-z0-9]")
_UPPER_TO_LOWER = {code: code + 32 for code in range(0x41, 0x5B)} | {0: "\ufffd"}


def _lower(name: str) -> str:
    """ASCII letters in lower case (no others: U+212A must not become a k), U+0000 replaced."""
    return name.lower() if name.isascii() and "\0" not in name else name.translate(_UPPER_TO_LOWER)
