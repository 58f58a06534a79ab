"""From a URL's origin to an open connection, checked at each step: which address, through which proxy, over which TLS.

A name is resolved once, every address is judged before it is connected to, and the connection goes to that very
address: there is no second look-up that could give another answer. A certificate that does not verify is recorded,
over a second connection to the same address, and never smoothed over.
"""

from __future__ import annotations

import ssl
from collections.abc import Sequence
from dataclasses import dataclass

from archiver.web.addresses import Origin
from archiver.web.exchange import ExchangeError, TlsFacts
from archiver.web.networks import Resolver, is_address, refusal, refusal_of_name
from archiver.web.proxy import Proxy, tunnel
from archiver.web.tls import describe, session_facts
from archiver.web.wire import Deadline, Wire, resolve_within

CONNECT_SECONDS = 20.0  # for one address
MAX_ADDRESSES = 8  # of one name; a name with more would use up the visit's time


@dataclass(frozen=True, slots=True)
class Line:
    """An open connection and its facts, as in `Exchange`."""

    wire: Wire
    ip: str | None
    port: int
    via_proxy: str | None
    tls: TlsFacts | None
    problems: tuple[str, ...]


class Dialler:
    """Opens connections; any number of threads may use it."""

    def __init__(
        self,
        *,
        resolver: Resolver,
        proxy: Proxy | None,
        allow_private: bool,
        verifying: ssl.SSLContext,
        recording: ssl.SSLContext,
    ) -> None:
        self.proxy = proxy
        self._resolver = resolver
        self._allow_private = allow_private
        self._verifying = verifying
        self._recording = recording

    def is_forwarded(self, origin: Origin) -> bool:
        """Whether the request goes to the proxy itself, with the whole URL in it."""
        return self.proxy is not None and self.proxy.forwards and origin.scheme == "http"

    def open(self, origin: Origin, deadline: Deadline) -> Line:
        """A connection that a request can be sent over. Raises ExchangeError."""
        wire, address, problems = self._reach(origin, deadline)
        ip = None if self.proxy else wire.peer
        tls = None
        if origin.scheme == "https":
            try:
                wire, tls = self._secure(wire, address, origin, deadline)
            except BaseException:
                wire.close()
                raise
        return Line(wire, ip, origin.port, self.proxy.recorded if self.proxy else None, tls, problems)

    def _reach(self, origin: Origin, deadline: Deadline) -> tuple[Wire, str, tuple[str, ...]]:
        if self.proxy is None:
            if origin.host.endswith(".onion"):
                raise ExchangeError("dns", f"{origin.host} can only be reached through Tor; set its proxy")
            return self._first(origin, self._addresses(origin, deadline), deadline)
        reason = None if self._allow_private else refusal_of_name(origin.host)
        if reason is not None:
            raise _refused(origin.host, reason)
        return self._through_proxy(self.proxy, origin, deadline)

    def _addresses(self, origin: Origin, deadline: Deadline) -> Sequence[str]:
        if is_address(origin.host):
            return [origin.host]
        deadline.doing = f"looking up the name {origin.host}"
        found = resolve_within(lambda: self._resolver(origin.host, origin.port), deadline)
        if not found:
            raise ExchangeError("dns", f"the name {origin.host} has no address")
        return found[:MAX_ADDRESSES]

    def _first(self, origin: Origin, addresses: Sequence[str], deadline: Deadline) -> tuple[Wire, str, tuple[str, ...]]:
        """A connection to the first address that may be and can be connected to."""
        problems: list[str] = []
        failed: ExchangeError | None = None
        refused: ExchangeError | None = None
        for place, address in enumerate(addresses, 1):
            reason = None if self._allow_private else refusal(address)
            if reason is not None:
                refused = refused or _refused(origin.host, reason, address)
                problems.append(f"{origin.host} is also {address} ({reason}), which was not connected to")
                continue
            # An address that does not answer leaves time to those after it.
            seconds = CONNECT_SECONDS if place == len(addresses) else min(CONNECT_SECONDS, deadline.left()) / 2
            try:
                return self._connect(origin, address, deadline.within(seconds)), address, tuple(problems)
            except ExchangeError as error:
                if error.kind == "interrupted":
                    raise
                failed = error
                problems.append(f"{address} did not answer: {error.message}")
        raise failed or refused or ExchangeError("dns", f"the name {origin.host} has no address")

    def _connect(self, origin: Origin, address: str, deadline: Deadline) -> Wire:
        where = f"{origin.host} ({address}), port {origin.port}" if origin.host != address else origin.authority
        deadline.doing = f"connecting to {where}"
        try:
            return Wire.connect(address, origin.port, deadline)
        except OSError as error:
            raise ExchangeError(
                "connect",
                f"no connection to {where}: {_words(error)}",
                retryable=not isinstance(error, PermissionError),
            ) from None

    def _through_proxy(self, proxy: Proxy, origin: Origin, deadline: Deadline) -> tuple[Wire, str, tuple[str, ...]]:
        """A connection to the proxy, and through it unless it forwards. The proxy itself may be anywhere."""
        deadline.doing = f"connecting to the proxy {proxy.shown}"
        addresses: Sequence[str] = [proxy.host]
        if not is_address(proxy.host):
            addresses = resolve_within(lambda: self._resolver(proxy.host, proxy.port), deadline)
        wire = None
        words = "its name has no address"
        for address in addresses[:MAX_ADDRESSES]:
            try:
                wire = Wire.connect(address, proxy.port, deadline.within(CONNECT_SECONDS))
                break
            except OSError as error:
                words = _words(error)
        if wire is None:
            raise ExchangeError(
                "proxy", f"no connection to the proxy {proxy.shown}: {words}; is it running?", retryable=True
            )
        try:
            if not self.is_forwarded(origin):
                tunnel(wire, proxy, origin, deadline)
        except OSError as error:
            wire.close()
            raise ExchangeError("proxy", f"the proxy {proxy.shown} failed: {_words(error)}", retryable=True) from None
        except BaseException:
            wire.close()
            raise
        return wire, proxy.host, ()

    def _secure(self, wire: Wire, address: str, origin: Origin, deadline: Deadline) -> tuple[Wire, TlsFacts]:
        """TLS with verification; where that fails, once more without it, the error kept."""
        deadline.doing = f"waiting for {origin.host} to set up TLS"
        try:
            return wire, session_facts(_handshake(wire, self._verifying, origin, deadline), None)
        except ssl.SSLCertVerificationError as error:
            words = describe(error)
        wire.close()
        try:
            return self._secure_unverified(address, origin, deadline, words)
        except ExchangeError as error:
            message = f"{error.message} (a first connection ended because its certificate did not verify: {words})"
            raise ExchangeError(error.kind, message, retryable=error.retryable) from None

    def _secure_unverified(self, address: str, origin: Origin, deadline: Deadline, words: str) -> tuple[Wire, TlsFacts]:
        if self.proxy is None:
            wire = self._connect(origin, address, deadline.within(CONNECT_SECONDS))
        else:
            wire, _, _ = self._through_proxy(self.proxy, origin, deadline)
        try:
            return wire, session_facts(_handshake(wire, self._recording, origin, deadline), words)
        except BaseException:
            wire.close()
            raise


def _handshake(wire: Wire, context: ssl.SSLContext, origin: Origin, deadline: Deadline) -> ssl.SSLSocket:
    try:
        return wire.start_tls(context, origin.host, deadline)
    except ssl.SSLCertVerificationError:
        raise
    except (ssl.SSLEOFError, ssl.SSLZeroReturnError):
        raise ExchangeError("tls", f"{origin.host} broke off while setting up TLS", retryable=True) from None
    except ssl.SSLError as error:
        raise ExchangeError("tls", f"{origin.host} and this program found no common TLS: {describe(error)}") from None
    except OSError as error:
        raise ExchangeError(
            "tls", f"{origin.host} broke off while setting up TLS: {_words(error)}", retryable=True
        ) from None


def _refused(host: str, reason: str, address: str | None = None) -> ExchangeError:
    named = host if address in (None, host) else f"{host} ({address})"
    return ExchangeError("refused address", f"{named} is not on the public internet: {reason}")


def _words(error: OSError) -> str:
    return (error.strerror or str(error) or type(error).__name__).lower()
