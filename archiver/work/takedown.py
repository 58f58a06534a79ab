"""Takedown: objects are removed, and a signed manifest says which and why, so that nobody takes it for loss.

    look what is named, and by whom else -> commit the takedown manifests -> remove the objects -> remove the indexes

The order is that of safety: what is removed is always said to be removed. A crash in between leaves objects that the
log says are gone (`verify` remarks on them); the same command again removes them, and writes nothing twice. The chain,
the log and every bundle that left stay what they were: manifests hold no content.

A capture is taken down with everything that quotes it: its readings, the rechecks of these and those that compared
something with it, the notes on any of them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from archiver import digest
from archiver.archive import Archive
from archiver.bundle.select import leaves
from archiver.errors import ArchiverError, RefusedError, StoreError, UsageError
from archiver.evidence import read
from archiver.model import facts as facts_model
from archiver.model.encoding import clean
from archiver.model.events import MAX_REMOVED
from archiver.model.facts import Remark
from archiver.model.manifest import MAX_BYTES, SALT_BYTES, BundleRef, Manifest, ObjectRef, decode, spell_salt
from archiver.store import index_file
from archiver.store.ledger import Draft, Group
from archiver.verify.layout import object_path
from archiver.work.look import resolve

MAX_REASON = 2000  # characters
_DIGEST = re.compile(rb"sha256:[0-9a-f]{64}")
_TOGETHER = ("snapshot", "import", "reading", "recheck", "note")


@dataclass(frozen=True, slots=True)
class Target:
    """An object to be removed: which manifest names it, what it is."""

    sequence: int
    event: str
    subject: str  # digest of that manifest
    ref: ObjectRef


@dataclass(frozen=True, slots=True)
class Kept:
    """An object that stays, and why."""

    target: Target
    why: str


@dataclass(frozen=True, slots=True)
class Scope:
    """What a takedown would do. `remove`: not yet said to be removed; `unfinished`: said already, and still here;
    `bundles`: exports that hold some of it: number, digest."""

    remove: tuple[Target, ...]
    unfinished: tuple[Target, ...]
    kept: tuple[Kept, ...]
    bundles: tuple[tuple[int, str], ...]


@dataclass(frozen=True, slots=True)
class TakenDown:
    """What was done. `records`: numbers of the takedown manifests; `indexes`: files that were removed."""

    scope: Scope
    records: tuple[int, ...]
    indexes: tuple[str, ...]


def scope_of(archive: Archive, ref: str, roles: Iterable[str] = ()) -> Scope:
    """What taking down `ref` would remove; of these roles alone, if any are given. Changes nothing. Raises UsageError,
    MissingError, FormatError, RefusedError if there is nothing to remove."""
    meant = resolve(archive, ref)
    if meant.statement is not None:
        raise UsageError(
            f"{meant.name}: a single statement cannot be taken down",
            hint=f"a reading can be, with all its statements: archiver takedown {meant.item.sequence}",
        )
    return _Survey(archive, meant.item.digest, meant.item.manifest.event, frozenset(roles)).scope()


class _Survey:
    """One walk through the log: what belongs to the subject, who else names its objects, what was removed before."""

    def __init__(self, archive: Archive, subject: str, event: str, roles: frozenset[str]) -> None:
        if event not in _TOGETHER:
            raise UsageError(f"this is no capture ({event}): it holds no content that could be taken down")
        self._archive, self._roles = archive, roles
        self._about = {subject}  # digests of the manifests that go together
        self._targets: list[Target] = []
        self._named: dict[str, set[int]] = {}  # object -> manifests that name it
        self._removed: set[str] = set()
        self._exports: list[tuple[int, BundleRef]] = []

    def scope(self) -> Scope:
        """The answer."""
        for sequence, data in leaves(self._archive.folder, self._archive.size()):
            self._take(sequence, data)
            if b'"event": "export"' in data:
                manifest = self._decoded(data)
                if manifest is not None and isinstance(manifest.extra, BundleRef):
                    self._exports.append((sequence, manifest.extra))
        wanted = {target.ref.digest for target in self._targets}
        for sequence, data in leaves(self._archive.folder, self._archive.size()):
            for found in wanted.intersection(value.decode() for value in _DIGEST.findall(data)):
                self._note(sequence, data, found)
        mine = {target.sequence for target in self._targets}
        remove, unfinished, kept = [], [], []
        for target in self._targets:
            others = sorted(self._named.get(target.ref.digest, set()) - mine)
            if target.ref.digest in self._removed:
                if self._archive.folder.object_name(target.ref.digest) is not None:
                    unfinished.append(target)
            elif others:
                kept.append(Kept(target, f"number {', '.join(map(str, others[:5]))} names it too"))
            else:
                remove.append(target)
        if not remove and not unfinished:
            raise RefusedError(
                "there is nothing to take down: " + (f"{kept[0].why}" if kept else "all of it is gone already")
            )
        left = tuple((n, ref.digest) for n, ref in self._exports if not mine.isdisjoint(ref.sequences))
        return Scope(tuple(remove), tuple(unfinished), tuple(kept), left)

    def _take(self, sequence: int, data: bytes) -> None:
        """Whether a manifest belongs to the subject: itself, or what speaks about something that does."""
        name = digest.of_bytes(data)
        speaks = [value.decode() for value in _DIGEST.findall(data)]
        if name not in self._about and self._about.isdisjoint(speaks):
            return
        manifest = self._decoded(data)
        if manifest is None or manifest.event not in _TOGETHER:
            return
        compared = manifest.extra if manifest.event == "recheck" else None
        if name in self._about or manifest.subject in self._about or compared in self._about:
            self._about.add(name)
            for ref in manifest.objects:
                if not self._roles or ref.role in self._roles:
                    self._targets.append(Target(sequence, manifest.event, name, ref))

    def _note(self, sequence: int, data: bytes, found: str) -> None:
        manifest = self._decoded(data)
        if manifest is None:
            self._named.setdefault(found, set()).add(sequence)
        elif manifest.event == "takedown" and found in manifest.extra:
            self._removed.add(found)
        elif any(ref.digest == found for ref in manifest.objects):
            self._named.setdefault(found, set()).add(sequence)

    def _decoded(self, data: bytes) -> Manifest | None:
        try:
            return decode(data)
        except ArchiverError:
            return None  # of a later version, or damaged: `verify` says so


def take_down(archive: Archive, ref: str, reason: str, roles: Iterable[str] = ()) -> TakenDown:
    """Remove what `ref` means and seal that it was removed, and why. Raises what `scope_of` raises, UsageError without
    a reason, StoreError; if nothing was sealed, nothing was removed.
    """
    words = clean(reason, MAX_REASON).strip()
    if not words:
        raise UsageError("a takedown says why", hint='--reason "by order of …"')
    with archive.ledger().batch() as group:
        scope = scope_of(archive, ref, roles)
        records = _seal(archive, group, scope.remove, words) if scope.remove else ()
        # The group holds the writer's lock until its end: nobody seals an object while it goes.
        _remove(archive, [target.ref.digest for target in (*scope.remove, *scope.unfinished)])
    return TakenDown(scope, records, tuple(_remove_indexes(archive)))


def _seal(archive: Archive, group: Group, targets: Iterable[Target], reason: str) -> tuple[int, ...]:
    """The takedown manifests, one for each manifest that names objects (or more, if it names very many)."""
    by_manifest: dict[str, list[str]] = {}
    for target in targets:
        by_manifest.setdefault(target.subject, []).append(target.ref.digest)
    records = []
    for subject, digests in by_manifest.items():
        for at in range(0, len(digests), MAX_REMOVED):
            salt = spell_salt(archive.entropy(SALT_BYTES))
            remark = Remark(archive.settings.collector.name, reason, salt)
            staged = archive.objects.stage_bytes(facts_model.encode(remark))
            group.adopt(staged)
            facts = ObjectRef("facts", staged.digest, staged.size, "application/json")
            removed = tuple(digests[at : at + MAX_REMOVED])
            records.append(group.add(Draft("takedown", subject, removed, (facts,), archive.clock())).sequence)
    group.commit()
    return tuple(records)


def _remove(archive: Archive, digests: Iterable[str]) -> None:
    folders = set()
    for value in digests:
        name = object_path(value)
        archive.disk.remove(name)
        folders.add(name.rpartition("/")[0])
    archive.disk.sync_folders(folder for folder in sorted(folders) if archive.disk.exists(folder))


def _remove_indexes(archive: Archive) -> Iterator[str]:
    """The indexes hold words of what was removed; they are made anew when somebody searches."""
    identity = digest.of_bytes(read(archive.folder, archive.folder.manifest_name(0), MAX_BYTES))
    for path in index_file.candidates(archive.folder, archive.home.indexes, identity):
        if path.exists():
            index_file.remove(path)
            if path.exists():
                raise StoreError("could not be removed, and holds words of what was taken down", where=str(path))
            yield str(path)
