"""Which URLs may be asked for, and how they are spelled in a request.

A URL is read the way browsers read it (WHATWG URL standard), as far as that matters: backslashes are slashes, host
names are lower case and IDNA (UTS 46), `0x7f.1` is 127.0.0.1, `..` is resolved, and only what must be is
percent-encoded. Anything but http and https, credentials and control characters are refused.

    Example.org/a b#c      ->  https://example.org/a%20b
    http://127.1:80/?q=ä   ->  http://127.0.0.1/?q=%C3%A4
"""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from urllib.parse import SplitResult, parse_qsl, urljoin, urlsplit

import idna

from archiver.errors import UsageError

MAX_URL = 8192  # characters, before and after encoding
DEFAULT_PORTS = {"http": 80, "https": 443}

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.ASCII | re.IGNORECASE)
_LABEL = re.compile(r"[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_PORT = re.compile(r"[0-9]{1,5}", re.ASCII)
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029]")
_PATH_SAFE = frozenset(b"!$%&'()*+,-./0123456789:;=@ABCDEFGHIJKLMNOPQRSTUVWXYZ[]^_abcdefghijklmnopqrstuvwxyz|~\\")
_QUERY_SAFE = (_PATH_SAFE | frozenset(b"?`{}")) - frozenset(b"'")


@dataclass(frozen=True, slots=True)
class Origin:
    """A normalised URL taken apart. `host` is a name or an IP address without brackets; `target` the origin-form."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """`host:port` as in CONNECT."""
        return f"{self.bracketed}:{self.port}"

    @property
    def bracketed(self) -> str:
        """The host, an IPv6 address in brackets."""
        return f"[{self.host}]" if ":" in self.host else self.host

    @property
    def host_header(self) -> str:
        """The value of Host: the port only if it is not the scheme's."""
        return self.bracketed if self.port == DEFAULT_PORTS[self.scheme] else self.authority


def origin_of(url: str) -> Origin:
    """Takes apart what `normalise_url` made."""
    parts = urlsplit(url)
    target = parts.path + (f"?{parts.query}" if "?" in url else "")
    return Origin(parts.scheme, parts.hostname or "", parts.port or DEFAULT_PORTS[parts.scheme], target)


def normalise_url(text: str) -> str:
    """The URL to ask for: absolute, ASCII, without fragment. A bare host means https. Raises UsageError."""
    text = text.strip()
    if not text or len(text) > MAX_URL:
        raise UsageError("an empty address" if not text else f"an address of more than {MAX_URL} characters")
    if _FORBIDDEN.search(text):
        raise UsageError(f"control characters in the address {text[:200]!r}")
    text = _slashes(text.partition("#")[0])
    found = _SCHEME.match(text)
    if found is None or (found[1].lower() not in DEFAULT_PORTS and _is_port(text[found.end() :])):
        if text.startswith("/"):
            raise UsageError(f"{text[:200]} names no host")
        text = f"https://{text}"
    elif found[1].lower() not in DEFAULT_PORTS:
        raise UsageError(f"{found[1]}: addresses cannot be captured", hint="only http:// and https://")
    try:
        parts = urlsplit(text)
    except ValueError as error:
        raise UsageError(f"{text[:200]}: {error}") from None
    return _format(parts, text)


def _is_port(rest: str) -> bool:
    """Whether what follows `name:` makes it `host:port`."""
    return _PORT.fullmatch(re.split("[/?]", rest, maxsplit=1)[0]) is not None


def _slashes(text: str) -> str:
    path, mark, query = text.partition("?")
    return path.replace("\\", "/") + mark + query


def _format(parts: SplitResult, text: str) -> str:
    if not parts.netloc:
        raise UsageError(f"{text[:200]} names no host")
    if "@" in parts.netloc:
        raise UsageError(
            "an address with a user name or password in it would be sealed with them",
            hint="give it without them",
        )
    host, port = _split_port(parts.netloc, text)
    host = _host(host, text)
    authority = f"[{host}]" if ":" in host else host
    if port is not None and port != DEFAULT_PORTS[parts.scheme]:
        authority += f":{port}"
    query = f"?{_encode(parts.query, _QUERY_SAFE)}" if "?" in text else ""
    url = f"{parts.scheme}://{authority}{_dots(_encode(parts.path, _PATH_SAFE))}{query}"
    if len(url) > MAX_URL:
        raise UsageError(f"an address of more than {MAX_URL} characters")
    return url


def _split_port(netloc: str, text: str) -> tuple[str, int | None]:
    host, colon, port = netloc.rpartition(":")
    if not colon or netloc.endswith("]"):
        return netloc, None
    if not port:
        return host, None
    if _PORT.fullmatch(port) is None or not 0 < int(port) < 65536:
        raise UsageError(f"{text[:200]}: no port {port[:20]}")
    return host, int(port)


def _host(host: str, text: str) -> str:
    if host.startswith("[") and host.endswith("]"):
        try:
            return str(ipaddress.IPv6Address(host[1:-1])) if "%" not in host else _bad_host(text)
        except ValueError:
            _bad_host(text)
    host = host.removesuffix(".").lower()
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii").lower()
        except (idna.IDNAError, UnicodeError):
            _bad_host(text)
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        return _ipv4(labels, text)
    if len(host) > 253 or not all(_LABEL.fullmatch(label) for label in labels):
        _bad_host(text)
    return host


def _bad_host(text: str) -> str:
    raise UsageError(f"{text[:200]}: no valid host name")


def _ipv4(labels: list[str], text: str) -> str:
    """An IPv4 address in any of the spellings that C libraries and browsers take (WHATWG URL, IPv4 parser)."""
    if len(labels) > 4 or not all(_NUMBER.fullmatch(label) and len(label) < 20 for label in labels):
        _bad_host(text)
    try:
        numbers = [_number(label) for label in labels]
    except ValueError:
        _bad_host(text)
    *front, last = numbers
    if any(number > 255 for number in front) or last >= 256 ** (5 - len(numbers)):
        _bad_host(text)
    value = last + sum(number << (8 * (3 - place)) for place, number in enumerate(front))
    return str(ipaddress.IPv4Address(value))


def _number(label: str) -> int:
    if label.startswith("0x"):
        return int(label[2:] or "0", 16)
    return int(label, 8) if len(label) > 1 and label.startswith("0") else int(label)


def _encode(text: str, safe: frozenset[int]) -> str:
    return "".join(chr(byte) if byte in safe else f"%{byte:02X}" for byte in text.encode("utf-8"))


def _dots(path: str) -> str:
    """Without `.` and `..` segments, as browsers ask for it."""
    out: list[str] = []
    segments = path.split("/")[1:] if path else [""]
    for place, segment in enumerate(segments):
        plain = segment.lower().replace("%2e", ".")
        if plain == ".." and out:
            out.pop()
        if plain not in (".", ".."):
            out.append(segment)
        elif place == len(segments) - 1:
            out.append("")
    return "/" + "/".join(out)


def follow(base: str, location: str) -> str:
    """The URL that a Location value (Latin-1) leads to from `base`. Raises UsageError."""
    raw = location.strip("\x00\t\n\x0c\r ").translate({9: None, 10: None, 13: None}).encode("latin-1", "replace")
    if len(raw) > MAX_URL:
        raise UsageError(f"a redirect to an address of more than {MAX_URL} characters")
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        text = "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in raw)
    try:
        joined = urljoin(base, _slashes(text.partition("#")[0]))
    except ValueError as error:
        raise UsageError(f"a redirect to {text[:200]!r}: {error}") from None
    return normalise_url(joined)


# Names as compared: lower case, letters and digits only.
_SECRETS = re.compile(
    r"(access|auth|id|refresh|share|gift)?token|auth|authorization|(api|access)?key|sig|signature|nonce|credential"
    r"|sess|sessid|session|sessionid|sid|phpsessid|jsessionid|jwt|passwd|password|pass|pwd|secret|code|ticket|otp"
    r"|magic|invite|login|user|username|e?mail|gift|unlockedarticlecode|x(amz|goog)(signature|credential|securitytoken)"
)
_TRACKERS = re.compile(r"fbclid|gclid|dclid|[gw]braid|msclkid|yclid|twclid|igshid|mceid|mkttok|hsenc")
_JWT = re.compile(r"eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*", re.ASCII)
_HEX = re.compile(r"[0-9a-fA-F]{32,}", re.ASCII)
_MIXED = re.compile(r"(?=[^0-9]*[0-9])(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])[A-Za-z0-9_+/=-]{32,}", re.ASCII)


def token_warnings(url: str) -> list[str]:
    """A sentence for each query parameter that looks like a secret, or like a mark of whoever got the link."""
    warnings = []
    for name, value in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        plain = re.sub(r"[^a-z0-9]", "", name.lower())
        shown = name[:40]
        if _SECRETS.fullmatch(plain) or any(form.fullmatch(value) for form in (_JWT, _HEX, _MIXED)):
            warnings.append(f"the address carries what may be a secret ({shown}=…); it is sealed with the capture")
        elif _TRACKERS.fullmatch(plain):
            warnings.append(f"the address carries a mark of whoever got this link ({shown}=…); leave it out if you can")
    return warnings
