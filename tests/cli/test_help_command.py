"""`--help` of the program and of each command; commands that people mistype."""

from __future__ import annotations

import click
import pytest
from terminal import User

from archiver.cli.main import COMMANDS, SECTIONS, main


def test_every_command_stands_in_one_section(user: User) -> None:
    assert sorted(" ".join(SECTIONS.values()).split()) == sorted(COMMANDS)
    shown = user.ok("--help").out
    for name, (_, line) in COMMANDS.items():
        assert f"  {name} " in shown
        assert line.split()[0] in shown


@pytest.mark.parametrize("name", COMMANDS)
def test_help_of_a_command(user: User, name: str) -> None:
    assert user.ok(name, "--help").out.startswith(f"Usage: archiver {name}")
    context = click.Context(main, info_name="archiver")
    command = main.get_command(context, name)
    assert command is not None
    assert command.short_help == COMMANDS[name][1], "the list and the command say the same"
    inner = command.commands if isinstance(command, click.Group) else {}
    for sub in inner:
        assert user.ok(name, sub, "-h").out.startswith(f"Usage: archiver {name} {sub}")


@pytest.mark.parametrize(
    ("typed", "meant"), [("captre", "capture"), ("verfy", "verify"), ("keys", "key"), ("lst", "ls")]
)
def test_what_people_mistype(user: User, typed: str, meant: str) -> None:
    seen = user(typed)
    assert seen.code == 2
    assert f"archiver {meant}?" in seen.err
