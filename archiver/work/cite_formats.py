"""Citations in formats. Everything from a page is hostile: it is escaped for where it goes, and loses its controls.

text       one paragraph                  markdown   a block quotation (CommonMark)
html       a figure with a blockquote     bibtex     @online, for BibLaTeX and BibTeX styles with urls
csl-json   for Zotero, pandoc and other CSL processors (Citation Style Language 1.0.2)
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable
from typing import Any

from archiver.page.typography import MARKS
from archiver.work.cite import Citation

# Controls, line and paragraph separators, marks of direction that could reorder what follows, lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff\ud800-\udfff\ufffe\uffff]"
)
_MARKDOWN = re.compile(r"([\\`*_{}\[\]<>|~^&$@])")
_LATEX = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
BEGINNINGS = frozenset({"Its", "His", "Her", "Their", "The", "A", "An"})
_NOT_IN_URL = re.compile(r"[^A-Za-z0-9\-._~:/?#\[\]@!$&'*+,;=%]")  # parentheses and braces too: they end things


def render(citation: Citation, form: str) -> str:
    """The citation in one of FORMATS, without a final newline."""
    return FORMATS[form](citation)


def plain(text: str) -> str:
    """Text from a page on one line, without what is not to be seen."""
    return _UNSAFE.sub("\ufffd", " ".join(text.split()))


def _text(item: Citation) -> str:
    details = ", ".join(part for part in (_who(item), _where(item, plain)) if part)
    return f"{_words(item)} {_dash(item)} {details}. {_sealed(item)}"


def _markdown(item: Citation) -> str:
    title = _md(item.title or item.url or item.file or "untitled")
    linked = f"[{title}]({_address(item.link)})" if item.link is not None else title
    rest = [_md(part) for part in (*item.authors, item.site) if part]
    details = ", ".join(part for part in (_md(_who(item)), linked, *rest, item.day) if part)
    return f"> {_md(_words(item))}\n>\n> {_dash(item)} {details}. {_md(_sealed(item))}"


def _md(text: str) -> str:
    """Escaped for CommonMark, GitHub's and pandoc's Markdown, at any place of a line."""
    text = _MARKDOWN.sub(r"\\\1", plain(text))
    text = re.sub(r"(?i)(www)\.|:(?=//)", lambda found: f"{found[1]}\\." if found[1] else "\\:", text)  # no links
    return re.sub(r"^(?:([0-9]+)(?=[.)])|(?=[-+#=]))", r"\1\\", text)  # no list, no heading


def _html(item: Citation) -> str:
    def safe(text: str | None) -> str:
        return html.escape(plain(text or ""), quote=True)

    language = f' lang="{safe(item.language)}"' if item.language else ""
    source = f' cite="{html.escape(_address(item.url))}"' if item.url is not None else ""
    title = f"<cite><bdi>{safe(item.title or item.url or item.file or 'untitled')}</bdi></cite>"
    if item.link is not None:
        title = f'<a href="{html.escape(_address(item.link))}">{title}</a>'
    names = [f"<bdi>{safe(name)}</bdi>" for name in (*item.authors, item.site) if name]
    day = f'<time datetime="{item.day}">{item.day}</time>' if item.day else None
    who = f"<bdi>{safe(_who(item))}</bdi>" if _who(item) else None
    details = ", ".join(part for part in (who, title, *names, day) if part)
    return (
        f'<figure>\n<blockquote{source}{language} dir="auto"><p>{safe(_words(item))}</p></blockquote>\n'
        f"<figcaption>{_dash(item)} {details}. {safe(_sealed(item))}</figcaption>\n</figure>"
    )


def _bibtex(item: Citation) -> str:
    fields = {
        "author": " and ".join(f"{{{_tex(name)}}}" for name in item.authors),
        "title": f"{{{_tex(item.title or item.file or 'Untitled')}}}",
        "organization": _tex(item.site or ""),
        "date": item.day or "",
        "url": _address(item.link) if item.link is not None else "",
        "urldate": item.captured[:10],
        "langid": _tex(item.language or ""),
        "note": _tex(f"{_words(item)} {_dash(item)} {_who(item) or 'speaker not named'}. {_sealed(item)}"),
    }
    lines = [f"  {name} = {{{value}}}," for name, value in fields.items() if value]
    return "\n".join([f"@online{{{item.key},", *lines, "}"])


def _tex(text: str) -> str:
    return "".join(_LATEX.get(character, character) for character in plain(text))


def _csl(item: Citation) -> str:
    value: dict[str, Any] = {
        "id": item.key,
        "type": "article-newspaper" if item.schema and "NewsArticle" in item.schema else "webpage",
        "title": plain(item.title or item.file or "Untitled"),
    }
    if item.authors:
        value["author"] = [{"literal": plain(name)} for name in item.authors]
    if item.site:
        value["container-title"] = plain(item.site)
    if item.day:
        value["issued"] = {"date-parts": [[int(part) for part in item.day.split("-")]]}
    value["accessed"] = {"date-parts": [[int(part) for part in item.captured[:10].split("-")]]}
    if item.link is not None:
        value["URL"] = _address(item.link)
    if item.language:
        value["language"] = plain(item.language)
    value["archive"] = f"archiver {item.fingerprint}"
    value["archive_location"] = f"{item.ref} {item.digest}"
    value["note"] = f"{_words(item)} {_dash(item)} {_who(item) or 'speaker not named'}. {_sealed(item)}"
    return json.dumps([value], ensure_ascii=False, indent=1)


FORMATS: dict[str, Callable[[Citation], str]] = {
    "text": _text,
    "markdown": _markdown,
    "html": _html,
    "bibtex": _bibtex,
    "csl-json": _csl,
}


def _words(item: Citation) -> str:
    """The words in quotation marks, the page's own or ours; what the page reports in its own words without any."""
    parts = [plain(part) for part in item.words]
    if item.kind == "indirect":
        return f"(reported, not quoted) {' … '.join(parts)}"
    words = " … ".join(parts)
    return words if words[0] in MARKS and words[-1] in MARKS else f"“{words}”"


def _dash(item: Citation) -> str:
    return "— denied, or not said, by" if item.denied else "—"


def _who(item: Citation) -> str:
    role = item.role
    if role is not None and role.split(" ", 1)[0] in BEGINNINGS:  # it began a sentence there
        role = role[:1].lower() + role[1:]
    return ", ".join(plain(part) for part in (item.speaker, role) if part)


def _where(item: Citation, clean: Callable[[str], str]) -> str:
    parts = [clean(part) for part in (item.title or item.file, *item.authors, item.site, item.day) if part]
    return ", ".join([*parts, *([f"<{_address(item.link)}>"] if item.link is not None else [])])


def _sealed(item: Citation) -> str:
    moment = f"{item.captured[:10]} {item.captured[11:19]} UTC"
    return (
        f"Captured {moment} by the collector's clock; archive {item.fingerprint}, statement {item.ref}, "
        f"sealed by manifest {item.digest}."
    )


def _address(url: str | None) -> str:
    """An address that ends nothing it stands in: what is not for addresses is percent-encoded."""
    return _NOT_IN_URL.sub(
        lambda sign: "".join(f"%{byte:02X}" for byte in sign[0].encode("utf-8", "replace")), url or ""
    )
