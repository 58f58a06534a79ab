"""C2SP tlog-tiles: how the tree and its entries lie in files. Pure: files are read through a function.

    hash tile      256 x 32 bytes when full; a partial one has fewer hashes and is never hashed upward
    entry bundle   (uint16 big-endian length || bytes)*, 256 when full

Specimen: the entries b"a" and b"" are the bundle 00 01 61 00 00. Names: tlog.tile_paths; format: docs/formats/log.md.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from archiver.errors import FormatError, MissingError, ProofError, UsageError
from archiver.tlog.merkle import EMPTY_ROOT, HASH_BYTES, Frontier, leaf_hash, node_hash
from archiver.tlog.tile_paths import (
    ENTRIES,
    MAX_LEVEL,
    WIDTH,
    TilePath,
    index_path,
    new_tiles,
    parse_index_path,
    parse_tile_path,
    tile_path,
    tiles_for_size,
)

__all__ = [
    "ENTRIES",
    "MAX_ENTRY",
    "WIDTH",
    "TileBuilder",
    "TilePath",
    "TileReader",
    "decode_entries",
    "encode_entries",
    "index_path",
    "new_tiles",
    "parse_index_path",
    "parse_tile_path",
    "read_tile",
    "tile_path",
    "tiles_for_size",
]

MAX_ENTRY = 65_535
_CACHED = 256  # tiles that a reader keeps: 2 MiB

Read = Callable[[str], bytes]  # raises MissingError


def encode_entries(entries: Sequence[bytes]) -> bytes:
    """An entry bundle. Raises FormatError for more than 256 entries or one of more than 65,535 bytes."""
    if len(entries) > WIDTH or any(len(entry) > MAX_ENTRY for entry in entries):
        raise FormatError(f"an entry bundle holds at most {WIDTH} entries of at most {MAX_ENTRY} bytes")
    return b"".join(len(entry).to_bytes(2, "big") + entry for entry in entries)


def decode_entries(data: bytes) -> list[bytes]:
    """The entries of a bundle. Raises FormatError for a cut one or more than 256."""
    found: list[bytes] = []
    place = 0
    while place < len(data):
        end = place + 2 + int.from_bytes(data[place : place + 2], "big")
        if place + 2 > len(data) or end > len(data) or len(found) == WIDTH:
            raise FormatError("entry bundle is cut short or holds too many entries")
        found.append(data[place + 2 : end])
        place = end
    return found


def read_tile(read: Read, tile: TilePath) -> bytes:
    """The hashes of a tile; a missing partial one is cut from the full one. Raises MissingError, FormatError."""
    try:
        data = read(tile.path)
    except MissingError:
        if tile.width == WIDTH:
            raise
        whole = read_tile(read, TilePath(tile.level, tile.index))
        data = whole[: tile.width * HASH_BYTES]
    if len(data) != tile.width * HASH_BYTES:
        raise FormatError(f"a tile of width {tile.width} has {len(data)} bytes", where=tile.path)
    return data


class TileReader:
    """Proofs about a tree of `size` leaves from its tiles, reading O(log n) of them. Callers check what they get."""

    def __init__(self, read: Read, size: int) -> None:
        self._read = read
        self.size = size
        self._cache: dict[tuple[int, int], bytes] = {}

    def _tile(self, level: int, index: int) -> bytes:
        found = self._cache.get((level, index))
        if found is None:
            count = (self.size >> (8 * level)) - WIDTH * index
            found = read_tile(self._read, TilePath(level, index, min(WIDTH, count)))
            if len(self._cache) >= _CACHED:
                del self._cache[next(iter(self._cache))]
            self._cache[(level, index)] = found
        return found

    def _perfect(self, height: int, index: int) -> bytes:
        """The root of the perfect subtree of 2^height leaves that begins at leaf index * 2^height."""
        level, rest = divmod(height, 8)
        first = index << rest
        tile, offset = divmod(first, WIDTH)
        data = self._tile(level, tile)
        row = [data[HASH_BYTES * i : HASH_BYTES * (i + 1)] for i in range(offset, offset + (1 << rest))]
        while len(row) > 1:
            row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
        return row[0]

    def range_root(self, low: int, high: int) -> bytes:
        """MTH(D[low:high]) for a range that a proof can name: low is a multiple of a power of two that is not smaller
        than the range."""
        if low == high:
            return EMPTY_ROOT
        if not 0 <= low < high <= self.size or low & ((1 << (high - low - 1).bit_length()) - 1):
            raise UsageError(f"{low}:{high} is no range of a proof about {self.size} leaves")
        parts: list[bytes] = []
        while low < high:
            height = (high - low).bit_length() - 1
            parts.append(self._perfect(height, low >> height))
            low += 1 << height
        node = parts.pop()
        while parts:
            node = node_hash(parts.pop(), node)
        return node

    def root(self) -> bytes:
        """The root of the tree."""
        return self.range_root(0, self.size)

    def inclusion_proof(self, index: int) -> list[bytes]:
        """The audit path of one leaf."""
        if not 0 <= index < self.size:
            raise UsageError(f"no leaf {index} in a tree of {self.size}")
        path: list[bytes] = []
        low, high = 0, self.size
        while high - low > 1:
            middle = low + (1 << ((high - low - 1).bit_length() - 1))
            if index < middle:
                path.append(self.range_root(middle, high))
                high = middle
            else:
                path.append(self.range_root(low, middle))
                low = middle
        return path[::-1]

    def consistency_proof(self, old_size: int) -> list[bytes]:
        """The proof that this tree extends its own first `old_size` leaves."""
        if not 0 <= old_size <= self.size:
            raise UsageError(f"{old_size} is no earlier size of a tree of {self.size}")
        if old_size in (0, self.size):
            return []
        path: list[bytes] = []
        low, high, complete = 0, self.size, True
        while old_size != high:
            middle = low + (1 << ((high - low - 1).bit_length() - 1))
            if old_size <= middle:
                path.append(self.range_root(middle, high))
                high = middle
            else:
                path.append(self.range_root(low, middle))
                low, complete = middle, False
        if not complete:
            path.append(self.range_root(low, high))
        return path[::-1]

    def frontier(self) -> Frontier:
        """The tree as something that can grow."""
        peaks, low = [], 0
        for height in range(self.size.bit_length() - 1, -1, -1):
            if self.size >> height & 1:
                peaks.append(self._perfect(height, low >> height))
                low += 1 << height
        return Frontier(self.size, peaks)


class TileBuilder:
    """The files that a batch of new leaves adds to a log of `size`; O(batch + log n), whatever the log's size."""

    def __init__(self, read: Read, size: int, root: bytes) -> None:
        """Raises ProofError unless the right edge that `read` gives has the root that is expected."""
        reader = TileReader(read, size)
        if reader.root() != root:
            raise ProofError(f"the tiles do not give the root of the checkpoint for {size} manifests")
        self._frontier = reader.frontier()
        self._old_size = size
        self._entries: list[bytes] = []
        count = size % WIDTH
        if count:
            # The bundle at the edge holds the entries that the next one repeats; they must be the leaves.
            self._entries = decode_entries(_read_entries(read, size // WIDTH, count))
            tile = read_tile(read, TilePath(0, size // WIDTH, count))
            if b"".join(leaf_hash(entry) for entry in self._entries) != tile:
                raise ProofError("the entry bundle at the edge of the log does not fit its tile")
        self._edge: list[list[bytes]] = []
        for level in range(MAX_LEVEL + 1):
            total = size >> (8 * level)
            if not total:
                break
            width = total % WIDTH
            data = read_tile(read, TilePath(level, total // WIDTH, width)) if width else b""
            self._edge.append([data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)])
        self._files: dict[str, bytes] = {}

    @property
    def size(self) -> int:
        """Leaves so far."""
        return self._frontier.size

    def root(self) -> bytes:
        """The root so far."""
        return self._frontier.root()

    def append(self, entry: bytes) -> None:
        """Add one leaf's bytes."""
        if len(entry) > MAX_ENTRY:
            raise FormatError(f"an entry of {len(entry)} bytes; at most {MAX_ENTRY}")
        index = self._frontier.size // WIDTH
        leaf = leaf_hash(entry)
        self._frontier.append(leaf)
        self._entries.append(entry)
        if len(self._entries) == WIDTH:
            self._files[tile_path(ENTRIES, index)] = encode_entries(self._entries)
            self._entries = []
        self._push(0, leaf)

    def _push(self, level: int, value: bytes) -> None:
        if level == len(self._edge):
            self._edge.append([])
        row = self._edge[level]
        row.append(value)
        if len(row) == WIDTH:
            index = (self._frontier.size >> (8 * level)) // WIDTH - 1
            self._files[tile_path(level, index)] = b"".join(row)
            self._edge[level] = []
            while len(row) > 1:
                row = [node_hash(row[i], row[i + 1]) for i in range(0, len(row), 2)]
            self._push(level + 1, row[0])

    def files(self) -> dict[str, bytes]:
        """Every new file, in the order in which it must be written: entries, then level 0 upwards."""
        files = dict(self._files)
        size = self._frontier.size
        if self._entries:
            files[tile_path(ENTRIES, size // WIDTH, len(self._entries))] = encode_entries(self._entries)
        for level, row in enumerate(self._edge):
            old, new = self._old_size >> (8 * level), size >> (8 * level)
            if row and old != new:
                files[tile_path(level, new // WIDTH, len(row))] = b"".join(row)
        if size == self._old_size:
            return {}
        return dict(sorted(files.items(), key=lambda item: _order(item[0])))


def _order(path: str) -> tuple[int, int, int]:
    tile = parse_tile_path(path)
    return (-1 if isinstance(tile.level, str) else tile.level, tile.index, tile.width)


def _read_entries(read: Read, index: int, width: int) -> bytes:
    try:
        return read(tile_path(ENTRIES, index, width))
    except MissingError:
        return encode_entries(decode_entries(read(tile_path(ENTRIES, index)))[:width])
