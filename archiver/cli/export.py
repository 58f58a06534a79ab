"""`archiver export`: write a bundle that others can check without this program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archiver.cli import session
from archiver.cli.days import day
from archiver.cli.progress import Progress
from archiver.cli.render import amount, print_json, shown, size_of, style, wrap
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.archive import Archive
    from archiver.work.choose import Choice
    from archiver.work.export import Exported

SHOWN = 10  # lines of what was left out


@click.command(short_help="Write an evidence bundle that others can check.")
@click.argument("refs", nargs=-1, metavar="[REF...]")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE.zip", help="Where to write it."
)
@click.option(
    "--wacz",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE.wacz",
    help="Write a package that replay programs show, with the bundle in it, instead (with -o: as well).",
)
@click.option(
    "--statement", "statements", multiple=True, metavar="ID", help="Of REF, this statement (s3) and no other."
)
@click.option("--rechecks", is_flag=True, help="Later visits to what is chosen as well, with their verdicts.")
@click.option("--url", metavar="URL", help="Every capture of this page.")
@click.option("--from", "since", metavar="DAY", help="What was captured on that day (UTC) or later.")
@click.option("--to", "until", metavar="DAY", help="What was captured on that day (UTC) or before.")
@click.option("--search", metavar="WORDS", help="What has these words in its text.")
@click.option(
    "--withhold",
    metavar="LIST",
    help="Leave out warc, page-text, facts, statements, context, request, body, header:NAME.",
)
@click.option("--keep-credentials", is_flag=True, help="Leave cookies and authorization in the requests.")
@click.option(
    "--since",
    "earlier",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Prove that this bundle's log extends that of an earlier bundle.",
)
@click.option("--force", is_flag=True, help="Replace FILE.zip if it is there.")
@click.option("--purpose", metavar="TEXT", help="For whom and why; sealed with the record of this export.")
@click.option("--no-record", is_flag=True, help="Do not record this export in the archive.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    refs: tuple[str, ...],
    output: Path | None,
    wacz: Path | None,
    statements: tuple[str, ...],
    rechecks: bool,
    url: str | None,
    since: str | None,
    until: str | None,
    search: str | None,
    withhold: str | None,
    keep_credentials: bool,
    earlier: Path | None,
    force: bool,
    purpose: str | None,
    no_record: bool,
    as_json: bool,
) -> None:
    """Write what is chosen into one zip that others can check: by REF (numbers, latest, addresses; 42#s3 is a statement
    alone), by page, day or words. In it are the exchanges, page text and statements, the signed manifests, their place
    in the log, a report to read, and a README that tells a stranger how to check it with ssh-keygen and sha256sum
    alone. What is withheld is listed, and what would let it be guessed is withheld with it; the rest still proves
    itself. That it left is recorded in the archive.

    For example: archiver export 42#s3 --withhold warc,page-text,facts,context -o quote.zip
    """
    from archiver.work.choose import Choice
    from archiver.work.export import export

    archive = session.open_archive(ctx)
    choice = Choice(refs, statements, url, day(since, "--from", 0), day(until, "--to", 1), search, rechecks)
    words = tuple(dict.fromkeys(word.strip() for word in (withhold or "").split(",") if word.strip()))
    if wacz is not None and (words or statements or earlier or keep_credentials or any("#s" in ref for ref in refs)):
        raise UsageError(
            "a package for replay holds whole exchanges: nothing more can be withheld from it",
            hint="leave --wacz out for a bundle that shows less",
        )
    session.unlock(archive, mend=not no_record)
    if wacz is not None:
        _write_wacz(archive, choice, wacz, force=force, record=not no_record, purpose=purpose, as_json=as_json)
        if output is None:
            return
    with Progress("exporting", 2, enabled=not as_json) as progress:
        done = export(
            archive,
            choice,
            output,
            force=force,
            record=not no_record,
            purpose=purpose,
            withhold=words,
            credentials=keep_credentials,
            since=earlier,
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
                "withheld": list(done.built.withheld),
                "notes": list(done.notes),
            }
        )
        return
    _show(done)


def _write_wacz(archive: Archive, choice: Choice, path: Path, **options: Any) -> None:
    from archiver.cli import export_wacz
    from archiver.work.choose import choose

    refs = tuple(str(number) for number in sorted(choose(archive, choice).numbers))
    export_wacz.write(archive, refs, path, **options)


def _show(done: Exported) -> None:
    click.echo(
        f"Wrote {style(shown(done.path), bold=True)}: {amount(len(done.sequences), 'manifest')}, {size_of(done.size)}."
    )
    click.echo(f"  {done.digest}")
    for line in done.built.withheld[:SHOWN]:
        click.echo(wrap(shown(line), "      ", "  left out of "))
    if len(done.built.withheld) > SHOWN:
        click.echo(f"  … and {len(done.built.withheld) - SHOWN} more (bundle.json lists all)")
    for line in done.notes:
        click.echo(wrap(shown(line), "    ", "  note: "))
    if done.record is not None:
        click.echo(f"  recorded as number {done.record}")
    click.echo(f"To check it: archiver verify {shown(done.path)}   (or see README.txt in it)")
