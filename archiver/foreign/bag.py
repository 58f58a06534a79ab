"""BagIt bags of other tools (RFC 8493): a folder, or a zip of one, with digests of every file in `data/`.

    bagit.txt                BagIt-Version: 1.0 / Tag-File-Character-Encoding: UTF-8
    manifest-sha256.txt      95a9…30f6  data/page.html

A file in `data/` that a manifest does not list, or a listed one that is not there, is a fault; what `fetch.txt` says is
elsewhere is not checked, and nothing is fetched. Files beside `data/` that no tag manifest lists may change unnoticed.
"""

from __future__ import annotations

import re
import unicodedata

from archiver.errors import ArchiverError, FormatError
from archiver.foreign.case import ForeignCase, note_seals
from archiver.foreign.files import SIZES, WEAK, Sums, blame, check_container, read_text, sums
from archiver.foreign.warcs import check_warc, finish_exchanges, is_warc
from archiver.foreign.zip_files import MAX_FILES, check_name

DECLARATION, INFO, FETCH, DATA = "bagit.txt", "bag-info.txt", "fetch.txt", "data/"
_LIST = re.compile(r"(tag)?manifest-([a-z0-9]{1,20})\.txt", re.ASCII)
_LINE = re.compile(r"([0-9A-Fa-f]{16,128})[ \t]+\*?(.+)")
_ESCAPE = re.compile(r"%(0[AaDd]|25)", re.ASCII)
_OXUM = re.compile(r"payload-oxum[ \t]*:[ \t]*([0-9]{1,18})\.([0-9]{1,18})[ \t]*", re.ASCII | re.IGNORECASE)

Listed = dict[str, dict[str, str]]  # name -> algorithm -> digest


def check_bag(case: ForeignCase) -> None:
    """All steps over a bag."""
    report = case.report
    check_container(report, case.files)
    payload: Listed = {}
    tags: Listed = {}
    kinds: dict[bool, set[str]] = {True: set(), False: set()}
    _check_declaration(case)
    for name in case.files.names():
        found = _LIST.fullmatch(name)
        if found is not None:
            kinds[found[1] is not None].add(found[2])
            _read_list(case, name, found[2], tags if found[1] else payload)
    if not kinds[False]:
        report.find(4, "list-bad", "there is no list of the files in data/")
    report.steps[4].checked = len(kinds[False]) + len(kinds[True])
    report.steps[4].summary = f"lists by {', '.join(sorted(kinds[False]))}, of {len(payload)} files in data/"
    _check_names(case, payload, tags, kinds[False])
    _check_oxum(case)
    if case.at_depth("objects"):
        _check_sums(case, payload, tags)
    if case.at_depth("content"):
        for name in case.files.names():
            if is_warc(name):
                check_warc(case, name)
        finish_exchanges(case)
    note_seals(case, [name for name in case.files.names() if not name.startswith(DATA)], "a bag")


def _check_declaration(case: ForeignCase) -> None:
    try:
        text = _text(case, DECLARATION)
    except ArchiverError as error:
        blame(case.report, 4, error, "list-bad", DECLARATION)
        return
    if not re.match(r"BagIt-Version: [0-9]{1,3}\.[0-9]{1,3}\r?\nTag-File-Character-Encoding: UTF-8\s*\Z", text):
        case.report.find(4, "list-bad", "is not that of a bag, or of one in another encoding", file=DECLARATION)


def _text(case: ForeignCase, name: str) -> str:
    try:
        return read_text(case.files, name).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FormatError("is not UTF-8", where=name) from None


def _read_list(case: ForeignCase, name: str, algorithm: str, into: Listed) -> None:
    """One manifest. A fault in it does not keep the other lines from being used."""
    report = case.report
    if algorithm not in SIZES:
        report.find(9, "digest-unknown", f"lists digests by {algorithm}, which is not known here", file=name)
    try:
        text = _text(case, name)
    except ArchiverError as error:
        blame(report, 4, error, "list-bad", name)
        return
    for number, line in enumerate(re.split(r"\r\n|\n|\r", text), 1):
        if number > MAX_FILES:
            report.find(4, "list-bad", f"more than {MAX_FILES} lines", file=name)
            return
        if not line.strip():
            continue
        found = _LINE.fullmatch(line)
        path = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), found[2]) if found else ""
        path = path.removeprefix("./")
        try:
            if found is None or (algorithm in SIZES and len(found[1]) != 2 * SIZES[algorithm]):
                raise FormatError("is no digest and name")
            check_name(path)
            if path.startswith(DATA) == name.startswith("tag"):
                raise FormatError(f"lists {path[:200]}, which has no place in it")
            if algorithm in into.setdefault(path, {}):
                raise FormatError(f"lists {path[:200]} twice")
        except FormatError as error:
            report.find(4, "list-bad", f"line {number}: {error.message}", file=name)
            continue
        into[path][algorithm] = found[1].lower()


def _check_names(case: ForeignCase, payload: Listed, tags: Listed, kinds: set[str]) -> None:
    """Step 1: what is there is listed, in every manifest, and what is listed is there."""
    report, step = case.report, case.report.steps[1]
    elsewhere = _fetched(case)
    here = set(case.files.names())
    step.checked, step.summary = len(here), f"{len(here)} files, all in data/ listed"
    composed = {unicodedata.normalize("NFC", name): name for name in here}
    for name in sorted(here):
        if name.startswith(DATA):
            if name not in payload and unicodedata.normalize("NFC", name) not in payload:
                report.find(1, "file-unlisted", "no manifest lists it", file=name)
            elif kinds - set(payload.get(name, kinds)):
                missing = ", ".join(sorted(kinds - set(payload[name])))
                report.find(4, "list-differs", f"is not in the list by {missing}", file=name)
        elif name not in tags and not name.startswith("tagmanifest-") and "/" not in name:
            report.find(1, "file-unbound", "no tag manifest lists it: it may change unnoticed", file=name)
    for name in sorted({*payload, *tags}):
        if name not in here and unicodedata.normalize("NFC", name) not in composed:
            if name in elsewhere:
                report.find(1, "file-elsewhere", f"is to be fetched from {elsewhere[name][:300]}", file=name)
            else:
                report.find(1, "file-missing", "is listed, and not there", file=name)
    for name in sorted(set(elsewhere) - set(payload)):
        report.find(4, "list-differs", "is in fetch.txt, and in no manifest", file=name)


def _fetched(case: ForeignCase) -> dict[str, str]:
    if case.files.size(FETCH) is None:
        return {}
    found = {}
    try:
        for line in re.split(r"\r\n|\n|\r", _text(case, FETCH)):
            parts = line.split(None, 2)
            if len(parts) == 3:
                path = _ESCAPE.sub(lambda m: chr(int(m[1], 16)), parts[2])
                check_name(path)
                found[path] = parts[0]
            elif parts:
                raise FormatError("a line is not address, length and name", where=FETCH)
    except ArchiverError as error:
        blame(case.report, 4, error, "list-bad", FETCH)
    return found


def _check_oxum(case: ForeignCase) -> None:
    if case.files.size(INFO) is None:
        return
    try:
        said = next((m for line in _text(case, INFO).splitlines() if (m := _OXUM.fullmatch(line))), None)
    except ArchiverError as error:
        blame(case.report, 4, error, "list-bad", INFO)
        return
    if said is not None:
        names = [name for name in case.files.names() if name.startswith(DATA)]
        size = sum(case.files.size(name) or 0 for name in names)
        if (int(said[1]), int(said[2])) != (size, len(names)):
            message = f"says {said[1]} bytes in {said[2]} files; data/ has {size} in {len(names)}"
            case.report.find(4, "list-differs", message, file=INFO)


def _check_sums(case: ForeignCase, payload: Listed, tags: Listed) -> None:
    """Step 9: every digest that any list gives."""
    report, step = case.report, case.report.steps[9]
    listed = {**tags, **payload}
    composed = {unicodedata.normalize("NFC", name): name for name in case.files.names()}
    weak = 0
    for done, (name, said) in enumerate(sorted(listed.items())):
        there = name if case.files.size(name) is not None else composed.get(unicodedata.normalize("NFC", name))
        known = [algorithm for algorithm in said if algorithm in SIZES]
        if there is None or not known:
            continue
        case.progress("digests", done, len(listed))
        try:
            with case.files.open(there) as stream:
                found: Sums = sums(stream, known)
        except ArchiverError as error:
            blame(report, 9, error, "file-changed", there)
            continue
        step.checked += 1
        weak += not set(known) - WEAK
        wrong = [algorithm for algorithm in known if found.digests[algorithm] != said[algorithm]]
        if wrong:
            report.find(9, "file-changed", f"does not have the digest listed ({', '.join(wrong)})", file=there)
        if case.files.crc(there) not in (None, found.crc):
            report.find(9, "file-changed", "does not have the CRC-32 that the zip gives", file=there)
    if weak:
        report.find(9, "digest-weak", f"{weak} files are listed with MD5 or SHA-1 alone")
    step.summary = f"{step.checked} files have every digest listed"
    step.empty = not step.checked
