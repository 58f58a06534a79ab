"""A log asks its witnesses: is this an extension of all that you saw? What they sign is kept and sealed.

Asked are the witnesses of trust/policy that have an address, each for the newest checkpoint if anything but stamps is
new since its last cosignature. Their lines are verified with the keys of that file before they are kept, and lines by
other keys are left out. A witness that has seen more of this log than there is here is no failure of the witness: it
is the alarm that it is there for.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from archiver import digest
from archiver.archive import Archive
from archiver.errors import ArchiverError, MissingError, ProofError, RefusedError, UsageError
from archiver.evidence import read
from archiver.model.events import StampRef
from archiver.store.beside import FOLDER, Beside, place_beside
from archiver.store.head import tile_source
from archiver.tlog.checkpoint import parse_checkpoint_text
from archiver.tlog.note import open_note
from archiver.tlog.policy import Witness
from archiver.tlog.tiles import TileReader
from archiver.tlog.witness import Request, encode_lines, good_lines, parse_lines
from archiver.web.ask import Asker
from archiver.web.witness import Conflict, ask_witness
from archiver.work.stamping import Held, held, seal

_NOT_LABEL = re.compile(r"[^a-z0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class Cosigned:
    """What became of one question. `state`: cosigned, kept (it was here, and nothing listed it), failed."""

    witness: str
    size: int
    state: str
    time: datetime | None = None
    file: str | None = None
    error: str | None = None
    hint: str | None = None


@dataclass(slots=True)
class Cosignatures:
    """The results in order, and the number of the stamp manifest, if there was anything to seal."""

    results: list[Cosigned] = field(default_factory=list)
    sequence: int | None = None


def ask_witnesses(
    archive: Archive,
    witnesses: Sequence[Witness],
    asker: Asker,
    report: Callable[[Cosigned], None] = lambda _: None,
) -> Cosignatures:
    """Ask each witness for what it owes, and seal what they signed. Raises UsageError without anybody to ask, and what
    writing raises; what witnesses do is in the results."""
    able = [witness for witness in witnesses if witness.url]
    if not able:
        raise UsageError("no witness with an address is chosen", hint="archiver witness add VKEY URL")
    done = Cosignatures()
    refs: list[StampRef] = []
    there = held(archive)
    try:
        for result, data in _asked(there, able, asker):
            if result.file is not None:
                refs.append(_ref(result.size, result.file, data))
            done.results.append(result)
            report(result)
    finally:  # an interruption seals what is there
        done.sequence = seal(archive, refs)
    return done


def take_lines(archive: Archive, witnesses: Sequence[Witness], answer: bytes) -> Cosignatures:
    """Keep and seal cosignatures that came as a file: the lines alone, or the whole checkpoint with them below. Raises
    MissingError for a checkpoint that is not kept here, ProofError without a good line by a witness of the policy."""
    there = held(archive)
    done = Cosignatures()
    refs: list[StampRef] = []
    for size, text in _texts(there, answer):
        lines = open_note(answer).signatures if b"\n\n" in answer else parse_lines(answer, text)
        for witness in witnesses:
            try:
                good = good_lines(lines, [witness.key], text)
            except ProofError:
                continue
            if good:
                data = encode_lines([line for _, line, _ in good])
                result, data = _placed(archive, witness, size, data, good[0][2])
                done.results.append(result)
                if result.file is not None and result.file not in there.listed:
                    refs.append(_ref(size, result.file, data))
        if done.results:
            break
    if not done.results:
        raise ProofError("no line of it is a cosignature by a witness of trust/policy over a checkpoint of this log")
    done.sequence = seal(archive, refs)
    return done


def request_for(archive: Archive, old_size: int) -> Request:
    """What to hand to a witness that has seen the first `old_size` manifests: newest checkpoint, and the proof that it
    extends them. Raises UsageError for a size that this log never had, MissingError, FormatError."""
    note = read(archive.folder, f"{FOLDER}/{archive.size()}")
    size = parse_checkpoint_text(open_note(note).text).size
    if not 0 <= old_size <= size:
        raise UsageError(f"the log has {size} manifests, and never had {old_size}")
    proof = TileReader(tile_source(archive.folder), size).consistency_proof(old_size)
    return Request(old_size, tuple(proof), note)


def label_of(witness: Witness) -> str:
    """The label of a witness's files: its name as far as a file can hold it, and its key's ID."""
    name = _NOT_LABEL.sub("-", witness.key.name.lower()).strip("-")[:31].strip("-")
    return f"{name}-{witness.key.key_id.hex()}" if name else witness.key.key_id.hex()


def _asked(there: Held, witnesses: Sequence[Witness], asker: Asker) -> Iterator[tuple[Cosigned, bytes]]:
    for found, files in there.left_over(("cosig",)):
        for name, data in files.items():
            yield _kept(there.archive, witnesses, found, name, data), data
    for witness in witnesses:
        for size in there.owed(label_of(witness), "cosig", every=False):
            yield _ask(there, witness, size, asker)


def _ask(there: Held, witness: Witness, size: int, asker: Asker) -> tuple[Cosigned, bytes]:
    archive = there.archive
    try:
        before = max((item.size for item in there.stamps(label_of(witness), "cosig")), default=0)
        request = request_for(archive, before)
        answer = ask_witness(asker, witness.url or "", request)
        if isinstance(answer, Conflict):
            if answer.size > size:
                raise RefusedError(
                    f"has seen {answer.size} manifests of this log, and there are {size} here: this archive is an old "
                    "copy, or its log's key signs elsewhere",
                    hint="write nothing more to this archive before you know which of the two it is",
                )
            answer = ask_witness(asker, witness.url or "", request_for(archive, answer.size))
            if isinstance(answer, Conflict):
                raise RefusedError(f"says twice that it has another size, {answer.size} now")
        text = open_note(request.note).text
        good = good_lines(parse_lines(answer, text), [witness.key], text)
        if not good:
            raise ProofError("signed with another key than the policy names")
        data = encode_lines([line for _, line, _ in good])
        return _placed(archive, witness, size, data, good[0][2])
    except ArchiverError as error:
        return Cosigned(witness.name, size, "failed", error=error.message, hint=error.hint), b""


def _placed(archive: Archive, witness: Witness, size: int, data: bytes, seconds: int) -> tuple[Cosigned, bytes]:
    """Put a witness's lines beside the checkpoint; what is there then (another run may have been faster)."""
    name = Beside(size, label_of(witness), "cosig").name
    there = place_beside(archive.disk, {name: data})
    state = "cosigned" if there[name] == data else "kept"
    return Cosigned(witness.name, size, state, _moment(seconds), name), there[name]


def _kept(archive: Archive, witnesses: Sequence[Witness], found: Beside, name: str, data: bytes) -> Cosigned:
    """A file that an interrupted run placed and no manifest lists."""
    try:
        text = open_note(read(archive.folder, f"{FOLDER}/{found.size}")).text
        for witness in witnesses:
            if label_of(witness) == found.label:
                good = good_lines(parse_lines(data, text), [witness.key], text)
                if good:
                    return Cosigned(witness.name, found.size, "kept", _moment(good[0][2]), name)
        raise MissingError("it is by no witness of trust/policy")
    except ArchiverError as error:
        hint = f"move {name} away: no manifest lists it"
        return Cosigned(found.label, found.size, "failed", error=error.message, hint=hint)


def _texts(there: Held, answer: bytes) -> Iterator[tuple[int, bytes]]:
    """The checkpoints that an answer may be about: the one that it holds, else all, newest first."""
    if b"\n\n" in answer:
        text = open_note(answer).text
        size = parse_checkpoint_text(text).size
        if size not in there.sizes or open_note(read(there.archive.folder, f"{FOLDER}/{size}")).text != text:
            raise MissingError(f"it is about a checkpoint of {size} manifests that this archive does not keep")
        yield size, text
        return
    for size in reversed(there.sizes):
        yield size, open_note(read(there.archive.folder, f"{FOLDER}/{size}")).text


def _ref(size: int, name: str, data: bytes) -> StampRef:
    return StampRef(size, "cosignature", name, digest.of_bytes(data), len(data))


def _moment(seconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
