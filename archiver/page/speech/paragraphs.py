"""The paragraphs of a text: its lines, but those that a program wrapped are one."""

from __future__ import annotations

MIN_WRAPPED = 40  # characters; a shorter line ends because it was meant to


def paragraphs(text: str) -> list[tuple[int, int]]:
    """(start, end) of each line that is not blank, without the white space around it; wrapped lines are one."""
    found: list[tuple[int, int]] = []
    at = 0
    for line in text.split("\n"):
        start, end = at, at + len(line)
        at = end + 1
        stripped = line.strip()
        if not stripped:
            found.append((end, end))
            continue
        start += len(line) - len(line.lstrip())
        end = start + len(stripped)
        if found and found[-1][1] > found[-1][0] and _is_wrapped(text, found[-1], start):
            found[-1] = (found[-1][0], end)
        else:
            found.append((start, end))
    return [(start, end) for start, end in found if end > start]


def _is_wrapped(text: str, before: tuple[int, int], start: int) -> bool:
    """A line that ends in the middle of a sentence, and goes on in lower case."""
    return (
        before[1] - before[0] >= MIN_WRAPPED
        and (text[before[1] - 1].isalnum() or text[before[1] - 1] == ",")
        and text[start].islower()
    )
