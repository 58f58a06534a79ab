"""OpenTimestamps: a promise from calendars for the newest checkpoint, and later the way from it to a block.

    log/checkpoints/41.ots            as the calendars answered: pending
    log/checkpoints/41.bitcoin.ots    the same with what a calendar said later: it leads to a block

Calendars see 32 bytes of which nobody can tell what they are of. Only those that a person named are asked: a proof
names addresses too, and could name any.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from typing import Literal

from archiver.archive import Archive
from archiver.errors import ArchiverError, FormatError
from archiver.evidence import read
from archiver.stamps import opentimestamps as ots
from archiver.store.beside import FOLDER, Beside, place_beside
from archiver.web.ask import Asker
from archiver.web.calendar import submit, upgrade
from archiver.work.stamping import Held, Stamped

LABEL = "bitcoin"
MAX_UPGRADES = 100  # proofs asked for in one run, newest first
KIND: Literal["opentimestamps"] = "opentimestamps"

Fetched = tuple[Stamped, dict[str, bytes]]


def found_again(there: Held) -> Iterator[Fetched]:
    """Proofs that an earlier run placed and no manifest lists."""
    for item, files in there.left_over(("ots",)):
        yield _described(there.archive, item.size, item.name, files[item.name], "kept")


def promises(there: Held, calendars: Sequence[str], every: bool, asker: Asker) -> Iterator[Fetched]:
    """Proofs for the checkpoints that are owed. One calendar is enough; what the others did is told."""
    for size in there.owed("", "ots", every) if calendars else ():
        if Beside(size, "", "ots") not in there.files:
            yield _promise(there.archive, size, calendars, asker)


def _promise(archive: Archive, size: int, calendars: Sequence[str], asker: Asker) -> Fetched:
    name = Beside(size, "", "ots").name
    nonce = archive.entropy(ots.NONCE_BYTES)
    answers: list[ots.Node] = []
    problems: list[str] = []
    try:
        message = read(archive.folder, f"{FOLDER}/{size}")
        digest, commitment = ots.commit(message, nonce)
        for url in calendars:
            try:
                answer = ots.decode_node(submit(asker, url, commitment))
                if not any(True for _ in ots.attestations(answer, commitment)):
                    raise FormatError("its answer attests nothing")
                answers.append(answer)
            except ArchiverError as error:
                problems.append(f"{url}: {error.message}")
        if not answers:
            return Stamped(size, ", ".join(calendars), "failed", kind=KIND, error="; ".join(problems)), {}
        data = ots.encode(digest, ots.new_proof(nonce, tuple(answers)))
        return _placed(archive, size, name, data, "stamped", tuple(problems))
    except ArchiverError as error:
        return Stamped(size, ", ".join(calendars), "failed", kind=KIND, error=error.message, hint=error.hint), {}


def upgrades(there: Held, calendars: Sequence[str], asker: Asker) -> Iterator[Fetched]:
    """What became of proofs that were pending; only calendars in the list are asked."""
    known = {url.rstrip("/") for url in calendars}
    waiting = [f for f in reversed(there.stamps("", "ots")) if Beside(f.size, LABEL, "ots") not in there.files]
    for item in waiting[:MAX_UPGRADES] if known else ():
        yield _upgrade(there.archive, item, known, asker)


def _upgrade(archive: Archive, item: Beside, calendars: set[str], asker: Asker) -> Fetched:
    answers: dict[bytes, ots.Node] = {}
    problems: list[str] = []
    try:
        message = read(archive.folder, f"{FOLDER}/{item.size}")
        digest = hashlib.sha256(message).digest()
        proof = ots.decode(read(archive.folder, item.name, ots.MAX_PROOF), message)
        for commitment, said in ots.attestations(proof, digest):
            if not isinstance(said, ots.Pending):
                continue
            url = said.uri.rstrip("/")
            if url not in calendars:
                problems.append(f"{url} was not asked: it is none of the calendars that you chose")
                continue
            try:
                answer = upgrade(asker, url, commitment)
                if answer is not None:
                    answers[commitment] = ots.decode_node(answer)
            except ArchiverError as error:
                problems.append(f"{url}: {error.message}")
        whole = ots.extended(proof, digest, answers)
        if not any(isinstance(said, ots.Block) for _, said in ots.attestations(whole, digest)):
            state, trust = "pending", "no block yet"
            return Stamped(item.size, "calendars", state, kind=KIND, trust=trust, problems=tuple(problems)), {}
        name = Beside(item.size, LABEL, "ots").name
        return _placed(archive, item.size, name, ots.encode(digest, whole), "in a block", tuple(problems))
    except ArchiverError as error:
        return Stamped(item.size, "calendars", "failed", kind=KIND, error=error.message, hint=error.hint), {}


def _placed(archive: Archive, size: int, name: str, data: bytes, state: str, problems: tuple[str, ...]) -> Fetched:
    there = place_beside(archive.disk, {name: data})
    return _described(archive, size, name, there[name], state if there[name] == data else "kept", problems)


def _described(
    archive: Archive, size: int, name: str, data: bytes, state: str, problems: tuple[str, ...] = ()
) -> Fetched:
    try:
        message = read(archive.folder, f"{FOLDER}/{size}")
        found = [said for _, said in ots.attestations(ots.decode(data, message), hashlib.sha256(message).digest())]
    except ArchiverError as error:
        hint = f"move {name} away: no manifest lists it"
        return Stamped(size, "calendars", "failed", kind=KIND, error=error.message, hint=hint), {}
    blocks = sorted({said.height for said in found if isinstance(said, ots.Block)})
    uris = list(dict.fromkeys(said.uri for said in found if isinstance(said, ots.Pending)))
    if blocks:
        trust = f"leads to Bitcoin block {blocks[0]}; its header is not checked"
    else:
        trust = f"pending at {', '.join(uris)}" if uris else "attests nothing that is known here"
    who = ", ".join(uris) or "calendars"
    return Stamped(size, who, state, kind=KIND, files=(name,), trust=trust, problems=problems), {name: data}
