"""`--help` of the program and of each command; commands that people mistype."""

from __future__ import annotations

import os
import subprocess
import sys

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


@pytest.mark.parametrize(
    ("typed", "code", "message"),
    [
        (("--archive", "nosuch", "log"), 3, "is no archive"),
        (("show", "abc"), 3, "is no archive"),
        (("log", "--nosuch"), 2, "--nosuch"),
        (("verify", "nosuch.zip"), 3, "there is no such file or folder"),
        (("capture", "nosuch.html"), 2, "there is no such file, and it is no web address"),
    ],
)
def test_json_is_told_of_errors(user: User, typed: tuple[str, ...], code: int, message: str) -> None:
    if typed[0] == "capture":
        user.init()
    seen = user("--archive", user.folder / "nosuch", *typed, "--json") if typed[0] == "show" else user(*typed, "--json")
    error = seen.json()["error"]
    assert (seen.code, error["code"]) == (code, code)
    assert message in error["message"]
    assert message in seen.err
    assert user(*typed, "--", "--json").out == "", "behind -- it is no option"


def test_a_reader_that_goes_away_is_no_finding(user: User) -> None:
    """Not the 1 of a failed verification, nor the 0 of a good one: nobody saw which."""
    user.init()
    for typed in (["verify"], ["--help"]):
        reads, writes = os.pipe()
        os.close(reads)
        with subprocess.Popen(
            [sys.executable, "-m", "archiver", *typed], stdout=writes, stderr=subprocess.PIPE
        ) as process:
            os.close(writes)
            assert process.stderr is not None
            assert process.stderr.read() == b""
        assert process.returncode == 3


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="this system has no device that is always full")
def test_a_full_disk_behind_standard_output(user: User) -> None:
    user.init()
    with open("/dev/full", "wb") as full:
        result = subprocess.run(
            [sys.executable, "-m", "archiver", "verify"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert (result.returncode, result.stderr.count(b"\n")) == (3, 1)
    assert b"No space left" in result.stderr


def test_terminals_and_names_beyond_what_the_system_has(user: User) -> None:
    user.init()
    poor = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    for typed, code in ((["audit", "“words” 🦀"], 3), (["verify", "n" * 5000], 3)):
        command = [sys.executable, "-m", "archiver", *typed]
        result = subprocess.run(command, env=poor, capture_output=True, check=False)
        assert result.returncode == code
        assert b"fault of archiver" not in result.stderr
        assert len(result.stderr) < 600


@pytest.mark.skipif(os.geteuid() == 0, reason="the administrator may read everything")
def test_a_folder_that_may_not_be_read_is_not_called_empty(user: User) -> None:
    user.init()
    user.archive.chmod(0)
    try:
        seen = user("--archive", user.archive, "log")
    finally:
        user.archive.chmod(0o755)
    assert (seen.code, "you may not read this folder" in seen.err) == (3, True)
