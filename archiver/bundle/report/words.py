"""Plain words for what the records say in short: kinds of pages and statements, times, sizes, roles of objects."""

from __future__ import annotations

PAGE_KINDS = {
    "article": "an article",
    "page": "a page that can be read, but no article",
    "plain text": "a page of plain text",
    "not html": "a file that is not a web page",
    "not read": "sealed, but not read",
    "empty": "a page without text",
    "error": "an error page: not what was asked for",
    "redirect": "a redirection that was not followed: not what was asked for",
    "challenge": "a page that asks the visitor to prove to be human: not what was asked for",
    "consent wall": "a page that asks for consent before it shows anything",
    "paywall": "an article of which only the beginning is shown without payment",
    "soft 404": "a page that says “not found”, although the server reported success",
    "script only": "a page whose text is made by a script, which was not run",
}
EXPECTED_KINDS = frozenset({"article", "plain text", "not html"})

STATEMENT_KINDS = {
    "direct": "direct quotation",
    "mixed": "mixed: a few quoted words in the reporter’s own sentence",
    "indirect": "indirect: in the reporter’s words, without quotation marks",
}
DENIED = "DENIED: the speaker denies these words, or did not say them"
VERDICTS = {
    "verbatim": "still stands, character for character",
    "moved": "the same words stand, at another place of the page",
    "typographic": "the same words stand; only quotation marks, dashes or spaces changed",
    "reworded": "OTHER WORDS stand there now",
    "removed": "the words are no longer found, and the rest of the article is there",
    "page-gone": "the server says that the page is gone",
    "unknown": "could not be told: what came was not the article, or too little of it",
}
ACTIONS = {
    "added": "added by hand",
    "confirmed": "found by the program as well, and confirmed",
    "corrected": "corrected by hand",
    "rejected": "rejected: no statement",
}
AGAINST = {
    "live page": "the live page",
    "other address": "another address",
    "saved file": "a saved file",
    "bundle": "another collector’s bundle",
}
STAMPS = {
    "rfc3161": "time stamp (RFC 3161)",
    "opentimestamps": "time stamp (OpenTimestamps)",
    "cosignature": "countersignature of a witness",
}
FOUND_BY = {"rule": "a program, by fixed rules", "person": "a person, by hand"}

ROLES = {
    "facts": "what was asked, received and found (JSON)",
    "warc": "the received bytes, as on the wire (WARC)",
    "segment-secret": "the key that binds each part of the WARC to the seal",
    "page-text": "the page’s text, as projected from the bytes",
    "statements": "the statements, one line each",
    "decisions": "what people decided about the statements (JSON)",
    "verdicts": "what a later visit found of each statement (JSON)",
    "screenshot": "a picture of the page as a browser showed it",
    "rendering": "how the browser made the visit (JSON)",
    "mhtml": "the page with its parts, as the browser wrote it",
    "pdf": "the page as the browser would print it",
    "accessibility": "what a screen reader would say",
    "origins": "where the words of statements came from, as the collector searched (JSON)",
    "import": "what was received, and what checking it said (JSON)",
    "source": "from whom it was received (JSON)",
    "file": "the file that was received",
    "bundle": "the bundle that was compared with",
}
MISSING = {"requisites": "the pictures, styles and scripts that the page refers to"}
TRUNCATED = {
    "length": "cut off at the collector’s size limit",
    "time": "cut off at the collector’s time limit",
    "disconnect": "cut off: the connection ended early",
    "unspecified": "cut off, for a reason not recorded",
}

# Part of what is rendered, so a copy: a verifier's own list may grow, the report of an old bundle may not.
LIMITS = (
    "that the server told the truth, or that another visitor would have received the same page",
    "that a quoted person said the words, or that they are true: only that the page said so",
    "who a quoted speaker is, what kind of page it was, its title and dates: a reading is a program’s interpretation",
    "when it was captured, beyond the collector’s own clock, unless a time stamp or witness in the bundle bounds it",
    "that nothing was captured and left out before it was sealed",
    "that there is nothing else: the bundle is its exporter’s selection, and later readings or rechecks may exist",
    "that no key was revoked after the bundle’s checkpoint",
)


def moment(time: str | None) -> str:
    """`2026-11-23 13:02:11.482 UTC` for a time as the records spell it; anything else as it stands."""
    if time is None:
        return "not recorded"
    if len(time) == 24 and time[10] == "T" and time.endswith("Z"):
        return f"{time[:10]} {time[11:23]} UTC"
    return time


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 statement`, `1,204 statements`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def size(number: int) -> str:
    """`48,213 bytes`."""
    return count(number, "byte")


def short(digest: str) -> str:
    """The short fingerprint of an archive, as all commands print it: `9f86-d081-884c-7d65`."""
    return "-".join(digest[7 + 4 * i : 11 + 4 * i] for i in range(4))
