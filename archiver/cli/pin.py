"""`archiver pin`: make words that stand on a captured page a statement."""

from __future__ import annotations

import click

from archiver.cli import session
from archiver.cli.main import BAD, GOOD
from archiver.cli.quotes import Quoting, options, plain_pin, quotes_of, show_pin
from archiver.cli.render import amount, print_json
from archiver.errors import UsageError


@click.command(
    cls=Quoting,
    short_help="Pin words of a captured page as a statement.",
    epilog='\b\nFor example:\n  archiver pin 42 --quote "nobody can say that it was hidden" --speaker "Ilse Marendahl"',
)
@click.argument("ref")
@options
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    ref: str,
    quotes: tuple[str, ...],
    speakers: tuple[str, ...],
    source_notes: tuple[str, ...],
    as_json: bool,
) -> None:
    """Make words that stand on a captured page (REF) statements of yours, sealed in a new reading that replaces the
    newest one; all others keep their numbers. Quotation marks, dashes and blanks may be given in other forms; […]
    stands for words left out. If any of the words do not stand there, the nearest passage is shown, nothing is sealed,
    and the exit code is 1. Nothing is fetched."""
    from archiver.work.pin import pin

    given = quotes_of(ctx, quotes=quotes, speakers=speakers, source_notes=source_notes)
    if not given:
        raise UsageError("nothing to pin", hint='archiver pin 42 --quote "the words" --speaker NAME')
    archive = session.open_archive(ctx)
    session.unlock(archive)
    done = pin(archive, ref, given)
    good = all(item.good for item in done.pins)
    number = done.reading if done.reading is not None else done.replaces
    if as_json:
        print_json(
            {
                "snapshot": done.snapshot,
                "reading": done.reading,
                "replaces": done.replaces if done.reading is not None else None,
                "pins": [plain_pin(item, number if good else None) for item in done.pins],
            }
        )
        ctx.exit(GOOD if good else BAD)
    for item in done.pins:
        if good or not item.good:
            show_pin(item, number, "")
    if done.reading is not None:
        click.echo(f"Sealed as number {done.reading}, in place of {done.replaces}.")
    elif good:
        click.echo("Nothing to seal: all of it was there already.")
    else:
        missing = amount(sum(not item.good for item in done.pins), "quote")
        click.echo(f"Nothing was sealed: {missing} missing on number {done.snapshot}.", err=True)
        click.echo('  hint: archiver find "the words" looks through every capture', err=True)
    ctx.exit(GOOD if good else BAD)
