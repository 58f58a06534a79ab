"""Finding words again: how long it takes in an archive of a million statements, and how often the answer is right.

    python bench/find.py [--statements 1000000] [--folder DIR]

The archive is made of invented words. It has manifests, facts, page texts and statements like a real one, but no
signatures and no WARC: `find` reads none of them. With --folder it is kept there, and used again. Lines of JSON:

    made        captures, statements, seconds
    catalogued  seconds until the index knows every capture; indexed: until it knows all words; MB, statements a second
    exact       ms of citations that stand there, whole and in part; how many were called verbatim
    altered     the same with one word, three words, a third of the words changed; called altered, of the right one
    absent      ms of citations that do not stand there; called not in the archive
    address     ms of finding the newest capture of an address, with the index and without
    pages       ms of telling which pages are due, and of the history of one, among all captures

Of citations, times are wall clock and (cpu) of this process alone, which says more on a shared machine.
"""

from __future__ import annotations

import argparse
import bisect
import itertools
import json
import random
import re
import statistics
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from archiver import digest
from archiver.archive import Archive
from archiver.model import facts as facts_model
from archiver.model.facts import ClockFacts, Collector, ReadingFacts, Request, SnapshotFacts, Software, Source
from archiver.model.manifest import Identity, Manifest, ObjectRef, Previous, Tree, encode
from archiver.page import text as page_text
from archiver.signing.keys import KeySigner
from archiver.store.home import Home
from archiver.store.index import Index
from archiver.store.index_file import NAME
from archiver.store.settings import RecheckRule
from archiver.tlog.checkpoint import Checkpoint, LogKey
from archiver.verify.layout import CHECKPOINT, manifest_path, object_path
from archiver.work import look
from archiver.work.find import Wanted, find
from archiver.work.history import history
from archiver.work.pages import Pages
from archiver.work.schedule import schedule

ROOT = Path(__file__).resolve().parent.parent
EACH = 25  # statements of one page
JAPANESE = 10  # one page of so many is in Japanese
SALT = "3q2+7wAAAAAAAAAAAAAAAA=="
NOTHING = "sha256:" + "0" * 64
TIME = "2026-11-23T13:02:11.482Z"
QUERIES = 60
RULES = (RecheckRule("*", 86_400),)


class Words:
    """Invented language: words by a letter model of the sample articles, drawn as words are (Zipf)."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        sample = ""
        for path in sorted((ROOT / "tests" / "articles").glob("*.html")):
            if path.stem not in ("japanese", "arabic"):
                sample += page_text.project(path.read_bytes(), "text/html").text.lower() + " "
        model: dict[str, list[str]] = defaultdict(list)
        for word in re.findall(r"[^\W\d_]+", sample):
            padded = f"^^{word}$"
            for at in range(len(padded) - 2):
                model[padded[at : at + 2]].append(padded[at + 2])
        found: dict[str, None] = {}
        while len(found) < 40_000:
            word = "^^"
            while not word.endswith("$") and len(word) < 16:
                word += self.chance.choice(model[word[-2:]])
            found[word.strip("^$")] = None
        self._words = list(found)
        self._weights = list(itertools.accumulate(1 / (rank + 3) for rank in range(len(found))))
        japanese = page_text.project((ROOT / "tests" / "articles" / "japanese.html").read_bytes(), "text/html").text
        self._signs = re.findall(r"[\u3040-\u30ff\u4e00-\u9fff]", japanese) + [chr(0x4E00 + n) for n in range(600)]

    def word(self) -> str:
        """One word, common ones often."""
        return self._words[bisect.bisect(self._weights, self.chance.random() * self._weights[-1])]

    def sentence(self, japanese: bool) -> str:
        """A statement of 4 to 45 words, or as many characters as those are worth."""
        count = self.chance.randint(4, 45)
        if japanese:
            return "「" + "".join(self.chance.choice(self._signs) for _ in range(3 * count)) + "」"
        words = " ".join(self.word() for _ in range(count))
        return f"“{words[:1].upper()}{words[1:]},”"


class Folder:
    """Writes what `find` reads, and nothing else."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.sequence = 0
        self.previous: Previous | None = None
        self.genesis: str | None = None
        self.signer = KeySigner.from_seed(bytes(32)).public
        (root / "archive.yaml").write_text("# made by bench/find.py; no evidence\n")
        log = LogKey.from_seed("bench", bytes(31) + b"\1")
        recovery = KeySigner.from_seed(bytes(31) + b"\2").public
        keys = (self.signer.line(), recovery.line(), tuple(key.spell() for key in log.vkeys()))
        self.log = log
        self.add("genesis", None, Identity("bench", *keys, None), ())

    def write(self, name: str, data: bytes) -> None:
        path = self.root / name
        try:
            path.write_bytes(data)
        except FileNotFoundError:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)

    def object(self, role: str, kind: str, data: bytes, leaves: Tree | None = None) -> ObjectRef:
        name = digest.of_bytes(data)
        self.write(object_path(name), data)
        return ObjectRef(role, name, len(data), kind, None, leaves)

    def add(self, event: str, subject: str | None, extra: Any, objects: tuple[ObjectRef, ...]) -> str:
        manifest = Manifest(
            self.genesis,
            self.sequence,
            self.previous,
            self.genesis,
            self.signer.fingerprint,
            event,
            TIME,
            subject,
            extra,
            objects,
            SALT,
        )
        data = encode(manifest)
        name = digest.of_bytes(data)
        self.write(manifest_path(self.sequence), data)
        self.genesis = self.genesis or name
        self.previous = Previous(name, NOTHING)
        self.sequence += 1
        return name

    def finish(self) -> None:
        self.write(CHECKPOINT, self.log.sign(Checkpoint("bench", self.sequence, bytes(32)), 0))


def snapshot_facts(number: int) -> SnapshotFacts:
    url = f"https://site{number % 97}.example/news/{number // 3}"
    return SnapshotFacts(
        "20261123-130211-4f2a9c1b",
        "live web",
        Collector(None, None, None),
        None,
        None,
        (),
        Request(url, url, "GET", "direct", None, None, None, ()),
        None,
        TIME,
        TIME,
        1,
        "no response",
        url,
        (),
        ClockFacts("system clock", None, None, "UTC+00:00"),
        Software("archiver", "0", "3", "x", {}, {}),
        False,
        ("requisites",),
        (),
        (),
        SALT,
    )


def make(root: Path, statements: int) -> None:
    """The archive."""
    words, folder = Words(1), Folder(root)
    for number in range(-(-statements // EACH)):
        japanese = number % JAPANESE == 0
        snapshot = folder.add(
            "snapshot",
            None,
            None,
            (folder.object("facts", "application/json", facts_model.encode(snapshot_facts(number))),),
        )
        said = [words.sentence(japanese) for _ in range(EACH)]
        text = "\n".join(f"{sentence} {words.word().title()} {words.word().title()} said." for sentence in said)
        lines, at = [], 0
        for place, sentence in enumerate(said, 1):
            start = text.index(sentence, at)
            at = start + len(sentence)
            lines += _lines(f"s{place}", sentence, start, f"Speaker {number % 1000} {place}")
        leaves = Tree(len(lines), digest.of_bytes(str(number).encode()))
        source = Source(
            "<urn:uuid:00000000-0000-4000-8000-000000000002>", NOTHING, 1, "text/html", (), True, "utf-8", "http",
            "page-text/v1",
        )  # fmt: skip
        article = {"title": {"value": f"Title {number}", "source": "json-ld"}}
        facts = ReadingFacts("rule", source, "article", (), article, {}, EACH, (), SALT)
        objects = (
            folder.object("facts", "application/json", facts_model.encode(facts)),
            folder.object("page-text", "text/plain", page_text.encode_object(number.to_bytes(16, "big"), text)),
            folder.object("statements", "application/jsonl", ("\n".join(lines) + "\n").encode(), leaves),
        )
        folder.add("reading", snapshot, None, objects)
    folder.finish()


def _lines(name: str, words: str, start: int, speaker: str) -> list[str]:
    def line(value: dict[str, Any]) -> str:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    part = {"exact": words, "text": [start, start + len(words)], "bytes": None, "digest": None}
    record: dict[str, Any] = {"archiver": "statement/v1", "id": name, "kind": "direct", "text": words}
    record |= {"speaker": {"name": speaker, "mention": None}, "role": None, "cue": "said", "addressee": None}
    record |= {"when": None, "where": None, "via": None, "polarity": "affirmed", "by": "rule", "confidence": 90}
    context = {"archiver": "context/v1", "id": name, "parts": [{"prefix": "", "suffix": ""}], "salt": SALT}
    return [line(record | {"parts": [part], "salt": SALT}), line(context)]


def measured(archive: Archive, citations: Iterator[tuple[str, str, str | None]]) -> dict[str, Any]:
    """Find each (citation, verdict that is right, the statement's words that should be found)."""
    times, used, right, there, count = [], [], 0, 0, 0
    wrong: list[str] = []
    for citation, verdict, words in citations:
        begun, spent = time.perf_counter(), time.process_time()
        found = find(archive, Wanted(citation), lambda _what, _done, _total: None)
        times.append((time.perf_counter() - begun) * 1000)
        used.append((time.process_time() - spent) * 1000)
        count += 1
        right += found.verdict == verdict
        there += words is None or any(m.statement is not None and m.statement.text == words for m in found.matches)
        if found.verdict != verdict:
            wrong.append(f"{found.verdict}: {citation[:80]}")
    times.sort()
    return {
        "citations": count,
        "median_ms": round(statistics.median(times), 1),
        "p95_ms": round(times[int(len(times) * 0.95)], 1),
        "max_ms": round(times[-1], 1),
        "cpu_median_ms": round(statistics.median(used), 1),
        "cpu_max_ms": round(max(used), 1),
        "right": round(right / count, 4),
        "found": round(there / count, 4),
        "wrong": wrong[:3],
    }


def edited(text: str, chance: random.Random, words: Words, share: float | int) -> str:
    """A statement without its marks, some of its words (or characters, where there are no blanks) replaced."""
    bare = text.strip("“”「」,")
    japanese = " " not in bare
    pieces = list(bare) if japanese else bare.split(" ")
    count = max(1, round(share * len(pieces))) if isinstance(share, float) else min(share, len(pieces))
    for place in chance.sample(range(len(pieces)), count):
        pieces[place] = chr(0x9000 + chance.randrange(500)) if japanese else words.word() + "x"
    return ("" if japanese else " ").join(pieces)


def sample(archive: Archive, count: int, chance: random.Random, least: int = 0) -> list[str]:
    """Texts of statements drawn from the archive."""
    found: list[str] = []
    size = archive.size()
    while len(found) < count:
        item = look.sealed(archive, chance.randrange(1, size))
        if item.manifest.event == "reading":
            text = chance.choice(look.statements(archive, item))[0].text
            if len(text) >= least:
                found.append(text)
    return found


def run(root: Path, statements: int) -> None:
    archive = Archive(root, Home(root.parent / "config", root.parent / "state"))
    if not (root / CHECKPOINT).exists():
        begun = time.perf_counter()
        make(root, statements)
        report("made", statements=statements, seconds=round(time.perf_counter() - begun, 1))
    fresh = not (root / NAME).exists()
    begun = time.perf_counter()
    Index.open(archive.folder, None, search=False).close()
    if fresh:
        report("catalogued", seconds=round(time.perf_counter() - begun, 1), captures=statements // EACH)
    begun = time.perf_counter()
    with Index.open(archive.folder, None) as index:
        totals = index.totals()
    seconds = time.perf_counter() - begun
    size = (root / NAME).stat().st_size / 1e6
    if fresh:
        rate = round(totals.statements / seconds)
        report(
            "indexed", seconds=round(seconds, 1), megabytes=round(size), statements_a_second=rate, pages=totals.pages
        )
    report("opened", milliseconds=timed(lambda: Index.open(archive.folder, None).close()))
    chance, words = random.Random(7), Words(8)
    whole = [(text.strip("“”「」,"), "verbatim", text) for text in sample(archive, QUERIES, chance)]
    report("exact, whole", **measured(archive, iter(whole)))
    part = []
    for text in sample(archive, QUERIES, chance, 60):
        pieces = text.strip("“”「」,").split(" ")
        words_of = " ".join(pieces[1 : max(4, len(pieces) // 2)]) if len(pieces) > 1 else pieces[0][5:25]
        part.append((words_of, "verbatim", text))
    report("exact, a part", **measured(archive, iter(part)))
    # One word, as somebody might type; in Japanese nine signs.
    common = []
    for text in sample(archive, 20, chance):
        pieces = text.strip("“”「」,").split(" ")
        common.append((chance.choice(pieces) if len(pieces) > 1 else pieces[0][:9], "verbatim", None))
    report("exact, one word", **measured(archive, iter(common)))
    for label, share, least in (
        ("one word", 1, 60),
        ("three words", 3, 60),
        ("a third", 1 / 3, 60),
        ("one word of few", 1, 0),
    ):
        chosen = [text for text in sample(archive, 4 * QUERIES, chance, least) if least or 30 <= len(text) < 60][
            :QUERIES
        ]
        citations = [(edited(text, chance, words, share), "altered", text) for text in chosen]
        report(f"altered, {label}", **measured(archive, iter(citations)))
    absent = [(words.sentence(n % JAPANESE == 0).strip("“”「」,"), "not in the archive", None) for n in range(QUERIES)]
    report("absent", **measured(archive, iter(absent)))
    numbers = [chance.randrange(statements // EACH) for _ in range(20)]
    urls = [f"https://site{number % 97}.example/news/{number // 3}" for number in numbers]
    report("address", milliseconds=timed(*(lambda url=url: look.resolve(archive, url) for url in urls)))
    with Pages(archive) as pages:
        due_ms = timed(lambda: [schedule(page, RULES) for page in pages.times()])
    report("pages", due_ms=due_ms, history_ms=timed(*(lambda url=url: history(archive, url) for url in urls[:9])))
    (root / NAME).rename(root / "aside")
    report("address, no index", milliseconds=timed(*(lambda url=url: look.resolve(archive, url) for url in urls[:3])))
    (root / "aside").rename(root / NAME)


def timed(*works: Callable[[], object]) -> float:
    """The median of their times in milliseconds."""
    times = []
    for work in works:
        begun = time.perf_counter()
        work()
        times.append((time.perf_counter() - begun) * 1000)
    return round(statistics.median(times), 1)


def report(what: str, **values: Any) -> None:
    print(json.dumps({"find": what, **values}, ensure_ascii=False), flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description="How long it takes to find words again, and how often that is right.")
    parser.add_argument("--statements", type=int, default=1_000_000)
    parser.add_argument("--folder", type=Path, default=None)
    options = parser.parse_args()
    if options.folder is not None:
        root = options.folder / "archive"
        root.mkdir(parents=True, exist_ok=True)
        run(root, options.statements)
        return
    with tempfile.TemporaryDirectory() as name:
        root = Path(name) / "archive"
        root.mkdir()
        run(root, options.statements)


if __name__ == "__main__":
    main()
