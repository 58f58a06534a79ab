"""What whoever exports should know of a bundle: what can still be read in it, or told from it, although left out."""

from __future__ import annotations

from collections.abc import Iterator

from archiver.archive import Archive
from archiver.bundle.build import Built
from archiver.bundle.withhold import Withholding
from archiver.model import rendering
from archiver.work.choose import Chosen

_PAGE = ("page-text", "warc", *rendering.DERIVED)  # in what a page can be read
_BARE = frozenset({"bundle", "file"})  # objects without random bytes of ours


def notes_on(archive: Archive, built: Built, wish: Withholding, chosen: Chosen) -> Iterator[str]:
    """Sentences, the weightiest first."""
    yield from _readable(wish, _shown(archive, built))
    yield from _unsalted(built)
    yield from _files(archive, built)
    for number in chosen.unread:
        yield f"number {number} could not be searched: its page text cannot be read"


def _shown(archive: Archive, built: Built) -> set[str]:
    """The roles of which the bundle holds an object, or parts of one."""
    held = {(item.sequence, item.role) for item in built.record.withheld if not item.shown}
    manifests = (archive.manifest(number) for number in built.record.selected)
    return {ref.role for manifest in manifests for ref in manifest.objects if (manifest.sequence, ref.role) not in held}


def _readable(wish: Withholding, shown: set[str]) -> Iterator[str]:
    """What can be read in the bundle although something of the kind was left out."""
    there = [role for role in _PAGE if role in shown and not (role == "warc" and wish.body)]
    what = ""
    if wish.statements or "statements" in wish.roles or wish.context:
        what = "what was left out of the statements can be read in"
    elif wish.body or wish.roles & {"warc", "page-text"}:
        what = "the page can be read in"
    if what and there:
        listed = " and ".join(", ".join(there).rsplit(", ", 1))
        yield f"{what} the {listed}, which the bundle holds: --withhold {','.join(there)} leaves that out"


def _unsalted(built: Built) -> Iterator[str]:
    """What was withheld, and can be told by whoever has the same bytes."""
    roles = sorted({item.role for item in built.record.withheld if item.role in _BARE})
    if roles:
        yield (
            f"{', '.join(roles)}: the sealed record names the digest, and no salt is in them: whoever can make the "
            "same bytes again from a guess can tell that they guessed right"
        )


def _files(archive: Archive, built: Built) -> Iterator[str]:
    """Files that were received leave as they came."""
    held = {(item.sequence, item.role) for item in built.record.withheld}
    for number in built.record.selected:
        manifest = archive.manifest(number)
        if manifest.event == "import" and manifest.object("file") is not None and (number, "file") not in held:
            yield (
                f"number {number} was received as a file, which the bundle holds as it came, with whatever cookies or "
                "names are in it: --withhold file leaves it out"
            )
