"""`archiver export … --wacz FILE`: a package that replay programs show."""

from __future__ import annotations

from pathlib import Path

import click

from archiver.archive import Archive
from archiver.cli.progress import Progress
from archiver.cli.render import amount, print_json, shown, size_of, style


def write(
    archive: Archive,
    refs: tuple[str, ...],
    path: Path,
    *,
    force: bool,
    record: bool,
    purpose: str | None,
    as_json: bool,
) -> None:
    """Write it and say what was written. The archive's keys are unlocked."""
    from archiver.work.wacz import export_wacz

    with Progress("exporting", 2, enabled=not as_json) as progress:
        done = export_wacz(archive, refs, path, force=force, record=record, purpose=purpose, progress=progress.update)
    if as_json:
        print_json(
            {
                "path": str(done.path),
                "digest": done.digest,
                "size": done.size,
                "sequences": list(done.captures),
                "record": done.record,
                "requests_left_out": done.left_out,
            }
        )
        return
    count = amount(len(done.captures), "capture")
    click.echo(f"Wrote {style(shown(done.path), bold=True)}: {count}, {size_of(done.size)}.")
    click.echo(f"  {done.digest}")
    if done.left_out:
        click.echo(f"  {amount(done.left_out, 'request')} with cookies or passwords left out")
    if done.record is not None:
        click.echo(f"  recorded as number {done.record}")
    click.echo(
        "To replay it: open it with ReplayWeb.page, or another program for WACZ files; it proves nothing by itself."
    )
    click.echo(f"To check it: archiver verify {shown(done.path)}; the proof is the bundle in it, evidence/bundle.zip")
