"""Who says a run in Japanese: …は「…」と述べた; 「…」と…は述べた; 「…」。…はこう語った。"""

from __future__ import annotations

import re

from archiver.page.speech.pieces import MAX_AROUND, Patterns, Said
from archiver.page.speech.quotes import Run

_TOPIC_AFTER = re.compile(r"(?:など)?と(?:、)?([^、。はが]{1,40}?)(?:は|が)(?!ら)")
_SO = re.compile(
    r"(?:。|、|―+|—+)([^。「はが]{1,40}?)(?:は|が)(?:[^。「]{0,10}?(?:こう|そう|このように))?(?=[^。]{1,15}。)"
)
_TOPIC = re.compile(
    r"([^、。「」『』（）()\sは]{1,30}(?:（[^（）]{1,12}）)?)(?<![でにとへ])は(?=[、「『]|[^。]{0,40}$)"
)
_SUBJECT = re.compile(r"([^、。「」『』（）()\sがも]{1,30}(?:（[^（）]{1,12}）)?)(?:が|も)(?=[、「『]|[^、。]{0,40}$)")
_WHEN = re.compile(
    r"(?:\d{1,2}月)?\d{1,2}日(?:朝|夜|午前|午後)?|[一二三四五六七八九十]{1,3}日|同日|昨日|今日|昨夜|今朝|[月火水木金土日]曜日?"
)
_WHERE = re.compile(
    r"(?:^|[はが、日の])([^、。はが「」の日]{0,10}(?:記者会見|会見|演説|講演|声明|委員会|議会|集会|ブログ|ツイッター|SNS|番組"
    r"|説明会|シンポジウム))で"
)
_TO_OUTLET = re.compile(r"([^、。はが「」]{1,20}?)(?:の取材|の単独インタビュー|のインタビュー|に対し|に)")
_ADDRESSEE = re.compile(r"((?:記者団|記者|報道陣|住民|議員|支持者|遺族|社員|選手)(?:ら|たち)?)(?:に対し|に)")
_KANJI = re.compile("[一-龥々]+$")
_HONORIFICS = ("さん", "氏", "様", "君", "くん", "ちゃん", "先生")


def said(text: str, first: int, end: int, run: Run, words: Patterns) -> Said | None:
    """Who says the run; `first`: where its sentence begins, `end`: of the paragraph."""
    after = text[run.end : min(end, run.end + MAX_AROUND)]
    opening = re.match("(?:など)?と(?!いう)", after)
    if opening is None:
        return _said_so(text, first, run, after, words) or _acknowledged(text, first, run, after, words)
    stop = re.search("[。！？\n「]", after)
    clause = after[: stop.start() if stop else len(after)]
    cue = words.cue.search(clause, opening.end())
    if cue is None:
        return None
    place = (run.end + cue.start(), run.end + cue.end())
    topic = _TOPIC_AFTER.match(clause[: cue.start() + 1])
    around = re.sub("「[^」]*」?", "「」", text[first : run.start])
    subject = (run.end + topic.start(1), run.end + topic.end(1)) if topic else _topic_before(text, first, run.start)
    if subject is None:
        later = re.match(
            "[^、。]{0,6}、([^、。はが]{1,20})(?:は|が)", clause[cue.end() :]
        )  # …と言って、彼女は席を立った
        start = run.end + cue.end()
        subject = (start + later.start(1), start + later.end(1)) if later else None
    whole = text[run.inner_end - 1] in "。！？!?" or run.inner_end - run.inner_start >= 4
    return _with_circumstances(Said(place, subject, False, whole, same=True), around, clause, words)


def _said_so(text: str, first: int, run: Run, after: str, words: Patterns) -> Said | None:
    """「…」。建築家の平田さんはそう問いかけた。"""
    so = _SO.match(after)
    if so is None or run.start - first > 2:
        return None
    stop = after.find("。", so.end())
    cue = words.cue.search(after, so.end(), stop if stop >= 0 else len(after))
    if cue is None or (stop >= 0 and stop - cue.end() > 6):
        return None
    place = (run.end + cue.start(), run.end + cue.end())
    found = Said(place, (run.end + so.start(1), run.end + so.end(1)), False, True)
    return _with_circumstances(found, "", after[: cue.start()], words)


def _acknowledged(text: str, first: int, run: Run, after: str, words: Patterns) -> Said | None:
    """院長は管理に「誤り」があったことを認めた: words inside a clause that is acknowledged, denied, criticised."""
    clause = after[: (re.search("[。！？\n「]", after) or re.search("$", after)).start()]  # type: ignore[union-attr]
    object_ = re.search("(?:こと|旨|考え|方針|認識|意向|見方|見解|という見方)(?:を|も)", clause)
    subject = _topic_before(text, first, run.start)
    if object_ is None or subject is None:
        return None
    cue = words.cue.match(clause, object_.end())
    if cue is None:
        return None
    place = (run.end + cue.start(), run.end + cue.end())
    return _with_circumstances(Said(place, subject, False, False), text[first : run.start], "", words)


def _topic_before(text: str, first: int, end: int) -> tuple[int, int] | None:
    """The last phrase that は marks; without one, the last that が or も mark."""
    for pattern in (_TOPIC, _SUBJECT):
        found = None
        for match in pattern.finditer(text, first, end):
            found = match
        if found is not None:
            start = found.start(1)
            led = text[start] == "と" and text[start - 1 : start] == "」"  # 「…」と佐藤議員は
            return start + led, found.end(1)
    return None


def _with_circumstances(found: Said, before: str, clause: str, words: Patterns) -> Said:
    via = addressee = None
    for part in (before, clause):
        for match in _TO_OUTLET.finditer(part):
            if via is None and words.media.search(match[1]):
                via = re.split("[、は]", match[1])[-1]
        reporters = _ADDRESSEE.search(part)
        addressee = addressee or (reporters[1] if reporters is not None else None)
    according = words.according.search(before)
    if via is None and according is not None:
        source = re.split("[、。\n]", before[: according.start()])[-1]
        via = source if source and words.media.search(source) else None
    when = _WHEN.search(before) or _WHEN.search(clause)
    where = _WHERE.search(before) or _WHERE.search(clause)
    return Said(
        found.cue, found.subject, found.before, found.whole, via, addressee,
        when[0] if when else None, where[1] if where else None, found.same,
    )  # fmt: skip


def names_in(text: str, words: Patterns) -> dict[str, str]:
    """Family names and the full names that the text gives with a title: 藤田葵市長."""
    found: dict[str, str] = {}
    for title in words.title.finditer(text):
        full = _KANJI.search(text, max(0, title.start() - 6), title.start())
        if full is not None and 3 <= len(full[0]) <= 5 and not words.role.search(full[0]):
            for length in (1, 2, 3):
                found.setdefault(full[0][:length], full[0])
    return found


def name(phrase: str, words: Patterns) -> tuple[str, str | None]:
    """(name without titles, role): 船会社の海野岳社長 is 海野岳; 県の担当者 has no name but that."""
    phrase = phrase.removeprefix("の")
    head = phrase
    role = None
    if words.title.fullmatch(head.rpartition("の")[2]):
        return phrase, None  # 病院の院長
    cut = head.rfind("の")
    if 0 <= cut < len(head) - 1:
        role, head = head[:cut].rpartition("で")[2] or head[:cut], head[cut + 1 :]
        if words.role.fullmatch(head):
            return phrase, None
    apart = re.fullmatch("(.*?)[・、](.+)", head)
    if apart is not None and any(match.end() == len(apart[1]) for match in words.title.finditer(apart[1])):
        role, head = (f"{role}の{apart[1]}" if role else apart[1]), apart[2]
    for match in words.title.finditer(head):
        if match.end() == len(head) and match.start() > 0:
            title = match[0]
            if words.role.fullmatch(head[: match.start()]):
                break
            named = head[: match.start()]
            if title in _HONORIFICS:
                return named, role
            return named, f"{role}{title}" if role else title
    return head, role
