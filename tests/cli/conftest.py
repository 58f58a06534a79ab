"""A user with a home, a folder and a site of their own."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from newsroom import Newsroom
from terminal import User


@pytest.fixture
def user(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> User:
    for name in list(os.environ):
        if name.startswith("ARCHIVER_") or name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("ARCHIVER_CHROMIUM", "")  # browsers are started by tests/browser alone
    monkeypatch.setenv("ARCHIVER_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.setenv("ARCHIVER_STATE_DIR", str(tmp_path / "state"))
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    return User(tmp_path, capsys, monkeypatch)


@pytest.fixture
def site() -> Iterator[Newsroom]:
    with Newsroom() as newsroom:
        yield newsroom
