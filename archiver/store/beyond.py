"""What lies beyond the newest checkpoint: which manifests are good, one after another, and what else is there.

Only looks. A manifest is good if everything about it is: its place, its links, its signature by a key in force there,
its objects. It was then made by this archive's own key, and lost only its checkpoint.
"""

from __future__ import annotations

import re

from archiver import digest
from archiver.errors import FormatError, MissingError, NewerVersionError, ProofError, RefusedError
from archiver.evidence import read
from archiver.model.manifest import MAX_BYTES, Manifest, decode
from archiver.store.disk_errors import store_error
from archiver.store.durable import Disk, listing
from archiver.store.folder import ArchiveFolder
from archiver.store.head import Head, check_signed, entry_bundle
from archiver.store.placing import Intent
from archiver.tlog.tiles import WIDTH, new_tiles
from archiver.verify.layout import manifest_path, object_path

_CHAIN_FILE = re.compile(r"([0-9]{3})\.json(?:\.sig(?:\.[1-9][0-9]?)?|\.new\.sig)?", re.ASCII).fullmatch
_DIGEST = re.compile(rb"sha256:[0-9a-f]{64}")


class Beyond:
    """What is on disk beyond the checkpoint of `head`; `take_in` lets the head grow."""

    def __init__(self, disk: Disk, folder: ArchiveFolder, head: Head) -> None:
        self.disk = disk
        self.folder = folder
        self.head = head
        self._taken: list[Manifest] = []
        self._reason: tuple[int, str] | None = None  # number of the manifest at which it stopped, and why

    def take_in(self) -> list[Manifest]:
        """Let the head grow by the manifests that are good, up to the first that is not. Raises RefusedError for one of
        a later version."""
        while self.disk.exists(manifest_path(self.head.builder.size)):
            sequence = self.head.builder.size
            try:
                data, manifest, signature = self._examined(sequence)
                self.head.append(sequence, data, signature, manifest)
            except NewerVersionError as error:
                raise RefusedError(
                    error.message, where=manifest_path(sequence), hint="open this archive with the newer archiver"
                ) from None
            except (FormatError, ProofError, MissingError) as error:
                self._reason = (sequence, error.message)
                break
            self._taken.append(manifest)
        return self._taken

    def _examined(self, sequence: int) -> tuple[bytes, Manifest, bytes]:
        """A manifest beyond the checkpoint and its signature. Raises ProofError, FormatError, MissingError."""
        name = manifest_path(sequence)
        data = read(self.folder, name, MAX_BYTES)
        manifest = decode(data)
        if (manifest.sequence, manifest.archive) != (sequence, self.head.archive):
            raise ProofError("belongs to another place or archive")
        if manifest.previous != self.head.previous or manifest.keys != self.head.keys.newest:
            raise ProofError("does not name the manifest before it, or the keys in force")
        signature = check_signed(self.folder, self.head.keys, manifest, data, name)
        for ref in manifest.objects:
            try:
                with self.folder.open(object_path(ref.digest)) as stream:
                    found = digest.of_stream(stream)
            except MissingError:
                raise MissingError(f"its {ref.role} object is missing") from None
            if found != (ref.digest, ref.size):
                raise ProofError(f"its {ref.role} object is not what it names")
        return data, manifest, signature

    def strays(self, intents: list[Intent]) -> dict[str, str]:
        """What a crashed commit placed, or somebody dropped in, and what is not taken in; each with the reason."""
        size, covered = self.head.builder.size, self.head.size
        found: dict[str, str] = {}
        numbers = {n for intent in intents for n in range(max(size, intent.base), intent.size)} | {size}
        for folder in sorted({manifest_path(number).rpartition("/")[0] for number in numbers}):
            for name, number in self._chain_files(folder):
                if number >= size:
                    found[name] = "no checkpoint covers it, nor the manifest before it"
                if self._reason is not None and self._reason[0] == number:
                    found[name] = self._reason[1]
        tiles = {"log/" + tile.path for intent in intents for tile in new_tiles(covered, max(covered, intent.size))}
        for name in sorted(tiles - {"log/" + path for path in self.head.builder.files()}):
            if self.disk.exists(name):
                found[name] = "no checkpoint covers it"
        for value in sorted(self._orphans(intents, covered)):
            found[object_path(value)] = "was written for a manifest that is not in the log"
        return found

    def _chain_files(self, folder: str) -> list[tuple[str, int]]:
        """Manifests and signatures in one folder of the chain, with the numbers that they stand for."""
        try:
            names = listing(self.disk.path(folder))
        except (FileNotFoundError, NotADirectoryError):
            return []
        except OSError as error:
            raise store_error(error, self.disk.path(folder)) from None
        high = 0
        for group in folder.split("/")[1:]:
            high = 1000 * high + int(group[1:])
        found = [(f"{folder}/{m.group()}", 1000 * high + int(m.group(1))) for name in names if (m := _CHAIN_FILE(name))]
        return sorted(found)

    def _orphans(self, intents: list[Intent], covered: int) -> set[str]:
        """Objects that crashed commits placed and no manifest names."""
        listed = {value for intent in intents for value in intent.objects if self.disk.exists(object_path(value))}
        listed -= {ref.digest for manifest in self._taken for ref in manifest.objects}
        for index in range((covered + WIDTH - 1) // WIDTH if listed else 0):
            bundle = entry_bundle(self.folder, index, covered)
            listed -= {match.decode("ascii") for match in _DIGEST.findall(bundle)}
        return listed
