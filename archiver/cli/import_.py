"""`archiver import`: seal files that others hand over, as they are, and read the page in them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archiver.cli import session
from archiver.cli.main import BAD, GOOD, UNABLE
from archiver.cli.progress import Progress
from archiver.cli.render import amount, print_json, shown, size_of, style
from archiver.model.received import STATEMENT
from archiver.model.records import to_plain
from archiver.work.import_file import Imported, import_files
from archiver.work.import_record import About

NAMES = {
    "har": "HAR", "mhtml": "MHTML", "warc": "WARC", "wacz": "WACZ", "html": "web page",
    "bundle": "bundle of archiver's", "bag": "bag", "other": "file",
}  # fmt: skip


@click.command("import", short_help="Seal files that somebody handed over, and read the page in them.")
@click.argument("paths", nargs=-1, required=True, metavar="FILE...", type=click.Path(path_type=Path))
@click.option("--given-by", metavar="NAME", help="Who gave it; kept apart, so that it can stay out of what you export.")
@click.option("--source-note", metavar="TEXT", help="How and when it was received; kept apart like --given-by.")
@click.option("--page", metavar="URL", help="Which page to read, in files with several.")
@click.option("--case", metavar="TEXT", help="The case that this belongs to; sealed with the file.")
@click.option("--note", metavar="TEXT", help="A remark; sealed with the file.")
@click.option("--tag", "tags", multiple=True, metavar="WORD", help="A tag; may be given several times.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON line for each file.")
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    given_by: str | None,
    source_note: str | None,
    page: str | None,
    case: str | None,
    note: str | None,
    tags: tuple[str, ...],
    as_json: bool,
) -> None:
    """Seal each FILE as it is, and say so: received as a file, not captured by us. What can be verified (WARC, WACZ,
    bags, bundles) is verified first, and the result sealed too. The page in it is read like a capture: show,
    statements, find, cite, export and verify work with it.

    For example: archiver import screenshot.har --given-by "A. Reader" --source-note "by mail, 23 November"

    Exit codes: 0 sealed; 1 sealed, and something in it does not verify; 3 something could not be read or sealed."""
    archive = session.open_archive(ctx)
    about = About(given_by, source_note, case, note, tags, page)
    codes = []
    with Progress("importing", len(paths), enabled=not as_json) as progress, session.interruptible():
        for done in import_files(archive, paths, about, lambda: session.unlock(archive)):
            codes.append(UNABLE if done.error is not None else GOOD if done.good else BAD)
            progress.above(lambda done=done: print_json(_plain(done)) if as_json else _show(done))  # type: ignore[misc]
            progress.advance()
    ctx.exit(next((code for code in (UNABLE, BAD) if code in codes), GOOD))


def _show(item: Imported) -> None:
    number = f"{item.number:>5}" if item.number is not None else "    –"
    if item.error is not None:
        click.echo(f"{number}  {style('failed', 'red', bold=True):<11} {shown(item.path)}")
        click.echo(f"       {style('error', 'red')}: {shown(item.error)}")
        if item.hint:
            click.echo(f"       hint: {shown(item.hint)}")
        return
    click.echo(f"{number}  {style('sealed', 'green' if item.good else 'red'):<11} {shown(item.path)}")
    if item.title:
        click.echo(f"       {shown(item.title, 100)}")
    found = [amount(item.statements, "statement")] if item.kind in ("article", "plain text") else []
    what = f"{NAMES[item.format or 'other']}, {STATEMENT}"
    click.echo("       " + ", ".join([*found, size_of(item.size), what]))
    if item.page is not None and item.page.url is not None:
        when = f", {item.page.time}" if item.page.time is not None else ""
        click.echo(f"       the file says: {shown(item.page.url, 200)}{when}")
    if item.checked is not None:
        colour = "green" if item.checked.exit_code == 0 else "yellow" if item.checked.exit_code == 4 else "red"
        click.echo(f"       checked: {style(shown(item.checked.verdict), colour)}")
    if item.kind not in (None, "article", "plain text"):
        click.echo(f"       {style(shown(item.kind), 'yellow')}")
    if item.credentials:
        what = f"{amount(item.credentials, 'request')} with cookies or passwords in it: export leaves the file out"
        click.echo(f"       {style('note', 'yellow')}: {what}")
    for problem in item.problems:
        click.echo(f"       {style('note', 'yellow')}: {shown(problem)}")


def _plain(item: Imported) -> dict[str, Any]:
    return {
        "file": str(item.path),
        "state": "failed" if item.error is not None else "sealed",
        "provenance": STATEMENT,
        "import": item.number,
        "reading": item.reading,
        "format": item.format,
        "digest": item.digest,
        "size": item.size,
        "checked": to_plain(item.checked),
        "page": to_plain(item.page),
        "credentials": item.credentials,
        "kind": item.kind,
        "title": item.title,
        "statements": item.statements,
        "problems": list(item.problems),
        "error": item.error,
        "hint": item.hint,
    }
