"""Step 9: every object that a manifest names is here with the bytes that were sealed, and no other is. Of one that a
bundle shows in part, the parts give the root that its manifest signs."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from archiver import digest
from archiver.errors import ArchiverError, MissingError, ProofError, StoreError
from archiver.evidence import Evidence, read
from archiver.model.manifest import MAX_BYTES, ObjectRef, decode
from archiver.model.parts import Shown
from archiver.verify.case import Case
from archiver.verify.files import Inventory
from archiver.verify.layout import object_digest, object_path
from archiver.verify.parts import check_part, part_name
from archiver.verify.report import Weight, counted
from archiver.verify.table import Named
from archiver.verify.workers import Workers

TASK_COUNT = 1000  # objects of a task, and
TASK_BYTES = 16 << 20  # bytes, whichever is reached first
LARGE = 1 << 20  # bytes of an object that is a task of its own
AHEAD = 8 << 20  # bytes of an object that is read ahead while it is hashed
HEAVY = 128 << 20  # bytes of small objects; from here on starting processes pays

Result = tuple[int, str, str, str]  # place in the task, code, message, file


def check_objects(case: Case, workers: Workers, inventory: Inventory | None) -> None:
    """Hash every named object once."""
    step, total = case.report.steps[9], len(case.objects)
    bound = _bound_here(case) if case.evidence.kind == "bundle" else None
    done = here = 0
    # Hashing a large object lets go of the interpreter, so threads do; many small ones need processes.
    large = [[named] for named in case.objects if named.size >= LARGE]
    small = list(_tasks(case))
    least = 2 if sum(named.size for task in small for named in task) > HEAVY else None
    for task, results in chain(
        zip(large, workers.map(compare_all, large, kind="threads", least=2), strict=True),
        zip(small, workers.map(compare_all, small, least=least), strict=True),
    ):
        done += len(task)
        here += len(task) - sum(code == "object-missing" for _, code, _, _ in results)
        for place, code, message, file in results:
            _judge(case, task[place], code, message, file, bound)
        case.progress("objects", done, total)
    step.checked = here
    step.summary = counted(here, "object has the bytes that were sealed", "objects have the bytes that were sealed")
    step.empty = not total
    if not total:
        step.summary = "the manifests name no objects"
    if case.evidence.kind == "archive":
        _check_removed(case)
    for name in inventory.names("object") if inventory is not None else ():
        if object_digest(name) not in case.objects:
            # A manifest of a later version, or one that is not here, may name it.
            weight = Weight.NOT_CHECKED if case.newer or case.incomplete else None
            message = "no manifest that could be read names this object" if weight else "no manifest names this object"
            case.report.find(9, "object-unreferenced", message, file=name, weight=weight)


def _tasks(case: Case) -> Iterator[list[Named]]:
    """The small objects, many a task."""
    task: list[Named] = []
    size = 0
    for named in case.objects:
        if named.size >= LARGE:
            continue
        task.append(named)
        size += named.size
        if len(task) >= TASK_COUNT or size >= TASK_BYTES:
            yield task
            task, size = [], 0
    if task:
        yield task


def _bound_here(case: Case) -> frozenset[int]:
    """In a bundle: the manifests of which at least one object, or a part of one, is here. The others are there for what
    they bind. An empty object is everybody's: it says nothing."""
    evidence = case.evidence
    return frozenset(
        n.sequence
        for n in case.objects
        if n.size and (evidence.object_name(n.digest) is not None or part_name(evidence, n.digest) is not None)
    )


def _judge(case: Case, named: Named, code: str, message: str, file: str, bound: frozenset[int] | None) -> None:
    if code == "object-missing" and named.digest in case.removed:
        message = f"{named.role} was taken down (manifest {case.removed[named.digest]})"
        code = "object-taken-down"
    elif code == "object-missing" and bound is not None:
        if named.sequence not in bound:
            return
        part = part_name(case.evidence, named.digest)
        if part is not None:
            code, message, file = _judge_part(case, named, part)
        else:
            code, message = "object-withheld", f"{named.role} is not in this bundle"
    case.report.find(9, code, message, file=file, sequence=named.sequence)


def _judge_part(case: Case, named: Named, part: str) -> tuple[str, str, str]:
    """Code, message and file for an object of which parts are here."""
    try:
        return "object-in-part", in_words(named.role, check_part(case.evidence, _reference(case, named), part)), part
    except StoreError as error:
        return "object-unreadable", f"{named.role}: {error.message}", part
    except ArchiverError as error:
        return "parts-bad", f"{named.role}: {error.message}", error.where or part


def _reference(case: Case, named: Named) -> ObjectRef:
    """What the manifest that names an object says of it. Raises ArchiverError."""
    data = read(case.evidence, case.evidence.manifest_name(named.sequence), MAX_BYTES)
    if case.by_digest.get(bytes.fromhex(digest.of_bytes(data)[7:])) != named.sequence:
        raise ProofError("its manifest changed while it was being verified")
    ref = next((item for item in decode(data).objects if item.digest == named.digest), None)
    if ref is None:
        raise ProofError("its manifest does not name it")
    return ref


def in_words(role: str, shown: Shown) -> str:
    """`warc: 55 of 57 segments are here, proven by …; withheld, as the exporter says: request field Cookie`."""
    unit = "segments" if role == "warc" else "lines"
    text = f"{role}: {shown.shown:,} of {shown.count:,} {unit} are here, proven by the tree that the manifest signs"
    if not shown.what:
        return f"{text}; the others are withheld"
    return f"{text}; withheld, as the exporter says: {', '.join(shown.what)}"


def _check_removed(case: Case) -> None:
    for removed, sequence in case.removed.items():
        name = case.evidence.object_name(removed)
        if name is not None:
            message = f"number {sequence} says that it was removed"
            case.report.find(9, "object-still-here", message, file=name, sequence=sequence)


def compare_all(evidence: Evidence, task: list[Named]) -> list[Result]:
    """What is wrong with each object of a task. Runs in any process."""
    found = []
    for place, named in enumerate(task):
        fault = compare(evidence, named)
        if fault is not None:
            found.append((place, *fault))
    return found


def compare(evidence: Evidence, named: Named) -> tuple[str, str, str] | None:
    """None if the object is here as sealed, else code, message and file."""
    role, name = named.role, evidence.object_name(named.digest)
    if name is None:
        return "object-missing", f"{role} is missing", evidence.prefix + object_path(named.digest)
    try:
        size = evidence.size(name)
        if size != named.size:
            return "object-size", f"{role} has {size} bytes, {named.size} were sealed", name
        with evidence.open(name) as stream:
            found, _ = (digest.of_large if named.size >= AHEAD else digest.of_stream)(stream)
    except MissingError:
        return "object-missing", f"{role} is missing", name
    except StoreError as error:
        return "object-unreadable", f"{role}: {error.message}", name
    except ArchiverError as error:  # no plain file, or one that its container says is damaged
        return "object-changed", f"{role} {error.message}", name
    if found != named.digest:
        return "object-changed", f"{role} is not what was sealed", name
    return None
