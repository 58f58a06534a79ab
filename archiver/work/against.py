"""A reading compared with something else than the live page: a saved file, another address, somebody else's bundle."""

from __future__ import annotations

from archiver.archive import Archive
from archiver.errors import UsageError
from archiver.work.errands import errand_against
from archiver.work.recheck import Rechecked, recheck
from archiver.work.wishes import Wishes


def recheck_against(archive: Archive, ref: str, other: str, wishes: Wishes) -> Rechecked:
    """Compare, and seal what was compared with. The archive's keys are unlocked. Raises UsageError, MissingError,
    FormatError, ProofError, StoreError."""
    errand = errand_against(archive, ref, other)
    results: list[Rechecked] = []
    recheck(archive, [errand], wishes, results.append)
    if len(results) != 1:
        raise UsageError(f"{other}: nothing came of it")
    return results[0]
