"""Fetches one file from the web: resumed where it broke off, checked by its hash, and never seen half-written."""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
import shutil
import time
import urllib.error
import urllib.parse
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from cnn_studio.app.fetching import CHUNK, Answer, NoAnswerError
from cnn_studio.app.files import storage_error
from cnn_studio.core.errors import Cancelled, DownloadError

Progress = Callable[[int, int], None]
"""Called with the bytes that are there and all bytes (0 where that is not known)."""

_REPORT_SECONDS = 0.1
_SPARE_BYTES = 64 << 20


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to wait, and how often to try again.

    Attributes:
        connect_seconds: until there is a connection.
        stall_seconds: until the next bytes.
        retries: after a connection that broke off with something new on the disk.
    """

    connect_seconds: float = 4.5
    stall_seconds: float = 25.0
    retries: int = 3


PATIENCE = Patience()


@dataclass(frozen=True, slots=True)
class Words:
    """What the sentences of errors say.

    Attributes:
        name: of the file; that of the target where it is empty.
        otherwise: what somebody without a connection can do, as the end of a sentence.
    """

    name: str = ""
    otherwise: str = "choose a folder on disk"


WORDS = Words()


def download(
    urls: str | Sequence[str],
    target: Path,
    digest: str,
    progress: Progress = lambda done, total: None,
    cancelled: Callable[[], bool] = lambda: False,
    patience: Patience = PATIENCE,
    words: Words = WORDS,
) -> None:
    """Fetch a file, unless it is there already with the right content.

    While it comes it is called ``NAME.part``, which the next attempt goes on with.

    Args:
        urls: web addresses of the same file, the first choice first.
        target: where it is to be; its folder is made.
        digest: ``md5:...`` or ``sha256:...``; of the latter the first 8 or more digits are enough.
        progress: called some times a second.
        cancelled: asked often.
        patience: how long to wait.
        words: for the sentences of errors.

    Raises:
        DownloadError: it could not be fetched from any address, or is not what was published.
        StorageError: it cannot be written.
        Cancelled: `cancelled` said yes; what is there is kept for the next time.
    """
    addresses = [urls] if isinstance(urls, str) else list(urls)
    if not addresses or not digest:
        raise ValueError("an address and a hash are needed")
    part = target.with_name(f"{target.name}.part")
    try:
        if target.is_file() and has_digest(target, digest, cancelled):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(target, error) from error
    words = replace(words, name=words.name or target.name)
    failures = []
    for url in addresses:
        try:
            _fetch(url, part, digest, progress, cancelled, patience, words)
            _settle(part, target)
            return
        except DownloadError as error:
            failures.append(error)
    raise failures[0]


def has_digest(path: Path, digest: str, cancelled: Callable[[], bool] = lambda: False) -> bool:
    """Return whether a file has the content that a digest names (see `download`).

    Raises:
        OSError: the file cannot be read.
        Cancelled: `cancelled` said yes.
    """
    method, _, wanted = digest.lower().partition(":")
    if method not in {"md5", "sha256"} or len(wanted) < (32 if method == "md5" else 8):
        raise ValueError(f"{digest!r} is no digest that can be checked")
    found = hashlib.new(method, usedforsecurity=False)
    with path.open("rb") as file:
        while chunk := file.read(CHUNK * 4):
            if cancelled():
                raise Cancelled
            found.update(chunk)
    return found.hexdigest().startswith(wanted)


def _settle(part: Path, target: Path) -> None:
    try:
        part.replace(target)
    except OSError as error:
        raise storage_error(target, error) from error


def _fetch(
    url: str,
    part: Path,
    digest: str,
    progress: Progress,
    cancelled: Callable[[], bool],
    patience: Patience,
    words: Words,
) -> None:
    """Bring `part` to its end, in as many attempts as make sense."""
    host = _host(url)
    attempts = 0
    while True:
        size = before = part.stat().st_size if part.exists() else 0
        reason = ""
        try:
            _receive(url, part, size, progress, cancelled, patience)
        except NoAnswerError as error:
            reason = str(error)
        except urllib.error.HTTPError as error:
            if error.code == 416 and size:  # all of it is there already, or more than there is
                if _is_right(part, digest, cancelled):
                    return
                _forget(part)
                continue
            raise refused(url, error.code, words) from None
        except OSError as error:
            raise storage_error(part, error) from error
        if not reason:
            if _is_right(part, digest, cancelled):
                return
            _forget(part)
            if before:  # the beginning may be of another version
                continue
            raise DownloadError(
                f"{words.name} came from {host}, but is not the file that was published (its hash is "
                f"another one), so it was deleted. Try again later, or {words.otherwise}."
            )
        now = part.stat().st_size if part.exists() else 0
        attempts = attempts + 1 if now > before else patience.retries + 1
        if attempts > patience.retries:
            kept = f" {now / 1e6:,.1f} MB are kept, and the next attempt goes on from there." if now else ""
            raise unreachable(url, reason, words, kept)


def _host(url: str) -> str:
    pieces = urllib.parse.urlsplit(url)
    if pieces.scheme not in {"http", "https"} or not pieces.hostname:
        raise ValueError(f"{url!r} is no web address")
    return pieces.hostname


def unreachable(url: str, reason: str, words: Words, kept: str = "") -> DownloadError:
    """Return the error for a file that no server sent."""
    return DownloadError(
        f"{words.name} could not be fetched from {_host(url)}: {reason}. Check the internet connection and try again, or "
        f"{words.otherwise}.{kept}"
    )


def refused(url: str, code: int, words: Words) -> DownloadError:
    """Return the error for a server that answers without the file."""
    host, otherwise = _host(url), words.otherwise
    if code in {404, 410}:
        return DownloadError(
            f"{url} is not there any more ({host} says {code}). {otherwise[0].upper()}{otherwise[1:]}, or try a newer "
            "version of the program."
        )
    return DownloadError(f"{host} does not give {url} (it says {code}). Try again later, or {otherwise}.")


def _is_right(part: Path, digest: str, cancelled: Callable[[], bool]) -> bool:
    try:
        return has_digest(part, digest, cancelled)
    except OSError as error:
        raise storage_error(part, error) from error


def _forget(part: Path) -> None:
    """Delete what is of no use; going on with it would only fetch the same again."""
    try:
        part.unlink(missing_ok=True)
    except OSError as error:
        raise storage_error(part, error) from error


def _receive(
    url: str, part: Path, size: int, progress: Progress, cancelled: Callable[[], bool], patience: Patience
) -> None:
    """Append what the server sends to the `size` bytes that are there, or begin anew where it cannot resume."""
    answer = Answer(
        url,
        size,
        cancelled,
        connect_seconds=patience.connect_seconds,
        stall_seconds=patience.stall_seconds,
    )
    with contextlib.closing(answer):
        goes_on = size > 0 and answer.status == 206 and answer.range.startswith(f"bytes {size}-")
        if size and answer.status == 206 and not goes_on:
            raise NoAnswerError("the server sent another part than it was asked for")
        done = size if goes_on else 0
        total = done + answer.length if answer.length is not None else 0
        _require_space(part, total - done)
        with part.open("ab" if goes_on else "wb") as file:
            _write(file, part, answer, done, total, progress)
            file.flush()
            os.fsync(file.fileno())


def _write(file: IO[bytes], part: Path, answer: Answer, done: int, total: int, progress: Progress) -> None:
    told = 0.0
    looked = done
    for chunk in answer.chunks():
        file.write(chunk)
        done += len(chunk)
        if not total and done - looked > _SPARE_BYTES:  # it may never end
            looked = done
            _require_space(part, _SPARE_BYTES)
        now = time.monotonic()
        if now - told >= _REPORT_SECONDS:
            told = now
            progress(done, total)
    progress(done, total)
    if done < total:
        raise NoAnswerError("the connection broke off")


def _require_space(part: Path, num_bytes: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if num_bytes > 0 and num_bytes + _SPARE_BYTES > free:
        raise OSError(errno.ENOSPC, "the disk is full")
