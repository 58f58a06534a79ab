"""`archiver publish` and `archiver audit`: a log as a static site, and somebody who follows it."""

from __future__ import annotations

import functools
import http.server
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from newsroom import Newsroom
from simulator import Simulator
from terminal import User

from archiver.tlog.merkle import leaf_hash, root
from archiver.tlog.tiles import ENTRIES, TileBuilder, tile_path

LOCAL = ("--allow-private", "--delay", "0")
PAGE = "/gazette/ferry"


@pytest.fixture
def archive(user: User, site: Newsroom) -> Path:
    user.init()
    user.ok("capture", *LOCAL, site.url(PAGE))
    return user.archive


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_arguments: object) -> None:
        """Nothing."""


@pytest.fixture
def web(tmp_path: Path) -> Iterator[str]:
    """The folder `site`, on a web server."""
    (tmp_path / "site").mkdir()
    handler = functools.partial(Quiet, directory=str(tmp_path / "site"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


def test_what_is_published(user: User, site: Newsroom, archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    user.ok("publish", out)
    assert files(out) == {"checkpoint", "tile/0/000.p/3"}
    assert (out / "checkpoint").read_bytes() == (archive / "log" / "checkpoint").read_bytes()
    assert (out / "checkpoint").stat().st_mode & 0o777 == 0o644
    user.ok("capture", *LOCAL, site.url(PAGE))
    assert user.ok("publish", out, "--json").json()["files"] == 2
    assert files(out) == {"checkpoint", "tile/0/000.p/3", "tile/0/000.p/5"}, "who reads the older one still can"
    assert user.ok("publish", out, "--json").json()["files"] == 0
    user.ok("publish", out, "--entries")
    assert "tile/entries/000.p/5" in files(out)
    assert user("publish", out).code == 2, "what had the entries keeps them"


def test_a_large_log_equals_its_own_computation(user: User, tmp_path: Path) -> None:
    """600 leaves, published in two steps: every tile as another computation has it, and no partial one too many."""
    from archiver.store.folder import ArchiveFolder
    from archiver.store.site import publish

    simulated = Simulator()
    steps = []
    for size in (300, 600):
        while simulated.checkpoint_size < size:
            simulated.note("…")
        folder = tmp_path / f"archive-{size}"
        for name, data in simulated.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(data)
        steps.append(folder)
    out = tmp_path / "out"
    for folder in steps:
        publish(ArchiveFolder(folder), out, entries=True)
    entries = simulated.manifests[:600]
    tree = TileBuilder(lambda _path: b"", 0, root([]))
    for entry in entries:
        tree.append(entry)
    for name, data in tree.files().items():
        assert (out / name).read_bytes() == data, name
    assert root([leaf_hash(entry) for entry in entries]) == tree.root()
    partial = {name for name in files(out) if ".p/" in name}
    assert partial == {
        tile_path(level, n, 600 // 256**s % 256) for level, n, s in ((ENTRIES, 2, 0), (0, 2, 0), (1, 0, 1))
    } | {tile_path(1, 0, 1)}


def test_what_is_never_published(user: User, site: Newsroom, archive: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    user.ok("publish", out)
    shutil.copytree(archive, tmp_path / "copy")
    user.ok("capture", *LOCAL, site.url(PAGE))
    user.ok("publish", out)
    stale = user("--archive", tmp_path / "copy", "publish", out)
    assert stale.code == 3
    assert "old copy" in stale.err
    user.ok("init", tmp_path / "other", "--no-passphrase")
    assert user("--archive", tmp_path / "other", "publish", out).code == 3
    (tmp_path / "documents").mkdir()
    (tmp_path / "documents" / "letter").write_text("Dear all")
    assert user("publish", tmp_path / "documents").code == 2
    assert files(tmp_path / "documents") == {"letter"}


def test_an_audit(user: User, site: Newsroom, archive: Path, tmp_path: Path, web: str) -> None:
    out, key = tmp_path / "site", archive / "trust" / "log.vkey"
    user.ok("publish", out)
    asked = user("audit", web, "--allow-private")
    assert asked.code == 2
    assert "--log" in asked.err
    first = user("audit", web, "--allow-private", "--log", key, "--json")
    assert (first.code, first.json()["outcome"]) == (4, "first")
    user.ok("capture", *LOCAL, site.url(PAGE))
    user.ok("publish", out)
    again = user("audit", "--allow-private", "--json")
    assert (again.code, again.json()["outcome"], again.json()["before"]) == (0, "consistent", 3)
    user.ok("audit", archive)
    shutil.rmtree(out / "tile")
    user.ok("capture", *LOCAL, site.url(PAGE))
    (out / "checkpoint").write_bytes((archive / "log" / "checkpoint").read_bytes())
    assert user("audit", web, "--allow-private").code == 1, "a checkpoint without its tiles"
    (out / "checkpoint").write_bytes(b"")
    assert user("audit", web, "--allow-private").code == 3
    assert user("audit", "http://127.0.0.1:9", "--allow-private").code == 3
    assert user("audit", tmp_path / "nowhere").code == 3


def test_an_older_tree_is_no_proof_and_is_said(user: User, site: Newsroom, archive: Path, tmp_path: Path) -> None:
    key = archive / "trust" / "log.vkey"
    user.ok("publish", tmp_path / "old")
    user.ok("capture", *LOCAL, site.url(PAGE))
    user.ok("publish", tmp_path / "new")
    user("audit", tmp_path / "new", "--log", key)
    seen = user("audit", tmp_path / "old", "--json")
    assert (seen.code, seen.json()["outcome"]) == (4, "stale")
    user.ok("audit", tmp_path / "new")


def test_a_split_view_is_proven(user: User, site: Newsroom, archive: Path, tmp_path: Path) -> None:
    """Two pasts by one key: shown to one person here, to another there."""
    shutil.copytree(archive, tmp_path / "fork")
    (guard,) = user.home.joinpath("keys").glob("*.guard")
    before = guard.read_bytes()
    for number, folder in enumerate((archive, tmp_path / "fork")):
        guard.write_bytes(before)
        for _ in range(1 + number):
            user.ok("--archive", folder, "capture", *LOCAL, site.url(PAGE))
        user.ok("--archive", folder, "publish", tmp_path / f"site-{number}")
    key = archive / "trust" / "log.vkey"
    user("audit", tmp_path / "site-0", "--log", key)
    seen = user("audit", tmp_path / "site-1", "--json")
    assert (seen.code, seen.json()["outcome"]) == (1, "split")
    kept = Path(seen.json()["evidence"])
    assert {path.name for path in kept.iterdir()} == {"checkpoint-a", "checkpoint-b"}
    # Somebody who knew nothing finds it from what another saw, and from a mailed checkpoint.
    for state in ("theirs",):
        environment = {"ARCHIVER_STATE_DIR": str(tmp_path / state)}
        options = ("--log", key, "--seen", tmp_path / "site-0" / "checkpoint")
        assert user("audit", tmp_path / "site-1", *options, environment=environment).code == 1
    (tmp_path / "junk").write_bytes(b"\x00")
    assert user("audit", tmp_path / "site-0", "--seen", tmp_path / "junk").code == 3
