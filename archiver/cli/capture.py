"""`archiver capture`: fetch, seal and read web pages and local files."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from archiver.cli import session
from archiver.cli.main import BAD, GOOD
from archiver.cli.progress import Progress
from archiver.cli.quotes import Quoting, options, plain_pin, quotes_of, show_pin
from archiver.cli.render import amount, print_json, shown, size_of, style, table, warn
from archiver.cli.stamping import stamp_after
from archiver.errors import UsageError
from archiver.work.capture import Captured

MAX_LIST = 512 << 20  # bytes of a list of targets
STATES = {"sealed": "green", "no article": "yellow", "cut off": "yellow", "no response": "red", "failed": "red"}


class Browsing(Quoting):
    """`--browser` alone means always; what follows it is an address, never its value."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        spelled = ["--browser=always" if arg == "--browser" else arg for arg in args[:end]]
        return super().parse_args(ctx, spelled + args[end:])


@click.command(cls=Browsing, short_help="Capture web pages or local files and seal them.")
@click.argument("targets", nargs=-1, metavar="[URL|FILE]...")
@click.option(
    "--from",
    "lists",
    multiple=True,
    metavar="FILE",
    help="Take addresses from a list or CSV file; - is standard input.",
)
@click.option("--jobs", type=int, default=4, show_default=True, help="How many pages at a time.")
@click.option(
    "--resume", is_flag=False, flag_value="", metavar="[RUN]", help="Go on with the last interrupted run, or with RUN."
)
@click.option("--case", metavar="TEXT", help="The case that this belongs to; sealed with the capture.")
@click.option("--note", metavar="TEXT", help="A remark; sealed with the capture.")
@click.option("--tag", "tags", multiple=True, metavar="WORD", help="A tag; may be given several times.")
@options
@click.option(
    "--not-before",
    metavar="VALUE",
    help="A public value that nobody could know before, e.g. a new block's hash; sealed with the capture.",
)
@click.option("--not-before-source", metavar="TEXT", help="Where that value comes from, for those who look it up.")
@click.option("--keep-failed", is_flag=True, help="Seal visits too that got no response at all.")
@click.option("--read-later", is_flag=True, help="Seal now; find text and statements later, with: archiver read --all")
@click.option("--allow-private", is_flag=True, help="Allow private, loopback and link-local addresses.")
@click.option("--user-agent", metavar="NAME", help="firefox, chrome, archiver, or a whole string.")
@click.option("--accept-language", metavar="LIST", help="Languages to ask for, e.g. de,en;q=0.7")
@click.option("--referrer", metavar="URL", help="Where the visit says it comes from.")
@click.option(
    "--cookie",
    "cookies",
    multiple=True,
    metavar="NAME=VALUE",
    help="Send a cookie to the hosts given; its value stays in the WARC alone.",
)
@click.option(
    "--cookies",
    "cookie_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Send the cookies of a Netscape cookies.txt.",
)
@click.option(
    "--proxy", metavar="URL", help="http://…, socks5h://… (names are resolved at the proxy); none: connect directly."
)
@click.option("--require-proxy", is_flag=True, help="Never connect without a proxy.")
@click.option("--ca-file", type=click.Path(path_type=Path), metavar="FILE", help="Further root certificates, PEM.")
@click.option("--max-megabytes", type=int, metavar="N", help="Stop a response at that size, and record so.")
@click.option("--total-seconds", type=int, metavar="N", help="Stop a visit after that time, and record so.")
@click.option("--delay", "delay_seconds", type=int, metavar="SECONDS", help="Between two visits to one host.")
@click.option("--requisites", is_flag=True, help="Fetch images, styles, scripts and fonts of the page too.")
@click.option(
    "--browser",
    metavar="[=always|auto|never]",
    default="auto",
    show_default=True,
    type=click.Choice(["always", "auto", "never"]),
    help="Visit with Chromium, so that scripts run; auto: where the page as it is served has nothing to read.",
)
@click.option(
    "--dismiss-consent",
    is_flag=True,
    help="Let the browser answer a consent banner: refused if that can be, else accepted; which is recorded.",
)
@click.option(
    "--login-profile",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="Visit with Chromium and, of the Chromium profile in DIR, the cookies that belong to the site: for pages "
    "behind a log-in. DIR is only read; names are recorded, values stay in the WARC alone.",
)
@click.option("--json", "as_json", is_flag=True, help="Print a JSON line for each target, and one at the end.")
@click.pass_context
def command(
    ctx: click.Context,
    /,
    targets: tuple[str, ...],
    lists: tuple[str, ...],
    jobs: int,
    resume: str | None,
    case: str | None,
    note: str | None,
    tags: tuple[str, ...],
    quotes: tuple[str, ...],
    speakers: tuple[str, ...],
    source_notes: tuple[str, ...],
    keep_failed: bool,
    read_later: bool,
    as_json: bool,
    **web: Any,
) -> None:
    """Capture web pages (URL) or local files (FILE): fetch exactly what the server sends, seal it, and find the article
    and the statements quoted in it. Everything that answers is sealed; errors, challenges, consent walls and the like
    are called what they are, and the exit code is then 1.

    Words given with --quote must stand on the page; they become statements of yours. If they do not, the page is sealed
    all the same, the nearest passage is shown, and the exit code is 1.

    A list has an address a line; a CSV file has a header with url and any of case, note, tags, quote, speaker,
    source_note."""
    from archiver.work.capture import check_jobs
    from archiver.work.start import start
    from archiver.work.wishes import Wishes

    check_jobs(jobs)
    archive = session.open_archive(ctx)
    pins = quotes_of(ctx, quotes=quotes, speakers=speakers, source_notes=source_notes)
    chosen = [replace(target, quotes=pins + target.quotes) for target in _targets(targets, lists, case, note, tags)]
    if read_later and any(target.quotes for target in chosen):
        raise UsageError("--read-later seals without looking, and a --quote is looked for", hint="pin it later")
    if resume is not None and chosen:
        raise UsageError("--resume takes its addresses from the run; give none", hint="archiver capture --resume")
    if resume is None and not chosen:
        raise UsageError("nothing to capture", hint="give an address, a file, or a list with --from")
    wishes = Wishes(jobs=jobs, keep_failed=keep_failed, read_later=read_later, resume=resume, **web)
    begun = start(archive, chosen, wishes, lambda: session.unlock(archive))
    for message in begun.warnings:
        warn(message)
    total = len(begun.run.journal.pending())
    if not as_json and (total > 1 or resume is not None):
        click.echo(f"run {begun.run.run.id}: {amount(total, 'target')}" + _repeats(begun.repeats), err=True)
    results: list[Captured] = []
    with Progress("capturing", total, enabled=not as_json) as progress, session.interruptible():

        def report(item: Captured) -> None:
            results.append(item)
            progress.above(lambda: print_json(_plain(item)) if as_json else _show(item))
            progress.advance()

        try:
            begun.run.go(report)
        except KeyboardInterrupt:
            progress.stop()
            _summary(results, total, begun.run.run.id, as_json, interrupted=True)
            raise
        finally:
            begun.close()
    _summary(results, total, begun.run.run.id, as_json, interrupted=False)
    stamp_after(archive, wishes)
    ctx.exit(GOOD if all(item.good for item in results) else BAD)


def _targets(
    given: tuple[str, ...], lists: tuple[str, ...], case: str | None, note: str | None, tags: tuple[str, ...]
) -> list[Any]:
    from archiver.work.targets import MAX_TARGETS, parse_list, target_of

    found = [target_of(text, case, note, tags) for text in given]
    for name in lists:
        for target in parse_list(_read_list(name), "standard input" if name == "-" else name):
            found.append(
                replace(target, case=target.case or case, note=target.note or note, tags=(*tags, *target.tags))
            )
    if len(found) > MAX_TARGETS:
        raise UsageError(f"{len(found):,} targets; at most {MAX_TARGETS:,} in one run")
    return found


def _read_list(name: str) -> str:
    from archiver.errors import FormatError, StoreError

    where = "standard input" if name == "-" else name
    try:
        data = sys.stdin.buffer.read(MAX_LIST + 1) if name == "-" else _read_file(Path(name))
        if len(data) > MAX_LIST:
            raise FormatError(f"more than {MAX_LIST >> 20} MB", where=where, hint="split the list")
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError("is not a text file in UTF-8", where=where, hint="save the list as UTF-8") from None
    except OSError as error:
        raise StoreError(f"could not be read: {error.strerror}", where=where) from None


def _read_file(path: Path) -> bytes:
    with path.open("rb") as stream:
        return stream.read(MAX_LIST + 1)


def _repeats(count: int) -> str:
    return f" ({amount(count, 'repeat')} left out)" if count else ""


def _show(item: Captured) -> None:
    """One target, in one line and, where there is something to say, a few below it."""
    number = f"{item.snapshot:>5}" if item.snapshot is not None else "    –"
    state = style(f"{item.state:<11}", STATES[item.state], bold=item.state != "sealed")
    click.echo(f"{number}  {state} {shown(item.final_url or item.target.as_given)}")
    if item.title:
        click.echo(f"       {shown(item.title, 100)}")
    found = [amount(item.statements, "statement")] if item.kind in ("article", "plain text") else []
    status = [] if item.status in (None, 200) else [f"HTTP {item.status}"]
    if item.snapshot is not None:
        many = [amount(item.exchanges, "exchange")] if item.browser is not None else []
        click.echo("       " + ", ".join([*status, *found, *many, f"{size_of(item.received)} received"]))
    if item.browser is not None:
        before = f" (the plain capture is {item.plain})" if item.plain is not None else ""
        click.echo(f"       by the browser: {shown(item.browser)}{before}")
    if item.kind is not None and item.state == "no article":
        click.echo(f"       {style(item.kind, 'yellow')}: {shown('; '.join(item.reasons))}")
    for pin in item.pins:
        show_pin(pin, item.reading, "       ")
    for problem in item.problems:
        click.echo(f"       {style('note', 'yellow')}: {shown(problem)}")
    if item.error:
        click.echo(f"       {style('error', 'red')}: {shown(item.error)}")
    if item.hint:
        click.echo(f"       hint: {shown(item.hint)}")


def _plain(item: Captured) -> dict[str, Any]:
    return {
        "target": item.target.as_given,
        "state": item.state,
        "snapshot": item.snapshot,
        "reading": item.reading,
        "kind": item.kind,
        "reasons": list(item.reasons),
        "title": item.title,
        "final_url": item.final_url,
        "status": item.status,
        "statements": item.statements,
        "received": item.received,
        "problems": list(item.problems),
        "error": item.error,
        "browser": item.browser,
        "exchanges": item.exchanges,
        "plain": item.plain,
        "pins": [plain_pin(pin, item.reading) for pin in item.pins],
    }


def _summary(results: list[Captured], total: int, run: str, as_json: bool, *, interrupted: bool) -> None:
    counts = {state: sum(1 for item in results if item.state == state) for state in STATES}
    left = total - len(results)
    if as_json:
        print_json({"run": run, "targets": total, "left": left, **{k.replace(" ", "_"): v for k, v in counts.items()}})
    elif total > 1:
        click.echo("")
        rows = [(state, str(count)) for state, count in counts.items() if count]
        table(("STATE", "TARGETS"), rows + ([("not tried", str(left))] if left else []), flexible=0)
    if interrupted:
        warn(f"stopped; what is listed above is sealed. To go on: archiver capture --resume {run}")
