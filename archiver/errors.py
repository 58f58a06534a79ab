"""Every error that archiver raises on purpose, in one tree.

    ArchiverError
    ├── FormatError        bytes are not what their format says (malformed; nothing is claimed about truth)
    │   └── NewerVersionError   well-formed, but of a version that this program does not know
    ├── ProofError         well-formed, but a signature, hash or proof does not hold
    ├── MissingError       a file, object or record that should be there is not
    ├── UnavailableError   could not be read, written or reached: disk, lock, network
    │   ├── StoreError     the disk said no (full, read-only, permission, lock held)
    │   └── FetchError     the network said no (refused, timed out, TLS, name not found)
    ├── RefusedError       it could be done, but archiver must not (fork of the log, private address, rollback)
    ├── UsageError         the person asked for something that does not fit
    └── ExtraMissingError  an optional part (extra) is not installed
        └── AlgorithmMissingError   this build of a library lacks an algorithm: "not checked", never "passed"

Library code raises these; only the command line turns them into words, a hint and an exit code.
"""

from __future__ import annotations


class ArchiverError(Exception):
    """Base of all; `where` is the file or URL concerned, `hint` what to do next."""

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def __str__(self) -> str:
        return f"{self.where}: {self.message}" if self.where else self.message


class FormatError(ArchiverError):
    """Bytes are not what their format says."""


class NewerVersionError(FormatError):
    """Well-formed, but of a version that this program does not know: not checked, never valid."""


class ProofError(ArchiverError):
    """A signature, digest or proof does not hold."""


class MissingError(ArchiverError):
    """Something that should be there is not."""


class UnavailableError(ArchiverError):
    """Could not be read, written or reached."""


class StoreError(UnavailableError):
    """The disk said no."""


class FetchError(UnavailableError):
    """The network said no; `retryable` tells whether trying again can help."""

    def __init__(
        self, message: str, *, where: str | None = None, hint: str | None = None, retryable: bool = False
    ) -> None:
        super().__init__(message, where=where, hint=hint)
        self.retryable = retryable


class RefusedError(ArchiverError):
    """It could be done, but archiver must not."""


class UsageError(ArchiverError):
    """The person asked for something that does not fit."""


class ExtraMissingError(ArchiverError):
    """An optional part is not installed."""


class AlgorithmMissingError(ExtraMissingError):
    """This build of a library lacks an algorithm."""
