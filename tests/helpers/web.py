"""A real web server on the loopback address that a test can make misbehave."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Site:
    """What the server has and does.

    Attributes:
        files: content by path.
        ranges: whether it can send parts.
        cut_after: bytes after which it breaks off, one entry per answer; None sends all.
        delay: seconds between pieces of 1,000 bytes.
        asked: the Range header of each request, or nothing.
        lengthless: whether it keeps the length to itself.
        headers: what else it says of a path.
        moved: the address of a path that lies elsewhere.
    """

    files: dict[str, bytes]
    ranges: bool = True
    cut_after: list[int | None] = field(default_factory=list)
    delay: float = 0.0
    silent: bool = False
    lengthless: bool = False
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    moved: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(site: Site) -> Iterator[Site]:
    """Serve a site while the block runs."""
    stopped = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            asked = self.headers.get("Range", "")
            site.asked.append(asked)
            self.close_connection = True
            if site.silent:
                stopped.wait(20)
                return
            if self._leads_elsewhere():
                return
            content = site.files.get(self.path.lstrip("/"))
            if content is None:
                self.send_error(404)
                return
            first = int(asked.removeprefix("bytes=").removesuffix("-")) if asked and site.ranges else 0
            if first and first >= len(content):
                self.send_error(416)
                return
            self.send_response(206 if first else 200)
            if not site.lengthless:
                self.send_header("Content-Length", str(len(content) - first))
            self.send_header("Connection", "close")
            if first:
                self.send_header("Content-Range", f"bytes {first}-{len(content) - 1}/{len(content)}")
            self.end_headers()
            cut = site.cut_after.pop(0) if site.cut_after else None
            body = content[first:] if cut is None else content[first : first + cut]
            try:
                for begin in range(0, len(body), 1000 if site.delay else max(1, len(body))):
                    self.wfile.write(body[begin : begin + (1000 if site.delay else len(body))])
                    if site.delay:
                        self.wfile.flush()
                        time.sleep(site.delay)
            except OSError:
                pass  # whoever asked has gone

        def do_HEAD(self) -> None:
            self.close_connection = True
            if self._leads_elsewhere():
                return
            content = site.files.get(self.path.lstrip("/"))
            self.send_response(404 if content is None else 200)
            self._say_more()
            self.end_headers()

        def _leads_elsewhere(self) -> bool:
            target = site.moved.get(self.path.lstrip("/"))
            if target is None:
                return False
            self.send_response(302)
            self.send_header("Location", target)
            self.send_header("Content-Length", "0")
            self._say_more()
            self.end_headers()
            return True

        def _say_more(self) -> None:
            for name, value in site.headers.get(self.path.lstrip("/"), {}).items():
                self.send_header(name, value)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    site.url = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=lambda: server.serve_forever(0.02), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        stopped.set()
        server.shutdown()
        server.server_close()
        thread.join(5)
