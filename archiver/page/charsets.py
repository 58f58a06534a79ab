"""The labels, names and tables of the WHATWG Encoding Standard.

Python's codecs supply the big tables; where they differ from the standard's indexes they are patched here, and a test
pins the digest of every table, so that a changed codec cannot change what a page said.

Specimen: `find_encoding(" Latin1\\n")` is "windows-1252", whose byte 0x93 is U+201C.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

REPLACEMENT = "\ufffd"

# One encoding a line, "name: its other labels" (Encoding Standard, section 4.2, table of names and labels).
_LABELS = """
utf-8: unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf8 x-unicode20utf8
ibm866: 866 cp866 csibm866
iso-8859-2: csisolatin2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2
iso-8859-3: csisolatin3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3
iso-8859-4: csisolatin4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4
iso-8859-5: csisolatincyrillic cyrillic iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988
iso-8859-6: arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6-e iso-8859-6-i
  iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987
iso-8859-7: csisolatingreek ecma-118 elot_928 greek greek8 iso-ir-126 iso8859-7 iso88597 iso_8859-7
  iso_8859-7:1987 sun_eu_greek
iso-8859-8: csiso88598e csisolatinhebrew hebrew iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8
  iso_8859-8:1988 visual
iso-8859-8-i: csiso88598i logical
iso-8859-10: csisolatin6 iso-ir-157 iso8859-10 iso885910 l6 latin6
iso-8859-13: iso8859-13 iso885913
iso-8859-14: iso8859-14 iso885914
iso-8859-15: csisolatin9 iso8859-15 iso885915 iso_8859-15 l9
iso-8859-16:
koi8-r: cskoi8r koi koi8 koi8_r
koi8-u: koi8-ru
macintosh: csmacintosh mac x-mac-roman
windows-874: dos-874 iso-8859-11 iso8859-11 iso885911 tis-620
windows-1250: cp1250 x-cp1250
windows-1251: cp1251 x-cp1251
windows-1252: ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1
  iso88591 iso_8859-1 iso_8859-1:1987 l1 latin1 us-ascii x-cp1252
windows-1253: cp1253 x-cp1253
windows-1254: cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5
  latin5 x-cp1254
windows-1255: cp1255 x-cp1255
windows-1256: cp1256 x-cp1256
windows-1257: cp1257 x-cp1257
windows-1258: cp1258 x-cp1258
x-mac-cyrillic: x-mac-ukrainian
gbk: chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 iso-ir-58 x-gbk
gb18030:
big5: big5-hkscs cn-big5 csbig5 x-x-big5
euc-jp: cseucpkdfmtjapanese x-euc-jp
iso-2022-jp: csiso2022jp
shift_jis: csshiftjis ms932 ms_kanji shift-jis sjis windows-31j x-sjis
euc-kr: cseuckr csksc56011987 iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601
  windows-949
replacement: csiso2022kr hz-gb-2312 iso-2022-cn iso-2022-cn-ext iso-2022-kr
utf-16be: unicodefffe
utf-16le: csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16
x-user-defined:
"""

_CODECS = {"ibm866": "cp866", "x-mac-cyrillic": "mac_cyrillic", "macintosh": "mac_roman", "windows-874": "cp874"}
_SINGLE_PATCHES = {"koi8-u": {0xAE: "\u045e", 0xBE: "\u040e"}, "windows-1255": {0xCA: "\u05ba"}}

# Pairs at which Python's gb18030 differs from index gb18030 (GB 18030-2022 without its private-use characters).
_GB18030_PATCHES = (
    "a3a0\u3000 a6d9\ufe10\ufe12\ufe11\ufe13\ufe14\ufe15\ufe16 a6ec\ufe17\ufe18 a6f3\ufe19 a8bc\u1e3f fe59\u9fb4 "
    "fe61\u9fb5 fe66\u9fb6\u9fb7 fe6d\u9fb8 fe7e\u9fb9 fe90\u9fba fea0\u9fbb"
)
# The same for Python's big5hkscs and index Big5: first pair of a run of successive pairs, and the run's characters.
_BIG5_PATCHES = """
877a㡵𡵓𣚞𦀡㻬𥣞㫵竼龗𤅡𨤍𣇪 87a8𠪊𣉞䌊蒄龖鐯䤰蘓墖靊鈘秐 87b4稲晠権袝瑌篅枂稬剏遆㓦珄 87c0𥶹瓆鿇垳䤯呌䄱𣚎堘穲𧭥讏
87cc䚮𦺈䆁𥶙箮𢒼鿈𢓁𢓉𢓌鿉蔄 87d8𣖻䂴鿊䓡𪷿拁灮鿋 8e69箸 8e6f簆 8e7e糎 8eab緒 8eb4縝 8ecd者 8ed0耨
8f57菁 8f69蒨 8f6e萏 8fcb覦覩 8ffe起 906d都 907a銹 90dc靜 90f1響 91bf鼖 9244蔃 92af兙兛兝兞
92c8鍮 92d1瑹 9447浧 94ca禛 95d9邗 9644靝 96ed瀞 96fc嬨 9b76爁 9b78矗 9b7b纇 9bc6駖
9bde釔 9bec惞 9bf6澶 9c42輶 9c53侻 9c62營 9c68鄄 9c6b鷰 9c77菏 9cbc尐秣 9cd0婧 9d57輋
9d5a筑 9dc4拐 9ea9恢 9eef痹 9efd汊 9f60鬮 9f66鼗 9fcb僭 9fd8弌 a063蠏 a077拎 a0d5瑨
a0df煢 a0e4牐 a145‧ a14e﹑ a1c2¯ a1e3～ a1f2⊕⊙ a241∕﹨ a244￥ a246￠￡
a3c0␀␁␂␃␄␅␆␇␈␉␊␋ a3cc␌␍␎␏␐␑␒␓␔␕␖␗ a3d8␘␙␚␛␜␝␞␟␡€ c6cf廴 c6d3无 c6d5癶 c6d7隶
c6de〃仝 fa5f倩 fa66偽 fabd包 fac5卄 fad5卿 fb48嘅 fbb8婷 fbf3幵 fbf9廐 fc4f彘 fc6c悤
fcb9撐 fce2晴 fcf1杞 fdb7沜渝 fdbb港 fdf1煮 fe52猪 fe6f瑜 feaa瓩 fedd砉
"""


def _labels() -> dict[str, str]:
    table: dict[str, str] = {}
    name = ""
    for line in _LABELS.strip().split("\n"):
        words = line.split()
        if not line.startswith(" "):
            name = words[0].rstrip(":")
        for word in words:
            table[word.rstrip(":") if word == name + ":" else word] = name
    return table


LABELS: dict[str, str] = _labels()
ENCODINGS: tuple[str, ...] = tuple(dict.fromkeys(LABELS.values()))


def find_encoding(label: str) -> str | None:
    """The standard's "get an encoding": the encoding's name in lower case, or None for a label that names none."""
    label = label.strip("\t\n\f\r ")
    return LABELS.get(label.lower()) if label.isascii() else None


@cache
def single_byte_table(encoding: str) -> str:
    """The 256 characters of a single-byte encoding; what the standard leaves undefined is U+FFFD."""
    if encoding == "x-user-defined":
        return "".join(map(chr, range(0x80))) + "".join(map(chr, range(0xF780, 0xF800)))
    name = "iso-8859-8" if encoding == "iso-8859-8-i" else encoding
    codec = _CODECS.get(name, name.replace("windows-", "cp"))
    table = list(bytes(range(256)).decode(codec, "replace"))
    if name.startswith("windows-"):  # bytes that the code page leaves undefined here are C1 controls to the standard
        for byte in range(0x80, 0xA0):
            if table[byte] == REPLACEMENT:
                table[byte] = chr(byte)
    for byte, character in _SINGLE_PATCHES.get(name, {}).items():
        table[byte] = character
    return "".join(table)


@cache
def multi_byte_table(encoding: str) -> dict[bytes, str]:
    """Characters of each lead and trail byte (and of three bytes in EUC-JP, of the single bytes above 0x7F)."""
    if encoding in ("gb18030", "gbk"):
        table = _pairs("gb18030", range(0x81, 0xFF), (*range(0x40, 0x7F), *range(0x80, 0xFF)))
        return {**table, **_patches(_GB18030_PATCHES, _next_gb18030), b"\x80": "\u20ac"}
    if encoding == "big5":
        table = _pairs("big5hkscs", range(0x81, 0xFF), (*range(0x40, 0x7F), *range(0xA1, 0xFF)))
        return {**table, **_patches(_BIG5_PATCHES, _next_big5)}
    if encoding == "euc-kr":
        return _pairs("cp949", range(0x81, 0xFF), range(0x41, 0xFF))
    kana = {byte: chr(0xFF61 - 0xA1 + byte) for byte in range(0xA1, 0xE0)}
    jis = _pairs("cp932", (*range(0x81, 0xA0), *range(0xE0, 0xFD)), (*range(0x40, 0x7F), *range(0x80, 0xFD)))
    if encoding == "shift_jis":
        return {**jis, b"\x80": "\x80", **{bytes([byte]): character for byte, character in kana.items()}}
    table = {}
    for lead in range(0xA1, 0xFF):
        for trail in range(0xA1, 0xFF):
            key = bytes([lead, trail])
            if character := jis.get(_shift_jis(lead - 0xA1, trail - 0xA1)):
                table[key] = character
            table.update(_strict("euc_jp", b"\x8f" + key))
    table[b"\x8f\xa2\xb7"] = "\uff5e"
    return {**table, **{bytes([0x8E, byte]): character for byte, character in kana.items()}}


def _pairs(codec: str, leads: Sequence[int], trails: Sequence[int]) -> dict[bytes, str]:
    table: dict[bytes, str] = {}
    for lead in leads:
        for trail in trails:
            table.update(_strict(codec, bytes([lead, trail])))
    return table


def _strict(codec: str, key: bytes) -> dict[bytes, str]:
    try:
        return {key: key.decode(codec)}
    except UnicodeDecodeError:
        return {}


def _patches(runs: str, following: Callable[[int, int], tuple[int, int]]) -> dict[bytes, str]:
    table = {}
    for run in runs.strip("\n").replace("\n", " ").split(" "):  # only there: U+3000 is white space to split()
        lead, trail = bytes.fromhex(run[:4])
        for character in run[4:]:
            table[bytes([lead, trail])] = character
            lead, trail = following(lead, trail)
    return table


def _next_gb18030(lead: int, trail: int) -> tuple[int, int]:
    return (lead + 1, 0x40) if trail == 0xFE else (lead, 0x80 if trail == 0x7E else trail + 1)


def _next_big5(lead: int, trail: int) -> tuple[int, int]:
    return (lead + 1, 0x40) if trail == 0xFE else (lead, 0xA1 if trail == 0x7E else trail + 1)


def _shift_jis(row: int, cell: int) -> bytes:
    """The Shift_JIS pair of a cell of JIS X 0208, both counted from 0."""
    lead, trail = divmod(row * 94 + cell, 188)
    return bytes([lead + (0x81 if lead < 31 else 0xC1), trail + (0x40 if trail < 63 else 0x41)])
