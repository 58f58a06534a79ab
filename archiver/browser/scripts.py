"""What is asked of a page, in a world of our own: it sees the page's document, not what its scripts made of JavaScript.

Each is the text of one function; arguments are JSON. Nothing here changes the document: words are marked by the CSS
custom highlight API, which has no elements.
"""

from __future__ import annotations

import json

# The document as it is now, open shadow roots with it: what an HTML parser would make the same tree of.
DOCUMENT = """
(limit) => {
  const roots = [];
  const walk = (node) => {
    const tree = document.createTreeWalker(node, NodeFilter.SHOW_ELEMENT);
    for (let item = tree.nextNode(); item; item = tree.nextNode()) {
      if (item.shadowRoot && roots.length < 20000) { roots.push(item.shadowRoot); walk(item.shadowRoot); }
    }
  };
  walk(document);
  const root = document.documentElement;
  if (!root) return {html: ""};
  const type = document.doctype ? new XMLSerializer().serializeToString(document.doctype) + "\\n" : "";
  const inner = root.getHTML ? root.getHTML({shadowRoots: roots}) : root.innerHTML;
  if (inner.length > limit) return {length: inner.length};
  const shell = root.cloneNode(false).outerHTML;
  const at = shell.lastIndexOf("</");
  return {html: type + shell.slice(0, at) + inner + shell.slice(at)};
}
"""

SIZE = """
() => {
  const root = document.scrollingElement || document.documentElement;
  return {
    width: root ? root.scrollWidth : 0, height: root ? root.scrollHeight : 0,
    view: innerHeight, address: location.href, title: document.title.slice(0, 500),
    frames: document.querySelectorAll("iframe, frame").length,
  };
}
"""

SCROLL = "(y) => { scrollTo({top: y, left: 0, behavior: 'instant'}); return scrollY; }"

# Pictures that are asked for but are not there yet, and fonts.
UNLOADED = """
() => {
  let count = 0;
  for (const image of document.images) if (!image.complete && image.loading !== "lazy") count++;
  return count + (document.fonts && document.fonts.status === "loading" ? 1 : 0);
}
"""

# Marks words in the page and says where they are, null where they are not found. The text is that of all text nodes
# that are shown, white space taken together; `before` helps to choose among several places.
MARK = """
(before, parts, limit) => {
  const flat = (text) => text.replace(/[\\s\\u00a0]+/g, " ");
  let text = "", last = " ";
  const places = [];
  const add = (root) => {
    const tree = document.createTreeWalker(root, NodeFilter.SHOW_TEXT | NodeFilter.SHOW_ELEMENT);
    for (let node = tree.nextNode(); node; node = tree.nextNode()) {
      if (node.nodeType === 1) { if (node.shadowRoot) add(node.shadowRoot); continue; }
      const parent = node.parentElement;
      if (parent && /^(script|style|noscript|template|textarea|title)$/i.test(parent.localName)) continue;
      if (text.length > limit) return;
      const data = node.data;
      for (let i = 0; i < data.length; i++) {
        const letter = /[\\s\\u00a0]/.test(data[i]) ? " " : data[i];
        if (letter === " " && last === " ") continue;
        text += letter; last = letter; places.push(node, i);
      }
      if (last !== " ") { text += " "; last = " "; places.push(node, data.length); }
    }
  };
  add(document.body || document);
  // Line breaks between blocks are spaces in the page text and may be nothing here: compare without any.
  const bare = (s) => s.replace(/ /g, "");
  let squeezed = "";
  const back = [];
  for (let i = 0; i < text.length; i++) if (text[i] !== " ") { squeezed += text[i]; back.push(i); }
  const lead = bare(flat(before)), ranges = [];
  let from = 0;
  for (const words of parts) {
    const wanted = bare(flat(words));
    if (!wanted) return null;
    let at = lead && !ranges.length ? squeezed.indexOf(lead + wanted) : -1;
    at = at >= 0 ? at + lead.length : squeezed.indexOf(wanted, from);
    if (at < 0) return null;
    from = at + wanted.length;
    const first = back[at], end = back[from - 1];
    const range = new Range();
    range.setStart(places[2 * first], places[2 * first + 1]);
    range.setEnd(places[2 * end], places[2 * end + 1] + 1);
    ranges.push(range);
  }
  const sheet = new CSSStyleSheet();
  sheet.replaceSync("::highlight(archiver) { background-color: #ffe14d; color: #000; }");
  for (const place of new Set([document, ...ranges.map((range) => range.startContainer.getRootNode())]))
    if (!place.adoptedStyleSheets.some((item) => item.archiver)) {
      sheet.archiver = true;
      place.adoptedStyleSheets = [...place.adoptedStyleSheets, sheet];
    }
  CSS.highlights.set("archiver", new Highlight(...ranges));
  const boxes = ranges.map((range) => range.getBoundingClientRect());
  if (boxes.some((box) => !box.width || !box.height)) return {hidden: true};
  const top = Math.min(...boxes.map((box) => box.top)), bottom = Math.max(...boxes.map((box) => box.bottom));
  return {y: top + scrollY, height: bottom - top};
}
"""

UNMARK = "() => { CSS.highlights.delete('archiver'); }"


def called(function: str, *arguments: object) -> str:
    """The expression that calls one of the above."""
    return f"({function.strip()})({', '.join(json.dumps(argument) for argument in arguments)})"
