"""The words of a paragraph. A run between quotation marks is one token: what is in it is somebody else's."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from typing import Any

from archiver.page.speech.lexicon import FUNCTION, Is
from archiver.page.speech.quotes import Paragraph, Run

WORD, MARK, QUOTE = 0, 1, 2


class Token:
    """A word, a punctuation mark, or a quoted run. `word` is lower case, `what` the word's `Is` flags, `capital`:
    written like a name."""

    __slots__ = ("capital", "end", "kind", "run", "start", "text", "what", "word")

    def __init__(
        self, kind: int, start: int, end: int, text: str, word: str, what: int, capital: bool, run: Run | None
    ) -> None:
        self.kind = kind
        self.start = start
        self.end = end
        self.text = text
        self.word = word
        self.what = what
        self.capital = capital
        self.run = run

    def __repr__(self) -> str:
        return f"<{self.text}>"


class Line:
    """The tokens of a paragraph and where its sentences begin and end (indices of tokens, half-open).

    `marked`: the tokens that a cue can be; `capitals`: those that a name can begin with. In order, as indices."""

    __slots__ = ("capitals", "known", "language", "marked", "paragraph", "rejected", "sentences", "tokens")

    def __init__(
        self,
        paragraph: Paragraph,
        language: str,
        tokens: list[Token],
        sentences: list[tuple[int, int]],
        marked: list[int],
        capitals: list[int],
    ) -> None:
        self.paragraph, self.language, self.tokens, self.sentences = paragraph, language, tokens, sentences
        self.marked, self.capitals = marked, capitals
        self.known: dict[tuple[int, int], Any] = {}  # what was found in a sentence, so that it is looked for once
        self.rejected: list[tuple[Run, str]] = []  # runs that are no speech, and why

    def sentence_of(self, at: int) -> int:
        """The index of the sentence that has the token at `at`."""
        return max(bisect_right(self.sentences, (at, len(self.tokens) + 1)) - 1, 0)

    def marked_in(self, start: int, end: int) -> list[int]:
        """The indices start ≤ i < end of tokens that a cue can be."""
        return self.marked[bisect_left(self.marked, start) : bisect_left(self.marked, end)]

    def has_capital(self, start: int, end: int) -> bool:
        """Whether one of the tokens can begin a name."""
        at = bisect_left(self.capitals, start)
        return at < len(self.capitals) and self.capitals[at] < end


def is_name(token: Token) -> bool:
    """A word that is written like a name."""
    if token.what & Is.ACCORDING:
        return False
    return token.kind == WORD and token.capital and not (token.what & FUNCTION and not token.what & Is.TITLE)


def is_headline(tokens: list[Token], start: int, end: int) -> bool:
    """Most Words Begin With a Capital."""
    words = [t for t in tokens[start:end] if t.kind == WORD and len(t.text) > 3]
    return len(words) >= 3 and sum(t.capital for t in words) >= 0.75 * len(words)
