"""Transcripts in documents: `console` blocks whose commands are run and whose output is compared.

In a block, a line that begins with `$ ` is a command for the shell; what follows is its output, both streams, until the
next command. `…` at the end of a line stands for the rest of it, a line of `…` alone for any number of lines. What
differs from run to run (digests, times, ports, temporary folders) is folded on both sides before comparing.
`# exit 1` behind a command is the exit code that it must have.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

SITE = "http://127.0.0.1:8000"
_FOLDS = (
    (re.compile(r"sha256:[0-9a-f]{64}"), "sha256:DIGEST"),
    (re.compile(r"sha256:[0-9a-f]{8,63}…?"), "sha256:DIGEST"),
    (re.compile(r"SHA256:[A-Za-z0-9+/]{43}"), "SHA256:KEY"),
    (re.compile(r"\b[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}\b"), "IDENTITY"),
    (re.compile(r"\blog-[0-9a-f]{12}\b"), "log-NAME"),
    (re.compile(r"\b[0-9]{8}-[0-9]{6}-[0-9a-f]{4,8}\b"), "RUN"),
    (re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}[T ][0-9:]{5,8}(\.[0-9]+)?Z?"), "TIME"),
    (re.compile(r"objects/sha256/[0-9a-f]{2}/[0-9a-f]{62}"), "objects/sha256/DIGEST"),
    (re.compile(r"[0-9][0-9,.]* (bytes|kB|MB)"), "SIZE"),
    (re.compile(r"root [0-9a-f]{16}…"), "root ROOT"),
    (re.compile(r"[ ]{2,}"), "  "),
)


@dataclass(frozen=True)
class Command:
    """One command of a transcript, the output it must give and the exit code it must have."""

    line: str
    output: tuple[str, ...]
    code: int | None
    number: int  # of its line in the document


def commands(document: str) -> Iterator[Command]:
    """Every command in the `console` blocks of a Markdown document, in order."""
    inside = False
    line, output, code, at = "", [], None, 0
    for number, text in enumerate(document.split("\n"), 1):
        if text.startswith("```"):
            if inside and line:
                yield Command(line, tuple(output), code, at)
                line, output, code = "", [], None
            inside = text.strip() == "```console"
        elif inside and text.startswith("$ "):
            if line:
                yield Command(line, tuple(output), code, at)
            bare, _, wanted = text[2:].partition("  # exit ")
            line, output, at = bare, [], number
            code = int(wanted) if wanted else 0
        elif inside:
            output.append(text)


def fold(text: str) -> str:
    """`text` without what differs from run to run."""
    for pattern, name in _FOLDS:
        text = pattern.sub(name, text)
    return text.rstrip()


def differences(wanted: tuple[str, ...], got: str) -> str | None:
    """Why an output is not the one of the transcript, None if it is."""
    lines = [fold(line) for line in got.rstrip("\n").split("\n")] if got.strip() else []
    expected = [fold(line) for line in wanted]
    while expected and not expected[-1]:
        expected.pop()
    place = 0
    skipping = False
    for line in expected:
        if line.strip() == "…":
            skipping = True
            continue
        if skipping:
            while place < len(lines) and not _same(line, lines[place]):
                place += 1
            skipping = False
        if place >= len(lines):
            return f"expected {line!r}, and the output ended"
        if not _same(line, lines[place]):
            return f"expected {line!r}, got {lines[place]!r}"
        place += 1
    if not skipping and place < len(lines):
        return f"more output than the transcript has: {lines[place]!r}"
    return None


def _same(wanted: str, got: str) -> bool:
    if wanted.endswith("…"):
        return got.startswith((wanted[:-1].rstrip(), wanted))
    return wanted == got
