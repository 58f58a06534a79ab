"""The bundle in a package of ours (docs/formats/wacz.md): verified, and the records that a replay shows found in it.

The package shows, the bundle proves: a record in `archive/` that is none of the bundle's is proven by nothing.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from archiver.bundle.check import check_bundle
from archiver.bundle.read import BundleEvidence
from archiver.digest import CHUNK
from archiver.errors import ArchiverError, FormatError
from archiver.foreign.files import Files, FolderFiles
from archiver.foreign.imported import check_imports
from archiver.foreign.warcs import is_warc
from archiver.foreign.zip_files import ZipFiles
from archiver.verify import parts
from archiver.verify.case import Progress
from archiver.verify.layout import PROOF
from archiver.verify.policy import Policy
from archiver.verify.report import Report, Weight
from archiver.verify.run import judge_requirements, verify
from archiver.warc.read import read_records
from archiver.warc.record import Record

BUNDLE = "evidence/bundle.zip"


def check_inner(path: Path, report: Report, policy: Policy, progress: Progress) -> None:
    """Step 16 of a package with a bundle in it; nothing of any other. Never raises for what it is."""
    files: Files | None = None
    try:
        files = FolderFiles(path) if path.is_dir() else ZipFiles(path)
        if files.size(BUNDLE) is not None:
            with files.open(BUNDLE) as stream, BundleEvidence(stream, BUNDLE) as evidence:
                _take(report, verify(evidence, policy, progress=progress, bundle_step=check_bundle,
                                     import_step=check_imports))  # fmt: skip
                if policy.depth == "content":
                    _compare(report, files, evidence)
    except FormatError as error:
        if files is not None:  # else it is said in step 1
            report.find(16, "bundle-file", error.message, file=error.where or BUNDLE)
    except ArchiverError as error:
        report.find(16, "file-unreadable", error.message, file=error.where or BUNDLE)
    finally:
        if files is not None:
            files.close()
    report.unmet.clear()
    judge_requirements(report)


def _take(report: Report, inner: Report) -> None:
    """What the bundle's own report says, in one step of this one."""
    step = report.steps[16]
    step.empty, step.checked = False, inner.size or 0
    step.summary = f"{BUNDLE}: {inner.verdict}"
    for finding in inner.findings:
        if finding.weight in (Weight.FAILED, Weight.DISOWNED):
            place = f"{BUNDLE}, {finding.file}" if finding.file else BUNDLE
            report.find(16, finding.code, finding.message, file=place, sequence=finding.sequence, weight=finding.weight)
    report.signers.update(inner.signers)
    report.archive, report.exporter = inner.archive, inner.exporter
    report.anchors += inner.anchors


def _compare(report: Report, files: Files, evidence: BundleEvidence) -> None:
    """Each record that a replay shows is one of the bundle's: by all its bytes, or, where the bundle withholds its
    header, by those of its block."""
    whole, blocks = set[bytes](), set[bytes]()
    for record in _proven(evidence):
        if isinstance(record, Record):
            whole.add(_digest(record.stream, record.offset, record.header_length + record.block_length))
        else:
            blocks.add(_digest(record.stream, record.offset, record.length))
    for name in files.names():
        if is_warc(name):
            with files.open(name) as stream:
                kinds = Counter(_place(record, whole, blocks) for record in read_records(stream, foreign=True))
            if kinds["none"]:
                message = f"{kinds['none']} records are none of the bundle's: nothing proves them"
                report.find(16, "replay-differs", message, file=name)
            if kinds["block"]:
                message = f"{kinds['block']} records: their blocks are in the bundle, their WARC headers withheld there"
                report.find(16, "replay-headers", message, file=name)


def _place(record: Record, whole: set[bytes], blocks: set[bytes]) -> str:
    if _digest(record.stream, record.offset, record.header_length + record.block_length) in whole:
        return "whole"
    return "block" if _digest(record.stream, record.block_offset, record.block_length) in blocks else "none"


def _proven(evidence: BundleEvidence) -> Iterator[Record | parts.Fragment]:
    """The records of every WARC in the bundle, whole or in part. Their objects were verified."""
    for name in list(evidence.names()):
        if name.startswith(evidence.prefix + "parts/") and not name.endswith(PROOF):
            with evidence.open(name + PROOF) as proof, evidence.open(name) as data:
                if _begins(data):
                    yield from parts.records_of(proof, data)
        elif name.startswith(evidence.prefix + "objects/"):
            with evidence.open(name) as stream:
                if _begins(stream):
                    yield from read_records(stream, foreign=True)


def _begins(stream: BinaryIO) -> bool:
    start = stream.read(9)
    stream.seek(0)
    return start == b"WARC/1.1\r"


def _digest(stream: BinaryIO, at: int, length: int) -> bytes:
    state = hashlib.sha256()
    while length:
        stream.seek(at)
        piece = stream.read(min(length, CHUNK))
        if not piece:
            raise FormatError("a record is cut off")
        state.update(piece)
        at, length = at + len(piece), length - len(piece)
    return state.digest()
