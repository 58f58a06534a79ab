"""What changed between two captures: the article word by word, each statement, headline, bylines and dates.

Nothing is fetched and nothing is sealed: it is a way of looking at two sealed readings.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from archiver.archive import Archive
from archiver.errors import MissingError, UsageError
from archiver.model.statement import StatementRecord
from archiver.model.verdicts import Change, VerdictRecord
from archiver.page.compare import Page, compare
from archiver.page.text_diff import differences, is_changed, paragraphs
from archiver.page.wording import Diff
from archiver.store.disk_errors import telling
from archiver.work import look
from archiver.work.comparing import Before, article_changes, before_of, records_of
from archiver.work.look import Capture, Sealed


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two captures, with the reading that is looked at."""

    capture: Capture
    reading: Sealed
    before: Before


@dataclass(frozen=True, slots=True)
class Difference:
    """What two readings differ in. `text`: the articles, or whole pages, paragraph by paragraph; `statements`: those of
    the old one with their verdicts; `added`: those of the new one that are in none of their places."""

    old: Side
    new: Side
    page: tuple[Change, ...]
    text: tuple[Diff, ...]
    statements: tuple[tuple[StatementRecord, VerdictRecord], ...]
    added: tuple[StatementRecord, ...]

    @property
    def changed(self) -> bool:
        """Whether anything did."""
        moved = any(found.verdict != "verbatim" or found.attribution for _, found in self.statements)
        return bool(self.page or moved or any(map(is_changed, self.text)))


def difference(archive: Archive, one: str, other: str, *, whole: bool = False) -> Difference:
    """Compare what two REFs mean; `whole`: the pages, with what stands around the articles. Raises UsageError,
    MissingError, FormatError."""
    old, new = _side(archive, one), _side(archive, other)
    verdicts = records_of(compare(old.before.page, new.before.page))
    places = [place.text for item in verdicts for place in item.places if place is not None and place.text is not None]
    added = tuple(
        record
        for record in new.before.page.statements
        if not any(low < part.text[1] and part.text[0] < high for part in record.parts for low, high in places)
    )
    return Difference(
        old,
        new,
        article_changes(old.before.article, new.before.article),
        tuple(paragraphs(differences(text_of(old.before.page, whole), text_of(new.before.page, whole)))),
        tuple(zip(old.before.page.statements, verdicts, strict=True)),
        added,
    )


def _side(archive: Archive, ref: str) -> Side:
    meant = look.resolve(archive, ref)
    capture = meant.capture
    if capture is None:
        raise UsageError(
            f"number {meant.item.sequence} is no capture ({meant.item.manifest.event}): two captures are compared"
        )
    if capture.reading is None:
        raise MissingError(f"number {meant.item.sequence} has no reading", hint=f"archiver read {meant.item.sequence}")
    return Side(capture, capture.reading, before_of(archive, capture.reading, capture))


def write_page(path: Path, text: str) -> None:
    """Write a page for a browser where a person wants it. Raises StoreError."""
    with telling(path):
        path.write_bytes(text.encode("utf-8"))


def text_of(page: Page, whole: bool) -> str:
    """The article's paragraphs; the page's if it has no article, or if all of it is wanted."""
    if whole or not page.article:
        return page.text
    return "\n".join(page.text[low:high] for low, high in page.article)
