"""An archive on disk for the tests of exporting and of taking down."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from bundle_cases import Page, capture, small_page

from archiver.archive import Archive
from archiver.store.home import Home
from archiver.work.keys import Passphrases, load_keys, make_archive

SEEDS = (b"signer".ljust(32, b"."), b"log".ljust(32, b"."), b"recovery".ljust(32, b"."))


@pytest.fixture
def archive(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Archive:
    """An archive with two captures, unlocked; the working folder is beside it."""
    home = Home(tmp_path / "config", tmp_path / "state")
    root = tmp_path / "archive"
    time = iter(f"2026-11-24T09:00:{n // 10:02d}.{n % 10}00Z" for n in range(600))
    made = Archive(root, home, clock=lambda: next(time))
    make_archive(root, home, passphrase=None, origin=None, clock=made.clock, entropy=os.urandom, seeds=SEEDS)
    made.unlock(*load_keys(made, Passphrases(None, lambda path, again: None)))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    capture(made, small_page())
    capture(made, Page(b"<p>Other words.</p>", url="https://news.example/other", title="Other"))
    return made
