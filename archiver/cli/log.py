"""`archiver log`: what was captured, newest first."""

from __future__ import annotations

from typing import Any

import click

from archiver.cli import session
from archiver.cli.render import print_json, shown, table
from archiver.errors import ArchiverError
from archiver.work.look import Capture


@click.command(short_help="List what was captured.")
@click.option("-n", "count", type=click.IntRange(1), default=20, show_default=True, help="How many rows.")
@click.option("--all", "everything", is_flag=True, help="All rows.")
@click.option("--raw", is_flag=True, help="A row for each manifest instead of each capture.")
@click.option("--site", metavar="TEXT", help="Only addresses or site names that contain TEXT.")
@click.option("--case", metavar="TEXT", help="Only captures of that case.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON line for each row.")
@click.pass_context
def command(
    ctx: click.Context, count: int, everything: bool, raw: bool, site: str | None, case: str | None, as_json: bool
) -> None:
    """List captures, newest first: number, time, title, site, statements, and what the page was. The numbers are what
    show, verify and export take. Nothing is verified here."""
    from archiver.work.look import captures

    archive = session.open_archive(ctx)
    limit = None if everything else count
    if raw:
        _raw(archive, limit, as_json)
        return
    rows = []
    left = limit
    for capture in captures(archive):
        if not _wanted(capture, site, case):
            continue
        if left is not None and left == 0:
            click.echo(f"(older ones are left out: -n {2 * count}, or --all)", err=True)
            break
        left = None if left is None else left - 1
        if as_json:
            print_json(_plain(capture))
        else:
            rows.append(_row(capture))
    if as_json:
        return
    if rows:
        table(("NO", "TIME (UTC)", "TITLE", "SITE", "STATEMENTS", "STATUS"), rows, flexible=2)
    elif site or case:
        click.echo("Nothing fits.")
    else:
        click.echo("Nothing has been captured yet. To begin: archiver capture https://…")


def _wanted(capture: Capture, site: str | None, case: str | None) -> bool:
    if case is not None and (capture.facts is None or capture.facts.case != case):
        return False
    return site is None or site.lower() in f"{capture.url} {capture.said('site') or ''}".lower()


def status_of(capture: Capture) -> str:
    """What the page was, in a word or two."""
    if capture.problem is not None:
        return "taken down" if capture.problem.startswith("taken down") else "unreadable"
    facts = capture.facts
    if facts is not None and facts.outcome == "no response":
        return "no response"
    kind = capture.found.kind if capture.found is not None else None
    document = facts.document if facts is not None else None
    status = document.status if document is not None else None
    if kind is None:
        return "sealed" if facts is not None and facts.outcome == "file" else "not read yet"
    cut = document is not None and document.truncated
    text = f"{kind} (HTTP {status})" if status is not None and status >= 300 else kind
    return f"{text}, cut off" if cut else text


def _row(capture: Capture) -> tuple[str, ...]:
    from urllib.parse import urlsplit

    facts, found = capture.facts, capture.found
    site = capture.said("site") or urlsplit(capture.url).hostname or ("local file" if facts and facts.file else "")
    count = "" if found is None else str(found.statements)
    when = capture.snapshot.manifest.time[:16].replace("T", " ")
    return (str(capture.snapshot.sequence), when, capture.said("title") or capture.url, site, count, status_of(capture))


def _plain(capture: Capture) -> dict[str, Any]:
    return {
        "number": capture.snapshot.sequence,
        "digest": capture.snapshot.digest,
        "time": capture.snapshot.manifest.time,
        "url": capture.url,
        "final_url": capture.facts.final_url if capture.facts is not None else None,
        "title": capture.said("title"),
        "site": capture.said("site"),
        "reading": capture.reading.sequence if capture.reading is not None else None,
        "kind": capture.found.kind if capture.found is not None else None,
        "statements": capture.found.statements if capture.found is not None else None,
        "status": status_of(capture),
        "case": capture.facts.case if capture.facts is not None else None,
        "problem": capture.problem,
    }


def _raw(archive: Any, limit: int | None, as_json: bool) -> None:
    from archiver.work.look import sealed

    size = archive.size()
    rows = []
    for sequence in range(size - 1, -1 if limit is None else max(-1, size - 1 - limit), -1):
        try:
            item = sealed(archive, sequence)
            row = (str(sequence), item.manifest.time, item.manifest.event, item.manifest.signer, item.digest)
        except ArchiverError as error:
            row = (str(sequence), "", "unreadable", "", shown(error.message))
        if as_json:
            print_json(dict(zip(("number", "time", "event", "signer", "digest"), row, strict=True)))
        else:
            rows.append(row)
    if rows:
        table(("NO", "TIME (UTC)", "EVENT", "SIGNER", "DIGEST"), rows, flexible=4)
