"""`archiver trust`: whose keys this user believes. Nothing but these commands changes that."""

from __future__ import annotations

import click

from archiver.cli import session
from archiver.cli.render import amount, print_json, table
from archiver.errors import MissingError


@click.group(short_help="Confirm the keys of others, list or forget them.")
def command() -> None:
    """Which signers and archives you believe. Compare a fingerprint by telephone, on a card, on a site that you trust,
    never with what a bundle itself says; then confirm it. Keys that you made on this machine are yours anyway."""


@command.command("add")
@click.argument("fingerprint")
@click.option("--as", "name", required=True, metavar="NAME", help="Whose key or archive it is.")
def add(fingerprint: str, name: str) -> None:
    """Confirm a signer's FINGERPRINT (SHA256:…) or an archive's identity (sha256:…) under a name."""
    session.home().trust(fingerprint, name)
    click.echo(f"{fingerprint} is confirmed as {name}.")


@command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_(as_json: bool) -> None:
    """List what you confirmed, and your own signing keys."""
    home = session.home()
    rows = [(item.name, item.key, "confirmed") for item in home.trusted()]
    rows += [("(yours)", fingerprint, "own key") for fingerprint in sorted(home.own_fingerprints())]
    if as_json:
        print_json([{"name": name, "key": key, "why": why} for name, key, why in rows])
    elif rows:
        table(("NAME", "KEY OR ARCHIVE", "WHY"), rows, flexible=0)
    else:
        click.echo("Nothing is confirmed yet. To confirm a key: archiver trust add FINGERPRINT --as NAME")


@command.command("remove")
@click.argument("fingerprint_or_name")
def remove(fingerprint_or_name: str) -> None:
    """Forget what was confirmed under that FINGERPRINT or NAME."""
    gone = session.home().distrust(fingerprint_or_name)
    if not gone:
        raise MissingError(f"nothing is confirmed as {fingerprint_or_name}", hint="see: archiver trust list")
    click.echo(f"Forgot {amount(gone, 'confirmation')}.")
