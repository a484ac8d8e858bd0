"""Remembers how a network computes fastest on this machine, so that it is measured once."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import platform
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any

from cnn_studio.app.files import replacing
from cnn_studio.app.places import tuned_file
from cnn_studio.app.versions import versions
from cnn_studio.core.errors import StorageError
from cnn_studio.engine.events import Tuning
from cnn_studio.engine.settings import TrainSettings
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.records import to_record

_MOST = 200


def tuning_key(document: NetworkDocument, settings: TrainSettings, device: str, *, is_long: bool) -> str:
    """Return a text for all that the fastest way depends on: network, batch, optimizer, device and versions.

    Args:
        document: the network.
        settings: of the run.
        device: its name, not how the settings call it: a GPU may be gone the next time.
        is_long: whether the run is so long that compiling may pay.
    """
    record = to_record(document)
    layers = [
        [layer["id"], layer["type"], layer.get("params"), layer.get("trainable", True)]
        for layer in record["layers"]
    ]
    parts = [
        layers,
        record["links"],
        settings.batch_size,
        settings.optimizer,
        settings.ema_decay > 0,
        settings.augmentation.is_off and settings.epochs > 1,  # a frozen front is then computed once
        device,
        is_long,
        os.cpu_count(),
        platform.processor(),
        versions().get("torch"),
        [field.name for field in fields(Tuning)],  # a new way of computing is to be measured too
    ]
    return hashlib.blake2b(json.dumps(parts, sort_keys=True).encode(), digest_size=16).hexdigest()


def remembered_tuning(key: str, file: Path | None = None) -> Tuning | None:
    """Return what was measured for a key, or None."""
    try:
        return Tuning(**_read(file or tuned_file())[key])
    except (KeyError, TypeError):
        return None


def remember_tuning(key: str, tuning: Tuning, file: Path | None = None) -> None:
    """Keep a measurement; a folder that cannot be written is no reason to trouble the user."""
    target = file or tuned_file()
    known = _read(target)
    known.pop(key, None)
    known[key] = asdict(tuning)
    recent = dict(list(known.items())[-_MOST:])
    with contextlib.suppress(OSError, StorageError):
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as written:
            written.write(json.dumps(recent, indent=1).encode())


def num_tunings(file: Path | None = None) -> int:
    """Return how many measurements are kept."""
    return len(_read(file or tuned_file()))


def forget_tunings(file: Path | None = None) -> None:
    """Delete all measurements; what is computed next is measured anew."""
    with contextlib.suppress(OSError):
        (file or tuned_file()).unlink(missing_ok=True)


def _read(file: Path) -> dict[str, Any]:
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
