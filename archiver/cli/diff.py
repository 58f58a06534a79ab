"""`archiver diff`: what changed between two captures, word by word."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archiver.cli import session
from archiver.cli.main import BAD, GOOD
from archiver.cli.render import amount, print_json, shown, style, wrap
from archiver.cli.verdicts import change_json, change_words, show_verdict, verdict_json
from archiver.cli.word_diff import diff_json, diff_lines
from archiver.page.text_diff import is_changed
from archiver.page.wording import Diff
from archiver.work.diff import Difference, Side

CONTEXT = 200  # characters of an unchanged stretch that are shown at either end


@click.command(
    short_help="What changed between two captures, word by word.",
    epilog="\b\nFor example:\n  archiver diff 41 57\n  archiver diff 41 57 --html changes.html",
)
@click.argument("old", metavar="OLD")
@click.argument("new", metavar="NEW")
@click.option("--page", "whole", is_flag=True, help="The whole pages, not the articles alone.")
@click.option(
    "--html", "html_file", type=click.Path(path_type=Path), metavar="FILE", help="Write a page for a browser."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, old: str, new: str, whole: bool, html_file: Path | None, as_json: bool) -> None:
    """Compare two captures (numbers, digests, addresses): headline and dates, each statement, and the text of the
    articles word by word. Exit code 1 if anything changed. The page that --html writes loads nothing from anywhere."""
    from archiver.work.diff import difference, write_page

    found = difference(session.open_archive(ctx), old, new, whole=whole)
    if html_file is not None:
        from archiver.cli.diff_page import render

        write_page(html_file, render(found))
    if as_json:
        print_json(_plain(found))
    elif html_file is None:
        _show(found)
    else:
        click.echo(f"Wrote {html_file}.")
    ctx.exit(BAD if found.changed else GOOD)


def _show(found: Difference) -> None:
    for sign, colour, side in (("-", "red", found.old), ("+", "green", found.new)):
        taken = side.capture.snapshot
        line = f"{sign} number {taken.sequence}, {taken.manifest.time[:16].replace('T', ' ')}  {side.capture.url}"
        click.echo(style(shown(line), colour))
    if found.old.capture.url != found.new.capture.url and all(
        side.capture.facts is None or side.capture.facts.request is not None for side in (found.old, found.new)
    ):
        click.echo(f"  {style('note', 'yellow')}: these are captures of two addresses")
    for change in found.page:
        click.echo(f"  {style(change.field, 'yellow')}: {shown(change_words(change))}")
    click.echo("")
    _show_text(found.text)
    odd = [(record, item) for record, item in found.statements if item.verdict != "verbatim" or item.attribution]
    same = len(found.statements) - len(odd)
    click.echo(style(f"{amount(same, 'statement')} verbatim", bold=True) + (", and:" if odd or found.added else ""))
    for record, item in odd:
        show_verdict(record, item, f"{found.old.reading.sequence}#{record.id}")
    for record in found.added:
        name = f"{found.new.reading.sequence}#{record.id}"
        click.echo(f"  {style(f'{name:<9}', 'cyan')} {style('new', 'green', bold=True)}")
        click.echo(wrap(record.text, "              "))


def _show_text(text: tuple[Diff, ...]) -> None:
    """The paragraphs that changed; how many between them did not."""
    skipped = 0
    for paragraph in text:
        if not is_changed(paragraph):
            skipped += 1
            continue
        if skipped:
            click.echo(style(f"… {amount(skipped, 'paragraph')} unchanged", dim=True))
            skipped = 0
        click.echo(diff_lines(shortened(paragraph), ""))
        click.echo("")
    if skipped:
        click.echo(style(f"… {amount(skipped, 'paragraph')} unchanged", dim=True))


def shortened(paragraph: Diff) -> Diff:
    """A paragraph whose long unchanged stretches are cut, at blanks."""
    pieces = []
    for place, (sign, text) in enumerate(paragraph):
        if sign == "=" and len(text) > 2 * CONTEXT + 40:
            head = "" if place == 0 else text[:CONTEXT].rpartition(" ")[0] + " "
            tail = "" if place == len(paragraph) - 1 else " " + text[-CONTEXT:].partition(" ")[2]
            text = f"{head}…{tail}"
        pieces.append((sign, text))
    return tuple(pieces)


def _plain(found: Difference) -> dict[str, Any]:
    return {
        "old": _side(found.old),
        "new": _side(found.new),
        "changed": found.changed,
        "page": [change_json(change) for change in found.page],
        "text": [diff_json(paragraph) for paragraph in found.text],
        "verdicts": [verdict_json(record, item) for record, item in found.statements],
        "added": [{"id": record.id, "kind": record.kind, "text": record.text} for record in found.added],
    }


def _side(side: Side) -> dict[str, Any]:
    item = side.capture.snapshot
    return {
        "snapshot": item.sequence,
        "reading": side.reading.sequence,
        "digest": item.digest,
        "time": item.manifest.time,
        "url": side.capture.url,
        "title": side.capture.said("title"),
        "kind": side.before.page.kind,
    }
