"""Verification of other tools' files: what a file is, and the report on it. The steps are those of every verification.

A WACZ has no chain and no log: the steps that look at these say so, and are not counted against it. Without a signature
by a key that the policy believes, nothing is ever called verified.
"""

from __future__ import annotations

import re
from pathlib import Path

from archiver.errors import ArchiverError, FormatError, StoreError
from archiver.foreign.auto_archiver import check_auto_archiver, is_auto_archiver
from archiver.foreign.bag import DECLARATION, check_bag
from archiver.foreign.case import Check, ForeignCase
from archiver.foreign.files import Files, FolderFiles, Under, blame
from archiver.foreign.wacz import PACKAGE, check_wacz
from archiver.foreign.warcs import check_warc, finish_exchanges, is_warc, looks_like_warc
from archiver.foreign.zip_files import ZipFiles, is_zip
from archiver.verify.case import Progress, silent
from archiver.verify.policy import Policy
from archiver.verify.report import Report
from archiver.verify.run import judge_requirements

KINDS = {"wacz": "WACZ", "warc": "WARC", "bag": "bag", "auto-archiver": "auto-archiver folder"}
OURS = ("bundle.json", "tagmanifest-sha256.txt.sig", "data/chain/000.json")  # marks of archiver's own bundles
_BUNDLE = re.compile(rb"PK\x03\x04.{26}evidence-[0-9a-f]{8}-", re.DOTALL)  # how one begins: no need to list it
ABSENT = {
    2: "names no archive",
    3: "has no log",
    6: "has no log",
    7: "has no log",
    8: "has no trust files",
    11: "has no readings",
    12: "has no statements",
    13: "has no time stamp",
    14: "has no witnesses",
    16: "is no bundle of archiver's",
}


def kind_of(path: Path) -> str | None:
    """A key of `KINDS`, or None: archiver's own, or something else. Raises StoreError."""
    try:
        return _kind_of_folder(path) if path.is_dir() else _kind_of_file(path)
    except OSError as error:
        raise StoreError(f"could not be read: {error.strerror}", where=str(path)) from None


def _kind_of_file(path: Path) -> str | None:
    with path.open("rb") as stream:
        if _BUNDLE.match(stream.read(64)):
            return None
        if not is_zip(stream):
            if path.suffix.lower() == ".wacz":
                return "wacz"
            return "warc" if is_warc(path.name) or looks_like_warc(stream) else None
    try:
        files = ZipFiles(path)
    except FormatError:
        return "wacz" if path.suffix.lower() == ".wacz" else None
    try:
        names = set(files.names())
        if PACKAGE in names or path.suffix.lower() == ".wacz":
            return "wacz"
        folder = _bag_folder(names)
        if folder is None or any((folder + "/" + mark).lstrip("/") in names for mark in OURS):
            return None
        return "bag"
    finally:
        files.close()


def _kind_of_folder(path: Path) -> str | None:
    if (path / "archive.yaml").is_file() or any((path / mark).is_file() for mark in OURS):
        return None
    if (path / DECLARATION).is_file():
        return "bag"
    if (path / PACKAGE).is_file():
        return "wacz"
    try:
        return "auto-archiver" if is_auto_archiver(FolderFiles(path)) else None
    except FormatError:
        return None


def _bag_folder(names: set[str]) -> str | None:
    """The one folder of a zipped bag; empty if it lies at the top, None if it is no bag."""
    if DECLARATION in names:
        return ""
    found = [name.partition("/")[0] for name in names if name.endswith("/" + DECLARATION) and name.count("/") == 1]
    return found[0] if len(found) == 1 else None


def check_foreign(path: Path, kind: str, policy: Policy, progress: Progress = silent) -> Report:
    """The report on another tool's file. Never raises for what the file is."""
    report = Report(kind=kind, label=str(path), depth=policy.depth, required=policy.require)
    for number, words in ABSENT.items():
        report.steps[number].empty, report.steps[number].summary = True, f"a {KINDS[kind]} {words}"
    for number, depth in ((9, "objects"), (10, "content")):
        if policy.depth not in (depth, "content"):
            report.steps[number].skipped = f"not asked for at the depth {policy.depth}"
    files: Files | None = None
    try:
        files = FolderFiles(path) if path.is_dir() or kind == "warc" else ZipFiles(path)
        case = ForeignCase(files, policy, report, progress)
        if kind == "bag" and not path.is_dir():
            case.files = _in_its_folder(case)
        _CHECKS[kind](case)
    except ArchiverError as error:
        blame(report, 1, error, "container-bad")
        for number in (4, 5, 9, 10, 15):
            report.steps[number].skipped = "it cannot be opened"
    finally:
        if files is not None:
            files.close()
    judge_requirements(report)
    return report


def _in_its_folder(case: ForeignCase) -> Files:
    folder = _bag_folder(set(case.files.names()))
    if not folder:
        return case.files
    for name in case.files.names():
        if not name.startswith(folder + "/"):
            case.report.find(1, "file-unlisted", "lies beside the bag", file=name)
    return Under(case.files, folder)


def _check_warc_alone(case: ForeignCase) -> None:
    report = case.report
    for name in case.files.names():
        report.steps[1].checked, report.steps[1].summary = 1, "one file"
        if case.at_depth("content"):
            check_warc(case, name)
            finish_exchanges(case)
    for number, words in ((4, "lists no files"), (9, "lists no files")):
        report.steps[number].empty, report.steps[number].summary = True, f"a WARC {words}"
    report.find(5, "signature-absent", "a WARC is not signed")
    report.steps[15].skipped = "nothing has a good signature"


_CHECKS: dict[str, Check] = {
    "wacz": check_wacz,
    "warc": _check_warc_alone,
    "bag": check_bag,
    "auto-archiver": check_auto_archiver,
}
