"""One answer of a web server, read in a thread of its own, so that whoever waits for it can give up at any time."""

from __future__ import annotations

import contextlib
import http.client
import os
import queue
import socket
import ssl
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from email.message import Message
from typing import Any

import cnn_studio
from cnn_studio.core.errors import Cancelled

CHUNK = 1 << 18
_WAITING = 16
_POLL_SECONDS = 0.05
_REDIRECTIONS = frozenset((301, 302, 303, 307, 308))


class NoAnswerError(Exception):
    """Nobody could be reached, or nothing came any more; the text says which."""


class Answer:
    """An answer that is being read.

    Attributes:
        status: such as 200, or 206 for a part.
        length: bytes that are to come; None where the server does not say.
        range: the header that says which part this is, or nothing.
        headers: all of them.
    """

    def __init__(
        self,
        url: str,
        first_byte: int,
        cancelled: Callable[[], bool],
        *,
        connect_seconds: float,
        stall_seconds: float,
        headers_only: bool = False,
    ) -> None:
        """Ask for a file from `first_byte` on and wait for the beginning of the answer.

        With `headers_only` no content is asked for, and a redirection to another server is the answer itself.

        Raises:
            NoAnswerError: there is no connection within `connect_seconds`, or no answer within `stall_seconds`.
            urllib.error.HTTPError: the server refused.
            Cancelled: `cancelled` said yes.
        """
        self._cancelled = cancelled
        self._stall_seconds = stall_seconds
        self._queue: queue.Queue[object] = queue.Queue(_WAITING)
        self._connected = threading.Event()
        self._given_up = threading.Event()
        self._response: Any = None
        headers = {"User-Agent": f"cnn-studio/{cnn_studio.__version__}", "Accept-Encoding": "identity"}
        if first_byte:
            headers["Range"] = f"bytes={first_byte}-"
        request = urllib.request.Request(url, headers=headers, method="HEAD" if headers_only else "GET")
        self._thread = threading.Thread(target=self._read, args=(request,), name="download", daemon=True)
        self._thread.start()
        try:
            self._wait_for_connection(connect_seconds)
            begun = self._next(stall_seconds)
        except BaseException:
            self.close()
            raise
        if isinstance(begun, Exception):
            self.close()
            raise begun
        response: Any = self._response
        self.status = int(response.status)
        self.headers: Message = response.headers
        length = response.headers.get("Content-Length")
        self.length = int(length) if length is not None and length.isdigit() else None
        self.range = response.headers.get("Content-Range", "")

    def chunks(self) -> Iterator[bytes]:
        """Yield what comes, to the end or until the connection breaks.

        Raises:
            NoAnswerError: nothing came for too long.
            Cancelled: somebody asked to stop.
        """
        while True:
            found = self._next(self._stall_seconds)
            if isinstance(found, bytes):
                yield found
            elif found is None:
                return
            else:
                raise NoAnswerError("the connection broke off")

    def close(self) -> None:
        """Give up; the thread ends as soon as the system lets it."""
        self._given_up.set()
        response = self._response
        if response is not None:
            # wakes up a thread that waits for bytes; closing alone would not
            with (
                contextlib.suppress(OSError, ValueError, AttributeError),
                socket.socket(fileno=os.dup(response.fileno())) as connection,
            ):
                connection.shutdown(socket.SHUT_RDWR)
            self._thread.join(1)

    def _wait_for_connection(self, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not self._connected.wait(_POLL_SECONDS):
            if self._cancelled():
                raise Cancelled
            if not self._queue.empty():
                return  # it failed; the queue says why
            if time.monotonic() > deadline:
                raise NoAnswerError("nobody answered")

    def _next(self, seconds: float) -> object:
        deadline = time.monotonic() + seconds
        while True:
            if self._cancelled():
                raise Cancelled
            try:
                return self._queue.get(timeout=_POLL_SECONDS)
            except queue.Empty:
                if time.monotonic() > deadline:
                    raise NoAnswerError("nothing came any more") from None

    def _put(self, item: object) -> bool:
        """Hand something on; return whether anybody still wants it."""
        while not self._given_up.is_set():
            with contextlib.suppress(queue.Full):
                self._queue.put(item, timeout=_POLL_SECONDS)
                return True
        return False

    def _read(self, request: urllib.request.Request) -> None:
        try:
            opener = _opener(self._connected, stays=request.method == "HEAD")
            with opener.open(request, timeout=self._stall_seconds) as response:
                self._response = response
                self._put("begun")
                while not self._given_up.is_set():
                    chunk = response.read1(CHUNK)
                    if not self._put(chunk or None) or not chunk:
                        return
        except urllib.error.HTTPError as error:
            error.close()
            if request.method == "HEAD" and error.code in _REDIRECTIONS:
                self._response = error
                self._put("begun")
            else:
                self._put(error)
        except urllib.error.URLError as error:
            self._put(NoAnswerError(_reason(error.reason)))
        except (OSError, http.client.HTTPException, ValueError) as error:
            self._put(NoAnswerError(_reason(error)))


def _reason(error: object) -> str:
    match error:
        case ssl.SSLCertVerificationError():
            return "its certificate is not valid"
        case socket.gaierror():
            return "its name cannot be looked up"
        case ConnectionRefusedError():
            return "it refuses connections"
        case TimeoutError():
            return "nobody answered"
    return getattr(error, "strerror", None) or str(error) or "the connection broke off"


def _opener(connected: threading.Event, *, stays: bool) -> urllib.request.OpenerDirector:
    """What opens web addresses, through the system's proxies, and says when there is a connection.

    With `stays` it follows redirections on the same server alone.
    """

    class Plain(http.client.HTTPConnection):
        def connect(self) -> None:
            super().connect()
            connected.set()

    class Secure(http.client.HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            connected.set()

    class PlainHandler(urllib.request.HTTPHandler):
        def http_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(Plain, request)

    class SecureHandler(urllib.request.HTTPSHandler):
        def https_open(self, request: urllib.request.Request) -> http.client.HTTPResponse:
            return self.do_open(Secure, request, context=ssl.create_default_context())

    class Redirections(urllib.request.HTTPRedirectHandler):
        def redirect_request(
            self, req: urllib.request.Request, *answer: Any
        ) -> urllib.request.Request | None:
            target = urllib.parse.urlsplit(answer[-1])
            if stays and target.netloc != urllib.parse.urlsplit(req.full_url).netloc:
                return None
            following = super().redirect_request(req, *answer)
            if following is not None:
                following.method = req.method  # urllib would ask for the content
            return following

    return urllib.request.build_opener(PlainHandler, SecureHandler, Redirections)
