"""`archiver witness`: two newsrooms see that each other's log only grows, over HTTP and by file; what a rewritten, a
shortened and a forked log meet."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from newsroom import Newsroom
from terminal import User

LOCAL = ("--allow-private", "--delay", "0")
PAGE = "/gazette/ferry"


@pytest.fixture
def archive(user: User, site: Newsroom) -> Path:
    user.init()
    user.ok("capture", *LOCAL, site.url(PAGE))
    return user.archive


class Ann:
    """The witness: another person, with another home."""

    def __init__(self, folder: Path, user: User) -> None:
        self.environment = {"ARCHIVER_CONFIG_DIR": str(folder / "ann"), "ARCHIVER_STATE_DIR": str(folder / "ann-state")}
        self._user = user

    def __call__(self, *arguments: object) -> str:
        done = self._user("witness", *arguments, environment=self.environment)
        assert done.code == 0, done.err
        return done.out

    def code(self, *arguments: object) -> int:
        return self._user("witness", *arguments, environment=self.environment).code

    def json(self) -> dict[str, object]:
        found: dict[str, object] = self._user("witness", "show", "--json", environment=self.environment).json()
        return found

    @contextlib.contextmanager
    def serving(self, *arguments: str) -> Iterator[str]:
        """The address at which she answers."""
        process = subprocess.Popen(
            [sys.executable, "-m", "archiver", "witness", "serve", "--listen", "127.0.0.1:0", *arguments],
            env={**os.environ, **self.environment},
            stderr=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
        )
        try:
            assert process.stderr is not None
            while "listening" not in (line := process.stderr.readline()):
                assert line, "the server ended"
            yield line.split()[-1]
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)
            assert process.stderr is not None
            process.stderr.close()


@pytest.fixture
def ann(user: User, archive: Path, tmp_path: Path) -> Ann:
    return Ann(tmp_path, user)


def made(ann: Ann, archive: Path) -> str:
    """Ann becomes a witness of the archive's log; her key."""
    found = re.search(r"^  (ann\.example\+\S+)$", ann("init", "ann.example", "--no-passphrase"), re.M)
    assert found is not None
    ann("follow", archive / "trust" / "log.vkey")
    return found[1]


def test_two_commands(user: User, site: Newsroom, archive: Path, ann: Ann) -> None:
    with ann.serving("--name", "ann.example", "--log", str(archive / "trust" / "log.vkey")) as address:
        pytest.importorskip("waitress")
        key = next(iter(keys_of(ann)))
        user.ok("witness", "add", key, address, "--as", "ann")
        asked = user.ok("witness", "ask", "--allow-private", "--json").json()
        assert [(item["witness"], item["state"]) for item in asked["results"]] == [("ann", "cosigned")]
        assert user.ok("witness", "ask", "--allow-private").out.startswith("Nothing to ask for")
        user.ok("capture", *LOCAL, site.url(PAGE))
        assert user("verify", "--require", "witness").code == 4, "the newest manifests were seen by nobody"
        user.ok("witness", "ask", "--allow-private")
        seen = user.ok("verify", "--require", "witness", "--json").json()
        assert any(anchor.startswith("witness ann: saw") for anchor in seen["anchors"])
        origin = seen["log"]["origin"] if "log" in seen else seen["origin"]
        name = hashlib.sha256(origin.encode()).hexdigest()
        with urllib.request.urlopen(f"{address}/{name}/checkpoint") as answer:
            assert answer.read().decode().count("\n— ") == 4, "two lines by the log, two by the witness"
        for path in ("/", "/x/checkpoint", f"/{'0' * 64}/checkpoint"):
            with pytest.raises(urllib.error.HTTPError) as refused:
                urllib.request.urlopen(address + path)
            assert refused.value.code == 404


def keys_of(ann: Ann) -> Iterator[str]:
    """Ann's Ed25519 key, as she would read it out."""
    from archiver.store.home import Home
    from archiver.work.witness import open_witness

    home = Home.of_user(ann.environment)
    yield open_witness(home, None, lambda _path, _again: None).vkeys()[0].spell()


def test_by_file(user: User, site: Newsroom, archive: Path, ann: Ann, tmp_path: Path) -> None:
    user.ok("witness", "add", made(ann, archive))
    user.ok("witness", "request", "-o", tmp_path / "request")
    ann("cosign", tmp_path / "request", "-o", tmp_path / "answer")
    user.ok("witness", "take", tmp_path / "answer")
    assert user("witness", "take", tmp_path / "answer").code in (0, 1), "twice does no harm"
    seen = user.ok("verify", "--require", "witness")
    assert "ann.example" in seen.out
    user.ok("capture", *LOCAL, site.url(PAGE))
    user.ok("witness", "request", "-o", tmp_path / "later")
    assert ann.code("cosign", tmp_path / "later") == 1, "it does not say what she has seen"
    size = ann.json()["logs"][0]["size"]  # type: ignore[index]
    user.ok("witness", "request", "--old", size, "-o", tmp_path / "again")
    ann("cosign", tmp_path / "again", "-o", tmp_path / "answer-2")
    user.ok("witness", "take", tmp_path / "answer-2")
    user.ok("verify", "--require", "witness")


def test_a_policy_of_the_verifier_s_own(user: User, archive: Path, ann: Ann, tmp_path: Path) -> None:
    key = made(ann, archive)
    user.ok("witness", "add", key)
    user.ok("witness", "request", "-o", tmp_path / "request")
    ann("cosign", tmp_path / "request", "-o", tmp_path / "answer")
    user.ok("witness", "take", tmp_path / "answer")
    policy = tmp_path / "policy"
    other = re.sub(r"\+.*", "", key)
    policy.write_text(f"witness {other} {key}\nquorum {other}\n")
    stranger = {"ARCHIVER_CONFIG_DIR": str(tmp_path / "stranger"), "ARCHIVER_STATE_DIR": str(tmp_path / "s-state")}
    identity = user.ok("verify", "--json").json()["archive"]
    trust = ("--trust", identity, "--require", "witness")
    assert user("verify", archive, *trust, environment=stranger).code == 4, "the archive's own policy is its own claim"
    assert user("verify", archive, *trust, "--policy", policy, environment=stranger).code == 0
    assert user("verify", archive, "--policy", tmp_path / "nothing", environment=stranger).code == 3
    policy.write_text("witness\n")
    assert user("verify", archive, "--policy", policy, environment=stranger).code == 3


def test_a_shortened_log_is_refused(user: User, site: Newsroom, archive: Path, ann: Ann, tmp_path: Path) -> None:
    """A restored backup of archive and keys: the log cannot know, its guard is as old. The witness does."""
    backup = Path(shutil.copytree(archive, tmp_path / "backup"))
    (guard,) = user.home.joinpath("keys").glob("*.guard")
    before = guard.read_bytes()
    with ann.serving("--name", "ann.example", "--log", str(archive / "trust" / "log.vkey")) as address:
        user.ok("capture", *LOCAL, site.url(PAGE))
        user.ok("witness", "add", next(iter(keys_of(ann))), address, "--as", "ann")
        user.ok("witness", "ask", "--allow-private")
        shutil.copytree(archive / "trust", backup / "trust", dirs_exist_ok=True)
        guard.write_bytes(before)
        seen = user("--archive", backup, "witness", "ask", "--allow-private")
        assert seen.code == 1
        assert "old copy" in seen.out


def test_a_forked_log_is_found_out(user: User, site: Newsroom, archive: Path, ann: Ann, tmp_path: Path) -> None:
    """Two copies that grew apart, by somebody who restores the guard too: the witness keeps both signed trees."""
    made(ann, archive)
    shutil.copytree(archive, tmp_path / "fork")
    (guard,) = user.home.joinpath("keys").glob("*.guard")
    before = guard.read_bytes()
    requests = []
    for number, root in enumerate((archive, tmp_path / "fork")):
        guard.write_bytes(before)
        user.ok("--archive", root, "capture", *LOCAL, site.url(PAGE))
        requests.append(tmp_path / f"request-{number}")
        user.ok("--archive", root, "witness", "request", "-o", requests[-1])
    ann("cosign", requests[0], "-o", tmp_path / "answer")
    assert ann.code("cosign", requests[1]) == 1
    (kept,) = ann.json()["splits"]  # type: ignore[misc]
    assert Path(kept).read_bytes().count("— ".encode()) == 6, "what was cosigned, and what was asked"


def test_what_people_mistype(user: User, archive: Path, ann: Ann, tmp_path: Path) -> None:
    assert user("witness", "ask").code == 2
    assert user("witness", "add", "nonsense").code == 3
    assert user("witness", "show").code == 3
    assert user("witness", "serve", "--listen", "8123").code == 2
    assert user("witness", "request", "--old", "99", "-o", tmp_path / "r").code == 2
    key = made(ann, archive)
    user.ok("witness", "add", key, "http://127.0.0.1:9")
    assert user("witness", "add", key).code == 2
    assert user("witness", "ask", "ben").code == 2
    refused = user("witness", "ask")
    assert refused.code == 1, "nothing listens, and the address is private"
    (tmp_path / "junk").write_bytes(b"\xff\n\n\x00")
    assert user("witness", "take", tmp_path / "junk").code == 3
    assert ann.code("cosign", tmp_path / "junk") == 1
    assert ann.code("follow", tmp_path / "junk") == 3
    assert ann.code("init", "other.example", "--no-passphrase") == 3


def test_two_newsrooms_witness_each_other(user: User, site: Newsroom, archive: Path, ann: Ann, tmp_path: Path) -> None:
    """Each has an archive and is the other's witness; both are rewritten afterwards, and both are found out."""
    ben = Ann(tmp_path / "ben", user)
    ours, theirs = archive, tmp_path / "their-archive"
    assert user("init", theirs, "--no-passphrase", environment=ann.environment).code == 0
    key_of_ben = witness_key(ben, "ben.example")
    key_of_ann = witness_key(ann, "ann.example")
    ben("follow", theirs / "trust" / "log.vkey")
    ann("follow", ours / "trust" / "log.vkey")
    with ann.serving() as at_ann, ben.serving() as at_ben:
        user.ok("witness", "add", key_of_ann, at_ann, "--as", "ann")
        assert user("--archive", theirs, "witness", "add", key_of_ben, at_ben, environment=ann.environment).code == 0
        (guard,) = user.home.joinpath("keys").glob("*.guard")
        before = guard.read_bytes()
        rewritten = Path(shutil.copytree(ours, tmp_path / "rewritten"))
        user.ok("capture", *LOCAL, site.url(PAGE))
        for root, environment in ((ours, {}), (theirs, ann.environment)):
            ask = ("--archive", root, "witness", "ask", "--allow-private")
            assert user(*ask, environment=environment).code == 0
            assert user("verify", root, "--require", "witness", environment=environment).code == 0
        # The owner, who has all keys and the guard, goes back to an older copy and writes another history.
        guard.write_bytes(before)
        for _ in range(2):
            user.ok("--archive", rewritten, "capture", *LOCAL, site.url("/wire/harbour-crane"))
        refused = user("--archive", rewritten, "witness", "ask", "--allow-private")
        assert refused.code == 1
        assert "does not extend what it saw before" in refused.out
        checked = user("verify", rewritten, "--since", ours / "log" / "checkpoint", "--json")
        assert checked.code == 1
        assert "history-forked" in {finding["code"] for finding in checked.json()["findings"]}


def witness_key(witness: Ann, name: str) -> str:
    found = re.search(rf"^  ({re.escape(name)}\+\S+)$", witness("init", name, "--no-passphrase"), re.M)
    assert found is not None
    return found[1]
