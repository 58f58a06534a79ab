"""Time stamps at the end of a command that sealed something, where archive.yaml asks for it. Never in its way."""

from __future__ import annotations

import click

from archiver.archive import Archive
from archiver.cli.render import amount, warn
from archiver.errors import ArchiverError
from archiver.work.wishes import Wishes

SECONDS = 8.0  # for each answer: the capture is sealed already, and its user waits


def stamp_after(archive: Archive, wishes: Wishes) -> None:
    """Have the newest checkpoint stamped, by the way that the command went. What goes wrong is told on standard error,
    changes no exit code, and is tried again by the next command."""
    try:
        if not archive.settings.timestamp.after_capture:
            return
        from archiver.work.stamping import Stamped, Wanted
        from archiver.work.timestamp import asker_of, authorities_of, timestamp

        settings = archive.settings
        asker, _ = asker_of(settings, wishes, SECONDS)

        def report(item: Stamped) -> None:
            if item.error is not None:
                warn(f"not stamped by {item.authority}: {item.error}; archiver timestamp tries it again")
            else:
                counted = amount(item.size, "manifest")
                click.echo(f"stamped by {item.authority}: checkpoint of {counted}; {item.trust}", err=True)

        calendars = settings.timestamp.calendars
        timestamp(archive, Wanted(authorities_of(settings, ()), calendars, upgrade=False), asker, report)
    except ArchiverError as error:
        warn(f"not stamped: {error}")
