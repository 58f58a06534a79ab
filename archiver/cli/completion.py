"""`archiver completion`: what a shell needs to complete commands and options."""

from __future__ import annotations

import click

HOW = {
    "bash": 'eval "$(archiver completion bash)"            in ~/.bashrc',
    "zsh": 'eval "$(archiver completion zsh)"             in ~/.zshrc',
    "fish": "archiver completion fish | source             in ~/.config/fish/completions/archiver.fish",
}


@click.command(short_help="Print shell completion for bash, zsh or fish.", epilog="\b\n" + "\n".join(HOW.values()))
@click.argument("shell", type=click.Choice(sorted(HOW)))
def command(shell: str) -> None:
    """Print the completion script for SHELL; a line in the shell's start-up file takes it in."""
    from click.shell_completion import get_completion_class

    from archiver.cli.main import main

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(main, {}, "archiver", "_ARCHIVER_COMPLETE").source())
