"""Keys that are there already: an OpenSSH key file, a key in a running ssh-agent; confirming the keys of others."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from newsroom import Newsroom
from terminal import User

LOCAL = ("--allow-private", "--delay", "0")


def new_key(path: Path, passphrase: str = "") -> Path:
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", passphrase, "-C", "ann", "-f", str(path)], check=True)
    return path


def fingerprint(path: Path) -> str:
    done = subprocess.run(["ssh-keygen", "-l", "-f", str(path)], check=True, capture_output=True, text=True)
    return done.stdout.split()[1]


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[dict[str, str]]:
    # A socket's path has at most 108 bytes, and pytest's folders are long.
    done = subprocess.run(["ssh-agent", "-s"], check=True, capture_output=True, text=True)
    found = dict(part.split("=", 1) for part in done.stdout.replace("\n", " ").split("; ") if "=" in part)
    environment = {"SSH_AUTH_SOCK": found["SSH_AUTH_SOCK"]}
    yield environment
    subprocess.run(["ssh-agent", "-k"], env={**os.environ, **found, **environment}, check=True, capture_output=True)


def test_an_existing_key_signs(user: User, site: Newsroom, tmp_path: Path) -> None:
    key = new_key(tmp_path / "id_ed25519")
    made = user.ok("init", user.archive, "--no-passphrase", "--signer-key", key, "--json").json()
    assert made["signer"] == fingerprint(key)
    user.ok("capture", *LOCAL, site.url("/gazette/ferry"))
    assert user.ok("verify").out.count(fingerprint(key)) >= 1
    key.rename(tmp_path / "elsewhere")
    lost = user("capture", *LOCAL, site.url("/gazette/ferry"))
    assert lost.code == 3
    assert "id_ed25519" in lost.err
    assert user.ok("verify"), "verifying needs no private key"


def test_an_encrypted_key_of_ones_own(user: User, site: Newsroom, tmp_path: Path) -> None:
    key = new_key(tmp_path / "id_ed25519", "s3cret words")
    refused = user("init", user.archive, "--no-passphrase", "--signer-key", key)
    assert refused.code == 2
    assert "passphrase" in refused.err
    environment = {"ARCHIVER_PASSPHRASE": "s3cret words"}
    assert user("init", user.archive, "--signer-key", key, environment=environment).code == 0
    assert user("capture", *LOCAL, site.url("/gazette/ferry"), environment=environment).code == 0


def test_a_key_in_the_agent_signs(user: User, site: Newsroom, tmp_path: Path, agent: dict[str, str]) -> None:
    key = new_key(tmp_path / "id_ed25519")
    subprocess.run(["ssh-add", "-q", str(key)], env={**os.environ, **agent}, check=True)
    key.unlink()
    assert user("init", user.archive, "--no-passphrase", "--agent", "ann", environment=agent).code == 0
    assert user("capture", *LOCAL, site.url("/gazette/ferry"), environment=agent).code == 0
    signed = user.archive / "chain" / "001.json"
    keys = str(user.archive / "trust" / "allowed_signers")
    judge = ["ssh-keygen", "-Y", "verify", "-f", keys, "-I", "archiver", "-n", "archiver-manifest-v1"]
    judged = subprocess.run(
        [*judge, "-s", f"{signed}.sig"], input=signed.read_bytes(), capture_output=True, check=False
    )
    assert judged.returncode == 0, judged.stderr
    without = user("capture", *LOCAL, site.url("/gazette/ferry"), environment={"SSH_AUTH_SOCK": str(tmp_path / "none")})
    assert without.code == 3
    assert "ssh-agent" in without.err
    assert user.ok("verify")


def test_a_key_that_is_not_in_the_agent(user: User, agent: dict[str, str]) -> None:
    result = user("init", user.archive, "--no-passphrase", "--agent", "nobody", environment=agent)
    assert result.code in (2, 3)
    assert "ssh-add" in result.err
    assert not user.archive.exists()


def test_trust_is_given_never_picked_up(user: User, site: Newsroom, tmp_path: Path) -> None:
    user.init()
    user.ok("capture", *LOCAL, site.url("/gazette/ferry"))
    user.ok("export", "1", "-o", tmp_path / "b.zip")
    signer = user.ok("trust", "list", "--json").json()[0]["key"]
    identity = user.ok("verify", "--json").json()["archive"]
    stranger = {"ARCHIVER_CONFIG_DIR": str(tmp_path / "c2"), "ARCHIVER_STATE_DIR": str(tmp_path / "s2")}
    for path in (user.archive, tmp_path / "b.zip"):
        seen = user("verify", path, environment=stranger)
        assert seen.code == 4
        assert "unconfirmed" in seen.out
        assert user("verify", path, "--trust", signer, environment=stranger).code == 0
    assert user("verify", user.archive, "--trust", identity, environment=stranger).code == 0
    assert user("trust", "add", signer, "--as", "Ann Lee, by telephone", environment=stranger).code == 0
    confirmed = user("verify", tmp_path / "b.zip", environment=stranger)
    assert confirmed.code == 0
    assert "Ann Lee, by telephone" in confirmed.out
    assert user("trust", "remove", "Ann Lee, by telephone", environment=stranger).code == 0
    assert user("verify", tmp_path / "b.zip", environment=stranger).code == 4
    assert user("trust", "add", "SHA256:short", "--as", "x").code == 2
    assert user("trust", "remove", "nobody").code == 3


def test_names_of_cookies_are_recorded_and_values_are_not(user: User, site: Newsroom) -> None:
    user.init()
    user.ok("capture", *LOCAL, "--cookie", "session=hunter2", site.url("/register/harbor-fund"))
    assert "session=hunter2" in dict(site.requests[0].headers)["Cookie"]
    record = user.ok("show", "1", "--json")
    assert record.json()["snapshot"]["facts"]["request"]["cookies"] == ["session"]
    assert "hunter2" not in record.out
    holding = [p for p in user.archive.rglob("*") if p.is_file() and b"hunter2" in p.read_bytes()]
    assert len(holding) == 1
    assert holding[0].read_bytes().startswith(b"WARC/1.1"), "values stay in the WARC alone"
