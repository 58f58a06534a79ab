"""`archiver read`: make the readings that are missing, or make them anew with this version."""

from __future__ import annotations

import click

from archiver.cli import session
from archiver.cli.main import UNABLE
from archiver.cli.progress import Progress
from archiver.cli.render import amount, print_json, warn
from archiver.errors import UsageError


@click.command(
    short_help="Find text and statements in captures that were sealed without.",
    epilog="\b\nFor example:\n  archiver read 42\n  archiver read --all",
)
@click.argument("refs", nargs=-1, metavar="[REF]...")
@click.option("--all", "everything", is_flag=True, help="Every capture that has no reading yet.")
@click.option("--jobs", type=click.IntRange(1, 64), default=None, help="Processes (default: one for each core).")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON line for each reading.")
@click.pass_context
def command(ctx: click.Context, refs: tuple[str, ...], everything: bool, jobs: int | None, as_json: bool) -> None:
    """Read what was sealed: page text, article, statements. A capture that has a reading gets a new one, which names
    the one that it replaces; older readings stay. The snapshots are never touched."""
    import os

    from archiver.work.again import pending, read_again

    if everything == bool(refs):
        raise UsageError("give REFs, or --all for every capture without a reading")
    archive = session.open_archive(ctx)
    session.unlock(archive)
    chosen = pending(archive, None if everything else refs)
    failed = False
    with Progress("reading", len(chosen), enabled=not as_json) as progress, session.interruptible():
        for done in read_again(archive, chosen, jobs or os.cpu_count() or 1):
            progress.above(lambda done=done: _show(done, as_json))  # type: ignore[misc]
            progress.advance()
            failed = failed or done.error is not None
    if failed:
        ctx.exit(UNABLE)
    if not chosen and not as_json:
        click.echo("Nothing to read: every capture has a reading.")


def _show(done: object, as_json: bool) -> None:
    from archiver.work.again import Again

    assert isinstance(done, Again)
    if as_json:
        print_json(
            {
                "snapshot": done.snapshot,
                "reading": done.reading,
                "replaces": done.replaces,
                "kind": done.kind,
                "statements": done.statements,
                "error": done.error,
            }
        )
    elif done.error is not None:
        warn(f"number {done.snapshot}: {done.error}")
    else:
        click.echo(
            f"{done.snapshot:>5}  read as number {done.reading}: {done.kind}, {amount(done.statements, 'statement')}"
        )
