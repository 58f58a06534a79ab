"""`archiver selftest`: shows on this machine that tampering is noticed, and what each kind of it looks like."""

from __future__ import annotations

from pathlib import Path

import click

from archiver import __version__
from archiver.cli.render import amount, print_json, shown, style, wrap
from archiver.errors import StoreError

SHOWN = 3  # findings of one case that are printed


@click.command(
    short_help="Show that this program notices tampering, here and now.",
    epilog="Example: archiver selftest --keep tampered. Exit codes: 0 all is noticed, 1 something is not.",
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="FOLDER",
    help="Write the bundles there, to look at or to try other verifiers on.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.pass_context
def command(ctx: click.Context, keep: Path | None, as_json: bool) -> None:
    """Verify a shipped set of small bundles, of which one is good and the others were tampered with, each in one way: a
    quotation altered, a signature swapped, the log cut, a foreign key, … Each must be noticed for the reason that it is
    wrong. It takes a second, reads no archive, and needs no network. Note its result where rules ask for a validation
    of the tools that were used."""
    from archiver.work.selftest import selftest

    results = []
    for item in selftest():
        results.append(item)
        if keep is not None:
            _keep(keep, item.case.name, item.case.data)
        if as_json:
            continue
        mark = style("ok    ", "green", bold=True) if item.good else style("WRONG ", "red", bold=True)
        click.echo(f"{mark}{style(item.case.title, bold=True)}")
        click.echo(style(wrap(item.case.about, "      "), dim=True))
        click.echo(f"      -> {item.verdict} (exit code {item.exit_code})")
        for line in item.seen[:SHOWN]:
            click.echo(wrap(shown(line), "         "))
        for code in item.missed:
            click.echo(style(f"         not noticed: {code}", "red"))
        if item.exit_code != item.case.exit_code:
            click.echo(style(f"         expected exit code {item.case.exit_code}", "red"))
    bad = sum(not item.good for item in results)
    if as_json:
        print_json(
            {
                "version": __version__,
                "good": not bad,
                "cases": [
                    {
                        "name": item.case.name,
                        "title": item.case.title,
                        "good": item.good,
                        "verdict": item.verdict,
                        "exit_code": item.exit_code,
                        "expected_exit_code": item.case.exit_code,
                        "expected_codes": list(item.case.codes),
                        "missed_codes": list(item.missed),
                    }
                    for item in results
                ],
            }
        )
    else:
        click.echo(
            f"archiver {__version__}: {amount(len(results), 'bundle')}, {len(results) - bad} judged as they must be"
        )
    if bad:
        ctx.exit(1)


def _keep(folder: Path, name: str, data: bytes) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{name}.zip").write_bytes(data)
    except OSError as error:
        raise StoreError(f"could not be written: {error.strerror or error}", where=str(folder)) from None
