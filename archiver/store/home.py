"""What belongs to the user and not to an archive: keys, settings, confirmed signers, remembered checkpoints.

    <config>/settings.yaml          default archive, collector
    <config>/keys/<name>-signer     private keys, mode 0600, OpenSSH format (store.keyring reads and writes them)
    <config>/keys/<name>-log, <name>-log.guard, <name>-recovery
    <config>/trust.txt              one line a confirmed signer or archive: FINGERPRINT-OR-ID NAME
    <state>/checkpoints/<archive>   the newest checkpoint seen of each archive: rollback is noticed without asking

`ARCHIVER_CONFIG_DIR` and `ARCHIVER_STATE_DIR` replace the system's places.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archiver.digest import is_digest
from archiver.errors import StoreError, UsageError
from archiver.store.yaml_file import read_mapping, write_text

_FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}", re.ASCII)
_NAME = re.compile(r"[^\s\x00-\x1f\x7f][^\x00-\x1f\x7f]{0,79}")


@dataclass(frozen=True, slots=True)
class Trusted:
    """A signer's fingerprint or an archive's identity that this user has confirmed, and the name given to it."""

    key: str
    name: str


class Home:
    """The user's files. Nothing is created before something is written."""

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
        return self.config / "keys"

    def settings(self) -> dict[str, Any]:
        """The user's settings; an empty mapping if there are none. Raises FormatError, StoreError."""
        path = self.config / "settings.yaml"
        return read_mapping(path) if path.exists() else {}

    def default_archive(self) -> Path | None:
        """The archive that the first `init` made."""
        value = self.settings().get("archive")
        return Path(value) if isinstance(value, str) else None

    def remember_default(self, archive: Path) -> None:
        """Make `archive` the default, unless there is one already."""
        if self.default_archive() is None:
            path = self.config / "settings.yaml"
            kept = path.read_text(encoding="utf-8") if path.exists() else "# settings of archiver for this user\n"
            import json

            write_text(path, f"{kept}archive: {json.dumps(str(archive), ensure_ascii=False)}\n")

    def trusted(self) -> tuple[Trusted, ...]:
        """Everything confirmed by this user, in the order of confirmation."""
        path = self.config / "trust.txt"
        if not path.exists():
            return ()
        found = []
        for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
            if not line or line.startswith("#"):
                continue
            key, _, name = line.partition(" ")
            if not is_trust_key(key) or not _NAME.fullmatch(name):
                raise StoreError(
                    f"line {number} is not FINGERPRINT NAME", where=str(path), hint="mend or delete the line"
                )
            found.append(Trusted(key, name))
        return tuple(found)

    def trust(self, key: str, name: str) -> None:
        """Confirm a signer's fingerprint or an archive's identity under a name."""
        if not is_trust_key(key):
            raise UsageError(
                f"{key!r} is no fingerprint", hint="a signer is SHA256:<43 characters>, an archive sha256:<64 digits>"
            )
        if not _NAME.fullmatch(name):
            raise UsageError("a name is 1 to 80 printable characters and does not begin with a blank")
        kept = [item for item in self.trusted() if item.key != key]
        self._write_trust([*kept, Trusted(key, name)])

    def distrust(self, key_or_name: str) -> int:
        """Forget what was confirmed under that key or name; how many lines that were."""
        kept = [item for item in self.trusted() if key_or_name not in (item.key, item.name)]
        gone = len(self.trusted()) - len(kept)
        if gone:
            self._write_trust(kept)
        return gone

    def _write_trust(self, items: list[Trusted]) -> None:
        text = "# signers and archives that this user has confirmed; written by: archiver trust add\n"
        write_text(self.config / "trust.txt", text + "".join(f"{item.key} {item.name}\n" for item in items))

    def own_fingerprints(self) -> frozenset[str]:
        """Fingerprints of the signer keys that this user holds (from the .pub files beside them)."""
        from archiver.errors import FormatError
        from archiver.signing.keys import PublicKey

        found = set()
        for path in sorted(self.keys.glob("*-signer.pub")) if self.keys.is_dir() else []:
            try:
                found.add(PublicKey.parse_line(path.read_text(encoding="utf-8").strip()).fingerprint)
            except (FormatError, UnicodeDecodeError) as error:
                raise StoreError(f"not a public key: {error}", where=str(path)) from None
        return frozenset(found)

    def _checkpoint_path(self, archive: str) -> Path:
        return self.state / "checkpoints" / archive.removeprefix("sha256:")

    def remembered(self, archive: str) -> bytes | None:
        """The newest checkpoint text seen of that archive."""
        path = self._checkpoint_path(archive)
        return path.read_bytes() if path.exists() else None

    def remember(self, archive: str, checkpoint: bytes) -> None:
        """Keep a checkpoint text as the newest one seen of that archive."""
        write_text(self._checkpoint_path(archive), checkpoint.decode("utf-8"))


def is_trust_key(key: str) -> bool:
    """Whether `key` spells a signer's fingerprint or an archive's identity."""
    return is_digest(key) or _FINGERPRINT.fullmatch(key) is not None
