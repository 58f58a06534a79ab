"""SHA-256 digests, spelled `sha256:` and 64 lower-case hexadecimal digits, and nothing else.

Specimen: sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855 (of no bytes)
"""

from __future__ import annotations

import hashlib
import re
from typing import BinaryIO

from archiver.errors import FormatError

CHUNK = 1 << 20  # bytes a read; hashing releases the GIL above 2 kB, and 1 MiB is as fast as any size
_SPELLING = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)


def of_bytes(data: bytes | bytearray | memoryview) -> str:
    """The digest of `data`."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def of_stream(stream: BinaryIO) -> tuple[str, int]:
    """The digest and length in bytes of what is left in `stream`, in flat memory."""
    state, size = hashlib.sha256(), 0
    while chunk := stream.read(CHUNK):
        state.update(chunk)
        size += len(chunk)
    return "sha256:" + state.hexdigest(), size


def of_large(stream: BinaryIO) -> tuple[str, int]:
    """The same, with a thread that hashes one chunk while the next is read: for what takes longer than starting it."""
    from concurrent.futures import ThreadPoolExecutor

    state, size = hashlib.sha256(), 0
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(state.update, b"")
        while chunk := stream.read(CHUNK):
            waiting.result()
            waiting = thread.submit(state.update, chunk)
            size += len(chunk)
        waiting.result()
    return "sha256:" + state.hexdigest(), size


def is_digest(text: object) -> bool:
    """Whether `text` is a digest in the one accepted spelling."""
    return isinstance(text, str) and _SPELLING.fullmatch(text) is not None


def raw(text: str) -> bytes:
    """The 32 bytes of a spelled digest. Raises FormatError for any other spelling."""
    if not is_digest(text):
        raise FormatError(f"not a digest of the form sha256:<64 hex digits>: {str(text)[:80]!r}")
    return bytes.fromhex(text[7:])


def spell(value: bytes) -> str:
    """`sha256:` and the hexadecimal digits of 32 bytes."""
    if len(value) != 32:
        raise FormatError(f"a SHA-256 has 32 bytes, not {len(value)}")
    return "sha256:" + value.hex()
