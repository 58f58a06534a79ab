"""What the facts say of this machine and its libraries: enough to repeat a capture, nothing that names its owner."""

from __future__ import annotations

import functools
import os
import platform
import re
import sys
import time
from typing import Any

from archiver import __version__
from archiver.model.facts import Software


def software(settings: dict[str, Any]) -> Software:
    """The program that makes a record, what it runs on, and the settings in force."""
    return Software("archiver", __version__, platform.python_version(), system(), libraries(), settings)


@functools.cache
def libraries() -> dict[str, Any]:
    """The libraries that touch what is captured, with their versions."""
    import ssl

    names = ("requests", "urllib3", "cryptography", "trafilatura")
    return {"openssl": ssl.OPENSSL_VERSION, **{name: _version(name) for name in names}}


def _version(name: str) -> str:
    """The version of an installed library. importlib.metadata.version would read all of its description, as mail."""
    from importlib.metadata import distribution

    found = distribution(name)
    line = re.search(r"^Version: *([^\s]+)$", found.read_text("METADATA") or "", re.MULTILINE)
    return line[1] if line else found.version


@functools.cache
def system() -> str:
    """Operating system and processor, `Linux x86_64`; no name of the machine."""
    return f"{platform.system()} {platform.machine()}"


def synchronised() -> bool | None:
    """Whether the system says that its clock follows a time server; None where it does not say."""
    if sys.platform != "linux":
        return None
    return True if os.path.exists("/run/systemd/timesync/synchronized") else None  # noqa: PTH110 - once a page


def timezone() -> str:
    """How far local time lies from UTC, `UTC+01:00`."""
    minutes = time.localtime().tm_gmtoff // 60
    return f"UTC{'-' if minutes < 0 else '+'}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"
