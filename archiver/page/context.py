"""What a tree builder would tell the tokenizer, kept without a tree: SVG and MathML, and elements of raw text.

The HTML standard's tokenizer needs its tree builder for two things: to know whether a CDATA section may stand here
(only in SVG and MathML), and to switch to raw text after <script>, <title> and such (only outside them). Page text v1
defines an approximation that needs no tree: a stack of the names in TRACKED, from the outermost <svg> or <math> on.
In well-formed pages it agrees with the tree; in others it can never swallow more than a browser would.
"""

from __future__ import annotations

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
# Inside these, HTML elements are meant again (HTML and MathML text integration points).
INTEGRATION = frozenset({"foreignobject", "desc", "title", "mi", "mo", "mn", "ms", "mtext"})
# Elements of SVG and MathML whose text no browser shows.
HIDDEN = frozenset({"title", "desc", "metadata", "style", "script", "annotation", "annotation-xml"})
TRACKED = INTEGRATION | HIDDEN | {"svg", "math"}
# Start tags that end SVG and MathML (HTML, section 13.2.6.5).
_BREAKOUT = """
    b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta
    nobr ol p pre ruby s small span strong strike sub sup table tt u ul var
"""
BREAKOUT = frozenset(_BREAKOUT.split())


class Context:
    """The stack, fed with every tag; `foreign` and `hidden` hold for what comes next. All steps are O(1) amortised."""

    __slots__ = ("_counts", "_hidden", "_stack")

    def __init__(self) -> None:
        self._stack: list[str] = []
        self._counts: dict[str, int] = {}
        self._hidden = 0

    @property
    def foreign(self) -> bool:
        """Whether the next tag is one of SVG or MathML."""
        return bool(self._stack) and self._stack[-1] not in INTEGRATION

    @property
    def hidden(self) -> bool:
        """Whether text is inside an element of HIDDEN in SVG or MathML."""
        return self._hidden > 0

    def start(self, name: str, self_closing: bool, breaks_out: bool = False) -> str | None:
        """Take in a start tag; returns the tokenizer's new state, or None if it stays. `breaks_out`: it is a <font>
        with a color, face or size attribute."""
        if self.foreign:
            if name not in BREAKOUT and not breaks_out:
                if not self_closing and name in TRACKED:
                    self._push(name)
                return None
            self._break_out()
        if name in ("svg", "math"):
            if not self_closing:
                self._push(name)
            return None
        return RAW_STATES.get(name)

    def end(self, name: str) -> None:
        """Take in an end tag."""
        if self._counts.get(name):
            while self._pop() != name:
                pass
        elif name in ("p", "br") and self.foreign:
            self._break_out()

    def _break_out(self) -> None:
        while self.foreign:
            self._pop()

    def _push(self, name: str) -> None:
        self._stack.append(name)
        self._counts[name] = self._counts.get(name, 0) + 1
        self._hidden += name in HIDDEN

    def _pop(self) -> str:
        name = self._stack.pop()
        self._counts[name] -= 1
        self._hidden -= name in HIDDEN
        return name
