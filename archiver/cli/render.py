"""How results look: coloured tables on a terminal, plain aligned text in a pipe, JSON where it is asked for.

What comes from pages is hostile: control characters and marks that reorder a line never reach the terminal as they are.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any

import click

# C0, DEL, C1, line and paragraph separators, bidi controls, lone surrogates; line feeds are folded before.
_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
COLOURS = {"passed": "green", "failed": "red", "not checked": "yellow", "disowned": "red", "remark": None}


def colour_wanted() -> bool:
    """Colours go to terminals only, and nowhere if NO_COLOR is set (no-color.org)."""
    return sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def style(text: str, colour: str | None = None, *, bold: bool = False, dim: bool = False) -> str:
    """`text` in a colour, where colours are wanted."""
    return click.style(text, fg=colour, bold=bold or None, dim=dim or None) if colour_wanted() else text


def shown(text: object, limit: int | None = None) -> str:
    """One line of text from anywhere, fit for a terminal, cut to `limit` columns."""
    line = _UNSAFE.sub("\ufffd", " ".join(str(text).split()))
    return line if limit is None else cut(line, limit)


def width(text: str) -> int:
    """Columns that a text takes on a terminal (East Asian wide characters take two, combining marks none)."""
    if text.isascii():
        return len(text)
    return sum(0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def cut(text: str, limit: int) -> str:
    """`text` in at most `limit` columns, with an ellipsis where something was cut off."""
    if width(text) <= limit:
        return text
    out, used = "", 0
    for character in text:
        size = width(character)
        if used + size > limit - 1:
            break
        out, used = out + character, used + size
    return out.rstrip() + "…"


def columns() -> int:
    """Columns of the terminal; 100 in a pipe, where tables are not cut."""
    return shutil.get_terminal_size((100, 24)).columns if sys.stdout.isatty() else 100


def wrap(text: str, indent: str, first: str | None = None) -> str:
    """Running text, broken at blanks to the terminal's width, `first` before its first line, `indent` before others."""
    lines, line = [], first if first is not None else indent
    room = max(40, columns())
    empty = True
    for word in shown(text).split(" "):
        if not empty and width(line) + 1 + width(word) > room:
            lines.append(line)
            line, empty = indent, True
        line = line + word if empty else f"{line} {word}"
        empty = False
    return "\n".join([*lines, line])


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, flexible: int) -> None:
    """Aligned columns; the column `flexible` gives way where the terminal is too narrow."""
    body = [[shown(cell) for cell in row] for row in rows]
    widths = [max([width(title), *(width(row[i]) for row in body)]) for i, title in enumerate(head)]
    spare = 0 if not sys.stdout.isatty() else columns() - sum(widths) - 2 * (len(head) - 1)
    if spare < 0:
        widths[flexible] = max(16, widths[flexible] + spare)
    click.echo(style(_row(head, widths).rstrip(), bold=True))
    for row in body:
        click.echo(_row(row, widths).rstrip())


def _row(cells: Sequence[str], widths: Sequence[int]) -> str:
    fitted = [cut(cell, size) for cell, size in zip(cells, widths, strict=True)]
    return "  ".join(cell + " " * (size - width(cell)) for cell, size in zip(fitted, widths, strict=True))


def pairs(items: Iterable[tuple[str, str | None]], indent: str = "  ") -> None:
    """Names and values below one another; those without a value are left out."""
    kept = [(name, value) for name, value in items if value]
    size = max((width(name) for name, _ in kept), default=0) + 2
    for name, value in kept:
        first = indent + style(name, dim=True) + " " * (size - width(name))
        click.echo(wrap(value, indent + " " * size, first))


def print_json(value: Any) -> None:
    """One JSON document, or one line of many, on standard output."""
    click.echo(json.dumps(value, ensure_ascii=False, separators=(",", ":")))


def outcome(text: str) -> str:
    """passed, failed, not checked: coloured."""
    return style(text, COLOURS.get(text), bold=text in ("failed", "disowned"))


def amount(count: int, one: str, many: str | None = None) -> str:
    """`1 statement`, `12,345 statements`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def size_of(count: int) -> str:
    """Bytes for people: `512 bytes`, `48.2 kB`, `1.3 MB`."""
    if count < 1000:
        return amount(count, "byte")
    value = float(count)
    units = ["kB", "MB", "GB"]
    value /= 1000
    while value >= 1000 and len(units) > 1:
        value /= 1000
        units.pop(0)
    return f"{value:,.1f} {units[0]}"


def warn(message: str) -> None:
    """A message on standard error."""
    click.echo(f"archiver: {shown(message)}", err=True)


_PLAIN = re.compile(r"[A-Za-z_/][A-Za-z0-9_./:;()%#+=@ -]*[A-Za-z0-9_./)%]", re.ASCII)
_AMBIGUOUS = re.compile(r"(?i)(y|n|yes|no|true|false|on|off|null)|.*(: |:$| #).*")


def yaml_lines(value: Any, indent: str = "") -> list[str]:
    """A JSON value as YAML (1.2, of which JSON is a part) for people: one field a line, quoted where need be."""
    if isinstance(value, dict) and value:
        lines = []
        for key, item in value.items():
            if isinstance(item, dict | list) and item:
                lines += [f"{indent}{key}:", *yaml_lines(item, indent + "  ")]
            else:
                lines.append(f"{indent}{key}: {_scalar(item)}")
        return lines
    if isinstance(value, list) and value:
        lines = []
        for item in value:
            inner = yaml_lines(item, indent + "  ") if isinstance(item, dict | list) and item else None
            lines += [f"{indent}- {_scalar(item)}"] if inner is None else [f"{indent}- {inner[0].lstrip()}", *inner[1:]]
        return lines
    return [indent + _scalar(value)]


def _scalar(value: Any) -> str:
    if isinstance(value, str) and _PLAIN.fullmatch(value) and not _AMBIGUOUS.fullmatch(value):
        return value
    return _UNSAFE.sub(lambda m: f"\\u{ord(m[0]):04x}", json.dumps(value, ensure_ascii=False))
