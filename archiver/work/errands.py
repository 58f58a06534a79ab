"""From what a person asks to be rechecked to visits: which page, as whom, and which readings are compared.

A REF that names a capture is compared with that reading. An address, --all and --due mean pages: compared is with the
earliest reading that holds each statement (archiver.work.lives). One visit serves all readings of a page.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from archiver.archive import Archive
from archiver.errors import MissingError, UsageError
from archiver.model.facts import SnapshotFacts
from archiver.model.verdicts import Against
from archiver.store.index_fill import Progress
from archiver.work import look
from archiver.work.lives import Life, bases
from archiver.work.look import Capture, Sealed
from archiver.work.pages import Pages, quiet
from archiver.work.schedule import due
from archiver.work.targets import Target, target_of
from archiver.work.wishes import Wishes

_NAMES_ONE = re.compile(r"[0-9]+(#s[0-9]+)?|latest|sha256:[0-9a-f]*", re.ASCII)
_PROXIED = re.compile(r"((?:http|socks5h?)://[^ ]+) \(name resolved by proxy\)")


@dataclass(frozen=True, slots=True)
class Subject:
    """A reading that is compared. `shown`: the statements that were asked about; None: all of it."""

    reading: Sealed
    shown: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Errand:
    """One visit and what it is compared with. `first`: the capture whose way of asking is repeated."""

    target: Target
    subjects: tuple[Subject, ...]
    first: Capture
    against: Against = "live page"


@dataclass(frozen=True, slots=True)
class Manner:
    """How a page was asked for the first time. `proxy`: where the first visit went; None: directly. `rendered`: by the
    browser; `logged_in`: with the cookies of a log-in profile, which are not kept."""

    user_agent: str | None
    accept_language: str | None
    referrer: str | None
    proxy: str | None
    rendered: bool = False
    dismiss_consent: bool = False
    logged_in: bool = False

    def wishes(self, wishes: Wishes, *, has_proxy: bool) -> Wishes:
        """A person's wishes for this run, made to repeat that. `has_proxy`: settings or wishes say what to go through,
        and that counts: nobody is led past their own proxy."""
        proxy = wishes.proxy if has_proxy or self.proxy is None else self.proxy
        return replace(
            wishes,
            user_agent=self.user_agent,
            accept_language=self.accept_language or "",
            referrer=self.referrer,
            proxy=proxy,
            browser="always" if self.rendered else "never",
            dismiss_consent=self.dismiss_consent,
            login_profile=wishes.login_profile if self.logged_in else None,
        )


def manner_of(errand: Errand) -> Manner:
    """The manner of the first visit. Of a local file there is none: the settings count."""
    request = errand.first.facts.request if errand.first.facts is not None else None
    if request is None:
        return Manner(None, None, None, None)
    match = _PROXIED.fullmatch(request.route)
    proxy = match[1] if match else None
    facts = errand.first.facts
    rendered = facts is not None and facts.rendered
    dismissed = facts is not None and facts.software.settings.get("dismiss_consent") is True
    return Manner(
        request.user_agent, request.accept_language, request.referrer, proxy, rendered, dismissed, used_login(facts)
    )


def used_login(facts: SnapshotFacts | None) -> bool:
    """Whether a visit had the cookies of a log-in profile."""
    return facts is not None and facts.software.settings.get("login_profile") is True


def errands_of(archive: Archive, refs: Sequence[str], progress: Progress = quiet) -> list[Errand]:
    """The visits that REFs mean. Raises UsageError, MissingError for what cannot be visited or compared."""
    found: dict[str, Errand] = {}
    for ref in refs:
        _refuse_file(ref)
        errand = _by_ref(archive, ref, progress)
        before = found.get(errand.target.url)
        if before is not None and manner_of(before) == manner_of(errand):
            errand = replace(before, subjects=_merged(before.subjects, errand.subjects))
        elif before is not None:
            found[f"{errand.target.url} {len(found)}"] = errand
            continue
        found[errand.target.url] = errand
    return list(found.values())


def _by_ref(archive: Archive, ref: str, progress: Progress) -> Errand:
    meant = look.resolve(archive, ref)
    capture = meant.capture
    if capture is None:
        raise UsageError(f"{ref} is no capture ({meant.item.manifest.event}): captures are rechecked")
    if capture.facts is None or capture.facts.request is None:
        raise UsageError(
            f"{ref} is a local file: there is no page to visit", hint=f"archiver recheck {ref} --against FILE or URL"
        )
    if not _NAMES_ONE.fullmatch(ref.strip()):
        with Pages(archive, progress) as pages:
            life = pages.life_of(capture)
        subjects = tuple(Subject(base.reading, base.ids) for base in bases(archive, life))
        if not subjects:
            raise MissingError(f"no capture of {life.url} has statements", hint="archiver read --all")
        return Errand(_target(life.captures[0]), subjects, life.captures[0])
    return Errand(_target(capture), (subject_of(archive, meant),), capture)


def subject_of(archive: Archive, meant: look.Meant) -> Subject:
    """The reading that a REF means. Raises MissingError if there is none, or nothing in it that can be compared."""
    capture = meant.capture
    if capture is None or capture.reading is None:
        number = meant.item.sequence
        raise MissingError(f"number {number} has no reading to compare with", hint=f"archiver read {number}")
    if not look.statements(archive, capture.reading):
        raise MissingError(f"number {capture.reading.sequence} has no statements: there is nothing to compare")
    return Subject(capture.reading, None if meant.statement is None else (meant.statement,))


def all_errands(archive: Archive, progress: Progress = quiet) -> list[Errand]:
    """A visit to every page that has statements."""
    with Pages(archive, progress) as pages:
        return list(_of_lives(archive, pages.lives()))


def due_errands(archive: Archive, progress: Progress = quiet) -> list[Errand]:
    """A visit to every page whose time has come, the longest overdue first. Raises UsageError without intervals."""
    with Pages(archive, progress) as pages:
        return list(_of_lives(archive, due(archive, pages)))


def _of_lives(archive: Archive, found: Iterable[Life]) -> Iterator[Errand]:
    for life in found:
        subjects = tuple(Subject(base.reading, base.ids) for base in bases(archive, life))
        if subjects:
            yield Errand(_target(life.captures[0]), subjects, life.captures[0])


def errand_against(archive: Archive, ref: str, other: str) -> Errand:
    """A comparison of one reading with a saved file or another address. Raises UsageError, MissingError, StoreError."""
    if "://" not in other and not Path(other).exists():  # a mistyped name is looked up nowhere
        raise UsageError(f"{other}: there is no such file", hint="https://… for a page")
    meant = look.resolve(archive, ref)
    subject = subject_of(archive, meant)
    assert meant.capture is not None
    target = target_of(other)
    target = replace(_labelled(target, meant.capture), path=target.path)
    return Errand(target, (subject,), meant.capture, "other address" if target.path is None else "saved file")


def _target(capture: Capture) -> Target:
    """The page of a capture, to be asked for as it was."""
    assert capture.facts is not None and capture.facts.request is not None
    url = capture.facts.request.url
    return _labelled(Target(url, url), capture)


def _labelled(target: Target, capture: Capture) -> Target:
    """With the case and the tags of the first capture."""
    facts = capture.facts
    return target if facts is None else replace(target, case=facts.case, tags=facts.tags)


def _merged(one: Sequence[Subject], other: Sequence[Subject]) -> tuple[Subject, ...]:
    """Each reading once, with all statements that were asked about."""
    found: dict[str, Subject] = {}
    for subject in (*one, *other):
        before = found.get(subject.reading.digest)
        if before is None:
            found[subject.reading.digest] = subject
        elif before.shown is None or subject.shown is None:
            found[subject.reading.digest] = replace(before, shown=None)
        else:
            shown = tuple(dict.fromkeys((*before.shown, *subject.shown)))
            found[subject.reading.digest] = replace(before, shown=shown)
    return tuple(found.values())


def _refuse_file(ref: str) -> None:
    """A bundle or file is no REF. Raises UsageError that says what was probably meant."""
    if "://" in ref or not (ref.lower().endswith(".zip") or Path(ref).is_file()):
        return
    if ref.lower().endswith(".zip"):
        raise UsageError(
            f"{ref} is a bundle, and rechecking visits a page",
            hint=f"offline: archiver verify {ref}; to compare with it: archiver recheck REF --against {ref}",
        )
    raise UsageError(f"{ref} is a file", hint=f"to compare a capture with it: archiver recheck REF --against {ref}")
