"""What comparison never does, on any text: claims that do not hold, exceptions, quadratic time."""

from __future__ import annotations

import random
import re
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from archiver.model.statement import PartRecord, SpeakerRecord, StatementRecord
from archiver.page.attribution import Later
from archiver.page.compare import INSTEAD, STANDS, Page, compare
from archiver.page.typography import same_words

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))
import recheck as bench

SALT = "AAAAAAAAAAAAAAAAAAAAAA=="
TEXT = st.text(alphabet="ab c“”’\n.,é日-\u00ad", max_size=60)


def statement(name: str, text: str, *spans: tuple[int, int], **changes: Any) -> StatementRecord:
    parts = tuple(PartRecord(text[low:high], (low, high), None, None) for low, high in spans)
    words = " ".join(part.exact for part in parts)
    fields: dict[str, Any] = {
        "id": name,
        "kind": "direct",
        "text": words,
        "speaker": None,
        "role": None,
        "cue": None,
        "addressee": None,
        "when": None,
        "where": None,
        "via": None,
        "polarity": "affirmed",
        "by": "rule",
        "confidence": 100,
        "parts": parts,
        "salt": SALT,
    }
    return StatementRecord(**{**fields, **changes})


def quoting(text: str, *quotes: str, **changes: Any) -> tuple[StatementRecord, ...]:
    """A statement for each of these words, as they stand in the text."""
    found = []
    for number, words in enumerate(quotes, 1):
        start = text.index(words)
        found.append(statement(f"s{number}", text, (start, start + len(words)), **changes))
    return tuple(found)


def holds(old: Page, new: Page) -> list[str]:
    """Compare; assert what every verdict promises; the verdicts."""
    found = compare(old, new)
    assert [item.id for item in found] == [item.id for item in old.statements]
    for item, verdict in zip(old.statements, found, strict=True):
        assert len(verdict.places) == len(item.parts)
        there = [place for place in verdict.places if place is not None]
        for place in there:
            assert place.exact
            assert place.text is None or new.text[place.text[0] : place.text[1]] == place.exact
        if verdict.verdict in STANDS:
            pairs = zip(item.parts, there, strict=True)
            assert all(same_words(part.exact, place.exact) for part, place in pairs)
        if verdict.verdict == "verbatim":
            assert [place.exact for place in there] == [part.exact for part in item.parts]
            assert not verdict.diff
        if verdict.verdict == "reworded":
            assert there
            assert verdict.diff
        if verdict.verdict in ("removed", "page-gone", "unknown"):
            assert not there
            assert verdict.reason
    return [item.verdict for item in found]


@st.composite
def pages(draw: st.DrawFn) -> Page:
    text = draw(TEXT)
    items = []
    for number in range(draw(st.integers(0, 3))):
        low = draw(st.integers(0, max(0, len(text) - 1)))
        high = draw(st.integers(low, len(text)))
        if text[low:high].strip() == text[low:high] != "":
            items.append(statement(f"s{number + 1}", text, (low, high)))
    return Page(text, statements=tuple(items))


@given(pages(), TEXT, st.sampled_from(["article", "page", *sorted(INSTEAD)]), st.sampled_from([200, 403, 404, 500]))
@settings(max_examples=300)
def test_no_text_breaks_it_and_no_claim_is_false(old: Page, text: str, kind: str, status: int) -> None:
    holds(old, Page(text, kind=kind, status=status))


@given(pages())
@example(Page("\u00ad", statements=(statement("s1", "\u00ad", (0, 1)),)))
@example(Page("ab", statements=(statement("s1", "ab", (1, 2)),)))
def test_what_did_not_change_is_verbatim(old: Page) -> None:
    assert set(holds(old, Page(old.text))) <= {"verbatim"}


@given(pages(), st.integers(0, 60), st.sampled_from(["a", "b", "x", "日", "."]))
@settings(max_examples=300)
def test_a_changed_letter_is_never_called_the_same(old: Page, at: int, sign: str) -> None:
    """Whatever is put into the text: a statement that is said to stand is there letter by letter."""
    text = old.text[:at] + sign + old.text[at:]
    holds(old, Page(text))


ARTICLE = (
    "Pier closed\nThe pier at Nether Quay is closed until the end of the month, the harbour office said.\n"
    "“We counted four broken piles,” Ines Holm told reporters on Monday, standing in the rain.\n"
    "Nobody was hurt, and the ferry runs from the old landing stage in the meantime.\n"
    "“The divers go down tomorrow,” said Bo Dahl, who leads them. The council meets on Thursday.\n"
)
FIRST, SECOND = "“We counted four broken piles,”", "“The divers go down tomorrow,”"


def test_words_in_the_article_count_before_copies_elsewhere() -> None:
    """What was altered in the article is altered, though the page has an old copy of it below."""
    old = Page(ARTICLE, ((0, len(ARTICLE)),), quoting(ARTICLE, FIRST))
    edited = ARTICLE.replace("four broken", "five broken")
    new = edited + "\nMost read\nThe harbour in quotes: " + FIRST
    assert holds(old, Page(new, ((0, len(edited)),))) == ["reworded"]


def test_a_paragraph_that_the_extraction_missed_is_found_in_the_page() -> None:
    old = Page(ARTICLE, ((0, len(ARTICLE)),), quoting(ARTICLE, FIRST, SECOND))
    cut = ARTICLE.index("“The divers")
    assert holds(old, Page(ARTICLE, ((0, cut),))) == ["verbatim", "verbatim"]


def test_a_cut_off_page_says_nothing_of_its_end() -> None:
    old = Page(ARTICLE, statements=quoting(ARTICLE, FIRST, SECOND))
    cut = ARTICLE[: ARTICLE.index("“The divers")]
    assert holds(old, Page(cut, complete=False)) == ["verbatim", "unknown"]
    assert holds(old, Page(ARTICLE.replace(SECOND, ""))) == ["verbatim", "removed"]


def test_a_gatekeepers_404_is_not_the_pages() -> None:
    old = Page(ARTICLE, statements=quoting(ARTICLE, FIRST))
    assert holds(old, Page("checking your browser", kind="challenge", status=404)) == ["unknown"]
    assert holds(old, Page("no such page", kind="error", status=404)) == ["page-gone"]
    assert holds(old, Page("not here", kind="error", status=451)) == ["unknown"]


def test_who_said_it_is_told_apart_from_what_was_said() -> None:
    speaker = SpeakerRecord("Ines Holm", None)
    old = Page(ARTICLE, statements=quoting(ARTICLE, FIRST, speaker=speaker, cue="told"))
    text = ARTICLE.replace("Ines Holm told", "Ida Krogh wrote to")
    later = quoting(text, FIRST, speaker=SpeakerRecord("Ida Krogh", None), cue="wrote")
    (found,) = compare(old, Page(text, statements=later))
    assert (found.verdict, found.diff) == ("verbatim", ())
    assert [(change.field, change.old, change.new) for change in found.attribution] == [
        ("speaker", "Ines Holm", "Ida Krogh"),
        ("cue", "told", "wrote"),
    ]


def test_a_fuller_name_is_the_same_speaker() -> None:
    old = Page(ARTICLE, statements=quoting(ARTICLE, FIRST, speaker=SpeakerRecord("Holm", None)))
    later = quoting(ARTICLE, FIRST, speaker=SpeakerRecord("Ines Holm", None))
    assert compare(old, Page(ARTICLE, statements=later))[0].attribution == ()


def speaker(text: str, name: str, seen: str, nth: int = 0) -> SpeakerRecord:
    """A speaker of that name, seen where `seen` stands for the nth time."""
    at = [match.start() for match in re.finditer(re.escape(seen), text)][nth]
    return SpeakerRecord(name, (at, at + len(seen)))


def test_a_guess_that_turned_is_no_change_of_the_speaker() -> None:
    """Whom "she" means depends on what stands around: an edit elsewhere says nothing of who spoke."""
    first = "The mayor, Ines Holm, came late. She said: “We will build it.” Then she left the town hall."
    later = "Ines Holm, the mayor, met Ann Lister first. She said: “We will build it.” Then she left the town hall."
    words = "“We will build it.”"
    old = Page(first, statements=quoting(first, words, speaker=speaker(first, "Ines Holm", "She")))
    turned = quoting(later, words, speaker=speaker(later, "Ann Lister", "She"))
    assert compare(old, Page(later, statements=turned))[0].attribution == ()
    renamed = first.replace("Ines Holm", "Ann Lister")
    new = quoting(renamed, words, speaker=speaker(renamed, "Ann Lister", "She"))
    (change,) = compare(old, Page(renamed, statements=new))[0].attribution
    assert (change.field, change.old, change.new) == ("speaker", "Ines Holm", "Ann Lister")
    named = first.replace("She said", "Ann Lister said")
    new = quoting(named, words, speaker=speaker(named, "Ann Lister", "Ann Lister"))
    assert compare(old, Page(named, statements=new))[0].attribution == (), "she was not named at first"
    (change,) = compare(
        Page(
            first.replace("She said", "Holm said"),
            statements=quoting(
                first.replace("She said", "Holm said"),
                words,
                speaker=speaker(first.replace("She said", "Holm said"), "Ines Holm", "Holm", 1),
            ),
        ),
        Page(named, statements=new),
    )[0].attribution
    assert change.new == "Ann Lister", "both pages name who said it"


SPANS = st.tuples(st.integers(0, 60), st.integers(1, 12)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(st.lists(st.lists(SPANS, min_size=1, max_size=3), max_size=12), st.lists(SPANS, min_size=1, max_size=3))
def test_who_stands_at_a_place_is_found_as_by_looking_at_all(parts: list[list[Any]], places: list[Any]) -> None:
    text = "x" * 80
    items = [statement(f"s{n}", text, *spans) for n, spans in enumerate(parts, 1)]

    def shared(item: StatementRecord) -> int:
        return sum(max(0, min(b, d) - max(a, c)) for a, b in places for c, d in (part.text for part in item.parts))

    found = Later(text, text, items).at(places)
    best = max(map(shared, items), default=0)
    if 2 * best <= sum(high - low for low, high in places):
        assert found is None
    else:
        assert found is not None and shared(found) == best


def test_nothing_is_said_of_the_speaker_of_what_a_person_added() -> None:
    old = Page(ARTICLE, statements=quoting(ARTICLE, FIRST, speaker=SpeakerRecord("Ann Lee", None), by="person"))
    later = quoting(ARTICLE, FIRST, speaker=SpeakerRecord("Ines Holm", None))
    assert compare(old, Page(ARTICLE, statements=later))[0].attribution == ()


def test_known_edits_of_the_sample_articles() -> None:
    """The measurement of bench/recheck.py, on the repository's own articles."""
    tally, _ = bench.run(bench.samples(), seed=3)
    assert tally.false_equal == 0
    unchanged = tally.verdicts["none"]
    assert unchanged["verbatim"] >= 0.99 * sum(unchanged.values())
    for kind in ("removed", "paragraph removed"):
        assert not tally.verdicts[kind]["reworded"]
    for kind in ("one word", "three words", "negation inserted", "typographic"):
        (right,) = bench.EDITS[kind]
        assert tally.verdicts[kind][right] >= 0.98 * sum(tally.verdicts[kind].values()), kind


HELLO = "hello " * 400
HOSTILE = {
    "one word": ("Intro. “" + HELLO + "” End.", "hello " * 400_000),
    "one word, another one": ("Intro. “" + HELLO + "” End.", ("hello " * 399 + "world ") * 1_000),
    "marks": ("Intro. “a b c d e f” End.", "“”" * 1_000_000),
    "one long word": ("x" * 300_000 + " “y” ", "x" * 2_000_000),
    "lines": ("Intro. “a b c d e f” End.", "\n" * 2_000_000),
    "ab": ("ab " * 10_000, "ab " * 600_000),
    "numbers": ("Intro. “1 2 3 4 5 6 7” End.", " ".join(str(number % 7) for number in range(600_000))),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_repetitive_pages_cost_no_more(name: str) -> None:
    """What keeps matchers busy for minutes: repetitions, in the statement, in the page, in both."""
    text, new = HOSTILE[name]
    spans = [(start, min(start + 600, len(text))) for start in range(0, min(len(text), 30_000), 600)]
    items = tuple(
        statement(f"s{n}", text, (low, high))
        for n, (low, high) in enumerate(spans, 1)
        if text[low:high].strip(" \n") == text[low:high]
    )
    start = time.process_time()
    holds(Page(text, statements=items or quoting(text, text.split()[0])), Page(new))
    assert time.process_time() - start < 6


def test_thousands_of_statements_in_one_place() -> None:
    quotes = [f"“q{n} w{n} e{n} r{n}”" for n in range(1_500)]
    text = "Here it begins, on the old quay. " + " ".join(quotes) + " And here is the end of it, on the new one."
    altered = text.replace(" w", " v")
    items = quoting(text, *quotes)
    start = time.process_time()
    assert set(holds(Page(text, statements=items), Page(altered))) == {"reworded"}
    assert time.process_time() - start < 6


@pytest.mark.slow
def test_speed() -> None:
    """50 statements against 20 kB and 2 MB. Generous: machines differ, and the bench measures."""
    rng = random.Random(5)
    words = [f"w{number}" for number in range(4_000)]
    for size, limit in ((20_000, 0.1), (2_000_000, 4.0)):
        text = ""
        while len(text) < size:
            text += " ".join(rng.choice(words) for _ in range(12)) + ".\n"
        spans = [(at + 1, at + 121) for at in range(0, size - 200, size // 50)]
        spans = [(text.index(" ", low) + 1, text.index(" ", high)) for low, high in spans]
        items = tuple(statement(f"s{n}", text, span) for n, span in enumerate(spans, 1))
        start = time.process_time()
        holds(Page(text, statements=items), Page(text[:500] + "something new. " + text[500:]))
        assert time.process_time() - start < limit
