"""Which segments of a WARC are shown: what a wish leaves out, and what must go with it so that nothing can be guessed.

    a part of a block          its record's `warc-header`, for this holds digests of the block
    a body                     the response's fields, but for those of KEPT: an ETag may be a digest of the body
    a Cookie                   each Set-Cookie of the same WARC that gave one of its values
    anything                   a WARC-Record-ID wherever it stands: else the whole file could be put together from a
                               guess, and tried against its digest in the manifest

Trailers are always shown. Reads the WARC twice, in flat memory but for one small row a record.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from archiver import digest
from archiver.bundle.withhold import CREDENTIALS, Withholding
from archiver.errors import ProofError
from archiver.model.manifest import Tree
from archiver.model.parts import Entry, Leaf, nodes
from archiver.tlog.merkle import Frontier
from archiver.warc.read import read_records
from archiver.warc.record import Record
from archiver.warc.segments import cut, leaf_of, pieces, salt

MAX_FIELD = 1 << 20  # bytes of a field line that are looked into
# What a server says that it cannot have made from the body.
KEPT = frozenset(
    {
        *("age", "cache-control", "connection", "content-encoding", "content-language", "content-type", "date"),
        *("expires", "last-modified", "location", "server", "transfer-encoding", "vary", "via"),
    }
)
_CREDENTIALS = frozenset(name.lower() for name in CREDENTIALS)
_PAIR = re.compile(rb"[^\s;,=]+=[^\s;,]+")
_ID = re.compile(r"<urn:uuid:[0-9a-f-]{36}>", re.ASCII)


@dataclass(slots=True)
class _Row:
    """One record: the number of its `warc-header`, the ids in that, what of the rest is withheld and what it is."""

    header: int
    kind: str
    ids: tuple[str, ...]
    hidden: dict[int, str] = field(default_factory=dict)  # number of a segment -> what it is
    set_cookies: list[tuple[int, bytes]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Redaction:
    """`hidden`: number of a segment -> what it is, for those that are left out; never empty."""

    hidden: dict[int, str]

    def entries(self, warc: BinaryIO, secret: bytes, tree: Tree) -> Iterator[tuple[Entry, int]]:
        """What stands in the proof, each with where its bytes begin in the WARC. Raises ProofError at the end if the
        WARC is not what was sealed."""
        frontier = Frontier()
        run: list[bytes] = []
        what: list[str] = []
        index = 0
        for record in read_records(warc):
            for part in cut(record):
                salted = salt(secret, index)
                leaf = leaf_of(salted, pieces(warc, part.offset, part.length))
                frontier.append(leaf)
                if index in self.hidden:
                    run.append(leaf)
                    what.append(self.hidden[index])
                else:
                    yield from ((node, 0) for node in nodes(index - len(run), run, what))
                    run, what = [], []
                    yield Leaf(index, part.length, salted), part.offset
                index += 1
        yield from ((node, 0) for node in nodes(index - len(run), run, what))
        if Tree(frontier.size, digest.spell(frontier.root())) != tree:
            raise ProofError("the segments do not give the root in the manifest", hint="run: archiver verify")


def redact(warc: BinaryIO, wish: Withholding, shown: Iterable[bytes]) -> Redaction | None:
    """What of a WARC is left out, None if nothing is. `shown`: objects that are shown beside it, in which ids of
    records may stand. Raises FormatError."""
    rows = list(_rows(warc, wish))
    if not any(row.hidden for row in rows):
        return None
    _blind(rows, shown)
    return Redaction({index: what for row in rows for index, what in row.hidden.items()})


def _rows(warc: BinaryIO, wish: Withholding) -> Iterator[_Row]:
    rows: list[_Row] = []
    secrets: set[bytes] = set()
    index = 0
    for record in read_records(warc):
        row = _Row(index, _kind(record), tuple(_ids(record)))
        for number, part in enumerate(cut(record), index):
            if part.kind in ("warc-header", "trailer"):
                continue
            line = b""
            if part.kind == "field":
                line = b"".join(pieces(warc, part.offset, min(part.length, MAX_FIELD)))
            what = _what(wish, row.kind, part.kind, line)
            if what is not None:
                row.hidden[number] = what
                if _name(line) == "cookie":
                    secrets.update(_PAIR.findall(line.partition(b":")[2]))
            elif _name(line) == "set-cookie":
                row.set_cookies.append((number, line))
        index = number + 1
        rows.append(row)
    for row in rows:
        for number, line in row.set_cookies:
            if not secrets.isdisjoint(_PAIR.findall(line.partition(b":")[2])):
                row.hidden[number] = "response field Set-Cookie (its value stands in a Cookie that is withheld)"
        _headers_too(row)
        yield row


def _headers_too(row: _Row) -> None:
    """A `warc-header` holds digests of its block."""
    if row.hidden:
        row.hidden[row.header] = "WARC header"


def _what(wish: Withholding, kind: str, part: str, line: bytes) -> str | None:
    """What a segment is called if it is left out, None if it is shown. `line`: of a field."""
    if kind == "request":
        if wish.request:
            return "request"
        hidden = _name(line) in wish.fields or (wish.credentials and _name(line) in _CREDENTIALS)
        return f"request field {_shown_name(line)}" if part == "field" and hidden else None
    if kind not in ("response", "resource", "revisit"):
        return None
    if part == "body":
        return f"{kind} body" if wish.body else None
    if part == "field" and (_name(line) in wish.fields or (wish.body and _name(line) not in KEPT)):
        return f"response field {_shown_name(line)}"
    return None


def _kind(record: Record) -> str:
    kind = record.get("WARC-Type") or ""
    return kind if kind != "request" or record.is_http else "resource"


def _ids(record: Record) -> Iterator[str]:
    for _, value in record.headers:
        yield from _ID.findall(value)


def _name(line: bytes) -> str:
    return line.partition(b":")[0].strip(b" \t").lower().decode("latin-1")


def _shown_name(line: bytes) -> str:
    """A field's name as it is called in a proof: it comes from elsewhere, and may be anything."""
    name = line.partition(b":")[0].strip(b" \t").decode("ascii", "replace")
    return name if name.isprintable() and name.isascii() and 0 < len(name) <= 60 and "," not in name else "(odd name)"


def _blind(rows: list[_Row], shown: Iterable[bytes]) -> None:
    """Leave out one WARC-Record-ID wherever it stands; the one that costs fewest headers that would be shown, of a
    record of certificates if there is a choice."""
    places: dict[str, list[_Row]] = {}
    for row in rows:
        for name in dict.fromkeys(row.ids):
            places.setdefault(name, []).append(row)
    for data in shown:
        for name in [name for name in places if name.encode("ascii") in data]:
            del places[name]
    costs = [
        (sum(row.header not in row.hidden for row in found), found[0].kind != "metadata", found[0].header, name)
        for name, found in places.items()
    ]
    if not costs:
        raise ProofError(
            "nothing random would be left of the WARC: what is withheld could be guessed",
            hint="withhold the whole WARC: --withhold warc",
        )
    for row in places[min(costs)[-1]]:
        row.hidden.setdefault(row.header, "WARC header")
