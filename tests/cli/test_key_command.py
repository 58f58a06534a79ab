"""`archiver key`: keys come, go and are taken back; ssh-keygen is the judge of what each of them signed."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from newsroom import Newsroom
from terminal import User

from archiver.store.sealing import Sealing
from archiver.verify.layout import manifest_path
from archiver.work.key_files import KeyFiles

LOCAL = ("--allow-private", "--delay", "0")
PAGE = "/gazette/ferry"


@pytest.fixture
def archive(user: User, site: Newsroom) -> Path:
    user.init()
    user.ok("capture", *LOCAL, site.url(PAGE))
    return user.archive


def keys(user: User, role: str, state: str = "in force") -> list[str]:
    return [
        key["key"] for key in user.ok("key", "list", "--json").json() if (key["role"], key["state"]) == (role, state)
    ]


def moved_recovery(user: User, tmp_path: Path) -> Path:
    """The recovery key, where it belongs: not in the folder of the others."""
    found = next(user.home.joinpath("keys").glob("*-recovery"))
    return Path(shutil.move(found, tmp_path / "recovery"))


def judged(archive: Path, sequence: int, fingerprint: str, suffix: str = ".sig") -> None:
    """ssh-keygen accepts the signature of a manifest, and names the key."""
    name = archive / manifest_path(sequence)
    with name.open("rb") as stream:
        done = subprocess.run(
            ["ssh-keygen", "-Y", "check-novalidate", "-n", "archiver-manifest-v1", "-s", f"{name}{suffix}"],
            stdin=stream,
            capture_output=True,
            text=True,
            check=True,
        )
    assert fingerprint in done.stdout


def test_a_signer_is_replaced(user: User, site: Newsroom, archive: Path) -> None:
    (old,) = keys(user, "signer")
    changed = user.ok("key", "rotate", "--no-passphrase", "--json").json()
    assert changed["old"] == old
    number, new = changed["sequence"], changed["new"]
    judged(archive, number, old)
    judged(archive, number, new, ".new.sig")
    assert keys(user, "signer") == [new]
    assert keys(user, "signer", "retired") == [old]
    user.ok("capture", *LOCAL, site.url(PAGE))
    judged(archive, number + 1, new)
    seen = user.ok("verify").out
    assert old in seen
    assert new in seen


def test_the_log_s_key_is_replaced(user: User, site: Newsroom, archive: Path) -> None:
    (old,) = keys(user, "log")
    changed = user.ok("key", "rotate", "--role", "log", "--no-passphrase", "--json").json()
    note = (archive / "log" / "checkpoint").read_text()
    assert note.count("\n— ") == 4, "both keys sign the checkpoint over the event"
    user.ok("capture", *LOCAL, site.url(PAGE))
    assert (archive / "log" / "checkpoint").read_text().count("\n— ") == 2
    assert keys(user, "log") == [changed["new"]] != [old]
    user.ok("verify")


def test_the_recovery_key_is_replaced(user: User, archive: Path, tmp_path: Path) -> None:
    old = moved_recovery(user, tmp_path)
    assert user("key", "rotate", "--role", "recovery", "--no-passphrase").code == 2
    options = ("--recovery-key", old, "--out", tmp_path / "recovery-2", "--no-passphrase")
    changed = user.ok("key", "rotate", "--role", "recovery", *options, "--json").json()
    judged(archive, changed["sequence"], changed["old"])
    again = user("key", "revoke", "log", "--recovery-key", old, "--trusted-size", "2", "--no-passphrase")
    assert again.code == 3, "the old one revokes nothing any more"
    user.ok("verify")


def test_a_stolen_key_is_revoked(user: User, site: Newsroom, archive: Path, tmp_path: Path) -> None:
    (stolen,) = keys(user, "signer")
    size = len(list(archive.glob("chain/*.json")))
    user.ok("capture", *LOCAL, site.url(PAGE))  # by the thief, say
    recovery = moved_recovery(user, tmp_path)
    revoke = ("key", "revoke", stolen[:20], "--recovery-key", recovery, "--trusted-size", size, "--no-passphrase")
    asked = user(*revoke)
    assert asked.code == 2
    assert "disowns 2 manifests" in asked.err
    changed = user.ok(*revoke, "--suspected-since", "2026-11-20", "--yes", "--json").json()
    judged(archive, changed["sequence"], user.ok("key", "list", "--json").json()[-2]["key"])
    user.ok("capture", *LOCAL, site.url(PAGE))
    seen = user("verify", "--json")
    assert seen.code == 1
    found = {(finding["code"], finding["sequence"]) for finding in seen.json()["findings"] if finding["sequence"]}
    assert {number for code, number in found if code == "signature-disowned"} == {size, size + 1}
    assert seen.json()["verdict"].startswith("disowned in part")


def test_a_signer_whose_file_is_gone_is_revoked_too(user: User, site: Newsroom, archive: Path, tmp_path: Path) -> None:
    (lost,) = keys(user, "signer")
    recovery = moved_recovery(user, tmp_path)
    for file in user.home.joinpath("keys").glob("*-signer*"):
        file.unlink()
    assert user("capture", *LOCAL, site.url(PAGE)).code == 3
    size = len(list(archive.glob("chain/*.json")))
    user.ok("key", "revoke", lost, "--recovery-key", recovery, "--trusted-size", size, "--no-passphrase")
    user.ok("capture", *LOCAL, site.url(PAGE))
    assert lost not in keys(user, "signer")
    assert user("verify").code in (0, 4)


def test_who_may_not_revoke(user: User, archive: Path, tmp_path: Path) -> None:
    (signer,) = keys(user, "signer")
    own = next(user.home.joinpath("keys").glob("*-signer"))
    before = sorted(path.name for path in archive.glob("chain/*"))
    seen = user("key", "revoke", signer, "--recovery-key", own, "--trusted-size", "1", "--yes", "--no-passphrase")
    assert seen.code == 3
    assert "recovery key" in seen.err
    for wrong in (("SHA256:AAAAAAAAAA", "1"), (signer, "0"), (signer, "99"), ("x", "1")):
        recovery = next(user.home.joinpath("keys").glob("*-recovery"))
        options = ("--recovery-key", recovery, "--trusted-size", wrong[1], "--yes", "--no-passphrase")
        assert user("key", "revoke", wrong[0], *options).code in (2, 3)
    assert sorted(path.name for path in archive.glob("chain/*")) == before


def test_another_collector_writes_with_a_key_of_their_own(
    user: User, site: Newsroom, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = tmp_path / "ben"
    admitted = user.ok("key", "new", theirs, "--no-passphrase", "--json").json()["new"]
    assert oct(os.stat(theirs).st_mode & 0o777) == "0o600"
    assert user("key", "export", tmp_path / "hand").code == 3, "without a passphrase they do not leave unasked"
    user.ok("key", "export", tmp_path / "hand", "--without-signer", "--unencrypted")
    monkeypatch.setenv("ARCHIVER_CONFIG_DIR", str(tmp_path / "other-machine"))
    assert user("--archive", archive, "capture", *LOCAL, site.url(PAGE)).code == 3
    assert user("key", "import", tmp_path / "hand").code == 3
    user.ok("key", "import", tmp_path / "hand", "--signer-key", theirs)
    user.ok("--archive", archive, "capture", *LOCAL, site.url(PAGE))
    newest = max(int(path.stem) for path in archive.glob("chain/*.json"))
    judged(archive, newest, admitted)
    assert user("key", "import", tmp_path / "hand", "--signer-key", theirs).code == 3, "never twice"


def test_keys_move_to_another_machine(
    user: User, site: Newsroom, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user.ok("key", "export", tmp_path / "hand", "--unencrypted")
    monkeypatch.setenv("ARCHIVER_CONFIG_DIR", str(tmp_path / "other-machine"))
    user.ok("key", "import", tmp_path / "hand")
    user.ok("key", "import", tmp_path / "hand")
    user.ok("--archive", archive, "capture", *LOCAL, site.url(PAGE))
    (tmp_path / "empty").mkdir()
    assert user("key", "import", tmp_path / "empty").code == 3


class Crash(BaseException):
    """The process ends here."""


def crashed(*_arguments: object, **_options: object) -> None:
    raise Crash


@pytest.mark.parametrize("role", ["signer", "log"])
@pytest.mark.parametrize("where", [(KeyFiles, "promote"), (KeyFiles, "_move"), (Sealing, "_sign")])
def test_an_interrupted_change_is_finished(
    user: User,
    site: Newsroom,
    archive: Path,
    monkeypatch: pytest.MonkeyPatch,
    role: str,
    where: tuple[type, str],
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(*where, crashed)
        with pytest.raises(Crash):
            user("key", "rotate", "--role", role, "--no-passphrase")
    user.ok("capture", *LOCAL, site.url(PAGE))
    assert len(keys(user, role)) == 1
    assert len(keys(user, role, "retired")) == 1
    user.ok("verify")


@pytest.mark.parametrize("role", ["signer", "log"])
def test_a_change_that_sealed_nothing_is_repeated(
    user: User, site: Newsroom, archive: Path, monkeypatch: pytest.MonkeyPatch, role: str
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Sealing, "commit", crashed)
        with pytest.raises(Crash):
            user("key", "rotate", "--role", role, "--no-passphrase")
    before = keys(user, role)
    user.ok("capture", *LOCAL, site.url(PAGE))
    assert keys(user, role) == before
    user.ok("key", "rotate", "--role", role, "--no-passphrase")
    assert keys(user, role) != before
    user.ok("verify")


def moves_cut(patch: pytest.MonkeyPatch, after: int) -> None:
    """The process ends after that many renames of key files."""
    done = 0
    rename: Callable[[Path, Path], Path] = Path.rename

    def counted(self: Path, target: Path) -> Path:
        nonlocal done
        if "-signer" in self.name:
            if done == after:
                raise Crash
            done += 1
        return rename(self, target)

    patch.setattr(Path, "rename", counted)


@pytest.mark.parametrize("after", range(4))
@pytest.mark.parametrize("source", ["own", "file"])
def test_key_files_at_every_step(
    user: User, site: Newsroom, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, after: int, source: str
) -> None:
    options: tuple[object, ...] = ("--no-passphrase",)
    if source == "file":
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(tmp_path / "mine")], check=True)
        options = ("--signer-key", tmp_path / "mine")
    (old,) = keys(user, "signer")
    with monkeypatch.context() as patch:
        moves_cut(patch, after)
        with pytest.raises(Crash):
            user("key", "rotate", *options)
    user.ok("capture", *LOCAL, site.url(PAGE))
    assert keys(user, "signer", "retired") == [old]
    held = {key["key"]: key["where"] for key in user.ok("key", "list", "--json").json()}
    assert held[old] == "here", "no key is lost"
    user.ok("verify")


def test_the_agent_s_keys_are_listed(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    seen = user("key", "agent")
    assert seen.code == 3
    assert "ssh-agent" in seen.err


def test_an_archive_that_cannot_go_on_is_continued(
    user: User, site: Newsroom, archive: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in user.home.joinpath("keys").glob("*-log"):
        file.unlink()
    assert user("capture", *LOCAL, site.url(PAGE)).code == 3
    new = tmp_path / "new"
    made = user.ok("init", new, "--continues", archive, "--no-passphrase")
    assert "continues" in made.out
    user.ok("--archive", new, "capture", *LOCAL, site.url(PAGE))
    seen = user.ok("verify", new, "--json").json()
    assert "continues" in {finding["code"] for finding in seen["findings"]}
    # Somebody else knows nothing of the old one, until it is given to them.
    monkeypatch.setenv("ARCHIVER_STATE_DIR", str(tmp_path / "their-state"))
    seen = user.ok("verify", new, "--json").json()
    assert "continues-not-checked" in {finding["code"] for finding in seen["findings"]}
    size = len(list(archive.glob("chain/*.json")))
    seen = user.ok("verify", new, "--since", archive / "log" / "checkpoints" / str(size), "--json").json()
    assert "continues" in {finding["code"] for finding in seen["findings"]}
    both = user("verify", archive, new)
    assert both.code == 0
    user.ok("verify", new)


def test_what_cannot_be_continued(user: User, archive: Path, tmp_path: Path) -> None:
    assert user("init", tmp_path / "new", "--continues", tmp_path / "nowhere", "--no-passphrase").code == 3
    checkpoint = archive / "log" / "checkpoint"
    checkpoint.write_bytes(checkpoint.read_bytes().replace(b"\n3\n", b"\n2\n"))
    assert user("init", tmp_path / "new", "--continues", archive, "--no-passphrase").code in (1, 3)
    assert not (tmp_path / "new").exists()


def test_settings_that_name_no_keys(user: User, site: Newsroom, archive: Path) -> None:
    (archive / "archive.yaml").write_text("")
    seen = user("capture", *LOCAL, site.url(PAGE))
    assert seen.code == 3
    assert "archive.yaml: does not say which keys" in seen.err
    assert "keys: NAME" in seen.err
