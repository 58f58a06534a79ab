"""`archiver publish`: the log as a static site that any tlog client reads."""

from __future__ import annotations

from pathlib import Path

import click

from archiver.cli import session
from archiver.cli.render import amount, print_json


@click.command(short_help="Publish the log as a static site that any tlog client reads.")
@click.argument("folder", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "--entries", is_flag=True, help="Publish the manifests too (they hold no URL, title, name or quoted word)."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, folder: Path, entries: bool, as_json: bool) -> None:
    """Write the log's checkpoint (with the cosignatures that it has) and tiles to FOLDER, for any web server: C2SP
    tlog-tiles. Whoever kept an older checkpoint can then prove that the log only grew (archiver audit). Nothing of what
    was captured is in it; with --entries, the manifests are: digests, sizes, times, keys.

    Call it again after captures: only what is new is written, the checkpoint last."""
    from archiver.store.site import publish

    archive = session.open_archive(ctx)
    done = publish(archive.folder, folder, entries=entries)
    if as_json:
        print_json(
            {
                "origin": done.origin,
                "size": done.size,
                "before": done.before,
                "files": done.files,
                "cosignatures": done.cosignatures,
            }
        )
        return
    click.echo(f"{folder}: {done.origin} with {amount(done.size, 'manifest')}, {amount(done.files, 'file')} written.")
    if not done.cosignatures:
        click.echo("No witness has cosigned this checkpoint: archiver witness ask")
