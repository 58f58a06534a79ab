"""The link from an archive to the one that it continues: genesis names the last checkpoint of that one.

It is written where a log cannot go on: its key is lost, or all that is left is an old copy. Nothing in the new archive
proves the old one; whoever has that checkpoint, or verified the old archive on this machine, can follow the link.
"""

from __future__ import annotations

from archiver import digest
from archiver.verify.case import Case
from archiver.verify.identity import short
from archiver.verify.policy import KnownCheckpoint


def follow(case: Case) -> list[KnownCheckpoint]:
    """Compare the link, if there is one, with the checkpoints that are known; those that are the old archive's."""
    link = case.continues
    if link is None:
        return []
    name = case.evidence.manifest_name(0)
    what = f"continues archive {short(link.archive)} from its {link.size} manifests"
    same = [k for k in case.policy.known if k.size == link.size and digest.spell(k.root) == link.root]
    theirs = [k for k in case.policy.known if k.archive == link.archive and k not in same]
    forked = next((known for known in theirs if known.size == link.size), None)
    if forked is not None:
        case.report.find(7, "continues-differs", f"{what}, and {forked.source} has another root", file=name)
    elif same:
        case.report.find(7, "continues", f"{what}: {same[0].source} is that checkpoint", file=name)
    else:
        later = next((known for known in theirs if known.size > link.size), None)
        grown = f"; {later.source} counts {later.size}" if later is not None else ""
        case.report.find(7, "continues-not-checked", f"{what}, which is not known here{grown}", file=name)
    return [*same, *theirs]
