"""The folder of CNN codes that were computed before; it may be deleted at any time.

An entry belongs to the weights up to the cut, the layers, the preprocessing, the images and the way of computing: while
none of that changes, no image goes through the network again.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path

import numpy as np

from cnn_studio.app.files import replacing
from cnn_studio.app.places import codes_folder
from cnn_studio.app.preferences import load_preferences
from cnn_studio.core.errors import StorageError
from cnn_studio.datasets.digest import data_digest
from cnn_studio.datasets.records import ImageData
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.records import to_record
from cnn_studio.transfer.code_set import Codes

_SUFFIX = ".codes.safetensors"
_VERSION = "1"
_NOT_COMPUTED = ("position", "title", "trainable", "lr_factor", "keep_statistics")  # of a layer


def code_key(
    document: NetworkDocument,
    weights: Mapping[str, np.ndarray],
    data: ImageData,
    normalisation: object,
    speed: str,
) -> str:
    """Return what names the codes of some images.

    Args:
        document: the network from the image to the code.
        weights: its weights by state-dict key.
        data: the images.
        normalisation: mean and deviation.
        speed: ``exact`` or ``auto``; the latter rounds as is fastest on this machine.
    """
    record = to_record(document)
    layers = [
        {key: value for key, value in layer.items() if key not in _NOT_COMPUTED} for layer in record["layers"]
    ]
    found = hashlib.blake2b(digest_size=16)
    about = [_VERSION, layers, record["links"], record["output"], normalisation, speed]
    found.update(json.dumps(about, sort_keys=True).encode())
    for key in sorted(weights):
        found.update(f"\0{key}{weights[key].shape}".encode())
        found.update(np.ascontiguousarray(weights[key]).tobytes())
    found.update(data_digest(data, samples=None).encode())
    return found.hexdigest()


def find_codes(key: str, folder: Path | None = None) -> Codes | None:
    """Return codes that are kept, or None; what is damaged counts as not kept."""
    from safetensors import SafetensorError, safe_open

    file = _file(key, folder)
    try:
        with safe_open(file, "np") as stored:
            arrays = {name: stored.get_tensor(name) for name in stored.keys()}  # noqa: SIM118 - no mapping
            about = stored.metadata() or {}
        file.touch()  # the least recently used go first
        return Codes(arrays["train"], arrays["val"], arrays.get("test"), about.get("how", "float32"))
    except (OSError, SafetensorError, KeyError, ValueError):
        return None


def keep_codes(key: str, codes: Codes, folder: Path | None = None, *, limit: int | None = None) -> None:
    """Keep codes for the next time; where they cannot be written they are computed again then.

    Args:
        key: see `code_key`.
        codes: what to keep.
        folder: where; the program's own if None.
        limit: bytes that all entries may take together, 0 for none; that of the preferences if None.
    """
    from safetensors.numpy import save

    limit = load_preferences().code_cache_gb * 10**9 if limit is None else limit

    arrays = {"train": codes.train, "val": codes.val}
    if codes.test is not None:
        arrays["test"] = codes.test
    size = sum(array.nbytes for array in arrays.values())
    if size > limit:
        return
    with contextlib.suppress(StorageError, OSError):
        _file(key, folder).parent.mkdir(parents=True, exist_ok=True)
        shrink_codes(limit - size, folder)
        with replacing(_file(key, folder)) as file:
            file.write(save(arrays, {"how": codes.how}))


def codes_size(folder: Path | None = None) -> int:
    """Return the bytes that all kept codes take on disk."""
    return sum(size for _, size, _ in _entries(folder))


def clear_codes(folder: Path | None = None) -> int:
    """Delete all kept codes; return the bytes freed."""
    return shrink_codes(0, folder)


def shrink_codes(limit: int, folder: Path | None = None) -> int:
    """Delete kept codes, the least recently used first, until all take `limit` bytes; return the bytes freed."""
    freed = 0
    entries = sorted(_entries(folder))
    taken = sum(size for _, size, _ in entries)
    for _, own, file in entries:
        if taken - freed <= limit:
            break
        file.unlink(missing_ok=True)
        freed += own
    return freed


def _entries(folder: Path | None) -> list[tuple[float, int, Path]]:
    """Time of last use, bytes and file of each entry."""
    found = []
    for file in (folder or codes_folder()).glob(f"*{_SUFFIX}"):
        with contextlib.suppress(OSError):  # another program deleted it meanwhile
            state = file.stat()
            found.append((state.st_mtime, state.st_size, file))
    return found


def _file(key: str, folder: Path | None) -> Path:
    return (folder or codes_folder()) / f"{key}{_SUFFIX}"
