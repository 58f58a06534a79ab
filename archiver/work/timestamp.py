"""Time stamps for the log's checkpoints: ask authorities, keep whole what they answer, seal its digests.

What is stamped are the bytes of `log/checkpoints/<size>`, so that one stamp bounds everything before it. There is no
queue to lose: an authority is owed a checkpoint as long as something newer than its last stamp is in the log, and
stamp events alone are nothing newer. An answer is kept only if it answers this question over these bytes and, where a
root is pinned, if it leads there. That an authority fails is said, and blocks nothing.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from archiver import digest
from archiver.archive import Archive
from archiver.errors import ArchiverError, ExtraMissingError, MissingError, UsageError
from archiver.evidence import read
from archiver.model.manifest import StampRef
from archiver.stamps import authority as trust
from archiver.stamps.presets import preset
from archiver.stamps.rfc3161 import MAX_RESPONSE, NONCE_BYTES, build_request, check_answer, parse_response
from archiver.stamps.token import Token
from archiver.store.beside import FOLDER, Beside, kept, place_beside
from archiver.store.ledger import Draft
from archiver.store.settings import AuthoritySettings, Settings, is_label
from archiver.store.tsa_roots import FOLDER as ROOTS
from archiver.store.tsa_roots import roots_in
from archiver.web.ask import Asker
from archiver.web.tsa import ask_authority
from archiver.work.wishes import Wishes, in_force

MAX_STAMPS = 150  # in one manifest
RENEW_DAYS = 180  # before the certificates of the newest stamp end
SKEW = timedelta(minutes=5)  # between an authority's clock and ours, before it is worth a word
_NOT_LABEL = re.compile(r"[^a-z0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Stamped:
    """What became of one question. `state`: stamped; kept (it was here, and nothing listed it); failed."""

    size: int
    authority: str
    state: str
    url: str = ""
    gen_time: datetime | None = None
    files: tuple[str, ...] = ()
    trust: str = ""  # which root vouches for it, or why none does
    issuer: str | None = None  # of the topmost certificate that came along, as it says itself
    ends: datetime | None = None  # when the first of its certificates does
    problems: tuple[str, ...] = ()
    error: str | None = None
    hint: str | None = None

    @property
    def confirmed(self) -> bool:
        """Whether a pinned root vouches for it."""
        return self.state != "failed" and self.ends is not None


@dataclass(slots=True)
class Done:
    """The results in order, and the number of the stamp manifest, if there was anything to seal."""

    results: list[Stamped] = field(default_factory=list)
    sequence: int | None = None
    repaired: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which stamps to fetch. `every`: for each checkpoint that lacks one, not only for the newest. `renew_days`: also
    where the newest stamp's certificates end within so many days."""

    authorities: tuple[AuthoritySettings, ...]
    every: bool = False
    renew_days: int | None = None


def authorities_of(settings: Settings, chosen: Sequence[str]) -> tuple[AuthoritySettings, ...]:
    """Those that are named, by the name in archive.yaml or in the presets, or by address; without names, all in
    archive.yaml. Raises UsageError."""
    known = {item.name: item for item in settings.timestamp.authorities}
    if not chosen:
        return tuple(known.values())
    found = []
    for text in chosen:
        given = preset(text)
        if text in known:
            found.append(known[text])
        elif given is not None:
            found.append(AuthoritySettings(given.name, given.url, given.policy))
        elif text.startswith(("http://", "https://")):
            same = next((item for item in known.values() if item.url == text), None)
            found.append(same or AuthoritySettings(label_of(text), text))
        else:
            raise UsageError(
                f"no time-stamping authority {text!r}",
                hint="name one of archive.yaml or of: archiver timestamp --presets; or give its address",
            )
    return tuple({item.name: item for item in found}.values())


def label_of(url: str) -> str:
    """A name for an authority that has none: its host and path, as far as a file's label can hold them."""
    label = _NOT_LABEL.sub("-", url.partition("://")[2].lower()).strip("-")[:40].strip("-")
    if not is_label(label):
        raise UsageError(f"{url[:200]}: names no host")
    return label


def asker_of(settings: Settings, wishes: Wishes) -> tuple[Asker, str | None]:
    """Asks by the way that captures go, as settings and command line say; and the environment variable that the proxy
    came from. Raises UsageError, FormatError, StoreError."""
    found, variable = in_force(settings, wishes, dict(os.environ))
    asker = Asker(
        proxy=found.proxy,
        require_proxy=found.require_proxy,
        ca_file=found.ca_file,
        allow_private=found.allow_private,
    )
    return asker, variable


def timestamp(
    archive: Archive, wanted: Wanted, asker: Asker, report: Callable[[Stamped], None] = lambda _: None
) -> Done:
    """Fetch the stamps that are owed, seal them in one manifest (more if they are many). Raises StoreError,
    RefusedError and what else writing raises; what authorities do is in the results."""
    done = Done()
    roots = roots_in(archive.root / ROOTS)
    refs: list[StampRef] = []

    def take(result: Stamped, files: dict[str, bytes]) -> None:
        if result.state != "failed":
            refs.extend(_ref(result.size, name, data) for name, data in files.items())
        done.results.append(result)
        report(result)

    blocked = set()
    for item, files in _left_over(archive):
        take(_describe(archive, item.size, item.label, files, roots, "kept"), files)
        blocked.add((item.label, item.size))
    last: dict[str, float] = {}
    for authority, size in owed(archive, wanted):
        if (authority.name, size) not in blocked:
            _pace(authority, last)
            take(*_fetch(archive, authority, size, asker, roots))
    _seal(archive, refs, done)
    return done


def owed(archive: Archive, wanted: Wanted) -> list[tuple[AuthoritySettings, int]]:
    """Which checkpoint each authority is to stamp, by names of files and the newest manifests alone."""
    sizes, files = kept(archive.folder)
    if not sizes:
        raise MissingError("there is no checkpoint to stamp", where=f"{archive.root}/{FOLDER}")
    found = []
    for authority in wanted.authorities:
        mine = [item for item in files if item.label == authority.name and item.suffix == "tsr"]
        done = {item.size for item in mine if wanted.every and _is_listed(archive, item)}
        newest = max(done, default=0) or next((item.size for item in reversed(mine) if _is_listed(archive, item)), 0)
        if wanted.every:
            missing = [size for size in sizes if size not in done and _adds(archive, _before(sizes, size), size)]
            found += [(authority, size) for size in reversed(missing)]
        elif _adds(archive, newest, sizes[-1]) or _is_due(archive, authority, newest, wanted.renew_days):
            found.append((authority, sizes[-1]))
    return found


def _before(sizes: Sequence[int], size: int) -> int:
    return max((item for item in sizes if item < size), default=0)


def _adds(archive: Archive, stamped: int, size: int) -> bool:
    """Whether anything but stamp events stands from one size of the log to another. Newest first: what came last is
    most often what a stamp is wanted for."""
    for sequence in reversed(range(stamped, size)):
        try:
            if archive.manifest(sequence).event != "stamp":
                return True
        except ArchiverError:
            return True  # verify says what is wrong with it
    return False


def _is_due(archive: Archive, authority: AuthoritySettings, newest: int, days: int | None) -> bool:
    """Whether the newest stamp wants renewing: the certificate that it names as its signer's ends soon."""
    if days is None or newest == 0:
        return False
    name = Beside(newest, authority.name, "tsr").name
    try:
        ends = trust.signer_ends(parse_response(read(archive.folder, name, MAX_RESPONSE)))
    except ArchiverError:
        return True
    return ends - datetime.fromisoformat(archive.clock()) < timedelta(days=days)


def _left_over(archive: Archive) -> list[tuple[Beside, dict[str, bytes]]]:
    """Files that an earlier run placed and no manifest lists: it was interrupted before that."""
    _, files = kept(archive.folder)
    pairs: dict[Beside, dict[str, bytes]] = {}
    for item in files:
        answer = Beside(item.size, item.label, "tsr")
        if item.suffix in ("tsr", "tsq") and item.label and not _is_listed(archive, item):
            pairs.setdefault(answer, {})[item.name] = read(archive.folder, item.name, MAX_RESPONSE)
    return list(pairs.items())


def _is_listed(archive: Archive, item: Beside) -> bool:
    """Whether a stamp event names that file. As a rule the first manifest after its checkpoint does."""
    for sequence in range(item.size, archive.size()):
        try:
            manifest = archive.manifest(sequence)
        except ArchiverError:
            return True  # it cannot be told; verify says why
        if manifest.event == "stamp" and any(stamp.file == item.name for stamp in manifest.extra):
            return True
    return False


def _pace(authority: AuthoritySettings, last: dict[str, float]) -> None:
    """Wait as long as the operator asks for between two questions."""
    known = preset(authority.name)
    seconds = 1 if known is None else known.pace
    before = last.get(authority.name)
    if before is not None:
        time.sleep(max(0.0, before + seconds - time.monotonic()))
    last[authority.name] = time.monotonic()


def _fetch(
    archive: Archive, authority: AuthoritySettings, size: int, asker: Asker, roots: Sequence[trust.Root]
) -> tuple[Stamped, dict[str, bytes]]:
    nonce = int.from_bytes(archive.entropy(NONCE_BYTES), "big") >> 1
    try:
        message = read(archive.folder, f"{FOLDER}/{size}")
        request = build_request(message, nonce, authority.policy)
        response = ask_authority(asker, authority.url, request)
        check_answer(request, response, message)
        files = {
            Beside(size, authority.name, "tsq").name: request,
            Beside(size, authority.name, "tsr").name: response,
        }
        result = _describe(archive, size, authority.name, files, roots, "stamped", authority.url)
    except ArchiverError as error:
        return Stamped(size, authority.name, "failed", authority.url, error=error.message, hint=error.hint), {}
    if result.state == "failed":
        return result, {}
    there = place_beside(archive.disk, files)
    if there != files:  # another run was faster
        result = _describe(archive, size, authority.name, there, roots, "kept", authority.url)
    return result, there


def _describe(
    archive: Archive,
    size: int,
    label: str,
    files: dict[str, bytes],
    roots: Sequence[trust.Root],
    state: str,
    url: str = "",
) -> Stamped:
    """What the files of one stamp are worth. One that does not hold is called failed, and is not listed."""
    request, response = (files.get(Beside(size, label, suffix).name, b"") for suffix in ("tsq", "tsr"))
    names, ends = tuple(files), None
    mine = [root for root in roots if root.name == label]
    try:
        message = read(archive.folder, f"{FOLDER}/{size}")
        try:
            token, root = trust.check_stamp(request, response, message, mine)
            words, ends = f"leads to the root pinned as {root.name}", trust.not_after(token, root)
        except (MissingError, ExtraMissingError) as error:
            if mine and isinstance(error, MissingError):
                raise  # it is not the authority whose root was pinned
            token = check_answer(request, response, message)
            words = f"not verified: {error.message}"
    except ArchiverError as error:
        hint = error.hint or (f"move {names[0]} away: no manifest lists it" if state == "kept" else None)
        return Stamped(size, label, "failed", url, error=error.message, hint=hint)
    issuer = trust.chain_end(token)
    return Stamped(size, label, state, url, token.gen_time, names, words, issuer, ends, _oddities(archive, token))


def _oddities(archive: Archive, token: Token) -> tuple[str, ...]:
    off = token.gen_time - datetime.fromisoformat(archive.clock())
    if abs(off) <= SKEW:
        return ()
    ahead = "ahead of" if off > timedelta() else "behind"
    return (f"its clock is {abs(off).total_seconds():.0f} seconds {ahead} ours",)


def _ref(size: int, name: str, data: bytes) -> StampRef:
    kind = "opentimestamps" if name.endswith(".ots") else "rfc3161"
    return StampRef(size, kind, name, digest.of_bytes(data), len(data))  # type: ignore[arg-type]


def _seal(archive: Archive, refs: Sequence[StampRef], done: Done) -> None:
    if not refs:
        return
    with archive.ledger().batch() as group:
        for start in range(0, len(refs), MAX_STAMPS):
            part = tuple(refs[start : start + MAX_STAMPS])
            done.sequence = group.add(Draft("stamp", None, part, (), archive.clock())).sequence
        group.commit()
        done.repaired = group.repaired.lines()
