"""OpenSSH's own `ssh-keygen` as the judge of our signatures and key files."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

needs_ssh_keygen = pytest.mark.skipif(shutil.which("ssh-keygen") is None, reason="ssh-keygen is not installed")


def run(*arguments: str | Path, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """ssh-keygen with those arguments; it never asks anybody anything."""
    return subprocess.run(["ssh-keygen", *map(str, arguments)], input=stdin, capture_output=True, timeout=60)


def key_file(path: Path, data: bytes) -> Path:
    """A private key file with the mode that ssh-keygen insists on."""
    path.write_bytes(data)
    path.chmod(0o600)
    return path


def make_key(path: Path, *options: str, passphrase: str = "") -> Path:
    """A key made by ssh-keygen."""
    done = run("-q", "-t", "ed25519", "-f", path, "-N", passphrase, "-C", "made by ssh-keygen", *options)
    assert done.returncode == 0, done.stderr
    return path
