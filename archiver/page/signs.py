"""Signs by which pages give themselves away that stand where an article was asked for: names of gatekeepers in headers
and source, and (words/kinds.txt) what they say to visitors, in the languages of most news sites.

Words are weak evidence: articles are written about captchas, cookies and subscriptions. `archiver.page.kind` says how
much else must agree.

The word list has sections, `[challenge]`; in them regular expressions, one or more a line, and remarks (`#`).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from archiver.errors import FormatError

_LIST = Path(__file__).parent / "words" / "kinds.txt"

# Response headers (lower case) whose value, or whose mere presence (""), says that this answer is a challenge.
CHALLENGE_HEADERS: tuple[tuple[str, str, str], ...] = (
    ("cf-mitigated", "challenge", "Cloudflare"),
    ("x-amzn-waf-action", "", "AWS WAF"),
    ("x-vercel-mitigated", "challenge", "Vercel"),
    ("x-kpsdk-ct", "", "Kasada"),
)
# What only a gatekeeper's own page has in its source (lower case), and whose it is.
CHALLENGE_SOURCES: tuple[tuple[str, str], ...] = (
    ("_cf_chl_opt", "Cloudflare"),
    ("cf-challenge-running", "Cloudflare"),
    ("cf-error-details", "Cloudflare"),
    ("captcha-delivery.com", "DataDome"),
    ("px-captcha", "HUMAN (PerimeterX)"),
    ("captcha.px-cdn.net", "HUMAN (PerimeterX)"),
    ("/_sec/cp_challenge/", "Akamai"),
    ("sec-if-cpt-container", "Akamai"),
    ("errors.edgesuite.net", "Akamai"),
    ("_incapsula_resource", "Imperva"),
    ("incapsula incident id", "Imperva"),
    ("awswafintegration", "AWS WAF"),
    ("gokuprops", "AWS WAF"),
    ("sucuri_cloudproxy_js", "Sucuri"),
    ("kpsdk.", "Kasada"),
    ("anubis_challenge", "Anubis"),
    ("ddos-guard/js-challenge", "DDoS-Guard"),
    ("vercel security checkpoint", "Vercel"),
    ("distil_r_captcha", "Distil"),
)
# Names of forms, widgets and scripts that any of them may have; sign-up forms of ordinary pages have some, too.
CHALLENGE_NAMES = re.compile(
    r"challenge[-_](?:form|running|stage|platform|body|error|container|page)|chl_(?:opt|page|form)"
    r"|g-recaptcha|h-captcha|cf-turnstile|frc-captcha|captcha[-_](?:box|container|form)|geetest_"
    r"|recaptcha/(?:api|enterprise)\.js|hcaptcha\.com/1/api\.js|challenges\.cloudflare\.com/turnstile"
)

CONSENT_ADDRESS = re.compile(
    r"//(?:consent|cmp|privacy|myprivacy|guce|datenschutz)\."
    r"|/(?:consent|cookie-?wall|privacy-?(?:wall|gate)|zustimmung|cmp)(?:[/?#]|$)"
)
CONSENT_NAMES = re.compile(
    r"__tcfapi|__cmp\b|cmp[-_](?:wall|container|box|root|dialog)|sp_message|didomi|onetrust|usercentrics|sourcepoint"
    r"|consent[-_]?(?:wall|page|form|dialog|manager|overlay)|cookie[-_]?wall|privacy[-_]?(?:wall|gate|manager)"
)
CONSENT_GROUPS = (
    *("consent privacy", "consent partners", "consent accept", "consent reject"),
    *("consent manage", "consent device", "consent personalised", "consent cookie"),
)

MISSING_ADDRESS = re.compile(r"/(?:404|page-?not-?found|not-?found|error-?404|notfound)(?:\.\w+)?/?(?:[?#]|$)")

PAYWALL_NAMES = re.compile(
    r"pay-?wall|regwall|subscri(?:be|ption)[-_]?(?:wall|gate|prompt|offer)|piano-(?:id|offer)|tp-(?:modal|container)"
    r"|premium-(?:wall|gate|block)|article-(?:gate|barrier)|gate(?:d|way)?[-_](?:content|article)"
)

# Where scripts put a page's text.
SCRIPT_ROOTS = re.compile(
    r"""<div[^>]{0,200}\bid\s*=\s*["']?(?:root|app|__next|__nuxt|___gatsby|main-app|application|q-app|svelte)"""
    r"""["']?[^>]{0,200}>\s*</div>"""
)


@cache
def words(section: str) -> re.Pattern[str]:
    """The expression of a section of the word list, for text in lower case."""
    return re.compile("|".join(_sections()[section]), re.DOTALL)


@cache
def _sections() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    section: list[str] | None = None
    for line in _LIST.read_text("utf-8").split("\n"):
        if match := re.fullmatch(r"\[([a-z ]+)\]", line):
            section = found.setdefault(match[1], [])
        elif line and not line.startswith("#"):
            if section is None:
                raise FormatError("a line before the first section", where=str(_LIST))
            section.append(line)
    return found
