"""A site for measurements: synthetic pages of 100 kB on loopback, served by threads that do nothing else.

`python bench/pages.py COUNT` prints its address and serves until its standard input ends.
"""

from __future__ import annotations

import random
import socket
import sys
import threading
from collections.abc import Callable

SIZE = 100_000
WORDS = 350  # of the invented vocabulary: the pages pack about 4 : 1, as real ones do


def page(number: int, size: int = SIZE) -> bytes:
    """An invented news page of `size` bytes, the same for the same number: 20 kB of article with some 15 quotations in
    80 kB of what such pages carry around it (scripts, styles, navigation, teasers)."""
    chance = random.Random(number)
    letters = "aeiourstlnmdpk"
    vocabulary = ["".join(chance.choices(letters, k=chance.randint(2, 9))) for _ in range(WORDS)]

    def words(least: int, most: int) -> str:
        return " ".join(chance.choices(vocabulary, k=chance.randint(least, most)))

    names = [f"{words(1, 1).title()} {words(1, 1).title()}" for _ in range(4)]
    head = [
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{words(6, 9)} {number} | The Bench</title>"
        "<meta property='article:published_time' content='2026-09-01T10:00:00Z'>"
        '<script type=\'application/ld+json\'>{"@type":"NewsArticle","headline":"Page %d"}</script>' % number
    ]
    head += [f"<meta name='{words(1, 1)}:{words(1, 1)}' content='{words(2, 6)}'>" for _ in range(25)]
    head += [f"<script>window.c{i}={{'k':'{words(30, 60)}','n':{i}}};</script>" for i in range(50)]
    head += [f"<style>.{words(1, 1)}-{i}{{margin:{i}px;padding:0 {i}em}}</style>" for i in range(40)]
    head += ["</head><body><header><nav><ul>"]
    head += [f"<li class='item nav-item'><a href='/{words(1, 1)}/{i}'>{words(1, 3)}</a></li>" for i in range(60)]
    head += ["</ul></nav></header><main><article><h1>Page", str(number), "</h1>"]
    body, length, turn = [], 0, 0
    while length < 20_000:
        turn += 1
        said = (
            f" “{words(8, 20).capitalize()},” {chance.choice(names)} told reporters on Monday." if turn % 3 == 0 else ""
        )
        link = f"<a class='inline' href='/{words(1, 1)}'>{words(1, 3)}</a>"
        part = f"<p class='body text'>{words(40, 80).capitalize()} {link}. {words(10, 30).capitalize()}.{said}</p>\n"
        body.append(part)
        length += len(part)
    end = ["</article><aside class=related>"]
    end += [
        f"<div class='card teaser'><div class='card-media'><a href='/{words(1, 1)}/{i}'><img alt='{words(2, 4)}' "
        f"src='/i/{i}.jpg'></a></div><div class='card-body'><span class='kicker'><a href='/{words(1, 1)}'>"
        f"{words(1, 2)}</a></span><h3><a href='/{words(1, 1)}/{i}'>{words(5, 9)}</a></h3><p>{words(8, 14)}</p>"
        f"<ul class='meta'><li class='by'>{words(2, 2)}</li>"
        f"<li><time datetime='2026-08-0{i % 9 + 1}'>{i} Aug</time></li></ul></div></div>"
        for i in range(90)
    ]
    end += ["</aside></main><footer>", words(40, 60), "</footer></body></html>\n"]
    text = "".join(head + body + end).encode()
    filler = max(0, size - len(text) - 24)
    return text + b"<!-- " + ("".join(chance.choices(letters + " ", k=filler))).encode() + b" -->\n"


def serve(body_of: Callable[[int], bytes], threads: int = 8) -> tuple[str, Callable[[], None]]:
    """Serve /0, /1 … and return the address and a function that stops."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=512)
    for _ in range(threads):
        threading.Thread(target=_accept, args=(listener, body_of), daemon=True).start()
    return f"http://127.0.0.1:{listener.getsockname()[1]}", listener.close


def _accept(listener: socket.socket, body_of: Callable[[int], bytes]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        with connection:
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                _answer(connection, body_of)
            except OSError:
                continue


def _answer(connection: socket.socket, body_of: Callable[[int], bytes]) -> None:
    held = b""
    while True:
        while b"\r\n\r\n" not in held:
            piece = connection.recv(65536)
            if not piece:
                return
            held += piece
        head, _, held = held.partition(b"\r\n\r\n")
        body = body_of(int(head.split(b" ", 2)[1][1:] or b"0"))
        close = b"connection: close" in head.lower()
        connection.sendall(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\nServer: bench\r\n"
            b"Date: Tue, 01 Sep 2026 10:00:00 GMT\r\nCache-Control: max-age=60\r\nX-Frame-Options: DENY\r\n"
            + (b"Connection: close\r\n" if close else b"")
            + b"Content-Length: %d\r\n\r\n" % len(body)
            + body
        )
        if close:
            return


if __name__ == "__main__":
    pages = [page(number) for number in range(int(sys.argv[1]) if len(sys.argv) > 1 else 500)]
    address, _ = serve(lambda number: pages[number % len(pages)])
    print(address, flush=True)
    sys.stdin.buffer.read()
