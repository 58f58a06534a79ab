"""C2SP tlog-tiles: what the files of a log are called, and which there are.

    tile/<L>/<N>[.p/<W>]        hashes of level L, 0 to 63
    tile/entries/<N>[.p/<W>]    the leaves' bytes

N is written in groups of three digits, all but the last with `x` before them; `.p/<W>` stands after partial ones, which
have W of 256. Specimen: the second level-0 tile of a tree of 300 leaves is tile/0/001.p/44; index 1234067 is
x001/x234/067.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from archiver.errors import FormatError, UsageError

WIDTH = 256
MAX_LEVEL = 63
MAX_INDEX = 2**63 - 1
ENTRIES = "entries"

_NUMBER = r"(?:x[0-9]{3}/){0,6}[0-9]{3}"  # 2^63 has 19 digits
_INDEX = re.compile(_NUMBER, re.ASCII)
_TILE = re.compile(rf"tile/(entries|0|[1-9][0-9]?)/({_NUMBER})(?:\.p/([1-9][0-9]{{0,2}}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class TilePath:
    """One tile: `level` 0 to 63, or "entries"; `width` 1 to 256."""

    level: int | str
    index: int
    width: int = WIDTH

    @property
    def path(self) -> str:
        """Its file name."""
        return tile_path(self.level, self.index, self.width)


def index_path(number: int) -> str:
    """`041`, `x001/234`: a number in groups of three digits."""
    if not 0 <= number <= MAX_INDEX:
        raise UsageError(f"no index {number}")
    text = f"{number % 1000:03d}"
    while number >= 1000:
        number //= 1000
        text = f"x{number % 1000:03d}/{text}"
    return text


def parse_index_path(text: str) -> int:
    """The number in an index path. Raises FormatError for any other spelling."""
    if _INDEX.fullmatch(text) is None:
        raise FormatError(f"not an index path: {text[:80]!r}")
    number = int(text.replace("x", "").replace("/", ""))
    if number > MAX_INDEX or index_path(number) != text:
        raise FormatError(f"not the shortest index path: {text[:80]!r}")
    return number


def tile_path(level: int | str, index: int, width: int = WIDTH) -> str:
    """The file name of a tile or entry bundle."""
    known = level == ENTRIES if isinstance(level, str) else 0 <= level <= MAX_LEVEL
    if not known or not 1 <= width <= WIDTH:
        raise UsageError(f"no tile of level {level}, width {width}")
    suffix = "" if width == WIDTH else f".p/{width}"
    return f"tile/{level}/{index_path(index)}{suffix}"


def parse_tile_path(path: str) -> TilePath:
    """The tile that a file name means. Raises FormatError for any other spelling."""
    match = _TILE.fullmatch(path)
    if match is None:
        raise FormatError(f"not the path of a tile: {path[:120]!r}")
    level: int | str = match.group(1) if match.group(1) == ENTRIES else int(match.group(1))
    width = int(match.group(3)) if match.group(3) else WIDTH
    if (isinstance(level, int) and level > MAX_LEVEL) or (match.group(3) and width >= WIDTH):
        raise FormatError(f"level or width out of range: {path[:120]!r}")
    return TilePath(level, parse_index_path(match.group(2)), width)


def tiles_for_size(size: int) -> list[TilePath]:
    """Every tile and entry bundle that a tree of that size must have, entries first, then level by level."""
    return list(_tiles(0, size))


def new_tiles(old_size: int, size: int) -> list[TilePath]:
    """The tiles and bundles that growing from `old_size` to `size` must write."""
    if old_size > size:
        raise UsageError(f"a log of {old_size} cannot shrink to {size}")
    return list(_tiles(old_size, size))


def _tiles(old_size: int, size: int) -> Iterator[TilePath]:
    for level in (ENTRIES, *range(MAX_LEVEL + 1)):
        shift = 0 if level == ENTRIES else 8 * int(level)
        old, new = old_size >> shift, size >> shift
        if level != ENTRIES and not new:
            return
        if new == old:
            continue
        for index in range(old // WIDTH, (new + WIDTH - 1) // WIDTH):
            yield TilePath(level, index, min(WIDTH, new - WIDTH * index))
