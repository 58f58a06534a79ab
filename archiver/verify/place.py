"""Where findings about one manifest belong, and how its objects are read. Used by steps 10 to 12, in any process."""

from __future__ import annotations

from typing import NamedTuple

from archiver import digest
from archiver.errors import ArchiverError
from archiver.evidence import Evidence, read
from archiver.model.manifest import Manifest
from archiver.verify.case import Fault, fault_of


class Place(NamedTuple):
    """Where findings about one manifest belong."""

    evidence: Evidence
    step: int
    sequence: int
    file: str
    faults: list[Fault]

    def at(self, step: int) -> Place:
        """The same manifest in another step."""
        return self._replace(step=step)

    def fault(self, code: str, message: str, file: str | None = None) -> None:
        """Add a finding."""
        self.faults.append((self.step, code, message, file or self.file, self.sequence))

    def object(self, manifest: Manifest, role: str, limit: int, bad: str) -> bytes | None:
        """A small object's bytes, which are those that were sealed; or None after saying why there are none. `bad` is
        the code for one that is larger than any that archiver writes."""
        ref = manifest.object(role)
        if ref is None:
            self.fault("content-not-checked", f"the manifest names no {role}")
            return None
        name = self.evidence.object_name(ref.digest)
        if name is None:
            self.fault("content-not-checked", f"{role} is not here")
            return None
        if ref.size > limit:
            self.fault(bad, f"{role} of {ref.size} bytes; at most {limit} are written", name)
            return None
        try:
            data = read(self.evidence, name, limit)
        except ArchiverError as error:
            _, code, message, file, _ = fault_of(self.step, error, "content-not-checked", name)
            self.fault(code, f"{role}: {message}", file)
            return None
        if digest.of_bytes(data) != ref.digest:
            self.fault("content-not-checked", f"{role} is not what was sealed (step 9)", name)
            return None
        return data
