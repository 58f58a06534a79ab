"""Steps 1 and 8: which files are there, which should be; and whether trust/ says what the key events say."""

from __future__ import annotations

from archiver.errors import ArchiverError, MissingError
from archiver.evidence import read
from archiver.signing.allowed_signers import encode_for
from archiver.verify.case import Case
from archiver.verify.layout import ALLOWED_SIGNERS, LOG_VKEY, Class, classify, sequence_of


class Inventory:
    """The names of an archive folder by class; objects are counted, not kept, until step 9 asks for them."""

    def __init__(self, case: Case) -> None:
        self.by_class: dict[Class, list[str]] = {}
        for name in case.evidence.names():
            self.by_class.setdefault(classify(name), []).append(name)

    def names(self, kind: Class) -> list[str]:
        """Names of one class, in byte order."""
        return self.by_class.get(kind, [])


def check_files(case: Case, inventory: Inventory) -> None:
    """Step 1 for a folder, as far as names tell; steps 4 to 9 read the files."""
    step = case.report.steps[1]
    step.checked = sum(len(names) for names in inventory.by_class.values())
    for name in inventory.names("unknown"):
        case.report.find(1, "file-unknown", "belongs to no part of an archive", file=name)
    for name in inventory.names("litter"):
        case.report.find(1, "file-litter", "is left by the operating system", file=name)
    for name in inventory.names("unbound"):
        case.report.find(1, "file-unbound", "is not bound by any signature", file=name)
    if inventory.names("quarantine"):
        message = f"{len(inventory.names('quarantine'))} files were set aside by a repair"
        case.report.find(1, "quarantine", message, file="quarantine/")
    step.summary = f"{step.checked} files, each of a known kind"


def check_chain_names(case: Case, inventory: Inventory) -> None:
    """Step 4 for a folder: no manifest or signature beyond the checkpoint, none at a place of its own."""
    assert case.checkpoint is not None
    size = case.checkpoint.size
    for name in inventory.names("chain"):
        base = name.split(".json")[0].removesuffix(".new.sig") + ".json"
        sequence = sequence_of(base)
        if sequence is None:
            case.report.find(1, "file-unknown", "is not where a manifest of that number stands", file=name)
        elif sequence >= size:
            case.report.find(4, "manifest-beyond", f"the checkpoint counts {size} manifests", file=name, sequence=sequence)
        elif name.endswith(".new.sig") and case.events.get(sequence) != "key":
            case.report.find(1, "file-unknown", "a second signature that this event does not have", file=name)
        elif name.rpartition(".sig.")[1] and not (sequence == 0 and name.endswith(".sig.1")):
            case.report.find(1, "file-unbound", "a countersignature: nothing binds it", file=name)


def check_trust(case: Case) -> None:
    """Step 8. The two derived files must be exactly what the chain's key events give."""
    step = case.report.steps[8]
    if case.keys is None:
        step.skipped = "without a good genesis the keys are unknown"
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
        except MissingError:
            case.report.find(8, "trust-missing", "is missing", file=name)
        except ArchiverError as error:
            case.report.find(8, "trust-differs", error.message, file=name)
    step.summary = "allowed_signers and log.vkey agree with the key events"
