"""How a browser's visit is shown: what it saw, what happened, and of each statement where its words came from."""

from __future__ import annotations

from collections import Counter

import click

from archiver.cli.render import amount, pairs, style, wrap
from archiver.model.facts import SnapshotFacts
from archiver.work.browsed import Browsed


def show_rendering(found: Browsed, number: int, address: str | None) -> None:
    """The lines about the browser, below those of the capture; `address`: where the visit arrived."""
    told, browser, page = found.rendering, found.rendering.browser, found.rendering.page
    sandbox = "" if browser.sandbox else ", without its sandbox"
    happened = [
        f"{what} ({count} times)" if count > 1 else what
        for what, count in Counter(item.what for item in told.happened).items()
    ]
    size = f"{page.width} × {page.height} pixels"
    size += "; the picture does not show all of it" if page.clipped else ""
    size += f"; {amount(page.frames, 'frame')}, whose text is not read" if page.frames else ""
    refused = sum(item.times for item in told.not_answered) + told.not_listed
    first = next((f"{item.url}: {item.reason}" for item in told.not_answered), "")
    hosts = ", ".join(told.turned_away.hosts[:3])
    away = f"{amount(told.turned_away.requests, 'request')} of the browser itself ({hosts}): never sent"
    click.echo("\n" + style("Visited by a browser", bold=True))
    pairs(
        [
            ("why", told.reason),
            ("browser", f"{browser.product}{sandbox}; {browser.width} × {browser.height}, {browser.timezone}"),
            ("page", size if told.outcome == "rendered" else told.outcome),
            ("address", None if address in (page.address, None) else page.address),
            ("happened", "; ".join(happened) or None),
            ("not made", "; ".join(f"{item.what}: {item.why}" for item in told.not_made) or None),
            ("unanswered", f"{amount(refused, 'request')} of the page; {first}" if refused else None),
            ("turned away", away if told.turned_away.requests else None),
            ("pictures", f"{amount(found.pictures, 'statement')} marked; archiver show {number} --save FOLDER"),
        ]
    )


def show_origin(found: Browsed, facts: SnapshotFacts | None, statement: str) -> None:
    """Where a statement's words came from, below it."""
    origin = found.origins.get(statement)
    if origin is None:
        return
    urls = {hop.record: hop.url for hop in facts.hops} if facts is not None else {}
    where = ", ".join(urls.get(record, record) for record in origin.records)
    if origin.served:
        text = "in the page as the server sent it"
    elif where:
        text = f"only after scripts ran; the words came with {where}"
    else:
        text = "only after scripts ran; in no response as they stand"
    click.echo(style(wrap(text, "              ", "            "), dim=True))
