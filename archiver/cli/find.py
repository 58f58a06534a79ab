"""`archiver find`: does the archive hold the words that somebody cites?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from archiver.cli import session
from archiver.cli.days import day
from archiver.cli.main import BAD, GOOD, UNDECIDED
from archiver.cli.progress import Progress
from archiver.cli.render import amount, print_json, shown, style, warn, wrap

if TYPE_CHECKING:
    from archiver.work.find import Found, Match

COLOURS = {"verbatim": "green", "altered": "red", "not in the archive": "yellow"}


@click.command(
    short_help="Look for words that somebody cites: verbatim, altered, or not in the archive.",
    epilog="\b\nFor example:"
    '\n  archiver find "nobody can say that it was hidden"'
    '\n  archiver find "nobody can say" --speaker Marendahl --from 2026-09-01',
)
@click.argument("words")
@click.option("--speaker", metavar="NAME", help="Only statements of a speaker so named.")
@click.option("--site", metavar="TEXT", help="Only pages whose address or site contains TEXT.")
@click.option("--from", "since", metavar="DAY", help="Only pages captured on or after that day, e.g. 2026-11-23.")
@click.option("--to", "until", metavar="DAY", help="Only pages captured until that day, itself included.")
@click.option("-n", "count", type=click.IntRange(1), default=10, show_default=True, help="How many matches are shown.")
@click.option("--rebuild", is_flag=True, help="Make the index anew from the archive first.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    words: str,
    speaker: str | None,
    site: str | None,
    since: str | None,
    until: str | None,
    count: int,
    rebuild: bool,
    as_json: bool,
) -> None:
    """Look for WORDS in all statements, then in all page texts of the archive: are they there as cited (exit code 0),
    there in other words, which are shown (1), or not in the archive (4)? Quotation marks, dashes, blanks and the
    closing comma or full stop may differ; […] stands for words left out. Of each capture its newest reading counts.

    The index in index.sqlite is made from the archive when needed; it only says where to look, what is shown is read
    from the archive itself. Nothing is verified here."""
    from archiver.work.find import Wanted, find
    from archiver.work.pages import quiet

    archive = session.open_archive(ctx)
    wanted = Wanted(words, speaker, site, day(since, "--from", 0), day(until, "--to", 1))
    with Progress("indexing", 2) as progress:
        found = find(archive, wanted, progress.update, anew=rebuild)
    if not found.fts:
        warn("this SQLite has no FTS5 with trigrams: all statements are looked at, which takes longer")
    if found.temporary:
        warn("neither the archive nor your state folder can be written: the index is made anew each time")
    limits = _limits(speaker=speaker, site=site, since=since, until=until)
    if as_json:
        print_json(_plain(found))
    elif limits and not found.matches:
        _show_elsewhere(find(archive, Wanted(words), quiet), limits, count)
    else:
        _show(found, count)
    ctx.exit({"verbatim": GOOD, "altered": BAD}.get(found.verdict, UNDECIDED))


def _limits(*, speaker: str | None, site: str | None, since: str | None, until: str | None) -> str:
    """The options that narrow a search, as they were typed."""
    given = (("--speaker", speaker), ("--site", site), ("--from", since), ("--to", until))
    return " ".join(f"{name} {value}" for name, value in given if value is not None)


def _show_elsewhere(found: Found, limits: str, count: int) -> None:
    """Nothing is left by the options that narrow the search: what there is without them. Whoever asks for a speaker
    must learn that the words are somebody else's."""
    click.echo(f"{style('not found', 'yellow', bold=True)} with {shown(limits)}. In the whole archive:\n")
    _show(found, count)


def _show(found: Found, count: int) -> None:
    searched = f"{amount(found.statements, 'statement')} and {amount(found.pages, 'page text')}"
    verdict = style(found.verdict, COLOURS[found.verdict], bold=True)
    if not found.matches:
        click.echo(f"{verdict}: none of {searched} has these words, or words like them")
        click.echo("(as the index has it; archiver find --rebuild makes that anew from what was sealed)")
    else:
        click.echo(f"{verdict}: {amount(len(found.matches), 'match', 'matches')} in {searched}")
    for match in found.matches[:count]:
        click.echo("")
        _match(match)
    if len(found.matches) > count:
        click.echo(f"\n(and {len(found.matches) - count} more: -n {len(found.matches)})")
    if found.more:
        more = amount(found.more, "more statement")
        click.echo(f"\n(the words stand in at least {more}: give more of them, --speaker or --site)")
    for number, why in found.unread[:3]:
        warn(f"number {number} could not be looked into: {why}")
    if len(found.unread) > 3:
        warn(f"and {len(found.unread) - 3} more readings: see archiver verify")


def _match(match: Match) -> None:
    from archiver.cli.word_diff import diff_lines

    record = match.statement
    if record is None:
        click.echo(f"{style(match.ref, 'cyan')}  in the page's text, not listed as a statement")
        words = match.found.passage
    else:
        who = record.speaker.name if record.speaker is not None else "speaker not found"
        role = f", {record.role}" if record.role else ""
        click.echo(f"{style(match.ref, 'cyan')}  {style(shown(who + role), bold=True)}")
        words = record.text
        if record.polarity == "denied":
            click.echo(style("    the page says that they did NOT say it, or deny it", "red"))
    click.echo(wrap(words, "    "))
    if match.found.diff:
        how = "typography differs" if match.found.typographic else "; ".join(["cited as", *match.found.signs])
        click.echo(f"    {how}:")
        click.echo(diff_lines(match.found.diff, "      "))
    click.echo(wrap(_where(match), "    "))


def _where(match: Match) -> str:
    capture = match.capture
    parts = [capture.said("title"), capture.said("site"), capture.url]
    time = capture.snapshot.manifest.time[:16].replace("T", " ")
    parts.append(f"captured {time} as number {capture.snapshot.sequence}")
    if match.also:
        parts.append(
            f"and in {', '.join(match.also[:5])}{' …' if len(match.also) > 5 else ''}, until {match.latest[:10]}"
        )
    return " · ".join(part for part in parts if part)


def _plain(found: Found) -> dict[str, Any]:
    return {
        "citation": found.citation,
        "verdict": found.verdict,
        "statements": found.statements,
        "pages": found.pages,
        "more": found.more,
        "matches": [_plain_match(match) for match in found.matches],
        "unread": [{"number": number, "reason": why} for number, why in found.unread],
    }


def _plain_match(match: Match) -> dict[str, Any]:
    from archiver.cli.word_diff import diff_json

    record, capture = match.statement, match.capture
    return {
        "ref": match.ref,
        "verdict": match.found.verdict,
        "statement": record is not None,
        "text": record.text if record is not None else match.found.passage,
        "passage": match.found.passage,
        "typographic": match.found.typographic,
        "likeness": round(match.found.likeness * 100),
        "diff": diff_json(match.found.diff),
        "signs": list(match.found.signs),
        "speaker": record.speaker.name if record is not None and record.speaker is not None else None,
        "polarity": record.polarity if record is not None else None,
        "title": capture.said("title"),
        "site": capture.said("site"),
        "url": capture.url,
        "snapshot": capture.snapshot.sequence,
        "captured": capture.snapshot.manifest.time,
        "reading": capture.reading.sequence if capture.reading is not None else None,
        "digest": capture.reading.digest if capture.reading is not None else None,
        "also": list(match.also),
    }
