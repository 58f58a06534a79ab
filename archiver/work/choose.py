"""What a person chooses to export: by REFs, by single statements, by address, day or words, with later visits or not.

    Choice(refs=("41", "57#s3"))                         two records; of the second one statement alone
    Choice(url="https://news.example/a", rechecks=True)   every capture of a page, with what became of it
    Choice(since="2026-11-01…", words="the bridge")       what was captured since, and has these words in its text

Address, days and words narrow each other; REFs come on top. Nothing is verified here: what does not verify is not
exported later.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from archiver.archive import Archive
from archiver.errors import ArchiverError, MissingError, UsageError
from archiver.page.text import decode_object
from archiver.store.index import Filter, Index
from archiver.store.search_key import key
from archiver.verify.case import Progress, silent
from archiver.web.addresses import normalise_url
from archiver.work import look
from archiver.work.decided import MAX_PAGE_TEXT
from archiver.work.look import Capture, Meant
from archiver.work.pages import WALK, Pages

MANY = 1_000_000  # readings that an index may name


@dataclass(frozen=True, slots=True)
class Choice:
    """`statements`: ids, of the one REF that names none itself; `since`, `until`: times (UTC), the second one excluded;
    `rechecks`: of what is chosen, its later visits too."""

    refs: tuple[str, ...] = ()
    statements: tuple[str, ...] = ()
    url: str | None = None
    since: str | None = None
    until: str | None = None
    words: str | None = None
    rechecks: bool = False

    @property
    def narrows(self) -> bool:
        """Whether anything is chosen otherwise than by REF."""
        return any(value is not None for value in (self.url, self.since, self.until, self.words))


@dataclass(slots=True)
class Chosen:
    """`numbers`: of manifests; `statements`: digest of a snapshot's manifest -> the ids that are shown of it, if not
    all; `unread`: numbers of readings whose words could not be looked through."""

    numbers: set[int] = field(default_factory=set)
    statements: dict[str, frozenset[str]] = field(default_factory=dict)
    unread: list[int] = field(default_factory=list)


def choose(archive: Archive, choice: Choice, progress: Progress = silent) -> Chosen:
    """The numbers that a choice means. Raises UsageError, MissingError, StoreError."""
    chosen = Chosen()
    captures: list[Capture] = []
    whole: dict[str, str] = {}  # digest of a snapshot -> the REF that wants all of it
    for meant, ref in _meant(archive, choice):
        chosen.numbers.add(meant.item.sequence)
        if meant.capture is None:
            continue
        captures.append(meant.capture)
        snapshot = meant.capture.snapshot.digest
        if meant.statement is None:
            whole[snapshot] = ref
        else:
            chosen.statements[snapshot] = chosen.statements.get(snapshot, frozenset()) | {meant.statement}
    if choice.narrows:
        for capture in _narrowed(archive, choice, chosen, progress):
            captures.append(capture)
            whole.setdefault(capture.snapshot.digest, str(capture.snapshot.sequence))
            chosen.numbers.add(capture.snapshot.sequence)
    for snapshot in chosen.statements.keys() & whole.keys():
        raise UsageError(
            f"{whole[snapshot]} is named whole, and by single statements of it",
            hint="name it in one way: the whole shows every statement",
        )
    if choice.rechecks:
        chosen.numbers |= _rechecks(archive, captures, progress)
    if not chosen.numbers:
        raise UsageError("nothing to export: name a capture", hint="archiver log lists them")
    return chosen


def _meant(archive: Archive, choice: Choice) -> Iterator[tuple[Meant, str]]:
    """Every REF, and every statement that is named beside it."""
    if choice.statements and len(choice.refs) != 1:
        raise UsageError(
            "--statement says which statements of one REF",
            hint="of several, name each as 42#s3" if choice.refs else "name it: archiver export 42 --statement s3",
        )
    for ref in choice.refs:
        if not choice.statements:
            yield look.resolve(archive, ref), ref
        for name in choice.statements:
            if "#" in ref:
                raise UsageError(f"{ref} names a statement already", hint="give several as 42#s1 42#s3")
            yield look.resolve(archive, ref, name), ref


def _narrowed(archive: Archive, choice: Choice, chosen: Chosen, progress: Progress) -> Iterator[Capture]:
    """The captures that address, days and words leave. Raises MissingError if there is none."""
    found = 0
    for capture in _candidates(archive, choice, progress):
        started = capture.facts.started if capture.facts is not None else capture.snapshot.manifest.time
        if choice.since is not None and started < choice.since:
            continue
        if choice.until is not None and started >= choice.until:
            continue
        if choice.words is not None and not _has_words(archive, capture, choice.words, chosen):
            continue
        found += 1
        yield capture
    if not found:
        wanted = " and ".join(
            words
            for words, given in (
                (f"of {choice.url}", choice.url),
                ("from these days", choice.since or choice.until),
                ("with these words", choice.words),
            )
            if given
        )
        raise MissingError(f"there is no capture {wanted} in this archive", where=str(archive.root))


def _candidates(archive: Archive, choice: Choice, progress: Progress) -> Iterator[Capture]:
    if choice.url is not None:
        yield from _at(archive, choice.url, progress)
    elif choice.words is not None:
        yield from _with_words(archive, choice, progress)
    else:
        yield from look.captures(archive)


def _at(archive: Archive, url: str, progress: Progress) -> Iterator[Capture]:
    """The captures that asked for an address, or were led to it; or of a local file of that name."""
    address = normalise_url(url) if "://" in url else url
    if archive.size() <= WALK:
        yield from (capture for capture in look.captures(archive) if _is_at(capture, address, url))
        return
    with Index.open(archive.folder, archive.home.indexes, progress=progress, search=False) as index:
        numbers = list(index.snapshots_at({address, url}))
    for number in numbers:
        snapshot = look.sealed(archive, number)
        capture = look.joined(archive, snapshot, look.newest_reading(archive, snapshot))
        if _is_at(capture, address, url):
            yield capture


def _is_at(capture: Capture, address: str, given: str) -> bool:
    facts = capture.facts
    if facts is not None and facts.request is not None:
        return address in (facts.request.url, facts.final_url) or given == facts.request.as_given
    return facts is not None and facts.file is not None and facts.file.name == given


def _with_words(archive: Archive, choice: Choice, progress: Progress) -> Iterator[Capture]:
    """The captures whose newest reading the index takes for one with these words."""
    words = key(choice.words or "")
    if not words.strip():
        raise UsageError("no words to search for", hint='archiver export --search "words of the page"')
    with Index.open(archive.folder, archive.home.indexes, progress=progress) as index:
        numbers = index.pages_with([words], Filter(), MANY)  # days: by the facts
    for number in numbers:
        reading = look.sealed(archive, number)
        snapshot = look.find_digest(archive, reading.manifest.subject or "", before=number)
        yield look.joined(archive, snapshot, reading)


def _has_words(archive: Archive, capture: Capture, words: str, chosen: Chosen) -> bool:
    """Whether the page text that was sealed has the words, in whatever spelling."""
    if capture.reading is None or capture.reading.manifest.object("page-text") is None:
        return False
    try:
        data = archive.object(capture.reading.manifest, "page-text", MAX_PAGE_TEXT)
        return key(words) in key(decode_object(data)[1])
    except ArchiverError:
        chosen.unread.append(capture.reading.sequence)
        return False


def _rechecks(archive: Archive, captures: Iterable[Capture], progress: Progress) -> set[int]:
    """The rechecks of some captures."""
    found = set()
    with Pages(archive, progress) as pages:
        for capture in captures:
            for recheck in pages.life_of(capture).rechecks:
                if recheck.of == capture.snapshot.digest:
                    found.add(recheck.item.sequence)
    return found
