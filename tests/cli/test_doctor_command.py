"""`archiver doctor` looks at this machine, and at nothing beyond it. (With a browser: tests/browser.)"""

from __future__ import annotations

import socket
import sys

import pytest
from terminal import User


def states(user: User, **environment: str) -> dict[str, str]:
    found = user("doctor", "--json", environment=environment).json()["found"]
    assert all(item["advice"] for item in found if item["state"] == "missing")
    return {item["what"]: item["state"] for item in found}


def test_before_and_after_there_is_an_archive(user: User) -> None:
    assert states(user)["archive"] == "lacking"
    user.ok("init", user.archive, "--no-passphrase")
    found = states(user)
    assert (found["archive"], found["signer key"], found["log key"]) == ("there", "there", "there")
    for key in (user.home / "keys").iterdir():
        if "recovery" not in key.name:
            key.unlink()
    assert states(user)["signer key"] == "lacking"
    shown = user("doctor")
    assert shown.code == 0 and "writing does not" in shown.out


def test_a_browser_that_is_not_there(user: User) -> None:
    assert states(user)["Chromium"] == "lacking"
    assert states(user, ARCHIVER_CHROMIUM="/nowhere/chromium")["Chromium"] == "lacking"
    assert "ARCHIVER_CHROMIUM names /nowhere" in user("doctor", environment={"ARCHIVER_CHROMIUM": "/nowhere/x"}).out
    # A program that is no browser ends at once.
    assert states(user, ARCHIVER_CHROMIUM="/bin/true")["Chromium"] == "lacking"


def test_programs_that_are_not_there(user: User) -> None:
    found = states(user, PATH="/nowhere")
    assert (found["ssh-keygen"], found["openssl"]) == ("lacking", "lacking")


def test_what_is_needed_and_missing_is_exit_1(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cryptography.hazmat.primitives.asymmetric.mldsa", None)
    shown = user("doctor")
    assert shown.code == 1 and "MISSING  ML-DSA-44" in shown.out


def test_nobody_is_asked(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("an address was asked for")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    assert user("doctor").code == 0
