"""The one JSON layout of everything that archiver signs or hashes.

A *document* is `JSON.stringify(value, null, 1)` and a newline: one-space indent, keys in their documented order,
raw UTF-8. A *line* is `JSON.stringify(value)` without a newline. Escapes are written only for `"`, `\\` and line feed;
no other control character, no lone surrogate, no float, no integer beyond 2^53 - 1, no key that looks like an integer
(a browser would move it to the front) can be written. Format: docs/formats/README.md.

Specimen of a document: '{\\n "a": 1,\\n "b": [\\n  "x"\\n ]\\n}\\n', and of the same value as a line:
'{"a":1,"b":["x"]}'

Reading accepts exactly what writing would have written: parse, write again, compare.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

from archiver.errors import FormatError, NewerVersionError
from archiver.model.values import MAX_INTEGER

Json = Any  # dict, list, str, int, bool or None, nested

MAX_DEPTH = 16
MAX_KEY = 200  # characters
MAX_DOCUMENT = 16 << 20  # bytes; facts of a huge page stay far below this
MAX_LINES = 200_000  # of a document; each is a value at most, and a value takes about 100 bytes of memory
_LARGE = 64 << 10  # bytes from which lines are looked at before anything is parsed

# What strings may not hold: C0 but line feed, DEL, C1, lone surrogates (JSON could not carry them as UTF-8).
_FORBIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
_NEWLINES = re.compile("\r\n?")
# A line of a document as bytes: a key, and a value, or the beginning or end of one. Linear: nothing is tried twice.
_TEXT = rb'"(?:[^"\\\n]|\\["\\n])*+"'
_VALUE = _TEXT + rb"|-?[0-9]{1,16}+|[a-z]{4,5}+|[][{}]{1,2}+"
_LINES = re.compile(rb"(?: {0,16}+(?:" + _TEXT + rb": )?+(?:" + _VALUE + rb"),?+\n)*+")
_INDEX = re.compile(r"0|[1-9][0-9]*", re.ASCII)
_VERSION = re.compile(rb'\s{0,100}\{\s{0,100}"archiver"\s{0,100}:\s{0,100}"([a-z-]{1,40})/v([1-9][0-9]{0,5})"')


def clean(text: str, limit: int | None = None) -> str:
    """`text` with what must not be written replaced by U+FFFD (tabs by a blank), cut to `limit` code points."""
    text = _FORBIDDEN.sub("\ufffd", _NEWLINES.sub("\n", text).replace("\t", " "))
    return text if limit is None or len(text) <= limit else text[: limit - 1] + "…"


def encode_document(value: Json) -> bytes:
    """The bytes of a document. Raises FormatError for a value that the layout cannot hold."""
    out: list[str] = []
    _write(value, 1, "\n", ": ", out)
    out.append("\n")
    data = "".join(out).encode("utf-8")
    if len(data) > _LARGE and data.count(b"\n") > MAX_LINES:
        raise FormatError(f"a document of more than {MAX_LINES} lines")
    return data


def encode_line(value: Json) -> bytes:
    """The bytes of a line, without a newline. Raises FormatError for a value that the layout cannot hold."""
    out: list[str] = []
    _write(value, 1, "", ":", out)
    return "".join(out).encode("utf-8")


def decode_document(data: bytes, limit: int = MAX_DOCUMENT) -> Json:
    """The value of a document of at most `limit` bytes. Raises FormatError for any other spelling."""
    if limit >= len(data) > _LARGE and (data.count(b"\n") > MAX_LINES or _LINES.fullmatch(data) is None):
        raise FormatError("JSON is not in the one layout that archiver writes: too many lines, or one that is none")
    value = parse(data, limit)
    if encode_document(value) != data:
        raise FormatError("JSON is not in the one layout that archiver writes (order, spacing or escapes differ)")
    return value


def decode_line(data: bytes, limit: int = MAX_DOCUMENT) -> Json:
    """The value of a line of at most `limit` bytes. Raises FormatError for any other spelling."""
    value = parse(data, limit)
    if encode_line(value) != data:
        raise FormatError("JSON line is not in the one layout that archiver writes")
    return value


def parse(data: bytes, limit: int) -> Json:
    """The JSON value in `data`; duplicate keys, floats, NaN and excessive depth are refused (RFC 8259, I-JSON)."""
    if len(data) > limit:
        raise FormatError(f"JSON of {len(data)} bytes; at most {limit} are read")
    try:
        text = data.decode("utf-8")
        return json.loads(
            text,
            object_pairs_hook=_unique,
            parse_float=_no_float,
            parse_constant=_no_float,
            parse_int=_integer,
        )
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not JSON: {str(error)[:200] or 'nested too deeply'}") from None


def refuse_newer(data: bytes, known: str) -> None:
    """Raises NewerVersionError if `data` begins like a later version of `known` (`manifest/v1`). Every version of every
    format is JSON text whose first key is `archiver`; what follows that key in a later one, nobody here can judge."""
    match = _VERSION.match(data)
    if match is None:
        return
    family, _, number = known.partition("/v")
    if match[1].decode() == family and int(match[2]) > int(number):
        raise NewerVersionError(f"{family}/v{match[2].decode()} is newer than this program, which knows {known}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _no_float(text: str) -> Any:
    raise ValueError(f"number {text[:40]} is not an integer")


def _integer(text: str) -> int:
    if len(text) > 17:
        raise ValueError(f"integer of {len(text)} digits")
    return int(text)


# The standard library's writer takes an indent only in its slow form, and would need a second walk for the checks.
def _write(value: Json, depth: int, newline: str, colon: str, out: list[str]) -> None:
    """The pieces of `value`, checked on the way. `newline` is a line feed and the indent so far; empty for lines."""
    kind = type(value)
    if kind is str:
        out.append(_string(value))
    elif kind is dict or kind is list:
        _write_all(value, depth, newline, colon, out)
    elif value is None:
        out.append("null")
    elif kind is bool:
        out.append("true" if value else "false")
    elif kind is int and -MAX_INTEGER <= value <= MAX_INTEGER:
        out.append(str(value))
    else:
        raise FormatError(f"{kind.__name__} cannot be written: only integers below 2^53")


def _write_all(value: Json, depth: int, newline: str, colon: str, out: list[str]) -> None:
    if depth >= MAX_DEPTH and (value or depth > MAX_DEPTH):
        raise FormatError(f"nested deeper than {MAX_DEPTH}")
    opening, closing = ("{", "}") if type(value) is dict else ("[", "]")
    if not value:
        out.append(opening + closing)
        return
    inner = newline + " " if newline else ""
    before = opening + inner
    depth += 1
    for item in value:
        if opening == "{":
            label, item = _key(item) + colon, value[item]
            if type(item) is str:
                out.append(before + label + _string(item))
                before = "," + inner
                continue
            before += label
        out.append(before)
        _write(item, depth, inner, colon, out)
        before = "," + inner
    out.append(newline + closing)


def _string(text: str) -> str:
    if _FORBIDDEN.search(text):
        raise FormatError(f"control character or lone surrogate in {text[:60]!r}")
    return encode_basestring(text)


@lru_cache(maxsize=1024)
def _key(key: str) -> str:
    if not isinstance(key, str):
        raise FormatError("object keys are strings")
    if len(key) > MAX_KEY or _INDEX.fullmatch(key):
        raise FormatError(f"key {key[:40]!r} is too long, or looks like an integer")
    return _string(key)
