"""`archiver audit`: follow somebody's published log; does it only grow?"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archiver.cli import session
from archiver.cli.main import BAD, GOOD, UNDECIDED
from archiver.cli.render import amount, print_json, shown, style
from archiver.errors import UsageError

COLOURS = {"consistent": "green", "first": "yellow", "stale": "yellow", "split": "red", "broken": "red"}


@click.command(short_help="Follow somebody's published log: does it only grow?")
@click.argument("places", nargs=-1, metavar="[URL|FOLDER]...")
@click.option("--log", "logs", multiple=True, metavar="VKEY|FILE", help="The log's key, needed the first time.")
@click.option(
    "--seen",
    "seen",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A checkpoint that others saw.",
)
@click.option("--proxy", metavar="URL", help="As of capture: http://…, socks5h://…; none: connect directly.")
@click.option("--allow-private", is_flag=True, help="Allow private, loopback and link-local addresses.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines.")
@click.pass_context
def command(
    ctx: click.Context,
    places: tuple[str, ...],
    logs: tuple[str, ...],
    seen: tuple[Path, ...],
    proxy: str | None,
    allow_private: bool,
    as_json: bool,
) -> None:
    """Look at published logs (archiver publish, or any C2SP tlog-tiles site) again, and prove that what they show today
    extends all that was seen before. The first time, give the log's key; from then on archiver audit alone looks at all
    of them. Checkpoints that others saw (--seen, e.g. mailed to you, or from a bundle) are compared too.

    Exit codes: 0 consistent; 1 the log signed two trees (both are kept, and prove it) or its site is broken; 4 nothing
    was known before, or an older tree is shown; 3 could not be reached or read."""
    from archiver.work.audit import View, audit, followed
    from archiver.work.timestamp import asker_of
    from archiver.work.wishes import Wishes
    from archiver.work.witness import log_keys

    home = session.home()
    if logs and len(places) != 1:
        raise UsageError("--log is for one log: give its address")
    chosen = places or tuple(item.place for item in followed(home))
    if not chosen:
        raise UsageError("no log is followed yet", hint="archiver audit URL --log VKEY")
    keys = log_keys(logs)
    views = [View(str(path), _read(path)) for path in seen]
    codes = []
    for place in chosen:
        found = audit(
            home,
            place,
            keys,
            views,
            lambda: asker_of(_settings(ctx), Wishes(proxy=proxy, allow_private=allow_private))[0],
        )
        codes.append({"consistent": GOOD, "split": BAD, "broken": BAD}.get(found.outcome, UNDECIDED))
        _show(found, as_json)
    ctx.exit(BAD if BAD in codes else UNDECIDED if UNDECIDED in codes else GOOD)


def _settings(ctx: click.Context) -> Any:
    """The settings of the archive that is meant, if there is one: its proxy counts here too."""
    from archiver.errors import MissingError
    from archiver.store.settings import Settings

    try:
        return session.open_archive(ctx).settings
    except MissingError:
        return Settings()


def _read(path: Path) -> bytes:
    from archiver.errors import StoreError
    from archiver.tlog.note import MAX_NOTE

    try:
        with path.open("rb") as stream:
            return stream.read(MAX_NOTE + 1)
    except OSError as error:
        raise StoreError(f"could not be read: {error.strerror}", where=str(path)) from None


def _show(found: Any, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "place": found.place,
                "origin": found.origin,
                "size": found.size,
                "root": found.root,
                "before": found.before,
                "outcome": found.outcome,
                "words": found.words,
                "compared": found.compared,
                "evidence": None if found.evidence is None else str(found.evidence),
            }
        )
        return
    words = found.words or "its key signed it; nothing was known before, so nothing is shown about its past"
    state = style(f"{found.outcome:<10}", COLOURS[found.outcome], bold=found.outcome == "split")
    click.echo(f"{state} {shown(found.origin)}: {amount(found.size, 'manifest')}, root {found.root[7:23]}…")
    click.echo(f"           {shown(words)}")
    if found.evidence is not None:
        click.echo(f"           both signed checkpoints are kept, and prove it: {found.evidence}")
