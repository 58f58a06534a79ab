"""Archives that are captured once for a module of tests, and copied for each: a capture starts processes, a copy none.

`newsroom` and `site` are fixtures to be imported where one site serves a whole module; the addresses in a copied
archive are then those of the site that the test sees.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from newsroom import Newsroom
from terminal import User

LOCAL = ("--allow-private", "--delay", "0")


@pytest.fixture(scope="module")
def newsroom() -> Iterator[Newsroom]:
    with Newsroom() as site:
        yield site


@pytest.fixture
def site(newsroom: Newsroom) -> Newsroom:
    """One site for all tests of a module, as it was at first."""
    newsroom.restore()
    newsroom.requests.clear()
    return newsroom


def commands(folder: Path) -> Callable[..., int]:
    """Runs `archiver ARGUMENTS` for the user of a template; gives the exit code, which must be 0, 1 or 4."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("ARCHIVER_") and not name.lower().endswith("_proxy")
    } | {
        "ARCHIVER_CONFIG_DIR": str(folder / "config"),
        "ARCHIVER_STATE_DIR": str(folder / "state"),
        "ARCHIVER_ARCHIVE": str(folder / "archive"),
    }

    def archiver(*arguments: object) -> int:
        command = [sys.executable, "-m", "archiver", *map(str, arguments)]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        assert done.returncode in (0, 1, 4), done.stdout + done.stderr
        return done.returncode

    return archiver


def captured_once(folder: Path, newsroom: Newsroom, *paths: str, settings: str = "") -> Path:
    """A folder with an archive of these pages, captured one after the other, and the keys of its user."""
    archiver = commands(folder)
    assert archiver("init", folder / "archive", "--no-passphrase") == 0
    with (folder / "archive" / "archive.yaml").open("a") as stream:
        stream.write(settings)
    assert archiver("capture", *LOCAL, "--jobs", "1", *map(newsroom.url, paths)) == 0
    newsroom.requests.clear()
    return folder


def copied(template: Path, user: User, monkeypatch: pytest.MonkeyPatch) -> User:
    """The user with a copy of that archive as the default."""
    shutil.copytree(template / "archive", user.archive)
    shutil.copytree(template / "config", user.home)
    if (template / "state").exists():
        shutil.copytree(template / "state", user.folder / "state")
    monkeypatch.setenv("ARCHIVER_ARCHIVE", str(user.archive))
    return user
