"""Other people's parsers as judges: justhtml builds the tree that the HTML standard prescribes, Chromium is a browser.

Page text v1 builds no tree, so its words can stand in another order than a tree's (foster parenting), and it knows no
framesets. Which words a reader sees must agree.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import justhtml
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from archiver.page.context import HIDDEN
from archiver.page.text import DROPPED, project
from archiver.page.tokens import Text, Tokenizer

_NAMES = """
    p div span b i a em q blockquote table tr td th tbody ul li dl dt dd h1 h2 br hr img title style script textarea xmp
    noscript noembed noframes iframe template select option optgroup button form input font center nobr section article
    head body html object video ruby rt pre listing caption colgroup col dialog summary details figure figcaption main
    aside label plaintext
"""
NAMES = st.sampled_from(_NAMES.split())
ATTRIBUTES = st.sampled_from(["", "", " a", ' class="x"', " color=red", ' a="<b>"', " /", " type=hidden", " x='>'"])
TAGS = st.one_of(
    st.tuples(NAMES, ATTRIBUTES).map(lambda tag: f"<{tag[0]}{tag[1]}>"),
    NAMES.map(lambda name: f"<{name.upper()}/>"),
    NAMES.map(lambda name: f"</{name}>"),
    NAMES.map(lambda name: f"</{name} x='y'>"),
)
ODD = st.sampled_from(
    [
        *("<!-- W -->", "<!--W--!>", "<!W>", "<?W>", "</ W>", "<![CDATA[ W ]]>", "<!-->W-->", "&amp;", "&lt;", "&copy"),
        *("&notit;", "&#x41;", "&#128;", "&bogus;", "<", "< ", "</>", "&", "<3", "'", '"', "W", " W ", "W W"),
        "<svg>W<title>W</title><path/><text>W</text><script>W</script><style>W</style></svg>",
        "<svg><desc>W</desc><foreignObject><p>W</p><b>W</b></foreignObject><a>W</a><![CDATA[W]]></svg>",
        "<math><mi>W</mi><mo>W</mo><semantics><annotation>W</annotation><mtext>W<b>W</b></mtext></semantics></math>",
    ]
)


def numbered(parts: list[str]) -> str:
    """The parts with each W a word of its own."""
    pieces = "".join(parts).split("W")
    return "".join(piece + f" w{number}x " for number, piece in enumerate(pieces[:-1])) + pieces[-1]


SOUP = st.lists(st.one_of(TAGS, ODD, ODD, st.just("W")), max_size=25).map(numbered)


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"w[0-9]+x", text))


def shown(node: Any) -> list[str]:
    """The texts below a node of justhtml's tree that page text v1 does not drop."""
    found: list[str] = []
    for child in node.children or ():
        name = str(child.name)
        space = getattr(child, "namespace", None)
        if name == "#text":
            found.append(child.data)
        elif name.startswith(("#", "!")):
            continue
        elif space in HIDDEN:
            if name.lower() not in HIDDEN[space]:
                found += shown(child)
        elif name not in DROPPED and name != "template":
            found += shown(child)
    return found


@given(SOUP)
@settings(max_examples=1500, deadline=None)
def test_tag_soup_has_the_words_of_the_standard_s_tree(source: str) -> None:
    tree = justhtml.JustHTML(source, sanitize=False)
    assert words(project(source.encode(), "text/html; charset=utf-8").text) == words(" ".join(shown(tree.root)))


@given(
    st.lists(
        st.one_of(
            st.sampled_from(["&", "#", "x", ";", "amp", "not", "in", "lt", "copy", "1", "2", "8", "F"]),
            st.text("&#x;abAB19", max_size=4),
        ),
        max_size=12,
    ).map("".join)
)
@settings(max_examples=600, deadline=None)
def test_references_are_those_of_the_standard(source: str) -> None:
    ours = "".join(token.data for token in Tokenizer(source) if isinstance(token, Text))
    theirs = "".join(shown(justhtml.JustHTML("<pre>x" + source, sanitize=False).root))
    assert "x" + ours.replace("\r", "\n") == theirs


def test_every_named_reference() -> None:
    from html.entities import html5

    source = "".join(f"<p>&{name}.</p>" for name in sorted(html5))
    theirs = shown(justhtml.JustHTML(source, sanitize=False).root)
    ours = [""]
    for token in Tokenizer(source):
        if isinstance(token, Text):
            ours[-1] += token.data
        elif getattr(token, "name", "") == "p" and ours[-1]:
            ours.append("")
    assert ours[:-1] == theirs
    assert len(theirs) == 2231


CHROMIUM = next(filter(None, map(shutil.which, ("chromium-headless-shell", "chromium", "google-chrome"))), None)
PAGE = """<!doctype html><meta charset=utf-8><pre id=o></pre><iframe id=f></iframe><script>
const cases = @CASES@, dropped = new Set(@DROPPED@), hidden = @HIDDEN@;
const spaces = {"http://www.w3.org/2000/svg": "svg", "http://www.w3.org/1998/Math/MathML": "math"};
function walk(node, out) {
  for (let child = node.firstChild; child; child = child.nextSibling) {
    if (child.nodeType === 3 || child.nodeType === 4) out.push(child.data);
    else if (child.nodeType === 1) {
      const space = spaces[child.namespaceURI], name = child.localName.toLowerCase();
      if (space ? hidden[space].includes(name) : dropped.has(name) || name === "template") continue;
      walk(child, out);
    }
  }
  return out;
}
const results = cases.map(source => {
  const page = document.getElementById("f").contentDocument;
  page.open(); page.write(source); page.close();
  return walk(page, []).join(" ");
});
const bytes = unescape(encodeURIComponent(JSON.stringify(results)));
document.getElementById("o").textContent = "RESULT" + btoa(bytes) + "END";
</script>"""


def in_chromium(page: str, folder: Path) -> Any:
    """What the page's script leaves behind. The browser gets a network of its own, without any other machine in it."""
    (folder / "page.html").write_text(page, "utf-8")
    command = [CHROMIUM, "--no-sandbox", "--disable-gpu", "--virtual-time-budget=60000", "--dump-dom"]
    shell = 'ip link set lo up; exec "$@"'
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", shell, "sh", *command, (folder / "page.html").as_uri()],
        capture_output=True,
        timeout=120,
    )
    match = re.search(rb"RESULT([A-Za-z0-9+/=]*)END", done.stdout)
    assert match, done.stderr[-2000:]
    return json.loads(base64.b64decode(match[1]))


browser = pytest.mark.skipif(
    CHROMIUM is None
    or not shutil.which("unshare")
    or subprocess.run(["unshare", "-n", "true"], capture_output=True).returncode,
    reason="needs Chromium, and the right to give it a network of its own",
)


@pytest.mark.browser
@pytest.mark.slow
@browser
def test_chromium_shows_the_same_words(tmp_path: Path) -> None:
    sources: list[str] = []

    @given(SOUP)
    @settings(max_examples=800, database=None, deadline=None)
    def collect(source: str) -> None:
        sources.append(source)

    collect()
    page = (
        PAGE.replace("@CASES@", json.dumps(sources).replace("<", "\\u003c"))
        .replace("@DROPPED@", json.dumps(sorted(DROPPED)))
        .replace("@HIDDEN@", json.dumps({space: sorted(names) for space, names in HIDDEN.items()}))
    )
    for source, text in zip(sources, in_chromium(page, tmp_path), strict=True):
        assert words(project(source.encode(), "text/html; charset=utf-8").text) == words(text), source
