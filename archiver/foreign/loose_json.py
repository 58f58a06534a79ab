"""JSON as other programs write it: any layout, floats too. Refused is what two readers could read in two ways.

Specimen, refused: {"hash": "a", "hash": "b"}
"""

from __future__ import annotations

import json
import re
from typing import Any

from archiver.errors import FormatError

MAX_DEPTH = 64
MAX_VALUES = 2_000_000  # each takes some 60 to 100 bytes of memory, however few it has in the file
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_OTHERS = re.compile(rb"[^][{}]+")


def parse(data: bytes, where: str | None = None) -> Any:
    """The value. Raises FormatError for a key that stands twice, NaN, more depth than 64, too many
    values, what is no JSON."""
    bare = _STRINGS.sub(b"", data)
    if bare.count(b",") + bare.count(b"[") + bare.count(b"{") > MAX_VALUES:
        raise FormatError(f"JSON of more than {MAX_VALUES} values", where=where)
    depth = 0
    for char in _OTHERS.sub(b"", bare):
        depth += 1 if char in b"[{" else -1
        if depth > MAX_DEPTH:
            raise FormatError(f"JSON nested deeper than {MAX_DEPTH}", where=where)
    try:
        return json.loads(data.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse, parse_int=_number)
    except (ValueError, RecursionError) as error:
        raise FormatError(f"not JSON: {str(error)[:200]}", where=where) from None


def parse_object(data: bytes, where: str | None = None) -> dict[str, Any]:
    """An object. Raises FormatError."""
    value = parse(data, where)
    if not isinstance(value, dict):
        raise FormatError("not a JSON object", where=where)
    return value


def text(value: dict[str, Any], key: str, where: str | None = None) -> str | None:
    """A member that is text without lone surrogates, or is not there. Raises FormatError."""
    found = value.get(key)
    if found is None:
        return None
    if not isinstance(found, str) or any(0xD800 <= ord(char) < 0xE000 for char in found):
        raise FormatError(f"{key} is no text", where=where)
    return found


def natural(value: Any) -> int | None:
    """A number from 0, spelled as a number or as text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value if value >= 0 else None
    return int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,18}", value, re.ASCII) else None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a key stands twice in one object")
    return found


def _refuse(text: str) -> Any:
    raise ValueError(f"{text[:20]} is no JSON")


def _number(text: str) -> int:
    if len(text) > 20:
        raise ValueError(f"a number of {len(text)} digits")
    return int(text)
