"""`archiver verify` as people type it: checkpoints kept from before, what is required, and what they mistype."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from newsroom import Newsroom
from terminal import User

LOCAL = ("--allow-private", "--delay", "0")


@pytest.fixture
def archive(user: User, site: Newsroom) -> Path:
    user.init()
    user.ok("capture", *LOCAL, site.url("/gazette/ferry"))
    return user.archive


def test_a_checkpoint_kept_from_before(user: User, site: Newsroom, archive: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    shutil.copyfile(archive / "log" / "checkpoint", kept)
    user.ok("capture", *LOCAL, site.url("/gazette/ferry"))
    seen = user.ok("verify", "--since", kept, "--json").json()
    assert any(str(kept) in anchor for anchor in seen["anchors"])


def test_a_checkpoint_of_another_log_is_said_to_be_one(user: User, archive: Path, tmp_path: Path) -> None:
    user.ok("init", tmp_path / "other", "--no-passphrase")
    other = tmp_path / "other" / "log" / "checkpoint"
    seen = user("verify", archive, "--since", other)
    assert seen.code == 4
    assert "another log" in seen.out
    assert str(other) in seen.out


def test_a_checkpoint_that_this_archive_does_not_extend(
    user: User, site: Newsroom, archive: Path, tmp_path: Path
) -> None:
    shutil.copytree(archive, tmp_path / "before")
    user.ok("capture", *LOCAL, site.url("/gazette/ferry"))
    seen = user("verify", tmp_path / "before", "--since", archive / "log" / "checkpoint", "--json")
    assert seen.code == 1
    assert "history-shrunk" in {finding["code"] for finding in seen.json()["findings"]}


@pytest.mark.parametrize("content", [b"", b"no checkpoint\n", b"\xff\x00" * 40, b"x" * 100_000])
def test_a_file_that_is_no_checkpoint(user: User, archive: Path, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    seen = user("verify", "--since", path)
    assert seen.code == 3
    assert str(path) in seen.err
    assert "Traceback" not in seen.err


def test_what_is_required_and_not_there(user: User, archive: Path) -> None:
    for name in ("timestamp", "witness"):
        seen = user("verify", "--require", name)
        assert seen.code == 4, seen.out
        assert name in seen.out or "required" in seen.out
    assert user("verify", "--require", "signatures,log,objects,bytes").code == 0
    wrong = user("verify", "--require", "notary")
    assert wrong.code == 2
    assert "choose from" in wrong.err


def test_what_is_no_evidence(user: User, archive: Path, tmp_path: Path) -> None:
    assert user("verify", tmp_path / "nowhere").code == 3
    (tmp_path / "empty").mkdir()
    seen = user("verify", tmp_path / "empty")
    assert seen.code == 3
    assert "neither" in seen.err
