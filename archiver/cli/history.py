"""`archiver history`: the life of a page and of each statement on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from archiver.cli import session
from archiver.cli.log import status_of
from archiver.cli.progress import Progress
from archiver.cli.render import amount, print_json, shown, style, wrap
from archiver.cli.verdicts import COLOURS, INDENT, change_json, change_words, verdict_json
from archiver.cli.word_diff import diff_lines
from archiver.work.history import History, Moment, Statement, Visit


@click.command(
    short_help="The life of a page and of its statements.",
    epilog="\b\nFor example:\n  archiver history https://news.example/bridge\n  archiver history 42#s3",
)
@click.argument("ref", metavar="REF|URL")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, ref: str, as_json: bool) -> None:
    """Show every visit to a page in the order of time, and what became of each statement: as the rechecks sealed it;
    or, where two visits were never compared, as it is compared now (marked so). 2#s3 shows one statement."""
    from archiver.work.history import history

    archive = session.open_archive(ctx)
    with Progress("listing captures", 2) as progress:
        found = history(archive, ref, progress.update)
    if as_json:
        print_json(_plain(found))
        return
    click.echo(style(shown(found.url), bold=True))
    for visit in found.visits:
        _show_visit(visit)
    click.echo("\n" + style(amount(len(found.statements), "statement"), bold=True))
    for statement in found.statements:
        _show_statement(statement)


def _time(text: str) -> str:
    return text[:16].replace("T", " ")


def _show_visit(visit: Visit) -> None:
    item = visit.capture.snapshot
    what = {None: status_of(visit.capture), "bundle": "a bundle of somebody else’s"}.get(visit.against, visit.against)
    known = f", rechecked as number {', '.join(map(str, visit.rechecks))}" if visit.rechecks else ""
    click.echo(f"{item.sequence:>5}  {_time(item.manifest.time)}  {what}{known}")
    for change in visit.changes:
        click.echo(wrap(change_words(change), " " * 11, f"{'':<7}{style(change.field, 'yellow')}: "))


def _show_statement(statement: Statement) -> None:
    record, base = statement.record, statement.base
    who = record.speaker.name if record.speaker is not None else "speaker not found"
    click.echo(f"  {style(f'{statement.name:<9}', 'cyan')} {style(shown(who), bold=True)}")
    click.echo(wrap(record.text, INDENT))
    click.echo(f"{base.capture.snapshot.sequence:>11}  {_time(base.capture.snapshot.manifest.time)}  first seen")
    for run in _runs(statement.moments):
        _show_moment(run[0])
        if len(run) > 2:
            click.echo(style(f"{'…':>11}  {amount(len(run) - 2, 'visit')} more, and the same", dim=True))
        if len(run) > 1:
            _show_moment(run[-1], again=True)


def _runs(moments: Sequence[Moment]) -> list[list[Moment]]:
    """Moments in a row at which the same is true."""
    runs: list[list[Moment]] = []
    for moment in moments:
        here = (moment.found.verdict, moment.found.diff, moment.found.reason, moment.found.attribution)
        last = runs[-1][-1].found if runs else None
        if last is not None and (last.verdict, last.diff, last.reason, last.attribution) == here:
            runs[-1].append(moment)
        else:
            runs.append([moment])
    return runs


def _show_moment(moment: Moment, *, again: bool = False) -> None:
    found = moment.found
    how = "" if moment.sealed is not None else style("  (compared now)", dim=True)
    signs = f" · {style(', '.join(found.signs), 'yellow')}" if found.signs else ""
    line = f"{moment.snapshot:>11}  {_time(moment.time)}  {style(found.verdict, COLOURS[found.verdict])}{signs}{how}"
    click.echo(line)
    if again:
        return
    if found.diff:
        click.echo(diff_lines(found.diff, " " * 31))
    if found.reason:
        click.echo(style(wrap(found.reason, " " * 31), dim=True))
    for change in found.attribution:
        click.echo(f"{'':<31}{style(change.field, 'yellow')}: {shown(change_words(change))}")


def _plain(found: History) -> dict[str, Any]:
    return {
        "url": found.url,
        "visits": [
            {
                "number": visit.capture.snapshot.sequence,
                "time": visit.capture.snapshot.manifest.time,
                "reading": visit.capture.reading.sequence if visit.capture.reading is not None else None,
                "kind": visit.capture.found.kind if visit.capture.found is not None else None,
                "status": status_of(visit.capture),
                "title": visit.capture.said("title"),
                "changes": [change_json(change) for change in visit.changes],
                "rechecks": list(visit.rechecks),
                "against": visit.against,
            }
            for visit in found.visits
        ],
        "statements": [
            {
                "id": statement.name,
                "kind": statement.record.kind,
                "text": statement.record.text,
                "speaker": statement.record.speaker.name if statement.record.speaker is not None else None,
                "first": statement.base.capture.snapshot.sequence,
                "life": [
                    {"snapshot": moment.snapshot, "time": moment.time, "recheck": moment.sealed}
                    | {
                        key: value
                        for key, value in verdict_json(statement.record, moment.found).items()
                        if key not in ("id", "kind", "text", "places")
                    }
                    for moment in statement.moments
                ],
            }
            for statement in found.statements
        ],
    }
