"""What commands share: the user's home, the archive that is meant, its keys unlocked, its output style."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import click

from archiver.archive import Archive, locate
from archiver.errors import ProofError, StoreError, UsageError
from archiver.store.home import Home


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
            result = subprocess.run(shlex.split(command), stdout=subprocess.PIPE, check=True, timeout=60)  # noqa: S603
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            raise StoreError(f"passphrase_command failed: {error}", hint="run it by hand to see why") from None
        return result.stdout.split(b"\n")[0]
    return None


def unlock(archive: Archive) -> None:
    """Unlock both keys, asking once, before anything is requested from anywhere."""
    from archiver.work.keys import load_keys

    settings = archive.settings
    passphrase = passphrase_from_environment(settings.passphrase_command)
    asked = passphrase is not None
    while True:
        try:
            signer, log_key, guard = load_keys(archive, passphrase)
            break
        except ProofError:
            if asked or not sys.stdin.isatty():
                raise
            click.echo("That is not the passphrase.", err=True)
            passphrase = None
        except UsageError as error:
            if passphrase is not None or not sys.stdin.isatty():
                raise UsageError(
                    error.message,
                    where=error.where,
                    hint="set ARCHIVER_PASSPHRASE or ARCHIVER_PASSPHRASE_FILE, or run this on a terminal",
                ) from None
            passphrase = click.prompt("Passphrase of this archive's keys", hide_input=True, err=True).encode("utf-8")
    archive.unlock(signer, log_key, guard)
