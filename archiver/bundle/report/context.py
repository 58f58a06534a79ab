"""The words of a statement where they stand: the lines of the page text around them, in pieces that can be marked."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

from archiver.model.statement import ContextRecord, StatementRecord

AROUND = 420  # characters of a line shown before and after the words
BETWEEN = 700  # characters shown between two parts of one statement
LEFT_OUT = " […] "


@dataclass(frozen=True, slots=True)
class Piece:
    """A run of text; `marked`: these are the statement's own words. A line feed begins a new paragraph."""

    text: str
    marked: bool = False


def in_page(page: str, statement: StatementRecord) -> tuple[tuple[Piece, ...], ...] | None:
    """Paragraphs of pieces, cut from the page text; None if the ranges do not lie in it in rising order."""
    ranges = sorted(part.text for part in statement.parts)
    if not ranges or ranges[-1][1] > len(page) or any(a[1] > b[0] for a, b in itertools.pairwise(ranges)):
        return None
    pieces = [Piece(_before(page, ranges[0][0]))]
    for place, (low, high) in enumerate(ranges):
        if place:
            pieces.append(Piece(_between(page, ranges[place - 1][1], low)))
        pieces.append(Piece(page[low:high], marked=True))
    pieces.append(Piece(_after(page, ranges[-1][1])))
    return _paragraphs(pieces)


def in_record(statement: StatementRecord, context: ContextRecord) -> tuple[tuple[Piece, ...], ...]:
    """The same from the sealed context line, where the page text is not in the bundle."""
    pieces: list[Piece] = []
    for number, (part, around) in enumerate(zip(statement.parts, context.parts, strict=False)):
        if number:
            pieces.append(Piece(LEFT_OUT))
        pieces += [Piece(around.prefix), Piece(part.exact, marked=True), Piece(around.suffix)]
    return _paragraphs(pieces)


def _before(page: str, place: int) -> str:
    floor = max(0, place - AROUND)
    line = page.rfind("\n", floor, place)
    if line >= 0 or floor == 0:
        return page[line + 1 if line >= 0 else 0 : place]
    blank = page.find(" ", floor, place)
    return LEFT_OUT.lstrip() + page[blank + 1 if blank >= 0 else floor : place]


def _after(page: str, place: int) -> str:
    ceiling = min(len(page), place + AROUND)
    line = page.find("\n", place, ceiling)
    if line >= 0 or ceiling == len(page):
        return page[place : line if line >= 0 else ceiling]
    blank = page.rfind(" ", place, ceiling)
    return page[place : blank if blank >= 0 else ceiling] + LEFT_OUT.rstrip()


def _between(page: str, low: int, high: int) -> str:
    if high - low <= BETWEEN:
        return page[low:high]
    return page[low : low + BETWEEN // 2] + LEFT_OUT + page[high - BETWEEN // 2 : high]


def _paragraphs(pieces: list[Piece]) -> tuple[tuple[Piece, ...], ...]:
    found: list[list[Piece]] = [[]]
    for piece in pieces:
        for number, line in enumerate(piece.text.split("\n")):
            if number:
                found.append([])
            if line:
                found[-1].append(Piece(line, piece.marked))
    return tuple(tuple(paragraph) for paragraph in found if paragraph)
