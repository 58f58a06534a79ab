"""`--quote`, `--speaker` and `--source-note`, as `capture` and `pin` take them, and how their outcome is shown."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import click

from archiver.cli.render import shown, style, wrap
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.page.wording import Diff
    from archiver.work.pin import Pin
    from archiver.work.targets import Quote

_ORDER = "archiver.quotes"
_NAMES = ("quotes", "speakers", "source_notes")
Options = Callable[[Any], Any]


class Quoting(click.Command):
    """A command that knows in which order its options stood: a speaker belongs to the quote before it."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        _, _, order = self.make_parser(ctx).parse_args(list(args))
        ctx.meta[_ORDER] = [parameter.name for parameter in order if parameter.name in _NAMES]
        return super().parse_args(ctx, args)


def options(command: Any) -> Any:
    """The three options, for a command of class Quoting."""
    for option in (
        click.option(
            "--source-note", "source_notes", multiple=True, metavar="TEXT", help="A remark on the --quote before it."
        ),
        click.option("--speaker", "speakers", multiple=True, metavar="NAME", help="Who spoke the --quote before it."),
        click.option(
            "--quote",
            "quotes",
            multiple=True,
            metavar="WORDS",
            help="Pin these words as a statement; they must stand on the page. May be given several times.",
        ),
    ):
        command = option(command)
    return command


def quotes_of(ctx: click.Context, **given: tuple[str, ...]) -> tuple[Quote, ...]:
    """The quotes of the command line, each with the speaker and the note that follow it. Raises UsageError."""
    from archiver.work.targets import quote_of

    values = {name: iter(given[name]) for name in _NAMES}
    found: list[dict[str, str]] = []
    early: dict[str, str] = {}
    for name in ctx.meta[_ORDER]:
        value = next(values[name])
        if name == "quotes":
            found.append({"words": value, **(early if not found else {})})
            continue
        place = found[-1] if found else early
        key, option = ("speaker", "--speaker") if name == "speakers" else ("note", "--source-note")
        if key in place:
            raise UsageError(f"two of {option} for one --quote", hint="put each behind its own --quote")
        place[key] = value
    if early and not found:
        raise UsageError("--speaker and --source-note belong to a --quote")
    return tuple(quote_of(item["words"], item.get("speaker"), item.get("note")) for item in found)


def show_pin(pin: Pin, reading: int | None, indent: str) -> None:
    """What became of one quote."""
    if pin.good:
        name = f"{reading}#{pin.id}" if reading is not None else str(pin.id)
        how = "pinned" if pin.state == "added" else pin.state
        notes = ["typography differs from what was given"] if pin.typographic else []
        notes += [f"stands {pin.places} times on the page"] if pin.places > 1 else []
        click.echo(indent + " · ".join([f"{style(how, 'green')} {style(name, 'cyan')}", *notes]))
        click.echo(wrap(pin.text or "", indent + "  "))
        return
    show_missing(pin.quote.words, pin.reason, pin.nearest, pin.diff, indent)


def show_missing(words: str, reason: str | None, nearest: str | None, diff: Diff, indent: str) -> None:
    """Words that do not stand on a page, and what does."""
    from archiver.cli.word_diff import diff_lines

    click.echo(wrap(words, indent + "  ", f"{indent}{style('does not stand on the page', 'red', bold=True)}: "))
    if nearest is None:
        click.echo(f"{indent}  {shown(reason or '')}")
        return
    click.echo(f"{indent}  {reason or 'nearest'}; the page has it like this ({_key()}):")
    click.echo(diff_lines(diff, indent + "  "))


def _key() -> str:
    from archiver.cli.render import colour_wanted

    if colour_wanted():
        return f"{style('page', 'red')}, {style('given', 'green', bold=True)}"
    return "[-page-], {+given+}"


def plain_pin(pin: Pin, reading: int | None) -> dict[str, Any]:
    """A pin as JSON."""
    from archiver.cli.word_diff import diff_json

    return {
        "quote": pin.quote.words,
        "speaker": pin.quote.speaker,
        "note": pin.quote.note,
        "state": pin.state,
        "statement": f"{reading}#{pin.id}" if pin.id is not None and reading is not None else None,
        "text": pin.text,
        "typographic": pin.typographic,
        "places": pin.places,
        "reason": pin.reason,
        "nearest": pin.nearest,
        "diff": diff_json(pin.diff),
    }
