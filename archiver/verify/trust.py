"""Step 15: whether the signing keys are believed."""

from __future__ import annotations

from archiver.verify.case import Case
from archiver.verify.keys import Disowned

SHOWN = 10  # signers that the step's one line names


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
