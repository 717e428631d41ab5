"""A window in a browser, for machines without a display: a page that shows pictures and tells which keys are down."""

import io
import json
import secrets
import socketserver
import sys
import threading
import time
import weakref
from html import escape
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import numpy as np
from PIL import Image

HOST, PORT = "127.0.0.1", 8080  # the port if it is free, else any
PAGE = Path(__file__).parent / "web" / "window.html"
AWAY = 3.0  # a browser that has asked for nothing so long has gone [s]
WAIT = 1.0  # for the next picture, then the browser asks again [s]
LONGEST = 2000  # of a message about keys [bytes]
MOST_KEYS, MOST_PAGES, LETTERS = 20, 20, 40  # that are down; that tell of keys; of the name of a key or a page
QUALITY = 90  # of the pictures (JPEG)
HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer"}


class Shown:
    """What the threads of the server share with the window."""

    def __init__(self, page: bytes) -> None:
        self.page = page
        self.path = f"/{secrets.token_urlsafe(9)}/"  # a secret: other pages that the browser has open cannot ask
        self.changed = threading.Condition()
        self.picture: np.ndarray | None = None
        self.number = self.taken = 0  # of the newest picture, of the newest that a browser has
        self.asked = -AWAY  # when a browser has asked last
        self.ended = False
        self.down: dict[str, tuple[int, frozenset[str]]] = {}  # of each page: number of its last message, its keys
        self.struck: set[str] = set()

    def next_picture(self, after: int) -> tuple[int, np.ndarray | None]:
        """Return the newest picture and its number, once there is one after another; None: there is none yet."""
        with self.changed:
            self.asked = time.monotonic()
            self.changed.wait_for(lambda: self.ended or self.number > after, WAIT)
            self.asked = time.monotonic()
            if self.ended or self.number <= after:
                return self.number, None
            self.taken = self.number
            return self.number, self.picture

    def hear(self, message: Any) -> None:
        """Note which keys are down; messages may overtake each other.

        Raises:
            ValueError: it is no such message.
        """
        page, order, down, struck = (message[key] for key in ("page", "order", "down", "struck"))
        names = [page, *down, *struck]
        if not isinstance(order, int) or len(names) > 2 * MOST_KEYS or any(len(name) > LETTERS for name in names):
            raise ValueError("not keys")
        with self.changed:
            self.struck |= set(struck)
            last, *_ = self.down.get(page, (-1,))
            if order > last and (page in self.down or len(self.down) < MOST_PAGES):
                self.down[page] = order, frozenset(down)


class Server(socketserver.ThreadingTCPServer):
    """Serves one page to browsers of this machine."""

    allow_reuse_address = True
    daemon_threads = True
    block_on_close = False

    def __init__(self, port: int, shown: Shown) -> None:
        super().__init__((HOST, port), Handler)
        self.shown = shown

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Forget a browser that has gone; tell other errors."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class Handler(BaseHTTPRequestHandler):
    """Answers a browser."""

    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = 60.0  # [s]

    def do_GET(self) -> None:
        """Send the page, or the next picture."""
        url, shown = urlsplit(self.path), self.server.shown
        if url.path == shown.path:
            self._answer(200, shown.page, "text/html; charset=utf-8")
        elif url.path == f"{shown.path}picture":
            after = parse_qs(url.query).get("after", ["0"])[0]
            number, picture = shown.next_picture(int(after) if after.isdecimal() and len(after) < LETTERS else 0)
            if picture is None:
                self._answer(204, b"", "text/plain", {"X-Ended": str(int(shown.ended))})
                return
            data = io.BytesIO()
            Image.fromarray(picture).save(data, "JPEG", quality=QUALITY, subsampling=0)
            self._answer(200, data.getvalue(), "image/jpeg", {"X-Number": str(number)})
        else:
            self._answer(404, b"not here", "text/plain")

    def do_POST(self) -> None:
        """Hear which keys are down."""
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or len(length) > LETTERS or int(length) > LONGEST:
            self.close_connection = True
            self._answer(413, b"too long", "text/plain")
            return
        text = self.rfile.read(int(length))
        if self.path != f"{self.server.shown.path}keys":
            self._answer(404, b"not here", "text/plain")
            return
        try:
            self.server.shown.hear(json.loads(text))
        except (ValueError, TypeError, KeyError, RecursionError):
            self._answer(400, b"not keys", "text/plain")
            return
        self._answer(204, b"", "text/plain")

    def _answer(self, status: int, data: bytes, kind: str, more: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, **HEADERS, **(more or {})}.items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, format: str, *arguments: Any) -> None:
        """Say nothing."""


class PageWindow:
    """Shows pictures in browsers and reads keys, as a `Window` does; it prints its address.

    Only browsers of this machine reach it, and only at that address.

    Args:
        title: of the page.
        width: of the pictures [pixels].
        height: of the pictures [pixels].
        hint: a text below the picture.
    """

    def __init__(self, title: str, width: int, height: int, hint: str = "") -> None:
        page = PAGE.read_text()
        for mark, text in {"@HINT@": hint, "@TITLE@": title, "@WIDTH@": str(width), "@HEIGHT@": str(height)}.items():
            page = page.replace(mark, escape(text))
        self._shown = Shown(page.encode())
        try:
            server = Server(PORT, self._shown)
        except OSError:
            server = Server(0, self._shown)
        self.address = f"http://{HOST}:{server.server_address[1]}{self._shown.path}"
        thread = threading.Thread(target=server.serve_forever, args=(0.1,), name="page window", daemon=True)
        thread.start()
        self._end = weakref.finalize(self, _end, server, self._shown, thread)
        sys.stderr.write(f"{title}: {self.address}\n")
        sys.stderr.flush()

    @property
    def closed(self) -> bool:
        """Whether it has been closed."""
        return not self._end.alive

    @property
    def watched(self) -> bool:
        """Whether a browser shows it."""
        return time.monotonic() - self._shown.asked < AWAY

    @property
    def wants_picture(self) -> bool:
        """Whether a browser waits for a picture, or there has been none."""
        shown = self._shown
        return not shown.number or (self.watched and shown.taken == shown.number)

    @property
    def pressed(self) -> frozenset[str]:
        """The keys that are down, in any browser."""
        with self._shown.changed:
            keys = [keys for _, keys in self._shown.down.values()]
        return frozenset().union(*keys) if self.watched else frozenset()

    def struck(self) -> set[str]:
        """Return the keys that have gone down since this was asked last."""
        with self._shown.changed:
            struck, self._shown.struck = self._shown.struck, set()
        return struck

    def show(self, picture: np.ndarray) -> None:
        """Show a picture (height, width, 3); does nothing once the window is closed."""
        with self._shown.changed:
            self._shown.picture = picture
            self._shown.number += 1
            self._shown.changed.notify_all()

    def close(self) -> None:
        """Tell browsers that it has ended, and free its port; a second call does nothing."""
        self._end()


def _end(server: Server, shown: Shown, thread: threading.Thread) -> None:
    with shown.changed:
        shown.ended = True
        shown.changed.notify_all()
    server.shutdown()
    server.server_close()
    thread.join()
