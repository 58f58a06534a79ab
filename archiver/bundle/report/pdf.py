"""HTML of ours as PDF/A-3b, by WeasyPrint (the extra `pdf`): no browser, no network. Same fonts, same bytes.

What comes from pages is in the HTML already, escaped; no picture, font or style is fetched from anywhere: whatever does
not stand in the file itself is refused.
"""

from __future__ import annotations

import hashlib
import importlib
import logging
from typing import Any

from archiver.errors import ExtraMissingError


def pdf_of(html: bytes) -> bytes:
    """The PDF of a page of ours. Raises ExtraMissingError without WeasyPrint or the libraries that it needs."""
    try:
        weasyprint: Any = importlib.import_module("weasyprint")
    except ImportError:
        raise ExtraMissingError(
            "making a PDF needs WeasyPrint",
            hint="pip install 'archiver-evidence[pdf]', or print the HTML from a browser",
        ) from None
    except OSError as error:
        raise ExtraMissingError(
            f"WeasyPrint is here, and a library of the system that it needs is not: {error}",
            hint="on Debian: apt-get install libpango-1.0-0 libpangoft2-1.0-0; or print the HTML from a browser",
        ) from None
    logging.getLogger("weasyprint").setLevel(logging.ERROR)  # what print styles it does not know is no news
    document = weasyprint.HTML(string=html.decode("utf-8"), url_fetcher=_refuse, base_url=None)
    found: bytes = document.write_pdf(
        pdf_variant="pdf/a-3b", pdf_identifier=hashlib.sha256(html).digest()[:16], pdf_tags=True, full_fonts=False
    )
    return found


def _refuse(url: str, *_: Any, **__: Any) -> Any:
    """Pictures stand in the page itself, as data: URIs; nothing else is loaded."""
    if url.startswith("data:"):
        return importlib.import_module("weasyprint").default_url_fetcher(url)
    raise ValueError(f"not loaded: {url[:80]}")
