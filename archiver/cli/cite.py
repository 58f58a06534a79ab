"""`archiver cite`: a citation of one statement."""

from __future__ import annotations

import click

from archiver.cli import session

FORMATS = ("text", "markdown", "html", "bibtex", "csl-json")


@click.command(
    short_help="Cite one statement: text, Markdown, HTML, BibTeX or CSL JSON.",
    epilog="\b\nFor example:\n  archiver cite 42#s3\n  archiver cite 42#s3 --format csl-json",
)
@click.argument("ref", metavar="REF#ID")
@click.option("--statement", metavar="ID", help="The statement, where REF takes no suffix: an address, latest.")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), default="text", show_default=True, help="In which format."
)
@click.pass_context
def command(ctx: click.Context, ref: str, statement: str | None, form: str) -> None:
    """Print a citation of one statement (42#s3): its words, speaker, title, site and dates, when it was captured, the
    archive's identity and the digest of the manifest that seals it, and a link that scrolls to the words in a browser.
    Dates and names are what the page says; guesses are left out. Nothing is verified here."""
    from archiver.work.cite import cite
    from archiver.work.cite_formats import render

    click.echo(render(cite(session.open_archive(ctx), ref, statement), form))
