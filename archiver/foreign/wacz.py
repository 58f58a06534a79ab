"""WACZ packages (specs.webrecorder.net/wacz/1.1.1): a zip with WARCs, an index, a list of pages, and their digests.

    archive/data.warc.gz   indexes/index.cdx   pages/pages.jsonl   datapackage.json   datapackage-digest.json

`datapackage.json` lists every other file with its digest; `datapackage-digest.json` gives the digest of that list, and
a signature where there is one (wacz_signature). Everything is computed again from the bytes; a file that is not listed
is a fault, for nothing covers it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from archiver import digest
from archiver.errors import ArchiverError, FormatError
from archiver.foreign import loose_json
from archiver.foreign.case import ForeignCase
from archiver.foreign.files import SIZES, WEAK, blame, check_container, read_text, sums
from archiver.foreign.index import Index, check_blocks, lines
from archiver.foreign.wacz_signature import check_digest_file
from archiver.foreign.warcs import check_warc, finish_exchanges, is_warc

PACKAGE, DIGEST_FILE = "datapackage.json", "datapackage-digest.json"
VERSIONS = ("1.0.0", "1.1.0", "1.1.1", "1.2.0")
MAX_PAGE = 32 << 20  # bytes of a line in a list of pages, which may hold the page's text


@dataclass(frozen=True, slots=True)
class Resource:
    """A file as the package lists it. `algorithm` is None for a digest of an unknown kind."""

    path: str
    algorithm: str | None
    digest: str
    size: int | None


def check_wacz(case: ForeignCase) -> None:
    """All steps over a WACZ."""
    report, files = case.report, case.files
    check_container(report, files)
    found = None
    resources: dict[str, Resource] = {}
    try:
        data = read_text(files, PACKAGE)
        found = digest.of_bytes(data)
        resources = _read_package(case, data)
    except ArchiverError as error:
        blame(report, 4, error, "list-bad", PACKAGE)
    check_digest_file(case, DIGEST_FILE, found)
    report.steps[4].checked, report.steps[4].summary = 1, f"{PACKAGE} lists {len(resources)} files"
    _check_names(case, resources)
    if case.at_depth("objects"):
        _check_resources(case, resources)
    if case.at_depth("content"):
        _check_contents(case)


def _read_package(case: ForeignCase, data: bytes) -> dict[str, Resource]:
    package = loose_json.parse_object(data, PACKAGE)
    listed = package.get("resources")
    if not isinstance(listed, list):
        raise FormatError("has no list of resources", where=PACKAGE)
    if package.get("profile") != "data-package" or package.get("wacz_version") not in VERSIONS:
        version = f"wacz_version {str(package.get('wacz_version'))[:20]}, profile {str(package.get('profile'))[:20]}"
        case.report.find(4, "list-odd", version, file=PACKAGE)
    found: dict[str, Resource] = {}
    for item in listed:
        resource = _resource(item)
        if resource.path in found:
            raise FormatError(f"lists {resource.path[:200]} twice", where=PACKAGE)
        found[resource.path] = resource
    return found


def _resource(item: Any) -> Resource:
    if not isinstance(item, dict):
        raise FormatError("a resource that is no object", where=PACKAGE)
    path, older = loose_json.text(item, "path", PACKAGE), item.get("stats")
    if "hash" not in item and isinstance(older, dict):  # WACZ 1.0
        item = older
    said = loose_json.text(item, "hash", PACKAGE)
    if not path or said is None:
        raise FormatError("a resource without path or hash", where=PACKAGE)
    algorithm, _, value = said.partition(":")
    known = algorithm.lower().replace("-", "")
    good = known in SIZES and re.fullmatch(rf"[0-9a-f]{{{2 * SIZES[known]}}}", value.lower(), re.ASCII)
    return Resource(path, known if good else None, value.lower(), loose_json.natural(item.get("bytes")))


def _check_names(case: ForeignCase, resources: dict[str, Resource]) -> None:
    """Step 1: every file is listed, every listed one is there."""
    report, step = case.report, case.report.steps[1]
    for name in case.files.names():
        step.checked += 1
        if name not in resources and name not in (PACKAGE, DIGEST_FILE):
            report.find(1, "file-unlisted", f"is not listed in {PACKAGE}: nothing covers it", file=name)
    for path in resources:
        if case.files.size(path) is None:
            report.find(1, "file-missing", f"is listed in {PACKAGE}, and not there", file=path)
    step.summary = f"{step.checked} files, each of them listed"
    shown = [name for name in case.files.names() if name.startswith(("archive/", "indexes/", "pages/"))]
    for folder in ("archive/", "indexes/", "pages/"):
        if not any(name.startswith(folder) for name in shown):
            code = "list-odd" if folder == "pages/" else "file-missing"  # some tools leave the pages out
            report.find(1, code, f"there is nothing in {folder}")


def _check_resources(case: ForeignCase, resources: dict[str, Resource]) -> None:
    """Step 9: digest, size and CRC of each file."""
    report, step = case.report, case.report.steps[9]
    weak = 0
    for done, name in enumerate([*resources, PACKAGE, DIGEST_FILE]):
        resource = resources.get(name)
        if case.files.size(name) is None:
            continue
        case.progress("digests", done, len(resources) + 2)
        algorithms = (resource.algorithm,) if resource is not None and resource.algorithm is not None else ()
        try:
            with case.files.open(name) as stream:
                found = sums(stream, algorithms)
        except ArchiverError as error:
            blame(report, 9, error, "file-changed", name)
            continue
        crc = case.files.crc(name)
        if crc is not None and crc != found.crc:
            report.find(9, "file-changed", "does not have the CRC-32 that the zip gives", file=name)
        if resource is None:
            continue
        step.checked += 1
        if resource.algorithm is None:
            report.find(9, "digest-unknown", f"{PACKAGE} gives no digest that is known here", file=name)
            continue
        weak += resource.algorithm in WEAK
        if found.digests[resource.algorithm] != resource.digest:
            message = f"its {resource.algorithm} is not the one in {PACKAGE}"
            report.find(9, "file-changed", message, file=name)
        if resource.size is not None and resource.size != found.size:
            report.find(9, "file-changed", f"has {found.size} bytes, {PACKAGE} says {resource.size}", file=name)
    if weak:
        report.find(9, "digest-weak", f"{weak} files are listed with MD5 or SHA-1 alone")
    step.summary = f"{step.checked} files have the digests that {PACKAGE} lists"
    step.empty = not step.checked


def _check_contents(case: ForeignCase) -> None:
    """Step 10: records, indexes, pages."""
    warcs = {name: check_warc(case, name) for name in case.files.names() if is_warc(name)}
    index = Index(case, warcs)
    for name in case.files.names():
        if name.startswith("indexes/"):
            if name.endswith((".cdx", ".cdxj", ".cdx.gz", ".cdxj.gz")):
                index.check(name)
            elif name.endswith(".idx"):
                check_blocks(case, name)
    index.finish()
    for name in case.files.names():
        if name.startswith("pages/") and name.endswith(".jsonl"):
            _check_pages(case, name, index)
    finish_exchanges(case)
    pages = case.counted("pages")
    step = case.report.steps[11]
    step.empty, step.summary = True, f"no reading of archiver's; {pages} pages are listed, their titles are claims"


def _check_pages(case: ForeignCase, name: str, index: Index) -> None:
    try:
        with case.files.open(name) as stream:
            for number, line in enumerate(lines(stream, MAX_PAGE)):
                page = loose_json.parse_object(line, f"{name}, line {number + 1}")
                url = loose_json.text(page, "url", name)
                if url is None:
                    if number:
                        raise FormatError("a page without an address", where=f"{name}, line {number + 1}")
                    continue  # the first line describes the list
                case.count("pages")
                known = hash(url) in index.urls or hash(url.partition("#")[0]) in index.urls
                if not known and case.counted("index lines"):
                    case.report.find(10, "page-absent", f"no index has {url[:300]}", file=name)
    except ArchiverError as error:
        blame(case.report, 10, error, "index-bad", name)
