"""The index: built and brought up to date, thrown away where it does not belong, never in the archive's way."""

from __future__ import annotations

import os
import shutil
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import reference
from newsroom import Newsroom

from archiver.archive import Archive
from archiver.errors import FormatError
from archiver.model import facts as facts_model
from archiver.model.facts import Remark
from archiver.model.manifest import ObjectRef, spell_salt
from archiver.store import index_fill
from archiver.store.folder import ArchiveFolder
from archiver.store.home import Home
from archiver.store.index import Filter, Index
from archiver.store.index_file import NAME, Basis, basis_of, create, has_trigrams, write_basis
from archiver.store.ledger import Draft
from archiver.store.search_key import key
from archiver.verify.layout import CHECKPOINT, object_path
from archiver.verify.policy import Policy
from archiver.verify.run import verify
from archiver.work import look
from archiver.work.again import pending, read_again
from archiver.work.keys import Passphrases, load_keys

MANIFESTS = Path(__file__).resolve().parents[2] / "manifests"
ANY = Filter()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A copy of the reference archive."""
    shutil.copytree(MANIFESTS, tmp_path / "archive")
    return tmp_path / "archive"


def opened(root: Path, **more: Any) -> Index:
    return Index.open(ArchiveFolder(root), root.parent / "indexes", **more)


def dump(root: Path) -> dict[str, Any]:
    """Everything in an index that does not depend on when it was made."""
    queries = {
        "meta": "SELECT * FROM meta",
        "snapshots": "SELECT * FROM snapshots",
        "addresses": "SELECT * FROM addresses",
        "readings": "SELECT * FROM readings",
        "rechecks": "SELECT * FROM rechecks",
        "pages": "SELECT * FROM pages",
        "statements": "SELECT reading, name, speaker, words FROM statements",
        "grams": "SELECT * FROM grams WHERE count != 0",
    }
    with closing(sqlite3.connect(root / NAME)) as connection:
        return {name: sorted(connection.execute(query)) for name, query in queries.items()}


def rolled_back(root: Path, size: int) -> bytes:
    """Let the archive end where it had `size` manifests; its newest checkpoint."""
    newest = (root / CHECKPOINT).read_bytes()
    (root / CHECKPOINT).write_bytes((root / "log" / "checkpoints" / str(size)).read_bytes())
    return newest


def sizes(root: Path) -> list[int]:
    return sorted(int(path.name) for path in (root / "log" / "checkpoints").iterdir() if path.name.isdigit())


def found(index: Index, words: str, wanted: Filter = ANY) -> list[tuple[int, str]]:
    return [(row.reading, row.statement) for row in index.statements_with([key(words)], wanted)]


def test_it_holds_what_the_archive_does(root: Path) -> None:
    archive = Archive(root, Home(root.parent / "c", root.parent / "s"))
    captures = list(look.captures(archive))
    with opened(root) as index:
        totals = index.totals()
        assert index.count == archive.size()
        assert totals.statements == sum(item.found.statements for item in captures if item.found is not None)
        assert totals.unread == 0
        for capture in captures:
            assert capture.snapshot.sequence in index.snapshots_at([capture.url])
            assert capture.reading is not None
            assert index.readings_of(capture.snapshot.sequence) == [capture.reading.sequence]
            assert index.snapshot_of(capture.reading.sequence) == (
                capture.snapshot.sequence,
                capture.snapshot.manifest.time,
            )
            assert index.number_of(capture.reading.digest) == capture.reading.sequence
            for record, _ in look.statements(archive, capture.reading):
                assert (capture.reading.sequence, record.id) in found(index, record.text)
    assert (root / NAME).is_file()
    assert sorted(path.name for path in root.iterdir() if path.name.startswith("index")) == [NAME]


def test_it_is_no_fault_of_the_archive(root: Path) -> None:
    opened(root).close()
    report = verify(ArchiveFolder(root), Policy())
    assert not report.failed
    assert [finding.code for finding in report.findings if finding.file == NAME] == ["file-unbound"]


def test_a_second_look_writes_nothing(root: Path) -> None:
    opened(root).close()
    before = (root / NAME).read_bytes()
    opened(root).close()
    assert (root / NAME).read_bytes() == before


def test_brought_up_to_date_it_is_the_same_as_made_anew(root: Path) -> None:
    steps = sizes(root)
    newest = rolled_back(root, steps[1])
    for size in steps[1::3]:
        rolled_back(root, size)
        with opened(root) as index:
            assert index.count == size
    (root / CHECKPOINT).write_bytes(newest)
    with opened(root) as index:
        assert index.count == steps[-1]
    grown = dump(root)
    (root / NAME).unlink()
    opened(root).close()
    assert dump(root) == grown


def test_one_that_has_seen_more_than_there_is_is_made_anew(root: Path) -> None:
    opened(root).close()
    size = sizes(root)[3]
    rolled_back(root, size)
    assert Index.peek(ArchiveFolder(root), None) is None
    with opened(root) as index:
        assert index.count == size
    assert max(row[0] for row in dump(root)["readings"]) < size


def test_one_of_another_archive_is_made_anew(root: Path, tmp_path: Path) -> None:
    opened(root).close()
    right = dump(root)
    with Newsroom() as site:
        reference.make(tmp_path / "other", Home(tmp_path / "c", tmp_path / "s"), site)
    shutil.copy(root / NAME, tmp_path / "other" / NAME)
    assert Index.peek(ArchiveFolder(tmp_path / "other"), None) is None
    opened(tmp_path / "other").close()
    other = dump(tmp_path / "other")
    assert dict(other["meta"])["archive"] != dict(right["meta"])["archive"] or other["meta"] != right["meta"]
    shutil.copy(tmp_path / "other" / NAME, root / NAME)
    opened(root).close()
    assert dump(root) == right


def wipe(path: Path) -> None:
    path.write_bytes(b"")


def scribble(path: Path) -> None:
    data = bytearray(path.read_bytes())
    for at in range(200, len(data), 97):
        data[at] ^= 0x5A
    path.write_bytes(data)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def write_text(path: Path) -> None:
    path.write_text("not a database at all, but longer than a header of one would be" * 40)


def with_trigger(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TRIGGER t AFTER INSERT ON meta BEGIN DELETE FROM statements; END")
        connection.commit()


def of_another_version(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE meta SET value = '0.0' WHERE name = 'version'")
        connection.commit()


def another_tip(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE meta SET value = 'sha256:' || hex(zeroblob(32)) WHERE name = 'last'")
        connection.commit()


def another_root(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE meta SET value = 'sha256:' || hex(zeroblob(32)) WHERE name = 'root'")
        connection.commit()


def count_of_words(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE meta SET value = 'many' WHERE name = 'count'")
        connection.commit()


@pytest.mark.parametrize(
    "harm",
    [
        wipe,
        scribble,
        cut,
        write_text,
        with_trigger,
        of_another_version,
        another_tip,
        another_root,
        count_of_words,
    ],
    ids=lambda harm: harm.__name__,
)
def test_a_damaged_one_is_made_anew(root: Path, harm: Callable[[Path], None]) -> None:
    opened(root).close()
    right = dump(root)
    harm(root / NAME)
    assert Index.peek(ArchiveFolder(root), None) is None
    opened(root).close()
    assert dump(root) == right


def test_damage_behind_the_beginning_is_found_when_it_is_met(root: Path) -> None:
    opened(root).close()
    data = bytearray((root / NAME).read_bytes())
    for at in range(40_960, len(data), 64):
        data[at] ^= 0xFF
    (root / NAME).write_bytes(data)
    index = opened(root)
    with index, pytest.raises(FormatError, match="damaged"):
        for word in ("the", "der", "le", "crane", "bridge"):
            found(index, word)
            index.statements_like(key(f"{word} of the harbour authority"), ANY)
            index.pages_with([key(word)], ANY, 10)
        index.totals()
    with opened(root, anew=True) as index:
        assert found(index, "crane") is not None and index.totals().statements > 50


def test_a_symbolic_link_is_not_followed(root: Path, tmp_path: Path) -> None:
    victim = tmp_path / "thesis.txt"
    victim.write_text("mine")
    (root / NAME).symlink_to(victim)
    assert Index.peek(ArchiveFolder(root), None) is None
    opened(root).close()
    assert victim.read_text() == "mine"
    assert not (root / NAME).is_symlink() and (root / NAME).stat().st_size > 4


def test_where_the_archive_cannot_be_written(root: Path) -> None:
    (root / NAME).mkdir()  # as good as a folder without permission, also for root
    with opened(root) as index:
        place = index.place
        assert place.parent == root.parent / "indexes" and not index.temporary
        assert found(index, "nobody can say that it was hidden")
    assert place.stat().st_mode & 0o077 == 0
    peeked = Index.peek(ArchiveFolder(root), root.parent / "indexes")
    assert peeked is not None and peeked.place == place
    peeked.close()


def test_where_nothing_can_be_written(root: Path) -> None:
    (root / NAME).mkdir()
    (root.parent / "indexes").write_text("in the way")
    with opened(root) as index:
        place = index.place
        assert index.temporary and place.exists()
        assert found(index, "nobody can say that it was hidden")
    assert not place.exists()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_without_permission(root: Path) -> None:
    root.chmod(0o555)
    try:
        with opened(root) as index:
            assert index.place.parent == root.parent / "indexes"
    finally:
        root.chmod(0o755)


def test_words_are_found_in_every_script(root: Path) -> None:
    with opened(root) as index:
        for words, count in (
            ("nobody can say that it was hidden", 2),  # in two captures of that page
            ("NOBODY can say — that it was hidden!", 2),
            ("nobody can say that it was hiding", 0),
            ("body can say", 0),
            ("苦しい決断だった", 1),
            ("海", 1),
            ("لن نفتح الجسر", 1),
            ("mes genoux qui ont change", 1),
            ("Pfeilern Risse gefunden", 1),
        ):
            assert len(found(index, words)) == count, words
        assert len(found(index, "no")) > 3
        like = index.statements_like(key("nobody could say that this was hidden, the entry is there"), ANY)
        assert "nobody can say that it was hidden" in like[0].words
        assert index.pages_with([key("Branches in three villages will close at Easter")], ANY, 5)
        assert index.pages_with([key("Branches in seven villages will close at Whitsun")], ANY, 5) == []
        page = index.pages_like(key("Branches in three small villages will be closed at Easter"), ANY, 1)
        assert page == index.pages_with([key("Branches in three villages will close at Easter")], ANY, 5)


def test_filters(root: Path) -> None:
    with opened(root) as index:
        words = "the"
        everything = found(index, words)
        assert found(index, words, Filter(since="2026-11-24")) == everything
        assert found(index, words, Filter(since="2027")) == []
        assert found(index, words, Filter(until="2026-11-24")) == []
        here = found(index, words, Filter(place="harbour-crane"))
        assert here and len(here) < len(everything)
        assert found(index, words, Filter(place="tideline"))
        lindqvar = found(index, words, Filter(speaker=key("Lindqvar")))
        assert lindqvar == found(index, words, Filter(speaker=key("per LINDQVAR"))) != []
        assert found(index, words, Filter(speaker=key("Lind"))) == []
        assert index.pages_with([key(words)], Filter(speaker=key("Lindqvar")), 5) == []
        assert len(index.pages_with([key(words)], Filter(place="harbour-crane"), 5)) >= 1


def test_without_trigram_search_it_answers_the_same_more_slowly(root: Path) -> None:
    assert has_trigrams()
    with opened(root) as index:
        queries = ["nobody can say that it was hidden", "海", "no", "absent words", "Pfeilern Risse"]
        right = {words: found(index, words) for words in queries}
        like = index.statements_like(key("nobody could say that it was hidden in the file"), ANY)[0]
    with opened(root, fts=False) as index:
        assert {words: found(index, words) for words in queries} == right
        assert index.statements_like(key("nobody could say that it was hidden in the file"), ANY)[0] == like
        assert index.pages_with([key("Branches in three villages")], ANY, 100)
    with opened(root) as index:
        assert index.fts, "a better SQLite makes it anew"
        assert found(index, "海") == right["海"]


def test_interrupted_it_goes_on_where_it_was(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened(root).close()
    right = dump(root)
    (root / NAME).unlink()
    monkeypatch.setattr(index_fill, "PIECE", 6)

    def stop(_what: str, done: int, _total: int) -> None:
        if done >= 18:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        opened(root, progress=stop)
    peeked = Index.peek(ArchiveFolder(root), None)
    assert peeked is not None and peeked.count == 18
    peeked.close()
    seen: list[int] = []
    opened(root, progress=lambda _what, done, _total: seen.append(done)).close()
    assert seen[0] == 18
    assert dump(root) == right


def test_two_programs_at_once(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index_fill, "PIECE", 4)
    create(root / NAME, fts=True).close()
    errors: list[BaseException] = []

    def work() -> None:
        try:
            opened(root).close()
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    together = dump(root)
    (root / NAME).unlink()
    opened(root).close()
    assert dump(root) == together


def test_what_cannot_be_read_is_told(root: Path) -> None:
    archive = Archive(root, Home(root.parent / "c", root.parent / "s"))
    capture = next(item for item in look.captures(archive) if item.found is not None and item.found.statements > 3)
    assert capture.reading is not None
    ref = capture.reading.manifest.object("statements")
    assert ref is not None
    (root / object_path(ref.digest)).unlink()
    with opened(root) as index:
        assert index.unread() == [(capture.reading.sequence, "its statements is not here")]
        assert index.totals().unread == 1


@pytest.mark.parametrize(
    "line",
    [
        b"{",
        b"[]",
        b'{"id":1,"text":"x","speaker":null}',
        b'{"id":"s1","text":"\\ud800x","speaker":null}',
        b'{"id":"s1\'","text":"x","speaker":null}',
        b'{"id":"s1","speaker":null}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_hostile_lines_are_told_or_taken(line: bytes) -> None:
    try:
        name, who, words = index_fill._parsed(line)
    except FormatError:
        return
    assert key(words).encode() and name == "s1" and who == ""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An archive of one page whose keys are at hand."""
    base = tmp_path_factory.mktemp("small")
    home = Home(base / "config", base / "state")
    pages, reference.PAGES = reference.PAGES, ("/wire/harbour-crane", "/de/bruecke")
    try:
        with Newsroom(date=reference.DATE) as site:
            reference.make(base / "archive", home, site)
    finally:
        reference.PAGES = pages
    return base


def unlocked(base: Path) -> Archive:
    archive = Archive(base / "archive", Home(base / "config", base / "state"))
    archive.unlock(*load_keys(archive, Passphrases(None, lambda _path, _again: None)))
    return archive


def test_of_each_capture_the_newest_reading_counts(small: Path, tmp_path: Path) -> None:
    shutil.copytree(small, tmp_path, dirs_exist_ok=True)
    archive = unlocked(tmp_path)
    with opened(archive.root) as index:
        (before,) = found(index, "nobody can say that it was hidden")
    (done,) = read_again(archive, pending(archive, ["1"]), 1)
    with opened(archive.root) as index:
        (after,) = found(index, "nobody can say that it was hidden")
        assert index.readings_of(1) == [before[0], done.reading]
        assert index.pages_with([key("nobody can say")], ANY, 9) == [done.reading]
    assert (before[0], after[0]) == (2, done.reading)
    grown = dump(archive.root)
    (archive.root / NAME).unlink()
    opened(archive.root).close()
    anew = dump(archive.root)
    assert anew == grown
    archive.disk.scratch.close()


def test_what_was_taken_down_leaves_the_index_as_well(small: Path, tmp_path: Path) -> None:
    shutil.copytree(small, tmp_path, dirs_exist_ok=True)
    archive = unlocked(tmp_path)
    opened(archive.root).close()
    assert b"nobody can say that it was hidden" in (archive.root / NAME).read_bytes()
    reading = look.sealed(archive, 2)
    removed = tuple(ref.digest for ref in reading.manifest.objects if ref.role in ("statements", "page-text"))
    remark = archive.objects.stage_bytes(
        facts_model.encode(Remark(None, "ordered by a court", spell_salt(archive.entropy(16))))
    )
    with archive.ledger().batch() as group:
        group.adopt(remark)
        facts = ObjectRef("facts", remark.digest, remark.size, "application/json")
        group.add(Draft("takedown", reading.digest, removed, (facts,), archive.clock()))
        group.commit()
    for name in removed:
        (archive.root / object_path(name)).unlink()
    with opened(archive.root) as index:
        assert found(index, "nobody can say that it was hidden") == []
        assert [number for number, _ in index.unread()] == [2]
        assert len(found(index, "Pfeilern Risse gefunden")) == 1
    assert b"nobody can say that it was hidden" not in (archive.root / NAME).read_bytes()
    archive.disk.scratch.close()


def test_the_basis_is_kept_and_read_strictly(tmp_path: Path) -> None:
    with closing(create(tmp_path / NAME, fts=True)) as connection:
        assert basis_of(connection) is None
        basis = Basis("sha256:" + "1" * 64, 5, "sha256:" + "2" * 64, 9, "sha256:" + "3" * 64)
        write_basis(connection, basis)
        assert basis_of(connection) == basis
        connection.execute("DELETE FROM meta WHERE name = 'size'")
        assert basis_of(connection) is None
