"""Steps 13 to 15: time stamps, witnesses, and whether the signing keys are believed."""

from __future__ import annotations

from archiver import digest
from archiver.errors import ArchiverError
from archiver.verify.case import Case
from archiver.verify.files import Inventory
from archiver.verify.layout import classify


def check_stamps(case: Case, inventory: Inventory | None) -> None:
    """Steps 13 and 14: the files that stamp events list are here unchanged. Their contents are not judged yet."""
    here = set(inventory.names("stamp")) if inventory is not None else set()
    for file, (wanted, size, sequence) in sorted(case.stamps.items()):
        number = 14 if file.endswith(".cosig") else 13
        name = case.path(file)
        here.discard(name)
        if classify(file) != "stamp":
            message = f"number {sequence} lists a file that is no stamp"
            case.report.find(number, "stamp-changed", message, file=name, sequence=sequence)
            continue
        try:
            with case.evidence.open(name) as stream:
                found, length = digest.of_stream(stream)
        except ArchiverError as error:
            case.blame(number, error, "stamp-changed", name, "stamp-missing")
            continue
        if (found, length) != (wanted, size):
            message = f"is not what number {sequence} lists"
            case.report.find(number, "stamp-changed", message, file=name, sequence=sequence)
        case.report.steps[number].checked += 1
    for name in sorted(here):
        number = 14 if name.endswith(".cosig") else 13
        case.report.find(number, "stamp-unbound", "is listed by no manifest", file=name)
    for number, what in ((13, "time stamp"), (14, "cosignature")):
        step = case.report.steps[number]
        if step.checked:
            message = f"{step.checked} {what} files are as listed; what they say is not verified by this version"
            case.report.find(number, "stamp-not-checked", message)
        else:
            step.empty, step.summary = True, f"no manifest lists a {what}"


def check_signer(case: Case) -> None:
    """Step 15: keys found inside an archive or bundle are their own claim until somebody compared them."""
    step = case.report.steps[15]
    for fingerprint in case.signed_by:
        name = confirmed_as(case, fingerprint)
        case.report.signers[fingerprint] = name
        step.checked += 1
        if name is None:
            case.report.find(15, "signer-unconfirmed", f"{fingerprint} is confirmed by nobody here")
    if not case.signed_by:
        step.skipped = "no manifest has a good signature"
    step.summary = "signed by " + ", ".join(
        f"{name} ({fingerprint})" for fingerprint, name in case.report.signers.items() if name
    )


def confirmed_as(case: Case, fingerprint: str) -> str | None:
    """The name under which a signer is believed: given by the policy, or handed on by a key that is believed. A key
    event speaks for the key that it admits, as long as what its own signer signed there is not disowned."""
    assert case.keys is not None
    path: list[int] = []
    while fingerprint:
        name = case.policy.confirmed_as(fingerprint, case.archive)
        if name is not None:
            return f"{name}, through number {', '.join(map(str, path))}" if path else name
        sponsor = case.keys.sponsor(fingerprint)
        if sponsor is None or case.keys.is_disowned(sponsor[1], sponsor[0]):
            return None
        path.append(sponsor[0])
        fingerprint = sponsor[1]
    return None
