"""`archiver verify`: check an archive or a bundle, offline, changing nothing."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from archiver.cli import session
from archiver.cli.main import GOOD
from archiver.cli.progress import Progress
from archiver.cli.render import amount, columns, cut, outcome, pairs, print_json, shown, style, wrap
from archiver.verify.codes import CODES
from archiver.verify.report import STEPS, Finding, Report, Weight

SHOWN = 40  # findings on the screen; all of them are in --json
TIMES = 6  # lines that say by when what existed
PRECEDENCE = (3, 1, 4, 0)


@click.command(short_help="Check an archive or a bundle, offline.")
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path))
@click.option(
    "--depth",
    type=click.Choice(["seal", "objects", "content"]),
    default="content",
    show_default=True,
    help="seal: signatures and log; objects: every digest too; content: what the stored bytes say too.",
)
@click.option(
    "--require", metavar="LIST", multiple=True, help="What must have been checked, e.g. timestamp,witness,bytes."
)
@click.option(
    "--trust",
    multiple=True,
    metavar="KEY",
    help="Believe this signer (SHA256:…), archive (sha256:…) or file of keys, this time.",
)
@click.option(
    "--since",
    "--known-checkpoint",
    "known",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="A checkpoint, bundle or archive from before: what is here must extend it.",
)
@click.option(
    "--tsa-root",
    "tsa_roots",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Believe time stamps that lead to this root (PEM), this time.",
)
@click.option(
    "--block-headers",
    "headers",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Headers of Bitcoin's blocks that you believe, for OpenTimestamps (docs/formats/stamps.md).",
)
@click.option(
    "--policy",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Whose cosignatures count, and how many are enough (C2SP tlog-policy).",
)
@click.option("--at", metavar="TIME", help="Count only time stamps made by then: what is shown to have existed?")
@click.option("--jobs", type=click.IntRange(1, 256), default=None, help="Processes (default: one for each core).")
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON (docs/formats/verify-report.md).")
@click.option("-v", "--verbose", is_flag=True, help="List remarks too.")
@click.pass_context
def command(
    ctx: click.Context,
    paths: tuple[Path, ...],
    depth: str,
    require: tuple[str, ...],
    trust: tuple[str, ...],
    known: tuple[Path, ...],
    tsa_roots: tuple[Path, ...],
    headers: Path | None,
    policy: Path | None,
    at: str | None,
    jobs: int | None,
    as_json: bool,
    verbose: bool,
) -> None:
    """Check archives (folders) or bundles (zip files) at PATH, your archive by default; and other tools' files: WACZ,
    WARC, BagIt bags, folders of auto-archiver's. Nothing is fetched, and nothing is changed. Every step says passed,
    failed, or not checked and why.

    Exit codes: 0 verified and signed by a confirmed key; 1 something failed; 3 could not be read; 4 undecided, e.g. the
    key is not confirmed by you."""
    import os

    from archiver.work.check import Asked, check

    here = session.home()
    wanted = tuple(dict.fromkeys(name.strip() for text in require for name in text.split(",") if name.strip()))
    asked = Asked(depth, wanted, trust, known, jobs or os.cpu_count() or 1, tsa_roots, at, headers, policy)
    codes = []
    for path in paths or (session.open_archive(ctx).root,):
        with Progress("verifying", 2, enabled=not as_json) as progress:
            report = check(path, here, asked, progress.update)
        codes.append(report.exit_code)
        if as_json:
            print_json(report.to_json())
        else:
            _show(report, verbose)
    ctx.exit(next((code for code in PRECEDENCE if code in codes), GOOD))


def _show(report: Report, verbose: bool) -> None:
    from archiver.verify.identity import short

    click.echo(f"{style(shown(report.label), bold=True)} ({report.kind}, checked to the depth of {report.depth})")
    pairs(
        [
            ("archive", f"{short(report.archive)} ({report.archive})" if report.archive else None),
            (
                "log",
                f"{report.origin}, {amount(report.size, 'manifest')}" if report.size is not None else report.origin,
            ),
        ]
    )
    for number, name in STEPS.items():
        state = report.outcome(number).value
        padded = outcome(state) + " " * (12 - len(state))
        click.echo(f"  {number:>2}  {name:<12}  {padded} {_fitted(report.why(number))}")
    _findings(report, verbose)
    click.echo("")
    for fingerprint, confirmed in report.signers.items():
        name = f"confirmed as {confirmed}" if confirmed else style("not confirmed", "yellow") + " by you"
        click.echo(f"  signed by {fingerprint} {name}")
    anchors = "; ".join(report.anchors) or "none: nobody outside vouches for the time or completeness of this log"
    click.echo(wrap(anchors, "                   ", "  outside anchors  "))
    _times(report, verbose)
    _exposure(report)
    click.echo("  not proven:")
    for sentence in report.to_json()["not_proven"]:
        click.echo(wrap(sentence, "    ", "  - "))
    click.echo("")
    colour = {0: "green", 1: "red", 3: "red", 4: "yellow"}[report.exit_code]
    click.echo(style(f"{shown(report.label)}: {report.verdict}", colour, bold=True))


def _times(report: Report, verbose: bool) -> None:
    """By when which manifests existed, the newest last."""
    from archiver.verify.stamps import numbers, ranges

    found = ranges(report.times)
    shown_ = found if verbose else found[-TIMES:]
    if found:
        click.echo("  existed before")
    if len(found) > len(shown_):
        click.echo(f"    … {amount(len(found) - len(shown_), 'earlier line')} (-v)")
    for low, high, bound in shown_:
        click.echo(f"    {bound.time}  {numbers(low, high)}, says {shown(bound.by)}")


def _exposure(report: Report) -> None:
    from archiver.verify.exposure import exposure

    rows = exposure(report)
    if rows:
        click.echo("  what would have shown, had it been done:")
    for row in rows:
        found = ", ".join(map(str, row.found_by))
        words = "; ".join(row.exposed_by) or "nothing"
        said = f"signs of it in step {found}" if found else words
        head = f"    {row.attack:<11} "
        colour = "red" if found else None if row.exposed_by else "yellow"
        click.echo(wrap(said, " " * len(head), f"    {style(f'{row.attack:<11}', colour)} "))


def _fitted(why: str) -> str:
    """On a terminal a step takes one line; a pipe gets all of it."""
    return cut(shown(why), max(40, columns() - 33)) if sys.stdout.isatty() else shown(why)


def _findings(report: Report, verbose: bool) -> None:
    remarks = [finding for finding in report.findings if finding.weight is Weight.REMARK]
    kept = [finding for finding in report.findings if verbose or finding.weight is not Weight.REMARK]
    if kept:
        click.echo("")
    advised: set[str] = set()
    for finding in kept[:SHOWN]:
        _finding(finding, finding.code not in advised)
        advised.add(finding.code)
    if len(kept) > SHOWN:
        click.echo(f"  … and {amount(len(kept) - SHOWN, 'more finding')} (--json lists all)")
    for code, count in report.uncounted.items():
        click.echo(f"  … and {amount(count, 'more finding')} of {code}")
    if remarks and not verbose:
        click.echo(f"  {amount(len(remarks), 'remark')} (-v lists them)")


def _finding(finding: Finding, advise: bool) -> None:
    place = ", ".join(
        part
        for part in (
            shown(finding.file) if finding.file else "",
            f"number {finding.sequence}" if finding.sequence is not None else "",
        )
        if part
    )
    head = f"  {outcome(finding.weight.value)}  {finding.code}"
    click.echo(f"{head}  {style(place, bold=True)}" if place else head)
    click.echo(wrap(finding.message, "      "))
    if advise:
        click.echo(wrap(CODES[finding.code].advice, "        ", "      → "))
