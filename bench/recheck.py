"""How well and how fast statements are found again on a page that was edited: verdicts against known edits.

    python bench/recheck.py [--data FILE|DIR] [--limit N] [--seed N] [--errors N] [--no-speed]

Each line of FILE, or of the `*_dev.jsonl` in DIR (or in $ARCHIVER_EVALUATION), has `text` and `quotes` with `start`,
`end` and `attribution` (quotes of one attribution are the parts of one statement). These articles are not part of the
project; without them, the repository's sample articles are used. Each article is
edited in every way below; in half of the runs one or two of its statements are looked for, else all. Of these about
half are edited, the others must come out verbatim.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import statistics
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archiver.model.statement import PartRecord, StatementRecord
from archiver.page.compare import Page, compare
from archiver.page.typography import fold

ROOT = Path(__file__).resolve().parents[1]
SALT = "AAAAAAAAAAAAAAAAAAAAAA=="
COMMON = frozenset(
    re.findall(r"\w+", "a an the and or of to in on is was are it that i we he she they you for with not be")
)
LARGEST_CUT = 0.4  # share of a text that is removed; whoever removes more leaves another article
Span = tuple[int, int]

# edit -> the verdicts that are right
EDITS: dict[str, frozenset[str]] = {
    "none": frozenset({"verbatim"}),
    "typographic": frozenset({"typographic"}),
    "one word": frozenset({"reworded"}),
    "three words": frozenset({"reworded"}),
    "a third of the words": frozenset({"reworded"}),
    "negation inserted": frozenset({"reworded"}),
    "number changed": frozenset({"reworded"}),
    "moved": frozenset({"moved"}),
    "paragraph moved": frozenset({"moved"}),
    "replaced by another": frozenset({"removed"}),
    "removed": frozenset({"removed"}),
    "paragraph removed": frozenset({"removed"}),
}
TARGETS = {"none": 99.5, "three words": 99.0, "removed": 99.5, "paragraph removed": 99.5}


@dataclass
class Article:
    """A text and its statements, each a list of ranges."""

    name: str
    text: str
    statements: list[list[Span]]


@dataclass
class Tally:
    verdicts: dict[str, Counter[str]] = field(default_factory=dict)
    wrong: list[tuple[str, str, str, str]] = field(default_factory=list)
    false_equal: int = 0


def load(path: Path, limit: int) -> list[Article]:
    found = []
    with path.open(encoding="utf-8") as stream:
        for line in stream:
            row = json.loads(line)
            groups: dict[str, list[Span]] = {}
            for number, quote in enumerate(row["quotes"]):
                groups.setdefault(str(quote.get("attribution") or number), []).append((quote["start"], quote["end"]))
            statements = [trimmed(row["text"], sorted(spans)) for spans in groups.values()]
            found.append(Article(row["id"], row["text"], [spans for spans in statements if spans]))
    return [article for article in found if article.statements][:limit]


def evaluation(path: Path, limit: int) -> list[Article]:
    """The articles of a file, or of all files in a folder."""
    files = sorted(path.glob("*_dev.jsonl")) if path.is_dir() else [path]
    return [article for file in files for article in load(file, limit)]


def trimmed(text: str, spans: list[Span]) -> list[Span]:
    """Without white space at the edges, and without ranges that overlap the one before."""
    kept: list[Span] = []
    for low, high in spans:
        while low < high and text[low].isspace():
            low += 1
        while low < high and text[high - 1].isspace():
            high -= 1
        if low < high and (not kept or low >= kept[-1][1]):
            kept.append((low, high))
    return kept


def samples() -> list[Article]:
    """The repository's own articles."""
    from archiver.page.statements import find
    from archiver.page.text import project

    found = []
    for path in sorted((ROOT / "tests" / "articles").glob("*.html")):
        text = project(path.read_bytes(), None).text
        spans = [[(part.start, part.end) for part in item.parts] for item in find(text)]
        if spans:
            found.append(Article(path.stem, text, spans))
    return found


def record(number: int, text: str, spans: list[Span]) -> StatementRecord:
    parts = tuple(PartRecord(text[a:b], (a, b), None, None) for a, b in spans)
    words = " ".join(part.exact for part in parts)
    nothing = (None,) * 6
    return StatementRecord(f"s{number}", "direct", words, None, *nothing, "affirmed", "rule", 100, parts, SALT)  # type: ignore[arg-type]


class Editor:
    """Edits of one statement: new words for each of its parts, or None if the edit does not fit it."""

    def __init__(self, rng: random.Random, words: list[str], quotes: list[str]) -> None:
        self.rng, self.words, self.quotes = rng, words, quotes
        self.text = ""

    def edit(self, kind: str, parts: list[str]) -> list[str] | None:
        if kind == "typographic":
            return self.typographic(parts)
        if kind == "number changed":
            return self.number(parts)
        if kind == "replaced by another":
            return self.other(parts)
        count = len(re.findall(r"\w+", " ".join(parts)))
        if kind == "negation inserted":
            return self.change(parts, 1, insert="not") if count >= 2 else None
        amount = {"one word": 1, "three words": 3, "a third of the words": max(1, count // 3)}[kind]
        return self.change(parts, amount) if count >= 2 * amount else None

    def typographic(self, parts: list[str]) -> list[str] | None:
        swaps = [
            ("“", '"'),
            ("”", '"'),
            ("’", "'"),
            ("‘", "'"),
            ("—", "–"),
            ("-", "‐"),
            (" ", "\u00a0"),
            ('"', "“"),
            ("'", "’"),
        ]
        joined = "\0".join(parts)
        there = [(a, b) for a, b in swaps if a in joined]
        if not there:
            return None
        a, b = self.rng.choice(there)
        out = joined.replace(a, b, self.rng.choice([1, -1]))
        return out.split("\0")

    def other(self, parts: list[str]) -> list[str] | None:
        """Somebody else's words in the same marks."""
        others = [self.rng.choice(self.quotes) for _ in parts]
        if any(b in self.text for b in others) or any(
            set(a.lower().split()) & set(b.lower().split()) - COMMON for a, b in zip(parts, others, strict=True)
        ):
            return None
        marked = [not a[0].isalnum() for a in parts]
        return [a[:1] + b[1:-1] + a[-1:] if m else b for m, a, b in zip(marked, parts, others, strict=True)]

    def number(self, parts: list[str]) -> list[str] | None:
        joined = "\0".join(parts)
        places = [m.start() for m in re.finditer(r"[0-9]", joined)]
        if not places:
            return None
        at = self.rng.choice(places)
        digit = str((int(joined[at]) + self.rng.randint(1, 9)) % 10)
        return (joined[:at] + digit + joined[at + 1 :]).split("\0")

    def change(self, parts: list[str], amount: int, insert: str | None = None) -> list[str]:
        joined = "\0".join(parts)
        spans = [m.span() for m in re.finditer(r"[^\W_]+(?:['’][^\W_]+)*", joined)]
        for low, high in sorted(self.rng.sample(spans, amount), reverse=True):
            old = joined[low:high]
            other = insert or next(
                w for w in iter(lambda: self.rng.choice(self.words), None) if w.lower() != old.lower()
            )
            how = "insert" if insert else self.rng.choice(["replace", "insert", "delete"])
            if how == "delete" and (low, high) != spans[-1]:
                after = high + 1 if joined[high : high + 1] == " " else high
                joined = joined[:low] + joined[after:]
            elif how == "insert":
                joined = joined[:low] + other + " " + joined[low:]
            else:
                joined = joined[:low] + other + joined[high:]
        return joined.split("\0")


def paragraph(text: str, span: Span) -> Span:
    low = text.rfind("\n", 0, span[0]) + 1
    high = text.find("\n", span[1])
    return low, len(text) if high < 0 else high + 1


def apply(article: Article, chosen: list[int], edited: list[int], kind: str, editor: Editor) -> tuple[str, list[str]]:
    """The edited text, and for each chosen statement the edit that was made ("none", kind, or "" for a side effect)."""
    text, made = article.text, ["none"] * len(chosen)
    changes: list[tuple[int, int, str]] = []  # old range, new words
    inserts: list[tuple[int, str]] = []
    touched: list[Span] = []
    for n in edited:
        spans = article.statements[chosen[n]]
        if any(a < d and c < b for a, b in spans for c, d in touched):
            continue
        whole = (spans[0][0], spans[-1][1])
        if kind in ("moved", "paragraph moved", "removed", "paragraph removed"):
            cut = [paragraph(text, whole)] if kind.startswith("paragraph") else spans
            if sum(b - a for a, b in touched + cut) > LARGEST_CUT * len(text):
                continue
            if any(a < d and c < b for a, b in cut for c, d in touched):
                continue
            if kind in ("moved", "paragraph moved"):
                words = (
                    text[cut[0][0] : cut[-1][1]].strip()
                    if kind.startswith("p")
                    else " ".join(text[a:b] for a, b in spans)
                )
                places = [m.end() for m in re.finditer(r"\n+", text)] + [len(text)]
                here = paragraph(text, whole)
                far = [
                    p
                    for p in places
                    if len(text[min(p, here[0]) : max(p, here[1])].split()) > 2 * len(words.split()) + 20
                ]
                far = [p for p in far if not here[0] <= p <= here[1]]
                if not far:
                    continue
                inserts.append((editor.rng.choice(far), "\n" + words + "\n"))
            changes += [(a, b, "") for a, b in cut]
            touched += cut
            made[n] = kind
            continue
        parts = editor.edit(kind, [text[a:b] for a, b in spans])
        if parts is None:
            continue
        changes += [(a, b, new) for (a, b), new in zip(spans, parts, strict=True)]
        touched += spans
        made[n] = kind
    for n in range(len(chosen)):
        if made[n] == "none" and any(a < d and c < b for a, b in article.statements[chosen[n]] for c, d in touched):
            made[n] = ""
    events = changes + [(at, at, words) for at, words in inserts]
    for low, high, new in sorted(events, key=lambda e: (e[0], e[1]), reverse=True):
        text = text[:low] + new + text[high:]
    return text, made


def run(articles: list[Article], seed: int) -> tuple[Tally, list[float]]:
    rng = random.Random(seed)
    words = [w for article in articles for w in re.findall(r"[A-Za-z]{4,}", article.text)[:40]] or ["other", "words"]
    quotes = [article.text[a:b] for article in articles for spans in article.statements for a, b in spans]
    editor, tally, times = Editor(rng, words, quotes), Tally(), []
    for article in articles:
        editor.text = article.text
        for kind in EDITS:
            chosen = list(range(len(article.statements)))
            if rng.random() < 0.5:
                chosen = sorted(rng.sample(chosen, min(len(chosen), rng.choice([1, 2]))))
            edited = [n for n in range(len(chosen)) if rng.random() < 0.5 or len(chosen) == 1] if kind != "none" else []
            if "moved" in kind.split() and edited:  # of several that move, nobody can say which ones stayed
                edited = [rng.choice(edited)]
            text, made = apply(article, chosen, edited, kind, editor)
            old = Page(
                article.text, statements=tuple(record(n + 1, article.text, article.statements[n]) for n in chosen)
            )
            start = time.process_time()
            found = compare(old, Page(text))
            times.append(time.process_time() - start)
            folded = fold(text)
            for n, verdict in enumerate(found):
                if made[n]:
                    note(tally, article, old.statements[n], made[n], verdict, folded)
    return tally, times


def note(tally: Tally, article: Article, item: StatementRecord, made: str, verdict: Any, text: str) -> None:
    tally.verdicts.setdefault(made, Counter())[verdict.verdict] += 1
    copies = made in ("removed", "paragraph removed") and all(fold(part.exact) in text for part in item.parts)
    if verdict.verdict not in EDITS[made] and not (copies and verdict.verdict == "moved"):
        shown = " | ".join(place.exact if place else "–" for place in verdict.places)
        tally.wrong.append((made, f"{verdict.verdict} ({verdict.reason})", f"{article.name}: {item.text}", shown))
    elif copies and verdict.verdict == "moved":
        tally.verdicts[made]["moved"] -= 1
        tally.verdicts[made]["(a copy stayed)"] += 1
    if made in ("one word", "three words", "a third of the words", "negation inserted", "number changed"):
        tally.false_equal += verdict.verdict in ("verbatim", "typographic")


def speed(articles: list[Article]) -> None:
    """50 statements against 20 kB and against 2 MB; half of them altered or removed."""
    base = "\n".join(article.text for article in articles)
    for size, target in ((20_000, 0.025), (2_000_000, 1.5)):
        text = (base * (size // len(base) + 1))[:size] if len(base) < size else base[:size]
        if len(base) < size:
            text = numbered(text)
        rng = random.Random(1)
        sentences = [m.span() for m in re.finditer(r"[^.\s][^.\n]{60,300}\.", text)]
        spans = sorted(rng.sample(sentences, min(50, len(sentences))))
        items = tuple(record(n, text, [span]) for n, span in enumerate(spans, 1))
        new = text
        for number, (low, high) in enumerate(reversed(spans)):
            if number % 4 == 0:
                middle = (low + high) // 2
                at = new.find(" ", middle)
                new = new[:at] + " altered" + new[at:]
            elif number % 4 == 1:
                new = new[:low] + new[high:]
        # The old article is a news article's size; it is the page that may be large.
        first, last = max(0, spans[0][0] - 500), min(len(text), spans[-1][1] + 500)
        took = []
        for _ in range(5):
            start = time.process_time()
            found = compare(Page(text, ((first, last),), items), Page(new))
            took.append(time.process_time() - start)
        verdicts = Counter(verdict.verdict for verdict in found)
        print(
            f"{len(items)} statements against {size:>9,} characters: {min(took) * 1000:8.1f} ms "
            f"(median {statistics.median(took) * 1000:.1f}, target {target * 1000:.0f})  {dict(verdicts)}"
        )


def numbered(text: str) -> str:
    """The repeated text with a number in every line, so that it is no mere repetition."""
    return "\n".join(f"{line} {number}" for number, line in enumerate(text.split("\n")))[: len(text)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", "--articles", type=Path, default=os.environ.get("ARCHIVER_EVALUATION"))
    parser.add_argument("--limit", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--errors", type=int, default=0, help="show so many of the wrong ones")
    parser.add_argument("--no-speed", action="store_true")
    options = parser.parse_args()
    articles = evaluation(Path(options.data), options.limit) if options.data else samples()
    tally, times = run(articles, options.seed)
    print(f"{len(articles)} articles, {sum(len(a.statements) for a in articles)} statements")
    good = True
    for kind, right in EDITS.items():
        counts = tally.verdicts.get(kind, Counter())
        total = sum(counts.values())
        share = 100 * sum(counts[name] for name in (*right, "(a copy stayed)")) / max(1, total)
        target = TARGETS.get(kind)
        missed = target is not None and total > 0 and share < target
        good = good and not missed
        note = "" if target is None else f"  (target {target}{', MISSED' if missed else ''})"
        print(f"  {kind:<22} {total:>6}  {share:6.2f} %  {dict(counts.most_common())}{note}")
    removed = [tally.verdicts.get(kind, Counter()) for kind in ("removed", "paragraph removed")]
    reworded = sum(counts["reworded"] for counts in removed) / max(1, sum(sum(counts.values()) for counts in removed))
    print(f"  removed called reworded: {100 * reworded:.2f} % (target 0.5)")
    print(f"  changed words called verbatim or typographic: {tally.false_equal} (target 0)")
    print(f"  {statistics.mean(times) * 1000:.1f} ms an article (median {statistics.median(times) * 1000:.1f})")
    for made, verdict, words, shown in tally.wrong[: options.errors]:
        print(f"\n{made} -> {verdict}\n  old {words}\n  new {shown}")
    if not options.no_speed:
        speed(articles)
    return 0 if good and reworded <= 0.005 and tally.false_equal == 0 else 1


if __name__ == "__main__":
    sys.exit(main())
