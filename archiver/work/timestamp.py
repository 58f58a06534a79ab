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
from collections.abc import Callable, Iterator, Sequence
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
from archiver.store.beside import FOLDER, Beside, place_beside
from archiver.store.settings import AuthoritySettings, Settings, is_label
from archiver.store.tsa_roots import FOLDER as ROOTS
from archiver.store.tsa_roots import roots_in
from archiver.web.ask import SECONDS, Asker
from archiver.web.tsa import ask_authority
from archiver.work import calendars
from archiver.work.stamping import Done, Held, Stamped, Wanted, held, seal
from archiver.work.wishes import Wishes, in_force

SKEW = timedelta(minutes=5)  # between an authority's clock and ours, before it is worth a word
_NOT_LABEL = re.compile(r"[^a-z0-9]+", re.ASCII)


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


def asker_of(settings: Settings, wishes: Wishes, seconds: float = SECONDS) -> tuple[Asker, str | None]:
    """Asks by the way that captures go, as settings and command line say, waiting so long for each answer; and the
    environment variable that the proxy came from. Raises UsageError, FormatError, StoreError."""
    found, variable = in_force(settings, wishes, dict(os.environ))
    asker = Asker(
        proxy=found.proxy,
        require_proxy=found.require_proxy,
        ca_file=found.ca_file,
        allow_private=found.allow_private,
        seconds=seconds,
    )
    return asker, variable


def timestamp(
    archive: Archive, wanted: Wanted, asker: Asker, report: Callable[[Stamped], None] = lambda _: None
) -> Done:
    """Fetch the stamps that are owed, seal them in one manifest (more if they are many). Raises StoreError,
    RefusedError and what else writing raises; what authorities do is in the results."""
    done = Done()
    refs: list[StampRef] = []
    there = held(archive)
    try:
        for result, files in _all(there, wanted, asker):
            refs += [_ref(result, name, data) for name, data in files.items()]
            done.results.append(result)
            report(result)
    finally:  # an interruption seals what is there
        done.sequence = seal(archive, refs)
    return done


def _all(there: Held, wanted: Wanted, asker: Asker) -> Iterator[tuple[Stamped, dict[str, bytes]]]:
    """What was left over, then authorities, then calendars; each with the files to be listed."""
    roots = roots_in(there.archive.root / ROOTS)
    blocked = set()
    for item, files in there.left_over(("tsq", "tsr")):
        blocked.add((item.label, item.size))
        yield _described(there.archive, item.size, item.label, files, roots, "kept")
    yield from calendars.found_again(there)
    last: dict[str, float] = {}
    for authority in wanted.authorities:
        for size in _owed(there, authority, wanted):
            if (authority.name, size) not in blocked:
                _pace(authority, last)
                yield _fetch(there.archive, authority, size, asker, roots)
    yield from calendars.promises(there, wanted.calendars, wanted.every, asker)
    if wanted.upgrade:
        yield from calendars.upgrades(there, wanted.calendars, asker)


def _owed(there: Held, authority: AuthoritySettings, wanted: Wanted) -> list[int]:
    """The sizes that an authority is to stamp; renewal is due where the certificate of its newest token ends soon."""
    sizes = there.owed(authority.name, "tsr", wanted.every)
    stamps = there.stamps(authority.name, "tsr")
    if sizes or wanted.renew_days is None or not stamps or stamps[-1].size == there.sizes[-1]:
        return sizes
    archive = there.archive
    try:
        ends = trust.signer_ends(parse_response(read(archive.folder, stamps[-1].name, MAX_RESPONSE)))
    except ArchiverError:
        return [there.sizes[-1]]
    due = ends - datetime.fromisoformat(archive.clock()) < timedelta(days=wanted.renew_days)
    return [there.sizes[-1]] if due else []


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
        result, files = _described(archive, size, authority.name, files, roots, "stamped", authority.url)
    except ArchiverError as error:
        return Stamped(size, authority.name, "failed", authority.url, error=error.message, hint=error.hint), {}
    if not files:
        return result, {}
    there = place_beside(archive.disk, files)
    if there != files:  # another run was faster
        return _described(archive, size, authority.name, there, roots, "kept", authority.url)
    return result, there


def _described(
    archive: Archive,
    size: int,
    label: str,
    files: dict[str, bytes],
    roots: Sequence[trust.Root],
    state: str,
    url: str = "",
) -> tuple[Stamped, dict[str, bytes]]:
    """What the files of one stamp are worth. One that does not hold is called failed, and none of it is listed."""
    request, response = (files.get(Beside(size, label, suffix).name, b"") for suffix in ("tsq", "tsr"))
    ends = None
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
        hint = error.hint or (f"move {next(iter(files))} away: no manifest lists it" if state == "kept" else None)
        return Stamped(size, label, "failed", url, error=error.message, hint=hint), {}
    result = Stamped(
        size,
        label,
        state,
        url,
        gen_time=token.gen_time,
        files=tuple(files),
        trust=words,
        issuer=trust.chain_end(token),
        ends=ends,
        problems=_oddities(archive, token),
    )
    return result, files


def _oddities(archive: Archive, token: Token) -> tuple[str, ...]:
    off = token.gen_time - datetime.fromisoformat(archive.clock())
    if abs(off) <= SKEW:
        return ()
    ahead = "ahead of" if off > timedelta() else "behind"
    return (f"its clock is {abs(off).total_seconds():.0f} seconds {ahead} ours",)


def _ref(result: Stamped, name: str, data: bytes) -> StampRef:
    return StampRef(result.size, result.kind, name, digest.of_bytes(data), len(data))
