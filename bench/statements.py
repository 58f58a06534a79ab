"""How well statements are found, and how fast.

    python bench/statements.py [--data DIR] [--errors] [--half 0|1]

DIR (or the environment's ARCHIVER_EVALUATION) holds annotated articles that are not part of the project:
`polnear_dev.jsonl` (English: {id, text, quotes: [{start, end, kind, speaker_text, speaker_spans}], attributions}) and
`german_dev.jsonl` (German, direct quotations). Offsets are code points. Without them our own sample articles are
measured alone.

exact       same words, after trimming marks, blanks and punctuation at both edges
end to end  exact, and the right speaker: the mention overlaps the annotated source, or ends in a name that is in it
indirect    a reported clause counts as right if it overlaps an annotated content whose source its speaker overlaps

Only words in marks are annotated as quotations: turns of transcripts and dash dialogue are left out of `exact`, and
counted in a line of their own.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import re
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from archiver.page.statements import Statement, find, find_in_page
from archiver.page.text import project

EDGE = "\"“”„«»‟″'‘’,.;:—–-…?!()[]`"
MARKS = "\"“”„«»‟'‘’‚‛`「」『』"
ARTICLES = Path(__file__).parent.parent / "tests" / "articles"
Key = tuple[int, int]
Row = dict[str, Any]


@dataclass
class Tally:
    """What was counted over some articles."""

    n: Counter[str] = field(default_factory=Counter)
    classes: Counter[str] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    seconds: float = 0.0
    characters: int = 0


def trim(text: str, start: int, end: int) -> Key:
    """The range without marks, blanks and punctuation at its edges."""
    while start < end and (text[start].isspace() or text[start] in EDGE):
        start += 1
    while end > start and (text[end - 1].isspace() or text[end - 1] in EDGE):
        end -= 1
    return start, end


def overlaps(span: Key, others: list[list[int]]) -> bool:
    """Whether it has a character in common with one of the others."""
    return any(min(span[1], end) > max(span[0], start) for start, end in others)


def right_speaker(text: str, mention: Key | None, quote: Row) -> bool:
    """The scorer's rule for a speaker."""
    if mention is None:
        return False
    if overlaps(mention, quote["speaker_spans"]):
        return True
    said = text[mention[0] : mention[1]].strip(" ,.:").split()
    names = [word.strip(" ,.’s") for word in quote["speaker_text"].split()]
    return bool(said) and said[-1][0].isupper() and said[-1].strip(",.’s") in names


def mention_of(statement: Statement) -> Key | None:
    """Where the statement names its speaker."""
    mention = statement.speaker.mention if statement.speaker is not None else None
    return (mention.start, mention.end) if mention is not None else None


def measure(rows: list[Row], language: str) -> Tally:
    """Finds the statements of all articles and compares them with the annotation."""
    tally = Tally()
    for row in rows:
        text: str = row["text"]
        start = time.process_time()
        statements = find(text, language)
        tally.seconds += time.process_time() - start
        tally.characters += len(text)
        found: dict[Key, Statement] = {}
        for statement in statements:
            if statement.kind == "indirect":
                _count_indirect(tally, row, statement)
                continue
            for part in statement.parts:
                if text[part.start] not in MARKS and text[part.end - 1] not in MARKS:
                    tally.n["without marks"] += 1
                    continue
                key = trim(text, part.start, part.end)
                if key[1] > key[0]:
                    found.setdefault(key, statement)
        _count(tally, row, found)
    return tally


def _count(tally: Tally, row: Row, found: dict[Key, Statement]) -> None:
    text, n = row["text"], tally.n
    gold: dict[Key, Row] = {}
    for quote in row["quotes"]:
        key = trim(text, quote["start"], quote["end"])
        if key[1] > key[0]:
            gold.setdefault(key, quote)
    n["gold"] += len(gold)
    n["found"] += len(found)
    for key, statement in found.items():
        n[f"found {statement.kind}"] += 1
        n[f"right {statement.kind}"] += key in gold
        if key not in gold:
            others = [quote for span, quote in gold.items() if overlaps(key, [list(span)])]
            n["found in cut ones"] += bool(others) and not all(_has_marks(text, quote) for quote in others)
            _note(tally, "extra: other boundaries" if others else f"extra: {statement.reasons[0]}", text, key)
    for key, quote in gold.items():
        n[f"gold {quote['kind']}"] += 1
        n["with speaker"] += bool(quote["speaker_spans"])
        if key not in found:
            marked = _has_marks(text, quote)
            n["cut"] += not marked
            _note(tally, f"missed: {quote['kind']}" if marked else "missed: no marks at its edges", text, key)
            continue
        n["hit"] += 1
        n[f"hit {quote['kind']}"] += 1
        if quote["speaker_spans"]:
            n["hit with speaker"] += 1
            right = right_speaker(text, mention_of(found[key]), quote)
            n["right speaker"] += right
            if not right:
                _note(tally, f"speaker: {found[key].reasons[0]}", text, key)


def _has_marks(text: str, quote: Row) -> bool:
    """Whether the annotation begins and ends where the article has its marks, and not at a sentence inside."""
    return text[quote["start"]] in MARKS and text[quote["end"] - 1] in MARKS


def _note(tally: Tally, kind: str, text: str, key: Key) -> None:
    tally.classes[kind] += 1
    context = (
        text[max(0, key[0] - 80) : key[0]] + "[[" + text[key[0] : key[1]][:120] + "]]" + text[key[1] : key[1] + 60]
    )
    tally.errors.append(f"{kind}\t" + re.sub(r"\s+", " ", context))


def _count_indirect(tally: Tally, row: Row, statement: Statement) -> None:
    tally.n["indirect found"] += 1
    part, mention = statement.parts[0], mention_of(statement)
    for attribution in row.get("attributions", ()):
        if not overlaps((part.start, part.end), attribution["content"]):
            continue
        tally.n["indirect in an attribution"] += 1
        tally.n["indirect right"] += mention is not None and overlaps(mention, attribution["source"])
        return


def shares(right: int, found: int, wanted: int) -> str:
    """Precision, recall and F1."""
    precision, recall = right / max(found, 1), right / max(wanted, 1)
    f1 = 2 * precision * recall / (precision + recall) if precision + recall else 0.0
    return f"P {precision:.3f}  R {recall:.3f}  F1 {f1:.3f}"


def report(name: str, articles: int, tally: Tally, *, errors: bool) -> None:
    """Prints what was counted."""
    n = tally.n
    print(f"\n{name}: {articles} articles, {n['gold']} annotated quotations, {n['found']} found")
    print(f"  exact          {shares(n['hit'], n['found'], n['gold'])}")
    if n["cut"]:
        whole = shares(n["hit"], n["found"] - n["found in cut ones"], n["gold"] - n["cut"])
        print(f"  without cut    {whole} ({n['cut']} annotations that end inside the marks left out)")
    for kind in ("direct", "mixed"):
        recall = n[f"hit {kind}"] / max(n[f"gold {kind}"], 1)
        precision = n[f"right {kind}"] / max(n[f"found {kind}"], 1)
        print(f"  {kind:14} precision of those found as such {precision:.3f}; recall of those annotated {recall:.3f}")
    print(f"  end to end     {shares(n['right speaker'], n['found'], n['with speaker'])}")
    print(f"  right speaker of those matched {n['right speaker'] / max(n['hit with speaker'], 1):.3f}")
    if n["indirect in an attribution"]:
        inside = n["indirect in an attribution"] / n["indirect found"]
        right = n["indirect right"] / n["indirect found"]
        print(f"  indirect       {n['indirect found']} found; in an annotated content {inside:.3f}, source {right:.3f}")
    print(f"  without marks  {n['without marks']} turns of transcripts and dialogue (not annotated)")
    print(f"  time           {tally.seconds * 1000 / max(tally.characters, 1) * 5000:.1f} ms for 5,000 characters")
    for kind, count in tally.classes.most_common():
        print(f"    {count:5}  {kind}")
    if errors:
        print("\n".join(sorted(tally.errors)))


def own_articles() -> None:
    """The sample articles of the repository against expected.json."""
    expected: list[Row] = json.loads((ARTICLES / "expected.json").read_text("utf-8"))
    n: Counter[str] = Counter()
    for entry in expected:
        body = (ARTICLES / entry["file"]).read_bytes()
        declared = "" if entry["file"].startswith("undeclared") else f"; charset={entry['encoding']}"
        page = project(body, f"text/html{declared}")
        found = find_in_page(page.text, page.marks, entry["language"])
        rest = {tuple(_bare(page.text[p.start : p.end]) for p in one.parts): one for one in found}
        n["found"] += sum(one.kind != "indirect" for one in found)
        for wanted in entry["statements"]:
            n["wanted"] += 1
            one = rest.get(tuple(_bare(part) for part in wanted["parts"]))
            if one is not None:
                n["hit"] += 1
                n["hit in marks"] += one.kind != "indirect"
                n["right"] += one.speaker is not None and one.speaker.name == wanted["speaker"]
    print(f"Our own articles: {len(expected)} pages, {n['wanted']} statements expected, {n['hit']} found as expected;")
    print(f"  {n['right']} of them with the expected name; {n['found'] - n['hit in marks']} others in marks")


def _bare(words: str) -> str:
    return re.sub(r"\s+", " ", words).strip(EDGE + " \u00a0「」『』")


def rows_of(path: Path, half: str | None) -> list[Row]:
    """The articles of a file; of one half only, by the hash of their id."""
    with path.open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines if line.strip()]
    if half is None:
        return rows
    return [row for row in rows if int(hashlib.sha256(row["id"].encode()).hexdigest(), 16) % 2 == int(half)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data", type=Path, default=os.environ.get("ARCHIVER_EVALUATION"))
    parser.add_argument("--errors", action="store_true", help="print every error with its context")
    parser.add_argument("--half", choices=("0", "1"), help="only the articles of this half")
    options = parser.parse_args()
    own_articles()
    if options.data is None:
        print("No annotated articles (they are not in the repository): name their folder with --data")
        print("or in ARCHIVER_EVALUATION. Not measured: precision and recall on them.")
        return 0
    for name, file, language in (("English", "polnear_dev.jsonl", "en"), ("German", "german_dev.jsonl", "de")):
        path = Path(options.data) / file
        if not path.is_file():
            print(f"{name}: {path} is not there; not measured")
            continue
        rows = rows_of(path, options.half)
        report(name, len(rows), measure(rows, language), errors=options.errors)
    return 0


if __name__ == "__main__":
    sys.exit(main())
