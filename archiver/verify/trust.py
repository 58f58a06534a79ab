"""Steps 13 to 15: time stamps, witnesses, and whether the signing keys are believed."""

from __future__ import annotations

from archiver import digest
from archiver.errors import ArchiverError
from archiver.verify.case import Case
from archiver.verify.files import Inventory
from archiver.verify.keys import Disowned
from archiver.verify.layout import classify

SHOWN = 10  # signers that the step's one line names


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
    names = confirmed(case)
    for fingerprint in case.signed_by:
        name = names.get(fingerprint)
        case.report.signers[fingerprint] = name
        step.checked += 1
        if name is None:
            case.report.find(15, "signer-unconfirmed", f"{fingerprint} is confirmed by nobody here")
    if not case.signed_by:
        step.skipped = "no manifest has a good signature"
    known = [f"{name} ({fingerprint})" for fingerprint, name in case.report.signers.items() if name]
    step.summary = (
        "signed by " + ", ".join(known[:SHOWN]) + (f" and {len(known) - SHOWN} more" if known[SHOWN:] else "")
    )


def confirmed(case: Case) -> dict[str, str]:
    """The keys that are believed, with the names under which they are: given by the policy, or handed on by a believed
    key. A key event speaks for the key that it admits, as long as it is not disowned itself."""
    if case.keys is None:
        return {}
    disowned: dict[str, list[Disowned]] = {}
    for item in case.keys.disowned():
        disowned.setdefault(item.fingerprint, []).append(item)
    names: dict[str, str] = {}
    roots: dict[str, str] = {}
    for fingerprint in case.keys.in_order():
        name = case.policy.confirmed_as(fingerprint, case.archive)
        if name is not None:
            names[fingerprint] = roots[fingerprint] = name
            continue
        sponsor = case.keys.sponsor(fingerprint)
        if sponsor is not None and sponsor[1] in roots:
            event, by = sponsor
            if not any(item.covers(event) for item in disowned.get(by, ())):
                roots[fingerprint] = roots[by]
                names[fingerprint] = f"{roots[by]}, through number {event}"
    return names
