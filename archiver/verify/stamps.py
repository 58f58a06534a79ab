"""Step 13: what time stamps show. They are over `log/checkpoints/<size>`, so each bounds all manifests before its size.

A stamp counts if a manifest lists its files and they are unchanged, if it holds over the checkpoint's very bytes, if
somebody whom the *policy* believes made it, and if that checkpoint is one of this log. Roots come with the policy and
never from the token. What is here and was not shown to hold is said: malformed or by an unknown authority, it is not
checked; made over other bytes, with a bad signature or an ended certificate, it failed.
"""

from __future__ import annotations

import hashlib
import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from archiver import digest
from archiver.errors import ArchiverError, ExtraMissingError, FormatError, MissingError, ProofError
from archiver.evidence import read
from archiver.model.manifest import MAX_BYTES, decode
from archiver.verify.case import Case
from archiver.verify.files import Inventory
from archiver.verify.layout import classify
from archiver.verify.report import TimeBound, Weight, spell

MAX_STAMP = 256 << 10  # bytes of a file
SHOWN = 3  # bounds that the step's one line names
_NAME = re.compile(r"log/checkpoints/([1-9][0-9]{0,18})(?:\.([a-z0-9-]{1,40}))?\.(tsq|tsr|ots)", re.ASCII)
_CONTENT = frozenset({"snapshot", "import", "reading", "recheck", "note"})


def check_time_stamps(case: Case, inventory: Inventory | None) -> None:
    """The whole step."""
    step = case.report.steps[13]
    found = _Stamps(case)
    for (size, label), files in sorted(_listed(case, inventory).items()):
        found.judge(size, label, files)
    if not step.checked:
        step.empty, step.summary = True, "no manifest lists a time stamp"
        return
    found.finish()


def check_listed(case: Case, number: int, names: dict[str, tuple[str, int, int]]) -> Iterator[tuple[str, int]]:
    """Of the files that stamp events list (file -> digest, size, by which manifest) those that are here unchanged, and
    which manifest lists them. Step `number` says what is wrong with the others."""
    for file, (wanted, size, sequence) in sorted(names.items()):
        name = case.path(file)
        if classify(file) != "stamp":
            message = f"number {sequence} lists a file that is no stamp"
            case.report.find(number, "stamp-changed", message, file=name, sequence=sequence)
            continue
        try:
            with case.evidence.open(name) as stream:
                found, length = digest.of_stream(stream)
        except ArchiverError as error:
            case.blame(number, error, "stamp-changed", name, "stamp-missing")
            continue
        case.report.steps[number].checked += 1
        if (found, length) != (wanted, size):
            message = f"is not what number {sequence} lists"
            case.report.find(number, "stamp-changed", message, file=name, sequence=sequence)
        else:
            yield file, sequence


def say_unbound(case: Case, number: int, inventory: Inventory | None, suffixes: tuple[str, ...]) -> None:
    """Files of those endings that no manifest lists."""
    for name in sorted(inventory.names("stamp")) if inventory is not None else ():
        if name.endswith(suffixes) and name not in case.stamps:
            case.report.find(number, "stamp-unbound", "is listed by no manifest, and not looked into", file=name)


def _listed(case: Case, inventory: Inventory | None) -> dict[tuple[int, str], dict[str, tuple[str, int]]]:
    """The files that are as listed, by checkpoint and label: ending -> name, and the manifest that lists it."""
    mine = {file: said for file, said in case.stamps.items() if not file.endswith(".cosig")}
    groups: dict[tuple[int, str], dict[str, tuple[str, int]]] = {}
    for file, sequence in check_listed(case, 13, mine):
        match = _NAME.fullmatch(file)
        if match is not None:
            groups.setdefault((int(match[1]), match[2] or ""), {})[match[3]] = (case.path(file), sequence)
    say_unbound(case, 13, inventory, (".tsq", ".tsr", ".ots"))
    return groups


@dataclass(frozen=True, slots=True)
class _Open:
    """Something that could not be shown to hold; how heavy that is depends on the others."""

    message: str
    file: str
    sequence: int


class _Stamps:
    """The stamps of one archive or bundle, judged one after another."""

    def __init__(self, case: Case) -> None:
        self._case = case
        self._open: list[_Open] = []
        self._bounds: list[TimeBound] = []

    def judge(self, size: int, label: str, files: dict[str, tuple[str, int]]) -> None:
        """All files of one label beside one checkpoint."""
        if "tsr" in files:
            self._attempt(size, *files["tsr"], lambda message: self._rfc3161(size, label, files, message))
        elif "tsq" in files:
            self._open.append(_Open("a request, and no answer to it is listed", *files["tsq"]))
        if "ots" in files:
            self._attempt(size, *files["ots"], lambda message: self._opentimestamps(size, files["ots"], message))

    def _attempt(self, size: int, name: str, sequence: int, judged: Callable[[bytes], TimeBound]) -> None:
        case = self._case
        checkpoint = case.path(f"log/checkpoints/{size}")
        try:
            bound = judged(read(case.evidence, checkpoint))
        except ProofError as error:
            case.report.find(13, "stamp-bad", error.message, file=name, sequence=sequence)
            return
        except ExtraMissingError as error:
            self._open.append(_Open(f"the signature: not checked ({error.message})", name, sequence))
            return
        except FormatError as error:
            self._open.append(_Open(f"malformed: {error.message}", name, sequence))
            return
        except MissingError as error:
            missing = f"{checkpoint} is missing" if error.where == checkpoint else error.message
            self._open.append(_Open(missing, name, sequence))
            return
        except ArchiverError as error:
            case.blame(13, error, "file-unreadable", name)
            return
        if size not in case.extended:
            message = "it holds, but its checkpoint was not shown to be one of this log (step 7)"
            self._open.append(_Open(message, name, sequence))
        elif case.policy.at is not None and bound.moment > case.policy.at:
            message = f"it holds, and was made at {bound.time}, after {spell(case.policy.at)}: not counted"
            case.report.find(13, "stamp-later", message, file=name, sequence=sequence)
        else:
            self._compare_claim(bound)
            self._bounds.append(bound)

    def _rfc3161(self, size: int, label: str, files: dict[str, tuple[str, int]], message: bytes) -> TimeBound:
        from archiver.stamps.authority import check_stamp, not_after

        case = self._case
        name, sequence = files["tsr"]
        request = read(case.evidence, files["tsq"][0], MAX_STAMP) if "tsq" in files else None
        # The root of that name first: it is the likely one.
        roots = sorted(case.policy.tsa_roots, key=lambda root: root.name != label)
        token, root = check_stamp(request, read(case.evidence, name, MAX_STAMP), message, roots)
        return TimeBound(token.latest, size, "RFC 3161", root.name, name, sequence, not_after(token, root))

    def _opentimestamps(self, size: int, file: tuple[str, int], message: bytes) -> TimeBound:
        """Three honest states: pending; leads to a block, header not checked; verified against a given header."""
        from archiver.stamps import opentimestamps as ots

        name, sequence = file
        proof = ots.decode(read(self._case.evidence, name, MAX_STAMP), message)
        said = list(ots.attestations(proof, hashlib.sha256(message).digest()))
        given = self._case.policy.headers
        blocks = sorted({item.height for _, item in said if isinstance(item, ots.Block)})
        headers = {height: given.by_height[height] for height in blocks if given and height in given.by_height}
        good = [
            headers[item.height]
            for root, item in said
            if isinstance(item, ots.Block) and item.height in headers and headers[item.height].root == root
        ]
        if good and given:
            header = min(good, key=lambda found: found.latest)
            by = f"Bitcoin block {header.height}, header from {given.source}"
            return TimeBound(header.latest, size, "OpenTimestamps", by, name, sequence)
        if headers and given:
            block = min(headers)
            raise ProofError(f"it does not lead to block {block} as the header from {given.source} has it")
        if blocks:
            raise MissingError(f"leads to Bitcoin block {blocks[0]}, header not checked (--block-headers FILE)")
        pending = list(dict.fromkeys(item.uri for _, item in said if isinstance(item, ots.Pending)))
        raise MissingError(
            f"pending at {', '.join(pending[:SHOWN])}" if pending else "attests nothing that is known here"
        )

    def _compare_claim(self, bound: TimeBound) -> None:
        """The newest manifest that a stamp covers cannot be younger than the stamp, whatever it says itself."""
        case, sequence = self._case, bound.size - 1
        name = case.evidence.manifest_name(sequence)
        try:
            claimed = datetime.fromisoformat(decode(read(case.evidence, name, MAX_BYTES)).time)
        except ArchiverError:
            return  # not here, or reported already
        if claimed > bound.moment:
            message = f"says that it is of {spell(claimed)}, and {bound.by} stamped it at {bound.time} or before"
            case.report.find(13, "stamp-before-claim", message, file=name, sequence=sequence)

    def finish(self) -> None:
        """What all of them show together."""
        case, step = self._case, self._case.report.steps[13]
        weight = Weight.REMARK if self._bounds else None
        for item in self._open:
            case.report.find(
                13, "stamp-not-checked", item.message, file=item.file, sequence=item.sequence, weight=weight
            )
        bounds = sorted(self._bounds, key=lambda bound: (bound.size, bound.moment))
        earliest = _Earliest(bounds)
        case.report.times = [replace(bound, renewed=_is_renewed(bound, earliest)) for bound in bounds]
        _bound_disowned(case, earliest)
        if not bounds:
            if not self._open:
                step.skipped = "no time stamp of this log's checkpoints counts here"
            return
        largest = bounds[-1].size
        chosen = {bound.by: bound for bound in reversed(bounds) if bound.size == largest}
        who = ", ".join(f"before {bound.time} ({bound.by})" for bound in list(chosen.values())[:SHOWN])
        step.summary = f"{numbers(0, largest)} existed {who}"
        newest = {bound.by: bound for bound in bounds}
        case.report.anchors += [
            f"time stamp by {by}: {numbers(0, bound.size)} existed before {bound.time}" for by, bound in newest.items()
        ]
        left = uncovered(case, largest)
        if left:
            message = f"{step.summary}; no verified time stamp covers number {left[0]}" + (
                f" and {len(left) - 1} more" if left[1:] else ""
            )
            case.report.find(13, "stamp-partial", message)


class _Earliest:
    """The bound with the earliest time among those of more than so many manifests."""

    def __init__(self, bounds: list[TimeBound]) -> None:  # by rising size
        self._sizes = [bound.size for bound in bounds]
        self._best: list[TimeBound] = []
        for bound in reversed(bounds):
            best = self._best[-1] if self._best else bound
            self._best.append(bound if bound.moment < best.moment else best)
        self._best.reverse()

    def covering(self, sequence: int) -> TimeBound | None:
        """That of the manifest of this number, None if nothing bounds it."""
        place = bisect_right(self._sizes, sequence)
        return self._best[place] if place < len(self._best) else None


def ranges(bounds: list[TimeBound]) -> list[tuple[int, int, TimeBound]]:
    """What bounds (by rising size) say of each manifest, earliest first: numbers from `low` up to but without `high`,
    and the bound with the earliest time that covers them."""
    earliest, found, low = _Earliest(bounds), list[tuple[int, int, TimeBound]](), 0
    for size in sorted({bound.size for bound in bounds}):
        best = earliest.covering(low)
        assert best is not None
        if found and found[-1][2] is best:
            found[-1] = (found[-1][0], size, best)
        else:
            found.append((low, size, best))
        low = size
    return found


def _is_renewed(bound: TimeBound, earliest: _Earliest) -> bool:
    """Whether the manifest that lists it was stamped itself before its certificates ended."""
    later = earliest.covering(bound.sequence)
    return later is not None and bound.ends is not None and later.moment < bound.ends


def _bound_disowned(case: Case, earliest: _Earliest) -> None:
    """What is disowned may still be older than the theft: the stamps that bound its age are told with it."""
    for place, finding in enumerate(case.report.findings):
        if finding.code == "signature-disowned" and finding.sequence is not None:
            bound = earliest.covering(finding.sequence)
            age = "no verified time stamp bounds its age"
            if bound is not None:
                age = f"it existed before {bound.time} ({bound.by})"
            case.report.findings[place] = replace(finding, message=f"{finding.message}; {age}")


def uncovered(case: Case, size: int) -> list[int]:
    """Manifests at or beyond that size which a stamp is wanted for: all but stamp events; in a bundle, those that it
    proves something with, which are those of which an object is here."""
    later = [sequence for sequence in case.sequences if sequence >= size and case.events.get(sequence) != "stamp"]
    if case.evidence.kind == "archive" or not later:
        return later
    with_objects = {
        item.sequence
        for item in case.objects
        if item.sequence >= size and case.evidence.object_name(item.digest) is not None
    }
    return [n for n in later if n in with_objects and case.events.get(n) in _CONTENT]


def numbers(low: int, high: int) -> str:
    """`number 3`, `numbers 3 to 7`."""
    return f"number {low}" if high == low + 1 else f"numbers {low} to {high - 1}"
