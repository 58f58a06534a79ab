"""What belongs to the user and not to an archive: keys, settings, confirmed signers, remembered checkpoints.

    <config>/settings.yaml          default archive, collector
    <config>/keys/<name>-signer     private keys, mode 0600, OpenSSH format (store.keyring reads and writes them)
    <config>/keys/<name>-log, <name>-log.guard, <name>-recovery
    <config>/trust.txt              one line a confirmed signer or archive: FINGERPRINT-OR-ID NAME
    <state>/checkpoints/<archive>   the newest checkpoint seen of each archive: rollback is noticed without asking
    <state>/corrections/*.yaml      what is being edited, or could not be used: nothing that was typed is lost
    <state>/indexes/<archive>.sqlite  indexes of archives that cannot be written

`ARCHIVER_CONFIG_DIR` and `ARCHIVER_STATE_DIR` replace the system's places. Files are replaced whole, under a lock where
they are changed, so that two commands at once lose nothing.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archiver.digest import is_digest
from archiver.errors import FormatError, UsageError
from archiver.signing.keys import PublicKey
from archiver.store.disk_errors import telling
from archiver.store.durable import listing
from archiver.store.keyring import private_lock
from archiver.store.yaml_file import parse_mapping, read_mapping, read_text, write_text
from archiver.tlog.checkpoint import parse_checkpoint_text

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}", re.ASCII)
_NAME = re.compile(r"[^\s\x00-\x1f\x7f-\x9f\ud800-\udfff][^\x00-\x1f\x7f-\x9f\ud800-\udfff]{0,79}")
_TRUST_HEAD = "# signers and archives that this user has confirmed; written by: archiver trust add\n"
_SETTINGS_HEAD = "# settings of archiver for this user\n"


@dataclass(frozen=True, slots=True)
class Trusted:
    """A signer's fingerprint or an archive's identity that this user has confirmed, and the name given to it."""

    key: str
    name: str


class Home:
    """The user's files. Nothing is created before something is written. All methods raise FormatError for a file that
    is not what it should be, StoreError for one that cannot be read or written."""

    def __init__(self, config: Path, state: Path) -> None:
        self.config = config
        self.state = state

    @classmethod
    def of_user(cls, environment: Mapping[str, str] = os.environ) -> Home:
        """The places of this system (platformdirs), or those that the environment names."""
        config, state = environment.get("ARCHIVER_CONFIG_DIR"), environment.get("ARCHIVER_STATE_DIR")
        if not (config and state):
            import platformdirs

            config = config or platformdirs.user_config_dir("archiver", appauthor=False)
            state = state or platformdirs.user_state_dir("archiver", appauthor=False)
        return cls(Path(config), Path(state))

    @property
    def keys(self) -> Path:
        """Where the keys are."""
        return self.config / "keys"

    @property
    def corrections(self) -> Path:
        """Where corrections are while they are edited."""
        return self.state / "corrections"

    @property
    def indexes(self) -> Path:
        """Where the indexes of archives are that cannot be written."""
        return self.state / "indexes"

    @property
    def _settings_path(self) -> Path:
        return self.config / "settings.yaml"

    @property
    def _trust_path(self) -> Path:
        return self.config / "trust.txt"

    def settings(self) -> dict[str, Any]:
        """The user's settings; an empty mapping if there are none."""
        return read_mapping(self._settings_path) if self._settings_path.exists() else {}

    def default_archive(self) -> Path | None:
        """The archive that the first `init` made."""
        value = self.settings().get("archive")
        return Path(value) if isinstance(value, str) else None

    def remember_default(self, archive: Path) -> bool:
        """Make `archive` the default unless the settings name one. Whether it is the default now; a path that cannot
        be written as text is not."""
        with private_lock(self._settings_path):
            if "archive" in self.settings():
                return self.default_archive() == archive
            kept = read_text(self._settings_path) or _SETTINGS_HEAD
            kept += "" if kept.endswith("\n") else "\n"
            try:
                text = f"{kept}archive: {json.dumps(str(archive), ensure_ascii=False)}\n"
                parse_mapping(text.encode("utf-8"), str(self._settings_path))
            except (FormatError, UnicodeEncodeError):
                return False
            write_text(self._settings_path, text)
            return True

    def trusted(self) -> tuple[Trusted, ...]:
        """Everything confirmed by this user, in the order of confirmation."""
        found = []
        for number, line in enumerate((read_text(self._trust_path) or "").split("\n"), 1):
            text = line.removesuffix("\r")
            if not text or text.startswith("#"):
                continue
            key, _, name = text.partition(" ")
            if not is_trust_key(key) or not _NAME.fullmatch(name):
                raise FormatError(
                    f"line {number} is not FINGERPRINT NAME",
                    where=str(self._trust_path),
                    hint="mend or delete the line",
                )
            found.append(Trusted(key, name))
        return tuple(found)

    def trust(self, key: str, name: str) -> None:
        """Confirm a signer's fingerprint or an archive's identity under a name. Raises UsageError."""
        if not is_trust_key(key):
            raise UsageError(
                f"{key!r} is no fingerprint", hint="a signer is SHA256:<43 characters>, an archive sha256:<64 digits>"
            )
        if not _NAME.fullmatch(name):
            raise UsageError("a name is 1 to 80 printable characters and does not begin with a blank")
        with private_lock(self._trust_path):
            self._write_trust([*(item for item in self.trusted() if item.key != key), Trusted(key, name)])

    def distrust(self, key_or_name: str) -> int:
        """Forget what was confirmed under that key or name; how many lines that were."""
        with private_lock(self._trust_path):
            before = self.trusted()
            kept = [item for item in before if key_or_name not in (item.key, item.name)]
            if len(kept) != len(before):
                self._write_trust(kept)
            return len(before) - len(kept)

    def _write_trust(self, items: list[Trusted]) -> None:
        write_text(self._trust_path, _TRUST_HEAD + "".join(f"{item.key} {item.name}\n" for item in items))

    def own_fingerprints(self) -> frozenset[str]:
        """Fingerprints of the signer keys that this user holds (from the .pub files beside them)."""
        found = set()
        with telling(self.keys):
            try:
                names = sorted(name for name in listing(self.keys) if name.endswith("-signer.pub"))
            except FileNotFoundError:
                names = []
        for name in names:
            path = self.keys / name
            try:
                found.add(PublicKey.parse_line((read_text(path) or "").strip()).fingerprint)
            except FormatError as error:
                raise FormatError(f"is no public key: {error.message}", where=str(path)) from None
        return frozenset(found)

    def _checkpoint_path(self, archive: str) -> Path:
        if not is_digest(archive):
            raise FormatError(f"not an archive's identity: {archive[:80]!r}")
        return self.state / "checkpoints" / archive.removeprefix("sha256:")

    def remembered(self, archive: str) -> bytes | None:
        """The newest checkpoint text seen of that archive."""
        text = read_text(self._checkpoint_path(archive))
        return None if text is None else text.encode("utf-8")

    def remember(self, archive: str, checkpoint: bytes) -> None:
        """Keep a checkpoint text as the newest one seen of that archive, unless a larger one is kept already."""
        size = parse_checkpoint_text(checkpoint).size
        path = self._checkpoint_path(archive)
        with private_lock(path):
            before = self.remembered(archive)
            if before is None or parse_checkpoint_text(before).size <= size:
                write_text(path, checkpoint.decode("utf-8"))


def is_trust_key(key: str) -> bool:
    """Whether `key` spells a signer's fingerprint or an archive's identity."""
    return is_digest(key) or _FINGERPRINT.fullmatch(key) is not None
