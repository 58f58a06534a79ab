"""Which encoding a page is in, and where its characters stand in the bytes."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.errors import FormatError
from archiver.page import charsets, decode, decoders
from archiver.page.charsets import ENCODINGS, LABELS, find_encoding, multi_byte_table, single_byte_table
from archiver.page.decode import decode_known, decode_slice, determine_encoding, header_encoding, prescan

WHITE = b"\t\n\f\r "


def test_specimens() -> None:
    page = decode.decode(b"<meta charset=latin1>caf\xe9", None)
    assert (page.encoding, page.source, page.text[-4:]) == ("windows-1252", "meta", "café")
    assert find_encoding(" Latin1\n") == "windows-1252"
    assert single_byte_table("windows-1252")[0x93] == "\u201c"
    text, places = decoders.decode(b"caf\xe9", "windows-1252")
    assert text == "café"
    assert [(places.start(i), places.end(i)) for i in range(4)] == [(0, 1), (1, 2), (2, 3), (3, 4)]


@pytest.mark.parametrize(
    ("content_type", "expected"),
    [
        (None, None),
        ("", None),
        ("text/html", None),
        ("text/html; charset=utf-8", "utf-8"),
        ("text/html;charset=UTF-8", "utf-8"),
        ('text/html; charset="utf-8"', "utf-8"),
        ('text/html; charset="utf-8', "utf-8"),
        ('text/html; charset="ut\\f-8"; x', "utf-8"),
        ('text/html; charset="utf-8" ; charset=koi8-r', "utf-8"),
        ("text/html; CharSet=Latin1 ", "windows-1252"),
        ("text/html; charset= utf-8", "utf-8"),
        ("text/html; charset =utf-8", None),
        ("text/html; charset=klingon; charset=utf-8", None),
        ("text/html; charset=; charset=utf-8", "utf-8"),
        ('text/html; a="; charset=koi8-r"; charset=utf-8', "utf-8"),
        ("text/html charset=utf-8", None),
        ("charset=utf-8", None),
        ("text/html; charset='utf-8'", None),
    ],
)
def test_header(content_type: str | None, expected: str | None) -> None:
    assert header_encoding(content_type) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"\xef\xbb\xbfx", ("utf-8", "bom")),
        (b"\xfe\xff\0x", ("utf-16be", "bom")),
        (b"\xff\xfex\0", ("utf-16le", "bom")),
        (b"<\0?\0x\0", ("utf-16le", "meta")),
        (b"\0<\0?\0x", ("utf-16be", "meta")),
        (b"<meta charset=utf-8>", ("utf-8", "meta")),
        (b"<meta charset=utf-16>", ("utf-8", "meta")),
        (b"<meta charset=x-user-defined>", ("windows-1252", "meta")),
        (b"<meta charset=bogus><meta charset=koi8-r>", ("koi8-r", "meta")),
        (b"<meta charset=bogus http-equiv=content-type content='x;charset=koi8-r'>", ("koi8-r", "meta-late")),
        (b"<meta content='x;charset=koi8-r'>", ("windows-1252", "default")),
        (b"<meta http-equiv=content-type content='charset = \"koi8-r\"'>", ("koi8-r", "meta")),
        (b"<?xml version='1.0' encoding=\"koi8-r\"?>", ("koi8-r", "xml")),
        (b"<?xml version='1.0' encoding=\"utf-16\"?>", ("utf-8", "xml")),
        (b"<?xml version='1.0' encoding=\"koi8-r\"", ("windows-1252", "default")),
        (b" <?xml encoding='koi8-r'?>", ("windows-1252", "default")),
        (b"<?xml encoding='koi8-r'?><meta charset=gbk>", ("gbk", "meta")),
        (b"x" * 1024 + b"<meta charset=koi8-r>", ("koi8-r", "meta-late")),
        (b"<textarea>" + b"x" * 1024 + b"<meta charset=koi8-r></textarea>", ("windows-1252", "default")),
        (b"\xc3\xa9", ("utf-8", "utf-8-guess")),
        (b"\xc3\xa9\xe2\x80", ("utf-8", "utf-8-guess")),
        (b"\xc3\xa9\xe2\x80x", ("windows-1252", "default")),
        (b"\xe9", ("utf-8", "utf-8-guess")),
        (b"\xe9x", ("windows-1252", "default")),
        (b"", ("windows-1252", "default")),
    ],
)
def test_determination(body: bytes, expected: tuple[str, str]) -> None:
    assert determine_encoding(body, "text/html") == expected


def prescan_by_the_book(data: bytes) -> str | None:
    """HTML, "prescan a byte stream to determine its encoding", step by step; IndexError: out of bytes."""
    if data.startswith(b"<\0?\0x\0"):
        return "utf-16le"
    if data.startswith(b"\0<\0?\0x"):
        return "utf-16be"
    at = 0
    while at < len(data):
        if data.startswith(b"<!--", at):
            end = data.find(b"-->", at + 2)
            if end < 0:
                return None
            at = end + 2
        elif data[at : at + 5].lower() == b"<meta" and data[at + 5 : at + 6] and data[at + 5] in WHITE + b"/":
            at += 5
            found: dict[bytes, bytes] = {}
            got_pragma, need_pragma, charset, failed = False, None, None, False
            while True:
                attribute, at = get_an_attribute(data, at)
                if attribute is None:
                    break
                name, value = attribute
                if name in found:
                    continue
                found[name] = value
                if name == b"http-equiv":
                    got_pragma = got_pragma or value == b"content-type"
                elif name == b"content":
                    encoding = find_encoding(from_content(value.decode("latin-1")))
                    if encoding and charset is None and not failed:
                        charset, need_pragma = encoding, True
                elif name == b"charset":
                    charset, need_pragma = find_encoding(value.decode("latin-1")), False
                    failed = charset is None
            if need_pragma is not None and not (need_pragma and not got_pragma) and charset is not None:
                return {"utf-16le": "utf-8", "utf-16be": "utf-8", "x-user-defined": "windows-1252"}.get(
                    charset, charset
                )
        elif data[at] == 0x3C and data[at + 1 + (data[at + 1 : at + 2] == b"/") :][:1].isalpha():
            while data[at] not in WHITE + b">":
                at += 1
            attribute: object = ""
            while attribute is not None:
                attribute, at = get_an_attribute(data, at)
        elif data[at : at + 2] in (b"<!", b"</", b"<?"):
            at = data.find(b">", at)
            if at < 0:
                return None
        at += 1
    return None


def get_an_attribute(data: bytes, at: int) -> tuple[tuple[bytes, bytes] | None, int]:
    """HTML, "get an attribute"."""
    while data[at] in WHITE + b"/":
        at += 1
    if data[at] == 0x3E:
        return None, at
    name, value = b"", b""
    while True:
        if data[at] == 0x3D and name:
            at += 1
            break
        if data[at] in WHITE:
            while data[at] in WHITE:
                at += 1
            if data[at] != 0x3D:
                return (name, b""), at
            at += 1
            break
        if data[at] in b"/>":
            return (name, b""), at
        name += data[at : at + 1].lower()
        at += 1
    while data[at] in WHITE:
        at += 1
    if data[at] in b"\"'":
        quote = data[at]
        while data[at + 1] != quote:
            at += 1
            value += data[at : at + 1].lower()
        return (name, value), at + 2
    if data[at] == 0x3E:
        return (name, b""), at
    while data[at] not in WHITE + b">":
        value += data[at : at + 1].lower()
        at += 1
    return (name, value), at


def from_content(text: str) -> str:
    """HTML, "extracting a character encoding from a meta element"; "" for nothing."""
    at = 0
    while True:
        at = text.lower().find("charset", at)
        if at < 0:
            return ""
        at += 7
        rest = text[at:].lstrip("\t\n\f\r ")
        if not rest.startswith("="):
            continue
        rest = rest[1:].lstrip("\t\n\f\r ")
        if rest[:1] in ("'", '"') and rest:
            end = rest.find(rest[0], 1)
            return rest[1:end] if end > 0 else ""
        for stop, character in enumerate(rest):
            if character in "\t\n\f\r ;":
                return rest[:stop]
        return rest


META = st.lists(
    st.sampled_from(
        [
            *(
                b"<meta ",
                b"<meta/",
                b"<META\n",
                b"<metax ",
                b"charset=",
                b"charset = ",
                b'"utf-8"',
                b"'koi8-r'",
                b"gbk ",
            ),
            *(b'"bogus"', b"utf-16 ", b" http-equiv=content-type ", b" http-equiv='Content-Type' ", b" content="),
            *(b'"text/html; charset=big5"', b"'charset'", b"'x charset charset=gbk;'", b'"charset=\'gbk"', b">", b"/>"),
            *(b"<!--", b"-->", b"<!-->", b"<!", b"<?", b"</", b"</p ", b"<a href='>' ", b" ", b"\n", b"=", b'"', b"'"),
            *(
                b"x",
                b"<p title='<meta charset=koi8-r>'>",
                b"<",
                b"<meta charset=windows-1251>",
                b"<script>",
                b"\x0c",
                b"/",
            ),
            *(b"<meta charset=koi8-u charset=big5>", b"charset", b"=utf-8;"),
        ]
    ),
    max_size=16,
).map(b"".join)


@given(META)
@settings(max_examples=1500, deadline=None)
def test_prescan_does_what_the_standard_says(data: bytes) -> None:
    try:
        expected = prescan_by_the_book(data)
    except IndexError:
        expected = None
    assert prescan(data) == expected


def test_labels_are_those_of_the_standard() -> None:
    assert len(ENCODINGS) == 40
    assert len(LABELS) == 228
    told = "\n".join(f"{label} {LABELS[label]}" for label in sorted(LABELS))
    assert (
        hashlib.sha256(told.encode()).hexdigest() == "d9153e22e1ff538549310364cdcfb22e7aee13578352f4571a187d13857df8d9"
    )
    assert find_encoding("\u212aoi8-r") is None  # the Kelvin sign
    assert find_encoding("utf-8\x0b") is None


# SHA-256 of each table. Python's codecs supply most of them: another Python must not change what a page said.
TABLES = {
    "ibm866": "3c8cc5cb485f93d2bb20ea06c4d6808fcae1d924105a0ec4ee2b280457c14e14",
    "iso-8859-2": "a5871b0f978b840b9fad23483563caf9edf42c1828bff529f7594779ebaf5210",
    "iso-8859-3": "e83895f2b7d7b82b9356298e197f7ddef190d53209cdf3b46e9eca4d4a582847",
    "iso-8859-4": "449076e20ebf45ebbf44f24e39e98684dd2a6e07467ba3b8ba4192eb9405e2e3",
    "iso-8859-5": "9f31ddc0f7444afa24ddc2241f303bcd712296d7f2ca1e6bc9f5d1e9163df86f",
    "iso-8859-6": "beba4e6cf97dce8317ea76b14b77dbe4d2b3d8920b6b0a3fa9235ab532629f82",
    "iso-8859-7": "71069977a6798ab799df960847c927edfc3f787ac238f73702d7f37ef8cc1a1c",
    "iso-8859-8": "b43535e7aaeb7bcf8bd8465326ef9ace96e351494306f963fa24cf312e5aaf18",
    "iso-8859-8-i": "b43535e7aaeb7bcf8bd8465326ef9ace96e351494306f963fa24cf312e5aaf18",
    "iso-8859-10": "282514fbd01219c48fc84a8e45654368f161e1c5ab33fc028748688b9acb217f",
    "iso-8859-13": "4426f6d2f1b025cdf6d2b46080e2840b0ce85666d424ec909ccab226b34ebcc8",
    "iso-8859-14": "f03afb7e01e66cac3cd7ed1a084173244f55b7c2e7fce44969aeade1077d8560",
    "iso-8859-15": "9b58b26dbd8fbff2917ab21d989323703946ba491a1eb15cdb2af7ecf9581e97",
    "iso-8859-16": "2de1faef4dc524c9b94fd90885997e4fe6c2be7c672a1c03a10dcb0edd69487e",
    "koi8-r": "fb0243455e64ef7026d46b057cfaeb41fef148d7d29a78fde21feda264ac02ee",
    "koi8-u": "896c218aaf12ca1b0489a01d8d2780b0e9de4253e24f0117d5486dfd87acf593",
    "macintosh": "54112bce885d7b1abc9ba5e06e21900b89ea0f7e5da25e393c0bdf72d0ea4a30",
    "windows-874": "6a2c7940c3d682164044abd7db7706dfff0307c39092937230f7554ce9846756",
    "windows-1250": "03772ed2e875bd125544fe7f243ea9a1dd163a057030970b26d8b6dd4c79a6e5",
    "windows-1251": "b16600cf4e6d1a2d4659b6a2cc96caa5ddc3e103ecfb07c5154d05fd54b174b3",
    "windows-1252": "cc916e51644a12e8de4ad160910c171a58621ee5dc3a6da6f8b00f8684085f33",
    "windows-1253": "e4570135cbc6e3d53eae99c2be1af17c86f4a744bd55757470d2143ece00da0b",
    "windows-1254": "4a8e99647c3e28e6a5234ac8b124e5614a3f99dc68ec948fb67da163e210e4f3",
    "windows-1255": "870c5c5e687fabcddc1209bc1263f6d6e9d6f594baed8ab280dcdeeb5607207d",
    "windows-1256": "6f6e8626197b1b6b280a079d1d842daa09600a39fdb3d1e99596e943c61cc98b",
    "windows-1257": "d19a4e888879e36a450470073fc0344cffdfffa40ad82fb433de9f9b40b5c048",
    "windows-1258": "e79b48db126bc71dfcf1723e9f6350af101d1eb494e29d736ecf9530113cd361",
    "x-mac-cyrillic": "784db55e1c90195e69a4f96d755548fe48a4a6c327d1138cc731af07afec272c",
    "gb18030": "22687fc79945326c8f17c9d5f4dc77e360f4be06c7db069ddc0b22d3825100c9",
    "big5": "fb25c838ac48ed5f1afa49791b8de9e3285433bd33a5af3b403bbdf433fd5d25",
    "euc-jp": "e310dea18cfeafd6570ccab9cf165052ae9f5b49657f3b4d9015d65fe7ed2bf6",
    "shift_jis": "63cb1be1981754a5dde11d21c6dda29b5b9e90c920b93591d2b113e2d5b1358c",
    "euc-kr": "a5e919a75f66d8e116085b248f952d5535080812d88cdb21547b5b99af28dfe4",
    "x-user-defined": "fb4341fe90799717efc22f5de56d20a92c13e3711e94c9d4433fa4aabaf57c57",
}


@pytest.mark.parametrize("encoding", TABLES)
def test_tables_are_pinned(encoding: str) -> None:
    if encoding in MULTI:
        table = multi_byte_table(encoding)
        told = "".join(f"{key.hex()} {table[key]}\n" for key in sorted(table))
    else:
        told = single_byte_table(encoding)
    assert hashlib.sha256(told.encode()).hexdigest() == TABLES[encoding]


MULTI = ("gb18030", "big5", "euc-jp", "shift_jis", "euc-kr")


def test_every_encoding_has_a_table_or_an_algorithm() -> None:
    others = {"utf-8", "utf-16le", "utf-16be", "iso-2022-jp", "replacement", "gbk"}
    assert set(ENCODINGS) == set(TABLES) | others


PIECES = st.lists(
    st.sampled_from(
        [
            *(
                b"a",
                b"<",
                b"\\",
                b"~",
                b"\x80",
                b"\x81",
                b"\x81\x30",
                b"\x81\x30\x81\x30",
                b"\x84\x31\xa4\x37",
                b"\xff",
                b"\xfe",
            ),
            *(
                b"\x8e\xb1",
                b"\x8f\xb0\xee",
                b"\x8f",
                b"\xa1\xa1",
                b"\x88\x62",
                b"\xe2\x80\x9c",
                b"\xe2\x80",
                b"\xf0\x9f\x98\x80",
            ),
            *(
                b"\xed\xa0\x80",
                b"\xc0\xaf",
                b"\x1b$B",
                b"\x1b(B",
                b"\x1b(J",
                b"\x1b(I",
                b"\x1b",
                b"%F",
                b"\x0e",
                b"\xd8\x00",
            ),
            *(b"\x00\xdc", b"\x3d\xd8", b"\x00\xde"),
        ]
    ),
    max_size=30,
).map(b"".join)


@given(st.one_of(PIECES, st.binary(max_size=60)), st.sampled_from(ENCODINGS), st.integers(0, 3))
@settings(max_examples=1500, deadline=None)
def test_characters_stand_on_bytes_in_order(data: bytes, encoding: str, offset: int) -> None:
    text, places = decoders.decode(data, encoding, offset)
    spans = [(places.start(index), places.end(index)) for index in range(len(text))]
    for (start, end), character in zip(spans, text, strict=True):
        assert offset <= start < end <= len(data) + offset
        assert not "\ud800" <= character <= "\udfff"
    if encoding in ("iso-2022-jp", "replacement"):
        return  # escape sequences belong to no character; the one replacement stands for all
    at = offset
    for number, (start, end) in enumerate(spans):
        if number and (start, end) == spans[number - 1] and encoding == "big5":
            continue  # two characters for one pair
        assert start == at
        at = end
    assert at == len(data) + offset


@given(PIECES)
@settings(max_examples=300, deadline=None)
def test_utf_8_is_what_python_makes_of_it(data: bytes) -> None:
    assert decoders.decode(data, "utf-8")[0] == data.decode("utf-8", "replace")


@pytest.mark.parametrize("size", [0, 1, 2047, 2048, 2049, 5000])
def test_places_in_long_utf_8(size: int) -> None:
    text = "aé“😀" * (size // 4) + "aé“😀"[: size % 4]
    data = text.encode()
    same, places = decoders.decode(data, "utf-8", 3)
    assert same == text
    at = 3
    for index, character in enumerate(text):
        assert places.start(index) == at
        at += len(character.encode())
        assert places.end(index) == at


@pytest.mark.parametrize(
    ("data", "text", "spans"),
    [
        (b"\x1b$B%F\x1b(Bx", "テx", [(3, 5), (8, 9)]),
        (b"\x1b(J\\~", "¥‾", [(3, 4), (4, 5)]),
        (b"\x1b(I\x31", "ｱ", [(3, 4)]),
        (b"\x1b(B\x1b(Bx", "\ufffdx", [(3, 6), (6, 7)]),
        (b"\x1b(\x80", "\ufffd(\ufffd", [(0, 1), (1, 2), (2, 3)]),
        (b"\x1b$B%", "\ufffd", [(3, 4)]),
        (b"\x1b$B%\x1b(Bx", "\ufffdx", [(3, 4), (7, 8)]),
        (b"\x1b", "\ufffd", [(0, 1)]),
        (b"a\x0eb", "a\ufffdb", [(0, 1), (1, 2), (2, 3)]),
    ],
)
def test_iso_2022_jp(data: bytes, text: str, spans: list[tuple[int, int]]) -> None:
    found, places = decoders.decode(data, "iso-2022-jp")
    assert found == text
    assert [(places.start(index), places.end(index)) for index in range(len(found))] == spans


@pytest.mark.parametrize(
    ("encoding", "data", "text"),
    [
        ("utf-16le", b"\x3d\xd8\x00\xde", "😀"),
        ("utf-16le", b"\x3d\xd8a\0", "\ufffda"),
        ("utf-16le", b"\x00\xdea\0", "\ufffda"),
        ("utf-16le", b"a\0b", "a\ufffd"),
        ("utf-16le", b"\x3d\xd8b", "\ufffd"),
        ("utf-16be", b"\xd8\x3d\xde\x00", "😀"),
        ("gb18030", b"\x84\x31\xa4\x37", "\ufffd"),
        ("gb18030", b"\x81\x30\x81", "\ufffd"),
        ("gb18030", b"\x81\x30a", "\ufffd0a"),
        ("gb18030", b"\x81\x35\xf4\x37", "\ue7c7"),
        ("gb18030", b"\xa8\xbc", "\u1e3f"),
        ("big5", b"\x88\x62\x88\x64\x88\xa3\x88\xa5", "\u00ca\u0304\u00ca\u030c\u00ea\u0304\u00ea\u030c"),
        ("big5", b"\x81a", "\ufffda"),
        ("euc-kr", b"\x81a", "갵"),
        ("euc-kr", b"\xfe\xfe<", "\ufffd<"),
        ("shift_jis", b"\x81<\xa0\xfd", "\ufffd<\ufffd\ufffd"),
        ("euc-jp", b"\x8f\xa2\xb7\x8f\xa1<", "～\ufffd<"),
    ],
)
def test_multi_byte(encoding: str, data: bytes, text: str) -> None:
    assert decoders.decode(data, encoding)[0] == text


def test_known_encodings() -> None:
    again = decode_known(b"\xef\xbb\xbfcaf\xc3\xa9", "utf-8")
    assert again.text == "café"
    assert (again.places.start(3), again.places.end(3)) == (6, 8)
    assert decode_slice(b"\xef\xbb\xbfx", "utf-8") == "\ufeffx"
    for encoding in ("utf8", "UTF-8", "latin1", ""):
        with pytest.raises(FormatError):
            decode_known(b"x", encoding)
    assert charsets.REPLACEMENT == "\ufffd"
