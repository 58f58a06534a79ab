"""Steps 1 and 8: which files are there, which should be; and whether trust/ says what the key events say."""

from __future__ import annotations

from array import array
from bisect import bisect_left

from archiver.errors import ArchiverError
from archiver.evidence import read
from archiver.signing.allowed_signers import encode_for
from archiver.verify.case import Case
from archiver.verify.layout import ALLOWED_SIGNERS, LOG_VKEY, Class, classify, manifest_path, sequence_of
from archiver.verify.report import Weight


class Inventory:
    """The names of an archive folder by class. Manifests and their signatures, as a rule most, are kept as numbers."""

    def __init__(self, case: Case) -> None:
        self.by_class: dict[Class, list[str]] = {}
        self.manifests: array[int] = array("Q")
        self.signatures: array[int] = array("Q")
        self.count = 0
        self._bases: dict[str, int] = {}
        for name in case.evidence.names():
            self.count += 1
            if name.startswith("chain/") and self._take_chain(name):
                continue
            self.by_class.setdefault(classify(name), []).append(name)
        for numbers in (self.manifests, self.signatures):
            if any(numbers[at] > numbers[at + 1] for at in range(len(numbers) - 1)):
                numbers[:] = array("Q", sorted(numbers))

    def _take_chain(self, name: str) -> bool:
        folder, _, last = name.rpartition("/")
        base = self._bases.get(folder)
        if base is None:  # the numbers of one folder differ in three digits
            sequence = sequence_of(folder + "/000.json")
            base = self._bases[folder] = -1 if sequence is None else sequence
        number, suffix = last[:3], last[3:]
        if suffix not in (".json", ".json.sig") or base < 0 or not (number.isascii() and number.isdigit()):
            return False
        (self.manifests if suffix == ".json" else self.signatures).append(base + int(number))
        return True

    def names(self, kind: Class) -> list[str]:
        """Names of one class, in byte order; of "chain" only those that are neither manifest nor first signature."""
        return self.by_class.get(kind, [])

    def before(self, size: int | None) -> array[int]:
        """The numbers of the manifests that a checkpoint of that size could cover; None: all."""
        return self.manifests if size is None else self.manifests[: bisect_left(self.manifests, size)]


def check_files(case: Case, inventory: Inventory) -> None:
    """Step 1 for a folder, as far as names tell; steps 4 to 9 read the files. After step 4: a later version of the
    format may have files that this one does not know."""
    step = case.report.steps[1]
    step.checked = inventory.count
    for name in inventory.names("unknown"):
        message, weight = "belongs to no part of an archive", None
        if case.newer:
            message, weight = message + " that this version knows", Weight.NOT_CHECKED
        case.report.find(1, "file-unknown", message, file=name, weight=weight)
    for name in inventory.names("litter"):
        case.report.find(1, "file-litter", "is left by the operating system", file=name)
    for name in inventory.names("unbound"):
        case.report.find(1, "file-unbound", "is not bound by any signature", file=name)
    for name in inventory.names("quarantine"):
        case.report.find(1, "quarantine", "was set aside by a repair", file=name)
    step.summary = f"{step.checked} files, each of a known kind"


def check_chain_names(case: Case, inventory: Inventory) -> None:
    """Steps 1 and 4 for a folder whose size is known: no manifest or signature beyond it, none missing, no second
    signature but those of genesis and of key events."""
    assert case.checkpoint is not None
    size = case.checkpoint.size
    _check_missing(case, size)
    for numbers, suffix in ((inventory.manifests, ""), (inventory.signatures, ".sig")):
        for sequence in numbers[bisect_left(numbers, size) :]:
            _beyond(case, manifest_path(sequence) + suffix, sequence)
    for name in inventory.names("chain"):
        base, _, suffix = name.partition(".json")
        number = sequence_of(base + ".json")
        if number is None:
            case.report.find(1, "file-unknown", "is not where a manifest of that number stands", file=name)
        elif number >= size:
            _beyond(case, name, number)
        elif suffix == ".new.sig" and number not in case.countersigned:
            case.report.find(1, "file-unknown", "is a second signature that this event does not have", file=name)
        elif suffix != ".new.sig" and (number, suffix) != (0, ".sig.1"):
            case.report.find(1, "file-unbound", "is a countersignature: nothing binds it", file=name)


def _beyond(case: Case, name: str, sequence: int) -> None:
    assert case.checkpoint is not None
    message = f"the checkpoint counts {case.checkpoint.size} manifests"
    case.report.find(4, "manifest-beyond", message, file=name, sequence=sequence)


def check_gaps(case: Case) -> None:
    """Step 4 for a folder whose size is unknown: a number below the highest that is here is missing all the same."""
    _check_missing(case, case.sequences[-1] + 1 if case.sequences else 0)


def _check_missing(case: Case, size: int) -> None:
    """One finding for each missing manifest, but a long gap is told in one: a checkpoint may claim any size."""
    expected = 0
    for sequence in (*sorted({*case.sequences, *case.absent}), size) if case.absent else (*case.sequences, size):
        gap = sequence - expected
        case.incomplete = case.incomplete or gap > 0
        for missing in range(expected, sequence if gap <= 100 else expected + 1):
            name = case.evidence.manifest_name(missing)
            message = "is missing" if gap <= 100 else f"is missing, and so are the {gap - 1} after it"
            case.report.find(4, "manifest-missing", message, file=name, sequence=missing)
        expected = sequence + 1


def check_trust(case: Case) -> None:
    """Step 8. The two derived files must be exactly what the chain's key events give."""
    step = case.report.steps[8]
    if case.keys is None:
        step.skipped = "without a good genesis the keys are unknown"
        return
    if case.keys.unknown_from is not None:
        step.skipped = f"the keys in force are unknown after number {case.keys.unknown_from}"
        return
    if case.incomplete:
        step.skipped = "not every manifest could be read, and one that could not may be a key event"
        return
    signers = [case.keys.lines[fingerprint] for fingerprint in case.keys.signers]
    wanted = {
        ALLOWED_SIGNERS: encode_for(signers),
        LOG_VKEY: "".join(key.spell() + "\n" for key in case.keys.log).encode(),
    }
    for short_name, data in wanted.items():
        name = case.path(short_name)
        try:
            if read(case.evidence, name) != data:
                case.report.find(8, "trust-differs", "differs from the key events of the chain", file=name)
            step.checked += 1
        except ArchiverError as error:
            case.blame(8, error, "trust-differs", name, "trust-missing")
    step.summary = "allowed_signers and log.vkey agree with the key events"
