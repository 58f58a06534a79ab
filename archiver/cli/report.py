"""`archiver report`: a page, a PDF or a court packet about captures, from the archive itself."""

from __future__ import annotations

from pathlib import Path

import click

from archiver.cli import session
from archiver.cli.progress import Progress
from archiver.cli.render import amount, shown, style
from archiver.errors import StoreError, UsageError


@click.command(
    short_help="Write a report or a court packet about captures.",
    epilog="Examples: archiver report 41 -o report.html | archiver report 41 --pdf | archiver report 41 --court papers",
)
@click.argument("refs", nargs=-1, required=True, metavar="REF...")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE", help="Where to write it."
)
@click.option("--pdf", is_flag=True, help="PDF/A-3b instead of HTML (with --court: beside it). Needs the extra: pdf.")
@click.option(
    "--court",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write drafts for court there: technical report, collection sheet, certification, custody log, glossary.",
)
@click.option("--rechecks", is_flag=True, help="With every later visit to these pages.")
@click.option("--force", is_flag=True, help="Replace files that are there.")
@click.pass_context
def command(
    ctx: click.Context,
    refs: tuple[str, ...],
    output: Path | None,
    pdf: bool,
    court: Path | None,
    rechecks: bool,
    force: bool,
) -> None:
    """Describe the captures that the REFs mean (numbers, latest, addresses): what the page said, who captured it and
    how, every statement in its context, what was checked and what is not proven. Or, with --court, write the papers
    that a lawyer will ask for, filled in from the signed records: drafts for the person to complete, no legal advice.

    A report is a description. The evidence is what `archiver export` writes."""
    from archiver.work import reporting

    if court is not None and output is not None:
        raise UsageError("--court FOLDER and -o FILE are two places", hint="give one of them")
    archive = session.open_archive(ctx)
    gathered = reporting.gather(archive, refs, rechecks=rechecks)
    numbers = reporting.described(gathered)
    if court is None:
        path = output or Path(f"report-{numbers[0]}.{'pdf' if pdf else 'html'}")
        _write(path, _as_pdf(reporting.report(gathered)) if pdf else reporting.report(gathered), force)
        click.echo(f"Wrote {style(shown(path), bold=True)}: {amount(len(numbers), 'capture')}.")
        return
    with Progress("looking", 2) as progress:
        papers = reporting.court_packet(archive, gathered, progress.update)
    if pdf:
        papers |= {name.replace(".html", ".pdf"): _as_pdf(data) for name, data in papers.items()}
    _make(court)
    for name, data in papers.items():
        _write(court / name, data, force)
    click.echo(f"Wrote {style(shown(court), bold=True)}: {amount(len(papers), 'paper')}. Begin with index.html.")
    click.echo("They are drafts: let the person who captured read, correct and complete them, and ask a lawyer.")


def _as_pdf(html: bytes) -> bytes:
    from archiver.bundle.report.pdf import pdf_of

    return pdf_of(html)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"could not be made: {error.strerror or error}", where=str(folder)) from None


def _write(path: Path, data: bytes, force: bool) -> None:
    try:
        with path.open("wb" if force else "xb") as file:
            file.write(data)
    except FileExistsError:
        raise UsageError("is there already", where=str(path), hint="give --force to replace it") from None
    except OSError as error:
        raise StoreError(f"could not be written: {error.strerror or error}", where=str(path)) from None
