"""`archiver statements`: look at live input and seal nothing, or at what a capture holds."""

from __future__ import annotations

from typing import Any

import click

from archiver.cli import session
from archiver.cli.main import BAD, GOOD
from archiver.cli.render import amount, print_json, shown, style, warn
from archiver.cli.show import statement
from archiver.model.records import to_plain
from archiver.model.statement import StatementRecord


@click.command(
    short_help="Print the statements in a page, a file or a capture; seal nothing.",
    epilog="\b\nFor example:"
    "\n  archiver statements https://news.example/bridge"
    "\n  archiver statements saved.html --json"
    "\n  archiver statements 42",
)
@click.argument("subject", metavar="FILE|URL|REF")
@click.option("--allow-private", is_flag=True, help="Allow private, loopback and link-local addresses.")
@click.option("--language", metavar="CODE", help="The language of the text, where the page does not say it.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, subject: str, allow_private: bool, language: str | None, as_json: bool) -> None:
    """Print the statements that would be found in a local FILE or a live page (URL), or that a capture (REF) holds.
    Nothing is written, and of a REF nothing is fetched."""
    from archiver.work.preview import is_live, preview

    if is_live(subject):
        found = preview(subject, allow_private=allow_private, language=language)
        page: dict[str, Any] = {"source": found.source, "kind": found.kind, "title": found.title}
        for reason in found.reasons:
            warn(f"{found.kind}: {reason}")
        records, prefix = found.records, ""
    else:
        page, records, prefix = _sealed(ctx, subject)
    if as_json:
        print_json({"page": page, "statements": [_without_salt(record) for record in records]})
    else:
        if page["title"]:
            click.echo(style(shown(page["title"]), bold=True))
        click.echo(f"{amount(len(records), 'statement')} in {shown(page['source'])}")
        for record in records:
            statement(record, prefix + record.id)
    ctx.exit(GOOD if page["kind"] in ("article", "plain text", None) else BAD)


def _sealed(ctx: click.Context, subject: str) -> tuple[dict[str, Any], list[StatementRecord], str]:
    from archiver.errors import MissingError
    from archiver.work.look import resolve, statements

    archive = session.open_archive(ctx)
    meant = resolve(archive, subject)
    if meant.capture is None or meant.capture.reading is None:
        raise MissingError(f"number {meant.item.sequence} has no reading", hint=f"archiver read {meant.item.sequence}")
    records = [record for record, _ in statements(archive, meant.capture.reading)]
    if meant.statement is not None:
        records = [record for record in records if record.id == meant.statement]
    kind = meant.capture.found.kind if meant.capture.found is not None else None
    page = {"source": f"number {meant.capture.snapshot.sequence}", "kind": kind, "title": meant.capture.said("title")}
    return page, records, f"{meant.capture.reading.sequence}#"


def _without_salt(record: StatementRecord) -> dict[str, Any]:
    plain: dict[str, Any] = to_plain(record)
    plain.pop("salt")
    return plain
