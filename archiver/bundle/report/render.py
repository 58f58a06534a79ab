"""Writes README.txt and report.html from a bundle's evidence. Same evidence and renderer version, same bytes.

Any change of the templates, the style, the words or the verifier's script is a new `RENDERER`: a verifier with another
one says "not checked" instead of calling an honest old bundle wrong. tests/vectors/bundles holds what they give.
"""

from __future__ import annotations

import functools
import itertools
import textwrap
from collections.abc import Iterator
from importlib import resources
from typing import Any

from archiver.bundle.report import rows, verifier, visits, words
from archiver.bundle.report.rows import Row
from archiver.bundle.report.view import View
from archiver.model.statement import PartRecord
from archiver.signing.keys import ED25519, PublicKey
from archiver.verify.layout import manifest_path

RENDERER = "1"
FLUSH = 64 << 10  # characters
MAX_NUMBERS = 20  # chosen manifests, and objects in part, that README names one by one


def readme(view: View, exporter: PublicKey, files: int) -> bytes:
    """README.txt of a bag of that many files, in ASCII."""
    text: str = _template("README.txt.jinja").render(
        view=view,
        files=files,
        parts=_count_parts(view),
        in_part=itertools.islice(view.in_part(), MAX_NUMBERS),
        max_parts=MAX_NUMBERS,
        numbers=_numbers(view.record.selected),
        exporter_kind="ED25519" if exporter.kind == ED25519 else "ED25519-SK",
        revocations=_revocations(view),
        first=_first(view),
        not_proven=[_bullet(line.replace("’", "'")) for line in words.LIMITS],
        **_words(),
    )
    return text.encode("ascii")


def report(view: View) -> Iterator[bytes]:
    """report.html, in pieces: memory does not grow with the number of captures."""
    stream = _template("report.html.jinja").generate(
        view=view,
        style=_markup(verifier.style()),
        script=_markup(verifier.script()),
        policy=verifier.policy(),
        first=_first(view),
        parts=_count_parts(view),
        not_proven=words.LIMITS,
        fingerprint_rows=list(_fingerprints(view)),
        page_rows=rows.page_rows,
        who_rows=rows.who_rows,
        how_rows=rows.how_rows,
        hop_rows=rows.hop_rows,
        rendering_rows=rows.rendering_rows,
        statement_rows=rows.statement_rows,
        warnings=rows.warnings,
        change_words=visits.change_words,
        actions=words.ACTIONS,
        against=words.AGAINST,
        page_kinds=words.PAGE_KINDS,
        stamp_kinds=words.STAMPS,
        beginning=_beginning,
        anchor=lambda ref: "statement-" + ref.replace("#", "-"),
        manifest_path=manifest_path,
        **_words(),
    )
    waiting: list[str] = []
    length = 0
    for piece in stream:
        waiting.append(piece)
        length += len(piece)
        if length >= FLUSH:
            yield "".join(waiting).encode("utf-8")
            waiting, length = [], 0
    yield "".join(waiting).encode("utf-8")


def _words() -> dict[str, Any]:
    return {"moment": words.moment, "count": words.count, "size": words.size, "short": words.short}


@functools.cache
def _template(name: str) -> Any:
    import jinja2

    html = name.endswith(".html.jinja")
    environment = jinja2.Environment(
        autoescape=html,  # noqa: S701 - README.txt is no HTML
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        newline_sequence="\n",
    )
    source = resources.files(__package__).joinpath(name).read_text("utf-8")
    return environment.from_string(source)


def _markup(text: str) -> Any:
    import markupsafe

    return markupsafe.Markup(text)  # noqa: S704 - our own script and style sheet


def _numbers(selected: tuple[int, ...]) -> str:
    shown = ", ".join(str(number) for number in selected[:MAX_NUMBERS])
    return shown + (f" and {len(selected) - MAX_NUMBERS} more" if len(selected) > MAX_NUMBERS else "")


def _bullet(line: str) -> str:
    return textwrap.fill(line, 90, initial_indent="* ", subsequent_indent="  ", break_on_hyphens=False)


def _first(view: View) -> str:
    number = view.record.selected[0] if view.record.selected else 0
    return f"data/{manifest_path(number)}"


def _count_parts(view: View) -> int:
    """Of how many objects only parts are shown."""
    return sum(item.shown > 0 for item in view.record.withheld)


def _revocations(view: View) -> list[str]:
    return [f"data/{manifest_path(number)}" for number, change in view.key_events if change.action == "revoke"]


def _fingerprints(view: View) -> Iterator[Row]:
    yield Row("Archive", words.short(view.record.archive), "code", view.record.archive)
    for signer in view.signers:
        yield Row("Records signed by", signer, "code")
    if view.bundled:
        yield Row("Bundle exported by", view.record.exporter, "code")


def _beginning(parts: tuple[PartRecord, ...]) -> str:
    text = " […] ".join(part.exact for part in parts[:3])
    if len(text) <= 110:
        return text
    cut = text.rfind(" ", 60, 105)
    return text[: cut if cut >= 0 else 105] + " …"
