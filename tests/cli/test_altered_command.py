"""An archive that somebody altered: no command hands out what was put there as what was sealed."""

from __future__ import annotations

import contextlib
import json
import sqlite3
from pathlib import Path

import pytest
from newsroom import Newsroom
from terminal import User

TRUE, FALSE = b"nobody can say", b"FORGED can say"  # of the same length: sizes agree as well


@pytest.fixture
def captured(user: User, site: Newsroom) -> User:
    user.init()
    user.ok("capture", "--allow-private", site.url("/wire/harbour-crane"))
    return user


def alter(user: User, true: bytes, false: bytes) -> int:
    """Replace bytes in every object that has them; how many these are."""
    changed = 0
    for path in sorted(user.archive.glob("objects/sha256/*/*")):
        data = path.read_bytes()
        if true in data:
            path.chmod(0o644)
            path.write_bytes(data.replace(true, false))
            changed += 1
    return changed


def test_altered_words(captured: User) -> None:
    captured.ok("find", "groaning")  # so that an index of the true words is there
    assert alter(captured, TRUE, FALSE) == 2, "page text and statements"
    for typed in (
        ("show", "1"),
        ("show", "1", "--json"),
        ("cite", "2#s2"),
        ("statements", "1"),
        ("history", "1"),
        ("diff", "1", "1"),
        ("pin", "1", "--quote", "the boom was groaning"),
        ("correct", "1", "--export", "sheet.yaml"),
        ("export", "1", "-o", "out.zip"),
        ("report", "1", "-o", "out.html"),
    ):
        seen = captured(*typed)
        assert seen.code == 3, typed
        assert "not what was sealed" in seen.err, typed
        assert "archiver verify" in seen.err, typed
        assert "FORGED" not in seen.out, typed
    assert not Path("out.zip").exists()
    assert not Path("out.html").exists()
    for words in ("FORGED can say that it was hidden", "nobody can say that it was hidden"):
        seen = captured("find", words)
        assert seen.code == 4, "neither found nor absent"
        assert "not what was sealed" in seen.out + seen.err
    (captured.archive / "index.sqlite").unlink()
    seen = captured("find", "FORGED can say that it was hidden")
    assert seen.code == 4
    assert "not what was sealed" in seen.out + seen.err


def test_an_altered_page_is_not_read(captured: User) -> None:
    assert alter(captured, b" 200 OK", b" 404 OK") == 1, "the WARC"
    seen = captured("read", "1")
    assert seen.code == 3
    assert "not what was sealed" in seen.out + seen.err
    assert len(captured.ok("log", "--raw", "--json").lines()) == 3, "nothing was sealed of it"


def test_an_altered_manifest_is_not_cited(captured: User) -> None:
    path = captured.archive / "chain" / "001.json"
    manifest = path.read_text()
    time = json.loads(manifest)["time"]
    digest = captured.ok("show", "1", "--json").json()["snapshot"]["digest"]
    path.chmod(0o644)
    path.write_text(manifest.replace(time, "2019" + time[4:]))
    altered = captured("show", "1")
    assert altered.code == 1, "it is shown, and called what it is"
    assert "chain/001.json.sig: the signature does not hold" in altered.err
    assert digest not in altered.out
    assert captured("cite", "2#s2").code == 3
    path.write_text(manifest)
    captured.ok("show", "1")
    captured.ok("cite", "2#s2")


def test_an_index_that_was_emptied_is_named_where_it_found_nothing(captured: User) -> None:
    captured.ok("find", "groaning")
    with contextlib.closing(sqlite3.connect(captured.archive / "index.sqlite")) as index, index:
        for table in ("statements", "pages", "readings"):
            index.execute(f"DELETE FROM {table}")
    seen = captured("find", "groaning")
    assert seen.code == 4
    assert "archiver find --rebuild" in seen.out
    captured.ok("find", "groaning", "--rebuild")


def test_a_reading_whose_objects_are_gone_is_not_called_unread(captured: User) -> None:
    manifest = json.loads((captured.archive / "chain" / "002.json").read_text())
    for ref in manifest["objects"]:
        name = ref["digest"].removeprefix("sha256:")
        (captured.archive / "objects" / "sha256" / name[:2] / name[2:]).unlink()
    seen = captured("show", "1")
    assert seen.code == 3
    assert "Its reading, number 2, cannot be shown" in seen.out
    assert "Not read yet" not in seen.out
    assert "0 statements" not in seen.out
