"""The one verifier: Evidence and Policy in, Report out. It never fetches, writes or opens a path.

Steps run in the order of their numbers, except that the names of files (1, 8) are judged once the keys and the size
of the log are known. A step that cannot be made says why, and the following ones go on with what there is.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor

from archiver.errors import StoreError
from archiver.evidence import Evidence
from archiver.verify import chain, content, files, identity, log, objects, trust
from archiver.verify.case import Case, Progress, silent
from archiver.verify.files import Inventory
from archiver.verify.policy import REQUIREMENTS, Policy
from archiver.verify.report import Outcome, Report

CHUNK = 512  # manifests a task of the process pool
BundleStep = Callable[[Case], None]


def verify(
    evidence: Evidence,
    policy: Policy,
    *,
    jobs: int = 1,
    progress: Progress = silent,
    bundle_step: BundleStep | None = None,
) -> Report:
    """Verify an archive or a bundle. `bundle_step` is steps 1 and 16 of a bundle (archiver.bundle.check)."""
    report = Report(kind=evidence.kind, label=evidence.label, depth=policy.depth, required=policy.require)
    case = Case(evidence, policy, report, progress, max(1, jobs))
    try:
        _steps(case, bundle_step)
    except StoreError as error:
        report.unreadable = True
        report.find(1, "file-unreadable", error.message, file=error.where)
    _judge_requirements(case)
    return report


def _steps(case: Case, bundle_step: BundleStep | None) -> None:
    report, policy = case.report, case.policy
    inventory = Inventory(case) if case.evidence.kind == "archive" else None
    if inventory is not None:
        files.check_files(case, inventory)
    identity.check_genesis(case)
    identity.check_checkpoint(case)
    if case.keys is None or case.checkpoint is None:
        for number in (4, 5, 6, 7, 8, 9, 10, 11, 12):
            report.steps[number].skipped = "needs a good genesis and checkpoint"
    else:
        older = log.older_sizes(case, inventory.names("checkpoint")) if inventory else {}
        _walk_chain(case, inventory, frozenset(older) | {k.size for k in policy.known})
        _check_log(case, inventory)
        log.check_history(case, older)
        files.check_trust(case)
        _check_contents(case, inventory)
    if bundle_step is not None:
        bundle_step(case)
    else:
        report.steps[16].skipped = "this is not a bundle"
    trust.check_stamps(case, inventory)
    trust.check_signer(case)


def _walk_chain(case: Case, inventory: Inventory | None, sizes: frozenset[int]) -> None:
    assert case.checkpoint is not None
    sequences = range(case.checkpoint.size) if inventory is not None else list(case.evidence.sequences())
    links: Iterable[chain.Link] = _examined(case, sequences)
    if inventory is not None:
        links = log.check_entries(case, links, frozenset(n for n in inventory.names("tile") if "/entries/" in n))
    for done, _ in enumerate(chain.join(case, links, sizes), 1):
        if done % CHUNK == 0:
            case.progress("manifests", done, len(sequences))
    case.progress("manifests", len(sequences), len(sequences))
    case.report.steps[4].summary = f"{len(sequences)} manifests, each in its place"
    case.report.steps[5].summary = f"{case.report.steps[5].checked} signatures by keys in force"


def _examined(case: Case, sequences: range | list[int]) -> Iterator[chain.Link]:
    if case.jobs == 1 or len(sequences) < 2 * CHUNK:
        for sequence in sequences:
            yield chain.examine(case.evidence, sequence)
        return
    with ProcessPoolExecutor(case.jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        chunks = [list(sequences[start : start + CHUNK]) for start in range(0, len(sequences), CHUNK)]
        window = 4 * case.jobs  # results waiting; bounds memory
        waiting = [pool.submit(_examine_many, case.evidence, chunk) for chunk in chunks[:window]]
        for following in range(window, len(chunks) + window):
            yield from waiting.pop(0).result()
            if following < len(chunks):
                waiting.append(pool.submit(_examine_many, case.evidence, chunks[following]))
            if not waiting:
                return


def _examine_many(evidence: Evidence, sequences: list[int]) -> list[chain.Link]:
    return [chain.examine(evidence, sequence) for sequence in sequences]


def _check_log(case: Case, inventory: Inventory | None) -> None:
    if inventory is None:
        log.check_proofs(case)
        return
    log.check_root(case)
    log.check_tiles(case, inventory.names("tile"))
    files.check_chain_names(case, inventory)


def _check_contents(case: Case, inventory: Inventory | None) -> None:
    depth = case.policy.depth
    if depth == "seal":
        for number in (9, 10, 11, 12):
            case.report.steps[number].skipped = "not asked for: --depth seal looks at signatures and the log"
        return
    objects.check_objects(case, inventory)
    if depth == "objects":
        for number in (10, 11, 12):
            case.report.steps[number].skipped = "not asked for: --depth objects looks at digests"
        return
    content.check_content(case)


def _judge_requirements(case: Case) -> None:
    for name in case.policy.require:
        steps = REQUIREMENTS[name]
        if any(case.report.outcome(number) is not Outcome.PASSED for number in steps):
            case.report.unmet.append(name)
