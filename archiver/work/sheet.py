"""A sheet of corrections: the statements of a reading as YAML that a person edits, and what they changed in it.

Specimen:

    reading: 42
    digest: "sha256:9f86d081…"
    note: null
    statements:
      s3:
        words:
          - "“We never agreed to that,”"
        speaker: "Ada Quill"
        kind: direct
        reject: false

What is left out stays as it is. Read strictly: an unknown name, a number or a bare `No` where text is meant is an error
that names the line. Nothing here reads an archive or changes one.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from archiver.errors import FormatError
from archiver.model.encoding import clean
from archiver.model.statement import StatementRecord
from archiver.store.disk_errors import telling
from archiver.store.yaml_file import Lines, parse_lines

MAX_SHEET = 4 << 20  # bytes; a live blog with thousands of statements has less
MAX_NAME, MAX_TEXT, MAX_NOTE = 300, 500, 2000  # characters, as a reading has them
TEXTS = ("speaker", "role", "cue", "addressee", "when", "where", "via")
CHOICES = {"kind": ("direct", "mixed", "indirect"), "polarity": ("affirmed", "denied")}
FIELDS = ("words", "speaker", "role", "kind", "polarity", "cue", "addressee", "when", "where", "via", "reject", "note")
_HEAD = ("reading", "digest", "note", "statements")
# What editors and YAML 1.1 take for something else, or do not show: controls, line ends of Unicode, marks of direction.
_HIDDEN = re.compile(
    "[\x7f-\x9f\u2028\u2029\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufffe\uffff]"
)
_HELP = """\
# Correct what is wrong and leave the rest: what is not changed, or deleted here, stays as it is.
#   words     as they stand on the page, one line for each part; make them longer or shorter
#   kind      direct, mixed, indirect        polarity  affirmed, denied
#   null      the page does not say it       reject: true   this is no statement
#   note      why; sealed with the correction (the one above `statements` is for all that have none)
"""


@dataclass(frozen=True, slots=True)
class Edit:
    """What a person wants of one statement: fields with their new values (`words`: one text for each part)."""

    id: str
    fields: dict[str, str | None]
    words: tuple[str, ...] | None
    reject: bool
    note: str | None


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet that was read. `line_of` says where a field stands."""

    reading: int
    digest: str
    edits: tuple[Edit, ...]
    where: str
    lines: Lines

    def line_of(self, name: str, field: str) -> int:
        """The line of a statement's field."""
        return self.lines.get(("statements", name, field), self.lines.get(("statements", name), 1))

    def refuse(self, name: str, field: str, message: str, hint: str | None = None) -> NoReturn:
        """Raise FormatError about a field."""
        raise FormatError(f"line {self.line_of(name, field)}: {name}: {message}", where=self.where, hint=hint)


def write(reading: int, digest: str, title: str | None, records: Iterable[StatementRecord]) -> str:
    """The sheet of some statements of a reading."""
    lines = [f"# Statements of number {reading}: {_text(title or '')[1:-1]}", _HELP.rstrip("\n")]
    lines += [f"reading: {reading}", f'digest: "{digest}"', "note: null", "statements:"]
    for record in records:
        lines += [f"  {record.id}:", "    words:", *(f"      - {_text(part.exact)}" for part in record.parts)]
        for name, value in values(record).items():
            lines.append(f"    {name}: {value if name in CHOICES else _text(value)}")
        lines += ["    reject: false", "    note: null"]
    return "\n".join(lines) + "\n"


def values(record: StatementRecord) -> dict[str, str | None]:
    """The fields of a statement that a sheet has, but for its words."""
    found: dict[str, str | None] = {"speaker": record.speaker.name if record.speaker is not None else None}
    for name in ("role", "kind", "polarity", "cue", "addressee", "when", "where", "via"):
        found[name] = getattr(record, name)
    return found


def _text(value: str | None) -> str:
    """A YAML scalar in double quotes that is JSON as well; null for None."""
    if value is None:
        return "null"
    return _HIDDEN.sub(lambda sign: f"\\u{ord(sign[0]):04x}", json.dumps(value, ensure_ascii=False))


def read_file(path: Path) -> bytes:
    """The bytes of a sheet's file, as far as they are read. Raises StoreError."""
    with telling(path), path.open("rb") as stream:
        return stream.read(MAX_SHEET + 1)


def read(data: bytes, where: str) -> Sheet:
    """The sheet in a file. Raises FormatError with the line and what is allowed there."""
    plain, lines = parse_lines(data, where, MAX_SHEET)
    _known(plain, _HEAD, (), lines, where)
    reading = plain.get("reading")
    if type(reading) is not int or reading < 0:
        _refuse(("reading",), lines, where, "reading is not a number: leave it as it was written")
    digest = plain.get("digest")
    if not isinstance(digest, str):
        _refuse(("digest",), lines, where, "digest is not text: leave it as it was written")
    note = _optional(plain.get("note"), ("note",), lines, where, MAX_NOTE)
    statements = plain.get("statements")
    if not isinstance(statements, dict):
        _refuse(("statements",), lines, where, "statements are not lines of `s1:` with fields below them")
    edits = tuple(_edit(str(name), value, note, lines, where) for name, value in statements.items())
    return Sheet(reading, digest, edits, where, lines)


def _edit(name: str, plain: Any, note: str | None, lines: Lines, where: str) -> Edit:
    path = ("statements", name)
    if plain is None:
        plain = {}
    if not isinstance(plain, dict):
        _refuse(path, lines, where, f"{name} has no fields; there are {', '.join(FIELDS)}")
    _known(plain, FIELDS, path, lines, where)
    fields: dict[str, str | None] = {}
    for field in TEXTS:
        if field in plain:
            limit = MAX_NAME if field == "speaker" else MAX_TEXT
            fields[field] = _optional(plain[field], (*path, field), lines, where, limit)
    for field, choices in CHOICES.items():
        if field in plain:
            if plain[field] not in choices:
                shown = str(plain[field])[:40]
                _refuse((*path, field), lines, where, f"{field}: {shown!r} is not one of {', '.join(choices)}")
            fields[field] = plain[field]
    reject = plain.get("reject", False)
    if type(reject) is not bool:
        _refuse((*path, "reject"), lines, where, f"reject: {str(reject)[:40]!r} is not true or false")
    own = _optional(plain.get("note"), (*path, "note"), lines, where, MAX_NOTE)
    return Edit(name, fields, _words(plain, path, lines, where), reject, own or note)


def _words(plain: dict[str, Any], path: tuple[str, ...], lines: Lines, where: str) -> tuple[str, ...] | None:
    found = plain.get("words")
    if found is None:
        return None
    listed = found if isinstance(found, list) else [found]
    for place, item in enumerate(listed):
        if not isinstance(item, str) or not any(sign.isalnum() for sign in item):
            at: tuple[str | int, ...] = (*path, "words", place) if isinstance(found, list) else (*path, "words")
            _refuse(at, lines, where, "words are text, or a list of texts: one for each part", "put them in quotes")
    if not listed:
        _refuse((*path, "words"), lines, where, "no words; a statement that is none is rejected with reject: true")
    return tuple(listed)


def _optional(value: Any, path: tuple[str | int, ...], lines: Lines, where: str, limit: int) -> str | None:
    """Text, cleaned; None for null and for blanks."""
    if value is None:
        return None
    if not isinstance(value, str):
        message = f"{path[-1]}: {str(value)[:40]!r} is not text or null"
        _refuse(path, lines, where, message, f'put it in quotes: {path[-1]}: "…"')
    text = clean(" ".join(value.split()))
    if len(text) > limit:
        _refuse(path, lines, where, f"{path[-1]}: {len(text)} characters; at most {limit}")
    return text or None


def _known(plain: dict[Any, Any], allowed: tuple[str, ...], path: tuple[str, ...], lines: Lines, where: str) -> None:
    for name in plain:
        if name not in allowed:
            at = (*path, str(name))
            _refuse(at, lines, where, f"there is no {str(name)[:40]!r} here; there are {', '.join(allowed)}")


def _refuse(path: tuple[str | int, ...], lines: Lines, where: str, message: str, hint: str | None = None) -> NoReturn:
    while path and path not in lines:
        path = path[:-1]
    raise FormatError(f"line {lines.get(path, 1)}: {message}", where=where, hint=hint)
