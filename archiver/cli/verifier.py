"""`archiver verifier`: the page that verifies a bundle in any browser, without this program and without a network."""

from __future__ import annotations

from pathlib import Path

import click

from archiver import digest
from archiver.cli.render import shown, style
from archiver.errors import StoreError, UsageError


@click.command(
    short_help="Write the web page that verifies bundles without this program.",
    epilog="Example: archiver verifier -o verify.html",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("verify.html"),
    show_default=True,
    metavar="FILE",
    help="Where to write it.",
)
@click.option("--force", is_flag=True, help="Replace FILE if it is there.")
def command(output: Path, force: bool) -> None:
    """Write verify.html: one page that checks a bundle's zip in any browser, offline: digests, signatures, the log, the
    keys' history. Give it to whoever will check your bundles, but let them compare its SHA-256 with the one that the
    project publishes (docs/verifier.sha256): a verifier that comes with the evidence proves nothing."""
    from archiver.bundle.report import verifier

    data = verifier.page()
    try:
        with output.open("wb" if force else "xb") as file:
            file.write(data)
    except FileExistsError:
        raise UsageError("is there already", where=str(output), hint="give --force to replace it") from None
    except OSError as error:
        raise StoreError(f"could not be written: {error.strerror or error}", where=str(output)) from None
    click.echo(f"Wrote {style(shown(output), bold=True)}: open it in a browser, and drop a bundle on it.")
    click.echo(f"  {digest.of_bytes(data)}")
