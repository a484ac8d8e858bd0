"""Fetches the published weights of a network to where its library keeps them, checked by their SHA-256.

torchvision's files carry the beginning of it in their names, as older ones of timm do. The Hugging Face hub says it
before it sends a file; what is checked against that is stored as the hub's own client does. Where neither is so,
nothing is fetched.
"""

from __future__ import annotations

import contextlib
import re
import urllib.error
import urllib.parse
from collections.abc import Callable
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING

from cnn_studio.app.download import Patience, Words, download, refused, unreachable
from cnn_studio.app.fetching import Answer, NoAnswerError
from cnn_studio.app.files import storage_error
from cnn_studio.app.jobs import Job, Progress
from cnn_studio.app.preferences import load_preferences
from cnn_studio.core.errors import DownloadError, ParameterError

if TYPE_CHECKING:
    from cnn_studio.transfer.card import NetworkCard

Report = Callable[[object], None]

OTHERWISE = (
    "begin with efficientnet_lite0, whose weights are always there, take the weights from a file on disk, or name a "
    "mirror (Edit > Settings > Downloads, or --mirror)"
)
"""What somebody without a connection can do, as the end of a sentence."""

PATIENCE = Patience(connect_seconds=3.0)
"""Shorter than for data sets: loading the libraries took its time already, and there is something to do without."""

_HASH = re.compile(r"-([0-9a-f]{8,64})\.")
_WHOLE_HASH = re.compile(r"[0-9a-f]{64}")


def download_weights(
    card: NetworkCard,
    report: Report,
    cancelled: Callable[[], bool],
    *,
    mirror: str | None = None,
    patience: Patience = PATIENCE,
) -> Path:
    """Fetch the published weights of a network unless they are there, and return their file.

    Args:
        card: the network.
        report: takes `Progress` events in bytes.
        cancelled: asked often.
        mirror: address in place of the publisher's host, see `mirrored`; None takes that of the preferences.
        patience: how long to wait for servers.

    Raises:
        DownloadError: nothing is published, it could not be fetched, or it is not what was published.
        ParameterError: the mirror is no web address.
        StorageError: the library's folder cannot be written.
        Cancelled: `cancelled` said yes; what came is kept for the next time.
    """
    from cnn_studio.transfer.weights import find_weights, is_complete, torch_file

    here = find_weights(card)
    if here is not None and is_complete(here):
        return here
    named = _HASH.search(card.file_name)
    if not card.url or not (card.repository or named):
        what = (
            "No weights are published for" if not card.url else "No checksum is published for the weights of"
        )
        raise DownloadError(f"{what} {card.full_name}, so nothing was fetched. You can {OTHERWISE}.")
    words = Words(f"The weights file of {card.full_name}", OTHERWISE)
    url = mirrored(card.url, load_preferences().weights_mirror if mirror is None else mirror)
    title = f"Downloading {card.full_name}"

    def progress(done: int, total: int) -> None:
        report(Progress(title, done, total or card.num_bytes or 0))

    if card.repository or named is None:
        return _from_hub(card, url, progress, cancelled, patience, words)
    target = torch_file(card)
    download(url, target, f"sha256:{named[1]}", progress, cancelled, patience, words)
    return target


def weight_download_job(
    card: NetworkCard, *, mirror: str | None = None, patience: Patience = PATIENCE
) -> Job:
    """Return the job that fetches a network's weights; before its end it reports their `Path`."""

    def work(job: Job) -> None:
        job.report(
            download_weights(card, job.report, lambda: job.is_cancelled, mirror=mirror, patience=patience)
        )

    return Job(f"Downloading {card.full_name}", work)


def mirrored(url: str, mirror: str) -> str:
    """Return a web address with `mirror` in place of its scheme and host; as it is where there is no mirror.

    With the mirror ``https://mirror.example.org/ai``, ``https://download.pytorch.org/models/a.pth`` becomes
    ``https://mirror.example.org/ai/models/a.pth``.

    Raises:
        ParameterError: the mirror is no web address.
    """
    mirror = mirror.strip().rstrip("/")
    if not mirror:
        return url
    try:
        pieces = urllib.parse.urlsplit(mirror)
        is_good = pieces.scheme in {"http", "https"} and bool(pieces.hostname) and pieces.port != 0
    except ValueError:  # a port that is no number, brackets that do not close
        is_good = False
    if not is_good or pieces.query or pieces.fragment or not mirror.isprintable() or " " in mirror:
        raise ParameterError(
            f"The mirror {mirror!r} is no web address. It must look like https://mirror.example.org or "
            "https://mirror.example.org/folder."
        )
    return mirror + urllib.parse.urlsplit(url).path


def _from_hub(
    card: NetworkCard,
    url: str,
    progress: Callable[[int, int], None],
    cancelled: Callable[[], bool],
    patience: Patience,
    words: Words,
) -> Path:
    from cnn_studio.transfer.weights import hub_blob, name_hub_blob

    headers = _headers(url, cancelled, patience, words)
    digest = headers.get("X-Linked-ETag", "").removeprefix("W/").strip('"').lower()
    revision = headers.get("X-Repo-Commit", "")
    if not _WHOLE_HASH.fullmatch(digest):
        raise DownloadError(
            f"{urllib.parse.urlsplit(url).hostname} names no checksum for the weights of {card.full_name}, so they could "
            f"not be checked and were not fetched. You can {OTHERWISE}."
        )
    blob = hub_blob(card, digest)
    download(url, blob, f"sha256:{digest}", progress, cancelled, patience, words)
    try:
        return name_hub_blob(card, digest, revision)
    except OSError as error:
        raise storage_error(blob, error) from error


def _headers(url: str, cancelled: Callable[[], bool], patience: Patience, words: Words) -> Message:
    """Ask a server about a file without fetching it."""
    try:
        answer = Answer(
            url,
            0,
            cancelled,
            connect_seconds=patience.connect_seconds,
            stall_seconds=patience.stall_seconds,
            headers_only=True,
        )
    except NoAnswerError as error:
        raise unreachable(url, str(error), words) from None
    except urllib.error.HTTPError as error:
        raise refused(url, error.code, words) from None
    with contextlib.closing(answer):
        return answer.headers
