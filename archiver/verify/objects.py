"""Step 9: every object that a manifest names is here with the bytes that were sealed, and no other is."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from archiver import digest
from archiver.errors import ArchiverError, MissingError
from archiver.evidence import Evidence, read
from archiver.model.manifest import MAX_BYTES, ObjectRef, decode
from archiver.verify.case import Case
from archiver.verify.files import Inventory
from archiver.verify.layout import object_digest

BATCH = 256


class Named(NamedTuple):
    """An object and the first manifest that names it."""

    ref: ObjectRef
    sequence: int


def check_objects(case: Case, inventory: Inventory | None) -> None:
    """Hash every named object once; threads, as hashing large buffers and reading release the interpreter."""
    step = case.report.steps[9]
    seen: set[bytes] = set()
    total = len(case.sequences)
    with ThreadPoolExecutor(max(1, case.jobs)) as pool:
        pending: list[Named] = []
        for done, sequence in enumerate(case.sequences):
            pending += _new_objects(case, sequence, seen)
            if len(pending) >= BATCH:
                _judge(case, pool, pending)
                pending = []
                case.progress("objects", done, total)
        _judge(case, pool, pending)
    case.progress("objects", total, total)
    step.checked = len(seen)
    step.summary = f"{len(seen)} objects have the bytes that were sealed"
    if inventory is not None:
        for name in inventory.names("object"):
            if digest.raw(object_digest(name)) not in seen:
                case.report.find(9, "object-unreferenced", "no manifest names this object", file=name)


def _new_objects(case: Case, sequence: int, seen: set[bytes]) -> list[Named]:
    try:
        manifest = decode(read(case.evidence, case.evidence.manifest_name(sequence), MAX_BYTES))
    except ArchiverError:
        return []  # steps 4 and 5 have said so
    found = []
    for ref in manifest.objects:
        key = digest.raw(ref.digest)
        if key not in seen:
            seen.add(key)
            found.append(Named(ref, sequence))
    return found


def _judge(case: Case, pool: ThreadPoolExecutor, named: list[Named]) -> None:
    results = pool.map(lambda item: compare(case.evidence, item.ref), named)
    for item, fault in zip(named, results, strict=True):
        if fault is None:
            continue
        code, message, file = fault
        if code == "object-missing" and item.ref.digest in case.removed:
            message = f"{item.ref.role} was removed by number {case.removed[item.ref.digest]}"
            code = "object-taken-down"
        case.report.find(9, code, message, file=file, sequence=item.sequence)


def compare(evidence: Evidence, ref: ObjectRef) -> tuple[str, str, str] | None:
    """None if the object is here as sealed, else code, message and file."""
    name = evidence.object_name(ref.digest)
    if name is None:
        return "object-missing", f"{ref.role} is missing", _expected_name(ref)
    try:
        size = evidence.size(name)
        if size != ref.size:
            return "object-size", f"{ref.role} has {size} bytes, {ref.size} were sealed", name
        with evidence.open(name) as stream:
            found, _ = digest.of_stream(stream)
    except MissingError:
        return "object-missing", f"{ref.role} is missing", name
    except ArchiverError as error:
        return "object-unreadable", f"{ref.role}: {error.message}", name
    if found != ref.digest:
        return "object-changed", f"{ref.role} is not what was sealed", name
    return None


def _expected_name(ref: ObjectRef) -> str:
    return f"objects/sha256/{ref.digest[7:9]}/{ref.digest[9:]}"
