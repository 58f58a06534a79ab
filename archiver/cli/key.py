"""`archiver key`: the keys of an archive, from their admission to their revocation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from archiver.cli import session
from archiver.cli.render import amount, print_json, style, table
from archiver.errors import MissingError, UsageError

FILE = click.Path(path_type=Path, dir_okay=False)

_no_passphrase = click.option("--no-passphrase", is_flag=True, help="Keep the new key unencrypted.")
_signer_key = click.option("--signer-key", type=FILE, metavar="FILE", help="An OpenSSH ed25519 key that is there.")
_agent = click.option("--agent", metavar="KEY", help="A key in the ssh-agent, by fingerprint or comment.")
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
_recovery_key = click.option("--recovery-key", type=FILE, metavar="FILE", help="The file with the recovery key.")


@click.group(short_help="List, replace and revoke the keys of an archive.")
def command() -> None:
    """The keys of an archive. Every change is a signed event of the log; a key is judged by its position there, never
    by the date that something claims. Keys of other people's archives: archiver trust."""


@command.command("list")
@_json
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List every key that this archive ever had, and which are on this machine.

    The log's newest checkpoint says it; archiver verify checks it."""
    from archiver.work.key_list import list_keys

    archive = session.open_archive(ctx)
    keys = list_keys(archive)
    if as_json:
        print_json(
            [
                {
                    "role": key.role,
                    "key": key.key,
                    "since": key.since,
                    "until": key.until,
                    "trusted_size": key.trusted_size,
                    "state": key.state,
                    "where": key.where,
                }
                for key in keys
            ]
        )
        return
    rows = [
        (k.role, k.key, f"{k.since}-{'' if k.until is None else k.until - 1}", k.state, k.where or "-") for k in keys
    ]
    table(("ROLE", "KEY", "NUMBERS", "STATE", "WHERE"), rows, flexible=3)
    if any(key.role == "recovery" and key.where for key in keys):
        click.echo("\nThe recovery key is on this machine: whoever takes the machine takes it too. Move it elsewhere.")


@command.command("new")
@click.argument("file", type=FILE, required=False)
@_signer_key
@_agent
@_no_passphrase
@_json
@click.pass_context
def new(
    ctx: click.Context,
    file: Path | None,
    signer_key: Path | None,
    agent: str | None,
    no_passphrase: bool,
    as_json: bool,
) -> None:
    """Admit one signer more, for another collector who writes to this archive: a new key, written to FILE, or one that
    is there already. It signs its own admission, so its private part must be at hand."""
    from archiver.work.key_changes import admit

    other = _other(signer_key, agent)
    if (file is None) == (other is None):
        raise UsageError(
            "say which key", hint="archiver key new FILE makes one; --signer-key and --agent name one that is there"
        )
    archive = session.open_archive(ctx)
    session.unlock(archive)
    passphrase = session.new_passphrase(no_passphrase) if other is None else None
    _show(admit(archive, passphrase, file, other), as_json)


@command.command("rotate")
@click.option(
    "--role", type=click.Choice(("signer", "log", "recovery")), default="signer", help="Which key goes [signer]."
)
@_signer_key
@_agent
@_recovery_key
@click.option("--out", type=FILE, metavar="FILE", help="Where the new recovery key goes.")
@_no_passphrase
@_json
@click.pass_context
def rotate(
    ctx: click.Context,
    role: str,
    signer_key: Path | None,
    agent: str | None,
    recovery_key: Path | None,
    out: Path | None,
    no_passphrase: bool,
    as_json: bool,
) -> None:
    """Let another key take a key's place: as a routine, or when people or machines change. What the old key signed
    stays good. Tell those who check your evidence the new fingerprint.

    For a key that was stolen: archiver key revoke."""
    from archiver.work import key_changes

    other = _other(signer_key, agent)
    if other is not None and role != "signer":
        raise UsageError(f"--signer-key and --agent name a signer; the {role} key is always a new one")
    if role == "recovery" and (recovery_key is None or out is None):
        raise UsageError(
            "the recovery key is replaced by itself",
            hint="archiver key rotate --role recovery --recovery-key FILE --out NEWFILE",
        )
    archive = session.open_archive(ctx)
    passphrases = session.unlock(archive)
    passphrase = session.new_passphrase(no_passphrase) if other is None else None
    if role == "signer":
        changed = key_changes.rotate_signer(archive, passphrases, passphrase, other)
    elif role == "log":
        changed = key_changes.rotate_log(archive, passphrases, passphrase)
    else:
        assert recovery_key is not None
        assert out is not None
        changed = key_changes.rotate_recovery(archive, passphrases, passphrase, recovery_key, out)
    _show(changed, as_json)


@command.command("revoke")
@click.argument("key")
@_recovery_key
@click.option(
    "--trusted-size", type=int, metavar="N", help="What stands before number N was signed by you, not by a thief."
)
@click.option("--suspected-since", metavar="DAY", help="When the key may have been stolen, e.g. 2026-11-20.")
@click.option("--yes", is_flag=True, help="Do not ask before manifests are disowned.")
@_no_passphrase
@_json
@click.pass_context
def revoke(
    ctx: click.Context,
    key: str,
    recovery_key: Path | None,
    trusted_size: int | None,
    suspected_since: str | None,
    yes: bool,
    no_passphrase: bool,
    as_json: bool,
) -> None:
    """Say that KEY (a fingerprint, or `log`) is no longer to be believed, by the recovery key. What it signed before
    number N stays good; everything from there on is disowned, and so is whoever it admitted. If it is the key that
    signs here, a new one is made."""
    from archiver.work import key_changes

    if recovery_key is None:
        raise UsageError(
            "only the recovery key revokes", hint="--recovery-key FILE: the file that you moved off this machine"
        )
    if trusted_size is None:
        raise UsageError(
            "say what is still to be believed",
            hint="--trusted-size N: archiver log --raw shows numbers and times; N is the first that is not yours",
        )
    archive = session.open_archive(ctx)
    if key != "log":
        _, fingerprint, _ = key_changes.known_key(archive, key)
        _confirm(key_changes.signed_from(archive, fingerprint, trusted_size), yes)
    passphrases = session.unlock(archive, recovery_key)
    passphrase = session.new_passphrase(no_passphrase)
    if key == "log":
        if suspected_since is not None:
            raise UsageError("--suspected-since belongs to signers")
        changed = key_changes.revoke_log(archive, passphrases, passphrase, recovery_key, trusted_size)
    else:
        changed = key_changes.revoke(archive, passphrases, passphrase, recovery_key, key, trusted_size, suspected_since)
    _show(changed, as_json)


@command.command("export")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--without-signer", is_flag=True, help="For a collector with a key of their own (archiver key new).")
@click.option("--unencrypted", is_flag=True, help="Copy keys that have no passphrase.")
@click.pass_context
def export(ctx: click.Context, folder: Path, without_signer: bool, unencrypted: bool) -> None:
    """Copy the keys that writing needs into a new FOLDER, for another machine or as a backup."""
    from archiver.work.key_transfer import export_keys

    moved = export_keys(session.open_archive(ctx), folder, signer=not without_signer, unencrypted=unencrypted)
    for name in moved.names:
        click.echo(f"  {folder / name}")
    click.echo(f"There: archiver key import {folder.name}")
    click.echo("Write to one copy of the archive at a time: two copies that grow apart can never be joined again.")
    if not moved.encrypted:
        click.echo("These keys are not encrypted: whoever reads them can sign in your name.", err=True)


@command.command("import")
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
@_signer_key
@_agent
def import_(folder: Path, signer_key: Path | None, agent: str | None) -> None:
    """Take in the keys in FOLDER, made by archiver key export on another machine."""
    from archiver.work.key_transfer import import_keys

    moved = import_keys(session.home(), folder, _other(signer_key, agent))
    click.echo(f"Took in {len(moved.names)} files to {moved.folder}.")
    click.echo(f"Delete {folder} where nobody needs it.")


@command.command("agent")
@_json
def agent_(as_json: bool) -> None:
    """List the keys in the running ssh-agent that can sign here; keys in hardware tokens too."""
    from archiver.web.agent import list_keys

    keys = list_keys()
    if as_json:
        print_json([{"key": k.public.fingerprint, "type": k.public.kind, "comment": k.comment} for k in keys])
        return
    if not keys:
        raise MissingError("the ssh-agent holds no ed25519 key", hint="add one with: ssh-add FILE")
    table(("KEY", "TYPE", "COMMENT"), [(k.public.fingerprint, k.public.kind, k.comment) for k in keys], flexible=2)
    click.echo("\nTo sign with one from now on: archiver key rotate --agent KEY")


def _confirm(disowned: list[int], yes: bool) -> None:
    """Nobody takes back a revocation: say what it disowns, and ask."""
    if not disowned:
        return
    count = amount(len(disowned), "manifest")
    click.echo(f"This disowns {count}: number {disowned[0]} to {disowned[-1]}. It cannot be taken back.", err=True)
    if yes:
        return
    if not sys.stdin.isatty():
        raise UsageError("nobody can be asked here", hint="give --yes if that is what is meant")
    click.confirm("Go on?", abort=True, err=True)


def _other(signer_key: Path | None, agent: str | None) -> Any:
    """A signer that is there already."""
    from archiver.work.key_changes import Other

    signer, source = session.existing_signer(signer_key, agent)
    return None if signer is None else Other(signer, source or "agent")


def _show(changed: Any, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "sequence": changed.sequence,
                "role": changed.role,
                "old": changed.old,
                "new": changed.new,
                "file": None if changed.file is None else str(changed.file),
            }
        )
        return
    click.echo(f"Sealed as number {style(str(changed.sequence), bold=True)}.")
    if changed.old:
        click.echo(f"  went  {changed.role} {changed.old}")
    if changed.new:
        click.echo(f"  came  {changed.role} {changed.new}")
    if changed.file:
        click.echo(f"        {changed.file}")
    if changed.role == "signer" and changed.new:
        click.echo("Give the new fingerprint to those who check your evidence, by a way that nobody can alter.")
    if changed.role == "recovery":
        click.echo("Move the new recovery key to another machine or medium now, and destroy the old one.")
