"""`archiver takedown`: remove what was sealed, and say so for ever."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from archiver.cli import session
from archiver.cli.render import amount, print_json, shown, size_of, style, wrap
from archiver.errors import UsageError

if TYPE_CHECKING:
    from archiver.work.takedown import Scope, Target

REMAINS = (
    "the signed manifests: that something was captured, when, by which key, and the digests and sizes of its parts",
    "the takedown itself, with the reason that you give: name nobody in it whom it is to protect",
    "journals of capture runs in runs/, which name addresses; they are no evidence, and may be deleted",
    "bundles that left before, backups, and what the disk may still give back",
)


@click.command(
    short_help="Remove what was sealed; a signed record says which and why.",
    epilog='Example: archiver takedown 42 --reason "order of the court at Ferrow, 3 O 12/26" --dry-run',
)
@click.argument("ref", metavar="REF")
@click.option("--reason", metavar="TEXT", help="Why; sealed, and shown to whoever verifies the archive.")
@click.option("--only", metavar="ROLES", help="These objects alone, e.g. warc,page-text.")
@click.option("--dry-run", is_flag=True, help="Show what would be removed, and change nothing.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(
    ctx: click.Context, ref: str, reason: str | None, only: str | None, dry_run: bool, yes: bool, as_json: bool
) -> None:
    """Remove the objects of REF from the archive: of a capture with all that quotes it (its readings, rechecks and
    notes), of another number with what speaks about it. It cannot be undone. Signed takedown records say which objects
    and why, so `archiver verify` tells this from loss; the chain, the log and every bundle stay verifiable.

    Exit codes: 0 removed (or shown, with --dry-run); 2 no reason, or not confirmed; 3 nothing to remove, or impossible.
    """
    from archiver.work.takedown import scope_of, take_down

    archive = session.open_archive(ctx)
    roles = tuple(dict.fromkeys(role.strip() for role in (only or "").split(",") if role.strip()))
    if not dry_run and not (reason or "").strip():
        raise UsageError("a takedown says why", hint='--reason "…" (or look first: --dry-run)')
    scope = scope_of(archive, ref, roles)
    if not as_json:
        _show(scope)
    if dry_run:
        if as_json:
            print_json(_plain(scope) | {"records": [], "indexes": []})
        return
    if not yes:
        _confirm(ref)
    session.unlock(archive)
    done = take_down(archive, ref, reason or "", roles)
    if as_json:
        print_json(_plain(done.scope) | {"records": list(done.records), "indexes": list(done.indexes)})
        return
    count = len(done.scope.remove) + len(done.scope.unfinished)
    numbers = f", sealed as number {', '.join(map(str, done.records))}" if done.records else ""
    click.echo(f"{style('Removed', bold=True)} {amount(count, 'object')}{numbers}.")
    if done.indexes:
        click.echo("The search index held words of it, and was removed; the next search makes it anew.")


def _confirm(ref: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError("nothing was removed: this cannot be undone", hint="to do it without being asked: --yes")
    answer = click.prompt(f"This cannot be undone. To remove it, type {ref} again", default="", show_default=False)
    if answer.strip() != ref:
        raise UsageError("nothing was removed")


def _show(scope: Scope) -> None:
    click.echo(style("to be removed", bold=True))
    for target in (*scope.remove, *scope.unfinished):
        ref = target.ref
        again = "   (its takedown is sealed already)" if target in scope.unfinished else ""
        click.echo(f"  number {target.sequence:<5} {target.event:<9} {ref.role:<15} {size_of(ref.size)}{again}")
    for kept in scope.kept:
        click.echo(f"  kept: {kept.target.ref.role} of number {kept.target.sequence}: {kept.why}")
    click.echo(style("what stays", bold=True))
    for line in REMAINS:
        click.echo(wrap(line, "    ", "  - "))
    for number, found in scope.bundles:
        click.echo(wrap(f"a bundle that left holds some of it: number {number}, {shown(found)}", "    ", "  - "))


def _plain(scope: Scope) -> dict[str, object]:
    return {
        "removed": _targets((*scope.remove, *scope.unfinished)),
        "kept": [one | {"why": kept.why} for kept in scope.kept for one in _targets([kept.target])],
        "bundles": [{"record": number, "digest": found} for number, found in scope.bundles],
    }


def _targets(targets: Iterable[Target]) -> list[dict[str, object]]:
    return [
        {"sequence": target.sequence, "event": target.event, "role": target.ref.role, "digest": target.ref.digest}
        for target in targets
    ]
