"""The vectors of page text v1: one file a case, a header of lines, `body:`, and the body's bytes to its end.

# what the case shows
content-type: the header's value (no such line: no header)
encoding: its name, and where it comes from
text: the page text, as a JSON string
anchor: start end first last "words"      code points start:end of the text stand on the bytes first:last of the
                                          body; "- -" if these words cannot be cut out of the bytes alone
body:
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

VECTORS = Path(__file__).resolve().parent.parent / "vectors" / "page-text"


@dataclass(frozen=True)
class Anchor:
    start: int
    end: int
    bytes: tuple[int, int] | None
    words: str


@dataclass(frozen=True)
class Case:
    name: str
    content_type: str | None
    encoding: str
    source: str
    text: str
    anchors: tuple[Anchor, ...]
    body: bytes

    @property
    def plain(self) -> bool:
        return (self.content_type or "").startswith("text/plain")


def load(path: Path) -> Case:
    head, body = path.read_bytes().split(b"\nbody:\n", 1)
    content_type, encoding, text = None, "", None
    anchors = []
    for line in head.decode("utf-8").split("\n"):
        key, _, value = line.partition(": ")
        if key == "content-type":
            content_type = value
        elif key == "encoding":
            encoding = value
        elif key == "text":
            text = json.loads(value)
        elif key == "anchor":
            match = re.fullmatch(r'([0-9]+) ([0-9]+) (?:([0-9]+) ([0-9]+)|- -) (".*")', value)
            assert match, f"{path.name}: {line}"
            place = (int(match[3]), int(match[4])) if match[3] else None
            anchors.append(Anchor(int(match[1]), int(match[2]), place, json.loads(match[5])))
        else:
            assert line.startswith("# "), f"{path.name}: {line}"
    name, source = encoding.split(" ")
    assert text is not None
    return Case(path.name, content_type, name, source, text, tuple(anchors), body)


def load_all() -> list[Case]:
    return [load(path) for path in sorted(VECTORS.iterdir()) if not path.name.startswith(".")]
