"""The word diff between two long texts, paragraph by paragraph. Near linear, like the alignment that it rests on.

paragraphs(differences("One.\\nTwo men.\\nThree.", "One.\\nTwo women.\\nThree."))
  [("=", "One.")]   [("=", "Two "), ("-", "men"), ("+", "women"), ("=", ".")]   [("=", "Three.")]
"""

from __future__ import annotations

from archiver.page.align import align
from archiver.page.wording import Diff, split, told


def differences(old: str, new: str) -> Diff:
    """The pieces that stayed, went and came. Joined they give both texts, as those of `wording.changed` do."""
    found = align(split(old), split(new), [])
    return told(found.old, found.new, ((i, place) for i, place in enumerate(found.places) if place >= 0))


def paragraphs(diff: Diff) -> list[Diff]:
    """A diff cut at the line breaks that stayed; each paragraph without them. Those inside a change stay in it."""
    found: list[Diff] = []
    here: list[tuple[str, str]] = []
    for sign, text in diff:
        if sign != "=":
            here.append((sign, text))
            continue
        first, *rest = text.split("\n")
        if first:
            here.append(("=", first))
        for line in rest:
            found.append(tuple(here))
            here = [("=", line)] if line else []
    found.append(tuple(here))
    return [paragraph for paragraph in found if paragraph]


def is_changed(paragraph: Diff) -> bool:
    """Whether anything in a paragraph went or came."""
    return any(sign != "=" for sign, _ in paragraph)
