"""The command line: `archiver COMMAND`. Each command is a module of its own, imported when it is called.

Exit codes, one table for all commands:

    0  good                    1  bad finding: a verification failed, a capture failed or was no article
    2  usage                   3  could not read or do
    4  undecided: an unconfirmed signer, a required check not made       130  interrupted
"""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
from typing import Any

import click

from archiver import __version__
from archiver.errors import ArchiverError, UsageError

_OF_THE_DISK = frozenset(
    {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS, errno.ENAMETOOLONG, errno.EACCES, errno.EPERM, errno.ELOOP}
)
GOOD, BAD, USAGE, UNABLE, UNDECIDED, INTERRUPTED = 0, 1, 2, 3, 4, 130

# name -> (module, one line of help): so that --help imports nothing.
COMMANDS: dict[str, tuple[str, str]] = {
    "init": ("init", "Make an archive and its keys."),
    "capture": ("capture", "Capture web pages or local files and seal them."),
    "import": ("import_", "Seal files that somebody handed over, and read the page in them."),
    "log": ("log", "List what was captured."),
    "show": ("show", "Show one capture: what was received, what was found in it."),
    "read": ("read", "Find text and statements in captures that were sealed without."),
    "pin": ("pin", "Pin words of a captured page as a statement."),
    "correct": ("correct", "Correct or reject statements, in an editor or with a YAML file."),
    "find": ("find", "Look for words that somebody cites: verbatim, altered, or not in the archive."),
    "cite": ("cite", "Cite one statement: text, Markdown, HTML, BibTeX or CSL JSON."),
    "statements": ("statements", "Print the statements in a page, a file or a capture; seal nothing."),
    "recheck": ("recheck", "Visit pages again: does each statement still stand?"),
    "history": ("history", "The life of a page and of its statements."),
    "diff": ("diff", "What changed between two captures, word by word."),
    "verify": ("verify", "Check an archive or a bundle, offline."),
    "timestamp": ("timestamp", "Have others stamp by when this log existed."),
    "export": ("export", "Write an evidence bundle that others can check."),
    "takedown": ("takedown", "Remove what was sealed; a signed record says which and why."),
    "report": ("report", "Write a report or a court packet about captures."),
    "verifier": ("verifier", "Write the web page that verifies bundles without this program."),
    "selftest": ("selftest", "Show that this program notices tampering, here and now."),
    "doctor": ("doctor", "What this machine has for the work, and what it lacks."),
    "trust": ("trust", "Confirm the keys of others, list or forget them."),
    "publish": ("publish", "Publish the log as a static site that any tlog client reads."),
    "audit": ("audit", "Follow somebody's published log: does it only grow?"),
    "witness": ("witness", "Have others see that your log only grows, and see it of theirs."),
    "key": ("key", "List, replace and revoke the keys of an archive."),
    "completion": ("completion", "Print shell completion for bash, zsh or fish."),
}
ALIASES = {"ls": "log"}
SECTIONS = {
    "Capture and look": "init capture import log show read statements",
    "Statements": "pin correct find cite recheck history diff",
    "Check": "verify selftest verifier doctor",
    "Hand over": "export report takedown",
    "Let others vouch": "timestamp witness publish audit",
    "Keys and trust": "key trust completion",
}


WITHOUT_ARCHIVE = frozenset({"init", "verifier", "selftest", "trust", "completion"})


def _archive_option() -> click.Option:
    """`--archive` behind the command's name too: where people type it."""

    def take(ctx: click.Context, _option: click.Parameter, value: str | None) -> None:
        if value is not None:
            ctx.obj["archive"] = value

    return click.Option(["--archive"], metavar="FOLDER", help="Which archive.", expose_value=False, callback=take)


class Commands(click.Group):
    """Commands found by name, loaded when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        name = ALIASES.get(cmd_name, cmd_name)
        if name not in COMMANDS:
            return None
        module = importlib.import_module(f"archiver.cli.{COMMANDS[name][0]}")
        command: click.Command = module.command
        if name not in WITHOUT_ARCHIVE:
            inner = command.commands.values() if isinstance(command, click.Group) else ()
            for one in (command, *inner):
                if all(option.name != "archive" for option in one.params):
                    one.params.append(_archive_option())
        return command

    # Click makes exit code 1 of a pipe that nobody reads any more: that would be a bad finding.

    def make_context(self, info_name: str | None, args: list[str], *rest: Any, **more: Any) -> click.Context:
        try:
            return super().make_context(info_name, args, *rest, **more)
        except BrokenPipeError:
            raise click.exceptions.Exit(_nobody_reads()) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise click.exceptions.Exit(_nobody_reads()) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for title, names in SECTIONS.items():
            with formatter.section(title):
                formatter.write_dl([(name, COMMANDS[name][1]) for name in names.split()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> Any:
        name = args[0] if args else ""
        if name and name not in COMMANDS and name not in ALIASES:
            import difflib

            close = difflib.get_close_matches(name, [*COMMANDS, *ALIASES], n=1)
            hint = f" Did you mean: archiver {close[0]}?" if close else " See: archiver --help"
            raise click.UsageError(f"There is no command {name!r}.{hint}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=Commands,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 good, 1 bad finding, 2 usage, 3 could not read or do, 4 undecided, 130 interrupted.",
)
@click.version_option(__version__, prog_name="archiver")
@click.option(
    "--archive", metavar="FOLDER", help="Which archive (else $ARCHIVER_ARCHIVE, a parent folder, your default)."
)
@click.pass_context
def main(ctx: click.Context, archive: str | None) -> None:
    """Prove later what a web page said: capture articles and the statements quoted in them, seal them into a log that
    cannot be rewritten unnoticed, and export bundles that anyone can check."""
    ctx.obj = {"archive": archive}


def run(arguments: list[str] | None = None) -> None:
    """The entry point: errors become words and an exit code here, and nowhere else.

    With `--json`, whoever reads standard output is told too, in one line more, the last: `{"error": {"code": 3,
    "message": "is no archive", "where": "evidence" | null, "hint": "…" | null}}`, code being the exit code.
    """
    given = sys.argv[1:] if arguments is None else arguments
    wants_json = "--json" in given[: given.index("--")] if "--" in given else "--json" in given
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper) and stream.errors == "strict":
            stream.reconfigure(errors="backslashreplace")  # a terminal that lacks a letter shows its number
    code: Any = GOOD
    try:
        code = _run(arguments, wants_json)
        if sys.stdout is not None:  # it may be closed
            sys.stdout.flush()
    except BrokenPipeError:
        code = _nobody_reads()
    except OSError as error:  # what was printed does not fit behind standard output
        if code != UNABLE:
            click.echo(f"archiver: standard output could not be written: {error.strerror}", err=True)
        code = _nobody_reads()
    sys.exit(code if isinstance(code, int) else GOOD)


def _nobody_reads() -> int:
    """The reader of our output went away (`| head -1`), or its disk is full. The interpreter must not try again at exit
    and complain; but a finding that nobody read is neither good nor bad."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return UNABLE


def _run(arguments: list[str] | None, wants_json: bool) -> Any:
    def told(code: int, message: str, where: str | None = None, hint: str | None = None) -> int:
        if wants_json:
            import json

            error = {"code": code, "message": message, "where": where, "hint": hint}
            click.echo(json.dumps({"error": error}, ensure_ascii=False))
        return code

    try:
        return main.main(arguments, prog_name="archiver", standalone_mode=False)
    except (click.exceptions.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return told(INTERRUPTED, "interrupted")
    except click.exceptions.Exit as leave:
        return leave.exit_code
    except click.ClickException as error:
        error.show()
        return told(USAGE, error.format_message())
    except ArchiverError as error:
        click.echo(f"archiver: {error}", err=True)
        if error.hint:
            click.echo(f"  hint: {error.hint}", err=True)
        return told(USAGE if isinstance(error, UsageError) else UNABLE, error.message, error.where, error.hint)
    except BrokenPipeError:
        raise
    except Exception as error:
        # The last resort: a full disk, or a fault of ours, is told in words, with its traceback on request.
        if os.environ.get("ARCHIVER_DEBUG"):
            raise
        where, hint = None, None
        if isinstance(error, OSError) and error.errno in _OF_THE_DISK:
            message = f"could not be read or written: {error.strerror}"
            where = None if error.filename is None else str(error.filename)[:200]
        else:
            message = f"this is a fault of archiver: {type(error).__name__}: {error}"
            hint = "run it again with ARCHIVER_DEBUG=1 and report what it prints"
        click.echo(f"archiver: {f'{where}: ' if where else ''}{message}", err=True)
        if hint:
            click.echo(f"  hint: {hint}", err=True)
        return told(UNABLE, message, where, hint)
