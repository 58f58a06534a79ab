"""`archiver show`: one capture, with what was received and what was found in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archiver.archive import Archive
from archiver.cli import session
from archiver.cli.log import status_of
from archiver.cli.main import BAD, UNABLE
from archiver.cli.render import amount, pairs, print_json, shown, size_of, style, wrap, yaml_lines
from archiver.errors import ArchiverError, UsageError
from archiver.model.decisions import Decision
from archiver.model.facts import Hop, SnapshotFacts
from archiver.model.freshness import not_before
from archiver.model.records import to_plain
from archiver.model.statement import ContextRecord, StatementRecord
from archiver.work.look import TAKEN_DOWN, Capture, Meant

if TYPE_CHECKING:
    from archiver.work.browsed import Browsed

Pairs = list[tuple[StatementRecord, ContextRecord]]
ARTICLE = (
    ("title", "title"),
    ("bylines", "byline"),
    ("published", "published"),
    ("modified", "modified"),
    ("site", "site"),
    ("language", "language"),
    ("canonical_url", "canonical"),
    ("description", "description"),
)
MAX_HOPS = 5  # that are shown one by one of a page with everything that belongs to it
FOR_MACHINES = frozenset({"at", "place"})  # of a listed picture or link: shown by --full alone


@click.command(short_help="Show one capture: what was received, what was found in it.")
@click.argument("ref", default="latest")
@click.option("--statement", metavar="ID", help="Only this statement, e.g. s3.")
@click.option("--full", is_flag=True, help="Everything that was recorded, as YAML.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option(
    "--save",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Write the pictures and documents that a browser made of the page into FOLDER.",
)
@click.pass_context
def command(ctx: click.Context, ref: str, statement: str | None, full: bool, as_json: bool, save: Path | None) -> None:
    """Show what REF means: a number from the log, 42#s3, sha256:…, latest, or an address. This is no
    verification: digests and signatures of what is shown are looked at, and nothing around it."""
    from archiver.work.look import decisions, resolve, statements

    archive = session.open_archive(ctx)
    meant = resolve(archive, ref, statement)
    capture = meant.capture
    if save is not None:
        _save(archive, meant, save)
        return
    found: Pairs = []
    decided: tuple[Decision, ...] = ()
    if capture is not None and capture.reading is not None and capture.problem is None:
        found = statements(archive, capture.reading)
        people = decisions(archive, capture.reading)
        decided = people.decisions if people is not None else ()
    if meant.statement is not None:
        found = [pair for pair in found if pair[0].id == meant.statement]
        decided = tuple(item for item in decided if item.id == meant.statement)
    if as_json or full:
        value = _joined(meant, found, decided)
        if meant.item.manifest.event == "recheck":
            value["recheck"] = _recheck(archive, meant)
        if capture is not None and capture.snapshot.manifest.event == "import":
            from archiver.cli.received import received_json

            value["received"] = received_json(archive, capture.snapshot.manifest)
        if as_json:
            print_json(value)
        else:
            click.echo("\n".join(shown_line(line) for line in yaml_lines(value)))
    elif meant.item.manifest.event == "recheck":
        _recheck(archive, meant, show=True)
    elif capture is None:
        click.echo("\n".join(yaml_lines(to_plain(meant.item.manifest))))
    else:
        if meant.statement is None:
            _snapshot(capture)
            if capture.snapshot.manifest.event == "import":
                from archiver.cli.received import show_received

                show_received(archive, capture.snapshot.manifest)
            _article(capture)
        _statements(capture, found, decided, _browsed(archive, capture))
    _doubt(ctx, archive, meant)
    if capture is not None and capture.problem is not None and not capture.problem.startswith(TAKEN_DOWN):
        click.echo("archiver: not all of it could be read; archiver verify says what is wrong", err=True)
        ctx.exit(UNABLE)


def _doubt(ctx: click.Context, archive: Archive, meant: Meant) -> None:
    """Say so where what was shown is not what a key of this archive signed: it is shown all the same."""
    capture = meant.capture
    around = (capture.snapshot, capture.reading) if capture is not None else ()
    try:
        archive.check_signed(*{item.sequence: item.manifest for item in (meant.item, *around) if item}.values())
    except ArchiverError as error:
        click.echo(f"archiver: what is shown here is not proven: {error}", err=True)
        click.echo(f"  hint: {error.hint}", err=True)
        ctx.exit(BAD)


def _browsed(archive: Archive, capture: Capture) -> Browsed | None:
    """How a browser visited the page, shown; None if none did."""
    from archiver.model.rendering import ROLE

    if capture.snapshot.manifest.object(ROLE) is None:
        return None
    from archiver.cli.browsed import show_rendering
    from archiver.work.browsed import browsed

    found = browsed(archive, capture)
    if found is not None:
        arrived = capture.facts.final_url if capture.facts is not None else None
        show_rendering(found, capture.snapshot.sequence, arrived)
    return found


def _save(archive: Archive, meant: Meant, folder: Path) -> None:
    from archiver.work.browsed import save

    if meant.capture is None:
        raise UsageError(f"{meant.name} is no capture ({meant.item.manifest.event}): pictures are of captures")
    for path in save(archive, meant.capture, folder):
        click.echo(str(path))


def _recheck(archive: Archive, meant: Meant, *, show: bool = False) -> dict[str, Any]:
    """A sealed recheck as JSON; and shown, if it is to be."""
    from archiver.cli.verdicts import recheck_json, show_recheck
    from archiver.work.lives import told

    found = told(archive, meant.item)
    if show:
        show_recheck(found)
    return recheck_json(found)


def shown_line(line: str) -> str:
    """A line of YAML with its indent kept."""
    return line[: len(line) - len(line.lstrip())] + shown(line.lstrip())


def _joined(meant: Meant, found: Pairs, decided: tuple[Decision, ...]) -> dict[str, Any]:
    capture = meant.capture
    if capture is None:
        return {"ref": meant.name, "digest": meant.item.digest, "manifest": to_plain(meant.item.manifest)}
    value: dict[str, Any] = {
        "ref": meant.name,
        "snapshot": {
            "number": capture.snapshot.sequence,
            "digest": capture.snapshot.digest,
            "manifest": to_plain(capture.snapshot.manifest),
            "facts": to_plain(capture.facts),
        },
        "reading": None,
        "statements": [to_plain(record) | {"context": to_plain(context)["parts"]} for record, context in found],
        "decisions": [to_plain(item) for item in decided],
    }
    if capture.reading is not None:
        value["reading"] = {
            "number": capture.reading.sequence,
            "digest": capture.reading.digest,
            "manifest": to_plain(capture.reading.manifest),
            "facts": to_plain(capture.found),
        }
    if capture.problem is not None:
        value["problem"] = capture.problem
    return value


def _snapshot(capture: Capture) -> None:
    facts = capture.facts
    head = capture.said("title") or capture.url or f"number {capture.snapshot.sequence}"
    click.echo(style(shown(head), bold=True))
    manifest = capture.snapshot.manifest
    items: list[tuple[str, str | None]] = [
        ("number", str(capture.snapshot.sequence)),
        ("received" if manifest.event == "import" else "captured", f"{manifest.time} by this collector's clock"),
        ("page", status_of(capture)),
    ]
    if facts is not None:
        items += _visit(facts)
    items += [("signed by", manifest.signer), ("digest", capture.snapshot.digest), ("problem", capture.problem)]
    pairs(items)
    if facts is not None and facts.hops:
        click.echo("")
        document = facts.document
        alone = facts.whole and document is not None and len(facts.hops) > MAX_HOPS
        for hop in [document] if alone and document is not None else facts.hops:
            _hop(hop)
        if alone:
            click.echo(f"  and {amount(len(facts.hops) - 1, 'exchange')} more of the same visit (--full)")


def _visit(facts: SnapshotFacts) -> list[tuple[str, str | None]]:
    items: list[tuple[str, str | None]] = []
    if facts.request is not None:
        same = facts.final_url in (None, facts.request.url)
        items += [
            ("asked for", facts.request.url),
            ("arrived at", None if same else facts.final_url),
            ("route", facts.request.route),
            ("as", facts.request.user_agent),
            ("cookies sent", ", ".join(facts.request.cookies) or None),
        ]
    if facts.file is not None:
        items += [("local file", f"{facts.file.name}, {size_of(facts.file.size)}, {facts.file.media_type}")]
        items += [("last changed", facts.file.modified)]
    skew = facts.clock.server_date_skew_ms
    fresh = not_before(facts)
    who = ", ".join(part for part in (facts.collector.name, facts.collector.organisation) if part)
    items += [
        ("collector", who or None),
        ("case", facts.case),
        ("note", facts.note),
        ("tags", ", ".join(facts.tags) or None),
        ("clock", None if skew is None else f"the server's clock was {skew / 1000:+.0f} s from ours"),
        ("not before", None if fresh is None else f"{fresh.value} ({fresh.source}): look up when that became public"),
        ("missing", ", ".join(facts.missing) or None),
        ("errors", "; ".join(facts.errors) or None),
        ("run", facts.run),
    ]
    return items


def _hop(hop: Hop) -> None:
    status = f"{hop.status} {hop.reason or ''}".strip() if hop.status is not None else "no status"
    click.echo(f"  {style(status, bold=True)}  {shown(hop.url)}")
    where = f"{hop.ip}:{hop.port}" if hop.ip else (f"through {hop.via_proxy}" if hop.via_proxy else None)
    tls = None
    if hop.tls is not None:
        state = "certificate verified" if hop.tls.verified else f"certificate NOT verified: {hop.tls.error}"
        tls = f"{hop.tls.version}, {hop.tls.cipher}, {state}"
    elif hop.url.startswith("http:"):
        tls = "no TLS: nothing protected this on its way"
    items = [("from", where), ("TLS", tls), ("received", size_of(hop.received)), ("leads to", hop.location)]
    items += [("cut off", hop.truncated), *(("note", problem) for problem in hop.problems)]
    pairs(items, "    ")


def _article(capture: Capture) -> None:
    found = capture.found
    if found is None and capture.reading is not None:
        click.echo(f"\nIts reading, number {capture.reading.sequence}, cannot be shown: {shown(capture.problem or '')}")
        return
    if found is None:
        click.echo("\nNot read yet: archiver read " + str(capture.snapshot.sequence))
        return
    click.echo("")
    if found.reasons:
        pairs([("why", "; ".join(found.reasons))])
    article = found.article or {}
    items: list[tuple[str, str | None]] = []
    for name, label in ARTICLE:
        value = article.get(name)
        for said in value if isinstance(value, list) else [value]:
            if isinstance(said, dict) and said.get("value"):
                items.append((label, f"{said['value']}  ({said.get('source', 'source unknown')})"))
    pairs(items)
    for name, label in (("media", "media"), ("images", "image"), ("links", "related link")):
        listed = article.get(name)
        if isinstance(listed, list) and listed:
            click.echo(f"  {amount(len(listed), label, label if label == 'media' else label + 's')}")
            for entry in listed[:5]:
                click.echo(wrap(_entry(entry), "      ", "    - "))
            if len(listed) > 5:
                click.echo(f"    - … {len(listed) - 5} more (--full)")


def _entry(entry: Any) -> str:
    if not isinstance(entry, dict):
        return str(entry)
    kept = {key: value for key, value in entry.items() if value and key not in FOR_MACHINES}
    return ", ".join(f"{key}: {value}" for key, value in kept.items())


def _statements(capture: Capture, found: Pairs, decided: tuple[Decision, ...], seen: Browsed | None) -> None:
    reading = capture.reading
    if reading is None or capture.found is None:
        return
    click.echo("\n" + style(amount(len(found), "statement"), bold=True))
    by_id: dict[str, list[Decision]] = {}
    for item in decided:
        by_id.setdefault(item.id, []).append(item)
    for record, _ in found:
        statement(record, f"{reading.sequence}#{record.id}")
        if seen is not None:
            from archiver.cli.browsed import show_origin

            show_origin(seen, capture.facts, record.id)
        for item in by_id.pop(record.id, []):
            _decision(item)
    if by_id:
        click.echo("\n" + style("Rejected", bold=True))
    for name, items in by_id.items():
        click.echo(f"  {style(name, 'cyan'):<8}  {wrap(items[-1].text, '            ', '')}")
        for item in items:
            _decision(item)


def _decision(item: Decision) -> None:
    """Who decided what about a statement, and when."""
    line = f"{item.action} by {item.by or 'a person who gave no name'}, {item.time[:16].replace('T', ' ')}"
    line += f", who wrote “{item.given}”" if item.given else ""
    line += f"; note: {item.note}" if item.note else ""
    click.echo(style(wrap(line, "              ", "            "), dim=True))
    for change in item.changes:
        text = f"{change.field}: {change.was or 'none'} → {change.now or 'none'}"
        click.echo(style(wrap(text, "                ", "              "), dim=True))


def statement(record: StatementRecord, name: str) -> None:
    """One statement: who, how sure, and the exact words."""
    who = record.speaker.name if record.speaker is not None else "speaker not found"
    details: list[str] = [record.kind, *([f"“{record.cue}”"] if record.cue else [])]
    details += ["denied"] if record.polarity == "denied" else []
    details += [f"to {record.addressee}"] if record.addressee else []
    details += [f"via {record.via}"] if record.via else []
    details += [record.when] if record.when else []
    details += ["by a person"] if record.by == "person" else [f"confidence {record.confidence}"]
    role = f", {record.role}" if record.role else ""
    click.echo(f"  {style(name, 'cyan'):<8}  {style(shown(who + role), bold=True)}")
    click.echo("            " + style(shown(" · ".join(details)), dim=True))
    for part in record.parts:
        click.echo(wrap(part.exact, "            "))
