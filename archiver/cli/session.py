"""What commands share: the user's home, the archive that is meant, its keys unlocked, its output style."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from archiver.archive import Archive, locate
from archiver.cli.render import warn
from archiver.errors import ProofError, StoreError, UsageError
from archiver.store.home import Home

if TYPE_CHECKING:
    from archiver.signing.keys import Signer
    from archiver.work.keys import Passphrases


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """A polite kill (SIGTERM, as `systemctl stop` and `timeout` send it) stops like Ctrl-C: what is ready is sealed."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def home() -> Home:
    """The user's home for this process."""
    return Home.of_user()


def open_archive(ctx: click.Context) -> Archive:
    """The archive that the command line means, for reading."""
    here = home()
    return Archive(locate(ctx.obj["archive"], here), here)


def passphrase_from_environment(command: str | None = None) -> bytes | None:
    """ARCHIVER_PASSPHRASE, the first line of ARCHIVER_PASSPHRASE_FILE, or what the configured command prints."""
    if "ARCHIVER_PASSPHRASE" in os.environ:
        return os.environ["ARCHIVER_PASSPHRASE"].encode("utf-8")
    file = os.environ.get("ARCHIVER_PASSPHRASE_FILE")
    if file:
        try:
            return Path(file).read_bytes().split(b"\n")[0]
        except OSError as error:
            raise StoreError(f"could not be read: {error.strerror}", where=file) from None
    if command:
        import shlex
        import subprocess

        try:
            result = subprocess.run(shlex.split(command), stdout=subprocess.PIPE, check=True, timeout=60)
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise StoreError(f"passphrase_command failed: {error}", hint="run it by hand to see why") from None
        return result.stdout.split(b"\n")[0]
    return None


def unlock(archive: Archive, recovery_key: Path | None = None, *, mend: bool = True) -> Passphrases:
    """Unlock the archive's keys, asking once, before anything is requested from anywhere; what opened them.

    What a crash left behind is finished or set aside first, and said: an archive that cannot be written to is found out
    before a page is visited. The recovery key stands in for a signer that is lost, where that is to be said."""
    from archiver.signing.keys import KeySigner
    from archiver.work.keys import Passphrases, load_keys

    given = Passphrases(passphrase_from_environment(archive.settings.passphrase_command), ask_passphrase)
    try:
        stand_in = None if recovery_key is None else KeySigner.from_seed(given.seed(recovery_key))
        archive.unlock(*load_keys(archive, given, stand_in, warn))
    except (ProofError, UsageError) as error:
        error.hint = error.hint or "set ARCHIVER_PASSPHRASE or ARCHIVER_PASSPHRASE_FILE, or run this on a terminal"
        raise
    if mend:
        for line in archive.ledger().repair().lines():
            warn(line)
    return given


def existing_signer(signer_key: Path | None, agent: str | None) -> tuple[Signer | None, str | None]:
    """A signer that is there already, in a file or in the ssh-agent, and how it is found again."""
    if signer_key is not None and agent is not None:
        raise UsageError("--signer-key and --agent name two keys; give one")
    if signer_key is not None:
        from archiver.signing.keys import KeySigner
        from archiver.work.keys import Passphrases

        path = signer_key.expanduser().resolve()
        try:
            seed = Passphrases(passphrase_from_environment(), ask_passphrase).seed(path)
        except (ProofError, UsageError) as error:
            error.hint = error.hint or "load it into ssh-agent and use --agent, or run this on a terminal"
            raise
        return KeySigner.from_seed(seed), f"file {path}"
    if agent is not None:
        from archiver.web.agent import agent_signer

        return agent_signer(agent), "agent"
    return None, None


def ask_passphrase(path: Path, again: bool) -> bytes | None:
    """Ask on the terminal; None where there is none."""
    if not sys.stdin.isatty():
        return None
    if again:
        click.echo(f"That does not open {path.name}.", err=True)
    answer: str = click.prompt(f"Passphrase of {path.name}", hide_input=True, err=True)
    return answer.encode("utf-8")


def new_passphrase(no_passphrase: bool) -> bytes | None:
    """The passphrase for new keys: from the environment, or asked for twice. Raises UsageError where nobody can say."""
    given = passphrase_from_environment()
    if no_passphrase:
        return None
    if given is not None:
        if not given:
            raise UsageError("the passphrase is empty", hint="--no-passphrase makes keys without one")
        return given
    if not sys.stdin.isatty():
        raise UsageError(
            "new keys need a passphrase, and nobody can be asked here",
            hint="set ARCHIVER_PASSPHRASE or ARCHIVER_PASSPHRASE_FILE, or say --no-passphrase",
        )
    click.echo("A passphrase protects the keys of this archive. Without it they cannot be used, by anybody.", err=True)
    answer: str = click.prompt("Passphrase", hide_input=True, confirmation_prompt="Once more", err=True)
    return answer.encode("utf-8")
