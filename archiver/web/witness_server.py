"""A witness over HTTP (C2SP tlog-witness): `POST /add-checkpoint`, and the newest cosigned checkpoint for monitors.

    POST /add-checkpoint                            200 lines | 400 403 404 409 422 text
    GET  /<sha256 of the origin in hex>/checkpoint  200 the checkpoint that was cosigned last | 404

The HTTP is waitress's (extra `[witness]`); one small WSGI application stands on it. Requests are bounded in size, by
the server, before they are read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, Protocol

from archiver.errors import ArchiverError, ExtraMissingError, StoreError
from archiver.tlog.witness import MAX_REQUEST

_REASONS = {
    200: "OK",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    422: "Unprocessable Entity",
    500: "Internal Server Error",
}
_MONITORED = re.compile(r"/([0-9a-f]{64})/checkpoint", re.ASCII)
_TEXT = "text/plain; charset=utf-8"


class Answers(Protocol):
    """What answers requests: archiver.work.witness.Witness."""

    def answer(self, body: bytes) -> Any:
        """Signature lines, or a refusal with `status`, `message`, `size`."""

    def newest(self, name: str) -> bytes | None:
        """The newest cosigned checkpoint of the log whose origin has that SHA-256 (hex)."""


def application(witness: Answers, log: Callable[[str], None]) -> Callable[..., Iterable[bytes]]:
    """The WSGI application (PEP 3333)."""

    def answered(environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        status, kind, body, why = _answer(witness, environ)
        who = environ.get("REMOTE_ADDR", "-")
        log(f"{who} {environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')!r} {status}{f': {why}' if why else ''}")
        start(f"{status} {_REASONS[status]}", [("Content-Type", kind), ("Content-Length", str(len(body)))])
        return [body]

    return answered


def _answer(witness: Answers, environ: dict[str, Any]) -> tuple[int, str, bytes, str]:
    """Status, media type and body of an answer, and words for the log file."""
    path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
    monitored = _MONITORED.fullmatch(path)
    if path != "/add-checkpoint" and monitored is None:
        return 404, _TEXT, b"POST /add-checkpoint, GET /<sha256 of the origin>/checkpoint\n", ""
    if method != ("POST" if monitored is None else "GET"):
        return 405, _TEXT, b"POST /add-checkpoint, GET /<sha256 of the origin>/checkpoint\n", ""
    try:
        if monitored is not None:
            note = witness.newest(monitored[1])
            return (
                (404, _TEXT, b"no checkpoint of such a log was cosigned\n", "")
                if note is None
                else (200, _TEXT, note, "")
            )
        found = witness.answer(environ["wsgi.input"].read(MAX_REQUEST + 1))
    except ArchiverError as error:  # the state could not be kept: nothing was signed
        return 500, _TEXT, b"the witness cannot answer\n", f"{error.where or ''}: {error.message}"
    if isinstance(found, bytes):
        return 200, _TEXT, found, ""
    if found.status == 409:
        return 409, "text/x.tlog.size", f"{found.size}\n".encode(), found.message
    return found.status, _TEXT, f"{found.message}\n".encode(), found.message


def serve(witness: Answers, host: str, port: int, log: Callable[[str], None]) -> None:
    """Answer until interrupted. Raises ExtraMissingError without waitress, StoreError where it cannot listen."""
    try:
        from waitress.server import create_server
    except ImportError:
        raise ExtraMissingError(
            "serving needs waitress", hint="pip install 'archiver-evidence[witness]'; by file: archiver witness cosign"
        ) from None
    try:
        server = create_server(
            application(witness, log),
            host=host,
            port=port,
            threads=4,
            ident="",
            max_request_body_size=MAX_REQUEST + 1,
            channel_timeout=30,
            connection_limit=100,
        )
    except OSError as error:
        raise StoreError(f"cannot listen: {error.strerror or error}", where=f"{host}:{port}") from None
    places = getattr(server, "effective_listen", None) or [(host, getattr(server, "effective_port", port))]
    log(f"listening on {', '.join(f'http://{place[0]}:{place[1]}' for place in places)}")
    try:
        server.run()
    finally:
        server.close()
