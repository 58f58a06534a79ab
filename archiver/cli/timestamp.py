"""`archiver timestamp`: have others say by when this log existed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from archiver.cli import session
from archiver.cli.main import BAD, GOOD, UNDECIDED
from archiver.cli.render import amount, print_json, shown, style, table, warn
from archiver.errors import UsageError
from archiver.work.stamping import Stamped

STATES = {"stamped": "green", "kept": "green", "in a block": "green", "pending": "yellow", "failed": "red"}


@click.command(short_help="Have others stamp by when this log existed.")
@click.option("--tsa", "authorities", multiple=True, metavar="NAME|URL", help="Ask this authority (RFC 3161).")
@click.option("--calendar", "calendars", multiple=True, metavar="URL", help="Ask this OpenTimestamps calendar.")
@click.option("--all-missing", is_flag=True, help="Stamp every checkpoint that has no stamp, not only the newest.")
@click.option("--renew", is_flag=True, help="Stamp anew, too, where the newest stamp's certificate ends soon.")
@click.option("--within", type=click.IntRange(1, 3650), default=180, show_default=True, help="Days that are soon.")
@click.option("--pin", type=click.Path(path_type=Path), metavar="FILE", help="Pin this root (PEM) for the one --tsa.")
@click.option("--presets", is_flag=True, help="List public authorities that people use, and end.")
@click.option("--proxy", metavar="URL", help="As of capture: http://…, socks5h://…; none: connect directly.")
@click.option("--allow-private", is_flag=True, help="Allow private, loopback and link-local addresses.")
@click.option("--json", "as_json", is_flag=True, help="Print a JSON line for each stamp, and one at the end.")
@click.pass_context
def command(
    ctx: click.Context,
    authorities: tuple[str, ...],
    calendars: tuple[str, ...],
    all_missing: bool,
    renew: bool,
    within: int,
    pin: Path | None,
    presets: bool,
    proxy: str | None,
    allow_private: bool,
    as_json: bool,
) -> None:
    """Ask time-stamping authorities, and calendars of OpenTimestamps, to stamp the log's newest checkpoint, and so
    everything before it. They see a digest, and from where it came. Without --tsa and --calendar those in archive.yaml
    are asked, each only if something is new since its last stamp; what failed is asked again by the next call. Of
    calendars it is asked, too, what became of proofs that were pending.

    \b
    archiver timestamp --tsa https://tsa.example/tsr
    archiver timestamp --tsa tsa-one --pin root.pem
    archiver timestamp --calendar https://calendar.example

    Answers are kept whole beside the checkpoint and sealed. A pinned root (trust/tsa/NAME.pem, or --pin, after you
    compared its fingerprint with what the authority publishes) is what verify believes, and nothing else.

    Exit codes: 0 stamped, or nothing was owed; 1 an authority failed; 4 stamped, but no pinned root vouches for it. A
    calendar's promise counts as stamped: it takes hours until there is a block."""
    if presets:
        _list_presets(as_json)
        return
    from archiver.work.stamping import Wanted
    from archiver.work.timestamp import asker_of, authorities_of, timestamp
    from archiver.work.wishes import Wishes

    archive = session.open_archive(ctx)
    settings = archive.settings
    chosen = authorities_of(settings, authorities) if authorities or not calendars else ()
    asked = calendars if authorities or calendars else settings.timestamp.calendars
    if pin is not None:
        if len(chosen) != 1 or not authorities:
            raise UsageError("--pin is for one authority: name it with --tsa")
        _pin(archive.disk, pin, chosen[0].name)
    if not chosen and not asked:
        raise UsageError(
            "no time-stamping authority or calendar is chosen",
            hint="--tsa NAME|URL, or `timestamp:` in archive.yaml; public ones: archiver timestamp --presets",
        )
    asker, variable = asker_of(settings, Wishes(proxy=proxy, allow_private=allow_private))
    if variable is not None:
        warn(f"going through the proxy that ${variable} names")
    session.unlock(archive)
    wanted = Wanted(chosen, asked, all_missing, within if renew else None)
    with session.interruptible():
        done = timestamp(archive, wanted, asker, lambda item: print_json(plain(item)) if as_json else show(item))
    if as_json:
        print_json({"stamps": len(done.results), "sequence": done.sequence})
    elif done.sequence is not None:
        click.echo(f"Sealed as number {done.sequence}.")
    elif not done.results:
        click.echo("Nothing is owed: the newest stamps cover everything but stamps.")
    ctx.exit(code_of(done.results))


def code_of(results: list[Stamped]) -> int:
    """The exit code for these stamps."""
    if any(item.state == "failed" for item in results):
        return BAD
    return GOOD if all(item.confirmed for item in results if item.kind == "rfc3161") else UNDECIDED


def show(item: Stamped) -> None:
    """One stamp, and what is to be said about it."""
    state = style(f"{item.state:<10}", STATES[item.state], bold=item.state == "failed")
    when = f"at {item.gen_time:%Y-%m-%dT%H:%M:%SZ}" if item.gen_time is not None else ""
    click.echo(f"{state} {shown(item.authority)}: checkpoint of {amount(item.size, 'manifest')} {when}".rstrip())
    if item.trust:
        good = item.confirmed or item.state == "in a block"
        click.echo(f"           {style(shown(item.trust), None if good else 'yellow')}")
    if item.issuer is not None and not item.confirmed:
        click.echo(
            f"           its certificates lead to {shown(item.issuer)}: get that root from the authority's site,"
        )
        click.echo(
            f"         compare its fingerprint, then: archiver timestamp --tsa {shown(item.authority)} --pin FILE"
        )
    for problem in item.problems:
        click.echo(f"           {style('note', 'yellow')}: {shown(problem)}")
    if item.error:
        click.echo(f"           {style('error', 'red')}: {shown(item.error)}")
    if item.hint:
        click.echo(f"           hint: {shown(item.hint)}")


def plain(item: Stamped) -> dict[str, Any]:
    """One stamp as JSON."""
    return {
        "size": item.size,
        "authority": item.authority,
        "url": item.url or None,
        "state": item.state,
        "kind": item.kind,
        "time": None if item.gen_time is None else f"{item.gen_time:%Y-%m-%dT%H:%M:%SZ}",
        "files": list(item.files),
        "confirmed": item.confirmed,
        "trust": item.trust or None,
        "certificates_end": None if item.ends is None else f"{item.ends:%Y-%m-%dT%H:%M:%SZ}",
        "problems": list(item.problems),
        "error": item.error,
    }


def _list_presets(as_json: bool) -> None:
    from archiver.stamps.presets import PRESETS

    if as_json:
        print_json([{"name": p.name, "operator": p.operator, "url": p.url, "root": p.root} for p in PRESETS])
        return
    table(("NAME", "OPERATOR", "ADDRESS", "ROOT"), [(p.name, p.operator, p.url, p.root) for p in PRESETS], flexible=3)
    click.echo("None of them is asked unless you name it. Pin the root that you got from the operator.")


def _pin(disk: Any, path: Path, name: str) -> None:
    from archiver.store.tsa_roots import pin

    root = pin(disk, path, name)
    click.echo(f"pinned for {name}: {', '.join(root.fingerprints)}", err=True)
