"""Large archives: which pages there are comes from the index, and is what looking through everything gives."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from newsroom import Newsroom
from ready import LOCAL, captured_once, commands, copied, newsroom, site
from terminal import User

from archiver.archive import Archive
from archiver.store.home import Home
from archiver.work import look, pages
from archiver.work.lives import Life
from archiver.work.pages import Pages

__all__ = ["newsroom", "site"]
CRANE, FERRY, BEES = "/wire/harbour-crane", "/gazette/ferry", "/notes/bees"


@pytest.fixture(scope="module")
def template(newsroom: Newsroom, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three captures of two pages; rechecks that told something, and nothing; another page and a file to compare."""
    folder = tmp_path_factory.mktemp("template")
    captured_once(folder, newsroom, CRANE, FERRY, CRANE, settings='recheck: [{pattern: "*", every: 1s}]\n')
    archiver = commands(folder)
    newsroom.put("/web/crane", newsroom.pages[CRANE])
    newsroom.edit(CRANE, b"nobody can say", b"anybody can say")
    assert archiver("recheck", *LOCAL, newsroom.url(CRANE)) == 1
    newsroom.put(FERRY, newsroom.pages["/check/challenge"])
    assert archiver("recheck", *LOCAL, newsroom.url(FERRY)) == 4
    assert archiver("recheck", *LOCAL, "1", "--against", newsroom.url("/web/crane")) == 0
    saved = folder / "saved.html"
    saved.write_bytes(newsroom.pages[CRANE].data())
    assert archiver("capture", saved) == 0
    assert archiver("recheck", "latest", "--against", saved) == 0
    newsroom.restore()
    return folder


@pytest.fixture
def full(user: User, site: Newsroom, template: Path, monkeypatch: pytest.MonkeyPatch) -> User:
    return copied(template, user, monkeypatch)


def archive_of(user: User) -> Archive:
    return Archive(user.archive, Home(user.home, user.folder / "state"))


def told(life: Life | None) -> Any:
    """What a life is made of, in numbers."""
    if life is None:
        return None
    captures = [(item.snapshot.sequence, item.reading and item.reading.sequence) for item in life.captures]
    return life.url, captures, [(item.item.sequence, item.of) for item in life.rechecks], life.aside


def everything(archive: Archive) -> Any:
    """All that is known of an archive's pages."""
    with Pages(archive) as found:
        times = found.times()
        return (
            times,
            [told(found.life(page.url)) for page in times],
            [told(life) for life in found.lives()],
            [told(found.life_of(capture)) for capture in look.captures(archive)],
        )


def test_the_index_gives_what_the_archive_does(full: User, site: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = archive_of(full)
    walked = everything(archive)
    assert not (full.archive / "index.sqlite").exists(), "a small archive needs none"
    assert [page.aside for page in walked[0]] == [False, False, True]
    assert [[known for _, known in page.visits] for page in walked[0]] == [[True], [False], []]
    monkeypatch.setattr(pages, "WALK", 0)
    assert everything(archive) == walked
    assert (full.archive / "index.sqlite").exists()
    assert full("capture", *LOCAL, site.url(BEES)).code == 0
    grown = everything(archive)
    assert len(grown[0]) == 4
    monkeypatch.setattr(pages, "WALK", 1000)
    assert everything(archive) == grown


def test_commands_say_the_same(full: User, site: Newsroom, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = [
        ("history", site.url(CRANE), "--json"),
        ("history", "2#s2", "--json"),
        ("history", "latest", "--json"),
    ]
    walked = [full.ok(*arguments).out for arguments in asked]
    monkeypatch.setattr(pages, "WALK", 0)
    assert [full.ok(*arguments).out for arguments in asked] == walked
    result = full("recheck", *LOCAL, "--jobs", "1", "--due", "--json")
    assert sorted({line["url"] for line in result.lines()}) == sorted(map(site.url, (CRANE, FERRY)))
    assert full("find", "nobody can say that it was hidden").code == 0, "the words are taken in when they are wanted"


@pytest.mark.parametrize(
    "harm",
    [
        "UPDATE snapshots SET url = 'https://elsewhere.example/'",
        "UPDATE readings SET snapshot = 1",
        "DROP TABLE rechecks",
    ],
)
def test_an_index_that_lies_is_not_believed(full: User, monkeypatch: pytest.MonkeyPatch, harm: str) -> None:
    archive = archive_of(full)
    walked = everything(archive)
    monkeypatch.setattr(pages, "WALK", 0)
    everything(archive)
    with closing(sqlite3.connect(full.archive / "index.sqlite")) as index:
        index.execute(harm)
        index.commit()
    known = {item[0]: item for item in walked[1]}
    with Pages(archive) as found:
        for url, (_, captures, rechecks, _) in known.items():
            life = told(found.life(url))
            if life is None:
                continue
            pairs = [(number, reading) for number, reading in life[1] if reading is not None]
            assert set(pairs) <= set(captures) and set(life[2]) <= set(rechecks), "rows may be missing, none is false"
        for capture in look.captures(archive):
            assert capture.snapshot.digest in {item.snapshot.digest for item in found.life_of(capture).captures}


def test_what_cannot_be_read_is_left_to_verify(full: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "WALK", 0)
    archive = archive_of(full)
    before = everything(archive)
    capture = next(item for item in look.captures(archive) if item.snapshot.sequence == 5)
    name = archive.folder.object_name(capture.snapshot.manifest.object("facts").digest)  # type: ignore[union-attr]
    assert name is not None
    (full.archive / name).unlink()
    through = everything(archive)
    (full.archive / "index.sqlite").unlink()
    monkeypatch.setattr(pages, "WALK", 1000)
    walked = everything(archive)
    assert walked[1][0][1] == [item for item in before[1][0][1] if item[0] != 5]
    assert through[1] == walked[1]
