"""`archiver correct`: other speakers, words, kinds for found statements, or that they are none."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from archiver.cli import session
from archiver.cli.main import BAD, GOOD
from archiver.cli.render import amount, print_json, shown, style, warn, wrap
from archiver.errors import ArchiverError, FormatError, UsageError

if TYPE_CHECKING:
    from archiver.archive import Archive
    from archiver.work.correct import Corrected


@click.command(
    short_help="Correct or reject statements, in an editor or with a YAML file.",
    epilog="\b\nFor example:"
    "\n  archiver correct 42"
    "\n  archiver correct 42#s3 --export sheet.yaml"
    "\n  archiver correct 42#s3 --import sheet.yaml",
)
@click.argument("ref")
@click.option("--export", "target", metavar="FILE.yaml", help="Write the statements to a file to be edited; - prints.")
@click.option("--import", "source", metavar="FILE.yaml", help="Take the corrections from such a file; - reads them.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, ref: str, target: str | None, source: str | None, as_json: bool) -> None:
    """Correct the statements of a capture (REF), or one of them (42#s3): speaker, role, kind, words, addressee, via,
    polarity; or reject what is none. They are edited as YAML, in your editor ($VISUAL, $EDITOR) or in a file. What you
    decide is sealed as a new reading that replaces the newest; older readings stay, and `show` says who decided what.
    Corrected words must stand on the page. If the file cannot be used, nothing is sealed, and the file is kept."""
    if target is not None and source is not None:
        raise UsageError("--export and --import are two steps: export, edit, import")
    archive = session.open_archive(ctx)
    if target is not None:
        _export(archive, ref, target)
        return
    if source is None and not (os.environ.get("VISUAL") or os.environ.get("EDITOR") or sys.stdin.isatty()):
        raise UsageError(
            "there is no editor to be seen here", hint="set EDITOR, or use --export FILE.yaml and --import FILE.yaml"
        )
    session.unlock(archive)
    done = _edited(archive, ref) if source is None else _imported(archive, ref, source)
    _show(done, as_json)
    ctx.exit(BAD if done.missing else GOOD)


def _export(archive: Archive, ref: str, target: str) -> None:
    from archiver.store.yaml_file import write_text
    from archiver.work.correct import begin

    begun = begin(archive, ref)
    if target == "-":
        click.echo(begun.text, nl=False)
        return
    path = Path(target)
    if path.exists():
        raise UsageError("is there already", where=target, hint="choose another name")
    write_text(path, begun.text)
    click.echo(f"Wrote {shown(target)}. Edit it, then: archiver correct {shown(ref)} --import {shown(target)}")


def _imported(archive: Archive, ref: str, source: str) -> Corrected:
    from archiver.work.correct import apply
    from archiver.work.sheet import MAX_SHEET, read_file

    data = sys.stdin.buffer.read(MAX_SHEET + 1) if source == "-" else read_file(Path(source))
    return apply(archive, ref, data, "standard input" if source == "-" else source)


def _edited(archive: Archive, ref: str) -> Corrected:
    """Through the editor. What was typed stays in its file until it is sealed."""
    from archiver.store.yaml_file import remove_text, write_text
    from archiver.work.correct import apply, begin
    from archiver.work.sheet import read_file

    begun = begin(archive, ref)
    path = archive.home.corrections / f"{begun.name}.yaml"
    if path.exists():
        warn(f"going on with earlier corrections that were not sealed: {path}")
    else:
        write_text(path, begun.text)
    while True:
        click.edit(filename=str(path))
        try:
            done = apply(archive, ref, read_file(path), str(path))
        except ArchiverError as error:
            if isinstance(error, FormatError) and _again(error):
                continue
            warn(f"what you typed is kept: {path}")
            raise
        if not done.missing:
            remove_text(path)
            return done
        if sys.stdin.isatty():
            _show(done, as_json=False)
            if _again(None):
                continue
        warn(f"what you typed is kept: {path}")
        return done


def _again(error: ArchiverError | None) -> bool:
    """Whether to open the editor once more."""
    if not sys.stdin.isatty():
        return False
    if error is not None:
        warn(str(error))
    return click.confirm("Edit it again?", default=True, err=True)


def _show(done: Corrected, as_json: bool) -> None:
    from archiver.cli.quotes import show_missing
    from archiver.cli.word_diff import diff_json
    from archiver.model.records import to_plain

    if as_json:
        print_json(
            {
                "snapshot": done.snapshot,
                "reading": done.reading,
                "replaces": done.replaces if done.reading is not None else None,
                "decisions": [to_plain(item) for item in done.decisions],
                "missing": [to_plain(item) | {"diff": diff_json(item.diff)} for item in done.missing],
            }
        )
        return
    for item in done.missing:
        click.echo(f"line {item.line}: {style(item.id, 'cyan')}")
        show_missing(item.words, item.reason, item.nearest, item.diff, "  ")
    for decision in done.decisions:
        click.echo(f"{style(f'{done.reading}#{decision.id}', 'cyan')}  {decision.action}")
        for change in decision.changes:
            click.echo(wrap(f"{change.field}: {change.was or 'none'} → {change.now or 'none'}", "    ", "  "))
    if done.reading is not None:
        click.echo(f"Sealed as number {done.reading}, in place of {done.replaces}.")
    elif done.missing:
        click.echo(f"Nothing was sealed: {amount(len(done.missing), 'passage')} missing.", err=True)
    else:
        click.echo("Nothing was changed, so nothing was sealed.")
