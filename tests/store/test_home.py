"""The user's files: modes, malformed ones, two commands at once, YAML that would surprise, keys, the guard's file."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from store_kit import LOG_KEY, ORIGIN, SECOND, SIGNER

from archiver.errors import ArchiverError, FormatError, MissingError, RefusedError, StoreError, UsageError
from archiver.store import keyring, settings, yaml_file
from archiver.store.home import Home, Trusted
from archiver.store.keyring import LogGuard, read_private, write_private
from archiver.tlog.checkpoint import Checkpoint

ARCHIVE = "sha256:" + "ab" * 32
FINGERPRINT = SIGNER.public.fingerprint


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "config", tmp_path / "state")


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_nothing_is_made_by_looking(home: Home, tmp_path: Path) -> None:
    assert home.settings() == {}
    assert home.default_archive() is None
    assert home.trusted() == ()
    assert home.own_fingerprints() == frozenset()
    assert home.remembered(ARCHIVE) is None
    assert list(tmp_path.iterdir()) == []


def test_places_come_from_the_environment(tmp_path: Path) -> None:
    environment = {"ARCHIVER_CONFIG_DIR": str(tmp_path / "c"), "ARCHIVER_STATE_DIR": str(tmp_path / "s")}
    home = Home.of_user(environment)
    assert (home.config, home.state, home.keys) == (tmp_path / "c", tmp_path / "s", tmp_path / "c" / "keys")
    assert Home.of_user({"ARCHIVER_STATE_DIR": "/elsewhere"}).state == Path("/elsewhere")
    assert Home.of_user({}).config.is_absolute()


def test_files_are_for_their_owner_only(home: Home) -> None:
    home.trust(FINGERPRINT, "me")
    home.remember_default(Path("/somewhere/archive"))
    home.remember(ARCHIVE, checkpoint(3))
    write_private(home.keys / "log-signer", b"secret")
    assert mode(home.config) == mode(home.keys) == mode(home.state / "checkpoints") == 0o700
    for path in (home.config / "trust.txt", home.config / "settings.yaml", home.keys / "log-signer"):
        assert mode(path) == 0o600
    assert not [path.name for path in home.config.iterdir() if path.name.startswith(".")], "no temporary file is left"


def test_the_default_archive_is_the_first(home: Home) -> None:
    assert home.remember_default(Path('/press/Ann "A" Lee/ärchive: #1'))
    assert home.default_archive() == Path('/press/Ann "A" Lee/ärchive: #1')
    assert not home.remember_default(Path("/other"))
    assert home.default_archive() == Path('/press/Ann "A" Lee/ärchive: #1')
    (home.config / "settings.yaml").write_text("collector: Ann")  # by hand, and without a newline at the end
    assert home.remember_default(Path("/other"))
    assert home.settings() == {"collector": "Ann", "archive": "/other"}
    (home.config / "settings.yaml").write_text("archive:\n")
    assert not home.remember_default(Path("/third"))
    assert home.settings() == {"archive": None}
    (home.config / "settings.yaml").unlink()
    for odd in ("/a\x7fb", "/a\udc80b"):
        assert not home.remember_default(Path(odd))
        assert home.settings() == {}


def test_trust_and_distrust(home: Home) -> None:
    home.trust(FINGERPRINT, "Ann Lee")
    home.trust(ARCHIVE, "Ferrow Gazette")
    home.trust(FINGERPRINT, "Ann Lee, new card")
    assert home.trusted() == (Trusted(ARCHIVE, "Ferrow Gazette"), Trusted(FINGERPRINT, "Ann Lee, new card"))
    assert home.distrust("Ferrow Gazette") == 1
    assert home.distrust("nobody") == 0
    assert home.distrust(FINGERPRINT) == 1
    assert home.trusted() == ()
    for key, name in (
        ("SHA256:short", "x"),
        (FINGERPRINT + "\n", "x"),
        (FINGERPRINT, ""),
        (FINGERPRINT, " x"),
        (FINGERPRINT, "a\nb"),
        (FINGERPRINT, "a\x1b[31m"),
        (FINGERPRINT, "x" * 81),
        (FINGERPRINT, "\udc80"),
    ):
        with pytest.raises(UsageError):
            home.trust(key, name)
    assert home.trusted() == ()


@pytest.mark.parametrize(
    "data",
    [
        b"SHA256:abc me\n",
        FINGERPRINT.encode() + b"\n",
        FINGERPRINT.encode() + b" \n",
        b"\xff\xfe",
        b"x" * (yaml_file.MAX_TEXT + 1),
        ARCHIVE.upper().encode() + b" x",
    ],
)
def test_a_malformed_trust_file_is_said(home: Home, data: bytes) -> None:
    home.config.mkdir()
    (home.config / "trust.txt").write_bytes(data)
    for action in (home.trusted, lambda: home.trust(FINGERPRINT, "me"), lambda: home.distrust("me")):
        with pytest.raises(FormatError) as caught:
            action()
        assert caught.value.where == str(home.config / "trust.txt")
    assert (home.config / "trust.txt").read_bytes() == data


def test_a_trust_file_from_another_editor(home: Home) -> None:
    home.config.mkdir()
    (home.config / "trust.txt").write_bytes(f"# mine\r\n\r\n{FINGERPRINT} Ann Lee\r\n".encode())
    assert home.trusted() == (Trusted(FINGERPRINT, "Ann Lee"),)


def test_settings_kept_elsewhere_stay_there(home: Home, tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    (tmp_path / "dotfiles" / "settings.yaml").write_text("# mine\n")
    home.config.mkdir()
    (home.config / "settings.yaml").symlink_to(tmp_path / "dotfiles" / "settings.yaml")
    assert home.remember_default(Path("/archive"))
    assert (home.config / "settings.yaml").is_symlink()
    assert (tmp_path / "dotfiles" / "settings.yaml").read_text() == '# mine\narchive: "/archive"\n'


def test_own_fingerprints(home: Home) -> None:
    home.keys.mkdir(parents=True)
    (home.keys / "a-signer.pub").write_text(SIGNER.public.line("a comment") + "\n")
    (home.keys / "b-signer.pub").write_text(SECOND.public.line() + "\n")
    (home.keys / "a-recovery.pub").write_text("not looked at")
    assert home.own_fingerprints() == {SIGNER.public.fingerprint, SECOND.public.fingerprint}
    for text in ("", "ssh-rsa AAAA", "nonsense"):
        (home.keys / "c-signer.pub").write_text(text)
        with pytest.raises(FormatError) as caught:
            home.own_fingerprints()
        assert caught.value.where == str(home.keys / "c-signer.pub")


def checkpoint(size: int, root: bytes = b"r" * 32) -> bytes:
    return Checkpoint(ORIGIN, size, root).encode()


def test_a_remembered_checkpoint_never_shrinks(home: Home) -> None:
    home.remember(ARCHIVE, checkpoint(5))
    home.remember(ARCHIVE, checkpoint(3))
    assert home.remembered(ARCHIVE) == checkpoint(5)
    home.remember(ARCHIVE, checkpoint(8))
    assert home.remembered(ARCHIVE) == checkpoint(8)
    for bad in ("sha256:../../../etc/passwd", "x", ARCHIVE + "/"):
        with pytest.raises(FormatError):
            home.remembered(bad)
        with pytest.raises(FormatError):
            home.remember(bad, checkpoint(1))
    with pytest.raises(FormatError):
        home.remember(ARCHIVE, b"no checkpoint")


def test_many_commands_at_once_lose_nothing(home: Home) -> None:
    program = (
        "import sys; from pathlib import Path; from archiver.store.home import Home\n"
        "home = Home(Path(sys.argv[1]), Path(sys.argv[2])); number = int(sys.argv[3])\n"
        "for i in range(10): home.trust('sha256:' + f'{number * 100 + i:064x}', f'friend {number} {i}')\n"
    )
    arguments = [sys.executable, "-c", program, str(home.config), str(home.state)]
    children = [subprocess.Popen([*arguments, str(number)]) for number in range(4)]
    assert [child.wait() for child in children] == [0, 0, 0, 0]
    assert len(home.trusted()) == 40


# -- YAML --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "a: 1\na: 2",
        "a: &x [1]\nb: *x",
        "- a\n- b",
        "just text",
        "1: 2",
        "? [a]\n: b",
        "a: !!python/object/apply:os.system [echo]",
        "a: [",
        "a: 2026-99-99",
        "a: \x07",
        "[" * 5000,
        "a: {" * 2000,
        "a: b\n---\nc: d",
    ],
)
def test_yaml_that_would_surprise_is_refused(text: str) -> None:
    with pytest.raises(FormatError) as caught:
        yaml_file.parse_mapping(text.encode(), "settings.yaml")
    assert caught.value.where == "settings.yaml"


def test_yaml_limits() -> None:
    many = "".join(f"k{number}: 1\n" for number in range(9000))
    assert len(yaml_file.parse_mapping(many.encode(), "x")) == 9000  # and it does not take quadratic time
    with pytest.raises(FormatError, match="more than"):
        yaml_file.parse_mapping(b"#" * (yaml_file.MAX_BYTES + 1), "x")
    with pytest.raises(FormatError):
        yaml_file.parse_mapping(b"a: \xff", "x")
    assert yaml_file.parse_mapping(b"", "x") == yaml_file.parse_mapping(b"# nothing\n", "x") == {}


def test_the_settings_template_is_the_defaults(tmp_path: Path) -> None:
    """What the commented lines show is what holds without them."""
    text = settings.TEMPLATE.format(keys="log-5d2c9a")
    path = tmp_path / "archive.yaml"
    path.write_text(text)
    assert settings.load(path) == settings.Settings(keys="log-5d2c9a")
    shown = "\n".join(line.removeprefix("# ") for line in text.split("\n") if _is_setting(line.removeprefix("# ")))
    path.write_text(shown)
    loaded = settings.load(path)
    for name in ("user_agent", "accept_language", "total_seconds", "max_megabytes", "max_redirects", "require_proxy"):
        assert getattr(loaded, name) == getattr(settings.Settings(), name)
    for name in ("per_host", "delay_seconds", "attempts"):
        assert getattr(loaded, name) == getattr(settings.Settings(), name)
    assert loaded.collector.name == "Ann Lee"


def _is_setting(line: str) -> bool:
    name = line.strip().partition(":")[0]
    return ":" in line and name.isidentifier() and name.islower()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("total_second: 3", "no setting 'total_second'"),
        ("total_seconds: fast", "total_seconds: 'fast' is not a whole number, 1 or more"),
        ("total_seconds: 0", "total_seconds"),
        ("per_host: -1", "per_host"),
        ("per_host: true", "per_host"),
        ("delay_seconds: 0.5", "delay_seconds"),
        ("require_proxy: 1", "require_proxy: '1' is not true or false"),
        ("proxy: no", "proxy: 'False' is not text"),
        ("collector: Ann", "collector"),
        ("collector: {nom: Ann}", "no setting 'nom'"),
        ("user_agent:", "user_agent"),
        ("keys: 5", "keys"),
    ],
)
def test_a_wrong_setting_is_named(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "archive.yaml"
    path.write_text(text)
    with pytest.raises(FormatError) as caught:
        settings.load(path)
    assert words in caught.value.message
    assert caught.value.where == str(path)


def test_settings_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(StoreError):
        settings.load(tmp_path / "archive.yaml")
    with pytest.raises(StoreError):
        settings.load(tmp_path)


# -- keys --------------------------------------------------------------------------------------------------------------


def test_a_key_is_never_overwritten(home: Home) -> None:
    path = home.keys / "x-signer"
    write_private(path, b"one")
    with pytest.raises(StoreError, match="never overwritten"):
        write_private(path, b"two")
    assert read_private(path) == b"one"


def test_a_key_that_cannot_be_written_leaves_nothing(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(keyring, "full_sync", full)
    with pytest.raises(StoreError, match="full"):
        write_private(home.keys / "x-signer", b"one")
    assert not (home.keys / "x-signer").exists()


def test_a_key_that_others_can_read_is_refused(home: Home) -> None:
    path = home.keys / "x-signer"
    write_private(path, b"one")
    for wrong in (0o640, 0o604, 0o660, 0o610):
        path.chmod(wrong)
        with pytest.raises(StoreError, match="read by others") as caught:
            read_private(path)
        assert "chmod 600" in (caught.value.hint or "")
    path.chmod(0o400)
    assert read_private(path) == b"one"
    with pytest.raises(MissingError):
        read_private(home.keys / "absent")
    path.chmod(0o600)
    path.write_bytes(b"x" * (1 << 20))
    with pytest.raises(FormatError, match="too large"):
        read_private(path)


# -- the guard ---------------------------------------------------------------------------------------------------------


def yes(size: int, root: bytes) -> bool:
    return True


def no(size: int, root: bytes) -> bool:
    return False


ROOT, OTHER = b"r" * 32, b"o" * 32


@pytest.fixture
def guard(tmp_path: Path) -> LogGuard:
    return LogGuard(tmp_path / "keys" / "log.guard", LOG_KEY.origin)


def test_the_guard_only_moves_forward(guard: LogGuard) -> None:
    assert guard.read() is None
    guard.advance(1, ROOT, no)  # there was nothing to extend
    guard.advance(1, ROOT, no)  # the same again is allowed: its checkpoint may have been lost
    asked: list[tuple[int, bytes]] = []
    guard.advance(5, OTHER, lambda size, root: asked.append((size, root)) is None)
    assert asked == [(1, ROOT)]
    assert guard.read() == (5, OTHER)
    for size, root, extends in ((5, ROOT, yes), (4, OTHER, yes), (1, ROOT, yes), (6, ROOT, no), (0, ROOT, yes)):
        with pytest.raises(RefusedError):
            guard.advance(size, root, extends)
        assert guard.read() == (5, OTHER)
    assert mode(guard.path) == 0o600


def test_the_guards_specimen(guard: LogGuard) -> None:
    """The specimen of the module."""
    text = keyring.__doc__ or ""
    specimen = "\n".join(line[4:] for line in text.split("\n") if line.startswith("    ")) + "\n"
    other = LogGuard(guard.path, "log-5d2c9a")
    guard.path.parent.mkdir()
    guard.path.write_text(specimen)
    found = other.read()
    assert found is not None
    assert found[0] == 42
    assert keyring.encode_guard("log-5d2c9a", *found) == specimen.encode()


@pytest.mark.parametrize(
    "change",
    [
        lambda data: b"",
        lambda data: data[:-1],
        lambda data: data + b"\n",
        lambda data: data.replace(b"\n5\n", b"\n05\n"),
        lambda data: data.replace(b"\n5\n", b"\n-5\n"),
        lambda data: data.replace(b"v1", b"v2"),
        lambda data: data.replace(b"log.example", b"logs.example"),
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: data[:-3] + b"B=\n",  # base64 with bits that mean nothing
        lambda data: data * 100,
    ],
)
def test_a_damaged_guard_signs_nothing(guard: LogGuard, change: object) -> None:
    guard.advance(5, ROOT, yes)
    damaged = change(guard.path.read_bytes())  # type: ignore[operator]
    guard.path.write_bytes(damaged)
    with pytest.raises(FormatError) as caught:
        guard.advance(6, OTHER, yes)
    assert caught.value.where == str(guard.path)
    assert guard.path.read_bytes() == damaged


def test_a_crash_while_the_guard_moves(guard: LogGuard) -> None:
    guard.advance(5, ROOT, yes)
    guard.path.with_name("log.guard.new").write_bytes(b"cut off")
    assert guard.read() == (5, ROOT)
    guard.advance(6, OTHER, yes)
    assert guard.read() == (6, OTHER)


def test_a_lost_guard_is_made_anew_only_on_purpose(guard: LogGuard) -> None:
    guard.renew(7, ROOT)
    assert guard.read() == (7, ROOT)
    with pytest.raises(RefusedError):
        guard.renew(9, ROOT)
    assert guard.read() == (7, ROOT)


def test_two_guards_at_once(guard: LogGuard) -> None:
    """Of two who extend the same log, the one that comes second is judged by what the first one signed."""
    guard.advance(1, ROOT, yes)
    program = (
        "import sys; from pathlib import Path; from archiver.store.keyring import LogGuard\n"
        "from archiver.errors import RefusedError\n"
        "guard = LogGuard(Path(sys.argv[1]), sys.argv[2]); won = 0; mine = sys.argv[3].encode() * 32\n"
        "for size in range(2, 40):\n"
        "    try: guard.advance(size, mine, lambda n, r: r in (b'r' * 32, mine))\n"
        "    except RefusedError: continue\n"
        "    won += 1\n"
        "print(won)\n"
    )
    arguments = [sys.executable, "-c", program, str(guard.path), guard.origin]
    children = [subprocess.Popen([*arguments, letter], stdout=subprocess.PIPE, text=True) for letter in "ab"]
    won = sorted(int(child.communicate()[0]) for child in children)
    assert won == [0, 38]


def test_the_folder_of_the_guard_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StoreError):
        LogGuard(tmp_path / "file" / "log.guard", ORIGIN).advance(1, ROOT, yes)


def test_every_error_is_ours(home: Home, tmp_path: Path) -> None:
    """A folder where a file should be, wherever it is."""
    home.config.mkdir()
    for name in ("settings.yaml", "trust.txt", "keys"):
        (home.config / name).mkdir()
    (home.keys / "x-signer.pub").mkdir()
    (home.state / "checkpoints" / ("ab" * 32)).mkdir(parents=True)
    for action in (
        home.settings,
        home.trusted,
        home.own_fingerprints,
        lambda: home.trust(FINGERPRINT, "x"),
        lambda: home.remember_default(Path("/x")),
        lambda: home.remembered(ARCHIVE),
        lambda: home.remember(ARCHIVE, checkpoint(1)),
        lambda: read_private(home.keys),
    ):
        with pytest.raises(ArchiverError):
            action()
    assert os.listdir(tmp_path) != []
