"""The verifier that runs in a browser: its modules joined into one script, and the page that holds nothing else.

The modules (verifier/*.js) are plain scripts that share one scope. They are joined in the order of `MODULES`, in one
function, so the same files give the same bytes: the script's SHA-256 stands in the page's Content-Security-Policy,
and that of the whole page in docs/verifier.sha256. Nothing is minified but the vendored library.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from importlib import resources
from typing import Any

from archiver import __version__

LIBRARY = "vendor/noble.js"  # defines `noble`: see tools/verifier/build.sh
CORE = (
    "bytes.js", "crypto.js", "merkle.js", "container.js", "encoding.js", "sshsig.js", "note.js", "manifest.js",
    "keys.js", "outcome.js", "chain.js", "log.js", "parts.js", "files.js", "objects.js", "warc.js", "exchanges.js",
    "content.js", "statements.js", "verify.js",
)  # fmt: skip
MODULES = (*CORE, "show.js", "page.js")


def core() -> str:
    """The verifier without its page, for other machines than browsers: `verifyBundle` is what it defines."""
    return _join(CORE, "globalThis.archiver = { verifyBundle, sourceOfBlob, chooseEngine, engine };\n")


@functools.cache
def script() -> str:
    """What stands between `<script>` and `</script>`."""
    text = _join(MODULES, "")
    if "</script" in text.lower() or "<!--" in text:
        raise AssertionError("the script ends something")
    return text


def style() -> str:
    """The style sheet of this page and of the report."""
    text = _text("report.css") + _text("verifier.css")
    if re.search("</|@import|url\\(", text):
        raise AssertionError("the style sheet loads or ends something")
    return text


def policy() -> str:
    """The Content-Security-Policy: this script, this style sheet, pictures that stand in the page itself; no more."""
    return (
        f"default-src 'none'; script-src '{_hash(script())}'; style-src '{_hash(style())}'; img-src data:; "
        "base-uri 'none'; form-action 'none'; require-trusted-types-for 'script'"
    )


def page() -> bytes:
    """verify.html: the page that verifies a bundle, and holds none."""
    import jinja2
    from markupsafe import Markup

    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    values: dict[str, Any] = {
        "policy": policy(),
        "style": Markup(style()),  # noqa: S704 - our own files
        "script": Markup(script()),  # noqa: S704
        "version": __version__,
    }
    text: str = environment.from_string(_text("verify.html.jinja")).render(values)
    return text.encode("utf-8")


def _join(names: tuple[str, ...], last: str) -> str:
    modules = "".join(f"\n// {name}\n{_read(name)}" for name in names)
    return f'(() => {{\n"use strict";\n{_read(LIBRARY)}{modules}{last}}})();\n'


def _read(name: str) -> str:
    return _text(f"verifier/{name}")


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(*name.split("/")).read_text("utf-8")


def _hash(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
