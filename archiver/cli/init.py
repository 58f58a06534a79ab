"""`archiver init`: make an archive and its keys."""

from __future__ import annotations

from pathlib import Path

import click

from archiver.cli import session
from archiver.cli.render import print_json, style


@click.command(short_help="Make an archive and its keys.")
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--origin", metavar="NAME", help="What the log is called, e.g. example.org/log (else a random name).")
@click.option("--no-passphrase", is_flag=True, help="Keep the keys unencrypted (for unattended machines).")
@click.option(
    "--signer-key",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Sign with this OpenSSH ed25519 key.",
)
@click.option("--agent", metavar="KEY", help="Sign with a key in the ssh-agent, named by fingerprint or comment.")
@click.option(
    "--continues",
    type=click.Path(path_type=Path),
    metavar="OLD",
    help="Name the end of an archive that cannot go on: its log key is lost, or all that is left is a copy.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def command(
    folder: Path,
    origin: str | None,
    no_passphrase: bool,
    signer_key: Path | None,
    agent: str | None,
    continues: Path | None,
    as_json: bool,
) -> None:
    """Make an archive in FOLDER, with keys of its own: one that signs what is captured, one for the log, and a recovery
    key that belongs on another machine. The first archive becomes your default.

    A passphrase is asked for on a terminal; ARCHIVER_PASSPHRASE or ARCHIVER_PASSPHRASE_FILE give it to scripts."""
    import os

    from archiver.archive import system_clock
    from archiver.verify.identity import short
    from archiver.work.keys import end_of, make_archive

    link = None if continues is None else end_of(continues, session.home())
    passphrase = session.new_passphrase(no_passphrase)
    signer, source = session.existing_signer(signer_key, agent)
    made = make_archive(
        folder,
        session.home(),
        passphrase=passphrase,
        signer=signer,
        signer_source=source,
        origin=origin,
        clock=system_clock,
        entropy=os.urandom,
        continues=link,
    )
    if as_json:
        print_json(
            {
                "path": str(made.root),
                "archive": made.archive,
                "origin": made.origin,
                "signer": made.signer.fingerprint,
                "recovery": made.recovery_public.fingerprint,
                "recovery_file": str(made.recovery),
            }
        )
        return
    click.echo(f"Made the archive {style(str(made.root), bold=True)}.\n")
    click.echo(f"  identity     {short(made.archive)}")
    click.echo(f"               {made.archive}")
    click.echo(f"  log          {made.origin}")
    if link is not None:
        click.echo(f"  continues    {short(link.archive)} from its {link.size} manifests; keep that archive too")
    click.echo(f"  signing key  {made.signer.fingerprint}")
    click.echo(f"  recovery key {made.recovery}\n")
    click.echo("Give identity and signing key to those who will check your evidence, by a way that nobody can alter.")
    click.echo("Move the recovery key to another machine or medium now: it alone can revoke the others.")
    if passphrase is None:
        click.echo("The keys are not encrypted: whoever can read your files can sign in your name.")
    if made.default:
        click.echo("This is your default archive from now on.")
    click.echo("\nNext: archiver capture https://…")
