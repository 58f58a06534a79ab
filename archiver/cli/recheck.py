"""`archiver recheck`: visit pages again; a verdict for each statement."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archiver.cli import session
from archiver.cli.main import BAD, GOOD, UNABLE, UNDECIDED
from archiver.cli.progress import Progress
from archiver.cli.render import amount, print_json, shown, style, warn, wrap
from archiver.cli.stamping import stamp_after
from archiver.cli.verdicts import change_json, change_words, show_verdicts, tally, verdict_json
from archiver.errors import UnavailableError, UsageError
from archiver.model.records import to_plain

if TYPE_CHECKING:
    from archiver.archive import Archive
    from archiver.work.errands import Errand
    from archiver.work.recheck import Rechecked
    from archiver.work.wishes import Wishes


@click.command(
    short_help="Visit pages again: does each statement still stand?",
    epilog="\b\nFor example:"
    "\n  archiver recheck 42"
    "\n  archiver recheck https://news.example/bridge"
    "\n  archiver recheck --due --every 15m"
    "\n  archiver recheck 42 --against saved.html",
)
@click.argument("refs", nargs=-1, metavar="[REF]...")
@click.option("--all", "everything", is_flag=True, help="Every page that has statements.")
@click.option("--due", "overdue", is_flag=True, help="The pages whose time has come, by the intervals in archive.yaml.")
@click.option("--every", metavar="TIME", help="Again and again, e.g. every 6h, until Ctrl-C.")
@click.option("--against", metavar="FILE|URL|BUNDLE", help="Compare with this instead of the live page; one REF.")
@click.option("--jobs", type=click.IntRange(1, 64), default=4, show_default=True, help="How many pages at a time.")
@click.option("--allow-private", is_flag=True, help="Allow private, loopback and link-local addresses.")
@click.option("--cookie", "cookies", multiple=True, metavar="NAME=VALUE", help="Send a cookie, as the first visit did.")
@click.option(
    "--cookies",
    "cookie_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Send the cookies of a Netscape cookies.txt.",
)
@click.option(
    "--login-profile",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Log in again, where the first visit was by a --login-profile.",
)
@click.option("--proxy", metavar="URL", help="As for capture; by default the proxy of the first visit, if any.")
@click.option("--require-proxy", is_flag=True, help="Never connect without a proxy.")
@click.option("--ca-file", type=click.Path(path_type=Path), metavar="FILE", help="Further root certificates, PEM.")
@click.option("--max-megabytes", type=int, metavar="N", help="Stop a response at that size, and record so.")
@click.option("--total-seconds", type=int, metavar="N", help="Stop a visit after that time, and record so.")
@click.option("--delay", "delay_seconds", type=int, metavar="SECONDS", help="Between two visits to one host.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON line for each reading that was compared.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    refs: tuple[str, ...],
    everything: bool,
    overdue: bool,
    every: str | None,
    against: str | None,
    as_json: bool,
    **web: Any,
) -> None:
    """Visit pages again, as they were visited first, and say of each statement whether it still stands: verbatim,
    moved, typographic, reworded, removed, page-gone, or unknown and why. The visit is sealed like any capture, and the
    verdicts with it.

    A number (2, 2#s3) is compared with that reading; an address, --all and --due with the earliest reading that holds
    each statement. Exit codes: 0 all stand, 1 something changed or is gone, 4 something is unknown, 3 could not do."""
    from archiver.store.interval import seconds_of
    from archiver.work.wishes import Wishes

    chosen = sum((bool(refs), everything, overdue))
    if chosen != 1:
        raise UsageError("give REFs, --all, or --due", hint="archiver log lists what was captured")
    if against is not None and (len(refs) != 1 or every is not None):
        raise UsageError("--against compares one REF, once")
    seconds = None if every is None else seconds_of(every)
    archive = session.open_archive(ctx)
    wishes = Wishes(**web)

    def errands() -> list[Errand]:
        from archiver.work import errands as work

        with Progress("listing captures", 2, enabled=not as_json) as progress:
            if everything:
                return work.all_errands(archive, progress.update)
            if overdue:
                return work.due_errands(archive, progress.update)
            return work.errands_of(archive, refs, progress.update)

    if against is not None:
        session.unlock(archive)
        found = _against(archive, refs[0], against, wishes)
        _show(found, as_json)
        ctx.exit(exit_code([found]))
    first = errands()
    session.unlock(archive)
    results = _round(archive, first, wishes, as_json)
    if not first and not as_json:
        click.echo("Nothing is due." if overdue else "There is nothing to recheck: no capture has statements.")
    if seconds is not None:
        _watch(archive, seconds, errands, wishes, as_json)
    ctx.exit(exit_code(results))


def _round(archive: Archive, errands: list[Errand], wishes: Wishes, as_json: bool) -> list[Rechecked]:
    """Visit once; what became of each."""
    from archiver.work.recheck import recheck

    results: list[Rechecked] = []
    if not errands:
        return results
    total = sum(len(errand.subjects) for errand in errands)
    with Progress("rechecking", total, enabled=not as_json) as progress, session.interruptible():

        def report(item: Rechecked) -> None:
            results.append(item)
            progress.above(lambda: _show(item, as_json))
            progress.advance()

        recheck(archive, errands, wishes, report)
        stamp_after(archive, wishes)
    if len(results) > 1 and not as_json:
        _summary(results)
    return results


def _watch(archive: Archive, seconds: int, errands: Callable[[], list[Errand]], wishes: Wishes, as_json: bool) -> None:
    """Again and again until an interruption."""
    from archiver.work.watch import interval, rest

    while True:
        wait = interval(seconds, archive.entropy)
        if not as_json:
            at = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=wait)
            click.echo(f"Next at {at:%Y-%m-%d %H:%M:%S} UTC; Ctrl-C ends it.", err=True)
        with session.interruptible():
            rest(wait)
        try:
            _round(archive, errands(), wishes, as_json)
        except UnavailableError as error:  # a lock, a disk, a network that may be there again next time
            warn(str(error))


def _against(archive: Archive, ref: str, other: str, wishes: Wishes) -> Rechecked:
    from archiver.work.against import recheck_against

    with session.interruptible():
        return recheck_against(archive, ref, other, wishes)


def exit_code(results: list[Rechecked]) -> int:
    """3 where something could not be done, 1 where something changed, 4 where something is unknown, else 0."""
    items = [item for result in results for item in result.items]
    if any(result.error is not None for result in results):
        return UNABLE
    if any(item.changed for item in items):
        return BAD
    return GOOD if all(item.stands for item in items) else UNDECIDED


def _show(result: Rechecked, as_json: bool) -> None:
    if as_json:
        print_json(plain(result))
        return
    number = result.subject.reading.sequence
    url = result.errand.target.as_given
    if result.error is not None:
        warn(f"number {number}: {result.error}")
        if result.hint:
            click.echo(f"  hint: {shown(result.hint)}", err=True)
        return
    stand = all(item.stands for item in result.items)
    click.echo(f"{result.snapshot:>5}  {shown(url)}")
    counted = tally([item.found for item in result.items])
    click.echo(f"       {style(counted, 'green' if stand else 'yellow', bold=True)}, ", nl=False)
    click.echo(f"compared with number {number}; sealed as number {result.recheck}")
    told = result.reasons if result.kind not in ("article", "plain text") else ()
    if told:
        click.echo(wrap("; ".join(told), "         ", f"       {style(result.kind or '', 'yellow')}: "))
    for change in result.page:
        click.echo(f"       {style(change.field, 'yellow')}: {shown(change_words(change))}")
    if result.bundle is not None:
        who = ", ".join(result.bundle.signers)
        click.echo(f"       received by {shown(who)} at {result.bundle.time}, as they say")
        click.echo(f"       the bundle: {shown(result.bundle.verified)}")
    for text in result.differs:
        click.echo(f"       {style('note', 'yellow')}: {shown(text)}")
    show_verdicts([(item.statement, item.found) for item in result.items], number, told)


def plain(result: Rechecked) -> dict[str, Any]:
    """A result as JSON."""
    return {
        "subject": result.subject.reading.sequence,
        "snapshot": result.snapshot,
        "verdicts": [verdict_json(item.statement, item.found) for item in result.items],
        "recheck": result.recheck,
        "reading": result.reading,
        "url": result.errand.target.as_given,
        "against": result.errand.against,
        "page": {
            "kind": result.kind,
            "reasons": list(result.reasons),
            "changes": [change_json(change) for change in result.page],
        },
        "differs": list(result.differs),
        "bundle": None if result.bundle is None else to_plain(result.bundle),
        "error": result.error,
    }


def _summary(results: list[Rechecked]) -> None:
    counts: dict[str, int] = {}
    for result in results:
        for item in result.items:
            counts[item.found.verdict] = counts.get(item.found.verdict, 0) + 1
    told = ", ".join(f"{count} {verdict}" for verdict, count in sorted(counts.items(), key=lambda pair: -pair[1]))
    pages = len({result.errand.target.url for result in results})
    click.echo(f"\n{amount(pages, 'page')}, {amount(sum(counts.values()), 'statement')}: {told or 'nothing compared'}")
