"""Folders that Bellingcat's auto-archiver leaves: media under random names, an HTML report, perhaps a table (CSV).

The report names a digest for each of the media, as `SHA-256:` or `SHA3-512:` and hexadecimal digits; the table that of
the report. No list says which files belong to it, and nothing is signed: what is checked is that each digest that a
report names is that of a file here, and which files no report names.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from archiver.errors import ArchiverError, FormatError
from archiver.foreign.case import ForeignCase, note_seals
from archiver.foreign.files import Files, blame, check_container, read_text, sums
from archiver.foreign.warcs import check_warc, finish_exchanges, is_warc

MADE_BY = b"bellingcat/auto-archiver"
MAX_REPORTS = 10_000
MAX_SNIFFED = 16 << 20  # bytes of a report that are looked at to see what it is
_NAMED = re.compile(rb"(SHA-256|SHA3-512)(?::|&#58;)([0-9a-f]{64,128})(?![0-9a-f])")
_KINDS = {b"SHA-256": ("sha256", 64), b"SHA3-512": ("sha3_512", 128)}
_TABLE_HEAD = re.compile(rb"\xef\xbb\xbf?status,metadata,media\r?\n|status,metadata,media\r?\n")


def is_auto_archiver(files: Files) -> bool:
    """Whether one of the reports, or a table, is auto-archiver's. Raises StoreError."""
    return any(True for _ in _reports(files))


def _reports(files: Files) -> Iterator[str]:
    """Names of its reports and tables."""
    looked = 0
    for name in files.names():
        if not name.lower().endswith((".html", ".csv")):
            continue
        looked += 1
        if looked > MAX_REPORTS:
            return
        with files.open(name) as stream:
            data = stream.read(min(files.size(name) or 0, MAX_SNIFFED))
        if MADE_BY in data if name.lower().endswith(".html") else _TABLE_HEAD.match(data):
            yield name


def check_auto_archiver(case: ForeignCase) -> None:
    """All steps over such a folder."""
    report, files = case.report, case.files
    check_container(report, files)
    named: dict[str, dict[str, str]] = {"sha256": {}, "sha3_512": {}}  # algorithm -> digest -> by which report
    reports = []
    try:
        for name in _reports(files):
            reports.append(name)
            _take(name, read_text(files, name), named)
    except ArchiverError as error:
        blame(report, 4, error, "list-bad")
    total = sum(len(found) for found in named.values())
    report.steps[4].checked, report.steps[4].summary = len(reports), f"{len(reports)} reports name {total} digests"
    if not total:
        report.find(4, "list-bad", "no report names a digest: there is nothing to compare with")
    report.steps[1].checked = sum(1 for _ in files.names())
    report.steps[1].summary = f"{report.steps[1].checked} files; auto-archiver keeps no list of them"
    if case.at_depth("objects"):
        _check_sums(case, named, set(reports))
    if case.at_depth("content"):
        for name in files.names():
            if is_warc(name):
                check_warc(case, name)
        finish_exchanges(case)
    note_seals(case, list(files.names()), "auto-archiver's output")


def _take(name: str, data: bytes, named: dict[str, dict[str, str]]) -> None:
    for kind, value in _NAMED.findall(data):
        algorithm, length = _KINDS[kind]
        if len(value) != length:
            raise FormatError(f"names a {kind.decode()} of {len(value)} digits", where=name)
        named[algorithm].setdefault(value.decode(), name)


def _check_sums(case: ForeignCase, named: dict[str, dict[str, str]], reports: set[str]) -> None:
    """Step 9: each digest that is named is that of a file; each file is named."""
    report, step = case.report, case.report.steps[9]
    wanted = [algorithm for algorithm, found in named.items() if found]
    left = {(algorithm, value) for algorithm in wanted for value in named[algorithm]}
    names = list(case.files.names())
    for done, name in enumerate(names):
        case.progress("digests", done, len(names))
        try:
            with case.files.open(name) as stream:
                found = sums(stream, wanted)
        except ArchiverError as error:
            blame(report, 9, error, "file-changed", name)
            continue
        keys = set(found.digests.items())
        if any(value in named[algorithm] for algorithm, value in keys):
            step.checked += 1
        elif name not in reports:
            report.find(1, "file-unbound", "no report names its digest: it may have been changed or added", file=name)
        left -= keys
    for algorithm, value in sorted(left):
        message = f"names {algorithm} {value[:16]}…, and no file has it: one was changed or removed"
        report.find(9, "file-changed", message, file=named[algorithm][value])
    step.summary = f"{step.checked} files have a digest that a report names"
    step.empty = not wanted
