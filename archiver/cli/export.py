"""`archiver export`: write a bundle that others can check without this program."""

from __future__ import annotations

from pathlib import Path

import click

from archiver.cli import session
from archiver.cli.progress import Progress
from archiver.cli.render import amount, print_json, shown, size_of, style


@click.command(short_help="Write an evidence bundle that others can check.")
@click.argument("refs", nargs=-1, required=True, metavar="REF...")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.zip", help="Where to write it."
)
@click.option(
    "--wacz",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.wacz",
    help="Write a package that replay programs show, with the bundle in it, instead (with -o: as well).",
)
@click.option("--force", is_flag=True, help="Replace FILE.zip if it is there.")
@click.option("--purpose", metavar="TEXT", help="For whom and why; sealed with the record of this export.")
@click.option("--withhold", metavar="ROLES", help="Leave these objects out, e.g. warc,page-text,facts,statements.")
@click.option("--no-record", is_flag=True, help="Do not record this export in the archive.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    refs: tuple[str, ...],
    output: Path | None,
    wacz: Path | None,
    force: bool,
    purpose: str | None,
    withhold: str | None,
    no_record: bool,
    as_json: bool,
) -> None:
    """Write the captures that the REFs mean (numbers, latest, addresses) into one zip: the exchanges, page text and
    statements, the signed manifests, their place in the log, a report to read, and a README that tells a stranger how
    to check it with ssh-keygen and sha256sum alone. That it left is recorded in the archive."""
    from archiver.work.export import export

    archive = session.open_archive(ctx)
    session.unlock(archive)
    if wacz is not None:
        from archiver.cli import export_wacz

        export_wacz.write(archive, refs, wacz, force=force, record=not no_record, purpose=purpose, as_json=as_json)
        if output is None:
            return
    roles = tuple(dict.fromkeys(role.strip() for role in (withhold or "").split(",") if role.strip()))
    with Progress("exporting", 2, enabled=not as_json) as progress:
        done = export(
            archive,
            refs,
            output,
            force=force,
            record=not no_record,
            purpose=purpose,
            withhold=roles,
            progress=progress.update,
        )
    if as_json:
        print_json(
            {
                "path": str(done.path),
                "digest": done.digest,
                "size": done.size,
                "sequences": list(done.sequences),
                "record": done.record,
            }
        )
        return
    click.echo(
        f"Wrote {style(shown(done.path), bold=True)}: {amount(len(done.sequences), 'manifest')}, {size_of(done.size)}."
    )
    click.echo(f"  {done.digest}")
    if done.record is not None:
        click.echo(f"  recorded as number {done.record}")
    click.echo(f"To check it: archiver verify {shown(done.path)}   (or see README.txt in it)")
