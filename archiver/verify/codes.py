"""Every code that a finding can carry: its weight, what it means and what to do.

The table in docs/formats/verify-report.md is this one; a test compares them. Codes are never reused for something else.
"""

from __future__ import annotations

from typing import NamedTuple


class Code(NamedTuple):
    """Weight is a value of report.Weight."""

    weight: str
    meaning: str
    advice: str


_RESTORE = "Compare with a backup or a bundle made earlier; do not repair by hand."

CODES: dict[str, Code] = {
    # step 1
    "file-unknown": Code(
        "failed", "a file that belongs to no part of the format", "Find out who put it there; move it away."
    ),
    "file-missing": Code("failed", "a file that must be there is not", _RESTORE),
    "file-litter": Code("remark", "a file that the operating system leaves behind", "May be deleted."),
    "file-unbound": Code(
        "remark", "nothing signed binds this file: it may change unnoticed", "Do not rely on it as evidence."
    ),
    "quarantine": Code(
        "remark", "a repair set files aside that nothing vouches for", "Look at quarantine/; they are no evidence."
    ),
    "file-unreadable": Code("failed", "a file could not be read", "Check the disk and the permissions."),
    # step 2
    "genesis-missing": Code("failed", "the first manifest, which names the archive and its keys, is missing", _RESTORE),
    "genesis-bad": Code(
        "failed", "the first manifest does not hold together, or a key that it names did not sign it", _RESTORE
    ),
    "genesis-newer": Code("not checked", "the first manifest is of a later version", "Verify with a newer archiver."),
    # step 3
    "checkpoint-missing": Code("failed", "there is no checkpoint", _RESTORE),
    "checkpoint-bad": Code(
        "failed", "the checkpoint is malformed, or not signed by every key that the log has at this size", _RESTORE
    ),
    "checkpoint-unknown": Code(
        "not checked",
        "the checkpoint is signed by keys that this program cannot know: they follow a manifest of a later version",
        "Verify with a newer archiver.",
    ),
    "log-handover": Code(
        "failed",
        "the log's key was replaced, and no checkpoint over that event is signed by the old key too",
        "Treat the log after that event as somebody else's, unless its owner can show such a checkpoint.",
    ),
    "checkpoint-line-unknown": Code(
        "remark", "a signature line by an unknown key: nothing binds it", "Give its key in trust/policy if you know it."
    ),
    "mldsa-not-checked": Code(
        "not checked",
        "the post-quantum signature could not be checked by this build",
        "Use a newer cryptography library.",
    ),
    # step 4
    "manifest-missing": Code("failed", "a manifest that the checkpoint counts is missing", _RESTORE),
    "manifest-bad": Code("failed", "a manifest is not in its one spelling", _RESTORE),
    "manifest-changed": Code(
        "failed",
        "a manifest is not what was signed, and the log's entry bundle still holds the bytes that were",
        "Find out who changed it; the bytes in the entry bundle are the good ones.",
    ),
    "manifest-newer": Code("not checked", "a manifest of a later version", "Verify with a newer archiver."),
    "manifest-link": Code("failed", "a manifest does not name the one before it", _RESTORE),
    "manifest-place": Code("failed", "a manifest stands at another place than it says", _RESTORE),
    "manifest-beyond": Code(
        "failed",
        "a manifest that no checkpoint covers",
        "Run any writing command to repair after a crash; else find out who put it there.",
    ),
    "link-not-checked": Code(
        "remark",
        "the neighbour that a manifest names is not in this bundle",
        "The log's inclusion proof binds it all the same.",
    ),
    "subject-unknown": Code("failed", "a manifest speaks about one that is not there, or of the wrong kind", _RESTORE),
    # step 5
    "signature-missing": Code("failed", "a manifest has no signature", _RESTORE),
    "signature-bad": Code("failed", "a signature does not hold", _RESTORE),
    "key-event-bad": Code(
        "failed",
        "a key event does not hold together, or a key that it brings in did not sign it: it changes nothing",
        "Treat what the new key signed as forged.",
    ),
    "signer-inactive": Code(
        "failed", "signed by a key that was not active at this place in the log", "Treat as forged."
    ),
    "signature-disowned": Code(
        "disowned",
        "signed by a key at or beyond the size that its revocation still trusts",
        "Look for a time stamp before the theft.",
    ),
    "keys-unknown": Code(
        "not checked",
        "the keys in force are unknown after a manifest of a later version",
        "Verify with a newer archiver.",
    ),
    "keys-hidden": Code("failed", "the newest key event that a manifest names is missing or another one", _RESTORE),
    "later-unknown": Code(
        "not checked",
        "the checkpoint's last manifest is not in this bundle: a key event before it could be hidden",
        "Ask for a bundle that holds it.",
    ),
    # step 6
    "log-root": Code("failed", "the manifests do not give the root that the checkpoint signs", _RESTORE),
    "tile-bad": Code(
        "failed", "a tile or entry bundle differs from what the manifests give, or covers more than there is", _RESTORE
    ),
    "tile-missing": Code("failed", "a tile or entry bundle is missing", _RESTORE),
    "proof-bad": Code("failed", "an inclusion proof does not hold", _RESTORE),
    "proof-missing": Code("failed", "a manifest of the bundle has no inclusion proof", _RESTORE),
    # step 7
    "history-forked": Code(
        "failed",
        "an older checkpoint is not extended by the newest: history was rewritten",
        "Keep both checkpoints: they prove it.",
    ),
    "history-shrunk": Code(
        "failed",
        "the log is smaller than a checkpoint seen before: entries were removed or an old copy restored",
        "Find the newer copy.",
    ),
    "history-bad": Code("failed", "an older checkpoint is malformed or badly signed", _RESTORE),
    "history-gap": Code(
        "remark",
        "a partial tile says that there was a checkpoint of this size, and it is not here",
        "Look for it in a backup: whoever holds it can compare it with this log.",
    ),
    "history-disowned": Code(
        "remark",
        "an older checkpoint was signed by a log key at a size that its revocation no longer trusts",
        "It agrees with this log, and proves nothing by itself.",
    ),
    "since-not-checked": Code(
        "not checked",
        "the given checkpoint could not be compared with what is here",
        "Ask for a consistency proof, or for the archive.",
    ),
    "continues": Code(
        "remark",
        "the archive that this one continues is known, and its checkpoint is the one that genesis names",
        "Verify that archive too.",
    ),
    "continues-not-checked": Code(
        "not checked",
        "this archive continues another one, whose checkpoint is not known here",
        "Verify that archive on this machine, or give its checkpoint of that size: --since FILE.",
    ),
    "continues-differs": Code(
        "failed",
        "genesis names another end of the archive that it continues than the one that is known",
        "One of the two was rewritten: keep both, and ask whoever keeps them.",
    ),
    # step 8
    "trust-differs": Code(
        "failed",
        "a derived trust file does not say what the chain's key events say",
        "Delete it and run any writing command.",
    ),
    "trust-missing": Code("failed", "a derived trust file is missing", "Run any writing command."),
    # step 9
    "object-missing": Code("failed", "an object that a manifest names is missing", _RESTORE),
    "object-changed": Code("failed", "an object's bytes are not those that were sealed", _RESTORE),
    "object-size": Code("failed", "an object has another size than sealed", _RESTORE),
    "object-unreferenced": Code(
        "failed",
        "an object that no manifest names",
        "A crash may have left it: run any writing command; else find out who put it there.",
    ),
    "object-taken-down": Code(
        "not checked", "an object was removed on purpose; a signed manifest says so", "Ask the owner for the reason."
    ),
    "object-still-here": Code(
        "remark",
        "an object is here although a signed manifest says that it was removed",
        "A crash or a restored backup left it: run the same archiver takedown again.",
    ),
    "object-withheld": Code(
        "not checked", "an object that a manifest names is not in this bundle", "Ask for the whole."
    ),
    "object-in-part": Code(
        "not checked",
        "parts of an object are here, and proven; the others are withheld",
        "Ask for the whole, if what is missing matters.",
    ),
    "parts-bad": Code(
        "failed",
        "parts of an object are not what was sealed, or their proof does not hold",
        "Ask for the bundle again.",
    ),
    "object-unreadable": Code("failed", "an object could not be read", "Check the disk; restore from a backup."),
    # steps 10 to 12
    "warc-bad": Code(
        "failed", "the stored exchanges are not a WARC that archiver writes", "Treat the snapshot as unproven."
    ),
    "warc-digest": Code(
        "failed",
        "a WARC record's block does not have the digest that its header gives",
        "Treat the snapshot as unproven.",
    ),
    "segments-root": Code(
        "failed", "the WARC's segments do not give the root in the manifest", "Treat the snapshot as unproven."
    ),
    "facts-bad": Code("failed", "the facts are malformed", "Treat the snapshot as unproven."),
    "facts-differ": Code(
        "failed", "the facts say something else than the stored exchanges", "Believe the exchanges, not the facts."
    ),
    "facts-newer": Code("not checked", "facts or records of a later version", "Verify with a newer archiver."),
    "source-differs": Code(
        "failed", "the body that was read is not the one in the stored exchanges", "Treat the reading as unproven."
    ),
    "source-not-checked": Code("not checked", "the body could not be decoded here", "Install what the message names."),
    "text-bad": Code("failed", "the page text object is malformed", "Treat the reading as unproven."),
    "text-differs": Code(
        "failed", "the page text is not the projection of the stored bytes", "Treat the reading as unproven."
    ),
    "statements-bad": Code("failed", "the statement records are malformed", "Treat the reading as unproven."),
    "statements-root": Code(
        "failed", "the statement lines do not give the root in the manifest", "Treat the reading as unproven."
    ),
    "statement-differs": Code(
        "failed",
        "a statement's words are not in the stored bytes at its anchor",
        "The statement is fabricated or corrupted.",
    ),
    "statement-unanchored": Code(
        "remark",
        "a statement's words stand in the page text, and have no one place in the bytes",
        "Nothing: the page text was derived again from the stored bytes.",
    ),
    "statement-rendered": Code(
        "remark",
        "statements stand in the document that the collector's browser made by running the page's scripts",
        "See which of them the server sent in the page; for the others look into what its scripts asked for.",
    ),
    "verdicts-bad": Code(
        "failed", "the verdicts of a recheck are malformed, or on other statements", "Treat the recheck as unproven."
    ),
    "verdict-differs": Code(
        "failed",
        "a verdict says something of the page's words, and the stored bytes say otherwise",
        "Believe the stored bytes: compare the two captures with archiver diff.",
    ),
    "source-unnamed": Code(
        "not checked",
        "the body that was read is among the sealed parts; the header that names its exchange is withheld",
        "Ask for the whole, if it matters from which exchange it came.",
    ),
    "statements-in-part": Code(
        "remark",
        "some statements of a reading are here, each proven; of the others nothing is known but how many",
        "Nothing.",
    ),
    "content-not-checked": Code(
        "not checked", "what is needed to re-derive this is withheld, taken down or missing", "Ask for the whole."
    ),
    "not-before-claimed": Code(
        "remark",
        "a capture carries a value that it says was new: it was made after that became public",
        "Look up at the source when that was.",
    ),
    # steps 13 to 16
    "stamp-missing": Code("failed", "a time stamp or cosignature that a manifest lists is missing", _RESTORE),
    "stamp-changed": Code("failed", "a time stamp or cosignature is not the one that a manifest lists", _RESTORE),
    "stamp-bad": Code(
        "failed",
        "a time stamp does not hold: over other bytes, badly signed, or by an ended certificate",
        "Do not rely on it; another stamp may bound the time.",
    ),
    "stamp-partial": Code(
        "not checked",
        "the newest manifests are covered by no verified time stamp",
        "Stamp the log (archiver timestamp).",
    ),
    "stamp-later": Code("remark", "a time stamp was made after the moment that was asked for", "Nothing."),
    "stamp-before-claim": Code(
        "remark",
        "a manifest claims a later time than a stamp that covers it: a clock was wrong, or lied",
        "Believe the stamp, not the manifest's own time.",
    ),
    "stamp-not-checked": Code(
        "not checked",
        "a time stamp or cosignature is here, and could not be verified",
        "Pin the authority's root (--tsa-root FILE), or verify it with openssl ts.",
    ),
    "cosignature-bad": Code(
        "failed",
        "a line by a witness of the policy does not hold over its checkpoint",
        "Ask the witness what it saw; do not rely on the line.",
    ),
    "cosignature-partial": Code(
        "not checked",
        "no quorum of the policy's witnesses saw all of this log",
        "Ask them: archiver witness ask.",
    ),
    "stamp-unbound": Code("remark", "a time stamp that no manifest lists yet", "The next stamp event will list it."),
    "signer-unconfirmed": Code(
        "not checked",
        "the signing key is this archive's own claim",
        "Compare its fingerprint out of band, then: archiver trust add FINGERPRINT --as NAME",
    ),
    "bundle-signature": Code(
        "failed", "the exporter's signature over the bag is missing or does not hold", "Ask for the bundle again."
    ),
    "bundle-file": Code("failed", "a file of the bundle is missing, added or changed", "Ask for the bundle again."),
    "bundle-rendered": Code(
        "failed", "README or report say something else than the evidence gives", "Believe the evidence, not the page."
    ),
    "bundle-renderer": Code(
        "not checked",
        "README and report were rendered by another version",
        "Compare them with the evidence by eye, or use that version.",
    ),
}

# Of other tools' files (docs/formats/foreign.md).
FOREIGN: dict[str, Code] = {
    "container-bad": Code(
        "failed", "a zip or folder that is damaged, or that programs would read in different ways", "Ask for it again."
    ),
    "file-unlisted": Code(
        "failed", "a file that the package does not list", "Do not rely on it; find out who put it there."
    ),
    "file-elsewhere": Code(
        "not checked", "a file that the package says is to be fetched from elsewhere", "Ask for the whole."
    ),
    "list-bad": Code("failed", "the package's own list of files is missing or malformed", "Ask for it again."),
    "list-differs": Code("failed", "parts of the package contradict each other", "Ask for it again."),
    "list-odd": Code("remark", "the package is written otherwise than its specification says", "Nothing."),
    "signature-absent": Code(
        "not checked",
        "nothing is signed: whoever has the file can change it and its list of digests",
        "Compare its digest with one that came from elsewhere.",
    ),
    "signature-unbound": Code(
        "failed", "a signature is there, and it is not over what is here", "Treat the package as unsigned and changed."
    ),
    "signature-unknown": Code(
        "not checked", "a signature of a kind that is not known here", "Verify it with the tool that made it."
    ),
    "certificate-bad": Code(
        "failed", "the certificates of the signer do not hold together", "Believe no name that they give."
    ),
    "file-changed": Code(
        "failed", "a file does not have the digest or size that the package's list gives", "Ask for it again."
    ),
    "digest-weak": Code(
        "remark",
        "only digests by MD5 or SHA-1: they show damage, and can be got round by who made the file",
        "Ask for SHA-256.",
    ),
    "digest-unknown": Code("not checked", "a digest of an unknown kind or spelling", "Ask for SHA-256."),
    "digest-absent": Code("not checked", "a record without a digest of its own", "Compare the file's digest instead."),
    "warc-damaged": Code("failed", "a WARC cannot be read to its end", "Ask for it again."),
    "warc-odd": Code("remark", "a WARC is written otherwise than its standard says", "Nothing."),
    "index-bad": Code("failed", "a line of an index is malformed", "Do not rely on replaying it."),
    "index-differs": Code(
        "failed", "an index says something else than the WARC: a replay would show the wrong thing", "Read the WARC."
    ),
    "index-odd": Code("remark", "an index is written otherwise than usual", "Nothing."),
    "index-lacks": Code(
        "remark", "a WARC holds responses that no index lists: a replay does not show them", "Read the WARC."
    ),
    "import-differs": Code(
        "failed", "what an import says that was received is not what is there", "Treat the import as unproven."
    ),
    "replay-differs": Code(
        "failed",
        "a package shows a record that the bundle in it does not hold",
        "Believe the bundle: take evidence/bundle.zip out, and look at that.",
    ),
    "replay-headers": Code(
        "not checked",
        "a package shows records whose WARC headers are withheld in the bundle, so that no cookie can be guessed",
        "Compare address and time with what the bundle's own facts say.",
    ),
    "page-absent": Code("not checked", "a page is listed of which no response is in the package", "Ask for the whole."),
}
CODES.update(FOREIGN)
