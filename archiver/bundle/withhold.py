"""What is to be left out of a bundle: as somebody wishes it, and what must go with it so that nothing can be guessed.

Digests of what is withheld stand in the bundle all the same. An object is safe from guessing by its own random bytes,
as long as nothing else that is shown is made from it without any. So, of a snapshot:

    its body is withheld (with the WARC, or alone)   the facts of readings and rechecks: they hold the body's SHA-256;
                                                     what was imported with it (bundle, file): it holds the body
    credentials are withheld, as by default          who brought an import: its source
    statements are withheld                          decisions, origins, and verdicts of rechecks: they repeat each
                                                     statement; the pictures of those that are withheld
    the words around statements are withheld         all pictures of statements: they show them

What must go within a WARC is in `archiver.bundle.redact`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from archiver.errors import UsageError
from archiver.model import decisions, rendering, verdicts

CREDENTIALS = ("Authorization", "Cookie", "Proxy-Authorization")  # fields of requests that are left out by default
# Roles that captures can have: whoever leaves one out may do so of captures that do not have it.
ROLES = frozenset(
    {
        *("bundle", "decisions", "facts", "page-text", "segment-secret", "statements", "verdicts", "warc"),
        *("file", "import", "source"),
        *(rendering.ROLE, rendering.ORIGINS_ROLE, *rendering.DERIVED),
    }
)
PARTS = frozenset({"body", "context", "pictures", "request"})
_FIELD = re.compile(r"header:([!#$%&'*+.^_`|~0-9A-Za-z-]{1,80})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Withholding:
    """A wish. `roles`: of objects; `context`: the lines of words around statements; `request`, `body`: of every
    exchange; `pictures`: of single statements; `fields`: names in lower case, of requests and responses; `credentials`:
    of requests; `statements`: digest of a snapshot's manifest -> ids of the statements that are shown of it, all others
    are not."""

    roles: frozenset[str] = frozenset()
    context: bool = False
    request: bool = False
    body: bool = False
    fields: frozenset[str] = frozenset()
    credentials: bool = False
    pictures: bool = False
    statements: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @property
    def cuts_warc(self) -> bool:
        """Whether single segments of a WARC may have to go."""
        return self.request or self.body or self.credentials or bool(self.fields)


def parse(words: Iterable[str], known: Iterable[str] = (), *, credentials: bool = False) -> Withholding:
    """The wish in words: roles, `context`, `request`, `body`, `header:NAME`. `known`: further roles that are in use.

    Raises UsageError for a word that means nothing: what somebody meant to withhold must not leave.
    """
    roles, parts, fields = set(), set(), set()
    for word in words:
        named = _FIELD.fullmatch(word)
        if named is not None:
            fields.add(named[1].lower())
        elif word in PARTS:
            parts.add(word)
        elif word in ROLES or word in known:
            roles.add(word)
        else:
            raise UsageError(
                f"nothing called {word[:80]!r} can be withheld",
                hint=f"choose from: {', '.join(sorted({*ROLES, *PARTS}))}, header:NAME",
            )
    return Withholding(
        frozenset(roles),
        context="context" in parts,
        request="request" in parts,
        body="body" in parts,
        fields=frozenset(fields),
        credentials=credentials,
        pictures=bool(parts & {"context", "pictures"}) or "screenshot" in roles,
    )


def whole_roles(wish: Withholding, event: str, *, bodiless: bool, reduced: bool) -> frozenset[str]:
    """The roles of which nothing of a manifest of that event is shown. `bodiless`: a body that it speaks of is
    withheld; `reduced`: statements that it speaks of are."""
    roles = set(wish.roles)
    if "warc" in roles:
        roles.add("segment-secret")
    if bodiless and event in ("reading", "recheck"):
        roles.add("facts")
    if bodiless and event == "import":
        roles |= {"bundle", "file", "import"}
    if wish.credentials and event == "import":
        roles.add("source")
    if reduced:
        roles |= {decisions.ROLE, verdicts.ROLE, rendering.ORIGINS_ROLE}
    return frozenset(roles)


def shows_picture(wish: Withholding, role: str, ids: frozenset[str] | None) -> bool:
    """Whether an object of that role may be shown as far as it is the picture of a statement; `ids`: of those that are
    shown, None: all."""
    if not role.startswith(rendering.PICTURE_ROLE):
        return True
    named = role.removeprefix(rendering.PICTURE_ROLE)
    return not wish.pictures and "statements" not in wish.roles and (ids is None or named in ids)
