"""The allowed_signers file of `ssh-keygen -Y verify` (ssh-keygen(1), ALLOWED SIGNERS), as archiver writes it.
Format: docs/formats/signature.md.

Specimen (one line):

    archiver namespaces="archiver-manifest-v1,archiver-bundle-v1" ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDtq…

No windows, wildcards or certificate authorities: ssh-keygen then says which key signed these bytes, and no more.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from archiver.errors import FormatError
from archiver.signing.keys import PublicKey
from archiver.signing.sshsig import NAMESPACES

PRINCIPAL = "archiver"
MAX_BYTES = 1 << 20
_OPTION = 'namespaces="' + ",".join(NAMESPACES) + '"'
_PRINCIPAL = re.compile(r"[A-Za-z0-9._@-]{1,80}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Entry:
    """One signer."""

    principal: str
    key: PublicKey


def encode(entries: Iterable[Entry]) -> bytes:
    """The file. Raises FormatError for a principal that is a pattern or more than one word."""
    entries = list(entries)
    for entry in entries:
        if not _PRINCIPAL.fullmatch(entry.principal):
            raise FormatError(f"allowed_signers: not a principal: {entry.principal[:60]!r}")
    return "".join(f"{entry.principal} {_OPTION} {entry.key.line()}\n" for entry in entries).encode("ascii")


def encode_for(lines: Iterable[str]) -> bytes:
    """The file for public key lines, all under the principal `archiver`. Raises FormatError."""
    return encode(Entry(PRINCIPAL, PublicKey.parse_line(line)) for line in lines)


def parse(data: bytes) -> tuple[Entry, ...]:
    """The entries of a file that archiver wrote. Raises FormatError for any other spelling."""
    if len(data) > MAX_BYTES:
        raise FormatError(f"allowed_signers of {len(data)} bytes; at most {MAX_BYTES}")
    try:
        lines = data.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise FormatError("allowed_signers is not ASCII") from None
    entries = []
    for line in lines[:-1]:
        principal, _, rest = line.partition(" ")
        option, _, key = rest.partition(" ")
        if option != _OPTION or not _PRINCIPAL.fullmatch(principal):
            raise FormatError(f"allowed_signers: not a line that archiver writes: {line[:60]!r}")
        entries.append(Entry(principal, PublicKey.parse_line(key)))
    if encode(entries) != data:
        raise FormatError("allowed_signers is not in its one spelling")
    return tuple(entries)
