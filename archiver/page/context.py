"""What a tree builder would tell the tokenizer, kept without a tree: SVG and MathML, and elements of raw text.

The HTML standard's tokenizer needs its tree builder for two things: to know whether a CDATA section may stand here
(only in SVG and MathML), and to switch to raw text after <script>, <title> and such (only outside them). Page text v1
defines an approximation that needs no tree: a stack of the elements in TRACKED, from the outermost <svg> or <math> on.
In well-formed pages it agrees with the tree; where end tags are missing or crossed inside SVG and MathML it may not.
"""

from __future__ import annotations

from collections.abc import Callable

# Start tags after which the tokenizer reads raw text, and how (HTML, section 13.2.6.4; scripting is on).
RAW_STATES = {
    "title": "rcdata",
    "textarea": "rcdata",
    "style": "rawtext",
    "xmp": "rawtext",
    "iframe": "rawtext",
    "noembed": "rawtext",
    "noframes": "rawtext",
    "noscript": "rawtext",
    "script": "script",
    "plaintext": "plaintext",
}
# Outside SVG and MathML only these start tags change anything.
SWITCHES = frozenset(RAW_STATES) | {"svg", "math"}
# Inside these, HTML elements are meant again (HTML and MathML text integration points) …
INTEGRATION = {
    "svg": frozenset({"foreignobject", "desc", "title"}),
    "math": frozenset({"mi", "mo", "mn", "ms", "mtext"}),
}
# … and inside <annotation-xml> of MathML if its encoding is one of these.
HTML_ENCODINGS = frozenset({"text/html", "application/xhtml+xml"})
# Elements whose text no browser shows.
HIDDEN = {
    "svg": frozenset({"title", "desc", "metadata", "style", "script"}),
    "math": frozenset({"annotation", "annotation-xml"}),
}
TRACKED = {space: INTEGRATION[space] | HIDDEN[space] | {"svg", "math"} for space in ("svg", "math")}
# Start tags that end SVG and MathML (HTML, section 13.2.6.5).
_BREAKOUT = """
    b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta
    nobr ol p pre ruby s small span strong strike sub sup table tt u ul var
"""
BREAKOUT = frozenset(_BREAKOUT.split())


FONT = frozenset({"color", "face", "size"})


class Context:
    """The stack, fed with every tag. All steps are O(1) amortised.

    `foreign`: whether the next tag is one of SVG or MathML; `hidden`: whether text is inside an element of HIDDEN.
    """

    __slots__ = ("_counts", "_hidden", "_stack", "foreign", "hidden")

    def __init__(self) -> None:
        self.foreign = False
        self.hidden = False
        self._stack: list[tuple[str, str, bool]] = []  # name, "svg" or "math", whether HTML is meant inside
        self._counts: dict[str, int] = {}
        self._hidden = 0  # how many elements of HIDDEN are open

    def start(self, name: str, self_closing: bool, attributes: Callable[[], dict[str, str]]) -> str | None:
        """Take in a start tag; returns the tokenizer's new state, or None if it stays. `attributes` gives those of the
        tag, in lower case; it is asked for them only of <font> and <annotation-xml>."""
        if self.foreign:
            if name not in BREAKOUT and not (name == "font" and not FONT.isdisjoint(attributes())):
                self._foreign_start(name, self_closing, attributes)
                return None
            self._break_out()
        if name in ("svg", "math"):
            if not self_closing:
                self._push(name, name, inside_html=False)
            return None
        return RAW_STATES.get(name)

    def end(self, name: str) -> None:
        """Take in an end tag."""
        if self._stack and self._counts.get(name):
            while self._pop() != name:
                pass
        elif self.foreign and name in ("p", "br"):
            self._break_out()

    def _foreign_start(self, name: str, self_closing: bool, attributes: Callable[[], dict[str, str]]) -> None:
        outer, space, _ = self._stack[-1]
        if self_closing or name not in TRACKED[space]:
            return
        inside_html = name in INTEGRATION[space]
        if space == "math":
            if name == "svg" and outer == "annotation-xml":
                space = "svg"
            elif name == "annotation-xml":
                inside_html = attributes().get("encoding", "").lower() in HTML_ENCODINGS
        self._push(name, space, inside_html=inside_html)

    def _break_out(self) -> None:
        while self.foreign:
            self._pop()

    def _push(self, name: str, space: str, *, inside_html: bool) -> None:
        self._stack.append((name, space, inside_html))
        self._counts[name] = self._counts.get(name, 0) + 1
        self._hidden += name in HIDDEN[space]
        self._update()

    def _pop(self) -> str:
        name, space, _ = self._stack.pop()
        self._counts[name] -= 1
        self._hidden -= name in HIDDEN[space]
        self._update()
        return name

    def _update(self) -> None:
        self.foreign = bool(self._stack) and not self._stack[-1][2]
        self.hidden = self._hidden > 0
