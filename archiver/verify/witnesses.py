"""Step 14: who else saw this log, and that it only grew. Witnesses are the policy's, never the evidence's.

A cosignature counts if a manifest lists its file and that is unchanged, if it holds over the text of a checkpoint of
this log, and if its key is a witness of the policy. A witness that signed a larger tree vouches for the smaller ones
too: it signs nothing that does not extend all that it saw. The step is passed where a quorum covers everything but
stamp events.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from archiver.errors import AlgorithmMissingError, ArchiverError, FormatError, MissingError, ProofError
from archiver.evidence import read
from archiver.tlog.note import SignatureLine, open_note
from archiver.tlog.policy import Witness
from archiver.tlog.witness import good_lines, parse_lines
from archiver.verify.case import Case
from archiver.verify.files import Inventory
from archiver.verify.report import Weight, spell
from archiver.verify.stamps import check_listed, say_unbound, uncovered

MAX_COSIGNATURES = 256 << 10  # bytes of a file
SHOWN = 5  # witnesses that the step's one line names
_NAME = re.compile(r"log/checkpoints/([1-9][0-9]{0,18})(?:\.[a-z0-9-]{1,40})?\.cosig", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Seen:
    """A witness of the policy saw the log with `size` manifests at `moment`, as it says."""

    witness: str
    size: int
    moment: datetime


def check_witnesses(case: Case, inventory: Inventory | None) -> None:
    """The whole step."""
    mine = {file: said for file, said in case.stamps.items() if file.endswith(".cosig")}
    found: list[_Seen] = []
    open_: list[tuple[str, str, int]] = []
    for file, sequence in check_listed(case, 14, mine):
        match = _NAME.fullmatch(file)
        if match is not None:
            seen, why = _judge(case, int(match[1]), case.path(file), sequence)
            found += seen
            open_ += [] if why is None else [(why, case.path(file), sequence)]
    say_unbound(case, 14, inventory, (".cosig",))
    for why, name, sequence in open_:
        weight = Weight.REMARK if found else None
        case.report.find(14, "stamp-not-checked", why, file=name, sequence=sequence, weight=weight)
    _conclude(case, found, bool(mine))


def _judge(case: Case, size: int, name: str, sequence: int) -> tuple[list[_Seen], str | None]:
    """The good cosignatures in one file, or why there are none."""
    witnesses = case.policy.cosigners.witnesses if case.policy.cosigners is not None else ()
    if not witnesses:
        return [], "no witness is known here (--policy FILE)"
    checkpoint = case.path(f"log/checkpoints/{size}")
    try:
        text = open_note(read(case.evidence, checkpoint)).text
        lines = parse_lines(read(case.evidence, name, MAX_COSIGNATURES), text)
        found = [(witness.name, moment) for witness in witnesses for moment in _moments(witness, lines, text)]
    except ProofError as error:
        case.report.find(14, "cosignature-bad", error.message, file=name, sequence=sequence)
        return [], None
    except (FormatError, AlgorithmMissingError) as error:
        return [], f"not checked: {error}"
    except MissingError:
        return [], f"{checkpoint} is missing"
    except ArchiverError as error:
        case.blame(14, error, "file-unreadable", name)
        return [], None
    if not found:
        return [], "it is by no witness that is known here"
    if size not in case.extended:
        return [], "it holds, but its checkpoint was not shown to be one of this log (step 7)"
    seen = [_Seen(witness, size, moment) for witness, moment in found]
    if case.policy.at is not None:
        late = [item for item in seen if item.moment > case.policy.at]
        seen = [item for item in seen if item not in late]
        for item in late:
            message = f"it holds, and was made at {spell(item.moment)}, after {spell(case.policy.at)}: not counted"
            case.report.find(14, "stamp-later", message, file=name, sequence=sequence)
    return seen, None


def _moments(witness: Witness, lines: Sequence[SignatureLine], text: bytes) -> list[datetime]:
    found = []
    for _, _, seconds in good_lines(lines, [witness.key], text):
        try:
            found.append(datetime.fromtimestamp(seconds, UTC))
        except (ValueError, OverflowError, OSError):
            raise FormatError(f"{witness.name} gives a time that no calendar has") from None
    return found


def _conclude(case: Case, found: list[_Seen], any_listed: bool) -> None:
    step, policy = case.report.steps[14], case.policy.cosigners
    if not any_listed:
        step.empty, step.summary = True, "no manifest lists a cosignature"
        return
    newest: dict[str, _Seen] = {}
    for item in found:
        best = newest.get(item.witness)
        if best is None or (item.size, item.moment) > (best.size, best.moment):
            newest[item.witness] = item
    case.report.anchors += [
        f"witness {item.witness}: saw {item.size} manifests at {spell(item.moment)}" for item in newest.values()
    ]
    if not newest:
        step.skipped = "no cosignature counts here"
        return
    assert policy is not None
    sizes = sorted({item.size for item in newest.values()}, reverse=True)
    covered = next((s for s in sizes if policy.is_met([i.witness for i in newest.values() if i.size >= s])), None)
    who = ", ".join(list(newest)[:SHOWN]) + (f" and {len(newest) - SHOWN} more" if len(newest) > SHOWN else "")
    if covered is None:
        message = f"seen by {who}, which is no quorum of the policy ({policy.quorum})"
        case.report.find(14, "cosignature-partial", message)
        return
    step.summary = f"{covered} manifests were seen by {who}" + (": a quorum" if policy.quorum else "")
    left = uncovered(case, covered)
    if left:
        case.report.find(14, "cosignature-partial", f"{step.summary}; number {left[0]} and later by no quorum")
