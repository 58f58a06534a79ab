"""The page that `archiver diff --html` writes: one file, no script, nothing loaded from anywhere.

Everything that comes from the captures is escaped; what went and came is marked by colour and by line, and with words
for those who see neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from archiver import __version__
from archiver.cli.render import amount
from archiver.model.statement import StatementRecord
from archiver.model.verdicts import Change, VerdictRecord
from archiver.page.text_diff import is_changed
from archiver.page.wording import Diff
from archiver.work.diff import Difference, Side

_STYLE = """
body { font: 17px/1.55 Georgia, "Times New Roman", serif; max-width: 46em; margin: 2em auto; padding: 0 1em;
  color: #1a1a1a; background: #fff }
h1, h2, th, .note { font-family: system-ui, sans-serif }
h1 { font-size: 1.4em } h2 { font-size: 1.1em; margin-top: 2.2em }
ins { background: #d6f5d9; color: #0b4d16; text-decoration: underline; text-decoration-thickness: 2px }
del { background: #fbdcdc; color: #7a1010 }
.note { color: #555; font-size: .85em } .same { color: #555 }
table { border-collapse: collapse; width: 100% }
th, td { text-align: left; vertical-align: top; padding: .4em .8em .4em 0; border-top: 1px solid #ddd }
td code { font-size: .8em; word-break: break-all }
.verdict { font-family: system-ui, sans-serif; font-weight: 600; white-space: nowrap }
.bad { color: #7a1010 } .good { color: #0b4d16 } .odd { color: #7a5200 }
p, td { overflow-wrap: anywhere }
@media print { body { max-width: none; font-size: 11pt } }
"""
_CLASSES = {"reworded": "bad", "removed": "bad", "page-gone": "bad", "unknown": "odd"}


def render(found: Difference) -> str:
    """The whole page."""
    title = found.new.capture.said("title") or found.old.capture.said("title") or found.old.capture.url
    parts = [
        "<!DOCTYPE html>\n<html lang='en'><head><meta charset='utf-8'>",
        "<meta http-equiv='Content-Security-Policy' content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<title>Changes: {escape(title)}</title><style>{_STYLE}</style></head><body>",
        f"<h1 dir='auto'>{escape(title)}</h1>",
        _sides(found),
        *[f"<p>{_change(change)}</p>" for change in found.page],
        "<h2>Statements</h2>",
        _statements(found),
        "<h2>Text</h2>",
        *_text(found.text),
        f"<p class='note'>Made by archiver {escape(__version__)} from two sealed captures. This page is a view of them "
        "and no evidence itself.</p></body></html>\n",
    ]
    return "\n".join(parts)


def _sides(found: Difference) -> str:
    rows = "".join(_side(label, side) for label, side in (("old", found.old), ("new", found.new)))
    return f"<table><tr><th></th><th>Captured (UTC)</th><th>Address</th><th>Snapshot</th></tr>{rows}</table>"


def _side(label: str, side: Side) -> str:
    item = side.capture.snapshot
    time = item.manifest.time[:19].replace("T", " ")
    digest = f"number {item.sequence}<br><code>{escape(item.digest)}</code>"
    return f"<tr><th>{label}</th><td>{escape(time)}</td><td>{escape(side.capture.url)}</td><td>{digest}</td></tr>"


def _statements(found: Difference) -> str:
    rows = [_statement(found.old.reading.sequence, record, item) for record, item in found.statements]
    for record in found.added:
        name = f"{found.new.reading.sequence}#{record.id}"
        rows.append(_row(name, "<span class='good'>new</span>", f"<ins>{escape(record.text)}</ins>", _who(record), ()))
    return f"<table>{''.join(rows)}</table>" if rows else "<p>There are none.</p>"


def _statement(number: int, record: StatementRecord, item: VerdictRecord) -> str:
    verdict = f"<span class='{_CLASSES.get(item.verdict, 'good')}'>{escape(item.verdict)}</span>"
    words = _pieces(item.diff) if item.diff else escape(record.text)
    if item.verdict in ("removed", "page-gone"):
        words = f"<del>{words}</del>"
    notes = [escape(note) for note in (*item.signs, *([item.reason] if item.reason else []))]
    notes += [_change(change) for change in item.attribution]
    return _row(f"{number}#{record.id}", verdict, words, _who(record), notes)


def _who(record: StatementRecord) -> str:
    """The speaker as the earlier page gives them."""
    if record.speaker is None:
        return "speaker not found"
    denied = " (denied, or not said)" if record.polarity == "denied" else ""
    role = f", <bdi>{escape(record.role)}</bdi>" if record.role else ""
    return f"<bdi>{escape(record.speaker.name)}</bdi>{role}{denied}"


def _change(change: Change) -> str:
    """What a field was and is; names keep their own direction of writing."""
    old, new = (f"<bdi>{escape(value or 'none')}</bdi>" for value in (change.old, change.new))
    return f"{escape(change.field)}: {old} → {new}"


def _row(name: str, verdict: str, words: str, who: str, notes: Sequence[str]) -> str:
    told = f"<div class='note'>{'; '.join(notes)}</div>" if notes else ""
    cell = f"<td class='verdict'>{verdict}<br><span class='note'>{escape(name)}</span></td>"
    return f"<tr>{cell}<td><div dir='auto'>{words}</div><div class='note'>{who}</div>{told}</td></tr>"


def _text(text: tuple[Diff, ...]) -> list[str]:
    """Every paragraph; runs of unchanged ones can be unfolded."""
    parts: list[str] = []
    same: list[str] = []

    def fold() -> None:
        if same:
            parts.append(f"<details><summary class='note'>{amount(len(same), 'paragraph')} unchanged</summary>")
            parts.extend(same)
            parts.append("</details>")
            same.clear()

    for paragraph in text:
        if is_changed(paragraph):
            fold()
            parts.append(f"<p dir='auto'>{_pieces(paragraph)}</p>")
        else:
            same.append(f"<p dir='auto' class='same'>{_pieces(paragraph)}</p>")
    fold()
    return parts


def _pieces(diff: Diff) -> str:
    tags = {"=": ("", ""), "-": ("<del>", "</del>"), "+": ("<ins>", "</ins>")}
    return "".join(f"{tags[sign][0]}{escape(text).replace(chr(10), '<br>')}{tags[sign][1]}" for sign, text in diff)
