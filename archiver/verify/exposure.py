"""The table at the end of a report: for each attack, what was seen here that would have exposed it. Or nothing.

    backdating    numbers 0 to 41 existed before 2026-11-24T12:00:01Z, says tsa-one
    split view    nothing

It speaks of this verification alone: of what was here, held, and was believed by this policy. What would help (a
witness, a checkpoint that somebody remembered) and was not seen is not named.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from archiver.verify.report import Outcome, Report, TimeBound, Weight

SHOWN = 3  # time stamps that one row names


@dataclass(frozen=True, slots=True)
class Exposure:
    """One attack, in words; which steps found signs of it (numbers); and what would have exposed it, else empty."""

    attack: str
    meaning: str
    found_by: tuple[int, ...]
    exposed_by: tuple[str, ...]


def exposure(report: Report) -> tuple[Exposure, ...]:
    """The rows of the table; none for another tool's file, which has no log."""
    if report.foreign:
        return ()
    heavy = [
        (f.step, f.code) for f in report.findings if f.weight in (Weight.FAILED, Weight.DISOWNED) or f.code in _ODD
    ]
    return tuple(
        Exposure(
            attack,
            meaning,
            tuple(sorted({step for step, code in heavy if shows(code)})),
            tuple(seen(report)),
        )
        for attack, meaning, shows, seen in _ATTACKS
    )


def _passed(report: Report, words: dict[int, str]) -> list[str]:
    return [text for number, text in words.items() if report.outcome(number) is Outcome.PASSED]


def _tampering(report: Report) -> list[str]:
    return _passed(
        report,
        {5: "signatures of all manifests", 6: "the log's signed tree", 9: "digests of all objects"},
    )


def _removal(report: Report) -> list[str]:
    if report.kind == "bundle":  # a selection: what is not in it was perhaps never asked for
        return _passed(report, {5: "of key events alone: each manifest names the newest before it"})
    return _passed(report, {4: "numbers and links of the chain", 6: "the log's signed tree"})


def _truncation(report: Report) -> list[str]:
    """Only what came from outside of the evidence: what lies in it can be cut off with the rest."""
    return _passed(report, {7: "below the size of a checkpoint known from outside (step 7)"})


def _witnesses(report: Report) -> list[str]:
    return _passed(report, {14: "cosignatures of witnesses (step 14)"})


def _rewriting(report: Report) -> list[str]:
    outside = _passed(report, {7: "of what a checkpoint known from outside covers (step 7)"})
    stamps = [
        f"of what stands before number {bound.size}, later than {bound.time}: the time stamp by {bound.by} is over it"
        for bound in _best(report)
    ]
    return [*outside, *_witnesses(report), *stamps]


def _backdating(report: Report) -> list[str]:
    found = [f"what stands before number {b.size} existed before {b.time}, says {b.by}" for b in _best(report)]
    fresh = sum(finding.code == "not-before-claimed" for finding in report.findings)
    if fresh:
        found.append(f"a value that was public only from some moment on is in {fresh} of the captures, as they say")
    return [*found, *_witnesses(report)]


def _theft(report: Report) -> list[str]:
    """A stolen key signs as well as its owner. What is shown is what was there before: it cannot be a later thief's."""
    bounds = [f"of what stands before number {b.size}, after {b.time}, says {b.by}" for b in _best(report)]
    return [*bounds, *_witnesses(report)]


def _best(report: Report) -> list[TimeBound]:
    """Of each who stamped the bound that covers most, those that cover most first."""
    newest = {bound.by: bound for bound in report.times}
    return sorted(newest.values(), key=lambda bound: (-bound.size, bound.moment))[:SHOWN]


_ODD = frozenset({"stamp-before-claim"})  # a remark, and a sign
_FORKED = frozenset({"history-forked"})
_STOLEN = frozenset({"signature-disowned", "signer-inactive", "key-event-bad", "keys-hidden"})


def _is_change(code: str) -> bool:
    return not code.endswith("-missing") and not code.startswith(("history-", "stamp-", "cosignature-"))


_ATTACKS: tuple[tuple[str, str, Callable[[str], bool], Callable[[Report], list[str]]], ...] = (
    ("tampering", "something was changed after it was sealed", _is_change, _tampering),
    ("removal", "something was taken out of the middle", lambda code: code.endswith("-missing"), _removal),
    ("truncation", "the newest part was cut off", lambda code: code == "history-shrunk", _truncation),
    ("rewriting", "whoever holds the keys made another history", _FORKED.__contains__, _rewriting),
    ("split view", "different people are shown different logs", _FORKED.__contains__, _witnesses),
    ("backdating", "it was made later than it says", _ODD.__contains__, _backdating),
    ("key theft", "somebody else signed with the keys", _STOLEN.__contains__, _theft),
)
