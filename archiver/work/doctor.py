"""What this machine has for the work and what it lacks, found without asking anybody: no address is connected to.

Something *needed* that is missing stops the work; something *useful* that is missing narrows it, and how is said.
"""

from __future__ import annotations

import os
import platform
import shutil
import ssl
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from archiver import __version__
from archiver.archive import Archive
from archiver.browser.chromium import VARIABLE, find_chromium, has_sandbox
from archiver.browser.identity import new_identity
from archiver.browser.listener import ClosedDoor
from archiver.browser.process import Process
from archiver.errors import AlgorithmMissingError, ArchiverError
from archiver.store.home import Home
from archiver.tlog.algorithms import mldsa44_private
from archiver.work.keys import key_files
from archiver.work.machine import synchronised

State = Literal["there", "missing", "lacking", "unknown"]
LOW_SPACE = 1 << 30  # bytes


@dataclass(frozen=True, slots=True)
class Item:
    """One thing. `state`: there; missing, and the work needs it; lacking, and something cannot be done; unknown."""

    what: str
    state: State
    detail: str
    advice: str | None = None


def examine(archive: Archive | None, home: Home) -> Iterator[Item]:
    """Everything, in the order of reading. `archive`: the one that is meant, None if there is none."""
    yield Item("archiver", "there", f"{__version__}, on {platform.system()} {platform.machine()}")
    yield Item("Python", "there", f"{platform.python_version()}, {sys.executable}")
    yield Item("TLS", "there", ssl.OPENSSL_VERSION)
    yield _post_quantum()
    yield from _archive(archive, home)
    yield _program("ssh-keygen", "signatures cannot be checked without this program", "install OpenSSH")
    yield _program("openssl", "time stamps cannot be checked without this program", "install OpenSSL")
    agent = os.environ.get("SSH_AUTH_SOCK")
    there = bool(agent) and Path(agent or "").exists()
    yield Item("ssh-agent", "there" if there else "lacking", "reachable" if there else "none; keys are read from files")
    yield _browser()
    for module, extra, does in (
        ("weasyprint", "pdf", "reports as PDF"),
        ("rfc3161_client", "tsa", "verification of time stamps (RFC 3161)"),
        ("waitress", "witness", "serving as a witness"),
        ("brotli", "", "pages coded as br, in other tools' files"),
    ):
        yield _extra(module, extra, does)
    yield _clock()


def _post_quantum() -> Item:
    try:
        mldsa44_private(bytes(32))
    except AlgorithmMissingError as error:
        return Item("ML-DSA-44", "missing", error.message, error.hint or "install a newer cryptography library")
    return Item("ML-DSA-44", "there", "checkpoints are signed so that they outlive Ed25519")


def _archive(archive: Archive | None, home: Home) -> Iterator[Item]:
    if archive is None:
        yield Item("archive", "lacking", "none is meant here", "make one: archiver init FOLDER")
        return
    yield Item("archive", "there", f"{archive.root}, {archive.size()} manifests")
    try:
        files = key_files(archive)
        for role in ("signer", "log"):
            here = files.here(role)
            detail = "on this machine" if here else "not on this machine: reading and verifying work, writing does not"
            yield Item(f"{role} key", "there" if here else "lacking", detail, None if here else "archiver key import")
    except ArchiverError as error:
        yield Item("keys", "lacking", str(error), error.hint)
    free = shutil.disk_usage(archive.root).free
    room = f"{free >> 20:,} MB free where the archive is"
    yield Item("disk", "there" if free > LOW_SPACE else "lacking", room, None if free > LOW_SPACE else "make room")
    writable = os.access(archive.root, os.W_OK)
    if not writable:
        yield Item("archive folder", "lacking", "may not be written to by this user", "check its permissions")


def _program(name: str, without: str, advice: str) -> Item:
    found = shutil.which(name)
    return Item(name, "there", found) if found is not None else Item(name, "lacking", without, advice)


def _browser() -> Item:
    """Whether there is a Chromium and it starts; it is not let out."""
    program = find_chromium()
    if program is None:
        given = os.environ.get(VARIABLE)
        detail = f"${VARIABLE} names {given}, which is no program here" if given else "none"
        advice = f"for capture --browser: apt-get install chromium-headless-shell, or name one in ${VARIABLE}"
        return Item("Chromium", "lacking", f"{detail}; pages are captured without their scripts", advice)
    stop = threading.Event()
    door = ClosedDoor(stop)
    try:
        process = Process(
            program,
            door=door.port,
            spki=new_identity().spki,
            language="en-US",
            memory=2 << 30,
            stopped=stop.is_set,
        )
    except ArchiverError as error:
        return Item("Chromium", "lacking", error.message, "try it by hand, or name another one in $" + VARIABLE)
    finally:
        door.close()
    product = str(process.version.get("product"))
    process.close()
    sandbox = "with its sandbox" if has_sandbox() else "without its sandbox, as the system's administrator runs it"
    shut = None if has_sandbox() else "capture as an ordinary user: hostile pages are then shut in"
    return Item("Chromium", "there", f"{product}, {program}, {sandbox}", shut)


def _extra(module: str, extra: str, does: str) -> Item:
    if find_spec(module) is not None:
        return Item(module, "there", does)
    name = f"archiver-evidence[{extra}]" if extra else module
    return Item(module, "lacking", f"no {does}", f"pip install '{name}'")


def _clock() -> Item:
    state = synchronised()
    if state:
        return Item("clock", "there", "follows a time server")
    advice = "compare it with another one before you capture; time stamps bound it from outside: archiver timestamp"
    return Item("clock", "unknown", "the system does not say whether it follows a time server", advice)
