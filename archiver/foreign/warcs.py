"""The WARCs in somebody else's file: every record's digests are computed again, in flat memory.

Written by other programs (WARC/0.17 to 1.1, gzip or not), they are read with patience: each oddity is a remark.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass, field
from typing import BinaryIO

from archiver.errors import ArchiverError
from archiver.foreign.case import ForeignCase
from archiver.foreign.files import blame
from archiver.warc.read import FAILED, NOT_CHECKED, OK, check_digests, packed_offset, read_records
from archiver.warc.record import Record
from archiver.warc.unpack import MAX_UNPACKED, is_gzip

SHOWN = ("response", "resource", "revisit")  # kinds of records that an index lists and a replay shows
SUFFIXES = (".warc", ".warc.gz")
MAX_ODD = 20  # different remarks on the records of one WARC


@dataclass(slots=True)
class Warc:
    """Where its records begin in the file as it lies there, 9 bytes each: `shown` is 1 for a kind that replays show."""

    name: str
    size: int
    starts: array[int] = field(default_factory=lambda: array("Q"))
    shown: bytearray = field(default_factory=bytearray)
    complete: bool = False

    def next_after(self, place: int) -> int:
        """Where what follows the record at that place begins."""
        return self.starts[place + 1] if place + 1 < len(self.starts) else self.size


def is_warc(name: str) -> bool:
    """Whether a file is called like a WARC."""
    return name.lower().endswith(SUFFIXES)


def looks_like_warc(stream: BinaryIO) -> bool:
    """Whether the first bytes, unpacked, are those of a WARC; leaves the stream at its start."""
    try:
        found = next(read_records(stream, foreign=True, max_unpacked=1 << 20), None) is not None
    except ArchiverError:
        found = False
    stream.seek(0)
    return found


def check_warc(case: ForeignCase, name: str) -> Warc:
    """Step 10 for one WARC. What is wrong stands in the report."""
    found = Warc(name, case.files.size(name) or 0)
    odd: dict[str, int] = {}
    case.count("warcs")
    try:
        with case.files.open(name) as stream:
            if name.lower().endswith(".gz") and not is_gzip(stream):
                odd["is called .gz, and is not gzip"] = 1
            for record in read_records(stream, foreign=True, max_unpacked=MAX_UNPACKED):
                _check_record(case, found, record, odd)
            found.complete = True
    except ArchiverError as error:
        blame(case.report, 10, error, "warc-damaged", name)
    for remark, count in odd.items():
        case.report.find(10, "warc-odd", f"{remark} ({count} times)" if count > 1 else remark, file=name)
    return found


def _check_record(case: ForeignCase, found: Warc, record: Record, odd: dict[str, int]) -> None:
    kind = (record.get("WARC-Type") or "").lower()
    offset = packed_offset(record)
    if offset is not None and (not found.starts or offset > found.starts[-1]):
        found.starts.append(offset)
        found.shown.append(kind in SHOWN)
    elif offset is None:
        _note(odd, "several records share one gzip member, so that none can be read alone")
    for remark in record.remarks:
        _note(odd, remark)
    case.count("records")
    held = 0
    for field_name, state in check_digests(record):
        where = f"record at byte {record.offset} ({_target(record)})"
        if state == FAILED:
            case.report.find(10, "warc-digest", f"{where}: {field_name} is not that of the block", file=found.name)
        elif state == OK:
            held += 1
            case.count("digests")
            if not (record.get(field_name) or "").lower().startswith(("sha256:", "sha-256:", "sha512:", "sha-512:")):
                case.count("weak digests")
        elif kind != "revisit" and state.startswith(NOT_CHECKED) and "unknown" in state:
            case.report.find(10, "digest-unknown", f"{where}: {field_name} {state}", file=found.name)
    if kind in SHOWN and kind != "revisit":
        case.count("responses")
        if not held:
            case.count("responses without digest")


def _note(odd: dict[str, int], remark: str) -> None:
    if remark in odd or len(odd) < MAX_ODD:
        odd[remark] = odd.get(remark, 0) + 1


def _target(record: Record) -> str:
    return (record.get("WARC-Target-URI") or record.get("WARC-Type") or "?")[:300]


def finish_exchanges(case: ForeignCase) -> None:
    """The summary of step 10, and what is to be said of digests that are not there."""
    step, report = case.report.steps[10], case.report
    step.checked = case.counted("records")
    if not case.counted("warcs"):
        step.empty, step.summary = True, "there is no WARC in it"
        return
    step.summary = (
        f"{step.checked} records in {case.counted('warcs')} WARC, {case.counted('digests')} digests computed again"
    )
    if case.counted("index lines"):
        step.summary += f", {case.counted('index lines')} lines of indexes agree"
    bare = case.counted("responses without digest")
    if bare:
        report.find(10, "digest-absent", f"{bare} of {case.counted('responses')} responses have no digest of their own")
    if case.counted("weak digests"):
        report.find(10, "digest-weak", f"{case.counted('weak digests')} digests of records are by SHA-1 or MD5")
