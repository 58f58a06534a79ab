"""The one verifier: Evidence and Policy in, Report out. It never fetches, writes or opens a path.

Steps are numbered as in docs/formats/verify-report.md. The checkpoint (3) is judged after the chain (4, 5), because the
key events in it say which keys the log has; the names of files (1) once the size of the log is known. A step that
cannot be made says why, and the following ones go on with what there is.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor

from archiver.errors import ArchiverError
from archiver.evidence import Evidence
from archiver.verify import content, files, history, identity, log, objects, stamps, trust, walk, witnesses
from archiver.verify.case import Case, Progress, silent
from archiver.verify.files import Inventory
from archiver.verify.policy import MAY_BE_EMPTY, REQUIREMENTS, Policy
from archiver.verify.report import Outcome, Report
from archiver.verify.workers import Workers

LARGE = 8192  # manifests; from here on the processes are started while the names are listed
BundleStep = Callable[[Case], None]


def verify(
    evidence: Evidence,
    policy: Policy,
    *,
    jobs: int = 1,
    progress: Progress = silent,
    bundle_step: BundleStep | None = None,
    import_step: BundleStep | None = None,
    executor: Executor | None = None,
) -> Report:
    """Verify an archive or a bundle. Never raises for what the evidence is.

    `bundle_step` is steps 1 and 16 of a bundle (archiver.bundle.check). Work is spread over `executor` if one is given,
    else over `jobs` processes; `import_step` takes the pages of imports out of their files again
    (archiver.foreign.imported); `jobs` says how many tasks are wanted at once, so give it with an executor too.
    """
    report = Report(kind=evidence.kind, label=evidence.label, depth=policy.depth, required=policy.require)
    case = Case(evidence, policy, report, progress, max(1, jobs))
    try:
        with Workers(evidence, case.jobs, executor) as workers:
            _steps(case, workers, bundle_step, import_step)
    except ArchiverError as error:  # of what the steps cannot do without: the list of names, a process
        report.find(1, "file-unreadable", error.message, file=error.where)
    judge_requirements(report)
    return report


def _steps(case: Case, workers: Workers, bundle_step: BundleStep | None, import_step: BundleStep | None) -> None:
    identity.check_genesis(case)
    claimed = identity.read_checkpoint(case)
    if claimed is not None and claimed >= LARGE:
        workers.start()
    inventory = Inventory(case) if case.evidence.kind == "archive" else None
    if inventory is None and bundle_step is None:
        case.report.steps[1].skipped = "which files a bundle has was not looked at"
    if case.keys is None:
        for number in range(4, 13):
            case.report.steps[number].skipped = "needs a good first manifest"
    else:
        _check_log(case, workers, inventory, claimed)
        files.check_trust(case)
        _check_contents(case, workers, inventory)
        if case.policy.depth == "content" and "import" in case.events.values():
            (import_step or _say_unread)(case)
    if inventory is not None:
        files.check_files(case, inventory)
    if bundle_step is not None:
        bundle_step(case)
    else:
        step = case.report.steps[16]
        step.empty, step.summary = True, "this is not a bundle"
        if case.evidence.kind == "bundle":
            step.skipped = "the bag and its signature were not looked at"
    stamps.check_time_stamps(case, inventory)
    witnesses.check_witnesses(case, inventory)
    trust.check_signer(case)


def _check_log(case: Case, workers: Workers, inventory: Inventory | None, claimed: int | None) -> None:
    """Steps 3 to 7."""
    names = inventory.names("checkpoint") if inventory is not None else ()
    older = history.older_sizes(case, names)
    sizes = {*older, *(known.size for known in case.policy.known), claimed or 0}
    if inventory is not None:
        tiles = log.Tiles(case, inventory.names("tile"))
        walk.walk_chain(case, workers, inventory.before(claimed), tiles.entries, sizes)
    else:
        walk.walk_chain(case, workers, list(case.evidence.sequences()), (), sizes)
    identity.judge_checkpoint(case)
    if inventory is None:
        log.check_proofs(case)
        history.check_history(case, older, None)
        return
    log.check_root(case)
    log.check_tiles(case, tiles)
    history.check_history(case, older, tiles)
    if case.checkpoint is not None:
        files.check_chain_names(case, inventory)
    else:
        files.check_gaps(case)


def _say_unread(case: Case) -> None:
    message = "the pages of imports were not taken out of their files again"
    case.report.find(10, "content-not-checked", message)


def _check_contents(case: Case, workers: Workers, inventory: Inventory | None) -> None:
    depth, steps = case.policy.depth, case.report.steps
    if depth != "seal":
        objects.check_objects(case, workers, inventory)
    if depth == "content":
        content.check_content(case, workers)
    for number in (9, 10, 11, 12):
        if depth == "seal":
            steps[number].skipped = "not asked for: --depth seal looks at signatures and the log"
        elif depth == "objects" and number > 9:
            steps[number].skipped = "not asked for: --depth objects looks at digests"


def judge_requirements(report: Report) -> None:
    """Enter what was required and not shown."""
    for name in report.required:
        for number in REQUIREMENTS[name]:
            empty = report.steps[number].empty and number in MAY_BE_EMPTY.get(name, ())
            if report.outcome(number) is not Outcome.PASSED and not empty:
                report.unmet.append(name)
                break
