"""Who says a run in Chinese: …说：“…”; “…，”…说; 根据…的说法，…“…”."""

from __future__ import annotations

import re

from archiver.page.speech.pieces import MAX_AROUND, Patterns, Said
from archiver.page.speech.quotes import Run

MAX_GAP = 12  # characters between a cue and the run that it introduces
_CLAUSE = re.compile(r"[，,]?([^，。！？；：“”「」\n]{1,40})")
_ACCORDING = re.compile(
    r"(?:根据|根據|按照|据|據)([^，,。“「]{2,20}?)(?:的说法|的說法|称|稱|介绍|介紹|透露|所说|所說|表示)，"
)
_REPORTED_BY = re.compile(r"(?:根据|根據|据|據)([^，,。]{2,20}?)(?:报道|報道|報導|消息|援引)")
_LONG = re.compile(
    r"当天|當天|昨天|今天|昨日|今日|昨晚|今早|周[一二三四五六日]|週[一二三四五六日]|星期[一二三四五六日]|\d(?!\d*[岁歲])|上午|下午|晚上"
    r"|接受|通过|通過|随后|隨後|再次|还|還|也|则|則|并|並|曾|却|卻|又|从未|從未|从来没有|從來沒有|没有|沒有|未曾|不曾"
)
_SHORT = re.compile(r"[在对對向于於就]")  # may be part of a name: what follows must be more than a syllable
_WHEN = re.compile(
    r"当天|當天|昨天|今天|昨日|今日|昨晚|今早|(?:上|本|下)?(?:周|週|星期)[一二三四五六日]|(?:\d{1,2}月)?\d{1,2}日"
)
_WHERE = re.compile(r"在([^，。在]{2,15}?(?:会上|會上|上|中|里|裡|会|會))(?=[，]|[^，]{0,4}$)")
_TO = re.compile(r"(?:对|對|向|告诉|告訴|接受)([^，。]{1,12}?)(?=采访|採訪|专访|專訪|$)")
_PRONOUNS = "他她它我你您"
_TAILS = frozenset({"", "道", "说", "說", "过", "過", "着", "著", "称", "稱", "了"})
_NAMED = (
    "一词",
    "一詞",
    "这个词",
    "這個詞",
    "二字",
    "的字样",
    "字样",
    "字樣",
)  # “危机”一词: the word, not what somebody says
_TELLING = frozenset({"告诉", "告訴"})
_CLOSING = "”」』’"


def said(text: str, first: int, end: int, run: Run, words: Patterns) -> Said | None:
    """Who says the run; `first`: where its sentence begins, `end`: of the paragraph."""
    after = text[run.end : min(end, run.end + MAX_AROUND)]
    if after.startswith(_NAMED):
        return None
    before = text[first : run.start].rstrip("：:，, 道")
    cue = None
    for match in words.cue.finditer(before):
        cue = match
    view = _ACCORDING.search(before)
    if view is not None and (cue is None or cue.start() < view.end()) and not words.media.search(view[1]):
        place = first + view.start(1), first + view.end(1)
        return Said((first + view.start(), first + view.start(1)), place, True, False)
    behind = _behind(text, run, after, words) if cue is None or _closes(text, run, after) else None
    if behind is not None and not (cue is not None and text[run.start - 1] in "：:"):
        return behind
    if cue is None or len(before) - cue.end() > MAX_GAP:
        return None
    return _introduced(text, first, run, before, cue, words)


def _closes(text: str, run: Run, after: str) -> bool:
    return text[run.inner_end - 1] in "，。！？!?," or after[:1] in ("，", ",")


def _introduced(text: str, first: int, run: Run, before: str, cue: re.Match[str], words: Patterns) -> Said:
    """镇长李明在会上说：“…”"""
    subject, same = _subject(text, first, first + cue.start())
    subject = _without_cue(text, subject, words)
    clause = before[: cue.start()]
    told = before[cue.end() :] if cue[0] in _TELLING else ""
    outlet, addressee = _addressee(clause, told, words)
    relayed = _REPORTED_BY.search(clause)
    via = relayed[1] if relayed is not None and words.media.search(relayed[1]) else outlet
    colon, last = text[run.start - 1] in "：:", text[run.inner_end - 1]
    comma = (
        text[run.start - 1] in "，," and run.inner_end - run.inner_start >= 6 and text[run.end : run.end + 1] in "。”"
    )
    whole = colon or last in "。！？!?" or comma or (cue.end() == len(before) and text[run.start - 1] == "道")
    place = (first + cue.start(), first + cue.end())
    return Said(place, subject, True, whole, via, addressee, *_circumstances(clause), same)


def _behind(text: str, run: Run, after: str, words: Patterns) -> Said | None:
    """“…，”工会发言人孙磊强调。"""
    clause = _CLAUSE.match(after)
    if clause is None:
        return None
    for found in words.cue.finditer(clause[1]):
        rest = clause[1][found.end() :].strip()
        told = rest if found[0] in _TELLING else ""
        if found.start() == 0 or (rest not in _TAILS and not told):
            continue
        begin = run.end + clause.start(1)
        subject = _without_cue(text, _subject(text, begin, begin + found.start())[0], words)
        outlet, addressee = _addressee(clause[1][: found.start()], told, words)
        whole = text[run.inner_end - 1] in "，。！？!?," or run.inner_end - run.inner_start >= 6
        when, where = _circumstances(clause[1][: found.start()])
        place = (begin + found.start(), begin + found.end())
        return Said(place, subject, False, whole, outlet, addressee, when, where)
    return None


def _addressee(clause: str, told: str, words: Patterns) -> tuple[str | None, str | None]:
    """(through which outlet, to whom): 向路透社表示; 告诉记者."""
    named = told
    if not named:
        for match in _TO.finditer(clause):
            named = match[1]
    if not named:
        return None, None
    return (named, None) if words.media.search(named) else (None, named)


def _circumstances(clause: str) -> tuple[str | None, str | None]:
    """(when, where)."""
    when, where = _WHEN.search(clause), _WHERE.search(clause)
    return when[0] if when else None, f"在{where[1]}" if where else None


def _subject(text: str, start: int, end: int) -> tuple[tuple[int, int] | None, bool]:
    """(from the last comma to the first adverbial: 镇长李明[在会上]说; whether there is none, so that the one before
    goes on)."""
    clause = start
    for i in range(start, end):
        if text[i] in "，,：:、；。" or text[i] in _CLOSING:
            clause = i + 1
    from_ = clause + (1 if text[clause : clause + 1] and text[clause] in _PRONOUNS else 2)
    stop = end
    for match in _SHORT.finditer(text, from_, end):
        if end - match.end() >= 2:
            stop = match.start()
            break
    long = _LONG.search(text, clause, stop)
    if long is not None:
        stop = long.start()
    if stop <= clause or text[clause:stop] in ("在", "对", "對", "向"):
        previous = text[start:clause].rstrip("，,")
        if not previous or clause - start >= 40 or any(mark in previous for mark in _CLOSING):
            return None, True
        begin = max(previous.rfind("，"), previous.rfind(","), -1) + 1
        earlier, _ = _subject(text, start + begin, start + len(previous))
        return earlier, True
    return (clause, stop), False


def _without_cue(text: str, subject: tuple[int, int] | None, words: Patterns) -> tuple[int, int] | None:
    """警长解释[说]: the subject without the verb before the verb."""
    if subject is None:
        return None
    least = subject[0] + (1 if text[subject[0]] in _PRONOUNS else 2)
    manner = re.compile("[^，]{1,3}地$").search(text, least, subject[1])  # 她简短地[回答]
    if manner is not None:
        subject = subject[0], manner.start()
    for match in words.cue.finditer(text, *subject):
        if match.end() == subject[1] and match.start() > subject[0]:
            return subject[0], match.start()
    return subject


def name(phrase: str, words: Patterns) -> tuple[str, str | None]:
    """(name without titles, role): 镇长李明 is 李明, 李明镇长 as well; 外交部发言人 has no name but that."""
    aged = re.match(r"\d+[岁歲]的?", phrase)
    phrase = phrase[aged.end() :] if aged is not None else phrase
    last = None
    for match in words.title.finditer(phrase):
        last = match
    if last is not None and last.end() < len(phrase):
        return phrase[last.end() :], phrase[: last.end()]
    if last is not None and 1 < last.start() <= 4 and not words.role.search(phrase[: last.start()]):
        return phrase[: last.start()], last[0]
    return phrase, None
