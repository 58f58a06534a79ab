"""`archiver doctor`: what this machine has for the work, and what it lacks."""

from __future__ import annotations

import click

from archiver.cli import session
from archiver.cli.main import BAD, GOOD
from archiver.cli.render import print_json, shown, style
from archiver.errors import ArchiverError

MARKS = {"there": ("ok", "green"), "missing": ("MISSING", "red"), "lacking": ("lacking", "yellow")}


@click.command(
    short_help="What this machine has for the work, and what it lacks.",
    epilog="\b\nFor example:\n  archiver doctor",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON document.")
@click.pass_context
def command(ctx: click.Context, as_json: bool) -> None:
    """Look at programs, keys, browser, extras and clock of this machine. Nobody is asked: nothing goes out.

    The exit code is 1 if something is missing without which nothing works; what is only lacking narrows what can be
    done, and how is said."""
    from archiver.work.doctor import examine

    try:
        archive = session.open_archive(ctx)
    except ArchiverError:
        archive = None
    found = []
    for item in examine(archive, session.home()):
        found.append(item)
        if not as_json:
            word, colour = MARKS.get(item.state, ("?", "yellow"))
            click.echo(f"  {style(f'{word:<8}', colour)} {item.what:<15} {shown(item.detail, 300)}")
            if item.advice:
                click.echo(f"{' ' * 27}→ {shown(item.advice, 300)}")
    if as_json:
        keys = ("what", "state", "detail", "advice")
        print_json({"found": [{key: getattr(item, key) for key in keys} for item in found]})
    ctx.exit(BAD if any(item.state == "missing" for item in found) else GOOD)
