"""Errors of the system in words, with the file and what to do: OSError becomes StoreError, here and nowhere else."""

from __future__ import annotations

import errno
from pathlib import Path
from types import TracebackType

from archiver.errors import StoreError

_FREE = "free some space and run the command again; what was sealed before is intact"
ADVICE: dict[int, tuple[str, str]] = {
    errno.ENOSPC: ("the disk is full", _FREE),
    errno.EDQUOT: ("your quota is used up", _FREE),
    errno.EROFS: ("the disk is read-only", "mount it for writing, or copy the archive to another disk"),
    errno.EACCES: ("you may not do this here", "look at the owner and the permissions of the folder"),
    errno.EPERM: ("you may not do this here", "look at the owner and the permissions of the folder"),
    errno.EIO: ("the disk reports an error", "it may be failing: copy the archive to another disk first of all"),
    errno.EMFILE: ("too many files are open", "use fewer --jobs, or raise the limit (ulimit -n)"),
    errno.ENFILE: ("too many files are open on this machine", "close other programs and run the command again"),
    errno.ENAMETOOLONG: ("the name is too long", "use a folder with a shorter path"),
    errno.ENOLCK: ("this disk has no file locks", "keep the archive on a local disk"),
    errno.EFBIG: ("the file is too large for this disk", "use a disk with another file system"),
    errno.ELOOP: ("is a symbolic link, and an archive holds none", "put the file or folder itself there"),
}


def store_error(error: OSError, where: str | Path) -> StoreError:
    """What to tell a person about an error of the system."""
    words, hint = ADVICE.get(error.errno or 0, (error.strerror or str(error), None))
    return StoreError(words, where=str(where), hint=hint)


class telling:  # noqa: N801 - reads as a verb: with telling(path)
    """Turns an OSError inside into a StoreError about `where`. A class, not a generator: there are many."""

    __slots__ = ("_where",)

    def __init__(self, where: str | Path) -> None:
        self._where = where

    def __enter__(self) -> None:
        return

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if isinstance(error, OSError):
            raise store_error(error, self._where) from None
