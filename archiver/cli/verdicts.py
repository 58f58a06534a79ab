"""How verdicts look: on a terminal, in a pipe, as JSON. Shared by recheck, history and diff."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import click

from archiver.cli.render import amount, pairs, shown, style, wrap
from archiver.cli.word_diff import diff_json, diff_lines
from archiver.model.records import to_plain
from archiver.model.statement import StatementRecord
from archiver.model.verdicts import STANDS, Change, VerdictRecord
from archiver.work.lives import Told

COLOURS: dict[str, str] = {
    "verbatim": "green",
    "typographic": "green",
    "moved": "cyan",
    "reworded": "red",
    "removed": "red",
    "page-gone": "red",
    "unknown": "yellow",
}
INDENT = "              "


def show_verdict(statement: StatementRecord, found: VerdictRecord, name: str, *, with_reason: bool = True) -> None:
    """One statement: its verdict, and what changed in it."""
    details = [shown(statement.speaker.name, 40)] if statement.speaker is not None else []
    details += [style(sign, "yellow") for sign in found.signs]
    verdict = style(f"{found.verdict:<11}", COLOURS[found.verdict], bold=True)
    click.echo(f"  {style(f'{name:<9}', 'cyan')} {verdict}  {' · '.join(details)}".rstrip())
    if found.diff:
        click.echo(diff_lines(found.diff, INDENT))
    elif found.verdict not in ("verbatim", "moved"):
        click.echo(wrap(statement.text, INDENT))
    if found.reason and with_reason:
        click.echo(style(wrap(found.reason, INDENT), dim=True))
    for change in found.attribution:
        click.echo(INDENT + style(f"{change.field}: ", "yellow") + shown(change_words(change)))


def tally(found: Sequence[VerdictRecord]) -> str:
    """How many stand. What is unknown is never counted among what does not."""
    stand = sum(item.verdict in STANDS and not item.attribution for item in found)
    unknown = sum(item.verdict == "unknown" for item in found)
    if unknown and unknown == len(found):
        return f"nothing can be said of {amount(unknown, 'statement')}"
    told = f"{stand} of {amount(len(found), 'statement')} {'stands' if len(found) == 1 else 'stand'}"
    return f"{told}, of {unknown} nothing can be said" if unknown else told


def show_verdicts(
    verdicts: Sequence[tuple[StatementRecord, VerdictRecord]], reading: int, reasons: Sequence[str]
) -> None:
    """Every statement; what is true of all alike (no answer, a blocked page, a page that is gone) is said once.
    `reasons`: what was said of the page already."""
    same = {(found.verdict, found.reason, found.attribution) for _, found in verdicts}
    if len(verdicts) > 1 and len(same) == 1 and verdicts[0][1].verdict in ("unknown", "page-gone"):
        first, last = verdicts[0][0].id, verdicts[-1][0].id
        found = verdicts[0][1]
        verdict = style(f"{found.verdict:<11}", COLOURS[found.verdict], bold=True)
        between = "and" if len(verdicts) == 2 else "to"
        click.echo(f"  {style(f'{reading}#{first} {between} {reading}#{last}', 'cyan')}  {verdict}".rstrip())
        if found.reason and not reasons:
            click.echo(style(wrap(found.reason, INDENT), dim=True))
        return
    once = len({(found.verdict, found.reason) for _, found in verdicts}) == 1 and bool(reasons)
    for statement, found in verdicts:
        show_verdict(statement, found, f"{reading}#{statement.id}", with_reason=not once)


def show_recheck(told: Told) -> None:
    """A sealed recheck."""
    facts = told.facts
    found = [item for _, item in told.verdicts]
    click.echo(style(f"{tally(found)}, compared with number {told.reading}", bold=True))
    pairs(
        [
            ("visit", f"number {told.snapshot} ({facts.against})"),
            ("page", f"{facts.kind}: {'; '.join(facts.reasons)}" if facts.reasons else facts.kind),
            *((change.field, change_words(change)) for change in facts.page),
            *(("note", text) for text in facts.differs),
            ("by", facts.comparer),
        ]
    )
    show_verdicts(told.verdicts, told.reading, ())


def recheck_json(told: Told) -> dict[str, Any]:
    """A sealed recheck as JSON."""
    return {
        "subject": told.reading,
        "snapshot": told.snapshot,
        "facts": to_plain(told.facts),
        "verdicts": [verdict_json(statement, found) for statement, found in told.verdicts],
    }


def change_words(change: Change) -> str:
    """`Ann Lee → Tom Lee`."""
    return f"{change.old or 'none'} → {change.new or 'none'}"


def verdict_json(statement: StatementRecord, found: VerdictRecord) -> dict[str, Any]:
    """One verdict as `recheck --json` prints it."""
    return {
        "id": found.id,
        "kind": statement.kind,
        "text": statement.text,
        "verdict": found.verdict,
        "diff": diff_json(found.diff) or None,
        "reason": found.reason,
        "signs": list(found.signs),
        "attribution": [change_json(change) for change in found.attribution],
        "places": [
            None if place is None else {"source": place.source, "text": place.text, "bytes": place.bytes}
            for place in found.places
        ],
    }


def change_json(change: Change) -> dict[str, Any]:
    """A change of one field."""
    return {"field": change.field, "old": change.old, "new": change.new}
